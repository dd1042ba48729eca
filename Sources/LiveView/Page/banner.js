// @ts-check
// Writes what the view's state says into the page: banner, title, legend, and the line of what is at the receiver.

import { size } from "/plots.js";
import { percent } from "/viewstate.js";

/**
 * @typedef {import("/types.js").PageElements} PageElements
 * @typedef {import("/types.js").ViewState} ViewState
 * @typedef {import("/types.js").Volume} Volume
 */

const shares = /** @type {const} */ (["share-0", "share-1", "share-2", "share-3"]);

/** The chooser of the region that goes first, by its name in the manifest. It is a choice of bytes: where a program made it the page says that it is no finding. */
const sources = new Map([
  ["mask", "The region that goes first is a mask that the sender gave."],
  ["box", "The region that goes first is a box that the sender gave."],
  ["threshold", "The region that goes first is what is bright; no finding."],
  ["model", "A model chose the region that goes first; no finding."],
  ["unsure", "The model was unsure: everything goes at equal priority."],
  ["everything", "Everything goes at equal priority."],
]);

/** @template {keyof PageElements} K @param {K} id */
export const find = (id) => document.getElementById(id);

/**
 * @param {ViewState} state
 * @param {string | null} who the session, and which of its volumes; null where none is chosen
 * @param {Pick<Volume, "completeness" | "title" | "region_source" | "region_certainty"> | null | undefined} volume what the receiver says of it
 */
export function write(state, who, volume) {
  document.body.dataset.state = state.state;
  document.title = state.title;
  say("banner-head", state.head);
  say("banner-body", state.body);
  say("banner-who", who ?? "");
  say("banner-file", who ? volume?.title ?? "" : "");
  state.legend.forEach((text, quality) => say(shares[quality], text));
  say("bounds", state.bound != null && state.bound > 0 ? `No voxel of the ROI is off by more than ${state.bound}.` : "");
  const chooser = sources.get(volume?.region_source ?? "") ?? "";
  const certainty = volume?.region_certainty;
  say("source", chooser && certainty != null ? `${chooser} Certainty ${certainty.toFixed(2)}.` : chooser);
  const whole = volume?.completeness;
  say("arrived", whole ? `At the receiver: ${percent(whole.share)} exact, ${size(whole.bytes)}.` : "");
}

/**
 * Says that the page itself fails: the state's words, and no figure.
 * @param {Pick<ViewState, "state" | "title" | "head" | "body">} state
 */
export function writeFault(state) {
  document.body.dataset.state = state.state;
  document.title = state.title;
  say("banner-head", state.head);
  say("banner-body", state.body);
  for (const id of shares) say(id, "–");
}

/**
 * Writes a text where it is another.
 * @param {keyof PageElements} id @param {string} text
 */
function say(id, text) {
  const node = find(id);
  if (node.textContent !== text) node.textContent = text;
}
