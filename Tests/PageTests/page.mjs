// What the tests of the page have in common: its modules, a document to write into, and volumes as a receiver describes them.

import { register } from "node:module";

register("./hooks.mjs", import.meta.url);

/** As much of an element as the modules use. */
export class Element {
  constructor(tagName = "div") {
    Object.assign(this, { tagName: tagName.toUpperCase(), attributes: {}, listeners: {}, children: [], dataset: {}, style: {}, hidden: false, className: "" });
    this.text = "";
    const names = new Set();
    this.classList = { toggle: (name, isOn) => (isOn ? names.add(name) : names.delete(name)), contains: (name) => names.has(name) };
  }

  get textContent() { return this.text + this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join(""); }
  set textContent(text) { [this.text, this.children] = [text, []]; }
  get firstElementChild() { return this.children.find((child) => typeof child !== "string") ?? null; }
  get lastElementChild() { return this.children.filter((child) => typeof child !== "string").at(-1) ?? null; }
  append(...children) {
    for (const child of children) if (typeof child !== "string") child.parentElement = this;
    this.children.push(...children);
  }
  replaceChildren(...children) {
    this.textContent = "";
    this.append(...children);
  }
  remove() { this.parentElement.children = this.parentElement.children.filter((child) => child !== this); }
  setAttribute(name, value) { this.attributes[name] = value; }
  getAttribute(name) { return this.attributes[name] ?? null; }
  removeAttribute(name) { delete this.attributes[name]; }
  addEventListener(name, body) { (this.listeners[name] ??= []).push(body); }
  dispatch(name, event = {}) { for (const body of this.listeners[name] ?? []) body({ preventDefault() {}, ...event }); }
  getBoundingClientRect() { return { left: 0, top: 0 }; }
  focus() {}
  setPointerCapture() {}
}

/** Puts a new document in place, with an element for every id that is asked for. */
export function openDocument() {
  const byId = {};
  const document = new Element("document");
  Object.assign(document, {
    title: "", body: new Element("body"), getElementById: (id) => (byId[id] ??= new Element()),
    querySelector: (selector) => document.getElementById(selector.slice(1)),
    createElement: (name) => new Element(name), createElementNS: (_, name) => new Element(name),
  });
  Object.assign(globalThis, { document, window: globalThis });
  return document;
}

export const owner = { ticket: 1, session: "ward-3", index: 0, timepoint: 0, epoch: 7 };

/** A volume of which all has come to the receiver and nothing else is known to be wrong. */
export function exactVolume(changes = {}) {
  return {
    index: 0, name: "head", epoch: 7, revisions: [3, 5], goal: "lossless", state: "exact", milestones: {}, shares: {}, has_receipt: true, is_exact: true,
    completeness: { exact_voxels: 1000, body_voxels: 1000, share: 1, bytes: 4000 },
    regions: [{ box: [0, 5, 0, 5, 0, 4], stage: "exact", max_error: 0 }], background: { stage: "exact" }, ...changes,
  };
}

/** One that arrives: its region at base quality, the rest as well. */
export function arrivingVolume(changes = {}) {
  return exactVolume({
    state: "receiving", has_receipt: false, is_exact: false, regions: [{ box: [0, 5, 0, 5, 0, 4], stage: "base", max_error: 12.5 }],
    background: { stage: "base" }, completeness: { exact_voxels: 0, body_voxels: 1000, share: 0, bytes: 400 }, ...changes,
  });
}

export function session(volume, changes = {}) {
  return { name: "ward-3", state: volume.state, begun: 0, elapsed: 10, is_live: true, is_open: true, volumes: [volume], focus: [], ...changes };
}

/** The page's word of what its planes show: 900 voxels beyond the regions and 100 in them, by label. */
export function drawn(counts, changes = {}) {
  return { owner, revisions: [3, 5], counts, timepointCount: 1, ...changes };
}

/** A volume before any voxel of it, as a receiver describes it: its axes are the patient's, unless that is changed. */
export function meta(changes = {}) {
  return {
    session: "ward-3", index: 0, name: "head", epoch: 7, shape: [3, 2, 2, 1], voxel_type: "int16", fill: 0, slope: 1, intercept: 0, low: 0, high: 100,
    content: [0, 3, 0, 2, 0, 2], regions: [], affine: [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], ...changes,
  };
}

/** A patch of 16-bit voxels as the receiver writes it. `boxes` have box, values and quality. */
export function patchBytes(boxes, { epoch = 7, revision = 1, magic = "FVP1" } = {}) {
  const bytes = [...magic].map((letter) => letter.charCodeAt(0));
  const put = (number, count) => { for (let place = 0; place < count; place++) bytes.push((number >> (8 * place)) & 255); };
  for (const number of [epoch, revision, boxes.length]) put(number, 4);
  for (const { box, values, quality } of boxes) {
    box.forEach((side) => put(side, 4));
    values.forEach((value) => put(value, 2));
    quality.forEach((each) => bytes.push(each));
  }
  return Uint8Array.from(bytes).buffer;
}

export function patch(boxes, { epoch = 7, revision = 1 } = {}) {
  return { epoch, revision, count: boxes.length, buffer: patchBytes(boxes, { epoch, revision }) };
}
