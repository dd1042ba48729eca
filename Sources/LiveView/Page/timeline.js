// @ts-check
// When what arrived at the receiver: bars from the start of the sender's command.

import { element } from "/svg.js";
import { percent } from "/viewstate.js";

/** @typedef {import("/types.js").HeardSession} HeardSession @typedef {import("/types.js").Volume} Volume */

/** @param {number} value */
const seconds = (value) => (value < 10 ? `${value.toFixed(2)} s` : value < 600 ? `${value.toFixed(1)} s` : `${Math.round(value / 60)} min`);

export class Timeline {
  /** @param {HTMLElement} container @param {HTMLElement} label */
  constructor(container, label) {
    this.label = label;
    this.svg = element("svg", { role: "img" });
    container.append(this.svg);
  }

  clear() {
    this.svg.replaceChildren();
    this.svg.removeAttribute("aria-label");
    this.label.textContent = "";
  }

  /**
   * @param {HeardSession} session @param {Volume} volume
   * @param {number} now in milliseconds of the page's clock: when the session was heard of where the receiver is not heard any more
   */
  take(session, volume, now) {
    // Of a session from before a restart no times are kept.
    if (!(session.elapsed > 0)) return this.clear();
    const isRunning = session.state === "receiving" || session.state === "stalled";
    this.draw(volume, session.elapsed + (isRunning ? (now - session.at) / 1000 : 0));
  }

  /** @param {Volume} volume @param {number} elapsed seconds since the sender's command began */
  draw(volume, elapsed) {
    const width = this.svg.clientWidth || 300;
    const { milestones: reached, shares } = volume;
    /** @type {[string, string, number | undefined, number | null | undefined][]} Name, colour, the time at which it was whole, and the share until then. */
    const rows = [
      ["ROI", "#f0a63a", reached.roi_complete, shares.roi],
      ["Background", "#6f8cff", reached.background_complete, shares.background],
      ["Exact", "#3fc98e", reached.volume_lossless, volume.goal === "lossless" ? volume.completeness?.share ?? 0 : null],
    ];
    const end = Math.max(elapsed, 0.5, ...rows.map((row) => row[2] ?? 0));
    const left = 76;
    const room = width - left - 4;
    /** @param {number} time */
    const place = (time) => left + (room * Math.min(time, end)) / end;
    const nodes = [];
    rows.forEach(([name, colour, time, share], index) => {
      const y = 4 + 22 * index;
      nodes.push(element("text", { x: 0, y: y + 11, class: "quiet" }, name));
      nodes.push(element("rect", { x: left, y, width: room, height: 15, rx: 3, fill: "#0b1016" }));
      const length = (time ?? elapsed * (share ?? 0)) / end * room;
      nodes.push(element("rect", { x: left, y, width: Math.max(0, Math.min(room, length)), height: 15, rx: 3, fill: colour, opacity: time == null ? 0.4 : 1 }));
      const text = time != null ? seconds(time) : share == null ? "not sent" : percent(share);
      const isInside = time != null && length > 58;
      nodes.push(element("text", isInside
        ? { x: left + length - 5, y: y + 11.5, "text-anchor": "end", class: "inside" }
        : { x: Math.min(left + Math.max(0, length) + 6, width - 48), y: y + 11.5 }, text));
    });
    if (reached.roi_lossless != null) {
      const tick = element("rect", { x: place(reached.roi_lossless) - 2, y: 4, width: 3, height: 15, rx: 1, fill: "#3fc98e" });
      tick.append(element("title", {}, `ROI exact after ${seconds(reached.roi_lossless)}`));
      nodes.push(tick);
    }
    nodes.push(element("text", { x: left, y: 81, class: "quiet" }, "0"));
    nodes.push(element("text", { x: width - 4, y: 81, "text-anchor": "end", class: "quiet" }, seconds(end)));
    this.svg.replaceChildren(...nodes);
    this.svg.setAttribute("aria-label", rows.map(([name, , time]) => `${name}: ${time == null ? "not yet" : seconds(time)}`).join(", "));
    this.label.textContent = `${seconds(elapsed)} from the start`;
  }
}
