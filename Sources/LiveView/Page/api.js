// @ts-check
// What the page asks of the receiver. Every answer is of this origin, and cookies go along by themselves.

/**
 * @typedef {import("/types.js").Box} Box @typedef {import("/types.js").Callbacks} Callbacks @typedef {import("/types.js").Meta} Meta
 * @typedef {import("/types.js").Owner} Owner @typedef {import("/types.js").Patch} Patch @typedef {import("/types.js").Session} Session
 * @typedef {import("/types.js").Start} Start @typedef {import("/types.js").StoredValues} StoredValues
 * @typedef {import("/types.js").StoredValuesConstructor} StoredValuesConstructor
 */

let requestWord = "";

/** @returns {Promise<Start>} */
export async function start() {
  const answer = await json("/api/start");
  requestWord = answer.request_word;
  return answer;
}

/**
 * Says which session this page shows: it is opened, from its files where it does not arrive. None with null.
 * @param {string | null} session @param {number} page @returns {Promise<Session | null>}
 */
export async function open(session, page) {
  const answer = await post("/open", { session, page });
  if (answer.status === 409) return null;
  if (!answer.ok) throw new Error(await reason(answer));
  return session == null ? null : answer.json();
}

/** @param {string} session @param {number} index @param {AbortSignal} signal @returns {Promise<Meta>} */
export function meta(session, index, signal) {
  return json(`/volume/${encodeURIComponent(session)}/${index}`, signal);
}

/**
 * Fetches the changes of a volume since a revision, in its regions (part 0) or beyond (1); null where the volume began anew.
 * @param {Owner} owner @param {number} epoch @param {number} part @param {number} from @param {AbortSignal} signal
 */
export async function patches({ session, index, timepoint }, epoch, part, from, signal) {
  const answer = await fetch(`/volume/${encodeURIComponent(session)}/${index}/patches?epoch=${epoch}&part=${part}&from=${from}&t=${timepoint}`, { signal });
  if (answer.status === 409) return null;
  if (!answer.ok) throw new Error(await reason(answer));
  return parse(await answer.arrayBuffer());
}

/**
 * Asks the sender for a box of voxels of a time point.
 * @param {Owner} owner @param {Box} box
 */
export async function ask({ session, index, timepoint }, box) {
  const answer = await post("/focus", { session, volume: index, timepoint, box });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

/** Longer without a word from the receiver, and the connection counts as lost: it says something every few seconds. */
const silenceLimit = 20_000;

/**
 * Calls back with what happens at the receiver until the page goes.
 * @param {Callbacks} callbacks
 */
export function follow(callbacks) {
  let heard = Date.now();
  /** @type {EventSource | null} */
  let source = null;
  const hear = () => {
    heard = Date.now();
    callbacks.onState(true, heard);
  };
  const connect = () => {
    source?.close();
    const opened = new EventSource("/events");
    source = opened;
    /** @param {string} name @param {(data: any) => void} body */
    const on = (name, body) => opened.addEventListener(name, (event) => {
      hear();
      body(JSON.parse(event.data));
    });
    on("view", callbacks.onView);
    on("session", callbacks.onSession);
    on("sessions", (data) => callbacks.onSessions(data.sessions));
    on("beat", () => {});
    opened.onopen = hear;
    opened.onerror = () => callbacks.onState(false, Date.now());
  };
  connect();
  let tried = 0;
  let looked = Date.now();
  setInterval(() => {
    const now = Date.now();
    // A page that has not run for a while has not listened either: first what has come meanwhile.
    const wasAsleep = now - looked > 5000;
    looked = now;
    if (wasAsleep) return;
    // A link that is cut without a word leaves the connection open for minutes.
    const isSilent = now - heard > silenceLimit;
    if (isSilent) callbacks.onState(false, heard);
    if ((isSilent || source?.readyState === EventSource.CLOSED) && now - tried > 3000) {
      tried = now;
      connect();
    }
  }, 1000);
}

/**
 * The words of something that was thrown.
 * @param {unknown} thrown
 */
export const words = (thrown) => (thrown instanceof Error ? thrown.message : String(thrown));

/** @param {string} path @param {object} body */
function post(path, body) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Fovea-Request": requestWord }, body: JSON.stringify(body) });
}

/** @param {string} path @param {AbortSignal} [signal] */
async function json(path, signal) {
  const answer = await fetch(path, { signal });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

/** @param {Response} answer */
async function reason(answer) {
  return (await answer.text()).trim() || `the receiver answered ${answer.status}`;
}

/**
 * The bytes are described at PatchWriter.
 * @param {ArrayBuffer} buffer @returns {Patch}
 */
function parse(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 16 || view.getUint32(0, true) !== 0x31505646) throw new Error("the receiver's answer is no patch");
  return { epoch: view.getUint32(4, true), revision: view.getUint32(8, true), count: view.getUint32(12, true), buffer };
}

/**
 * Hands over each box of a patch: its sides, its stored values, and the quality of each.
 * @param {Patch} patch @param {StoredValuesConstructor} ArrayType @param {(box: Box, values: StoredValues, quality: Uint8Array) => void} body
 */
export function eachBox(patch, ArrayType, body) {
  const view = new DataView(patch.buffer);
  let offset = 16;
  for (let index = 0; index < patch.count; index++) {
    const box = /** @type {Box} */ ([0, 1, 2, 3, 4, 5].map((side) => view.getUint32(offset + 4 * side, true)));
    const count = (box[1] - box[0]) * (box[3] - box[2]) * (box[5] - box[4]);
    const start = offset + 24;
    const middle = start + count * ArrayType.BYTES_PER_ELEMENT;
    // Copied, since stored values begin anywhere and typed arrays do not.
    body(box, new ArrayType(patch.buffer.slice(start, middle)), new Uint8Array(patch.buffer, middle, count));
    offset = middle + count;
  }
}
