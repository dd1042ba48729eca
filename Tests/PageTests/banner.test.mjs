import assert from "node:assert/strict";
import test from "node:test";
import { openDocument } from "./page.mjs";

openDocument();
const { write, writeFault } = await import("/banner.js");

const state = {
  state: "preview", title: "Incomplete · Fovea", head: "Incomplete.", body: "ROI at base quality: not for diagnosis", legend: ["1 %", "2 %", "3 %", "94 %"], bound: 12.5,
};
const text = (id) => document.getElementById(id).textContent;

test("the banner says the state, whose volume it is, the shares, the bound, and what is at the receiver", () => {
  openDocument();
  write(state, "ward-3 2", { completeness: { share: 0.999, bytes: 12_345_678 }, title: "Kopf_Müller" });
  assert.deepEqual([document.body.dataset.state, document.title], ["preview", "Incomplete · Fovea"]);
  assert.deepEqual(["banner-head", "banner-body", "banner-who", "banner-file"].map(text), ["Incomplete.", "ROI at base quality: not for diagnosis", "ward-3 2", "Kopf_Müller"]);
  assert.deepEqual([0, 1, 2, 3].map((quality) => text(`share-${quality}`)), ["1 %", "2 %", "3 %", "94 %"]);
  assert.equal(text("bounds"), "No voxel of the ROI is off by more than 12.5.");
  assert.equal(text("arrived"), "At the receiver: 99 % exact, 12.3 MB.");
});

test("who chose the region is said, and that a model's choice is no finding", () => {
  openDocument();
  for (const [source, words] of [["model", /model.*no finding/], ["unsure", /unsure: everything goes at equal priority/], ["mask", /mask/], ["everything", /equal priority/], ["whatever", /^$/]]) {
    write(state, "ward-3", { region_source: source });
    assert.match(text("source"), words);
  }
  write(state, null, undefined);
  assert.equal(text("source"), "");
});

test("a model's certainty is said beside its choice, and nothing of one that does not say", () => {
  openDocument();
  write(state, "ward-3", { region_source: "model", region_certainty: 0.97 });
  assert.match(text("source"), /model chose.* Certainty 0.97\.$/);
  write(state, "ward-3", { region_source: "mask" });
  assert.doesNotMatch(text("source"), /Certainty/);
});

test("of a volume that is chosen no more nothing is left", () => {
  openDocument();
  write(state, "ward-3 2", { completeness: { share: 1, bytes: 1000 }, title: "a" });
  write({ ...state, legend: ["–", "–", "–", "–"], bound: null }, null, undefined);
  assert.deepEqual(["banner-who", "banner-file", "bounds", "arrived", "share-3"].map(text), ["", "", "", "", "–"]);
});

test("no bound is said of a region that is exact", () => {
  openDocument();
  write({ ...state, bound: 0 }, "ward-3", undefined);
  assert.equal(text("bounds"), "");
});

test("where the page itself fails no figure of before is left", () => {
  openDocument();
  write(state, "ward-3", undefined);
  writeFault({ state: "failed", title: "Fault · Fovea", head: "This page has a fault;", body: "Load it anew." });
  assert.deepEqual([document.body.dataset.state, text("banner-head"), text("share-3")], ["failed", "This page has a fault;", "–"]);
});
