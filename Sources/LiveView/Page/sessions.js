// @ts-check
// The list of senders' sessions, and what can be fetched of the one that is shown.

import { percent } from "/viewstate.js";

/**
 * @typedef {import("/types.js").Entry} Entry @typedef {import("/types.js").Owner} Owner @typedef {import("/types.js").Session} Session
 * @typedef {import("/types.js").SessionState} SessionState @typedef {import("/types.js").Volume} Volume
 */

/** @type {Partial<Record<SessionState, string>>} */
const endings = { exact: ".nii.gz", lossy: ".lossy.nii.gz", unverified: ".nii.gz (not verified)", failed: ".nii.gz (not verified)" };
const arriving = new Set(["receiving", "stalled"]);
/** @type {Record<SessionState, string>} */
const words = {
  receiving: "arriving", stalled: "stalled", exact: "exact", unverified: "not verified", lossy: "lossy", incomplete: "broken off", failed: "failed",
};

export class Sessions {
  /** @param {ParentNode} root @param {(session: string, index: number) => void} onChoose */
  constructor(root, onChoose) {
    this.list = root.querySelector("#sessions");
    this.none = root.querySelector("#sessions-none");
    this.downloads = root.querySelector("#downloads");
    this.volume = root.querySelector("#download-volume");
    this.receipt = root.querySelector("#download-receipt");
    this.onChoose = onChoose;
    /** The rows that are drawn, as JSON. */
    this.key = "";
  }

  /**
   * @param {Entry[]} entries of every session in the receiver's folder, newest first
   * @param {Map<string, Session>} sessions the open ones, by name
   * @param {Owner | null} chosen
   * @param {string[]} announced names of those that arrive and nobody has looked at
   */
  draw(entries, sessions, chosen, announced) {
    this.none.hidden = entries.length > 0;
    const items = entries.flatMap((entry) => {
      const volumes = sessions.get(entry.name)?.volumes ?? [];
      return (volumes.length ? volumes : [null]).map((volume) => ({ entry, volume, count: volumes.length }));
    });
    const rows = items.map(({ entry, volume, count }) => {
      const index = volume?.index ?? 0;
      const is = standing(entry, volume);
      const isNew = announced.includes(entry.name);
      return {
        session: entry.name, index, is, isNew, begun: entry.begun, name: count > 1 ? `${entry.name} ${index + 1}` : entry.name,
        isChosen: chosen?.session === entry.name && (chosen.index === index || !volume), text: (isNew ? "new, " : "") + text(is, volume),
      };
    });
    const key = JSON.stringify(rows);
    if (key === this.key) return;
    this.key = key;
    while (this.list.children.length > rows.length) this.list.lastElementChild?.remove();
    rows.forEach((row, place) => {
      const button = /** @type {HTMLButtonElement} */ ((this.list.children[place] ?? this.#item()).firstElementChild);
      button.onclick = () => this.onChoose(row.session, row.index);
      button.setAttribute("aria-current", String(row.isChosen));
      button.classList.toggle("announced", row.isNew);
      button.title = `${row.session}, begun ${new Date(1000 * row.begun).toLocaleString("en-GB")}`;
      const [dot, name, state] = button.children;
      dot.className = `dot ${row.is}`;
      name.textContent = row.name;
      state.textContent = row.text;
    });
  }

  #item() {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.append(...["dot", "name", "quiet"].map((name) => Object.assign(document.createElement("span"), { className: name })));
    item.append(button);
    this.list.append(item);
    return item;
  }

  /** @param {Session | undefined} session @param {Volume | undefined} volume */
  offer(session, volume) {
    this.downloads.hidden = !volume;
    if (!session || !volume) return;
    const is = volume.is_exact ? "exact" : volume.state ?? session.state;
    const ending = endings[is] ?? ".partial.nii.gz";
    this.volume.href = `/volume/${encodeURIComponent(session.name)}/${volume.index}/file`;
    this.volume.textContent = `volume${ending}`;
    this.receipt.hidden = session.state === "receiving" || session.state === "stalled";
    this.receipt.href = `/receipt/${encodeURIComponent(session.name)}`;
  }
}

/**
 * The state of a row: a volume's own, where it has one.
 * @param {Entry} entry @param {Volume | null} volume
 */
const standing = (entry, volume) => (volume && !arriving.has(entry.state) ? volume.state ?? entry.state : volume?.is_exact ? "exact" : entry.state);

/** @param {SessionState} is @param {Volume | null} volume */
function text(is, volume) {
  if (is !== "receiving" || !volume) return words[is] ?? is;
  if (volume.milestones.background_complete != null) return `preview, ${percent(volume.completeness?.share ?? 0)} exact`;
  return volume.milestones.roi_complete != null ? "ROI" : "arriving";
}
