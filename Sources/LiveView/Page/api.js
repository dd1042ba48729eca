// What the page asks of the receiver. Every answer is of this origin, and cookies go along by themselves.

let requestWord = "";

export async function start() {
  const answer = await json("/api/start");
  requestWord = answer.request_word;
  return answer;
}

export function meta(session, index) {
  return json(`/volume/${session}/${index}`);
}

/** What has changed of a volume since a revision, in its regions (part 0) or beyond (1); null where the volume began anew. */
export async function patches(session, index, epoch, part, from, timepoint) {
  const answer = await fetch(`/volume/${session}/${index}/patches?epoch=${epoch}&part=${part}&from=${from}&t=${timepoint}`);
  if (answer.status === 409) return null;
  if (!answer.ok) throw new Error(await answer.text());
  return parse(await answer.arrayBuffer());
}

/** Asks the sender for a box of voxels: x0, x1, y0, y1, z0, z1, ends exclusive. */
export async function ask(session, volume, box) {
  const answer = await fetch("/focus", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Fovea-Request": requestWord },
    body: JSON.stringify({ session, volume, box }),
  });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

/** Calls back with what happens at the receiver until the page goes. */
export function follow({ onView, onSession, onSessions, onState }) {
  const source = new EventSource("/events");
  const on = (name, body) => source.addEventListener(name, (event) => body(JSON.parse(event.data)));
  on("view", (data) => onView(data.view));
  on("session", onSession);
  on("sessions", (data) => onSessions(data.sessions.map((session) => session.name)));
  source.onopen = () => onState(true);
  source.onerror = () => onState(false);
}

async function json(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

// The bytes are described at PatchWriter.
function parse(buffer) {
  const view = new DataView(buffer);
  if (buffer.byteLength < 16 || view.getUint32(0, true) !== 0x31505646) throw new Error("the receiver's answer is no patch");
  return { epoch: view.getUint32(4, true), revision: view.getUint32(8, true), count: view.getUint32(12, true), buffer };
}

/** Hands over each box of a patch: its sides, its stored values, and the quality of each. */
export function eachBox(patch, ArrayType, body) {
  const view = new DataView(patch.buffer);
  let offset = 16;
  for (let index = 0; index < patch.count; index++) {
    const box = [0, 1, 2, 3, 4, 5].map((side) => view.getUint32(offset + 4 * side, true));
    const count = (box[1] - box[0]) * (box[3] - box[2]) * (box[5] - box[4]);
    const start = offset + 24;
    const middle = start + count * ArrayType.BYTES_PER_ELEMENT;
    // Copied, since stored values begin anywhere and typed arrays do not.
    body(box, new ArrayType(patch.buffer.slice(start, middle)), new Uint8Array(patch.buffer, middle, count));
    offset = middle + count;
  }
}
