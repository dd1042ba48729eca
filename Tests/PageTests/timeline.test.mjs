import assert from "node:assert/strict";
import test from "node:test";
import { arrivingVolume, Element, openDocument, session } from "./page.mjs";

openDocument();
const { Timeline } = await import("/timeline.js");

function timeline() {
  const label = new Element();
  const line = new Timeline(new Element(), label);
  line.svg.clientWidth = 380;
  const words = () => line.svg.children.filter((node) => node.tagName === "TEXT").map((node) => node.textContent);
  // Of each row there is the room it has, and its bar.
  const bars = () => line.svg.children.filter((node) => node.tagName === "RECT" && node.attributes.height === "15" && node.attributes.fill !== "#0b1016")
    .map((node) => Number(node.attributes.width));
  return { line, label, words, bars };
}

test("each part has the time at which it was there, and a bar as long, of the time that has passed", () => {
  const { line, words, bars } = timeline();
  line.draw(arrivingVolume({ milestones: { roi_complete: 2, background_complete: 5, volume_lossless: 10 } }), 10);
  assert.deepEqual(words().slice(0, 6), ["ROI", "2.00 s", "Background", "5.00 s", "Exact", "10.0 s"]);
  // 300 pixels are ten seconds.
  assert.deepEqual(bars().slice(0, 3), [60, 150, 300]);
});

test("of what is on its way the share is said, and of what was not asked for that it is not sent", () => {
  const { line, words, bars } = timeline();
  line.draw(arrivingVolume({ goal: "lossy", shares: { roi: 0.999, background: 0.4 } }), 10);
  assert.deepEqual(words().slice(0, 6), ["ROI", "99 %", "Background", "40 %", "Exact", "not sent"]);
  assert.deepEqual(bars().map(Math.round), [300, 120, 0]);
  assert.equal(line.svg.attributes["aria-label"], "ROI: not yet, Background: not yet, Exact: not yet");
});

test("the clock of a session that arrives goes on between two words of the receiver, and stands when it has ended", () => {
  const { line, label } = timeline();
  const heard = { ...session(arrivingVolume()), elapsed: 3, at: 1000 };
  line.take(heard, arrivingVolume(), 2500);
  assert.equal(label.textContent, "4.50 s from the start");
  line.take({ ...heard, state: "exact" }, arrivingVolume(), 2500);
  assert.equal(label.textContent, "3.00 s from the start");
});

test("of a session from before a restart no times are said", () => {
  const { line, label, words } = timeline();
  line.draw(arrivingVolume(), 5);
  line.take({ ...session(arrivingVolume()), elapsed: 0, at: 0 }, arrivingVolume(), 9000);
  assert.deepEqual([label.textContent, words()], ["", []]);
});

test("of a volume that is chosen no more nothing is left", () => {
  const { line, label } = timeline();
  line.draw(arrivingVolume({ milestones: { roi_complete: 2 } }), 5);
  line.clear();
  assert.deepEqual([label.textContent, line.svg.children.length, line.svg.getAttribute("aria-label")], ["", 0, null]);
});
