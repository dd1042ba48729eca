import assert from "node:assert/strict";
import test from "node:test";
import { meta, owner } from "./page.mjs";

const { Voxels } = await import("/voxels.js");
const { Shown, share } = await import("/shown.js");

/** 12 voxels: 4 of air, 8 of the body, of which 2 are the region. */
const voxels = () => new Voxels(meta({ content: [1, 3, 0, 2, 0, 2], regions: [[1, 2, 0, 1, 0, 2]] }), owner);

test("before anything is drawn the body counts as not arrived, whatever has been fetched", () => {
  const fetched = voxels();
  fetched.quality.fill(3);
  const shown = new Shown(fetched);
  assert.deepEqual(shown.copyCounts(), [[4, 6, 0, 0, 0], [0, 2, 0, 0, 0]]);
});

test("a voxel that is drawn anew leaves its old quality and is counted once, in its own part", () => {
  const shown = new Shown(voxels());
  const [inRegion, beyond] = [1, 2];
  shown.put(inRegion, 3);
  shown.put(inRegion, 4);
  shown.put(inRegion, 4);
  shown.put(beyond, 2);
  assert.deepEqual(shown.copyCounts(), [[4, 5, 1, 0, 0], [0, 1, 0, 0, 1]]);
  assert.deepEqual([shown.labelAt(inRegion), shown.labelAt(beyond)], [4, 2]);
});

test("counts that were handed out stay as they were at that frame", () => {
  const shown = new Shown(voxels());
  const before = shown.copyCounts();
  shown.put(2, 4);
  assert.deepEqual(before[0], [4, 6, 0, 0, 0]);
});

test("completeness is the share of the body that is shown exact, the air around it apart", () => {
  assert.equal(share([[5000, 100, 300, 0, 500], [0, 0, 0, 50, 50]], null), 0.55);
});

test("the receiver's count of the body takes the place of the page's where there is one", () => {
  assert.equal(share([[0, 100, 0, 0, 500], [0, 0, 0, 0, 0]], 2000), 0.25);
});

test("completeness is never whole while one voxel is not exact, whatever the receiver counts as the body", () => {
  for (const label of [1, 2, 3]) {
    const counts = [[0, 0, 0, 0, 1_000_000], [0, 0, 0, 0, 0]];
    counts[1][label] = 1;
    assert.ok(share(counts, null) < 1);
    assert.ok(share(counts, 900_000) < 1);
  }
  assert.equal(share([[9, 0, 0, 0, 1_000_000], [0, 0, 0, 0, 1]], 900_000), 1);
});
