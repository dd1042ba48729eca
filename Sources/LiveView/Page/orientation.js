// @ts-check
// From a volume's own axes to right, anterior, superior, by exchanging and flipping: what is shown and patched lies that way.

/**
 * @typedef {import("/types.js").Affine} Affine
 * @typedef {import("/types.js").Box} Box
 * @typedef {import("/types.js").Triple} Triple
 */

export class Orientation {
  /** @param {number[]} shape columns, rows, slices @param {Affine} affine */
  constructor(shape, affine) {
    const lengths = [0, 1, 2].map((axis) => Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]) || 1);
    /** @param {number} world @param {number} axis */
    const share = (world, axis) => Math.abs(affine[world][axis]) / lengths[axis];
    let best = { order: [0, 1, 2], sum: -Infinity };
    for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
      const sum = share(0, order[0]) + share(1, order[1]) + share(2, order[2]);
      if (sum > best.sum + 1e-9) best = { order, sum };
    }
    /** The volume's axis that lies along each axis of the view. */
    this.axes = best.order;
    this.isFlipped = this.axes.map((axis, world) => affine[world][axis] < 0);
    this.shape = /** @type {Triple} */ (this.axes.map((axis) => shape[axis]));
    this.affine = [0, 1, 2].map((row) => {
      const columns = this.axes.map((axis, view) => (this.isFlipped[view] ? -affine[row][axis] : affine[row][axis]));
      const offset = this.axes.reduce(
        (sum, axis, view) => sum + (this.isFlipped[view] ? affine[row][axis] * (shape[axis] - 1) : 0), affine[row][3]);
      return [...columns, offset];
    });
    // How far a step along each of the volume's axes leads in the view's memory, and from where.
    const steps = [1, this.shape[0], this.shape[0] * this.shape[1]];
    this.steps = [0, 0, 0];
    this.origin = 0;
    this.axes.forEach((axis, view) => {
      this.steps[axis] = this.isFlipped[view] ? -steps[view] : steps[view];
      if (this.isFlipped[view]) this.origin += steps[view] * (this.shape[view] - 1);
    });
  }

  /**
   * A box of the volume's own voxels as one of the view's.
   * @param {Box} box
   */
  toView(box) {
    return /** @type {Box} */ (this.axes.flatMap((axis, view) => this.#turn(box[2 * axis], box[2 * axis + 1], view)));
  }

  /**
   * The other way.
   * @param {Box} box
   */
  toVolume(box) {
    /** @type {Box} */
    const result = [0, 0, 0, 0, 0, 0];
    this.axes.forEach((axis, view) => {
      [result[2 * axis], result[2 * axis + 1]] = this.#turn(box[2 * view], box[2 * view + 1], view);
    });
    return result;
  }

  /** @param {number} start @param {number} end @param {number} view */
  #turn(start, end, view) {
    return this.isFlipped[view] ? [this.shape[view] - end, this.shape[view] - start] : [start, end];
  }
}
