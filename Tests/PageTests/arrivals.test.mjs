import assert from "node:assert/strict";
import test from "node:test";
import { openDocument } from "./page.mjs";

openDocument();
const { Arrivals, isArriving } = await import("/arrivals.js");

const entry = (name, state = "receiving") => ({ name, state, begun: 0, is_live: state === "receiving" || state === "stalled", is_open: true });

function arrivals() {
  const document = openDocument();
  const chosen = [];
  const get = (id) => document.getElementById(id);
  return {
    bar: new Arrivals(document, (name) => chosen.push(name)), chosen, text: (id) => get(id).textContent, click: (id) => get(id).dispatch("click"),
    isHidden: () => get("arrival").hidden,
  };
}

test("an urgent scan that begins to arrive while another is looked at is announced, and takes nobody's place", () => {
  const { bar, chosen, text, isHidden } = arrivals();
  bar.take([entry("ward-3")], "ward-3");
  assert.equal(isHidden(), true);
  bar.take([entry("urgent"), entry("ward-3")], "ward-3");
  assert.deepEqual([isHidden(), text("arrival-name"), text("arrival-state"), bar.names, chosen], [false, "urgent", "arriving", ["urgent"], []]);
});

test("a scan that came and went between two words of the receiver is announced as one that has come", () => {
  const { bar, text } = arrivals();
  bar.take([entry("ward-3")], "ward-3");
  bar.take([entry("quick", "exact"), entry("ward-3")], "ward-3");
  assert.deepEqual([text("arrival-name"), text("arrival-state")], ["quick", "has come"]);
});

test("sessions that were there when the page was opened are no news", () => {
  const { bar, isHidden } = arrivals();
  bar.take([entry("old", "exact"), entry("ward-3")], "ward-3");
  assert.equal(isHidden(), true);
});

test("of several the newest is named, with how many more there are", () => {
  const { bar, text } = arrivals();
  bar.take([entry("c"), entry("b"), entry("a"), entry("ward-3")], "ward-3");
  assert.equal(text("arrival-name"), "c and 2 more");
});

test("the button shows the newest, and what is shown is news no more", () => {
  const { bar, chosen, click, isHidden } = arrivals();
  bar.take([entry("urgent"), entry("ward-3")], "ward-3");
  click("arrival-show");
  assert.deepEqual(chosen, ["urgent"]);
  bar.take([entry("urgent"), entry("ward-3")], "urgent");
  assert.equal(isHidden(), true);
});

test("what is put off is not announced again while it arrives, and is when it comes anew", () => {
  const { bar, click } = arrivals();
  const take = (state) => bar.take([entry("urgent", state), entry("ward-3")], "ward-3");
  take("receiving");
  click("arrival-later");
  take("stalled");
  assert.deepEqual(bar.names, []);
  take("incomplete");
  take("receiving");
  assert.deepEqual(bar.names, ["urgent"]);
});

test("a session that is gone from the receiver's folder is announced no more", () => {
  const { bar, isHidden } = arrivals();
  bar.take([entry("urgent"), entry("ward-3")], "ward-3");
  bar.take([entry("ward-3")], "ward-3");
  assert.equal(isHidden(), true);
});

test("what is left of a receiver that was killed does not arrive, whatever its state says", () => {
  assert.equal(isArriving({ ...entry("ward-3"), is_live: false }), false);
  assert.equal(isArriving(entry("ward-3", "stalled")), true);
  assert.equal(isArriving(undefined), false);
});
