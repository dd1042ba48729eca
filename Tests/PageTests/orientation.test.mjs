import assert from "node:assert/strict";
import test from "node:test";
import "./page.mjs";

const { Orientation } = await import("/orientation.js");

/** The place in the view of a voxel of the file: columns to the patient's right, rows to the front, slices to the top. */
function place(orientation, [x, y, z]) {
  const [sx, sy, sz] = orientation.steps;
  const cell = orientation.origin + x * sx + y * sy + z * sz;
  const [columns, rows] = orientation.shape;
  return [cell % columns, Math.floor(cell / columns) % rows, Math.floor(cell / (columns * rows))];
}
const millimetres = (affine, voxel) => affine.map((row) => row[3] + voxel.reduce((sum, index, axis) => sum + row[axis] * index, 0));

test("a volume stored from right to left is laid out with its first column on the patient's right", () => {
  const orientation = new Orientation([5, 4, 3], [[-2, 0, 0, 8], [0, 2, 0, 0], [0, 0, 2, 0]]);
  assert.deepEqual(place(orientation, [0, 0, 0]), [4, 0, 0]);
  assert.deepEqual(place(orientation, [4, 0, 0]), [0, 0, 0]);
});

test("a volume stored from left to right stays as it is", () => {
  const orientation = new Orientation([5, 4, 3], [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]]);
  assert.deepEqual(place(orientation, [1, 2, 0]), [1, 2, 0]);
  assert.deepEqual(orientation.shape, [5, 4, 3]);
});

test("a volume stored in sagittal slices from the front to the back and from the top down is turned upright", () => {
  // Columns go to the back, rows down, slices to the right.
  const orientation = new Orientation([6, 5, 4], [[0, 0, 3, 0], [-1, 0, 0, 0], [0, -2, 0, 0]]);
  assert.deepEqual(orientation.shape, [4, 6, 5]);
  // First column: at the front. First row: at the top. Second slice: one to the right.
  assert.deepEqual(place(orientation, [0, 0, 1]), [1, 5, 4]);
});

test("a voxel lies at the same millimetres of the patient before and after, though the scanner was tilted", () => {
  const affine = [[-1.2, 0.1, 0.2, 31], [0.1, 0.2, 2.4, -7], [0.15, -0.9, 0.1, 203]];
  const orientation = new Orientation([5, 4, 3], affine);
  for (const voxel of [[0, 0, 0], [4, 3, 2], [1, 2, 1]]) {
    const before = millimetres(affine, voxel);
    millimetres(orientation.affine, place(orientation, voxel)).forEach((value, axis) => assert.ok(Math.abs(value - before[axis]) < 1e-9));
  }
});

test("a box goes over into the view as the voxels in it do, and comes back", () => {
  const orientation = new Orientation([6, 5, 4], [[0, 0, -3, 0], [1, 0, 0, 0], [0, -2, 0, 0]]);
  const box = [1, 3, 0, 2, 3, 4];
  // Slices become columns from the other end: 4 - 4 to 4 - 3. Columns become rows. Rows become slices, from the other end: 5 - 2 to 5 - 0.
  assert.deepEqual(orientation.toView(box), [0, 1, 1, 3, 3, 5]);
  assert.deepEqual(orientation.toVolume([0, 1, 1, 3, 3, 5]), box);
});
