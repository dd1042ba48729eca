import assert from "node:assert/strict";
import test from "node:test";
import { openDocument } from "./page.mjs";

openDocument();
const { firstChoice, remember, remembered } = await import("/choice.js");

const address = { hash: "" };
Object.assign(globalThis, { location: address, history: { replaceState: (_, __, path) => { address.hash = path.slice(path.indexOf("#")); } } });

const entry = (name, state, changes = {}) => ({ name, state, begun: 0, is_live: state === "receiving" || state === "stalled", is_open: false, ...changes });

test("volume and time point outlive a reload, whatever letters the session's name has", () => {
  for (const choice of [{ session: "Łódź 3/a#b%", index: 2, timepoint: 5 }, { session: "ward-3", index: 0, timepoint: 0 }]) {
    remember(choice);
    assert.deepEqual(remembered(), choice);
  }
});

test("an address that says nothing, or nonsense, chooses nothing or the first volume", () => {
  const read = (hash) => { address.hash = hash; return remembered(); };
  assert.equal(read(""), null);
  assert.equal(read("#%E0%A4%A/0"), null);
  assert.deepEqual(read("#ward-3"), { session: "ward-3", index: 0, timepoint: 0 });
  assert.deepEqual(read("#ward-3/-2/x"), { session: "ward-3", index: 0, timepoint: 0 });
});

test("after a reload the same volume is shown, though a newer one arrives", () => {
  address.hash = "#ward-3/1/4";
  assert.deepEqual(firstChoice([entry("urgent", "receiving"), entry("ward-3", "exact")]), { session: "ward-3", index: 1, timepoint: 4 });
});

test("a page that is opened shows the newest that arrives, before one that has ended", () => {
  address.hash = "#gone/0";
  const entries = [entry("done", "exact", { is_open: true }), entry("newer", "stalled"), entry("older", "receiving")];
  assert.equal(firstChoice(entries).session, "newer");
});

test("where none arrives the newest that is open is shown, and of closed ones none", () => {
  address.hash = "";
  assert.equal(firstChoice([entry("closed", "exact"), entry("open", "lossy", { is_open: true })]).session, "open");
  assert.equal(firstChoice([entry("closed", "exact")]), null);
});
