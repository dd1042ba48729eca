import assert from "node:assert/strict";
import test from "node:test";
import { meta, owner, patch } from "./page.mjs";

const { Voxels } = await import("/voxels.js");
const { Window } = await import("/window.js");

/** Red, green, blue and alpha, as they lie in memory. */
const bytes = (word) => [...new Uint8Array(Uint32Array.of(word).buffer)];

function painted(values, quality, window) {
  const voxels = new Voxels(meta({ shape: [values.length, 1, 1, 1], content: [0, values.length, 0, 1, 0, 1] }), owner);
  voxels.apply(patch([{ box: [0, values.length, 0, 1, 0, 1], values, quality }]), 0);
  const target = new Uint32Array(values.length);
  window.paint(voxels, [0, values.length, 0, 1, 0, 1], target);
  return [...target].map(bytes);
}

test("what lies below the window is black, above it white, in the middle grey, and all of it opaque", () => {
  const [below, low, middle, high, above] = painted([-500, 0, 128, 255, 900], Array(5).fill(3), new Window(0, 255));
  assert.deepEqual([below, low, high, above], [[0, 0, 0, 255], [0, 0, 0, 255], [255, 255, 255, 255], [255, 255, 255, 255]]);
  assert.deepEqual(middle, [128, 128, 128, 255]);
});

test("what has not arrived is no shade of grey, whatever value stands in its place", () => {
  for (const colour of painted([0, 50, 100], [0, 0, 0], new Window(0, 100))) assert.notEqual(colour[0], colour[2]);
});

test("of a box in the middle of a volume its own voxels are painted", () => {
  const voxels = new Voxels(meta(), owner);
  voxels.apply(patch([{ box: [0, 3, 0, 2, 0, 2], values: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 900, 0], quality: Array(12).fill(3) }]), 0);
  const target = new Uint32Array(2);
  new Window(0, 100).paint(voxels, [1, 2, 1, 2, 0, 2], target);
  assert.deepEqual([...target].map((word) => bytes(word)[0]), [0, 255]);
});

test("a window of no width does not divide by nothing", () => {
  const window = new Window(5, 5);
  assert.ok(window.width > 0);
  assert.deepEqual(painted([4, 6], [3, 3], window).map((colour) => colour[0]), [0, 255]);
});

test("a drag to the right widens the window about its level, and a drag down raises the level", () => {
  const window = new Window(0, 100);
  window.move(0, Math.log(2));
  assert.deepEqual([window.low, window.high].map(Math.round), [-50, 150]);
  window.move(0.25, 0);
  assert.deepEqual([window.low, window.high].map(Math.round), [0, 200]);
});

test("the window follows the values once there are some, with the region, and with the whole volume, and no more often", () => {
  const window = new Window(0, 1);
  const ranges = [null, [1, 2], [3, 4], [5, 6], [7, 8], [9, 10]];
  const voxels = { robustRange: () => ranges.shift() };
  const steps = [{}, {}, {}, { roi_complete: 1 }, { roi_complete: 1 }, { roi_complete: 1, background_complete: 2 }, { roi_complete: 1, background_complete: 2 }];
  const adapted = steps.map((milestones) => window.adapt({ milestones }, voxels));
  assert.deepEqual(adapted, [false, true, false, true, false, true, false]);
  assert.deepEqual([window.low, window.high], [5, 6]);
});

test("a window that somebody has chosen stays", () => {
  const window = new Window(0, 100);
  window.move(0.1, 0);
  assert.equal(window.adapt({ milestones: { background_complete: 1 } }, { robustRange: () => [500, 600] }), false);
  assert.equal(Math.round(window.low), 10);
});

test("in the 3-D view what is missing or dark is clear, and a region at base quality is tinted", () => {
  const window = new Window(0, 100);
  assert.equal(bytes(window.paintSolid(90, 0))[3], 0);
  assert.equal(bytes(window.paintSolid(5, 3))[3], 0);
  const [r, g, b, a] = bytes(window.paintSolid(90, 3));
  assert.ok(r === g && g === b && a > 0);
  const [red, , blue] = bytes(window.paintSolid(90, 2));
  assert.ok(red > 2 * blue);
});
