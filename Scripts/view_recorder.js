// @ts-check
// Runs in the page before its own scripts, for tests: notes at every frame what the page says and what its canvases show, by their pixels.
// Nothing here asks the page's code.

(() => {
  const canvasContext = HTMLCanvasElement.prototype.getContext;
  // A frame's pixels are there for as long as nobody has drawn the next.
  HTMLCanvasElement.prototype.getContext = /** @type {typeof canvasContext} */ (
    /** @this {HTMLCanvasElement} @param {string} kind @param {object} [options] */
    function (kind, options) {
      return canvasContext.call(this, kind, kind === "webgl2" ? { ...options, preserveDrawingBuffer: true } : options);
    });

  /**
   * @typedef {object} FrameRecord
   * @property {({ key: string, frame: number } & Record<string, unknown>)[]} samples each differs from the one before
   * @property {string[]} pictures of the planes, all there were
   * @property {number} frames
   * @property {number[]} shape of the label texture
   * @property {Uint8Array | null} labels
   * @property {number} exact how many labels say exact
   */
  /** @type {FrameRecord} */
  const record = { samples: [], pictures: [], frames: 0, shape: [], labels: null, exact: 0 };
  Object.assign(window, { __record: record });

  // What the label texture of the planes holds, kept beside the graphics card: 4 stands for exact.
  const { texStorage3D, texSubImage3D } = WebGL2RenderingContext.prototype;
  /** @param {WebGL2RenderingContext} gl */
  const isLabels = (gl) => /** @type {HTMLCanvasElement} */ (gl.canvas).id === "planes";
  /** @this {WebGL2RenderingContext} @param {Parameters<typeof texStorage3D>} given */
  WebGL2RenderingContext.prototype.texStorage3D = function (...given) {
    const [, , format, ...sides] = given;
    if (isLabels(this) && format === this.R8) {
      record.shape = sides;
      record.labels = new Uint8Array(sides[0] * sides[1] * sides[2]);
      record.exact = 0;
    }
    return texStorage3D.apply(this, given);
  };
  /** @this {WebGL2RenderingContext} @param {any[]} given */
  WebGL2RenderingContext.prototype.texSubImage3D = function (...given) {
    const [, , x0, y0, z0, w, h, d, format, , bytes, ...more] = given;
    if (isLabels(this) && format === this.RED && record.labels && !more.length) {
      let place = 0;
      for (let z = z0; z < z0 + d; z++) {
        for (let y = y0; y < y0 + h; y++) {
          for (let index = (z * record.shape[1] + y) * record.shape[0] + x0, end = index + w; index < end; index++, place++) {
            record.exact += Number(bytes[place] === 4) - Number(record.labels[index] === 4);
            record.labels[index] = bytes[place];
          }
        }
      }
    }
    return texSubImage3D.apply(this, /** @type {Parameters<typeof texSubImage3D>} */ (given));
  };

  const small = document.createElement("canvas");
  [small.width, small.height] = [160, 90];
  /** @param {string} id */
  const text = (id) => document.getElementById(id)?.textContent ?? "";

  /** @param {HTMLCanvasElement} canvas */
  function contextOf(canvas) {
    return /** @type {CanvasRenderingContext2D} */ (canvasContext.call(canvas, "2d", { willReadFrequently: true }));
  }

  /**
   * The number of a picture of the planes among all there were, and the sum of its pixels: none where it is black.
   * @param {HTMLCanvasElement} canvas
   */
  function picture(canvas) {
    const context = contextOf(small);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, small.width, small.height);
    const { data } = context.getImageData(0, 0, small.width, small.height);
    const greys = new Uint8Array(data.length / 4);
    let sum = 0;
    for (let index = 0; index < greys.length; index++) sum += greys[index] = data[4 * index];
    const key = String.fromCharCode(...greys);
    let number = record.pictures.indexOf(key);
    if (number < 0) number = record.pictures.push(key) - 1;
    return { number, sum };
  }

  /**
   * The colour of the badge of the plane at the top left, and whether the watermark is on it.
   * @param {HTMLCanvasElement} canvas
   */
  function overlay(canvas) {
    const context = contextOf(canvas);
    const ratio = canvas.width / canvas.clientWidth || 1;
    const width = canvas.clientWidth > 700 ? canvas.clientWidth / 2 : canvas.clientWidth;
    const [r, g, b, a] = context.getImageData(Math.round((width - 14) * ratio), Math.round(9 * ratio), 1, 1).data;
    const badge = a < 128 ? "none" : g > 1.5 * r && b < g ? "green" : r > 1.3 * g ? "amber" : "none";
    const { data } = context.getImageData(Math.round(20 * ratio), Math.round(60 * ratio), Math.round(320 * ratio), Math.round(180 * ratio));
    let marks = 0;
    for (let place = 0; place < data.length; place += 4) {
      if (data[place + 3] >= 30 && data[place + 3] <= 60 && data[place] > 225 && data[place + 1] > 0.8 * data[place]) marks++;
    }
    return { badge, isMarked: marks > 20 };
  }

  let [ended, cost] = [0, 0];

  function sample() {
    requestAnimationFrame(sample);
    // Looking must not be what keeps the page from its work.
    const start = performance.now();
    if (start - ended < 2 * cost) return;
    look();
    ended = performance.now();
    cost = ended - start;
  }

  function look() {
    const planes = document.getElementById("planes");
    const over = document.getElementById("overlay");
    if (!planes?.width || !over?.width || !document.body) return;
    const { number, sum } = picture(planes);
    const now = {
      state: document.body.dataset.state, title: document.title, head: text("banner-head"), body: text("banner-body"), who: text("banner-who"),
      legend: [0, 1, 2, 3].map((quality) => text(`share-${quality}`)), ...overlay(over), picture: number, isBlack: sum === 0, exact: record.exact,
      readout: text("readout"), elapsed: text("elapsed"), requests: text("requests-list") + text("requests-message"),
      arrival: document.getElementById("arrival")?.hidden === false ? text("arrival-name") : "",
    };
    record.frames++;
    const last = record.samples.at(-1);
    const key = JSON.stringify(now);
    if (last?.key !== key) record.samples.push({ key, frame: record.frames, ...now });
  }
  requestAnimationFrame(sample);
})();
