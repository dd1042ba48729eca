import assert from "node:assert/strict";
import test from "node:test";
import { arrivingVolume, drawn, exactVolume, openDocument, owner, session } from "./page.mjs";

openDocument();
const { faulty, percent, viewState } = await import("/viewstate.js");

const allExact = [[4000, 0, 0, 0, 900], [0, 0, 0, 0, 100]];
const allBase = [[4000, 0, 900, 0, 0], [0, 0, 0, 100, 0]];
const live = { isLive: true, lostAt: null };

/** The state where all is exact and shown, but for what is changed. */
function state({ volume = exactVolume(), counts = allExact, shown = drawn(counts), of = session(volume), ...rest } = {}) {
  return viewState({ selection: owner, session: of, volume, shown, solid: true, link: live, ...rest });
}

/** Nobody may take it for the source. */
function assertMarked(view, text = "INCOMPLETE · NOT FOR DIAGNOSIS") {
  assert.equal(view.isExact, false);
  assert.notEqual(view.state, "exact");
  assert.equal(view.watermark, text);
  assert.match(view.badge, /NOT FOR DIAGNOSIS$/);
  assert.doesNotMatch(view.head + view.title, /^exact/i);
}

test("exact is said when the receipt says it and planes and 3-D view show it all", () => {
  const view = state();
  assert.deepEqual([view.state, view.head, view.badge, view.watermark, view.title], ["exact", "Exact, verified.", "EXACT · VERIFIED", "", "Exact, verified · Fovea"]);
  assert.deepEqual(view.legend, ["0 %", "0 %", "0 %", "100 %"]);
});

test("exact is not said while one voxel of the textures is missing or a preview", () => {
  for (const part of [0, 1]) {
    for (const label of [1, 2, 3]) {
      const counts = structuredClone(allExact);
      counts[part][4]--;
      counts[part][label]++;
      const view = state({ counts });
      assertMarked(view);
      assert.equal(view.body, "this page shows 99 %: not for diagnosis until it shows all.");
      assert.equal(view.legend[3], "99 %");
    }
  }
});

test("exact is not said while a piece has changed at the receiver and was not fetched again", () => {
  for (const revisions of [[2, 5], [3, 4]]) {
    const view = state({ shown: drawn(allExact, { revisions }) });
    assertMarked(view);
    assert.equal(view.body, "this page is drawing it: not for diagnosis until it shows all.");
  }
});

test("exact is not said while the 3-D view shows something older", () => assertMarked(state({ solid: false })));

test("exact is not said over a picture of another opening of the same volume", () => {
  const before = { ...owner, epoch: 6 };
  assertMarked(state({ selection: before, shown: drawn(allExact, { owner: before }) }));
});

test("another volume's picture is as good as none", () => {
  for (const other of [{ session: "ward-4" }, { index: 1 }, { timepoint: 1 }, { ticket: 2 }]) {
    const view = state({ shown: drawn(allExact, { owner: { ...owner, ...other } }) });
    assertMarked(view);
    assert.equal(view.body, "this page shows 0 %: not for diagnosis until it shows all.");
    assert.deepEqual(view.legend, ["–", "–", "–", "–"]);
  }
});

test("the receiver's word exact makes nothing exact before its files were compared with the receipt", () => {
  const view = state({ volume: arrivingVolume({ state: "exact", regions: [{ stage: "exact" }], background: { stage: "exact" } }) });
  assertMarked(view);
  assert.equal(view.body, "Every voxel has come; not for diagnosis until the receipt says exact");
});

test("a preview says of the region and of the rest what is shown of each, and by how much the region is off", () => {
  const view = state({ volume: arrivingVolume(), counts: allBase });
  assertMarked(view);
  assert.equal(view.body, "ROI at base quality (max error 12.5), background preview: not for diagnosis");
  assert.equal(view.bound, 12.5);
});

test("of two regions the greater error is said, and none where one is not known", () => {
  const regions = [{ stage: "bounded", max_error: 2 }, { stage: "bounded", max_error: 7 }];
  assert.match(state({ volume: arrivingVolume({ regions }), counts: allBase }).body, /^ROI bounded \(max error 7\)/);
  const view = state({ volume: arrivingVolume({ regions: [regions[0], { stage: "bounded" }] }), counts: allBase });
  assert.match(view.body, /^ROI bounded, /);
  assert.equal(view.bound, null);
});

test("the receiver's error bound is not said of an older picture", () => {
  const view = state({ volume: arrivingVolume(), shown: drawn(allBase, { revisions: [2, 5] }) });
  assert.equal(view.bound, null);
  assert.match(view.body, /^ROI at base quality, background preview/);
});

test("of what arrives the share that is shown is said, rounded down", () => {
  const view = state({ volume: arrivingVolume(), counts: [[0, 899, 1, 0, 0], [0, 51, 0, 49, 0]] });
  assert.match(view.body, /^ROI arriving \(49 %\), background arriving \(< 1 %\): not for diagnosis$/);
  assert.match(state({ volume: arrivingVolume(), counts: [[0, 900, 0, 0, 0], [0, 100, 0, 0, 0]] }).body, /^ROI not arrived, background not arrived/);
});

test("a region alone says that the background was not sent", () => {
  const volume = arrivingVolume({ goal: "roi", background: { stage: "missing" } });
  assert.match(state({ volume, counts: [[0, 900, 0, 0, 0], [0, 0, 0, 100, 0]] }).body, /background not sent/);
});

test("a lossy volume bears its mark for ever, and says whether the page has all of it", () => {
  const volume = arrivingVolume({ state: "lossy", goal: "lossy", has_receipt: true });
  const view = state({ volume, counts: allBase });
  assertMarked(view, "LOSSY · NOT FOR DIAGNOSIS");
  assert.equal(view.head, "Lossy, as sent.");
  assert.equal(state({ volume, shown: drawn(allBase, { revisions: [3, 4] }) }).head, "Lossy, as sent; this page is still fetching it.");
});

test("files that are not what the receipt says are no exact volume, and the reason is given", () => {
  const volume = exactVolume({ is_exact: false, state: "failed" });
  const view = state({ volume, of: session(volume, { message: "the digest is another" }) });
  assertMarked(view, "NOT VERIFIED · NOT FOR DIAGNOSIS");
  assert.equal(view.head, "Not what the receipt says.");
  assert.match(view.body, / the digest is another\.$/);
});

test("files that were not compared since a restart are not verified", () => {
  assertMarked(state({ volume: exactVolume({ is_exact: false, state: "unverified" }) }), "NOT VERIFIED · NOT FOR DIAGNOSIS");
});

test("a transfer that broke off is called that, and its stillness is said while it waits", () => {
  const broken = state({ volume: arrivingVolume({ state: "incomplete" }), counts: allBase });
  assertMarked(broken);
  assert.deepEqual([broken.state, broken.head], ["failed", "Broken off."]);
  assert.match(state({ volume: arrivingVolume({ state: "stalled" }), counts: allBase }).body, /\. Nothing comes from the sender\.$/);
});

test("a connection that is lost is said over any picture, with the time since when, and never as exact now", () => {
  const lostAt = new Date(2024, 4, 3, 14, 5, 9).getTime();
  const link = { isLive: false, lostAt };
  const exact = state({ link });
  assert.deepEqual([exact.state, exact.badge, exact.title], ["lost", "NOT LIVE · EXACT AT 14:05:09", "Not live, exact at 14:05:09 · Fovea"]);
  assert.equal(exact.body, "this page shows what it had at 14:05:09: exact and verified then.");
  const preview = state({ link, volume: arrivingVolume(), counts: allBase });
  assertMarked(preview);
  assert.deepEqual([preview.state, preview.badge], ["lost", "NOT LIVE · NOT FOR DIAGNOSIS"]);
  assert.equal(state({ link, of: null, volume: null, shown: null }).body, "Nothing was shown at 14:05:09.");
});

test("what hinders fetching is said, except over a picture that is exact", () => {
  const trouble = "what has arrived cannot be fetched.";
  const view = state({ trouble, volume: arrivingVolume(), counts: allBase });
  assertMarked(view);
  assert.deepEqual([view.state, view.head], ["failed", "Fetching fails;"]);
  assert.match(view.body, /what has arrived cannot be fetched\.$/);
  assert.equal(state({ trouble, shown: null }).head, "Nothing is shown.");
  assert.equal(state({ trouble }).state, "exact");
});

test("an urgent arrival stands first in the title", () => {
  assert.equal(state({ arrivals: ["urgent", "later"], volume: arrivingVolume(), counts: allBase }).title, "New: urgent · Incomplete · Fovea");
});

test("with nothing chosen it waits, and with a session from disk it says what it opens", () => {
  const waiting = viewState({ selection: null, shown: null, solid: true, link: live, waiting: "for a sender" });
  assert.deepEqual([waiting.state, waiting.head, waiting.body, waiting.title], ["waiting", "Waiting", "for a sender", "Fovea"]);
  assert.equal(viewState({ selection: owner, shown: null, solid: true, link: live }).head, "Opening");
});

test("a per cent never says more than there is", () => {
  assert.deepEqual([0, 0.004, 0.01, 0.429, 0.996, 0.9999, 1].map(percent), ["0 %", "< 1 %", "1 %", "42 %", "99 %", "99 %", "100 %"]);
});

test("the legend shares out what is not exact, of the body as the receiver counts it", () => {
  // 170 of 400 are exact; of the other 230 a third are missing and two thirds are a preview.
  const counts = [[0, 10, 20, 0, 70], [0, 0, 0, 0, 100]];
  const volume = arrivingVolume({ completeness: { exact_voxels: 170, body_voxels: 400, share: 0.425, bytes: 1 } });
  assert.deepEqual(state({ volume, counts }).legend, ["19 %", "38 %", "0 %", "42 %"]);
});

test("the legend of one time point of several does not use the receiver's count of all of them", () => {
  const counts = [[0, 0, 50, 0, 50], [0, 0, 0, 0, 0]];
  const volume = arrivingVolume({ completeness: { exact_voxels: 50, body_voxels: 100_000, share: 0.0005, bytes: 1 } });
  assert.equal(state({ volume, shown: drawn(counts, { timepointCount: 1000 }) }).legend[3], "50 %");
});

test("what is left of a preview is never called none, and never all", () => {
  const little = state({ volume: arrivingVolume({ completeness: null }), counts: [[0, 0, 1, 0, 9_999], [0, 0, 0, 0, 0]] });
  assert.equal(little.legend[1], "< 1 %");
  const much = state({ volume: arrivingVolume({ completeness: null }), counts: [[0, 0, 9_999, 0, 1], [0, 0, 0, 0, 0]] });
  assert.deepEqual([much.legend[1], much.legend[3]], ["> 99 %", "< 1 %"]);
});

test("where the page itself fails its picture is marked", () => assertMarked(faulty));
