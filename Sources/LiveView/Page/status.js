// What may be said of a volume, in plain words. Nothing but a receipt makes it exact.

const percent = (share) => `${Math.floor(100 * share)} %`;
const error = (part) => (part.max_error == null ? "" : ` (max error ${Number(part.max_error.toPrecision(4))})`);
const order = ["missing", "base", "bounded", "exact"];

function regionText(volume) {
  if (!volume.regions.length) return "";
  const worst = volume.regions.reduce((a, b) => (order.indexOf(b.stage) < order.indexOf(a.stage) ? b : a));
  const errors = volume.regions.map((part) => part.max_error).filter((value) => value != null);
  const part = { stage: worst.stage, max_error: errors.length ? Math.max(...errors) : null };
  switch (part.stage) {
    case "missing": return volume.shares.roi ? `ROI arriving (${percent(volume.shares.roi)})` : "ROI not arrived";
    case "base": return `ROI at base quality${error(part)}`;
    case "bounded": return `ROI bounded${error(part)}`;
    default: return "ROI exact";
  }
}

function backgroundText(volume) {
  const part = volume.background;
  switch (part.stage) {
    case "missing":
      if (volume.goal === "roi") return "background not sent";
      return volume.shares.background ? `background arriving (${percent(volume.shares.background)})` : "background not arrived";
    case "base":
    case "bounded": return "background preview";
    default: return "background exact";
  }
}

/** The banner, the title and what is written over the planes. */
export function describe(session, volume) {
  if (!session || !volume) {
    const text = session ? { head: "Waiting", body: "for the volume" } : { head: "Waiting", body: "for a sender" };
    return { ...text, state: "waiting", title: "Fovea", badge: "", watermark: "" };
  }
  if (volume.is_exact) {
    return { state: "exact", head: "Exact, verified.", body: "Every bit is the source’s, as the receipt says.", title: "Exact, verified · Fovea", badge: "EXACT · VERIFIED", watermark: "" };
  }
  const parts = [regionText(volume), backgroundText(volume)].filter(Boolean).join(", ");
  const preview = { title: "Incomplete · Fovea", badge: "PREVIEW · NOT FOR DIAGNOSIS", watermark: "INCOMPLETE · NOT FOR DIAGNOSIS" };
  if (session.state === "failed" || session.state === "incomplete") {
    return { ...preview, state: "failed", head: "Broken off.", body: `${parts}: not for diagnosis. What has come is kept; the sender can go on.` };
  }
  if (session.state === "lossy" && volume.has_receipt) {
    return { ...preview, state: "preview", title: "Lossy · Fovea", badge: "LOSSY · NOT FOR DIAGNOSIS", watermark: "LOSSY · NOT FOR DIAGNOSIS", head: "Lossy, as sent.", body: `${parts}: not for diagnosis` };
  }
  const isStalled = session.state === "stalled" ? " Nothing comes from the sender." : "";
  const isWhole = volume.background.stage === "exact" && volume.regions.every((part) => part.stage === "exact");
  const body = isWhole ? "Every voxel has come; not for diagnosis until the receipt says exact" : `${parts}: not for diagnosis`;
  return { ...preview, state: "preview", head: "Incomplete.", body: body + (isStalled ? "." + isStalled : "") };
}

export const qualityNames = ["not arrived", "background base", "ROI base", "exact"];
