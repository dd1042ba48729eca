// @ts-check
// The 3-D view by NiiVue, of a coarser grid: it is for finding one's way, and costs too much to be drawn with every patch.

import { Niivue } from "/niivue.js";
import { emptyImage, settle, warm } from "/image.js";

/**
 * @typedef {import("/owners.js").Selection} Selection @typedef {import("/types.js").Box} Box @typedef {import("/types.js").Triple} Triple
 * @typedef {import("/voxels.js").Voxels} Voxels @typedef {import("/window.js").Window} Window
 */

export class Rendering {
  /** @param {HTMLCanvasElement} canvas @param {Selection} selection what may be drawn @param {() => void} onDraw */
  constructor(canvas, selection, onDraw) {
    this.canvas = canvas;
    this.selection = selection;
    this.onDraw = onDraw;
    /** @type {Niivue} None until it is opened. */
    this.nv;
    /** @type {Voxels | null} */
    this.voxels = null;
    /** @type {Window | null} */
    this.shading = null;
    this.isSoftware = false;
    /** The longest side of the grid. */
    this.sideLimit = 256;
    /** One voxel of the grid stands for so many along each axis. */
    this.step = 1;
    /** @type {Triple} */
    this.shape = [1, 1, 1];
    this.isDrawn = false;
    this.isHurried = false;
    /** @type {ReturnType<typeof setTimeout> | null} */
    this.timer = null;
    this.due = 0;
    this.lastDraw = 0;
    this.cost = 0;
    this.stats = { draws: 0, longest: 0 };
    /** @type {Box[]} Boxes that have changed and are not in the texture yet. */
    this.dirty = [];
  }

  /** @param {boolean} isSoftware */
  async open(isSoftware) {
    this.isSoftware = isSoftware;
    // The longest side of the grid, and how many of the screen's pixels are drawn.
    this.sideLimit = isSoftware ? 80 : 256;
    this.nv = new Niivue({
      interactive: false, dragAndDropEnabled: false, logLevel: "silent", backColor: [0, 0, 0, 1], loadingText: "",
      isOrientationTextVisible: false, sliceType: 4, forceDevicePixelRatio: isSoftware ? 0.45 : 1,
    });
    await this.nv.attachToCanvas(this.canvas, false);
    await warm(this.nv);
  }

  /** Shows nothing, at once. */
  clear() {
    if (!this.voxels && !this.nv.volumes.length) return;
    while (this.nv.volumes.length) this.nv.removeVolume(this.nv.volumes[0]);
    this.voxels = null;
    this.dirty = [];
    this.isDrawn = false;
    this.isHurried = false;
    clearTimeout(this.timer ?? undefined);
    this.timer = null;
    this.nv.drawScene();
  }

  /** @param {Voxels} voxels @param {Window} shading */
  async show(voxels, shading) {
    const step = Math.ceil(Math.max(...voxels.shape) / this.sideLimit);
    const shape = /** @type {Triple} */ (voxels.shape.map((side) => Math.ceil(side / step)));
    const affine = voxels.orientation.affine.map((row) => [
      row[0] * step, row[1] * step, row[2] * step, row[3] + ((step - 1) / 2) * (row[0] + row[1] + row[2]),
    ]);
    const image = await emptyImage(shape, affine);
    if (!this.selection.isCurrent(voxels.owner)) return;
    this.clear();
    this.step = step;
    this.shape = shape;
    this.nv.addVolume(image);
    this.nv.scene.renderAzimuth = 130;
    this.nv.scene.renderElevation = 18;
    this.nv.scene.volScaleMultiplier = this.#scale(voxels);
    this.voxels = voxels;
    this.shading = shading;
    this.refreshAll();
  }

  get isHidden() { return this.canvas.parentElement?.hidden ?? true; }

  /**
   * True where it shows all of what these voxels are now; what is out of sight is behind nothing.
   * @param {Voxels | null} voxels
   */
  isCurrent(voxels) {
    if (this.isHidden) return true;
    if (this.voxels === voxels && this.isDrawn && !this.dirty.length) return true;
    // The planes show all: nobody should wait for the 3-D view longer than it takes to draw it.
    this.isHurried = true;
    this.draw(true);
    return false;
  }

  /**
   * As large as what is not empty allows.
   * @param {Voxels} voxels
   */
  #scale({ meta, shape, orientation }) {
    if (!meta.content) return 1;
    const box = orientation.toView(meta.content);
    return Math.min(3, 1.15 * Math.hypot(...shape) / Math.hypot(...[0, 1, 2].map((axis) => box[2 * axis + 1] - box[2 * axis])));
  }

  refreshAll() {
    if (!this.voxels) return;
    const [x, y, z] = this.voxels.shape;
    this.change([[0, x, 0, y, 0, z]]);
  }

  /** @param {Box[]} boxes */
  change(boxes) {
    this.isDrawn = false;
    this.dirty.push(...boxes);
    this.draw();
  }

  /** @param {number} dx @param {number} dy */
  turn(dx, dy) {
    this.nv.scene.renderAzimuth = (this.nv.scene.renderAzimuth - dx * 0.6 + 360) % 360;
    this.nv.scene.renderElevation = Math.max(-90, Math.min(90, this.nv.scene.renderElevation + dy * 0.6));
    this.draw(true);
  }

  /** Draws when there is time for it: the more a frame costs, the longer it waits. */
  draw(isUrgent = false) {
    if (this.isHidden || !this.voxels) return;
    const pause = isUrgent ? 0 : Math.max(400, 8 * this.cost);
    const due = this.lastDraw + pause;
    if (this.timer && due >= this.due) return;
    clearTimeout(this.timer ?? undefined);
    this.due = due;
    this.timer = setTimeout(() => requestAnimationFrame(() => this.#step()), Math.max(0, due - performance.now()));
  }

  #step() {
    this.timer = null;
    if (!this.voxels || this.isHidden) return;
    if (!this.selection.admits(this.voxels.owner, "3-D view")) return this.clear();
    const start = performance.now();
    let left = this.isHurried ? Infinity : 400_000;
    for (let box; left > 0 && (box = this.dirty.shift());) left -= this.#upload(this.voxels, box);
    this.nv.drawScene();
    if (this.isSoftware) settle(this.nv.gl);
    this.lastDraw = performance.now();
    this.cost = this.lastDraw - start;
    this.stats.draws++;
    this.stats.longest = Math.max(this.stats.longest, this.cost);
    this.isDrawn = !this.dirty.length;
    if (this.dirty.length) this.draw();
    this.onDraw();
  }

  /**
   * Gives back how many voxels that was, at least one.
   * @param {Voxels} voxels @param {Box} box
   */
  #upload({ values, quality, shape }, box) {
    const step = this.step;
    const half = step >> 1;
    // Of each coarse voxel the fine one in its middle is shown.
    const [from, to] = [0, 1].map((end) => /** @type {Triple} */ ([0, 1, 2].map((axis) =>
      Math.min(this.shape[axis], Math.max(0, Math.ceil((box[2 * axis + end] - Math.min(half, shape[axis] - 1)) / step))))));
    const sides = /** @type {Triple} */ ([0, 1, 2].map((axis) => to[axis] - from[axis]));
    if (!this.shading || sides.some((side) => side <= 0)) return 1;
    const pixels = new Uint32Array(sides[0] * sides[1] * sides[2]);
    /** @param {number} index @param {number} axis */
    const at = (index, axis) => Math.min(shape[axis] - 1, index * step + half);
    let place = 0;
    for (let z = from[2]; z < to[2]; z++) {
      for (let y = from[1]; y < to[1]; y++) {
        const row = (at(z, 2) * shape[1] + at(y, 1)) * shape[0];
        for (let x = from[0]; x < to[0]; x++) {
          const index = row + at(x, 0);
          pixels[place++] = this.shading.paintSolid(values[index], quality[index]);
        }
      }
    }
    const gl = this.nv.gl;
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_3D, this.nv.volumeTexture);
    gl.texSubImage3D(gl.TEXTURE_3D, 0, ...from, ...sides, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(pixels.buffer));
    return pixels.length;
  }
}
