// Which volume is shown stands in the page's address, so that it outlives a reload.

export function remember({ session, index, timepoint }) {
  history.replaceState(null, "", `/#${encodeURIComponent(session)}/${index}${timepoint ? `/${timepoint}` : ""}`);
}

/** Null where nothing was chosen. */
export function remembered() {
  const [session, index, timepoint] = location.hash.slice(1).split("/");
  const number = (text) => Math.max(0, Number.parseInt(text ?? "0", 10) || 0);
  try {
    return session ? { session: decodeURIComponent(session), index: number(index), timepoint: number(timepoint) } : null;
  } catch {
    return null;
  }
}
