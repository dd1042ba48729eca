import assert from "node:assert/strict";
import test from "node:test";
import { Element, meta, openDocument, owner } from "./page.mjs";

openDocument();
const { Asking, Requests } = await import("/focus.js");
const { Voxels } = await import("/voxels.js");

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A viewer of 60 x 60 x 60 voxels of 2 mm, mirrored, with the crosshair off the middle; a place on the stage is as many voxels. */
function asking(answer = { ok: true, json: async () => ({}) }) {
  const document = openDocument();
  const sent = [];
  globalThis.fetch = async (_, { body }) => { sent.push(JSON.parse(body)); return answer; };
  const affine = [[-2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]];
  const viewer = {
    chosen: { ...owner, timepoint: 3 }, requests: new Requests(document),
    voxels: new Voxels(meta({ shape: [60, 60, 60, 5], content: [0, 60, 0, 60, 0, 60], affine }), owner),
    planes: { crosshair: [40, 30, 20], voxelAt: (plane, x, y) => (x < 0 ? null : plane === 0 ? [x, y, 20] : plane === 1 ? [x, 30, y] : [40, x, y]) },
  };
  viewer.requests.allow(true);
  return {
    viewer, sent, asking: new Asking(viewer, new Element("button")), message: () => document.getElementById("requests-message").textContent,
    list: () => document.getElementById("requests-list").children.map((item) => item.textContent),
  };
}

test("the region at the crosshair reaches twelve millimetres to every side, in the file's own voxels and at the time point in sight", () => {
  const { asking: tool, sent } = asking();
  tool.atCrosshair();
  // Six voxels to each side of (40, 30, 20); columns counted from the other end.
  assert.deepEqual(sent, [{ session: "ward-3", volume: 0, timepoint: 3, box: [13, 26, 24, 37, 14, 27] }]);
});

test("a box that is drawn is asked for as it was drawn, from whichever corner, and as deep as it is wide about the slice", () => {
  const wanted = { session: "ward-3", volume: 0, timepoint: 3, box: [29, 50, 5, 36, 7, 34] };
  for (const [from, to] of [[[10, 5], [30, 35]], [[30, 35], [10, 5]], [[30, 5], [10, 35]]]) {
    const { asking: tool, sent } = asking();
    tool.onPlane(0, from, to);
    // Twenty and thirty voxels: 12.5 to each side of slice 20. Columns 10 to 30 are 29 to 49 from the other end.
    assert.equal(sent.length, 1);
    assert.deepEqual(sent[0].box.slice(0, 4), wanted.box.slice(0, 4));
    assert.ok(Math.abs(sent[0].box[4] - 7.5) <= 0.5 && Math.abs(sent[0].box[5] - 33.5) <= 0.5);
  }
});

test("a click asks for the voxels around it", () => {
  const { asking: tool, sent } = asking();
  tool.onPlane(1, [50, 10], [52, 12]);
  assert.deepEqual(sent[0].box, [3, 16, 24, 37, 4, 17]);
});

test("at the edge the region ends with the volume", () => {
  const { asking: tool, viewer, sent } = asking();
  viewer.planes.crosshair = [59, 0, 30];
  tool.atCrosshair();
  assert.deepEqual(sent[0].box, [0, 7, 0, 7, 24, 37]);
});

test("a box that ends outside the picture, and one of no volume, is not asked for", () => {
  const { asking: tool, viewer, sent } = asking();
  tool.onPlane(0, [10, 5], [-3, 35]);
  viewer.voxels = null;
  tool.atCrosshair();
  tool.onPlane(0, [10, 5], [30, 35]);
  assert.deepEqual(sent, []);
});

test("where the receiver cannot ask, nothing is sent and that is said", () => {
  const { asking: tool, viewer, sent, message } = asking();
  viewer.requests.allow(false);
  tool.atCrosshair();
  assert.deepEqual([sent, message()], [[], "This receiver cannot ask senders for a region."]);
  viewer.requests.clear();
});

test("a refusal is said while its volume is in sight, and not over another one", async () => {
  for (const isGone of [false, true]) {
    const { asking: tool, viewer, message } = asking({ ok: false, status: 409, text: async () => "the sender has gone" });
    tool.atCrosshair();
    if (isGone) viewer.chosen = { ...owner, ticket: 2 };
    await settled();
    assert.equal(message(), isGone ? "" : "The region was not requested: the sender has gone.");
    viewer.requests.clear();
  }
});

test("requests are listed with their sides, and with the time once they are there", () => {
  const { viewer, list } = asking();
  viewer.requests.draw([{ id: 1, box: [0, 13, 0, 7, 5, 9] }, { id: 2, box: [0, 1, 0, 2, 0, 3], seconds: 1.234 }]);
  assert.deepEqual(list(), ["13 × 7 × 4 voxelsasked", "1 × 2 × 3 voxelsat ROI quality in 1.23 s"]);
  viewer.requests.clear();
  assert.deepEqual(list(), []);
});
