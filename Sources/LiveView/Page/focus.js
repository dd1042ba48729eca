// @ts-check
// Asking the sender for a region, and what becomes of it.

import { ask, words } from "/api.js";

/**
 * @typedef {import("/main.js").Viewer} Viewer @typedef {import("/types.js").Box} Box @typedef {import("/types.js").Owner} Owner
 * @typedef {import("/types.js").Point} Point @typedef {import("/types.js").RegionRequest} RegionRequest
 * @typedef {import("/types.js").Triple} Triple @typedef {import("/voxels.js").Voxels} Voxels
 */

const throughs = [2, 1, 0];

export class Requests {
  /** @param {ParentNode} root */
  constructor(root) {
    this.list = root.querySelector("#requests-list");
    this.none = root.querySelector("#requests-none");
    this.message = root.querySelector("#requests-message");
    this.canAsk = false;
    /** The requests that are drawn, as JSON. */
    this.key = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {boolean} canAsk */
  allow(canAsk) {
    this.canAsk = canAsk;
    if (!canAsk) this.none.textContent = "This receiver cannot ask senders for a region.";
  }

  /** Forgets all: another volume is shown. */
  clear() {
    this.say("");
    this.draw([]);
  }

  /**
   * Says something of a request, until the next one or for a few seconds.
   * @param {string} text
   */
  say(text) {
    clearTimeout(this.timer);
    this.message.textContent = text;
    if (text) this.timer = setTimeout(() => this.say(""), 8000);
  }

  /**
   * @param {Owner} chosen
   * @param {Box} box of the volume's own voxels
   * @param {() => boolean} isStillShown true while an answer still matters
   */
  async send(chosen, box, isStillShown = () => true) {
    this.say("");
    try {
      await ask(chosen, box);
    } catch (error) {
      if (isStillShown()) this.say(`The region was not requested: ${words(error)}.`);
    }
  }

  /** @param {RegionRequest[]} requests */
  draw(requests) {
    const key = JSON.stringify(requests);
    if (key === this.key) return;
    this.key = key;
    this.none.hidden = requests.length > 0;
    this.list.replaceChildren(...requests.map((request) => {
      const [x0, x1, y0, y1, z0, z1] = request.box;
      const item = document.createElement("li");
      const state = document.createElement("b");
      state.textContent = request.seconds == null ? "asked" : `at ROI quality in ${request.seconds.toFixed(2)} s`;
      item.append(`${x1 - x0} × ${y1 - y0} × ${z1 - z0} voxels`, state);
      return item;
    }));
  }
}

/** Asks for a region: a box or a point on a plane, or what lies at the crosshair. */
export class Asking {
  /** @param {Viewer} viewer whose planes and selection it is @param {HTMLElement} button */
  constructor(viewer, button) {
    this.viewer = viewer;
    this.button = button;
    this.isOn = false;
  }

  toggle() { this.#set(!this.isOn); }

  stop() { this.#set(false); }

  /** @param {boolean} isOn */
  #set(isOn) {
    this.isOn = isOn;
    this.button.setAttribute("aria-pressed", String(isOn));
  }

  /** @param {number} plane @param {Point} from @param {Point} to */
  onPlane(plane, from, to) {
    this.stop();
    const { planes, voxels } = this.viewer;
    const corners = [from, to].map((place) => planes.voxelAt(plane, ...place));
    const [first, second] = corners;
    if (!voxels || !first || !second) return;
    const isPoint = Math.hypot(to[0] - from[0], to[1] - from[1]) < 6;
    this.#ask(isPoint ? boxAround(voxels, first.map(Math.round)) : boxBetween(first, second, throughs[plane], planes.crosshair));
  }

  atCrosshair() {
    const { planes, voxels } = this.viewer;
    if (voxels) this.#ask(boxAround(voxels, planes.crosshair));
  }

  /** @param {number[]} box of the view, in parts of voxels */
  #ask(box) {
    const { viewer } = this;
    const { chosen, requests, voxels } = viewer;
    if (!voxels || !chosen) return;
    if (!requests.canAsk) return requests.say("This receiver cannot ask senders for a region.");
    const whole = /** @type {Box} */ (box.map((side, index) => Math.min(voxels.shape[index >> 1], Math.max(0, Math.round(side)))));
    if ([0, 1, 2].some((axis) => whole[2 * axis] >= whole[2 * axis + 1])) return;
    requests.send(chosen, voxels.orientation.toVolume(whole), () => viewer.chosen === chosen);
  }
}

/**
 * A box drawn on a plane, between two corners: as deep as it is wide, about the slice in sight.
 * @param {Triple} first @param {Triple} second @param {number} through @param {Triple} crosshair
 */
function boxBetween(first, second, through, crosshair) {
  const sides = [0, 1, 2].map((axis) => Math.abs(first[axis] - second[axis]));
  const depth = Math.max(4, (sides[0] + sides[1] + sides[2]) / 4);
  return [0, 1, 2].flatMap((axis) => {
    const [low, high] = [first[axis], second[axis]].sort((a, b) => a - b);
    return axis === through ? [crosshair[through] - depth, crosshair[through] + depth + 1] : [low, high + 1];
  });
}

/**
 * 12 mm on every side of a voxel.
 * @param {Voxels} voxels @param {number[]} voxel
 */
function boxAround(voxels, voxel) {
  const { affine } = voxels.orientation;
  return [0, 1, 2].flatMap((axis) => {
    const reach = Math.max(2, 12 / (Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]) || 1));
    return [voxel[axis] - reach, voxel[axis] + reach + 1];
  });
}
