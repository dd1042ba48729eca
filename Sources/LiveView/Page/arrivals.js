// @ts-check
// Other sessions that arrive while one is looked at: announced beside the banner, in the list, in the title, and to whoever wants it by the
// system. None takes the place of what somebody looks at.

/** @typedef {import("/types.js").Entry} Entry */

const arriving = new Set(["receiving", "stalled"]);

/** @param {Entry | undefined} entry */
export const isArriving = (entry) => Boolean(entry?.is_live && arriving.has(entry.state));

export class Arrivals {
  /** @param {ParentNode} root @param {(session: string | null) => void} onChoose called with null where only what is announced has changed */
  constructor(root, onChoose) {
    this.bar = root.querySelector("#arrival");
    this.name = root.querySelector("#arrival-name");
    this.state = root.querySelector("#arrival-state");
    this.button = root.querySelector("#notify");
    this.onChoose = onChoose;
    /** @type {Set<string>} Sessions that are new. */
    this.announced = new Set();
    /** @type {Set<string>} Those that arrive and that somebody has looked at or has put off. */
    this.handled = new Set();
    /** @type {Set<string>} */
    this.notified = new Set();
    /** @type {Set<string> | undefined} Every session of the list that was taken last. */
    this.listed = undefined;
    root.querySelector("#arrival-show").addEventListener("click", () => this.names.length && onChoose(this.names[0]));
    root.querySelector("#arrival-later").addEventListener("click", () => this.#putOff());
    this.button.addEventListener("click", () => this.#ask());
    /** @type {string[]} */
    this.names = [];
    this.#offer();
  }

  /**
   * Takes the list, newest first, and which session is selected.
   * @param {Entry[] | null} entries @param {string | undefined} selected
   */
  take(entries, selected) {
    if (!entries) return;
    const before = this.listed;
    const listed = new Set(entries.map((entry) => entry.name));
    this.listed = listed;
    if (selected) this.handled.add(selected);
    for (const entry of entries) {
      // What has come and gone between two lists is new as well.
      const isNew = isArriving(entry) || (before && !before.has(entry.name));
      if (isNew && !this.handled.has(entry.name)) this.announced.add(entry.name);
      // It may come again.
      if (!isArriving(entry) && entry.name !== selected) this.handled.delete(entry.name);
    }
    for (const name of this.announced) if (name === selected || !listed.has(name)) this.announced.delete(name);
    const news = selected ? entries.filter((entry) => this.announced.has(entry.name)) : [];
    this.names = news.map((entry) => entry.name);
    this.bar.hidden = !news.length;
    if (news.length) {
      const more = news.length > 1 ? ` and ${news.length - 1} more` : "";
      write(this.name, `${news[0].name}${more}`);
      write(this.state, isArriving(news[0]) ? "arriving" : "has come");
    }
    for (const name of this.names) this.#notify(name);
    for (const name of this.notified) if (!this.announced.has(name)) this.notified.delete(name);
  }

  #putOff() {
    for (const name of this.names) {
      this.handled.add(name);
      this.announced.delete(name);
    }
    this.onChoose(null);
  }

  /** @param {string} name */
  #notify(name) {
    if (this.notified.has(name)) return;
    this.notified.add(name);
    if (!("Notification" in window) || Notification.permission !== "granted") return;
    try {
      const notification = new Notification("Fovea: a new volume arrives", { body: name, tag: name });
      notification.onclick = () => { window.focus(); this.onChoose(name); notification.close(); };
    } catch {
      // Some browsers know notifications but give them to service workers alone: the page's own signs remain.
    }
  }

  /** Permission is asked for by this button alone. */
  #offer() {
    this.button.hidden = !("Notification" in window) || Notification.permission !== "default" || !window.isSecureContext;
  }

  async #ask() {
    await Notification.requestPermission().catch(() => null);
    this.#offer();
  }
}

/** @param {HTMLElement} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
