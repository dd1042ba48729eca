import assert from "node:assert/strict";
import test from "node:test";
import { Element, meta, openDocument, owner, patch } from "./page.mjs";

openDocument();
const { Planes } = await import("/planes.js");
const { Voxels } = await import("/voxels.js");
const { Window } = await import("/window.js");

/** Planes with a volume of 256 x 256 x 12 voxels, whose frames are drawn by hand. */
async function planes({ width = 1000, height = 600, isCurrent = () => true } = {}) {
  const frames = [];
  let time = 0;
  Object.assign(globalThis, { requestAnimationFrame: (body) => frames.push(body), devicePixelRatio: 1 });
  const canvas = Object.assign(new Element("canvas"), { clientWidth: width, clientHeight: height });
  const lost = [];
  const drawings = [];
  const selection = { isCurrent: () => isCurrent(), admits: () => isCurrent() };
  const view = new Planes(canvas, selection, { onDraw: () => drawings.push(view.drawn), onLost: () => lost.push(true) });
  await view.open();
  const sides = [0, 256, 0, 256, 0, 12];
  const voxels = new Voxels(meta({ shape: [256, 256, 12, 1], content: sides, voxel_type: "int16" }), owner);
  const step = () => { time += 1000; frames.splice(0).forEach((body) => body(time)); };
  const finish = () => { for (let count = 0; count < 20 && frames.length; count++) step(); };
  return { view, voxels, canvas, drawings, lost, step, finish, show: () => view.show(voxels, new Window(0, 100)) };
}
const count = 256 * 256 * 12;
const whole = (quality, revision) => patch(
  [{ box: [0, 256, 0, 256, 0, 12], values: new Int16Array(count).fill(50), quality: new Uint8Array(count).fill(quality) }], { revision });

test("a frame claims a revision only once all of it is in the textures", async () => {
  const { view, voxels, show, step, finish } = await planes();
  await show();
  finish();
  assert.deepEqual([view.drawn.revisions, view.drawn.counts[0]], [[0, 0], [0, 786_432, 0, 0, 0]]);
  view.change(voxels.apply(whole(3, 9), 1));
  step();
  assert.deepEqual(view.drawn.revisions, [0, 0]);
  assert.ok(view.drawn.counts[0][1] > 0);
  finish();
  assert.deepEqual([view.drawn.revisions, view.drawn.counts[0]], [[0, 9], [0, 0, 0, 0, 786_432]]);
});

test("every voxel of the volume is put into both textures", async () => {
  const { view, show, finish } = await planes();
  await show();
  view.nv.gl.uploads.length = 0;
  view.isBlackBeyond = false;
  view.refreshAll();
  finish();
  for (const name of ["voxels", "labels"]) {
    const slices = new Set();
    for (const { texture, box: [x0, x1, y0, y1, z0, z1] } of view.nv.gl.uploads) {
      if (texture === name && x1 - x0 === 256 && y1 - y0 === 256) for (let z = z0; z < z1; z++) slices.add(z);
    }
    assert.equal(slices.size, 12);
  }
});

test("a volume that was put off by another choice while it was made ready is not shown", async () => {
  let isChosen = true;
  const { view, show } = await planes({ isCurrent: () => isChosen });
  const showing = show();
  isChosen = false;
  assert.equal(await showing, false);
  assert.equal(view.voxels, null);
});

test("a picture that is not the selected one's is taken off before the frame is drawn, and nothing is said to be shown", async () => {
  let isChosen = true;
  const { view, show, finish, drawings } = await planes({ isCurrent: () => isChosen });
  await show();
  finish();
  isChosen = false;
  view.draw(true);
  finish();
  assert.deepEqual([view.voxels, view.nv.volumes.length, view.drawn, drawings.at(-1)], [null, 0, null, null]);
});

test("where the browser takes the picture's memory away nothing is said to be shown", async () => {
  const { view, canvas, lost, show, finish } = await planes();
  await show();
  finish();
  view.nv.gl.isLost = true;
  canvas.dispatch("webglcontextlost");
  assert.deepEqual([view.drawn, lost], [null, [true]]);
  view.draw(true);
  finish();
  assert.equal(view.drawn, null);
});

test("planes are shown from the feet and the front, with the patient's right on the left", async () => {
  const { view } = await planes();
  assert.equal(view.nv.opts.isRadiologicalConvention, true);
});

test("the crosshair stays within the volume and stands in the middle of its voxel", async () => {
  const { view, show } = await planes();
  await show();
  view.crosshair = [300, -4, 3];
  assert.deepEqual(view.crosshair, [255, 0, 3]);
  assert.deepEqual(view.nv.scene.crosshairPos.map((share, axis) => share * [256, 256, 12][axis]), [255.5, 0.5, 3.5]);
});

test("on a narrow screen the active plane is large and no tile lies over another", async () => {
  const { view } = await planes({ width: 390, height: 700 });
  for (view.active = 0; view.active < 3; view.active++) {
    const tiles = Object.values(view.tiles());
    assert.equal(view.tiles()[view.active][2], 1);
    assert.equal(tiles.length, 4);
    for (const [index, [left, top, width, height]] of tiles.entries()) {
      assert.ok(left + width <= 1.001 && top + height <= 1.001);
      const isApart = ([l, t, w, h]) => left + width <= l + 1e-3 || l + w <= left + 1e-3 || top + height <= t + 1e-3 || t + h <= top + 1e-3;
      assert.ok(tiles.slice(index + 1).every(isApart));
    }
  }
});

test("a plane that is maximised stands alone", async () => {
  const { view } = await planes();
  view.active = 1;
  view.isMaximised = true;
  assert.deepEqual(view.tiles(), { 1: [0, 0, 1, 1] });
});
