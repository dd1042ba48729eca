import assert from "node:assert/strict";
import test from "node:test";
import { owner, patchBytes } from "./page.mjs";

const api = await import("/api.js");

const asked = [];
function answer(status, body) {
  globalThis.fetch = async (path, options) => {
    asked.push({ path, ...options });
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return { status, ok: status < 300, json: async () => body, text: async () => text, arrayBuffer: async () => body };
  };
}

test("a patch is asked for by opening, part, revision and time point, of a session whatever its name", async () => {
  answer(200, patchBytes([], { epoch: 7, revision: 12 }));
  const patch = await api.patches({ ...owner, session: "a/b c", timepoint: 3 }, 7, 1, 5);
  assert.equal(asked.at(-1).path, "/volume/a%2Fb%20c/0/patches?epoch=7&part=1&from=5&t=3");
  assert.deepEqual([patch.epoch, patch.revision, patch.count], [7, 12, 0]);
});

test("bytes that are no patch are refused", async () => {
  for (const bytes of [patchBytes([], { magic: "FVP2" }), new ArrayBuffer(0), new ArrayBuffer(15)]) {
    answer(200, bytes);
    await assert.rejects(api.patches(owner, 7, 0, 0), /no patch/);
  }
});

test("a volume that began anew has no patch, and a page that the receiver does not know opens nothing", async () => {
  answer(409, "");
  assert.equal(await api.patches(owner, 7, 0, 0), null);
  assert.equal(await api.open("ward-3", 1), null);
});

test("a refusal is said in the receiver's words, or by its number where it has none", async () => {
  answer(503, "too much is open on other pages\n");
  await assert.rejects(api.open("ward-3", 1), { message: "too much is open on other pages" });
  answer(500, " ");
  await assert.rejects(api.ask(owner, [0, 1, 0, 1, 0, 1]), { message: "the receiver answered 500" });
});

test("a region is asked for of the time point in sight, with the word that the receiver gave this page", async () => {
  answer(200, { view: "v", request_word: "secret", can_focus: true });
  await api.start();
  answer(200, {});
  await api.ask({ ...owner, index: 2, timepoint: 4 }, [1, 2, 3, 4, 5, 6]);
  const { path, method, headers, body } = asked.at(-1);
  assert.deepEqual([path, method, headers["X-Fovea-Request"]], ["/focus", "POST", "secret"]);
  assert.deepEqual(JSON.parse(body), { session: "ward-3", volume: 2, timepoint: 4, box: [1, 2, 3, 4, 5, 6] });
});

/** A page that follows a receiver, on a clock that is turned by hand. */
function following(context) {
  let now = 1_000_000;
  let tick = null;
  const sources = [];
  class EventSource {
    static CLOSED = 2;
    constructor() { this.listeners = {}; sources.push(this); }
    addEventListener(name, body) { this.listeners[name] = body; }
    close() { this.readyState = EventSource.CLOSED; }
    say(name, data = {}) { this.listeners[name]({ data: JSON.stringify(data) }); }
  }
  Object.assign(globalThis, { EventSource });
  context.mock.method(Date, "now", () => now);
  context.mock.method(globalThis, "setInterval", (body) => { tick = body; });
  const states = [];
  api.follow({ onState: (isLive, at) => states.push([isLive, at - 1_000_000]), onView() {}, onSession() {}, onSessions() {} });
  const sleep = (seconds) => { now += 1000 * seconds; tick(); };
  return { sources, states, sleep, pass: (seconds) => { for (let second = 0; second < seconds; second++) sleep(1); } };
}

test("twenty seconds without a word are a lost connection, since the last word, and the page connects anew", (context) => {
  const { sources, states, pass } = following(context);
  pass(5);
  sources[0].say("beat");
  pass(20);
  assert.deepEqual(states, [[true, 5000]]);
  pass(1);
  assert.deepEqual(states.at(-1), [false, 5000]);
  assert.equal(sources.length, 2);
  assert.equal(sources[0].readyState, EventSource.CLOSED);
  sources[1].say("beat");
  assert.deepEqual(states.at(-1), [true, 26_000]);
});

test("a page that has slept first hears what has come meanwhile", (context) => {
  const { sources, states, sleep } = following(context);
  sources[0].say("beat");
  sleep(3600);
  assert.deepEqual(states, [[true, 0]]);
  assert.equal(sources.length, 1);
});

test("a connection that is closed is opened anew, not more often than every three seconds", (context) => {
  const { sources, pass } = following(context);
  sources[0].close();
  pass(1);
  assert.equal(sources.length, 2);
  sources[1].close();
  pass(3);
  assert.equal(sources.length, 2);
  pass(1);
  assert.equal(sources.length, 3);
});
