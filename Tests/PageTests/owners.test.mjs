import assert from "node:assert/strict";
import test from "node:test";
import { openDocument } from "./page.mjs";

openDocument();
const { Selection } = await import("/owners.js");

/** A selection whose refusals are kept, not printed. */
function selection(context) {
  const said = [];
  context.mock.method(console, "error", (text) => said.push(text));
  return { selection: new Selection(), said };
}

test("what was made for the selected volume is drawn", (context) => {
  const { selection: chosen, said } = selection(context);
  const owner = chosen.choose("ward-3", 0, 0);
  owner.epoch = 7;
  assert.equal(chosen.admits({ ...owner }, "planes"), true);
  assert.deepEqual([chosen.record.checked, chosen.record.refused, said], [1, 0, []]);
});

test("one patient's picture is refused under another one's name, counted, and complained of", (context) => {
  const { selection: chosen, said } = selection(context);
  const before = { ...chosen.choose("ward-3", 0, 0), epoch: 7 };
  chosen.choose("ward-4", 0, 0).epoch = 9;
  assert.equal(chosen.admits(before, "planes"), false);
  assert.equal(chosen.record.refused, 1);
  assert.match(said[0], /^planes of ward-3\/0 .* refused: selected is ward-4\/0 /);
});

test("a picture of the same volume from before it was chosen again, or began anew, is refused", (context) => {
  const { selection: chosen } = selection(context);
  const first = { ...chosen.choose("ward-3", 0, 0), epoch: 7 };
  const second = chosen.choose("ward-3", 0, 0);
  second.epoch = 7;
  assert.equal(chosen.isCurrent(first), false);
  assert.equal(chosen.isCurrent({ ...second, epoch: 8 }), false);
  assert.equal(chosen.isCurrent({ ...second, timepoint: 1 }), false);
  assert.equal(chosen.isCurrent({ ...second, index: 1 }), false);
});

test("with nothing selected nothing is drawn, not even what belongs to nobody", (context) => {
  const { selection: chosen } = selection(context);
  const owner = chosen.choose("ward-3", 0, 0);
  chosen.clear();
  assert.equal(chosen.admits(owner, "badge"), false);
  assert.equal(chosen.admits(null, "badge"), false);
});

test("of many refusals the last twenty are kept", (context) => {
  const { selection: chosen } = selection(context);
  for (let count = 0; count < 25; count++) chosen.admits(null, `frame ${count}`);
  assert.equal(chosen.record.refused, 25);
  assert.equal(chosen.record.refusals.length, 20);
  assert.match(chosen.record.refusals[0], /^frame 5 /);
  assert.match(chosen.record.refusals[19], /^frame 24 /);
});
