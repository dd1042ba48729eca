// @ts-check
// An empty volume for NiiVue: a NIfTI-1 file of single bytes that has nothing but shape and place. What a sender's header says besides
// never comes to the page.

import { NVImage } from "/niivue.js";

/**
 * @typedef {import("/types.js").Affine} Affine
 * @typedef {import("/types.js").Triple} Triple
 */

/**
 * A few voxels that take up the room of many: all that NiiVue needs in order to place textures which are filled elsewhere. Given all
 * voxels, it would first go through them three times.
 * @param {Triple} shape @param {Affine} affine
 */
export function coarseImage(shape, affine) {
  const side = 8;
  const steps = shape.map((count) => count / side);
  return emptyImage([side, side, side], affine.map((row) => [
    ...steps.map((step, axis) => row[axis] * step),
    row[3] + steps.reduce((sum, step, axis) => sum + (row[axis] * (step - 1)) / 2, 0),
  ]));
}

/** @param {number[]} shape columns, rows, slices @param {Affine} affine */
export function emptyImage(shape, affine) {
  const buffer = new ArrayBuffer(352 + shape[0] * shape[1] * shape[2]);
  const view = new DataView(buffer);
  /** @param {number} offset @param {number} value */
  const int16 = (offset, value) => view.setInt16(offset, value, true);
  /** @param {number} offset @param {number} value */
  const float = (offset, value) => view.setFloat32(offset, value, true);
  view.setInt32(0, 348, true);
  [3, ...shape, 1, 1, 1, 1].forEach((side, index) => int16(40 + 2 * index, side));
  int16(70, 2);
  int16(72, 8);
  float(76, 1);
  for (let axis = 0; axis < 3; axis++) {
    float(80 + 4 * axis, Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]) || 1);
  }
  float(108, 352);
  float(112, 1);
  float(124, 255);
  view.setUint8(123, 2);
  int16(254, 1);
  affine.forEach((row, index) => row.forEach((value, column) => float(280 + 16 * index + 4 * column, value)));
  view.setUint32(344, 0x00312b6e, true);
  return NVImage.new(buffer, "volume.nii", "gray", 1, null, 0, 255);
}

/**
 * Waits until all is drawn. Without, a browser that draws by software would queue frames for seconds.
 * @param {WebGL2RenderingContext} gl
 */
export function settle(gl) {
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}

/**
 * Has a small volume drawn: compiling what draws takes a software renderer a second, which no volume that arrives should wait for.
 * @param {import("/niivue.js").Niivue} nv
 */
export async function warm(nv) {
  nv.addVolume(await emptyImage([8, 8, 8], [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]));
  nv.drawScene();
  nv.removeVolume(nv.volumes[0]);
  nv.drawScene();
}
