// @ts-check
// Which volume is shown stands in the page's address, so that it outlives a reload.

import { isArriving } from "/arrivals.js";

/** @typedef {import("/types.js").Choice} Choice @typedef {import("/types.js").Entry} Entry */

/** @param {Choice} choice */
export function remember({ session, index, timepoint }) {
  history.replaceState(null, "", `/#${encodeURIComponent(session)}/${index}${timepoint ? `/${timepoint}` : ""}`);
}

/**
 * Null where nothing was chosen.
 * @returns {Choice | null}
 */
export function remembered() {
  const [session, index, timepoint] = location.hash.slice(1).split("/");
  /** @param {string | undefined} text */
  const number = (text) => Math.max(0, Number.parseInt(text ?? "0", 10) || 0);
  try {
    return session ? { session: decodeURIComponent(session), index: number(index), timepoint: number(timepoint) } : null;
  } catch {
    return null;
  }
}

/**
 * The volume to begin with: what was chosen before the page was loaded anew, else the newest that arrives, else the newest that is open.
 * @param {Entry[]} entries newest first
 * @returns {Choice | null}
 */
export function firstChoice(entries) {
  const kept = remembered();
  if (kept && entries.some((entry) => entry.name === kept.session)) return kept;
  const first = entries.find(isArriving) ?? entries.find((entry) => entry.is_open);
  return first ? { session: first.name, index: 0, timepoint: 0 } : null;
}
