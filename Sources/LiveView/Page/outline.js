// @ts-check
// What lies over the planes: their names, outlines of regions, and what keeps an incomplete volume from being taken for a complete one.

/**
 * @typedef {import("/owners.js").Selection} Selection @typedef {import("/planes.js").Planes} Planes @typedef {import("/types.js").Box} Box
 * @typedef {import("/types.js").Drag} Drag @typedef {import("/types.js").Owner} Owner @typedef {import("/types.js").Point} Point
 * @typedef {import("/types.js").RegionRequest} RegionRequest @typedef {import("/types.js").Status} Status
 * @typedef {import("/types.js").Tile} Tile @typedef {import("/voxels.js").Voxels} Voxels
 */
/** @typedef {CanvasRenderingContext2D} Context */

const names = ["Axial", "Coronal", "Sagittal", "3-D"];
const throughs = [2, 1, 0];
const inPlane = [[0, 1], [0, 2], [1, 2]];

export class Outline {
  /** @param {HTMLCanvasElement} canvas @param {Planes} planes @param {Selection} selection what may be drawn */
  constructor(canvas, planes, selection) {
    this.canvas = canvas;
    this.planes = planes;
    this.selection = selection;
    this.showsRegions = true;
    /** @type {Voxels | null} Drawn over: null where it may not be. */
    this.voxels = null;
    /** @type {string | null} What is drawn, as JSON; null where the planes have changed since. */
    this.key = null;
    /** @type {Status} */
    this.status = { owner: null, badge: "", watermark: "" };
    /** @type {{ owner: Owner | null, list: RegionRequest[] }} */
    this.requests = { owner: null, list: [] };
    /** @type {Drag | null} */
    this.drag = null;
    /** @type {{ key: string, canvas: HTMLCanvasElement } | null} The watermark as it was drawn last. */
    this.stamp = null;
  }

  clear() {
    this.status = { owner: null, badge: "", watermark: "" };
    this.requests = { owner: null, list: [] };
    this.drag = null;
  }

  /**
   * Takes the requests of a volume, whose voxels turn them into the view.
   * @param {Owner | null} owner @param {RegionRequest[]} requests @param {Voxels | null} voxels
   */
  take(owner, requests, voxels) {
    this.requests = { owner, list: voxels ? requests.map((request) => ({ ...request, box: voxels.orientation.toView(request.box) })) : [] };
  }

  /** The voxels that are drawn over: null where they, the badge or the requests are another's. */
  #admitted() {
    const { voxels } = this.planes;
    if (!voxels) return null;
    /** @type {[Owner | null, string][]} */
    const parts = [[voxels.owner, "outline"], [this.status.owner, "badge"], [this.requests.owner, "requested regions"]];
    const isMine = parts.every(([owner, what]) => this.selection.admits(owner, what));
    return isMine ? voxels : null;
  }

  /** Draws where something else is to be said; the planes have it drawn with each of their frames. */
  drawChanged() {
    const key = JSON.stringify([this.status, this.requests, Boolean(this.planes.voxels)]);
    if (key !== this.key) this.draw();
  }

  draw() {
    this.key = JSON.stringify([this.status, this.requests, Boolean(this.planes.voxels)]);
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== Math.round(height * ratio)) this.canvas.height = Math.round(height * ratio);
    const context = contextOf(this.canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.voxels = this.#admitted();
    if (this.voxels && this.status.watermark) context.drawImage(this.#watermark(width, height, ratio), 0, 0, width, height);
    for (const [plane, share] of Object.entries(this.planes.tiles())) {
      /** @type {Tile} */
      const box = [share[0] * width, share[1] * height, share[2] * width, share[3] * height];
      context.save();
      context.beginPath();
      context.rect(...box);
      context.clip();
      this.#tile(context, Number(plane), box);
      context.restore();
      const isActive = Number(plane) === this.planes.active;
      context.strokeStyle = isActive ? "#5cc8ff88" : "#1f2a37";
      context.lineWidth = 1;
      context.strokeRect(box[0] + 0.5, box[1] + 0.5, box[2] - 1, box[3] - 1);
    }
  }

  /** @param {Context} context @param {number} plane @param {Tile} box */
  #tile(context, plane, box) {
    const { voxels } = this;
    if (voxels && plane < 3) {
      const slice = this.planes.crosshair[throughs[plane]];
      if (this.showsRegions) for (const region of voxels.regions) this.#outline(context, plane, region, slice, "#f0a63a", []);
      for (const request of this.requests.list) {
        this.#outline(context, plane, request.box, slice, request.seconds != null ? "#3fc98e" : "#5cc8ff", [5, 4]);
      }
      this.#crosshair(context, plane, box);
      if (this.drag?.plane === plane) this.#rectangle(context, this.drag.from, this.drag.to);
    }
    this.#caption(context, plane, box);
    if (voxels && plane < 3) this.#letters(context, plane, box);
    if (voxels && this.status.badge) this.#badge(context, plane, box);
  }

  /** @param {Context} context @param {number} plane @param {Tile} tile */
  #crosshair(context, plane, [left, top, width, height]) {
    const point = this.planes.pointOf(plane, this.planes.crosshair.map((index) => index + 0.5));
    if (!point) return;
    const [x, y] = point.map((value) => Math.round(value) + 0.5);
    context.strokeStyle = "#5cc8ffa0";
    context.lineWidth = 1;
    context.beginPath();
    // What is pointed at stays free.
    for (const [from, to] of [[left, x - 12], [x + 12, left + width]]) { context.moveTo(from, y); context.lineTo(to, y); }
    for (const [from, to] of [[top, y - 12], [y + 12, top + height]]) { context.moveTo(x, from); context.lineTo(x, to); }
    context.stroke();
  }

  /**
   * Seen from the feet or the front, the patient's right is on the left.
   * @param {Context} context @param {number} plane @param {Tile} tile
   */
  #letters(context, plane, [left, top, width, height]) {
    const [start, end, above, below] = [["R", "L", "A", "P"], ["R", "L", "S", "I"], ["P", "A", "S", "I"]][plane];
    context.font = "600 12px system-ui, sans-serif";
    context.fillStyle = "#b9c7d6";
    context.textBaseline = "middle";
    context.textAlign = "center";
    context.fillText(start, left + 12, top + height / 2);
    context.fillText(end, left + width - 12, top + height / 2);
    context.fillText(above, left + width / 2, top + (width < 200 ? 48 : width < 430 ? 36 : 14));
    context.fillText(below, left + width / 2, top + height - 12);
  }

  /** @param {Context} context @param {number} plane @param {Tile} tile */
  #caption(context, plane, [left, top, width]) {
    const { voxels } = this;
    const slice = voxels && plane < 3 ? `  ${this.planes.crosshair[throughs[plane]] + 1} / ${voxels.shape[throughs[plane]]}` : "";
    context.font = "600 11px system-ui, sans-serif";
    context.textBaseline = "top";
    context.textAlign = "left";
    context.fillStyle = plane === this.planes.active ? "#5cc8ff" : "#9fb0c2";
    context.fillText(names[plane], left + 9, top + 8);
    if (width < 150) return;
    const start = left + 9 + context.measureText(names[plane]).width;
    context.font = "11px system-ui, sans-serif";
    context.fillStyle = "#8496aa";
    context.fillText(slice, start, top + 8);
  }

  /** @param {Context} context @param {number} plane @param {Tile} tile */
  #badge(context, plane, [left, top, width]) {
    // Of the 3-D view nothing is exact: it shows a coarser grid through a window of its own.
    const isExact = this.status.state === "exact" && plane < 3;
    const words = plane === 3 ? "OVERVIEW · NOT FOR DIAGNOSIS" : this.status.badge;
    context.font = "700 10.5px system-ui, sans-serif";
    const text = width < 200 ? words.split(" · ")[0] : words;
    const length = context.measureText(text).width + 14;
    const [x, y] = width < 300 ? [left + 7, top + 24] : [left + width - length - 7, top + 7];
    context.fillStyle = isExact ? "#0d3325e6" : this.status.state === "failed" || this.status.state === "lost" ? "#8a332be6" : "#7d4d0ce6";
    context.beginPath();
    context.roundRect(x, y, length, 17, 4);
    context.fill();
    context.fillStyle = isExact ? "#8ff0c1" : "#ffeccb";
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, x + 7, y + 9);
  }

  /**
   * Across the whole stage, so that no crop of a picture of it is without. Kept, since text takes time.
   * @param {number} width @param {number} height @param {number} ratio
   */
  #watermark(width, height, ratio) {
    const key = `${width} ${height} ${ratio} ${this.status.watermark}`;
    if (this.stamp?.key === key) return this.stamp.canvas;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, width * ratio), Math.max(1, height * ratio)];
    this.stamp = { key, canvas };
    const context = contextOf(canvas);
    context.scale(ratio, ratio);
    context.translate(width / 2, height / 2);
    context.rotate(-Math.PI / 7);
    context.font = "700 13px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = "#ffe2b02e";
    const step = context.measureText(this.status.watermark).width + 46;
    const reach = Math.hypot(width, height) / 2;
    for (let y = -Math.ceil(reach / 74) * 74, line = 0; y <= reach; y += 74, line++) {
      for (let x = -Math.ceil(reach / step) * step + (line % 2) * step / 2; x <= reach + step; x += step) {
        context.fillText(this.status.watermark, x, y);
      }
    }
    return canvas;
  }

  /** @param {Context} context @param {number} plane @param {Box} box @param {number} slice @param {string} colour @param {number[]} dash */
  #outline(context, plane, box, slice, colour, dash) {
    const through = throughs[plane];
    if (slice < box[2 * through] || slice >= box[2 * through + 1]) return;
    const [across, up] = inPlane[plane];
    /** @param {number} horizontal @param {number} vertical */
    const corner = (horizontal, vertical) => {
      const point = [0, 0, 0];
      point[through] = slice + 0.5;
      point[across] = box[2 * across + horizontal];
      point[up] = box[2 * up + vertical];
      return this.planes.pointOf(plane, point);
    };
    const from = corner(0, 0);
    const to = corner(1, 1);
    if (!from || !to) return;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.setLineDash(dash);
    context.strokeRect(Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    context.setLineDash([]);
  }

  /** @param {Context} context @param {Point} from @param {Point} to */
  #rectangle(context, from, to) {
    context.fillStyle = "#5cc8ff22";
    context.strokeStyle = "#5cc8ff";
    context.lineWidth = 1.5;
    /** @type {Tile} */
    const box = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
    context.fillRect(...box);
    context.strokeRect(...box);
  }
}

/**
 * Drawn by the processor: a software WebGL takes longer for text than for a plane.
 * @param {HTMLCanvasElement} canvas
 */
function contextOf(canvas) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("this browser cannot draw");
  return context;
}
