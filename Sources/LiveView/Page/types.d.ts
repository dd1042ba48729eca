// The types that the page's modules share. Read by the type checker alone: neither served nor installed. ViewRouter.swift describes what the
// receiver sends, and SessionJSON.swift writes it.

export type Point = [x: number, y: number];
/** Along three axes of the volume or of the view. */
export type Triple = [number, number, number];
/** x0, x1, y0, y1, z0, z1; ends exclusive. */
export type Box = [number, number, number, number, number, number];
/** Left, top, width, height: in shares of the stage, or in CSS pixels. */
export type Tile = [number, number, number, number];
/** Three rows of four, from voxel indices to millimetres. */
export type Affine = number[][];

/** An array of stored values, of whichever type the volume has. */
export interface StoredValues {
  readonly length: number;
  [index: number]: number;
  fill(value: number, start?: number, end?: number): unknown;
}
export interface StoredValuesConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (count: number): StoredValues;
  new (bytes: ArrayBuffer): StoredValues;
}
export type VoxelType = "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "float32" | "float64" | "int64" | "uint64";

// Events and answers of the receiver

export type SessionState = "receiving" | "stalled" | "exact" | "unverified" | "lossy" | "incomplete" | "failed";

export interface Start { view: string; request_word: string; can_focus: boolean }
export interface View { view: string; page: number }

/** A session in the receiver's folder. */
export interface Entry {
  name: string;
  state: SessionState;
  /** In seconds since 1970. */
  begun: number;
  is_live: boolean;
  is_open: boolean;
}

export interface Session {
  name: string;
  state: SessionState;
  message?: string;
  begun: number;
  /** Seconds since the sender's command began, until now or until the end. */
  elapsed: number;
  is_live: boolean;
  is_open: boolean;
  is_altered: boolean;
  volumes: Volume[];
  figures?: Figures;
  focus: RegionRequest[];
}
/** A session, and when the page heard of it, in milliseconds of the page's clock. */
export type HeardSession = Session & { at: number };

export interface Part { box?: Box; stage: "missing" | "base" | "bounded" | "exact"; max_error?: number }

export interface Completeness { exact_voxels: number; body_voxels: number | null; share: number; bytes: number }

export type Milestone = "roi_complete" | "background_complete" | "roi_lossless" | "volume_lossless";

export interface Volume {
  index: number;
  name: string;
  /** The file's name as its sender has it. */
  title?: string;
  epoch: number;
  /** Of the regions of interest, and of the rest. */
  revisions: number[];
  goal: string;
  region_source?: string;
  /** Of a model, 0 to 1. */
  region_certainty?: number;
  state: SessionState;
  completeness: Completeness;
  /** Seconds from the start of the sender's command. */
  milestones: Partial<Record<Milestone, number>>;
  regions: Part[];
  background: Part;
  shares: { roi?: number; background?: number };
  has_receipt: boolean;
  is_exact: boolean;
}

export interface Layer { name: string; bytes: number; chunks: number; expected_chunks: number }

export interface Figures { goodput?: number; round_trip?: number; bytes: number; age: number; layers: Layer[] }

/** A region that was asked for; `seconds` until all of it was shown. */
export interface RegionRequest { id: number; volume: number; timepoint: number; box: Box; seconds?: number }

export interface Meta {
  session: string;
  index: number;
  name: string;
  epoch: number;
  /** Columns, rows, slices, time points. */
  shape: [number, number, number, number];
  voxel_type: VoxelType;
  /** The stored value where nothing has arrived; none where that is no number. */
  fill?: number;
  slope: number;
  intercept: number;
  low: number;
  high: number;
  content?: Box;
  regions: Box[];
  affine: Affine;
}

export interface Patch { epoch: number; revision: number; count: number; buffer: ArrayBuffer }

export interface Callbacks {
  onView(view: View): void;
  onSession(session: Session): void;
  onSessions(entries: Entry[]): void;
  /** Says that the receiver is heard, or since when it is not. */
  onState(isLive: boolean, at: number): void;
}

// What the page shows

/** Who a picture belongs to: the choice it was made for. The epoch is null until the receiver has said it. */
export interface Owner { ticket: number; session: string; index: number; timepoint: number; epoch: number | null }

/** A place to remember: an owner without its ticket. */
export interface Choice { session: string; index: number; timepoint: number }

/** The content of the planes when they were drawn last. */
export interface Drawn {
  owner: Owner;
  revisions: number[];
  /** By label, beyond the regions of interest and in them. */
  counts: number[][];
  timepointCount: number;
}

/** Since when the receiver is not heard, in milliseconds; `isLive` is null before the first connection. */
export interface Link { readonly isLive: boolean | null; readonly lostAt: number | null }

/** The words for what is shown. */
export interface Words {
  state: "waiting" | "preview" | "exact" | "failed" | "lost";
  isExact: boolean;
  head: string;
  body: string;
  title: string;
  badge: string;
  watermark: string;
}
export interface ViewState extends Words { owner: Owner | null; legend: string[]; bound: number | null }
/** Of which voxels something was seen. */
export type SeenPart = "roi" | "background";
/** As much of the state as is drawn over the planes. */
export type Status = Pick<ViewState, "owner" | "badge" | "watermark"> & { state?: Words["state"] };

export interface Drag { plane: number; from: Point; to: Point }

/** For tests and for whoever looks with a browser's tools. */
export interface DrawRecord { checked: number; refused: number; refusals: string[]; state?: ViewState }

/** The elements of index.html that the modules look for. */
export interface PageElements {
  "banner-head": HTMLElement;
  "banner-body": HTMLElement;
  "banner-who": HTMLElement;
  "banner-file": HTMLElement;
  "arrival": HTMLElement;
  "arrival-name": HTMLElement;
  "arrival-state": HTMLElement;
  "arrival-show": HTMLButtonElement;
  "arrival-later": HTMLButtonElement;
  "connection": HTMLElement;
  "tiles": HTMLElement;
  "planes": HTMLCanvasElement;
  "volume": HTMLElement;
  "rendering": HTMLCanvasElement;
  "overlay": HTMLCanvasElement;
  "tool-focus": HTMLButtonElement;
  "tool-roi": HTMLButtonElement;
  "tool-quality": HTMLButtonElement;
  "tool-outline": HTMLButtonElement;
  "tool-maximise": HTMLButtonElement;
  "tool-window": HTMLButtonElement;
  "tool-reset": HTMLButtonElement;
  "readout": HTMLOutputElement;
  "share-0": HTMLElement;
  "share-1": HTMLElement;
  "share-2": HTMLElement;
  "share-3": HTMLElement;
  "bounds": HTMLElement;
  "arrived": HTMLElement;
  "source": HTMLElement;
  "elapsed": HTMLElement;
  "timeline": HTMLElement;
  "goodput": HTMLElement;
  "plot-goodput": SVGSVGElement;
  "rtt": HTMLElement;
  "plot-rtt": SVGSVGElement;
  "bytes": HTMLElement;
  "plot-bytes": SVGSVGElement;
  "layers": HTMLUListElement;
  "requests-none": HTMLElement;
  "requests-list": HTMLUListElement;
  "requests-message": HTMLElement;
  "sessions-none": HTMLElement;
  "sessions": HTMLUListElement;
  "notify": HTMLButtonElement;
  "downloads": HTMLElement;
  "download-volume": HTMLAnchorElement;
  "download-receipt": HTMLAnchorElement;
  "keys": HTMLDetailsElement;
}

declare global {
  interface Document {
    getElementById<K extends keyof PageElements>(id: K): PageElements[K];
  }
  interface ParentNode {
    querySelector<K extends keyof PageElements>(selector: `#${K}`): PageElements[K];
  }
  interface CanvasRenderingContext2D {
    // Younger than the checker's own list.
    roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  }
  interface Window {
    fovea: import("/main.js").Viewer;
    __fovea: DrawRecord;
  }
}
