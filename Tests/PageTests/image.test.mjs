import assert from "node:assert/strict";
import test from "node:test";
import "./page.mjs";

const { coarseImage, emptyImage } = await import("/image.js");

/** The header's fields, by their offsets in the standard of NIfTI-1. */
function header({ file }) {
  const view = new DataView(file);
  const floats = (offset, count) => Array.from({ length: count }, (_, index) => view.getFloat32(offset + 4 * index, true));
  return {
    size: view.getInt32(0, true), sides: Array.from({ length: 8 }, (_, index) => view.getInt16(40 + 2 * index, true)), type: view.getInt16(70, true),
    bits: view.getInt16(72, true), pixdim: floats(76, 4), offset: view.getFloat32(108, true), sform: view.getInt16(254, true),
    affine: [floats(280, 4), floats(296, 4), floats(312, 4)], magic: String.fromCharCode(...new Uint8Array(file, 344, 4)), bytes: file.byteLength,
  };
}

test("the volume in NiiVue's hands has the sides and the place of the sender's, and no voxel of it", async () => {
  const image = await emptyImage([5, 4, 3], [[-2, 0, 0, 90], [0, 0, 3, -126], [0, 4, 0, -72]]);
  assert.deepEqual(header(image), {
    size: 348, sides: [3, 5, 4, 3, 1, 1, 1, 1], type: 2, bits: 8, pixdim: [1, 2, 4, 3], offset: 352, sform: 1,
    affine: [[-2, 0, 0, 90], [0, 0, 3, -126], [0, 4, 0, -72]], magic: "n+1\0", bytes: 352 + 60,
  });
  assert.ok(new Uint8Array(image.file, 352).every((byte) => byte === 0));
});

test("the coarse volume takes up the same room in the patient, edge to edge", async () => {
  const affine = [[1.5, 0, 0.25, -30], [0, 2, 0, 10], [-0.25, 0, 1, 5]];
  const coarse = header(await coarseImage([16, 24, 40], affine)).affine;
  const at = (rows, voxel) => rows.map((row) => row[3] + voxel.reduce((sum, index, axis) => sum + row[axis] * index, 0));
  for (const corner of [[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1]]) {
    const fine = at(affine, corner.map((end, axis) => end * [16, 24, 40][axis] - 0.5));
    at(coarse, corner.map((end) => end * 8 - 0.5)).forEach((value, axis) => assert.ok(Math.abs(value - fine[axis]) < 1e-4));
  }
});
