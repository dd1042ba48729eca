import assert from "node:assert/strict";
import test from "node:test";
import { Element, openDocument, owner } from "./page.mjs";

openDocument();
Object.assign(globalThis, { devicePixelRatio: 1 });
const { Outline } = await import("/outline.js");

/** Notes the words and boxes that are drawn, each with its place. */
function context() {
  const drawn = { words: [], boxes: [], images: [] };
  const nothing = [
    "setTransform", "clearRect", "save", "restore", "beginPath", "rect", "clip", "moveTo", "lineTo", "stroke", "fill", "fillRect", "roundRect", "scale",
    "translate", "rotate",
  ];
  const noted = {
    drawn, fillText: (text, x, y) => drawn.words.push({ text, x, y, colour: noted.fillStyle }), measureText: (text) => ({ width: 7 * text.length }),
    drawImage: (image) => drawn.images.push(image), setLineDash: (dash) => { noted.dash = dash; },
    strokeRect: (...box) => drawn.boxes.push({ box, colour: noted.strokeStyle }),
  };
  for (const name of nothing) noted[name] = () => {};
  return noted;
}

function canvas() {
  const element = new Element("canvas");
  const only = context();
  return Object.assign(element, { clientWidth: 800, clientHeight: 800, width: 0, height: 0, getContext: () => only, drawn: only.drawn });
}

/** Planes of a quarter of the stage each, on which ten pixels are a voxel. The owner of everything is the same, unless it is changed. */
function drawn({ status = {}, requests = {}, voxels = {}, isEmpty = false } = {}) {
  const planes = {
    active: 0, crosshair: [10, 10, 10], tiles: () => ({ 0: [0, 0, 0.5, 0.5], 1: [0.5, 0, 0.5, 0.5], 2: [0, 0.5, 0.5, 0.5], 3: [0.5, 0.5, 0.5, 0.5] }),
    voxels: isEmpty ? null : { owner, shape: [40, 40, 40], regions: [[5, 15, 5, 15, 8, 12]], ...voxels },
    pointOf: (plane, point) => (plane === 0 ? [10 * point[0], 10 * point[1]] : null),
  };
  document.createElement = () => canvas();
  const over = canvas();
  const refused = [];
  const selection = { admits: (one, what) => (one?.session === "ward-3" ? true : (refused.push(what), false)) };
  const outline = new Outline(over, planes, selection);
  outline.status = { owner, state: "preview", badge: "PREVIEW · NOT FOR DIAGNOSIS", watermark: "INCOMPLETE · NOT FOR DIAGNOSIS", ...status };
  outline.requests = { owner, list: [], ...requests };
  return { outline, planes, refused, draw() { outline.draw(); return over.drawn; } };
}
const find = ({ words }, text) => words.filter((word) => word.text === text);
const others = { ...owner, session: "ward-4" };

test("seen from the feet and from the front, R stands on the left and L on the right; from the side, P and A", () => {
  const picture = drawn().draw();
  const [right, left] = ["R", "L"].map((letter) => find(picture, letter));
  assert.deepEqual(right.map(({ x }) => x), [12, 412]);
  assert.deepEqual(left.map(({ x }) => x), [388, 788]);
  // Below: the sagittal plane. The axial plane has A above and P below.
  const [back, front] = ["P", "A"].map((letter) => find(picture, letter).map(({ x, y }) => [x, y]));
  assert.deepEqual(back, [[200, 388], [12, 600]]);
  assert.deepEqual(front, [[200, 36], [388, 600]]);
  assert.deepEqual(find(picture, "S").map(({ y }) => y), [36, 436]);
});

test("what is not exact bears a watermark across the stage, and every plane its badge", () => {
  const picture = drawn().draw();
  assert.equal(picture.images.length, 1);
  const marks = picture.images[0].drawn.words;
  assert.ok(marks.length > 20 && marks.every((mark) => mark.text === "INCOMPLETE · NOT FOR DIAGNOSIS"));
  assert.equal(find(picture, "PREVIEW · NOT FOR DIAGNOSIS").length, 3);
});

test("an exact volume has a green badge and no watermark; the 3-D view beside it is no picture for a diagnosis", () => {
  const picture = drawn({ status: { state: "exact", badge: "EXACT · VERIFIED", watermark: "" } }).draw();
  assert.equal(picture.images.length, 0);
  const [badge] = find(picture, "EXACT · VERIFIED");
  const [overview] = find(picture, "OVERVIEW · NOT FOR DIAGNOSIS");
  assert.equal(find(picture, "EXACT · VERIFIED").length, 3);
  assert.notEqual(badge.colour, overview.colour);
});

test("nothing of another volume is drawn over a picture: neither its badge, nor its regions, nor its requests", () => {
  const foreign = { outline: { voxels: { owner: others } }, badge: { status: { owner: others } }, "requested regions": { requests: { owner: others } } };
  for (const [what, changes] of Object.entries(foreign)) {
    const { draw, refused } = drawn(changes);
    const picture = draw();
    assert.deepEqual(refused, [what]);
    assert.deepEqual(picture.words.map(({ text }) => text).filter((text) => !/^(Axial|Coronal|Sagittal|3-D|)$/.test(text)), []);
    assert.equal(picture.boxes.length, 4);
  }
});

test("over no picture there are names alone", () => {
  const picture = drawn({ isEmpty: true }).draw();
  assert.deepEqual(picture.words.map(({ text }) => text).filter(Boolean), ["Axial", "Coronal", "Sagittal", "3-D"]);
});

test("a region is outlined on the slices that it crosses, and not on the next", () => {
  const isOutlined = (slice) => {
    const { planes, draw } = drawn();
    planes.crosshair = [10, 10, slice];
    return draw().boxes.some(({ box }) => String(box) === "50,50,100,100");
  };
  assert.deepEqual([7, 8, 11, 12].map(isOutlined), [false, true, true, false]);
});

test("a requested region changes its colour once it is there", () => {
  const picture = (seconds) => drawn({ requests: { list: [{ box: [20, 22, 20, 22, 9, 12], seconds }] } }).draw();
  const colour = (seconds) => picture(seconds).boxes.find(({ box }) => String(box) === "200,200,20,20").colour;
  assert.notEqual(colour(undefined), colour(0));
});

test("requests of the volume's own voxels are drawn where they lie in the view", () => {
  const { outline } = drawn();
  outline.take(owner, [{ id: 1, box: [0, 2, 0, 3, 0, 4] }], { orientation: { toView: ([x0, x1, ...rest]) => [40 - x1, 40 - x0, ...rest] } });
  assert.deepEqual(outline.requests.list[0].box, [38, 40, 0, 3, 0, 4]);
  outline.take(owner, [{ id: 1, box: [0, 2, 0, 3, 0, 4] }], null);
  assert.deepEqual(outline.requests.list, []);
});

test("slices are counted from one", () => assert.equal(find(drawn().draw(), "  11 / 40").length, 3));
