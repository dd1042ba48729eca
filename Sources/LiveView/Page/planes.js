// @ts-check
// Axial, coronal and sagittal planes by NiiVue. Voxels go into its textures box by box, so that a patch costs what it covers, and
// a frame what it shows.

import { Niivue, cmapper } from "/niivue.js";
import { coarseImage, settle, warm } from "/image.js";
import { Shown } from "/shown.js";

/**
 * @typedef {import("/owners.js").Selection} Selection @typedef {import("/types.js").Box} Box @typedef {import("/types.js").Drawn} Drawn
 * @typedef {import("/types.js").Point} Point @typedef {import("/types.js").Tile} Tile @typedef {import("/types.js").Triple} Triple
 * @typedef {import("/voxels.js").Voxels} Voxels @typedef {import("/window.js").Window} Window
 */

const uploadLimit = 450_000;

export class Planes {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Selection} selection what may be drawn
   * @param {{ onDraw: () => void, onLost: () => void }} callbacks after each frame, and when nothing can be drawn any more
   */
  constructor(canvas, selection, { onDraw, onLost }) {
    this.canvas = canvas;
    this.selection = selection;
    this.onDraw = onDraw;
    /** @type {Niivue} None until it is opened. */
    this.nv;
    /** @type {Voxels | null} */
    this.voxels = null;
    /** @type {Shown | null} The content of the textures. */
    this.shown = null;
    /** @type {Window | null} */
    this.shading = null;
    /** Revisions of which every piece is in the textures. */
    this.uploaded = [-1, -1];
    /** @type {Drawn | null} The content of the planes when they were drawn last; null where that is nothing. */
    this.drawn = null;
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.drawn = null;
      onLost();
    });
    this.active = 0;
    this.isMaximised = false;
    this.showsQuality = false;
    /** @type {Box[]} Boxes that have changed and are not in the textures yet. */
    this.pending = [];
    this.isRefreshing = false;
    this.isBlackBeyond = true;
    this.isSoftware = false;
    /** @type {number | null} */
    this.frame = null;
    this.isDue = false;
    this.isUrgent = false;
    this.lastDraw = 0;
    /** @type {number | undefined} Milliseconds that a frame takes; none before the first. */
    this.cost = undefined;
    this.stats = { draws: 0, longest: 0, last: 0 };
    this.scratch = new Uint32Array(0);
    this.labels = new Uint8Array(0);
  }

  async open() {
    this.nv = new Niivue({
      interactive: false, dragAndDropEnabled: false, logLevel: "silent", isRadiologicalConvention: true, backColor: [0, 0, 0, 1],
      // Crosshair and letters are drawn above the planes: see outline.js.
      crosshairWidth: 0, isOrientationTextVisible: false, loadingText: "",
      forceDevicePixelRatio: this.pixelRatio(),
    });
    await this.nv.attachToCanvas(this.canvas, false);
    // Labels 1 to 4 are the qualities 0 to 3; 0 would be clear.
    this.nv.drawLut = cmapper.makeDrawLut({
      R: [0, 80, 111, 240, 63], G: [0, 110, 140, 166, 201], B: [0, 150, 255, 58, 142], A: [0, 255, 255, 255, 255],
      labels: ["", "not arrived", "background base", "ROI base", "exact"],
    });
    this.nv.drawOpacity = 0;
    const name = this.nv.gl.getExtension("WEBGL_debug_renderer_info");
    const renderer = name ? this.nv.gl.getParameter(name.UNMASKED_RENDERER_WEBGL) : "";
    this.isSoftware = /swiftshader|llvmpipe|software/i.test(renderer);
    await warm(this.nv);
  }

  pixelRatio() { return Math.min(2, window.devicePixelRatio || 1); }

  /** Shows nothing, at once. */
  clear() {
    if (!this.voxels && !this.nv.volumes.length) return;
    while (this.nv.volumes.length) this.nv.removeVolume(this.nv.volumes[0]);
    this.voxels = null;
    this.shown = null;
    this.drawn = null;
    this.pending = [];
    this.isRefreshing = false;
    this.nv.drawScene();
  }

  /**
   * Shows a volume; false where another was selected meanwhile.
   * @param {Voxels} voxels @param {Window} shading
   */
  async show(voxels, shading) {
    const { gl } = this.nv;
    const limit = gl.getParameter(gl.MAX_3D_TEXTURE_SIZE);
    if (Math.max(...voxels.shape) > limit) throw new Error(`this browser draws at most ${limit} voxels a side`);
    const image = await coarseImage(voxels.shape, voxels.orientation.affine);
    if (!this.selection.isCurrent(voxels.owner)) return false;
    this.clear();
    this.nv.addVolume(image);
    while (gl.getError() !== gl.NO_ERROR);
    this.nv.volumeTexture = this.nv.rgbaTex(this.nv.volumeTexture, 33984, [3, ...voxels.shape]);
    this.nv.drawTexture = this.nv.r8Tex(this.nv.drawTexture, 33991, [3, ...voxels.shape]);
    // A texture without memory draws black and says nothing.
    if (gl.getError() !== gl.NO_ERROR) throw new Error("this browser has no room for the volume's textures");
    this.voxels = voxels;
    this.shown = new Shown(voxels);
    this.uploaded = [-1, -1];
    this.shading = shading;
    this.layout();
    this.isBlackBeyond = true;
    this.refreshAll();
    return true;
  }

  // Tiles

  /**
   * The places of the planes and the 3-D view on the stage.
   * @returns {Record<number, Tile>}
   */
  tiles() {
    if (this.isMaximised) return { [this.active]: [0, 0, 1, 1] };
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width > 1.05 * height || width > 700) {
      return { 0: [0, 0, 0.5, 0.5], 1: [0.5, 0, 0.5, 0.5], 2: [0, 0.5, 0.5, 0.5], 3: [0.5, 0.5, 0.5, 0.5] };
    }
    // Narrow: the active plane large, the others below it.
    const others = [0, 1, 2].filter((plane) => plane !== this.active);
    const third = 0.333333;
    return {
      [this.active]: [0, 0, 1, 0.66], [others[0]]: [0, 0.66, third, 0.34], [others[1]]: [third, 0.66, third, 0.34],
      3: [2 * third, 0.66, third, 0.34],
    };
  }

  layout() {
    const tiles = this.tiles();
    this.nv.customLayout = [0, 1, 2].filter((plane) => tiles[plane]).map((plane) => ({ sliceType: plane, position: tiles[plane] }));
    this.draw();
  }

  // Places

  /** The voxel under the crosshair, of the volume that is shown. */
  get crosshair() {
    const position = this.nv.scene.crosshairPos;
    const { shape } = this.#there;
    return /** @type {Triple} */ ([0, 1, 2].map((axis) => {
      const side = shape[axis];
      return Math.min(side - 1, Math.max(0, Math.round(position[axis] * side - 0.5)));
    }));
  }

  set crosshair(voxel) {
    const { shape } = this.#there;
    this.nv.scene.crosshairPos = [0, 1, 2].map((axis) => (Math.min(shape[axis] - 1, Math.max(0, voxel[axis])) + 0.5) / shape[axis]);
    if (this.isRefreshing) this.uploadVisible();
    this.draw(true);
  }

  /** The volume that is shown: for whoever knows that there is one. */
  get #there() {
    if (!this.voxels) throw new Error("nothing is shown");
    return this.voxels;
  }

  /** @param {number} plane */
  #slice(plane) { return this.nv.screenSlices.find((slice) => slice.axCorSag === plane); }

  /**
   * The place in voxels under a point of the stage, in CSS pixels; null outside the image.
   * @param {number} plane @param {number} x @param {number} y
   */
  voxelAt(plane, x, y) {
    const tile = this.nv.screenSlices.findIndex((slice) => slice.axCorSag === plane);
    if (tile < 0) return null;
    const ratio = this.nv.uiData.dpr;
    const place = this.nv.screenXY2TextureFrac(x * ratio, y * ratio, tile, false);
    if (!(place[0] > -0.5)) return null;
    const { shape } = this.#there;
    return /** @type {Triple} */ ([0, 1, 2].map((axis) => place[axis] * shape[axis] - 0.5));
  }

  /**
   * The place on the stage of a point of a plane, in CSS pixels; `point` counts voxels' edges.
   * @param {number} plane @param {number[]} point @returns {Point | null}
   */
  pointOf(plane, point) {
    const slice = this.#slice(plane);
    if (!slice) return null;
    const { shape } = this.#there;
    const mm = this.nv.frac2mm([0, 1, 2].map((axis) => point[axis] / shape[axis]));
    const [across, up] = plane === 0 ? [mm[0], mm[1]] : plane === 1 ? [mm[0], mm[2]] : [mm[1], mm[2]];
    let [left, top, width, height] = slice.leftTopWidthHeight;
    let share = (across - slice.leftTopMM[0]) / slice.fovMM[0];
    if (width < 0) {
      [left, width] = [left + width, -width];
      share = 1 - share;
    }
    const ratio = this.nv.uiData.dpr;
    return [(left + share * width) / ratio, (top + (1 - (up - slice.leftTopMM[1]) / slice.fovMM[1]) * height) / ratio];
  }

  /** @param {number} factor */
  zoom(factor) {
    const pan = this.nv.scene.pan2Dxyzmm;
    const next = Math.min(20, Math.max(0.5, pan[3] * factor));
    const mm = this.nv.frac2mm(this.nv.scene.crosshairPos);
    for (let axis = 0; axis < 3; axis++) pan[axis] += (pan[3] - next) * mm[axis];
    pan[3] = next;
    this.draw(true);
  }

  /**
   * Moves the image by CSS pixels on a plane.
   * @param {number} plane @param {number} dx @param {number} dy
   */
  pan(plane, dx, dy) {
    const slice = this.#slice(plane);
    if (!slice) return;
    const pan = this.nv.scene.pan2Dxyzmm;
    // One millimetre of pan moves the image by one of the screen's at no zoom.
    const scale = (pan[3] * this.nv.uiData.dpr * Math.abs(slice.fovMM[0])) / Math.abs(slice.leftTopWidthHeight[2]);
    const isMirrored = plane < 2 && this.nv.opts.isRadiologicalConvention;
    pan[plane === 2 ? 1 : 0] += (isMirrored ? -dx : dx) * scale;
    pan[plane === 0 ? 1 : 2] -= dy * scale;
    this.draw(true);
  }

  /** Shows all of what is not empty, as large as it goes. */
  fit() {
    const { shape, meta, orientation } = this.#there;
    const box = meta.content ? orientation.toView(meta.content) : shape.flatMap((side) => [0, side]);
    const zoom = Math.max(1, Math.min(8, ...[0, 1, 2].map((axis) => (0.94 * shape[axis]) / (box[2 * axis + 1] - box[2 * axis]))));
    const middle = this.nv.frac2mm([0.5, 0.5, 0.5]);
    const centre = this.nv.frac2mm([0, 1, 2].map((axis) => (box[2 * axis] + box[2 * axis + 1]) / 2 / shape[axis]));
    this.nv.scene.pan2Dxyzmm.set([...[0, 1, 2].map((axis) => middle[axis] - centre[axis] * zoom), zoom]);
    this.draw(true);
  }

  // Textures and frames

  /** Milliseconds between frames while patches come: more where a frame takes much of the processor, which decodes as well. */
  get interval() { return Math.min(200, Math.max(100, 3 * (this.cost ?? 0))); }

  /** @param {boolean} isShown */
  setQualityShown(isShown) {
    this.showsQuality = isShown;
    this.nv.drawOpacity = isShown ? 0.42 : 0;
    this.draw(true);
  }

  /**
   * Takes boxes of voxels that have changed.
   * @param {Box[]} boxes
   */
  change(boxes) {
    this.pending.unshift(...boxes.flatMap(pieces));
    this.draw();
  }

  /** Has everything drawn anew, what is in sight first. */
  refreshAll() {
    const { shape, meta, content } = this.#there;
    // Beyond the content there is the fill value alone, which is black from the start, unless the window makes it brighter.
    const isBlack = (meta.fill ?? -Infinity) <= (this.shading?.low ?? -Infinity);
    this.isRefreshing = true;
    this.pending = pieces(isBlack && this.isBlackBeyond ? content : [0, shape[0], 0, shape[1], 0, shape[2]]);
    this.isBlackBeyond = isBlack;
    this.uploadVisible();
    this.draw(true);
  }

  uploadVisible() {
    const [x, y, z] = this.#there.shape;
    const [i, j, k] = this.crosshair;
    this.#upload([0, x, 0, y, k, k + 1]);
    this.#upload([0, x, j, j + 1, 0, z]);
    this.#upload([i, i + 1, 0, y, 0, z]);
  }

  /**
   * Gives back how many voxels that was.
   * @param {Box} box
   */
  #upload(box) {
    const [x0, x1, y0, y1, z0, z1] = box;
    /** @type {Triple} */
    const sides = [x1 - x0, y1 - y0, z1 - z0];
    const count = sides[0] * sides[1] * sides[2];
    if (this.scratch.length < count) {
      this.scratch = new Uint32Array(count);
      this.labels = new Uint8Array(count);
    }
    this.shading?.paint(this.#there, box, this.scratch);
    this.#label(box);
    const gl = this.nv.gl;
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    /** @param {number} unit @param {WebGLTexture | null} texture @param {number} format @param {Uint8Array} bytes */
    const put = (unit, texture, format, bytes) => {
      gl.activeTexture(unit);
      gl.bindTexture(gl.TEXTURE_3D, texture);
      gl.texSubImage3D(gl.TEXTURE_3D, 0, x0, y0, z0, ...sides, format, gl.UNSIGNED_BYTE, bytes);
    };
    put(gl.TEXTURE0, this.nv.volumeTexture, gl.RGBA, new Uint8Array(this.scratch.buffer, 0, 4 * count));
    put(gl.TEXTURE7, this.nv.drawTexture, gl.RED, this.labels.subarray(0, count));
    return count;
  }

  /**
   * Labels are qualities; of what is exactly the fill value, around the body, nothing needs to be said.
   * @param {Box} box
   */
  #label([x0, x1, y0, y1, z0, z1]) {
    const { shown, labels } = this;
    const voxels = this.#there;
    const { shape } = voxels;
    let place = 0;
    for (let z = z0; z < z1; z++) {
      for (let y = y0; y < y1; y++) {
        const row = (z * shape[1] + y) * shape[0];
        for (let index = row + x0; index < row + x1; index++) {
          const label = voxels.label(index);
          labels[place++] = label;
          shown?.put(index, label);
        }
      }
    }
  }

  /** Draws soon; at once where a hand waits for it. */
  draw(isUrgent = false) {
    this.isUrgent ||= isUrgent;
    this.isDue = true;
    if (!this.frame) this.frame = requestAnimationFrame((time) => this.#step(time));
  }

  /** @param {number} time */
  #step(time) {
    this.frame = null;
    const start = performance.now();
    if (this.voxels && !this.selection.admits(this.voxels.owner, "planes")) this.clear();
    let count = 0;
    for (let box; this.voxels && count < uploadLimit && (box = this.pending.shift());) count += this.#upload(box);
    if (count) this.isDue = true;
    if (!this.pending.length) this.isRefreshing = false;
    if (this.isDue && (this.isUrgent || time - this.lastDraw >= this.interval)) {
      this.isDue = false;
      this.isUrgent = false;
      this.lastDraw = time;
      this.nv.drawScene();
      if (this.isSoftware) settle(this.nv.gl);
      this.#note();
      this.onDraw();
      this.stats.draws++;
    }
    this.stats.last = performance.now() - start;
    this.stats.longest = Math.max(this.stats.longest, this.stats.last);
    this.cost = 0.7 * (this.cost ?? this.stats.last) + 0.3 * this.stats.last;
    if (this.pending.length || this.isDue) this.draw();
  }

  /** Notes what the frame shows. Revisions count once all of their pieces are in the textures. */
  #note() {
    if (!this.voxels || !this.shown || this.nv.gl.isContextLost()) {
      this.drawn = null;
      return;
    }
    if (!this.pending.length) this.uploaded = [...this.voxels.revisions];
    this.drawn = {
      owner: this.voxels.owner, revisions: this.uploaded, counts: this.shown.copyCounts(), timepointCount: this.voxels.meta.shape[3],
    };
  }
}

/**
 * Cuts a box into slabs that take little time each.
 * @param {Box} box
 */
function pieces([x0, x1, y0, y1, z0, z1]) {
  const step = Math.max(1, Math.floor(150_000 / ((x1 - x0) * (y1 - y0))));
  /** @type {Box[]} */
  const result = [];
  for (let z = z0; z < z1; z += step) result.push([x0, x1, y0, y1, z, Math.min(z1, z + step)]);
  return result;
}
