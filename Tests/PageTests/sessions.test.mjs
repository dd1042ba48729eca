import assert from "node:assert/strict";
import test from "node:test";
import { arrivingVolume, exactVolume, openDocument, owner, session } from "./page.mjs";

openDocument();
const { Sessions } = await import("/sessions.js");

const entry = (name, state) => ({ name, state, begun: 0, is_live: true, is_open: true });

function sessions() {
  const document = openDocument();
  const chosen = [];
  const list = new Sessions(document, (...choice) => chosen.push(choice));
  const buttons = () => document.getElementById("sessions").children.map((item) => item.children[0]);
  const get = (id) => document.getElementById(id);
  return { list, chosen, get, buttons, rows: () => buttons().map((button) => button.children.slice(1).map((part) => part.textContent)) };
}

test("every session has a row with its state in words: what was not compared is not called exact", () => {
  const { list, rows } = sessions();
  const states = ["receiving", "stalled", "exact", "unverified", "lossy", "incomplete", "failed"];
  list.draw(states.map((state) => entry(state, state)), new Map(), null, []);
  assert.deepEqual(rows().map(([, text]) => text), ["arriving", "stalled", "exact", "not verified", "lossy", "broken off", "failed"]);
});

test("a session with two volumes has two rows, each with its own state", () => {
  const { list, chosen, buttons, rows } = sessions();
  const volumes = [exactVolume(), exactVolume({ index: 1, is_exact: false, state: "lossy" })];
  list.draw([entry("ward-3", "lossy")], new Map([["ward-3", session(volumes[0], { volumes })]]), { ...owner, index: 1 }, []);
  assert.deepEqual(rows(), [["ward-3 1", "exact"], ["ward-3 2", "lossy"]]);
  assert.deepEqual(buttons().map((button) => button.getAttribute("aria-current")), ["false", "true"]);
  buttons()[1].onclick();
  assert.deepEqual(chosen, [["ward-3", 1]]);
});

test("of what arrives the row says how much is exact, rounded down", () => {
  const { list, rows } = sessions();
  const row = (changes) => {
    const volume = arrivingVolume(changes);
    list.draw([entry("ward-3", "receiving")], new Map([["ward-3", session(volume)]]), null, []);
    return rows()[0][1];
  };
  assert.equal(row({}), "arriving");
  assert.equal(row({ milestones: { roi_complete: 1 } }), "ROI");
  assert.equal(row({ milestones: { roi_complete: 1, background_complete: 2 }, completeness: { share: 0.999 } }), "preview, 99 % exact");
});

test("one of a live session that is exact is called exact, though the session still arrives", () => {
  const { list, rows } = sessions();
  list.draw([entry("ward-3", "receiving")], new Map([["ward-3", session(exactVolume())]]), null, []);
  assert.equal(rows()[0][1], "exact");
});

test("a row is for the session that it names after another has come before it", () => {
  const { list, chosen, buttons, rows } = sessions();
  list.draw([entry("ward-3", "receiving")], new Map(), null, []);
  list.draw([entry("urgent", "receiving"), entry("ward-3", "receiving")], new Map(), null, ["urgent"]);
  assert.deepEqual(rows(), [["urgent", "new, arriving"], ["ward-3", "arriving"]]);
  buttons()[0].onclick();
  buttons()[1].onclick();
  assert.deepEqual(chosen, [["urgent", 0], ["ward-3", 0]]);
  list.draw([], new Map(), null, []);
  assert.deepEqual(rows(), []);
});

test("the name of what can be fetched says whether it is whole, lossy, not verified, or a part", () => {
  const name = (volume) => {
    const { list, get } = sessions();
    list.offer(session(volume), volume);
    return get("download-volume").textContent;
  };
  assert.equal(name(exactVolume()), "volume.nii.gz");
  assert.equal(name(exactVolume({ is_exact: false, state: "lossy" })), "volume.lossy.nii.gz");
  assert.equal(name(exactVolume({ is_exact: false, state: "unverified" })), "volume.nii.gz (not verified)");
  assert.equal(name(exactVolume({ is_exact: false, state: "failed" })), "volume.nii.gz (not verified)");
  assert.equal(name(arrivingVolume()), "volume.partial.nii.gz");
  assert.equal(name(arrivingVolume({ state: "incomplete" })), "volume.partial.nii.gz");
});

test("file and receipt are those of the session in sight, and there is no receipt while it arrives", () => {
  const { list, get } = sessions();
  const volume = arrivingVolume({ index: 1 });
  list.offer(session(volume, { name: "a/b c" }), volume);
  assert.deepEqual([get("download-volume").href, get("download-receipt").hidden], ["/volume/a%2Fb%20c/1/file", true]);
  list.offer(session(exactVolume(), { name: "a/b c" }), exactVolume());
  assert.deepEqual([get("download-receipt").href, get("download-receipt").hidden], ["/receipt/a%2Fb%20c", false]);
  list.offer(undefined, undefined);
  assert.equal(get("downloads").hidden, true);
});
