// Joins what arrives at the receiver with what is shown.

import * as api from "/api.js";
import { Arrivals, isArriving } from "/arrivals.js";
import { write, writeFault } from "/banner.js";
import { remember, remembered } from "/choice.js";
import { Fetching } from "/fetching.js";
import { Asking, Requests } from "/focus.js";
import { Gestures, throughs } from "/gestures.js";
import { Outline } from "/outline.js";
import { Selection } from "/owners.js";
import { Planes } from "/planes.js";
import { Plots } from "/plots.js";
import { readout } from "/readout.js";
import { Rendering } from "/rendering.js";
import { Sessions } from "/sessions.js";
import { Timeline } from "/timeline.js";
import { faulty, showsAll, viewState } from "/viewstate.js";
import { Window } from "/window.js";

const find = (id) => document.getElementById(id);

class Viewer {
  constructor() {
    this.selection = new Selection();
    this.planes = new Planes(find("planes"), this.selection, { onDraw: () => this.#drawn(), onLost: () => this.#lose() });
    this.rendering = new Rendering(find("rendering"), this.selection, () => this.#describe());
    this.outline = new Outline(find("overlay"), this.planes, this.selection);
    this.timeline = new Timeline(find("timeline"), find("elapsed"));
    this.plots = new Plots(document);
    this.requests = new Requests(document);
    this.sessionList = new Sessions(document, (session, index) => this.choose(session, index));
    this.arrivals = new Arrivals(document, (session) => (session == null ? this.#describe() : this.choose(session, 0)));
    /** Every session in the receiver's folder, newest first; null until the receiver has said. */
    this.entries = null;
    /** What is known of the open ones, by name. */
    this.sessions = new Map();
    /** Since when the receiver is not heard, in milliseconds; null while it is. */
    this.link = { isLive: null, lostAt: null };
    this.fetching = new Fetching(this);
    this.asking = new Asking(this, find("tool-focus"));
    this.gestures = new Gestures(find("overlay"), this);
    /** When what was first on the screen, in milliseconds of the page's clock. */
    this.seen = {};
  }

  async open() {
    const start = await api.start();
    if (location.search) history.replaceState(null, "", `/${location.hash}`);
    this.requests.allow(start.can_focus);
    find("tool-focus").disabled = !start.can_focus;
    await this.planes.open();
    await this.rendering.open(this.planes.isSoftware);
    this.#tools();
    new ResizeObserver(() => this.#arrange()).observe(find("tiles"));
    this.#arrange();
    api.follow({
      onView: ({ view, page }) => {
        // Another run of the receiver: what is here is of one that is no more. The address keeps the choice.
        if (view !== start.view) location.reload();
        this.fetching.page = page;
        this.fetching.openSelected();
      },
      onSession: (session) => this.take(session),
      onSessions: (entries) => this.#list(entries),
      onState: (isLive, at) => this.#connect(isLive, at),
    });
    setInterval(() => this.#tick(), 200);
    this.#describe();
  }

  #connect(isLive, at) {
    if (isLive === this.link.isLive) return;
    this.link = { isLive, lostAt: isLive ? null : at };
    find("connection").textContent = isLive ? "live" : "no connection";
    find("connection").classList.toggle("live", isLive);
    this.#describe();
  }

  // Sessions

  #list(entries) {
    this.entries = entries;
    const names = new Set(entries.map((entry) => entry.name));
    for (const name of this.sessions.keys()) if (!names.has(name)) this.sessions.delete(name);
    if (this.chosen && !names.has(this.chosen.session)) this.#clear();
    if (!this.chosen) this.#chooseFirst();
    this.#describeSoon();
  }

  /** What was chosen before the page was loaded anew; or the newest that arrives. No other takes the place of what somebody looks at. */
  #chooseFirst() {
    const kept = remembered();
    if (kept && this.entries.some((entry) => entry.name === kept.session)) return this.choose(kept.session, kept.index, kept.timepoint);
    const first = this.entries.find(isArriving) ?? this.entries.find((entry) => entry.is_open);
    if (first) this.choose(first.name, 0);
  }

  take(session) {
    this.sessions.set(session.name, { ...session, at: performance.now() });
    if (this.chosen?.session === session.name) {
      // It began anew, or was closed: what is on the planes is of one that is no more.
      const { volumes } = session;
      if (volumes.length && !this.volume) this.choose(session.name, volumes[0].index);
      else if (this.voxels && this.volume?.epoch !== this.voxels.meta.epoch) this.choose(this.chosen.session, this.chosen.index, this.chosen.timepoint);
      else if (!this.voxels) this.fetching.load();
      else this.fetching.follow();
    }
    this.#describeSoon();
  }

  get chosen() { return this.selection.current; }
  get session() { return this.chosen && this.sessions.get(this.chosen.session); }
  get volume() { return this.session?.volumes.find((volume) => volume.index === this.chosen.index); }

  /** Shows another volume: first of all nothing. */
  choose(session, index, timepoint = 0) {
    const isOther = session !== this.chosen?.session;
    this.#clear();
    this.selection.choose(session, index, timepoint);
    remember(this.chosen);
    this.#describe();
    if (isOther || !this.volume) this.fetching.openSelected();
    this.fetching.load();
  }

  /** Takes everything of the volume that was shown off the page. */
  #clear() {
    this.fetching.stop();
    this.selection.clear();
    this.voxels = null;
    this.shading = null;
    this.problem = null;
    this.hovered = null;
    this.news = null;
    this.seen = {};
    this.outline.clear();
    if (this.planes.nv) this.planes.clear();
    if (this.rendering.nv) this.rendering.clear();
    this.timeline.clear();
    this.plots.clear();
    this.requests.clear();
    this.gestures.cancel();
    this.asking.stop();
    find("readout").textContent = "";
    this.#describe();
  }

  /** Says why the selected volume is not here; nothing where it is. */
  trouble(text) {
    if (this.problem === text) return;
    this.problem = text;
    this.#describe();
  }

  /** Takes the volume that is to be filled; false where another was selected meanwhile. */
  async place(voxels, meta) {
    const shading = new Window(meta.low, meta.high);
    if (!await this.planes.show(voxels, shading)) return false;
    this.voxels = voxels;
    this.shading = shading;
    this.regionIndex = -1;
    this.toRegion();
    this.planes.fit();
    // The planes matter more: the 3-D view waits until something is on them.
    this.isSolidDue = true;
    this.trouble(null);
    return true;
  }

  /** Voxels of some boxes have been fetched, of the regions of interest (part 0) or the rest. */
  change(boxes, part) {
    if (boxes.length) (this.news ??= new Set()).add(part ? "background" : "roi");
    if (boxes.length && this.shading.adapt(this.volume, this.voxels)) {
      this.planes.refreshAll();
      if (this.rendering.voxels === this.voxels) this.rendering.refreshAll();
    }
    this.planes.change(boxes);
    if (this.rendering.voxels === this.voxels) this.rendering.change(boxes);
  }

  // Commands

  activate(plane) {
    if (this.planes.active === plane) return;
    this.planes.active = plane;
    this.#arrange();
  }

  point(plane, place) {
    const voxel = this.planes.voxelAt(plane, ...place);
    if (voxel) this.planes.crosshair = voxel.map(Math.round);
  }

  move(axis, steps) {
    const voxel = this.planes.crosshair;
    voxel[axis] += steps;
    this.planes.crosshair = voxel;
  }

  scroll(plane, steps) { this.move(throughs[plane], steps); }

  window(level, width) {
    if (!this.voxels) return;
    this.shading.move(level, width);
    this.#shade();
  }

  autoWindow() {
    const range = this.voxels?.robustRange();
    if (!range) return;
    this.shading.set(...range);
    this.#shade();
  }

  #shade() {
    this.planes.refreshAll();
    if (this.rendering.voxels !== this.voxels) return;
    this.rendering.dirty = [];
    this.rendering.refreshAll();
  }

  toRegion() {
    const { regions, shape } = this.voxels ?? {};
    if (!regions) return;
    if (!regions.length) {
      this.planes.crosshair = shape.map((side) => side >> 1);
      return;
    }
    this.regionIndex = (this.regionIndex + 1) % regions.length;
    const box = regions[this.regionIndex];
    this.planes.crosshair = [0, 1, 2].map((axis) => (box[2 * axis] + box[2 * axis + 1]) >> 1);
  }

  maximise() {
    this.planes.isMaximised = !this.planes.isMaximised;
    find("tool-maximise").setAttribute("aria-pressed", String(this.planes.isMaximised));
    this.#arrange();
  }

  toggleQuality() {
    this.planes.setQualityShown(!this.planes.showsQuality);
    find("tool-quality").setAttribute("aria-pressed", String(this.planes.showsQuality));
  }

  toggleOutline() {
    this.outline.showsRegions = !this.outline.showsRegions;
    find("tool-outline").setAttribute("aria-pressed", String(this.outline.showsRegions));
    this.outline.draw();
  }

  nextTimepoint() {
    const count = this.voxels?.meta.shape[3] ?? 1;
    if (count > 1) this.choose(this.chosen.session, this.chosen.index, (this.chosen.timepoint + 1) % count);
  }

  help() {
    find("keys").open = !find("keys").open;
    if (find("keys").open) find("keys").scrollIntoView({ block: "nearest" });
  }

  drag(rectangle) {
    this.outline.drag = rectangle;
    this.outline.draw();
  }

  // What is shown beside

  hover(plane, place) {
    if (!this.voxels || plane < 0 || plane > 2) return;
    const voxel = this.planes.voxelAt(plane, ...place)?.map(Math.round);
    const { shape } = this.voxels;
    this.hovered = voxel?.every((index, axis) => index >= 0 && index < shape[axis]) ? voxel : null;
    this.#read();
  }

  #read() {
    if (!this.voxels) return;
    find("readout").textContent = readout(this.planes, this.shading, this.hovered ?? this.planes.crosshair);
  }

  #drawn() {
    const { voxels, news } = this;
    if (voxels && news?.size) {
      if (this.isSolidDue) {
        this.isSolidDue = false;
        setTimeout(() => this.voxels === voxels && this.rendering.show(voxels, this.shading), 300);
      }
      for (const part of news) this.seen[part] ??= performance.now();
      news.clear();
    }
    this.#read();
    this.outline.key = null;
    this.#describe();
  }

  /** The browser has taken the picture's memory away. */
  #lose() {
    this.isPictureLost = true;
    find("planes").addEventListener("webglcontextrestored", () => location.reload());
    this.#describe();
  }

  #tick() {
    const { session, volume } = this;
    if (!session || !volume) return;
    // Of a session from before a restart no times are kept.
    if (!(session.elapsed > 0)) return this.timeline.clear();
    const isRunning = this.link.lostAt == null && (session.state === "receiving" || session.state === "stalled");
    this.timeline.draw(volume, session.elapsed + (isRunning ? (performance.now() - session.at) / 1000 : 0));
  }

  /** After what the receiver has said: it says more than a busy processor has time to describe. */
  #describeSoon() {
    this.describing ??= setTimeout(() => this.#describe(), 100);
  }

  /** Brings all that is said to the one state of the view. What cannot be told is told to be no picture for a diagnosis. */
  #describe() {
    clearTimeout(this.describing);
    this.describing = null;
    try {
      this.#say();
    } catch (error) {
      console.error(error);
      this.outline.status = { ...faulty, owner: this.chosen };
      writeFault(faulty);
      this.outline.draw();
    }
  }

  #say() {
    const { session, volume, chosen, planes } = this;
    const entries = this.entries ?? [];
    this.arrivals.take(this.entries, chosen?.session);
    const state = viewState({
      selection: chosen, session, volume, shown: planes.drawn, link: this.link, arrivals: this.arrivals.names,
      // Asked only once it matters: it hurries the 3-D view.
      solid: Boolean(volume?.is_exact) && showsAll(volume, planes.drawn) && this.rendering.isCurrent(planes.voxels),
      trouble: this.isPictureLost ? "this browser has lost the picture; load the page anew." : this.problem,
      waiting: entries.length ? "for a sender; earlier sessions are in the list" : "for a sender",
    });
    this.state = state;
    this.selection.record.state = state;
    write(state, chosen && (session?.volumes.length > 1 ? `${chosen.session} ${chosen.index + 1}` : chosen.session), volume?.completeness);
    this.outline.status = state;
    const requests = (session?.focus ?? []).filter((request) => request.volume === chosen.index && request.timepoint === chosen.timepoint);
    this.outline.requests = {
      owner: chosen, list: this.voxels ? requests.map((request) => ({ ...request, box: this.voxels.orientation.toView(request.box) })) : [],
    };
    this.requests.draw(requests);
    this.sessionList.draw(entries, this.sessions, chosen, this.arrivals.names);
    this.sessionList.offer(session, volume);
    this.plots.take(session?.figures);
    this.outline.drawChanged();
  }

  #arrange() {
    const tile = this.planes.tiles()[3];
    const frame = find("volume");
    frame.hidden = !tile;
    if (tile) {
      const names = ["left", "top", "width", "height"];
      names.forEach((name, index) => { frame.style[name] = `${100 * tile[index]}%`; });
    }
    if (this.planes.nv) this.planes.layout();
    this.rendering.draw();
    this.outline.key = null;
    this.#describe();
  }

  #tools() {
    const on = (id, body) => find(id).addEventListener("click", body);
    on("tool-focus", () => this.asking.toggle());
    on("tool-roi", () => this.toRegion());
    on("tool-quality", () => this.toggleQuality());
    on("tool-outline", () => this.toggleOutline());
    on("tool-maximise", () => this.maximise());
    on("tool-window", () => this.autoWindow());
    on("tool-reset", () => this.planes.fit());
  }
}

const viewer = new Viewer();
// For tests and for whoever looks with a browser's tools.
window.fovea = viewer;
viewer.open().catch((error) => {
  document.body.dataset.state = "failed";
  find("banner-head").textContent = "This page cannot show the volume.";
  find("banner-body").textContent = `${error.message} It needs WebGL 2.`;
});
