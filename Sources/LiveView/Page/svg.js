// @ts-check
/**
 * An element of a drawing, with attributes.
 * @param {string} name @param {Record<string, string | number>} attributes @param {string} [text]
 */
export function element(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}
