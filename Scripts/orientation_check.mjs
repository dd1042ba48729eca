// @ts-check
// Reads cases as JSON on standard input, a list of {shape, affine, box}, and writes what orientation.js makes of each.
import { readFileSync } from "node:fs";

/**
 * @typedef {import("/types.js").Affine} Affine
 * @typedef {import("/types.js").Box} Box
 */

// The page's own file, as the browser loads it; node would look for a package beside it.
const source = readFileSync(process.argv[2], "utf8");
/** @type {typeof import("/orientation.js")} */
const { Orientation } = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);

/** @type {{ shape: number[], affine: Affine, box: Box }[]} */
const cases = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(({ shape, affine, box }) => {
  const orientation = new Orientation(shape, affine);
  const cells = [];
  for (let z = 0; z < shape[2]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[0]; x++)
        cells.push(orientation.origin + x * orientation.steps[0] + y * orientation.steps[1] + z * orientation.steps[2]);
  return {
    shape: orientation.shape, affine: orientation.affine, cells,
    view: orientation.toView(box), back: orientation.toVolume(orientation.toView(box)),
  };
});
process.stdout.write(JSON.stringify(answers));
