// @ts-check
// Stored values to what is drawn. Colours are 32-bit words in memory order red, green, blue, alpha.

import { Quality } from "/voxels.js";

/**
 * @typedef {import("/types.js").Box} Box
 * @typedef {import("/types.js").Volume} Volume
 * @typedef {import("/voxels.js").Voxels} Voxels
 */

/** @param {number} r @param {number} g @param {number} b @param {number} a */
const word = (r, g, b, a) => (a << 24 | b << 16 | g << 8 | r) >>> 0;
/** The colour of all that has not arrived: no shade of grey. */
const missing = word(14, 22, 33, 255);
const nothing = word(0, 0, 0, 0);

export class Window {
  /** @param {number} low @param {number} high stored values */
  constructor(low, high) {
    this.low = low;
    this.high = high;
    this.set(low, high);
    this.isChosen = false;
    /** The part of the volume whose values it was made for last: none, some, the region, or all. */
    this.stage = -1;
  }

  /** @param {number} low @param {number} high */
  set(low, high) {
    this.low = low;
    this.high = Math.max(high, low + 1e-9 * Math.max(1, Math.abs(low)));
  }

  get level() { return (this.low + this.high) / 2; }
  get width() { return this.high - this.low; }

  /**
   * Follows the values that are there, once there are some, with the region whole, and with the whole volume; false where it stays.
   * @param {Volume} volume @param {Voxels} voxels
   */
  adapt(volume, voxels) {
    const stage = volume.milestones.background_complete != null ? 2 : volume.milestones.roi_complete != null ? 1 : 0;
    if (this.isChosen || stage <= this.stage) return false;
    const range = voxels.robustRange();
    if (!range) return false;
    this.stage = stage;
    this.set(...range);
    return true;
  }

  /**
   * Moves level and width by shares of the width.
   * @param {number} level @param {number} width
   */
  move(level, width) {
    const next = Math.max(1e-6, this.width * Math.exp(width));
    const middle = this.level + level * this.width;
    this.set(middle - next / 2, middle + next / 2);
    this.isChosen = true;
  }

  /**
   * Fills `target` with the colours of a box of the view.
   * @param {Voxels} voxels @param {Box} box @param {Uint32Array} target
   */
  paint(voxels, [x0, x1, y0, y1, z0, z1], target) {
    const { values, quality, shape } = voxels;
    const scale = 255 / this.width;
    let place = 0;
    for (let z = z0; z < z1; z++) {
      for (let y = y0; y < y1; y++) {
        const row = (z * shape[1] + y) * shape[0];
        for (let index = row + x0; index < row + x1; index++) {
          if (quality[index] === Quality.missing) {
            target[place++] = missing;
          } else {
            const shade = (values[index] - this.low) * scale;
            const grey = shade > 0 ? (shade < 255 ? shade | 0 : 255) : 0;
            target[place++] = 0xff000000 | grey * 0x10101;
          }
        }
      }
    }
  }

  /**
   * The colour of one voxel in the 3-D view: what is dark or missing is clear; a region that is at base quality is tinted.
   * @param {number} value @param {number} quality
   */
  paintSolid(value, quality) {
    if (quality === Quality.missing) return nothing;
    const shade = Math.min(1, Math.max(0, (value - this.low) / this.width));
    if (!(shade > 0.12)) return nothing;
    const alpha = Math.min(160, 200 * (shade - 0.1) * shade) | 0;
    const grey = 255 * Math.min(1, 0.15 + shade);
    if (quality === Quality.roi) return word(grey | 0, grey * 0.72 | 0, grey * 0.3 | 0, Math.min(220, alpha + 50));
    return word(grey | 0, grey | 0, grey | 0, alpha);
  }
}
