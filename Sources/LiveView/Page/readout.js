// @ts-check
// What lies at a voxel, in words: as it is on the planes. What has been fetched comes to them a frame or more later.

import { qualityNames } from "/viewstate.js";

/**
 * @typedef {import("/shown.js").Shown} Shown @typedef {import("/types.js").Triple} Triple @typedef {import("/voxels.js").Voxels} Voxels
 * @typedef {import("/window.js").Window} Window
 */

/** @param {number} value */
const short = (value) => Number(value.toPrecision(4));

/** @param {{ voxels: Voxels | null, shown: Shown | null }} planes @param {Window} shading @param {Triple} voxel */
export function readout({ voxels, shown }, shading, voxel) {
  if (!voxels || !shown) return "";
  const index = voxels.indexOf(voxel);
  const label = shown.labelAt(index);
  const quality = label ? label - 1 : 3;
  const value = label === voxels.label(index) ? Number(voxels.valueAt(index).toPrecision(6)) : "…";
  const count = voxels.meta.shape[3];
  const time = count > 1 ? `t ${voxels.owner.timepoint + 1}/${count}  ` : "";
  return `${time}(${voxel.join(", ")})${quality ? ` ${value}` : ""}  ${qualityNames[quality]}  W ${short(shading.width)} L ${short(shading.level)}`;
}
