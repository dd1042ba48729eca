// In the place of NiiVue: a volume is the file it was made of, and drawing is counted.

export const NVImage = { new: async (file) => ({ file }) };

export const cmapper = { makeDrawLut: (colours) => colours };

/** Constants are their own names; a texture notes what was put into it. */
function graphics() {
  const gl = {
    NO_ERROR: 0, getError: () => 0, getParameter: () => 2048, getExtension: () => null, isContextLost: () => gl.isLost, isLost: false,
    pixelStorei() {}, activeTexture() {}, readPixels() {}, uploads: [],
    bindTexture(_, texture) { gl.bound = texture; },
    texSubImage3D(_, level, x, y, z, w, h, d) { gl.uploads.push({ texture: gl.bound, box: [x, x + w, y, y + h, z, z + d] }); },
  };
  return gl;
}

export class Niivue {
  constructor(options) {
    this.opts = options;
    this.gl = graphics();
    this.volumes = [];
    this.screenSlices = [];
    this.uiData = { dpr: 1 };
    this.scene = { crosshairPos: [0.5, 0.5, 0.5], pan2Dxyzmm: new Float32Array([0, 0, 0, 1]) };
    this.frames = 0;
  }

  async attachToCanvas() { return this; }
  addVolume(image) { this.volumes.push(image); }
  removeVolume(image) { this.volumes = this.volumes.filter((other) => other !== image); }
  drawScene() { this.frames++; }
  rgbaTex() { return "voxels"; }
  r8Tex() { return "labels"; }
  frac2mm(share) { return share; }
}
