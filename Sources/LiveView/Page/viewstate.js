// @ts-check
// The one state of the view: what may be said, from what the receiver says, what this page has fetched, and what its planes show.
// A pure function. The banner, the title, the badges, the watermark and the legend read nothing else.

import { sameOwner } from "/owners.js";
import { share as shareShown } from "/shown.js";

/**
 * @typedef {import("/types.js").Drawn} Drawn @typedef {import("/types.js").Link} Link @typedef {import("/types.js").Owner} Owner
 * @typedef {import("/types.js").Session} Session @typedef {import("/types.js").ViewState} ViewState
 * @typedef {import("/types.js").Volume} Volume @typedef {import("/types.js").Words} Words
 */

export const qualityNames = ["not arrived", "background base", "ROI base", "exact"];

const order = ["missing", "base", "bounded", "exact"];
const notForDiagnosis = "not for diagnosis";

/**
 * A share in whole per cent that never says more than there is: 100 % means all.
 * @param {number} share
 */
export function percent(share) {
  if (share >= 1) return "100 %";
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.floor(100 * share)} %`;
}

/**
 * A share of what is not exact yet: 0 % means none.
 * @param {number} share
 */
function percentLeft(share) {
  if (share <= 0) return "0 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}

/** @param {number} time in milliseconds since 1970 */
export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

/**
 * @typedef {object} Known all that is known of the selected volume
 * @property {Owner | null} selection the owner of what is to be shown; null where nothing is selected
 * @property {Session | null} [session] the receiver's word of the selected session; none where it has not said
 * @property {Volume | null} [volume] the same of the selected volume
 * @property {Drawn | null} shown what the planes showed when they were drawn last; null where they show nothing
 * @property {boolean} solid true where the 3-D view shows the same
 * @property {Link} link
 * @property {string[]} [arrivals] names of other sessions that arrive
 * @property {string | null} [trouble] why the selected volume cannot be fetched or drawn; null where it can
 * @property {string} [waiting] for whom it waits where nothing is selected
 */

/** @typedef {Words & { brief: string }} Picture words, and in brief what is shown */

/** @param {Known} known @returns {ViewState} */
export function viewState({ selection, session, volume, shown, solid, link, arrivals = [], trouble = null, waiting = "" }) {
  const mine = shown && selection && sameOwner(shown.owner, selection) ? shown : null;
  const state = { owner: selection, ...said({ selection, session, volume, shown: mine, solid, link, trouble, waiting }) };
  const title = [...arrivals.slice(0, 1).map((name) => `New: ${name}`), state.title, "Fovea"];
  return { ...state, title: title.filter(Boolean).join(" · "), legend: legend(mine, volume), bound: bound(mine, volume) };
}

/** @param {Known} known @returns {Picture} */
function said({ selection, session, volume, shown, solid, link, trouble, waiting }) {
  const picture = pictured({ session, volume, shown, solid });
  const lost = link.lostAt != null;
  if (!lost && trouble && picture.state !== "exact") {
    return { ...picture, state: "failed", isExact: false, head: shown ? "Fetching fails;" : "Nothing is shown.", body: `${shown ? `this page shows ${picture.brief}, ${notForDiagnosis}: ` : ""}${trouble}` };
  }
  if (!lost) return picture.state === "waiting" ? waitingFor(selection, session, waiting) : picture;
  const head = "Connection to the receiver lost;";
  if (picture.state === "waiting") {
    return { ...picture, state: "lost", head: "Connection to the receiver lost.", body: `Nothing was shown at ${clock(link.lostAt)}.`, title: "Not live" };
  }
  const body = `this page shows what it had at ${clock(link.lostAt)}: ${picture.brief}`;
  if (picture.isExact) {
    return { ...picture, state: "lost", head, body: `${body}.`, badge: `NOT LIVE · EXACT AT ${clock(link.lostAt)}`, title: `Not live, exact at ${clock(link.lostAt)}` };
  }
  return { ...picture, state: "lost", head, body: `${body}, ${notForDiagnosis}.`, badge: "NOT LIVE · NOT FOR DIAGNOSIS", title: "Not live, incomplete" };
}

/** @type {Words} Said where the page itself fails. */
export const faulty = {
  state: "failed", isExact: false, head: "This page has a fault;", body: `what it shows is ${notForDiagnosis}. Load it anew.`, title: "Fault · Fovea",
  badge: "FAULT · NOT FOR DIAGNOSIS", watermark: "INCOMPLETE · NOT FOR DIAGNOSIS",
};

/** Said where the page cannot begin, after the reason. */
export const unable = /** @type {const} */ ({
  state: "failed", title: "Fovea", head: "This page cannot show the volume.", body: "It needs WebGL 2.",
});

/** @type {Picture} */
const nothing = { state: "waiting", isExact: false, head: "", body: "", brief: "nothing", title: "", badge: "", watermark: "" };

/** @param {Owner | null} selection @param {Session | null | undefined} session @param {string} [waiting] @returns {Picture} */
function waitingFor(selection, session, waiting) {
  if (!selection) return { ...nothing, head: "Waiting", body: waiting || "for a sender" };
  return { ...nothing, head: session ? "Waiting" : "Opening", body: session ? `for the volume of ${selection.session}` : `${selection.session} from the receiver’s files` };
}

/**
 * Says what may be said of the picture, were it not for the connection.
 * @param {Pick<Known, "session" | "volume" | "shown" | "solid">} known @returns {Picture}
 */
function pictured({ session, volume, shown, solid }) {
  if (!session || !volume) return nothing;
  /** @type {Omit<Picture, "brief" | "head" | "body">} */
  const preview = {
    state: "preview", isExact: false, title: "Incomplete", badge: "PREVIEW · NOT FOR DIAGNOSIS", watermark: "INCOMPLETE · NOT FOR DIAGNOSIS",
  };
  if (volume.is_exact) {
    if (showsAll(volume, shown) && solid) {
      return {
        state: "exact", isExact: true, head: "Exact, verified.", body: "Every bit is the source’s, as the receipt says.",
        brief: "exact and verified then", title: "Exact, verified", badge: "EXACT · VERIFIED", watermark: "",
      };
    }
    const share = shown ? shareShown(shown.counts, body(volume, shown)) : 0;
    const brief = share < 1 ? percent(share) : "all but its last frame";
    return {
      ...preview, head: "All has arrived at the receiver;", brief,
      body: `${share < 1 ? `this page shows ${brief}` : "this page is drawing it"}: ${notForDiagnosis} until it shows all.`,
    };
  }
  const brief = [regionText(volume, shown), backgroundText(volume, shown)].filter(Boolean).join(", ");
  const over = ended(session, volume, { preview, brief, shown });
  if (over) return over;
  const said = leftCount(shown) === 0 && isSettled(volume) ? `Every voxel has come; ${notForDiagnosis} until the receipt says exact` : `${brief}: ${notForDiagnosis}`;
  return { ...preview, brief, head: "Incomplete.", body: session.state === "stalled" ? `${said}. Nothing comes from the sender.` : said };
}

/**
 * Says what may be said of a volume that no longer arrives and is not exact; nothing of one that arrives.
 * @param {Session} session @param {Volume} volume
 * @param {{ preview: Omit<Picture, "brief" | "head" | "body">, brief: string, shown: Drawn | null }} picture
 * @returns {Picture | null}
 */
function ended(session, volume, { preview, brief, shown }) {
  const reason = session.message ? ` ${sentence(session.message)}` : "";
  /** @param {string} word */
  const kind = (word) => ({ ...preview, brief, title: word, badge: `${word.toUpperCase()} · NOT FOR DIAGNOSIS`, watermark: `${word.toUpperCase()} · NOT FOR DIAGNOSIS` });
  switch (volume.state ?? session.state) {
    case "lossy": {
      // A receipt may be known a moment before what it makes exact.
      if (volume.goal === "lossless" && (session.state === "receiving" || session.state === "stalled")) return null;
      const isBehind = !isCurrent(volume, shown, 0) || !isCurrent(volume, shown, 1);
      return { ...kind("Lossy"), head: isBehind ? "Lossy, as sent; this page is still fetching it." : "Lossy, as sent.", body: `${brief}: ${notForDiagnosis}` };
    }
    // The receipt alone makes nothing exact, whatever it says.
    case "exact": return null;
    case "unverified": return { ...kind("Not verified"), head: "Not verified.", body: `${brief}: ${notForDiagnosis}.${reason}` };
    case "incomplete":
      return { ...preview, state: "failed", brief, head: "Broken off.", body: `${brief}: ${notForDiagnosis}. What has come is kept; the sender can go on.${reason}` };
    case "failed": return { ...kind("Not verified"), state: "failed", head: "Not what the receipt says.", body: `${brief}: ${notForDiagnosis}.${reason}` };
    default: return null;
  }
}

/** @param {string} text */
const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/**
 * True where this page has fetched every piece at its last revision, and its planes show every voxel exact.
 * @param {Volume} volume @param {Drawn | null} shown
 */
export function showsAll(volume, shown) {
  return isCurrent(volume, shown, 0) && isCurrent(volume, shown, 1) && leftCount(shown) === 0;
}

/** @param {Volume} volume @param {Drawn | null} shown @param {number} part @returns {shown is Drawn} */
function isCurrent(volume, shown, part) {
  return shown != null && shown.owner.epoch === volume.epoch && shown.revisions[part] === volume.revisions[part];
}

/** @param {Volume} volume */
function isSettled(volume) {
  return volume.background.stage === "exact" && volume.regions.every((part) => part.stage === "exact");
}

/**
 * The number of voxels that the planes do not show exact; null where they show nothing.
 * @param {Drawn | null} shown
 */
function leftCount(shown) {
  return shown ? shown.counts.reduce((sum, counts) => sum + counts[1] + counts[2] + counts[3], 0) : null;
}

/**
 * The receiver's count of voxels inside the body, where it is one of what the page shows: of one time point.
 * @param {Volume | null | undefined} volume @param {Drawn} shown
 */
function body(volume, shown) {
  return shown.timepointCount === 1 ? volume?.completeness?.body_voxels : null;
}

/** @param {Volume} volume @param {Drawn | null} shown */
function regionText(volume, shown) {
  if (!volume.regions.length) return "";
  if (!shown) return "ROI not shown";
  const [, missing, background, base, exact] = shown.counts[1];
  if (missing) return base + exact + background ? `ROI arriving (${percent((background + base + exact) / (missing + background + base + exact))})` : "ROI not arrived";
  if (background) return "ROI at background quality";
  if (!base) return "ROI exact";
  // The receiver's word holds for what is shown only where that is what the receiver has.
  if (!isCurrent(volume, shown, 0)) return "ROI at base quality";
  const worst = volume.regions.reduce((a, b) => (order.indexOf(b.stage) < order.indexOf(a.stage) ? b : a));
  const error = bound(shown, volume);
  return `${worst.stage === "bounded" ? "ROI bounded" : "ROI at base quality"}${error == null ? "" : ` (max error ${Number(error.toPrecision(4))})`}`;
}

/** @param {Volume} volume @param {Drawn | null} shown */
function backgroundText(volume, shown) {
  if (!shown) return "background not shown";
  const [, missing, base, focus, exact] = shown.counts[0];
  if (missing) {
    const arrived = base + focus + exact;
    if (volume.goal === "roi" && volume.background.stage === "missing") return "background not sent";
    return arrived ? `background arriving (${percent(arrived / (missing + arrived))})` : "background not arrived";
  }
  return base + focus ? "background preview" : "background exact";
}

/**
 * The greatest error of the region shown; null where that is not known.
 * @param {Drawn | null} shown @param {Volume | null | undefined} volume
 */
function bound(shown, volume) {
  if (!volume || volume.is_exact || !isCurrent(volume, shown, 0)) return null;
  const errors = volume.regions.map((part) => part.max_error ?? NaN);
  return errors.length && !errors.some(Number.isNaN) ? Math.max(...errors) : null;
}

/**
 * The share of each quality in what the planes show; dashes where they show nothing.
 * @param {Drawn | null} shown @param {Volume | null | undefined} volume
 */
function legend(shown, volume) {
  if (!shown) return ["–", "–", "–", "–"];
  const exact = shareShown(shown.counts, body(volume, shown));
  const left = [1, 2, 3].map((label) => shown.counts[0][label] + shown.counts[1][label]);
  const sum = left.reduce((a, b) => a + b, 0);
  return [...left.map((count) => percentLeft(sum ? ((1 - exact) * count) / sum : 0)), percent(exact)];
}
