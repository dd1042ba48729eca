// The part of NiiVue 0.65 that the page uses. NiiVue itself is fetched by Scripts/niivue.sh and not checked.

/** A volume as NiiVue keeps it. The page fills the textures itself and asks nothing of it. */
export class NVImage {
  static new(
    file: ArrayBuffer, name: string, colormap: string, opacity: number, pairedData: null, calMin: number, calMax: number,
  ): Promise<NVImage>;
  readonly id: string;
}

/** One plane on the canvas. */
export interface ScreenSlice {
  /** 0 axial, 1 coronal, 2 sagittal. */
  axCorSag: number;
  /** In the canvas's pixels. The width is negative where right lies on the left. */
  leftTopWidthHeight: [number, number, number, number];
  leftTopMM: ArrayLike<number>;
  fovMM: ArrayLike<number>;
}

export interface Scene {
  /** Shares of the volume's sides. */
  crosshairPos: ArrayLike<number>;
  /** Millimetres to the right, front and top, and the zoom. */
  pan2Dxyzmm: Float32Array;
  renderAzimuth: number;
  renderElevation: number;
  volScaleMultiplier: number;
}

export interface Options {
  interactive: boolean;
  dragAndDropEnabled: boolean;
  logLevel: "silent";
  isRadiologicalConvention: boolean;
  backColor: [number, number, number, number];
  crosshairWidth: number;
  isOrientationTextVisible: boolean;
  loadingText: string;
  forceDevicePixelRatio: number;
  sliceType: number;
}

/** Colours by label. */
export interface ColourMap { R: number[]; G: number[]; B: number[]; A: number[]; labels: string[] }
export interface LabelTable { readonly lut: Uint8ClampedArray }

export class Niivue {
  constructor(options: Partial<Options>);
  attachToCanvas(canvas: HTMLCanvasElement, isAntiAliased: boolean): Promise<this>;
  addVolume(image: NVImage): void;
  removeVolume(image: NVImage): void;
  drawScene(): void;
  frac2mm(fraction: ArrayLike<number>): ArrayLike<number>;
  screenXY2TextureFrac(x: number, y: number, tile: number, isRestricted: boolean): ArrayLike<number>;
  rgbaTex(texture: WebGLTexture | null, unit: number, sides: number[]): WebGLTexture | null;
  r8Tex(texture: WebGLTexture | null, unit: number, sides: number[]): WebGLTexture | null;
  readonly gl: WebGL2RenderingContext;
  readonly volumes: NVImage[];
  readonly screenSlices: ScreenSlice[];
  readonly scene: Scene;
  readonly opts: Options;
  readonly uiData: { dpr: number };
  customLayout: { sliceType: number; position: [number, number, number, number] }[];
  volumeTexture: WebGLTexture | null;
  drawTexture: WebGLTexture | null;
  drawLut: LabelTable;
  drawOpacity: number;
}

export const cmapper: { makeDrawLut(colours: ColourMap): LabelTable };
