// Finds the page's modules where the receiver serves them: at the root. NiiVue needs a browser; something that notes what it is asked takes its place.

const page = new URL("../../Sources/LiveView/Page/", import.meta.url);

export function resolve(specifier, context, next) {
  if (specifier === "/niivue.js") return { url: new URL("niivue.mjs", import.meta.url).href, format: "module", shortCircuit: true };
  if (/^\/\w+\.js$/.test(specifier)) return { url: new URL(`.${specifier}`, page).href, format: "module", shortCircuit: true };
  return next(specifier, context);
}
