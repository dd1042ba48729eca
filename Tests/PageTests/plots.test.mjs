import assert from "node:assert/strict";
import test from "node:test";
import { openDocument } from "./page.mjs";

openDocument();
const { Plots, size } = await import("/plots.js");

const figures = (age, changes = {}) => ({ age, goodput: 2_500_000, round_trip: 0.0421, bytes: 12_345, layers: [], ...changes });

test("rate, round trip and bytes are said in their units, and a dash where one is not known", () => {
  const document = openDocument();
  const plots = new Plots(document);
  plots.take(figures(1));
  const said = () => ["goodput", "rtt", "bytes"].map((id) => document.getElementById(id).textContent);
  assert.deepEqual(said(), ["2.50 Mbit/s", "42 ms", "12.3 kB"]);
  plots.take(figures(2, { goodput: undefined, round_trip: undefined, bytes: 900 }));
  assert.deepEqual(said(), ["–", "–", "900 B"]);
  plots.clear();
  assert.deepEqual(said(), ["–", "–", "–"]);
});

test("sizes are said with one digit after the point, in thousands of bytes", () => {
  assert.deepEqual([0, 9_999, 10_000, 9_999_949, 12_345_678].map(size), ["0 B", "9999 B", "10.0 kB", "9999.9 kB", "12.3 MB"]);
});

test("of layers under way it is said how many pieces have come, and unknown layers are left out", () => {
  const document = openDocument();
  new Plots(document).take(figures(1, { layers: [
    { name: "roi_base", bytes: 100, chunks: 2, expected_chunks: 2 }, { name: "background_refinement", bytes: 200, chunks: 3, expected_chunks: 9 },
    { name: "later", bytes: 1, chunks: 1, expected_chunks: 1 },
  ] }));
  assert.deepEqual(document.getElementById("layers").children.map((item) => item.textContent), ["ROI base100 B", "background to exact200 B · 3/9"]);
});

test("curves of an hour reach back some minutes, in no more than 240 points", () => {
  const plots = new Plots(openDocument());
  for (let second = 1; second <= 3600; second++) plots.take(figures(second));
  const times = plots.curves.goodput.map(([time]) => time);
  assert.ok(times.length > 100 && times.length <= 240);
  assert.ok(times[0] < 3600 - 300);
  assert.equal(times.at(-1), 3600);
});

test("figures that were drawn already, or come late, add nothing to a curve", () => {
  const plots = new Plots(openDocument());
  plots.take(figures(5));
  plots.take(figures(5));
  plots.take(figures(4));
  assert.deepEqual(plots.curves.goodput, [[5, 2_500_000]]);
});
