// The list of senders' sessions, and what can be fetched of the one that is shown.

const endings = { exact: ".nii.gz", lossy: ".lossy.nii.gz", partial: ".partial.nii.gz" };

export class Sessions {
  constructor(root, onChoose) {
    this.list = root.querySelector("#sessions");
    this.none = root.querySelector("#sessions-none");
    this.downloads = root.querySelector("#downloads");
    this.volume = root.querySelector("#download-volume");
    this.receipt = root.querySelector("#download-receipt");
    this.onChoose = onChoose;
  }

  draw(sessions, chosen) {
    this.none.hidden = sessions.length > 0;
    const items = sessions.flatMap((session) => (session.volumes.length ? session.volumes : [null]).map((volume) => ({ session, volume })));
    while (this.list.children.length > items.length) this.list.lastChild.remove();
    items.forEach(({ session, volume }, place) => {
      const item = this.list.children[place] ?? this.#item();
      const button = item.firstChild;
      const index = volume?.index ?? 0;
      button.onclick = () => this.onChoose(session.name, index);
      const isChosen = chosen?.session === session.name && chosen.index === index;
      button.setAttribute("aria-current", String(isChosen));
      const [dot, name, state] = button.children;
      dot.className = `dot ${volume?.is_exact ? "exact" : session.state}`;
      name.textContent = session.volumes.length > 1 ? `${session.name} ${index + 1}` : session.name;
      state.textContent = text(session, volume);
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

  offer(session, volume) {
    this.downloads.hidden = !volume;
    if (!volume) return;
    const kind = volume.is_exact ? "exact" : session.state === "lossy" ? "lossy" : "partial";
    this.volume.href = `/volume/${session.name}/${volume.index}/file`;
    this.volume.textContent = `volume${endings[kind]}`;
    this.receipt.hidden = session.is_live;
    this.receipt.href = `/receipt/${session.name}`;
  }
}

function text(session, volume) {
  if (volume?.is_exact) return "exact";
  if (session.state !== "receiving") return session.state;
  if (!volume) return "";
  if (volume.milestones.background_complete != null) return `preview, ${Math.floor(100 * (volume.completeness.share))} % exact`;
  return volume.milestones.roi_complete != null ? "ROI" : "arriving";
}
