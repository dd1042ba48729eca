import assert from "node:assert/strict";
import test from "node:test";
import { Element, openDocument } from "./page.mjs";

openDocument();
const { connectButtons, Gestures } = await import("/gestures.js");

/** A viewer that notes its commands; a stage of four quarters, 800 pixels wide. */
function stage({ active = 0, isAsking = false, isEmpty = false } = {}) {
  const document = openDocument();
  const canvas = Object.assign(new Element("canvas"), { clientWidth: 800, clientHeight: 800 });
  const done = [];
  const note = (name) => (...given) => { done.push([name, ...given]); };
  const names = ["activate", "scroll", "move", "window", "point", "hover", "drag", "maximise", "toRegion", "toggleQuality", "toggleOutline", "nextTimepoint", "autoWindow", "help"];
  const viewer = Object.fromEntries(names.map((name) => [name, note(name)]));
  viewer.planes = {
    active, voxels: isEmpty ? null : {}, zoom: note("zoom"), pan: note("pan"), fit: note("fit"),
    tiles: () => ({ 0: [0, 0, 0.5, 0.5], 1: [0.5, 0, 0.5, 0.5], 2: [0, 0.5, 0.5, 0.5], 3: [0.5, 0.5, 0.5, 0.5] }),
  };
  viewer.rendering = { turn: note("turn") };
  viewer.asking = { isOn: isAsking, onPlane: note("ask"), atCrosshair: note("askHere"), stop: note("stop"), toggle: note("toggle") };
  const gestures = new Gestures(canvas, viewer);
  const key = (key, target = "BODY", more = {}) => document.dispatch("keydown", { key, target: { tagName: target }, ...more });
  const pointer = (name, x, y, more = {}) => canvas.dispatch(name, { type: name, pointerId: 1, button: 0, clientX: x, clientY: y, ...more });
  return { gestures, viewer, done, key, pointer, canvas, take: () => done.splice(0) };
}

test("on axial and coronal planes the left arrow goes to the patient's right, as the picture does; from the side, to the back", () => {
  const moved = (active) => {
    const { key, take } = stage({ active });
    key("ArrowLeft");
    key("ArrowRight");
    return take();
  };
  // Along an axis steps count to the patient's right, front and top.
  assert.deepEqual(moved(0), [["move", 0, 1], ["move", 0, -1]]);
  assert.deepEqual(moved(1), [["move", 0, 1], ["move", 0, -1]]);
  assert.deepEqual(moved(2), [["move", 1, -1], ["move", 1, 1]]);
});

test("the arrow up goes to the front on the axial plane and to the top on the others", () => {
  const moved = (active) => { const { key, take } = stage({ active }); key("ArrowUp"); return take(); };
  assert.deepEqual([0, 1, 2].map(moved), [[["move", 1, 1]], [["move", 2, 1]], [["move", 2, 1]]]);
});

test("keys do nothing while somebody writes, with the browser's own modifiers, or where there is no picture", () => {
  const { key, take } = stage();
  key("r", "INPUT");
  key("r", "BODY", { ctrlKey: true });
  key("ArrowLeft", "BUTTON");
  assert.deepEqual(take(), []);
  key("R");
  assert.deepEqual(take(), [["toRegion"]]);
  const empty = stage({ isEmpty: true });
  empty.key("r");
  empty.key("?");
  assert.deepEqual(empty.take(), [["help"]]);
});

test("a drag moves the crosshair on the plane where it began", () => {
  const { pointer, take } = stage();
  pointer("pointerdown", 500, 100);
  pointer("pointermove", 300, 120);
  pointer("pointerup", 300, 120);
  assert.deepEqual(take(), [["activate", 1], ["point", 1, [500, 100]], ["point", 1, [300, 120]]]);
  pointer("pointermove", 310, 120);
  assert.deepEqual(take(), [["hover", 0, [310, 120]]]);
});

test("with the tool on, or the shift key down, a drag asks for a region, and a drag that the system breaks off does not", () => {
  for (const [tool, more] of [[true, {}], [false, { shiftKey: true }]]) {
    const { pointer, take } = stage({ isAsking: tool });
    pointer("pointerdown", 100, 100, more);
    pointer("pointermove", 180, 150);
    pointer("pointerup", 180, 150);
    assert.deepEqual(take(), [["activate", 0], ["drag", { plane: 0, from: [100, 100], to: [180, 150] }], ["drag", null], ["ask", 0, [100, 100], [180, 150]]]);
    pointer("pointerdown", 100, 100, more);
    pointer("pointercancel", 180, 150);
    assert.equal(take().some(([name]) => name === "ask"), false);
  }
});

test("another volume lets go of what is under way: a drag that began before asks for nothing of it", () => {
  const { gestures, pointer, take } = stage({ isAsking: true });
  pointer("pointerdown", 100, 100);
  gestures.cancel();
  pointer("pointerup", 180, 150);
  assert.equal(take().some(([name]) => name === "ask"), false);
});

test("two fingers that part zoom in by as much, and draw no box", () => {
  const { pointer, take } = stage({ isAsking: true });
  pointer("pointerdown", 100, 100);
  pointer("pointerdown", 200, 100, { pointerId: 2 });
  take();
  pointer("pointermove", 300, 100, { pointerId: 2 });
  pointer("pointerup", 300, 100, { pointerId: 2 });
  pointer("pointerup", 100, 100);
  assert.deepEqual(take(), [["zoom", 2], ["pan", 0, 50, 0]]);
});

test("a notch of the wheel is one slice, and a touch pad's small steps add up to one", () => {
  const { canvas, take } = stage();
  const wheel = (deltaY, more = {}) => canvas.dispatch("wheel", { clientX: 100, clientY: 500, deltaY, deltaMode: 0, ...more });
  wheel(100);
  wheel(-100);
  assert.deepEqual(take(), [["scroll", 2, 1], ["scroll", 2, -1]]);
  for (let step = 0; step < 5; step++) wheel(10);
  assert.deepEqual(take(), [["scroll", 2, 1]]);
  wheel(-100, { ctrlKey: true });
  assert.equal(take()[0][0], "zoom");
});

test("over the 3-D view a drag turns it, and the wheel scrolls nothing", () => {
  const { pointer, canvas, take } = stage();
  pointer("pointerdown", 600, 600);
  pointer("pointermove", 610, 590);
  canvas.dispatch("wheel", { clientX: 600, clientY: 600, deltaY: 100, deltaMode: 0 });
  assert.deepEqual(take(), [["turn", 10, -10]]);
});

test("every button gives its own command", () => {
  const { viewer, take } = stage();
  connectButtons(viewer);
  const given = ["focus", "roi", "quality", "outline", "maximise", "window", "reset"].map((name) => {
    document.getElementById(`tool-${name}`).dispatch("click");
    return take().map(([command]) => command);
  });
  assert.deepEqual(given, [["toggle"], ["toRegion"], ["toggleQuality"], ["toggleOutline"], ["maximise"], ["autoWindow"], ["fit"]]);
});
