import assert from "node:assert/strict";
import test from "node:test";
import { meta, openDocument, owner, patch } from "./page.mjs";

openDocument();
const { readout } = await import("/readout.js");
const { Shown } = await import("/shown.js");
const { Voxels } = await import("/voxels.js");

const window = { width: 400, level: 40 };

/** Planes with a volume of which one voxel, (1, 0, 1), has come. */
function planes({ quality = 2, value = 84, isDrawn = true, ...changes } = {}) {
  const voxels = new Voxels(meta({ slope: 0.5, intercept: -1000, ...changes }), owner);
  const shown = new Shown(voxels);
  voxels.apply(patch([{ box: [1, 2, 0, 1, 1, 2], values: [value], quality: [quality] }]), 0);
  const index = voxels.indexOf([1, 0, 1]);
  if (isDrawn) shown.put(index, voxels.label(index));
  return { voxels, shown };
}

test("the readout says the voxel, its value in the file's unit, its quality, and the window", () => {
  assert.equal(readout(planes(), window, [1, 0, 1]), "(1, 0, 1) -958  ROI base  W 400 L 40");
});

test("of a voxel that has not come no value is said", () => {
  assert.equal(readout(planes(), window, [0, 0, 0]), "(0, 0, 0)  not arrived  W 400 L 40");
});

test("exact is not said of a voxel that was fetched and is not drawn yet", () => {
  assert.equal(readout(planes({ quality: 3, isDrawn: false }), window, [1, 0, 1]), "(1, 0, 1)  not arrived  W 400 L 40");
});

test("a value is not said beside the quality of an older picture", () => {
  const behind = planes({ quality: 1 });
  behind.voxels.apply(patch([{ box: [1, 2, 0, 1, 1, 2], values: [90], quality: [3] }]), 0);
  assert.equal(readout(behind, window, [1, 0, 1]), "(1, 0, 1) …  background base  W 400 L 40");
});

test("what is exactly the fill value is exact", () => {
  assert.equal(readout(planes({ quality: 3, value: 0 }), window, [1, 0, 1]), "(1, 0, 1) -1000  exact  W 400 L 40");
});

test("of a volume of several times the time point is said, counted from one", () => {
  assert.match(readout(planes({ shape: [3, 2, 2, 9] }), window, [1, 0, 1]), /^t 1\/9 {2}\(1, 0, 1\)/);
});

test("over no picture nothing is said", () => assert.equal(readout({ voxels: null, shown: null }, window, [0, 0, 0]), ""));
