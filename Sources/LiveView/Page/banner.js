// Writes what the view's state says into the page: banner, title, legend, and the line of what is at the receiver.

import { size } from "/plots.js";
import { percent } from "/viewstate.js";

/**
 * @param who the session, and which of its volumes; null where none is chosen
 * @param whole how much of the volume is exact at the receiver; undefined where that is not known
 */
export function write(state, who, whole) {
  document.body.dataset.state = state.state;
  document.title = state.title;
  say("banner-head", state.head);
  say("banner-body", state.body);
  say("banner-who", who ?? "");
  state.legend.forEach((text, quality) => say(`share-${quality}`, text));
  say("bounds", state.bound > 0 ? `No voxel of the ROI is off by more than ${state.bound}.` : "");
  say("arrived", whole ? `At the receiver: ${percent(whole.share)} exact, ${size(whole.bytes)}.` : "");
}

/** Where the page itself fails: the state's words, and no figure. */
export function writeFault(state) {
  document.body.dataset.state = state.state;
  document.title = state.title;
  say("banner-head", state.head);
  say("banner-body", state.body);
  for (const quality of [0, 1, 2, 3]) say(`share-${quality}`, "–");
}

/** Writes a text where it is another. */
function say(id, text) {
  const node = document.getElementById(id);
  if (node.textContent !== text) node.textContent = text;
}
