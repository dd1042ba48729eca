// Joins what arrives at the receiver with what is shown.

import * as api from "/api.js";
import { Requests } from "/focus.js";
import { Gestures, throughs } from "/gestures.js";
import { Outline } from "/outline.js";
import { Planes } from "/planes.js";
import { Plots } from "/plots.js";
import { Rendering } from "/rendering.js";
import { Sessions } from "/sessions.js";
import { describe, qualityNames } from "/status.js";
import { Timeline } from "/timeline.js";
import { Voxels } from "/voxels.js";
import { Window } from "/window.js";

const find = (id) => document.getElementById(id);

class Viewer {
  constructor() {
    this.outline = null;
    this.planes = new Planes(find("planes"), () => this.#drawn());
    this.rendering = new Rendering(find("rendering"));
    this.outline = new Outline(find("overlay"), this.planes);
    this.timeline = new Timeline(find("timeline"), find("elapsed"));
    this.plots = new Plots(document);
    this.requests = new Requests(document, (text) => this.#say(text));
    this.sessionList = new Sessions(document, (session, index) => this.choose(session, index));
    this.sessions = new Map();
    this.chosen = null;
    this.gestures = new Gestures(find("overlay"), this);
    /** When what was first on the screen, in milliseconds of the page's clock. */
    this.seen = {};
  }

  async open() {
    const start = await api.start();
    if (location.search) history.replaceState(null, "", "/");
    this.requests.allow(start.can_focus);
    find("tool-focus").disabled = !start.can_focus;
    await this.planes.open();
    await this.rendering.open(this.planes.isSoftware);
    this.#tools();
    new ResizeObserver(() => this.#arrange()).observe(find("tiles"));
    this.#arrange();
    api.follow({
      onView: (view) => { if (view !== start.view) location.reload(); },
      onSession: (session) => this.#take(session),
      onSessions: (names) => this.#list(names),
      onState: (isLive) => {
        find("connection").textContent = isLive ? "live" : "no connection";
        find("connection").classList.toggle("live", isLive);
      },
    });
    setInterval(() => this.#tick(), 200);
    this.#describe();
  }

  // Sessions

  #list(names) {
    for (const name of this.sessions.keys()) if (!names.includes(name)) this.sessions.delete(name);
    this.names = names;
    this.#describe();
  }

  #take(session) {
    this.sessions.set(session.name, { ...session, at: performance.now() });
    // The first is shown by itself. No other takes the place of what somebody looks at.
    if (session.volumes.length && !this.chosen) this.#show(session.name, session.volumes[0].index);
    else this.#follow();
    this.#describe();
  }

  choose(session, index) {
    this.#show(session, index);
    this.#describe();
  }

  get session() { return this.chosen && this.sessions.get(this.chosen.session); }
  get volume() { return this.session?.volumes.find((volume) => volume.index === this.chosen.index); }

  async #show(session, index, timepoint = 0) {
    const chosen = { session, index, timepoint };
    this.chosen = chosen;
    this.voxels = null;
    this.plots.reset();
    if (!this.volume) return;
    const meta = await api.meta(session, index);
    if (this.chosen !== chosen) return;
    const voxels = new Voxels(meta, timepoint);
    this.shading = new Window(meta.low, meta.high);
    await this.planes.show(voxels, this.shading);
    if (this.chosen !== chosen) return;
    this.voxels = voxels;
    this.regionIndex = -1;
    this.toRegion();
    this.planes.fit();
    // The planes matter more: the 3-D view waits until something is on them.
    this.isSolidDue = true;
    this.#follow();
    this.#describe();
  }

  /** Fetches what has changed, one patch after another. */
  async #follow() {
    const { voxels, chosen } = this;
    if (!voxels || this.isFetching) return;
    this.isFetching = true;
    try {
      while (this.voxels === voxels && this.volume) {
        if (this.volume.epoch !== voxels.meta.epoch) {
          this.#show(chosen.session, chosen.index, chosen.timepoint);
          break;
        }
        // Regions of interest first, whatever has come in the meantime.
        const part = this.volume.revisions.findIndex((revision, index) => revision > voxels.revisions[index]);
        if (part < 0) break;
        const patch = await api.patches(
          chosen.session, chosen.index, voxels.meta.epoch, part, voxels.revisions[part], chosen.timepoint);
        if (!patch || this.voxels !== voxels) break;
        const boxes = voxels.apply(patch, part);
        if (boxes.length) (this.news ??= new Set()).add(part ? "background" : "roi");
        this.#window(boxes);
        this.planes.change(boxes);
        if (this.rendering.voxels === voxels) this.rendering.change(boxes);
      }
    } catch (error) {
      this.#say(`What has arrived cannot be fetched: ${error.message}.`);
    } finally {
      this.isFetching = false;
    }
    if (this.voxels !== voxels) this.#follow();
  }

  /** Chooses a window once there is something to choose it by, and again when the whole volume is there. */
  #window(boxes) {
    const stage = this.volume.milestones.background_complete != null ? 2 : this.volume.milestones.roi_complete != null ? 1 : 0;
    const key = boxes.length ? stage : -1;
    if (this.shading.isChosen || key <= (this.shading.stage ?? -1)) return;
    const range = this.voxels.robustRange();
    if (!range) return;
    this.shading.stage = key;
    this.shading.set(...range);
    this.planes.refreshAll();
    if (this.rendering.voxels === this.voxels) this.rendering.refreshAll();
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
    if (count > 1) this.#show(this.chosen.session, this.chosen.index, (this.chosen.timepoint + 1) % count);
  }

  help() {
    find("keys").open = !find("keys").open;
    if (find("keys").open) find("keys").scrollIntoView({ block: "nearest" });
  }

  // Requests for a region

  startAsking() {
    this.gestures.isAsking = !this.gestures.isAsking;
    find("tool-focus").setAttribute("aria-pressed", String(this.gestures.isAsking));
  }

  stopAsking() {
    this.gestures.isAsking = false;
    find("tool-focus").setAttribute("aria-pressed", "false");
  }

  drag(rectangle) {
    this.outline.drag = rectangle;
    this.outline.draw();
  }

  /** A box drawn on a plane is as deep as it is wide, about the slice in sight. */
  askOnPlane(plane, from, to) {
    this.stopAsking();
    const corners = [from, to].map((place) => this.planes.voxelAt(plane, ...place));
    if (corners.includes(null)) return;
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) < 6) return this.#askAround(corners[0].map(Math.round));
    const through = throughs[plane];
    const sides = [0, 1, 2].map((axis) => Math.abs(corners[0][axis] - corners[1][axis]));
    const depth = Math.max(4, (sides[0] + sides[1] + sides[2]) / 4);
    const box = [0, 1, 2].flatMap((axis) => {
      const [low, high] = [corners[0][axis], corners[1][axis]].sort((a, b) => a - b);
      const slice = this.planes.crosshair[through];
      return axis === through ? [slice - depth, slice + depth + 1] : [low, high + 1];
    });
    this.#ask(box);
  }

  askAtCrosshair() { this.#askAround(this.planes.crosshair); }

  /** 12 mm on every side. */
  #askAround(voxel) {
    const { affine } = this.voxels.orientation;
    this.#ask([0, 1, 2].flatMap((axis) => {
      const reach = Math.max(2, 12 / (Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]) || 1));
      return [voxel[axis] - reach, voxel[axis] + reach + 1];
    }));
  }

  #ask(box) {
    if (!this.requests.canAsk) return this.#say("This receiver cannot ask senders for a region.");
    const { shape, orientation } = this.voxels;
    const whole = box.map((side, index) => Math.min(shape[index >> 1], Math.max(0, Math.round(side))));
    if ([0, 1, 2].some((axis) => whole[2 * axis] >= whole[2 * axis + 1])) return;
    this.requests.send(this.chosen.session, this.chosen.index, orientation.toVolume(whole));
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
    const voxel = this.hovered ?? this.planes.crosshair;
    const { value, quality } = this.voxels.at(voxel);
    const text = quality === 0 ? "" : ` ${Number(value.toPrecision(6))}`;
    const time = this.voxels.meta.shape[3] > 1 ? `t ${this.chosen.timepoint + 1}/${this.voxels.meta.shape[3]}  ` : "";
    find("readout").textContent = `${time}(${voxel.join(", ")})${text}  ${qualityNames[quality]}  W ${short(this.shading.width)} L ${short(this.shading.level)}`;
  }

  #drawn() {
    this.outline?.draw();
    this.#read();
    const { voxels, news } = this;
    if (!voxels || !news?.size) return;
    if (this.isSolidDue) {
      this.isSolidDue = false;
      setTimeout(() => this.voxels === voxels && this.rendering.show(voxels, this.shading), 300);
    }
    for (const part of news) this.seen[part] ??= performance.now();
    news.clear();
    this.#legend();
  }

  #legend() {
    const { voxels } = this;
    if (!voxels) return;
    const content = voxels.contentCount;
    const outside = voxels.count - content;
    voxels.counts.forEach((count, quality) => {
      const share = (quality === 3 ? count - outside : count) / content;
      find(`share-${quality}`).textContent = share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
    });
  }

  #tick() {
    const { session, volume } = this;
    if (!session || !volume) return;
    const isRunning = session.state === "receiving" || session.state === "stalled";
    this.timeline.draw(volume, session.elapsed + (isRunning ? (performance.now() - session.at) / 1000 : 0));
  }

  #describe() {
    const { session, volume } = this;
    const status = describe(session, volume);
    document.body.dataset.state = status.state;
    document.title = status.title;
    find("banner-head").textContent = status.head;
    find("banner-body").textContent = status.body;
    this.outline.status = status;
    const requests = (session?.focus ?? []).filter((request) => request.volume === this.chosen.index);
    this.outline.requests = this.voxels ? requests.map((request) => ({ ...request, box: this.voxels.orientation.toView(request.box) })) : [];
    this.requests.draw(requests);
    this.sessionList.draw((this.names ?? []).map((name) => this.sessions.get(name)).filter(Boolean), this.chosen);
    this.sessionList.offer(session, volume);
    this.plots.take(session?.figures);
    const bounds = volume?.regions.map((part) => part.max_error).filter((error) => error != null) ?? [];
    find("bounds").textContent = volume && !volume.is_exact && Math.max(0, ...bounds) > 0 ? `No voxel of the ROI is off by more than ${Math.max(...bounds)}.` : "";
    this.#legend();
    this.#tick();
    this.outline.draw();
  }

  #say(text) {
    find("banner-body").textContent = text;
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
    this.outline.draw();
    this.rendering.draw();
  }

  #tools() {
    const on = (id, body) => find(id).addEventListener("click", body);
    on("tool-focus", () => this.startAsking());
    on("tool-roi", () => this.toRegion());
    on("tool-quality", () => this.toggleQuality());
    on("tool-outline", () => this.toggleOutline());
    on("tool-maximise", () => this.maximise());
    on("tool-window", () => this.autoWindow());
    on("tool-reset", () => this.planes.fit());
  }
}

const short = (value) => Number(value.toPrecision(4));

const viewer = new Viewer();
// For tests and for whoever looks with a browser's tools.
window.fovea = viewer;
viewer.open().catch((error) => {
  document.body.dataset.state = "failed";
  find("banner-head").textContent = "This page cannot show the volume.";
  find("banner-body").textContent = `${error.message} It needs WebGL 2.`;
});
