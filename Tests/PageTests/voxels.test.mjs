import assert from "node:assert/strict";
import test from "node:test";
import { meta, owner, patch } from "./page.mjs";

const { Quality, Voxels } = await import("/voxels.js");

const missing = 0, preview = 1, region = 2, exact = 3;

test("a voxel of a mirrored file lands on the side of the patient it was taken from", () => {
  const voxels = new Voxels(meta({ affine: [[-1, 0, 0, 2], [0, 1, 0, 0], [0, 0, 1, 0]] }), owner);
  const changed = voxels.apply(patch([{ box: [0, 1, 0, 1, 0, 1], values: [77], quality: [exact] }]), 0);
  assert.equal(voxels.values[voxels.indexOf([2, 0, 0])], 77);
  assert.equal(voxels.quality[voxels.indexOf([2, 0, 0])], exact);
  assert.equal(voxels.quality[voxels.indexOf([0, 0, 0])], missing);
  assert.deepEqual(changed, [[2, 3, 0, 1, 0, 1]]);
});

test("every voxel of a patch comes to its own place, column by column, row by row, slice by slice", () => {
  const voxels = new Voxels(meta(), owner);
  voxels.apply(patch([{ box: [1, 3, 0, 2, 0, 2], values: [1, 2, 3, 4, 5, 6, 7, 8], quality: Array(8).fill(preview) }]), 0);
  assert.deepEqual([...voxels.values], [0, 1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8]);
});

test("whole numbers of 64 bits are shown as numbers, with their signs", () => {
  for (const [voxel_type, ArrayType, values] of [["int64", BigInt64Array, [-5n, 1n << 40n]], ["uint64", BigUint64Array, [7n, (1n << 63n) + 1n]]]) {
    const voxels = new Voxels(meta({ voxel_type, fill: -5 }), owner);
    const bytes = new Uint8Array(new ArrayType(/** @type {any} */ (values)).buffer);
    const buffer = new Uint8Array(16 + 24 + bytes.length + 2);
    const view = new DataView(buffer.buffer);
    [0x31505646, 7, 1, 1, 0, 2, 0, 1, 0, 1].forEach((number, index) => view.setUint32(4 * index, number, true));
    buffer.set(bytes, 40);
    buffer.set([exact, exact], 40 + bytes.length);
    voxels.apply({ epoch: 7, revision: 1, count: 1, buffer: buffer.buffer }, 0);
    assert.deepEqual([...voxels.values.slice(0, 3)], [...values.map(Number), -5]);
  }
});

test("a patch of two boxes is taken whole, though the second begins at an odd byte", () => {
  const voxels = new Voxels(meta(), owner);
  voxels.apply(patch([{ box: [0, 1, 0, 1, 0, 1], values: [300], quality: [preview] }, { box: [1, 2, 0, 1, 0, 1], values: [-2], quality: [exact] }]), 0);
  assert.deepEqual([...voxels.values.slice(0, 3)], [300, -2, 0]);
  assert.deepEqual(voxels.counts, [10, 1, 0, 1]);
});

test("counts of qualities follow a voxel from preview to exact and never hold it twice", () => {
  const voxels = new Voxels(meta(), owner);
  const box = [0, 1, 0, 1, 0, 1];
  voxels.apply(patch([{ box, values: [5], quality: [preview] }]), 0);
  voxels.apply(patch([{ box, values: [5], quality: [region] }]), 0);
  voxels.apply(patch([{ box, values: [5], quality: [exact] }]), 0);
  assert.deepEqual(voxels.counts, [11, 0, 0, 1]);
});

test("the empty space around the body counts as exact from the start, and the body as not arrived", () => {
  const voxels = new Voxels(meta({ content: [1, 2, 0, 2, 0, 2] }), owner);
  assert.deepEqual(voxels.counts, [4, 0, 0, 8]);
  assert.equal(voxels.quality[voxels.indexOf([1, 1, 1])], Quality.missing);
  assert.equal(voxels.quality[voxels.indexOf([0, 1, 1])], Quality.exact);
});

test("where nothing has come the file's own fill value stands, which nothing is said of around the body", () => {
  const voxels = new Voxels(meta({ fill: -1024, content: [1, 2, 0, 2, 0, 2] }), owner);
  assert.equal(voxels.valueAt(voxels.indexOf([0, 1, 1])), -1024);
  assert.equal(voxels.label(voxels.indexOf([0, 1, 1])), 0);
});

test("the readout's value is in the file's unit", () => {
  const voxels = new Voxels(meta({ slope: 0.5, intercept: -1000 }), owner);
  voxels.apply(patch([{ box: [0, 1, 0, 1, 0, 1], values: [84], quality: [exact] }]), 0);
  assert.equal(voxels.valueAt(0), -958);
});

test("an answer for another session, volume or opening is refused", () => {
  for (const other of [{ session: "ward-4" }, { index: 1 }, { epoch: 8 }]) assert.throws(() => new Voxels(meta(other), owner), /another volume/);
});

test("a patch of a volume that has begun anew is refused, and nothing of it is taken", () => {
  const voxels = new Voxels(meta(), owner);
  assert.throws(() => voxels.apply(patch([{ box: [0, 1, 0, 1, 0, 1], values: [9], quality: [exact] }], { epoch: 8 }), 0), /another volume/);
  assert.equal(voxels.values[0], 0);
  assert.deepEqual(voxels.revisions, [0, 0]);
});

test("a patch moves the revision of its own part alone", () => {
  const voxels = new Voxels(meta(), owner);
  voxels.apply(patch([], { revision: 4 }), 1);
  assert.deepEqual(voxels.revisions, [0, 4]);
});

test("of what is exactly the fill value nothing is said; of a fill value that is only a preview it is", () => {
  const voxels = new Voxels(meta({ fill: -1 }), owner);
  voxels.apply(patch([{ box: [0, 3, 0, 1, 0, 1], values: [-1, -1, 8], quality: [exact, preview, exact] }]), 0);
  assert.deepEqual([0, 1, 2, 3].map((index) => voxels.label(index)), [0, 2, 4, 1]);
});

test("the window is made of values that have come: neither of the air around, nor of what is missing, nor of a stray bright voxel", () => {
  const voxels = new Voxels(meta({ shape: [1000, 1, 1, 1], content: [0, 1000, 0, 1, 0, 1] }), owner);
  const values = Array.from({ length: 500 }, (_, index) => (index < 200 ? 0 : index));
  values[499] = 30000;
  voxels.apply(patch([{ box: [0, 500, 0, 1, 0, 1], values, quality: Array(500).fill(preview) }]), 0);
  // 300 values from 200 on are left: the third from below and from above.
  assert.deepEqual(voxels.robustRange(), [202, 497]);
});

test("of a few voxels no window is made", () => {
  const voxels = new Voxels(meta(), owner);
  voxels.apply(patch([{ box: [0, 3, 0, 1, 0, 1], values: [1, 2, 3], quality: [exact, exact, exact] }]), 0);
  assert.equal(voxels.robustRange(), null);
});
