// Other sessions that arrive while one is looked at: announced over the planes, in the list, in the title, and to whoever wants it by the
// system. None takes the place of what somebody looks at.

const arriving = new Set(["receiving", "stalled"]);

export const isArriving = (entry) => Boolean(entry?.is_live) && arriving.has(entry.state);

export class Arrivals {
  constructor(root, onChoose) {
    this.bar = root.querySelector("#arrival");
    this.name = root.querySelector("#arrival-name");
    this.button = root.querySelector("#notify");
    this.onChoose = onChoose;
    /** Sessions that somebody has looked at, or has put off. */
    this.known = new Set();
    this.notified = new Set();
    root.querySelector("#arrival-show").addEventListener("click", () => this.names.length && onChoose(this.names[0]));
    root.querySelector("#arrival-later").addEventListener("click", () => this.#putOff());
    this.button.addEventListener("click", () => this.#ask());
    this.names = [];
    this.#offer();
  }

  /** Takes the list, newest first, and which session is selected. */
  take(entries, selected) {
    if (selected) this.known.add(selected);
    this.entries = entries;
    // A session that has ended may come again.
    for (const entry of entries) if (!isArriving(entry) && entry.name !== selected) this.known.delete(entry.name);
    this.names = selected ? entries.filter((entry) => isArriving(entry) && !this.known.has(entry.name)).map((entry) => entry.name) : [];
    for (const name of this.notified) if (!this.names.includes(name)) this.notified.delete(name);
    this.bar.hidden = !this.names.length;
    const more = this.names.length > 1 ? ` and ${this.names.length - 1} more` : "";
    const text = this.names.length ? `${this.names[0]}${more}` : "";
    if (this.name.textContent !== text) this.name.textContent = text;
    for (const name of this.names) this.#notify(name);
  }

  #putOff() {
    for (const name of this.names) this.known.add(name);
    this.onChoose(null);
  }

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
