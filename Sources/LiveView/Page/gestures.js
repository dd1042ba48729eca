// @ts-check
// Mouse, pen, fingers, keys and buttons, as commands for the viewer.

/**
 * @typedef {import("/main.js").Viewer} Viewer
 * @typedef {import("/types.js").Point} Point
 */

const throughs = [2, 1, 0];

export class Gestures {
  /** @param {HTMLCanvasElement} canvas @param {Viewer} viewer what the commands go to */
  constructor(canvas, viewer) {
    this.canvas = canvas;
    this.viewer = viewer;
    /** @type {Map<number, Point>} Where each pointer that is down was last. */
    this.pointers = new Map();
    /** @type {"none" | "pinch" | "turn" | "ask" | "window" | "pan" | "cross"} */
    this.mode = "none";
    /** The plane on which the first pointer went down, and the place. */
    this.plane = -1;
    /** @type {Point} */
    this.start = [0, 0];
    /** The wheel's way since the last step. */
    this.turned = 0;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) canvas.addEventListener(name, (event) => this.#up(event));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", (event) => this.#double(event));
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Lets go of what is under way: another volume is selected. */
  cancel() {
    this.pointers.clear();
    this.mode = "none";
  }

  /** @param {MouseEvent} event @returns {Point} */
  #place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  }

  /** @param {Point} place */
  #planeAt([x, y]) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    for (const [plane, [left, top, w, h]] of Object.entries(this.viewer.planes.tiles())) {
      if (x >= left * width && x < (left + w) * width && y >= top * height && y < (top + h) * height) return Number(plane);
    }
    return -1;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (!this.viewer.planes.voxels) return;
    const place = this.#place(event);
    const plane = this.#planeAt(place);
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, place);
    if (this.pointers.size === 2) {
      this.viewer.drag(null);
      this.mode = "pinch";
      return;
    }
    this.plane = plane;
    this.start = place;
    if (plane === 3) this.mode = "turn";
    else if (event.shiftKey || this.viewer.asking.isOn) this.mode = "ask";
    else if (event.button === 2) this.mode = "window";
    else if (event.button === 1 || event.altKey) this.mode = "pan";
    else this.mode = "cross";
    if (plane >= 0 && plane < 3) this.viewer.activate(plane);
    // Activating may have moved the plane to another place.
    if (this.#planeAt(place) !== plane) this.mode = "none";
    if (this.mode === "cross") this.viewer.point(plane, place);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const place = this.#place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.viewer.hover(this.#planeAt(place), place);
      return;
    }
    if (this.mode === "pinch") this.#pinch(event.pointerId, before, place);
    this.pointers.set(event.pointerId, place);
    const [dx, dy] = [place[0] - before[0], place[1] - before[1]];
    if (this.mode === "cross") this.viewer.point(this.plane, place);
    if (this.mode === "window") this.viewer.window(dy / 300, dx / 200);
    if (this.mode === "pan") this.viewer.planes.pan(this.plane, dx, dy);
    if (this.mode === "turn") this.viewer.rendering.turn(dx, dy);
    if (this.mode === "ask") this.viewer.drag({ plane: this.plane, from: this.start, to: place });
  }

  /** @param {number} id @param {Point} before @param {Point} place */
  #pinch(id, before, place) {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!other) return;
    /** @param {Point} a */
    const distance = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
    this.viewer.planes.zoom(distance(place) / distance(before));
    if (this.plane >= 0 && this.plane < 3) this.viewer.planes.pan(this.plane, (place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.mode === "ask") {
      this.viewer.drag(null);
      if (event.type === "pointerup") this.viewer.asking.onPlane(this.plane, this.start, this.#place(event));
    }
    if (!this.pointers.size) this.mode = "none";
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    const plane = this.#planeAt(this.#place(event));
    if (plane < 0 || plane > 2 || !this.viewer.planes.voxels) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      this.viewer.planes.zoom(Math.exp(-event.deltaY / 300));
      return;
    }
    // A notch of a wheel is one slice; a touch pad's small steps add up.
    this.turned += (event.deltaMode ? event.deltaY * 40 : event.deltaY);
    const steps = Math.abs(event.deltaY) >= 60 ? Math.sign(event.deltaY) : Math.trunc(this.turned / 40);
    if (!steps) return;
    this.turned = 0;
    this.viewer.scroll(plane, steps);
  }

  /** @param {MouseEvent} event */
  #double(event) {
    const plane = this.#planeAt(this.#place(event));
    if (plane >= 0 && plane < 3) this.viewer.maximise();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { tagName } = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(tagName)) return;
    if (event.key === "?") return this.viewer.help();
    const { viewer } = this;
    if (!viewer.planes.voxels) return;
    const plane = viewer.planes.active;
    const isOnButton = ["BUTTON", "SUMMARY", "A"].includes(tagName);
    const across = plane === 2 ? 1 : 0;
    const up = plane === 0 ? 1 : 2;
    // Seen from the feet or the front, the patient's right is on the left.
    const right = plane === 2 ? 1 : -1;
    /** @type {Record<string, () => void>} */
    const commands = {
      1: () => viewer.activate(0), 2: () => viewer.activate(1), 3: () => viewer.activate(2),
      ",": () => viewer.scroll(plane, -1), ".": () => viewer.scroll(plane, 1),
      PageUp: () => viewer.scroll(plane, -1), PageDown: () => viewer.scroll(plane, 1),
      ArrowLeft: () => viewer.move(across, -right), ArrowRight: () => viewer.move(across, right),
      ArrowUp: () => viewer.move(up, 1), ArrowDown: () => viewer.move(up, -1),
      "[": () => viewer.window(-0.05, 0), "]": () => viewer.window(0.05, 0),
      "{": () => viewer.window(0, -0.1), "}": () => viewer.window(0, 0.1),
      "+": () => viewer.planes.zoom(1.2), "=": () => viewer.planes.zoom(1.2), "-": () => viewer.planes.zoom(1 / 1.2),
      0: () => viewer.planes.fit(), w: () => viewer.autoWindow(), m: () => viewer.maximise(), r: () => viewer.toRegion(),
      f: () => viewer.asking.atCrosshair(), q: () => viewer.toggleQuality(), o: () => viewer.toggleOutline(), t: () => viewer.nextTimepoint(),
      Escape: () => viewer.asking.stop(),
    };
    const command = commands[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!command || (isOnButton && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    command();
  }
}

/**
 * Has the buttons below the planes give their commands.
 * @param {Viewer} viewer
 */
export function connectButtons(viewer) {
  const commands = {
    focus: () => viewer.asking.toggle(), roi: () => viewer.toRegion(), quality: () => viewer.toggleQuality(), outline: () => viewer.toggleOutline(),
    maximise: () => viewer.maximise(), window: () => viewer.autoWindow(), reset: () => viewer.planes.fit(),
  };
  for (const [name, command] of Object.entries(commands)) {
    document.getElementById(/** @type {`tool-${keyof typeof commands}`} */ (`tool-${name}`)).addEventListener("click", command);
  }
}

export { throughs };
