// What lies at a voxel, in words: as it is on the planes. What has been fetched comes to them a frame or more later.

import { qualityNames } from "/viewstate.js";

const short = (value) => Number(value.toPrecision(4));

export function readout({ voxels, shown }, shading, voxel) {
  const index = voxels.indexOf(voxel);
  const label = shown.labelAt(index);
  const quality = label ? label - 1 : 3;
  const value = label === voxels.label(index) ? Number(voxels.valueAt(index).toPrecision(6)) : "…";
  const count = voxels.meta.shape[3];
  const time = count > 1 ? `t ${voxels.owner.timepoint + 1}/${count}  ` : "";
  return `${time}(${voxel.join(", ")})${quality ? ` ${value}` : ""}  ${qualityNames[quality]}  W ${short(shading.width)} L ${short(shading.level)}`;
}
