// @ts-check
// Whose picture it is. Everything that is drawn carries its owner: the selection it was made for. What is another's is refused, counted and
// complained of: one patient's picture under another's name is the worst this page could show.

/**
 * @typedef {import("/types.js").DrawRecord} DrawRecord
 * @typedef {import("/types.js").Owner} Owner
 */

/** @param {Owner | null} a @param {Owner | null} b */
export const sameOwner = (a, b) => a != null && b != null && a.ticket === b.ticket && a.session === b.session && a.index === b.index
  && a.timepoint === b.timepoint && a.epoch === b.epoch;

export class Selection {
  constructor() {
    /** @type {Owner | null} */
    this.current = null;
    this.tickets = 0;
    /** @type {DrawRecord} For tests and for whoever looks with a browser's tools. */
    this.record = { checked: 0, refused: 0, refusals: [] };
    window.__fovea = this.record;
  }

  /**
   * Selects a volume; nothing that was made before is shown from then on. Its epoch is set when it is known.
   * @param {string} session @param {number} index @param {number} timepoint @returns {Owner}
   */
  choose(session, index, timepoint) {
    this.current = { ticket: ++this.tickets, session, index, timepoint, epoch: null };
    return this.current;
  }

  clear() { this.current = null; }

  /**
   * True while an owner is the selected one: for whoever has waited.
   * @param {Owner | null} owner
   */
  isCurrent(owner) { return sameOwner(owner, this.current); }

  /**
   * Asserts that what is about to be drawn is the selected one's.
   * @param {Owner | null} owner @param {string} what
   */
  admits(owner, what) {
    this.record.checked++;
    if (this.isCurrent(owner)) return true;
    this.record.refused++;
    /** @param {Owner | null} one */
    const words = (one) => (one ? `${one.session}/${one.index} epoch ${one.epoch} time point ${one.timepoint} (choice ${one.ticket})` : "nothing");
    const text = `${what} of ${words(owner)} refused: selected is ${words(this.current)}`;
    this.record.refusals = [...this.record.refusals.slice(-19), text];
    console.error(text);
    return false;
  }
}
