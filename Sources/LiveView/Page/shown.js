// @ts-check
// What the planes' textures hold: the quality of every voxel that was uploaded, as a label. 0 needs no word (exactly the fill value, around
// the body); 1 to 4 are the qualities 0 to 3. Before anything is uploaded the content has not arrived, whatever this page has fetched.

/** @typedef {import("/voxels.js").Voxels} Voxels */

const ofRegion = 0x80;

export class Shown {
  /** @param {Voxels} voxels */
  constructor(voxels) {
    this.labels = new Uint8Array(voxels.count);
    /** The number of voxels of each label, beyond the regions of interest and in them. */
    this.counts = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]];
    const [x0, x1, y0, y1, z0, z1] = voxels.content;
    if (voxels.meta.content) voxels.forEachRow([x0, x1, y0, y1, z0, z1], (start, end) => this.labels.fill(1, start, end));
    for (const region of voxels.regions) {
      voxels.forEachRow(region, (start, end) => { for (let index = start; index < end; index++) this.labels[index] |= ofRegion; });
    }
    const flat = new Uint32Array(256);
    const { labels } = this;
    for (let index = 0; index < labels.length; index++) flat[labels[index]]++;
    for (let label = 0; label < 5; label++) [this.counts[0][label], this.counts[1][label]] = [flat[label], flat[label | ofRegion]];
  }

  /**
   * Notes that a voxel's label was uploaded.
   * @param {number} index @param {number} label
   */
  put(index, label) {
    const before = this.labels[index];
    if ((before & 7) === label) return;
    const counts = this.counts[before >> 7];
    counts[before & 7]--;
    counts[label]++;
    this.labels[index] = (before & ofRegion) | label;
  }

  /** @param {number} index */
  labelAt(index) { return this.labels[index] & 7; }

  copyCounts() { return this.counts.map((counts) => [...counts]); }
}

/**
 * The one figure of completeness: exact voxels inside the body that are shown, as a share of the body's.
 * @param {number[][]} counts by label, beyond the regions of interest and in them
 * @param {number | null | undefined} body the receiver's count of the body's voxels; where it has none, all that is not known to lie around the body counts
 */
export function share(counts, body) {
  /** @param {number} label */
  const sum = (label) => counts[0][label] + counts[1][label];
  const left = sum(1) + sum(2) + sum(3);
  if (!left) return 1;
  const whole = body && body > 0 ? Math.max(body, sum(4)) : left + sum(4);
  // What is not exact may lie around the body: all but it is not all.
  return Math.min(0.999, sum(4) / whole);
}
