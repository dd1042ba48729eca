// The one state of the view: what may be said, from what the receiver says, what this page has fetched, and what its planes show.
// A pure function. The banner, the title, the badges, the watermark and the legend read nothing else.

import { sameOwner } from "/owners.js";
import { share as shareShown } from "/shown.js";

export const qualityNames = ["not arrived", "background base", "ROI base", "exact"];

const order = ["missing", "base", "bounded", "exact"];
const notForDiagnosis = "not for diagnosis";

/** A share in whole per cent that never says more than there is: 100 % means all. */
export function percent(share) {
  if (share >= 1) return "100 %";
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.floor(100 * share)} %`;
}

/** A share of what is not exact yet: 0 % means none. */
function percentLeft(share) {
  if (share <= 0) return "0 %";
  if (share < 1 && share > 0.99) return "> 99 %";
  return share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}

export const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

/**
 * @param selection the owner of what is to be shown: see owners.js; null where nothing is selected
 * @param session what the receiver says of the selected session, and `volume` of the selected volume; undefined where it has not yet
 * @param shown what the planes showed when they were drawn last: see Planes.drawn; null where they show nothing
 * @param solid whether the 3-D view shows the same
 * @param link isLive, and since when it is not, in milliseconds
 * @param arrivals names of other sessions that arrive
 * @param trouble why the selected volume cannot be fetched or drawn; null where it can
 */
export function viewState({ selection, session, volume, shown, solid, link, arrivals = [], trouble = null, waiting = "" }) {
  const mine = shown && selection && sameOwner(shown.owner, selection) ? shown : null;
  const state = { owner: selection, ...said({ selection, session, volume, shown: mine, solid, link, trouble, waiting }) };
  const title = [...arrivals.slice(0, 1).map((name) => `New: ${name}`), state.title, "Fovea"];
  return { ...state, title: title.filter(Boolean).join(" · "), legend: legend(mine, volume), bound: bound(mine, volume) };
}

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

/** Where the page itself fails. */
export const faulty = {
  state: "failed", isExact: false, head: "This page has a fault;", body: `what it shows is ${notForDiagnosis}. Load it anew.`, title: "Fault · Fovea",
  badge: "FAULT · NOT FOR DIAGNOSIS", watermark: "INCOMPLETE · NOT FOR DIAGNOSIS",
};

const nothing = { state: "waiting", isExact: false, head: "", body: "", brief: "nothing", title: "", badge: "", watermark: "" };

function waitingFor(selection, session, waiting) {
  if (!selection) return { ...nothing, head: "Waiting", body: waiting || "for a sender" };
  return { ...nothing, head: session ? "Waiting" : "Opening", body: session ? `for the volume of ${selection.session}` : `${selection.session} from the receiver’s files` };
}

/** What may be said of the picture, were it not for the connection. */
function pictured({ session, volume, shown, solid }) {
  if (!session || !volume) return nothing;
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

/** What may be said of a volume that no longer arrives and is not exact; nothing of one that arrives. */
function ended(session, volume, { preview, brief, shown }) {
  const reason = session.message ? ` ${sentence(session.message)}` : "";
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

const sentence = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** Whether this page has fetched every piece at its last revision, and its planes show every voxel exact. */
export function showsAll(volume, shown) {
  return isCurrent(volume, shown, 0) && isCurrent(volume, shown, 1) && leftCount(shown) === 0;
}

function isCurrent(volume, shown, part) {
  return Boolean(shown) && shown.owner.epoch === volume.epoch && shown.revisions[part] === volume.revisions[part];
}

function isSettled(volume) {
  return volume.background.stage === "exact" && volume.regions.every((part) => part.stage === "exact");
}

/** How many voxels the planes do not show exact; null where they show nothing. */
function leftCount(shown) {
  return shown ? shown.counts.reduce((sum, counts) => sum + counts[1] + counts[2] + counts[3], 0) : null;
}

/** The receiver's count of voxels inside the body, where it is one of what the page shows: of one time point. */
function body(volume, shown) {
  return shown.timepointCount === 1 ? volume?.completeness?.body_voxels : null;
}

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

/** By how much the region shown is off at most; null where that is not known. */
function bound(shown, volume) {
  if (!volume || volume.is_exact || !isCurrent(volume, shown, 0)) return null;
  const errors = volume.regions.map((part) => part.max_error);
  return errors.length && errors.every((error) => error != null) ? Math.max(...errors) : null;
}

/** The share of each quality in what the planes show; dashes where they show nothing. */
function legend(shown, volume) {
  if (!shown) return ["–", "–", "–", "–"];
  const exact = shareShown(shown.counts, body(volume, shown));
  const left = [1, 2, 3].map((label) => shown.counts[0][label] + shown.counts[1][label]);
  const sum = left.reduce((a, b) => a + b, 0);
  return [...left.map((count) => percentLeft(sum ? ((1 - exact) * count) / sum : 0)), percent(exact)];
}
