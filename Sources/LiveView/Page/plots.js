// @ts-check
// The link's figures as small curves of the last minutes.

import { element } from "/svg.js";

/**
 * @typedef {import("/types.js").Figures} Figures
 * @typedef {import("/types.js").PageElements} PageElements
 * @typedef {import("/types.js").Point} Point
 */

const pointLimit = 240;
/** @param {number} value bits in a second */
const rate = (value) => (value < 1e6 ? `${(value / 1e3).toFixed(0)} kbit/s` : `${(value / 1e6).toFixed(2)} Mbit/s`);
/** @param {number} value bytes */
export const size = (value) => (value < 1e4 ? `${value} B` : value < 1e7 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`);
/** @type {Record<string, string>} */
const layerNames = {
  roi_base: "ROI base", background_base: "background base", mask: "mask", value_table: "value table", extensions: "extensions",
  roi_bounded: "ROI bounded", roi_refinement: "ROI to exact", background_refinement: "background to exact",
};

export class Plots {
  /** @param {ParentNode} root */
  constructor(root) {
    /** @template {keyof PageElements} K @param {K} id */
    this.find = (id) => root.querySelector(`#${id}`);
    /** @type {Record<"goodput" | "round_trip" | "bytes", Point[]>} By figure, the sender's seconds and the value. */
    this.curves = { goodput: [], round_trip: [], bytes: [] };
    this.age = -1;
    /** @type {number | null} */
    this.shownAge = null;
  }

  clear() {
    this.curves = { goodput: [], round_trip: [], bytes: [] };
    this.age = -1;
    this.shownAge = null;
    for (const id of /** @type {const} */ (["goodput", "rtt", "bytes"])) this.find(id).textContent = "–";
    for (const id of /** @type {const} */ (["plot-goodput", "plot-rtt", "plot-bytes", "layers"])) this.find(id).replaceChildren();
  }

  /** @param {Figures | undefined} figures */
  take(figures) {
    if (!figures || figures.age === this.shownAge) return;
    this.shownAge = figures.age;
    if (figures.age > this.age) {
      this.age = figures.age;
      for (const key of /** @type {const} */ (["goodput", "round_trip", "bytes"])) {
        const points = this.curves[key];
        const value = figures[key];
        if (value != null) points.push([figures.age, value]);
        // Half of the points are enough of what lies further back.
        if (points.length > pointLimit) this.curves[key] = points.filter((_, index) => index % 2 === 1);
      }
    }
    this.find("goodput").textContent = figures.goodput == null ? "–" : rate(figures.goodput);
    this.find("rtt").textContent = figures.round_trip == null ? "–" : `${(1000 * figures.round_trip).toFixed(0)} ms`;
    this.find("bytes").textContent = size(figures.bytes);
    this.#curve("plot-goodput", this.curves.goodput, "#5cc8ff");
    this.#curve("plot-rtt", this.curves.round_trip, "#c79bff");
    this.#curve("plot-bytes", this.curves.bytes, "#9fb0c2");
    this.find("layers").replaceChildren(...figures.layers.filter((layer) => layerNames[layer.name]).map((layer) => {
      const item = document.createElement("li");
      const bytes = document.createElement("b");
      bytes.textContent = layer.chunks < layer.expected_chunks ? `${size(layer.bytes)} · ${layer.chunks}/${layer.expected_chunks}` : size(layer.bytes);
      item.append(layerNames[layer.name], bytes);
      return item;
    }));
  }

  /** @param {"plot-goodput" | "plot-rtt" | "plot-bytes"} id @param {Point[]} points @param {string} colour */
  #curve(id, points, colour) {
    const svg = this.find(id);
    const width = svg.clientWidth || 90;
    const height = 26;
    const end = Math.max(1, points.at(-1)?.[0] ?? 1);
    const top = Math.max(...points.map((point) => point[1]), 1e-9) * 1.08;
    const path = points.map(([time, value], index) => `${index ? "L" : "M"}${((time / end) * (width - 4) + 2).toFixed(1)} ${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`).join("");
    svg.replaceChildren(
      element("rect", { x: 0, y: 0, width, height, rx: 3, fill: "#0b1016" }),
      element("path", { d: path, fill: "none", stroke: colour, "stroke-width": 1.5, "stroke-linejoin": "round" }));
  }
}
