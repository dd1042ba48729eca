// @ts-check
// A volume as it has come so far, along the view's axes: stored values, and the quality of each voxel.

import { eachBox } from "/api.js";
import { Orientation } from "/orientation.js";

/**
 * @typedef {import("/types.js").Box} Box @typedef {import("/types.js").Meta} Meta @typedef {import("/types.js").Owner} Owner
 * @typedef {import("/types.js").Patch} Patch @typedef {import("/types.js").StoredValues} StoredValues
 * @typedef {import("/types.js").StoredValuesConstructor} StoredValuesConstructor @typedef {import("/types.js").Triple} Triple
 * @typedef {import("/types.js").VoxelType} VoxelType
 */

export const Quality = { missing: 0, background: 1, roi: 2, exact: 3 };

/** Whole numbers of 64 bits, shown as doubles: exact to 2^53, which no picture needs. */
class Int64Values extends Float64Array {
  /** @param {any} source a count, or bytes */
  constructor(source) { super(source instanceof ArrayBuffer ? Float64Array.from(new BigInt64Array(source), Number) : source); }
}
class Uint64Values extends Float64Array {
  /** @param {any} source a count, or bytes */
  constructor(source) { super(source instanceof ArrayBuffer ? Float64Array.from(new BigUint64Array(source), Number) : source); }
}

/** @type {Record<VoxelType, StoredValuesConstructor>} */
const types = {
  int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array,
  float32: Float32Array, float64: Float64Array,
  int64: Int64Values, uint64: Uint64Values,
};

export class Voxels {
  /** @param {Meta} meta @param {Owner} owner whose they are */
  constructor(meta, owner) {
    if (meta.session !== owner.session || meta.index !== owner.index || meta.epoch !== owner.epoch) throw new Error("the receiver answered for another volume");
    this.meta = meta;
    this.owner = owner;
    this.orientation = new Orientation(meta.shape, meta.affine);
    this.shape = this.orientation.shape;
    this.count = this.shape[0] * this.shape[1] * this.shape[2];
    this.ArrayType = types[meta.voxel_type];
    this.values = new this.ArrayType(this.count);
    const fill = meta.fill ?? NaN;
    if (fill !== 0) this.values.fill(fill);
    this.quality = new Uint8Array(this.count).fill(Quality.exact);
    this.counts = [0, 0, 0, this.count];
    /** The view's box beyond which all is exact from the start, and the fill value. */
    this.content = /** @type {Box} */ (meta.content ? this.orientation.toView(meta.content) : [0, 1, 0, 1, 0, 1]);
    this.contentCount = this.count;
    if (meta.content) {
      this.forEachRow(this.content, (start, end) => this.quality.fill(Quality.missing, start, end));
      const [x0, x1, y0, y1, z0, z1] = this.content;
      this.contentCount = (x1 - x0) * (y1 - y0) * (z1 - z0);
      this.counts = [this.contentCount, 0, 0, this.count - this.contentCount];
    }
    this.regions = meta.regions.map((box) => this.orientation.toView(box));
    /** Of the regions of interest, and of the rest. */
    this.revisions = [0, 0];
    /** True while changes are fetched. */
    this.isFollowed = false;
  }

  /**
   * Puts a patch in its place; gives back the view's boxes that have changed.
   * @param {Patch} patch @param {number} part
   */
  apply(patch, part) {
    if (patch.epoch !== this.meta.epoch) throw new Error("the receiver's patch is of another volume");
    /** @type {Box[]} */
    const changed = [];
    eachBox(patch, this.ArrayType, (box, values, quality) => {
      this.#put(box, values, quality);
      changed.push(this.orientation.toView(box));
    });
    this.revisions[part] = patch.revision;
    return changed;
  }

  /** @param {Box} box of the volume @param {StoredValues} values @param {Uint8Array} quality */
  #put([x0, x1, y0, y1, z0, z1], values, quality) {
    const [sx, sy, sz] = this.orientation.steps;
    const counts = this.counts;
    let source = 0;
    for (let z = z0; z < z1; z++) {
      for (let y = y0; y < y1; y++) {
        let target = this.orientation.origin + z * sz + y * sy + x0 * sx;
        for (let x = x0; x < x1; x++) {
          this.values[target] = values[source];
          counts[this.quality[target]]--;
          counts[quality[source]]++;
          this.quality[target] = quality[source];
          source++;
          target += sx;
        }
      }
    }
  }

  /** @param {Box} box of the view @param {(start: number, end: number) => void} body */
  forEachRow([x0, x1, y0, y1, z0, z1], body) {
    for (let z = z0; z < z1; z++) {
      for (let y = y0; y < y1; y++) {
        const row = (z * this.shape[1] + y) * this.shape[0];
        body(row + x0, row + x1);
      }
    }
  }

  /**
   * Stands for the quality of a voxel in pictures and counts: 0 where it is exactly the fill value, else the quality plus one.
   * @param {number} index
   */
  label(index) {
    const quality = this.quality[index];
    return quality === Quality.exact && this.isFill(this.values[index]) ? 0 : quality + 1;
  }

  /** @param {number} value */
  isFill(value) { return this.meta.fill == null ? !Number.isFinite(value) : value === this.meta.fill; }

  /** @param {Triple} voxel */
  indexOf([x, y, z]) { return (z * this.shape[1] + y) * this.shape[0] + x; }

  /**
   * In the file's own unit.
   * @param {number} index
   */
  valueAt(index) { return this.values[index] * this.meta.slope + this.meta.intercept; }

  /**
   * Stored values between which nearly all lie that have come, other than the fill value.
   * @returns {[low: number, high: number] | null}
   */
  robustRange() {
    const step = Math.max(1, Math.floor(this.count / 400_000)) | 1;
    const fill = this.meta.fill;
    const sample = [];
    for (let index = 0; index < this.count; index += step) {
      const value = this.values[index];
      if (this.quality[index] !== Quality.missing && value !== fill && Number.isFinite(value)) sample.push(value);
    }
    // Regions are small: they are looked through whole.
    if (sample.length < 2000) {
      for (const box of this.regions) {
        this.forEachRow(box, (start, end) => {
          for (let index = start; index < end && sample.length < 200_000; index += 3) {
            const value = this.values[index];
            if (this.quality[index] !== Quality.missing && value !== fill && Number.isFinite(value)) sample.push(value);
          }
        });
      }
    }
    if (sample.length < 50) return null;
    const sorted = Float64Array.from(sample).sort();
    const low = sorted[Math.floor(0.01 * (sorted.length - 1))];
    const high = sorted[Math.floor(0.995 * (sorted.length - 1))];
    return high > low ? [low, high] : null;
  }
}
