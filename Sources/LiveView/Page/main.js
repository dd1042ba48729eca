// @ts-check
// Joins what arrives at the receiver with what is shown.

import * as api from "/api.js";
import { Arrivals } from "/arrivals.js";
import { find, write, writeFault } from "/banner.js";
import { firstChoice, remember } from "/choice.js";
import { Fetching } from "/fetching.js";
import { Asking, Requests } from "/focus.js";
import { Gestures, connectButtons, throughs } from "/gestures.js";
import { Outline } from "/outline.js";
import { Selection } from "/owners.js";
import { Planes } from "/planes.js";
import { Plots } from "/plots.js";
import { readout } from "/readout.js";
import { Rendering } from "/rendering.js";
import { Sessions } from "/sessions.js";
import { Timeline } from "/timeline.js";
import { faulty, showsAll, unable, viewState } from "/viewstate.js";
import { Window } from "/window.js";

/**
 * @typedef {import("/types.js").Box} Box @typedef {import("/types.js").Drag} Drag @typedef {import("/types.js").Entry} Entry
 * @typedef {import("/types.js").HeardSession} HeardSession @typedef {import("/types.js").Link} Link @typedef {import("/types.js").Meta} Meta
 * @typedef {import("/types.js").Point} Point @typedef {import("/types.js").SeenPart} SeenPart @typedef {import("/types.js").Session} Session
 * @typedef {import("/types.js").Triple} Triple @typedef {import("/voxels.js").Voxels} Voxels
 */

/** @param {Triple} place @returns {Triple} */
const rounded = ([x, y, z]) => [Math.round(x), Math.round(y), Math.round(z)];

export class Viewer {
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
    /** @type {Entry[] | null} Every session in the receiver's folder, newest first; null until the receiver has said. */
    this.entries = null;
    /** @type {Map<string, HeardSession>} The open ones, by name. */ this.sessions = new Map();
    /** @type {Link} */ this.link = { isLive: null, lostAt: null };
    this.fetching = new Fetching(this);
    this.asking = new Asking(this, find("tool-focus"));
    this.gestures = new Gestures(find("overlay"), this);
    /** @type {Voxels | null} Those that are shown. */ this.voxels = null;
    /** @type {Window | null} */ this.shading = null;
    /** @type {string | null} Why the selected volume is not here. */
    this.problem = null;
    this.isPictureLost = false;
    /** @type {Triple | null} The voxel under the pointer. */ this.hovered = null;
    /** @type {Set<SeenPart> | null} Fetched since the last frame. */ this.news = null;
    this.isSolidDue = false;
    this.regionIndex = -1;
    /** @type {ReturnType<typeof setTimeout> | null} */ this.describing = null;
    /** @type {Partial<Record<SeenPart, number>>} When each part was first on the screen, in milliseconds of the page's clock. */
    this.seen = {};
  }

  async open() {
    const start = await api.start();
    if (location.search) history.replaceState(null, "", `/${location.hash}`);
    this.requests.allow(start.can_focus);
    find("tool-focus").disabled = !start.can_focus;
    await this.planes.open();
    await this.rendering.open(this.planes.isSoftware);
    connectButtons(this);
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

  /** @param {boolean} isLive @param {number} at */
  #connect(isLive, at) {
    if (isLive === this.link.isLive) return;
    this.link = { isLive, lostAt: isLive ? null : at };
    find("connection").textContent = isLive ? "live" : "no connection";
    find("connection").classList.toggle("live", isLive);
    this.#describe();
  }

  // Sessions

  /** @param {Entry[]} entries */
  #list(entries) {
    this.entries = entries;
    const names = new Set(entries.map((entry) => entry.name));
    for (const name of this.sessions.keys()) if (!names.has(name)) this.sessions.delete(name);
    if (this.chosen && !names.has(this.chosen.session)) this.#clear();
    const first = this.chosen ? null : firstChoice(entries);
    // No other takes the place of what somebody looks at.
    if (first) this.choose(first.session, first.index, first.timepoint);
    this.#describeSoon();
  }

  /** @param {Session} session */
  take(session) {
    this.sessions.set(session.name, { ...session, at: performance.now() });
    const { chosen } = this;
    if (chosen?.session === session.name) {
      // It began anew, or was closed: what is on the planes is of one that is no more.
      const { volumes } = session;
      if (volumes.length && !this.volume) this.choose(session.name, volumes[0].index);
      else if (this.voxels && this.volume?.epoch !== this.voxels.meta.epoch) this.choose(chosen.session, chosen.index, chosen.timepoint);
      else if (!this.voxels) this.fetching.load();
      else this.fetching.follow();
    }
    this.#describeSoon();
  }

  get chosen() { return this.selection.current; }
  get session() { return this.chosen ? this.sessions.get(this.chosen.session) : undefined; }
  get volume() { return this.session?.volumes.find((volume) => volume.index === this.chosen?.index); }

  /**
   * Shows another volume: first of all nothing.
   * @param {string} session @param {number} index
   */
  choose(session, index, timepoint = 0) {
    const isOther = session !== this.chosen?.session;
    this.#clear();
    this.selection.choose(session, index, timepoint);
    remember({ session, index, timepoint });
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

  /** @param {string | null} text says why the selected volume is not here; null where it is */
  trouble(text) {
    if (this.problem === text) return;
    this.problem = text;
    this.#describe();
  }

  /** @param {Voxels} voxels to be filled @param {Meta} meta @returns {Promise<boolean>} false where another was selected meanwhile */
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

  /** @param {Box[]} boxes in which voxels have been fetched @param {number} part 0 for those of the regions of interest */
  change(boxes, part) {
    if (boxes.length) (this.news ??= new Set()).add(part ? "background" : "roi");
    if (boxes.length && this.shading && this.volume && this.voxels && this.shading.adapt(this.volume, this.voxels)) {
      this.planes.refreshAll();
      if (this.rendering.voxels === this.voxels) this.rendering.refreshAll();
    }
    this.planes.change(boxes);
    if (this.rendering.voxels === this.voxels) this.rendering.change(boxes);
  }

  // Commands

  /** @param {number} plane */
  activate(plane) {
    if (this.planes.active === plane) return;
    this.planes.active = plane;
    this.#arrange();
  }

  /** @param {number} plane @param {Point} place */
  point(plane, place) {
    const voxel = this.planes.voxelAt(plane, ...place);
    if (voxel) this.planes.crosshair = rounded(voxel);
  }

  /** @param {number} axis @param {number} steps */
  move(axis, steps) {
    const voxel = this.planes.crosshair;
    voxel[axis] += steps;
    this.planes.crosshair = voxel;
  }

  /** @param {number} plane @param {number} steps */
  scroll(plane, steps) { this.move(throughs[plane], steps); }

  /** @param {number} level @param {number} width */
  window(level, width) {
    if (!this.voxels) return;
    this.shading?.move(level, width);
    this.#shade();
  }

  autoWindow() {
    const range = this.voxels?.robustRange();
    if (!range) return;
    this.shading?.set(...range);
    this.#shade();
  }

  #shade() {
    this.planes.refreshAll();
    if (this.rendering.voxels !== this.voxels) return;
    this.rendering.dirty = [];
    this.rendering.refreshAll();
  }

  toRegion() {
    if (!this.voxels) return;
    const { regions, shape } = this.voxels;
    if (!regions.length) {
      this.planes.crosshair = [shape[0] >> 1, shape[1] >> 1, shape[2] >> 1];
      return;
    }
    this.regionIndex = (this.regionIndex + 1) % regions.length;
    const [x0, x1, y0, y1, z0, z1] = regions[this.regionIndex];
    this.planes.crosshair = [(x0 + x1) >> 1, (y0 + y1) >> 1, (z0 + z1) >> 1];
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
    const { chosen, voxels } = this;
    const count = voxels?.meta.shape[3] ?? 1;
    if (chosen && count > 1) this.choose(chosen.session, chosen.index, (chosen.timepoint + 1) % count);
  }

  help() {
    find("keys").open = !find("keys").open;
    if (find("keys").open) find("keys").scrollIntoView({ block: "nearest" });
  }

  /** @param {Drag | null} rectangle */
  drag(rectangle) {
    this.outline.drag = rectangle;
    this.outline.draw();
  }

  // What is shown beside

  /** @param {number} plane @param {Point} place */
  hover(plane, place) {
    if (!this.voxels || plane < 0 || plane > 2) return;
    const under = this.planes.voxelAt(plane, ...place);
    const voxel = under && rounded(under);
    const { shape } = this.voxels;
    this.hovered = voxel?.every((index, axis) => index >= 0 && index < shape[axis]) ? voxel : null;
    this.#read();
  }

  #read() {
    if (!this.planes.voxels || !this.shading) return;
    find("readout").textContent = readout(this.planes, this.shading, this.hovered ?? this.planes.crosshair);
  }

  #drawn() {
    const { voxels, news, shading } = this;
    if (voxels && news?.size) {
      if (this.isSolidDue) {
        this.isSolidDue = false;
        setTimeout(() => this.voxels === voxels && shading && this.rendering.show(voxels, shading), 300);
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
    if (session && volume) this.timeline.take(session, volume, this.link.lostAt == null ? performance.now() : session.at);
  }

  /** After what the receiver has said: it says more than a busy processor has time to describe. */
  #describeSoon() {
    this.describing ??= setTimeout(() => this.#describe(), 100);
  }

  /** Brings all that is said to the one state of the view. What cannot be told is told to be no picture for a diagnosis. */
  #describe() {
    clearTimeout(this.describing ?? undefined);
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
    /** @type {Entry[]} */
    const entries = this.entries ?? [];
    this.arrivals.take(this.entries, chosen?.session);
    const state = viewState({
      selection: chosen, session, volume, shown: planes.drawn, link: this.link, arrivals: this.arrivals.names,
      // Asked only once it matters: it hurries the 3-D view.
      solid: volume?.is_exact === true && showsAll(volume, planes.drawn) && this.rendering.isCurrent(planes.voxels),
      trouble: this.isPictureLost ? "this browser has lost the picture; load the page anew." : this.problem,
      waiting: entries.length ? "for a sender; earlier sessions are in the list" : "for a sender",
    });
    this.state = state;
    this.selection.record.state = state;
    const count = session?.volumes.length ?? 0;
    const who = chosen && (count > 1 ? `${chosen.session} ${chosen.index + 1}` : chosen.session);
    write(state, who, volume);
    this.outline.status = state;
    const requests = (session?.focus ?? []).filter((request) => request.volume === chosen?.index && request.timepoint === chosen.timepoint);
    this.outline.take(chosen, requests, this.voxels);
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
    const [left, top, width, height] = (tile ?? [0, 0, 0, 0]).map((share) => `${100 * share}%`);
    if (tile) Object.assign(frame.style, { left, top, width, height });
    if (this.planes.nv) this.planes.layout();
    this.rendering.draw();
    this.outline.key = null;
    this.#describe();
  }
}

const viewer = new Viewer();
// For tests and for whoever looks with a browser's tools.
window.fovea = viewer;
viewer.open().catch((error) => writeFault({ ...unable, body: `${error.message} ${unable.body}` }));
