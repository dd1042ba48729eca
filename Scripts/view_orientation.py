"""The check that the page's pictures are the file's, neither mirrored nor turned; run by view_claims.py."""

import base64
import json
from typing import Any

import view_volumes
from view_stage import Failed, Stage

# A plane's place on the page, and its pixels' greys.
Tile = dict[str, Any]


def orientation(stage: Stage) -> None:
    """The picture is the file's, neither mirrored nor turned: pixels, letters, the crosshair's value, for three orders of axes."""
    for name, order in view_volumes.ORDERS.items():
        path = stage.transfer.folder / f"{name}.nii"
        box = view_volumes.write(path, order)
        stage.transfer.send(path, None, name, "--box", box, is_direct=True).event("summary")
        stage.sent.add(name)
        stage.choose(name)
        stage.wait_exact(name)
        tiles = json.loads(stage.page.value(PIXELS))
        for plane, through, tile in zip(view_volumes.PLANES, (19, 30, 26), tiles, strict=True):
            compare(stage, f"{name}, {plane}", view_volumes.slice_values(plane, through), tile)
        # Seen from the feet, a cube on the patient's right and at the front is at the top left of the axial plane.
        for words, bright in (("right, front, up", 1900), ("left, back", None)):
            tile = tiles[0]
            x, y = place_of(tile, words)
            place = (tile["left"] + x, tile["top"] + y + tile["offset"])
            stage.page.drag(place, place, steps=1)
            stage.page.wait("fovea.planes.pending.length === 0")
            readout = stage.page.value("document.getElementById('readout').textContent")
            expected = bright or view_volumes.value(11, 10, 19)
            stage.require(
                f") {expected}  exact" in readout, f"{name}: {words} is {expected} in the file, the page reads {readout!r}"
            )
        letters = stage.page.value("__letters.slice(-24)")
        for letter, is_left in (("R", True), ("L", False)):
            places = [x for text, x, y in letters if text == letter]
            stage.require(
                places and all((x % 475 < 100) == is_left for x in places), f"{name}: {letter} stands on its side: {places}"
            )


PIXELS = (
    f"""(() => {{
  fovea.shading.set({view_volumes.stored(0)}, {view_volumes.stored(2000)});"""
    + """ fovea.planes.refreshAll();
  while (fovea.planes.pending.length) fovea.planes.uploadVisible(), fovea.planes.pending.length = 0;
  fovea.planes.nv.drawScene();
  const planes = document.getElementById('planes');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [planes.width, planes.height];
  const context = canvas.getContext('2d');
  context.drawImage(planes, 0, 0);
  const [w, h] = [canvas.width >> 1, canvas.height >> 1];
  return JSON.stringify([[0, 0], [w, 0], [0, h]].map(([left, top]) => {
    const { data } = context.getImageData(left + 2, top + 2, w - 4, h - 4);
    let text = '';
    for (let place = 0; place < data.length; place += 4) text += String.fromCharCode(data[place]);
    return { left: left + 2, top: top + 2, width: w - 4, offset: planes.getBoundingClientRect().top, greys: btoa(text) };
  }));
})()"""
)


def body_of(tile: Tile) -> tuple[int, int, int, int, list[bytes]]:
    """The body's place on a tile: left, top, width, height in pixels; and its rows."""
    width = int(tile["width"])
    greys = base64.b64decode(tile["greys"])
    rows = [greys[start : start + width] for start in range(0, len(greys), width)]
    lit = [index for index, row in enumerate(rows) if max(row) > 60]
    columns = [index for index in range(width) if any(row[index] > 60 for row in rows[lit[0] : lit[-1] + 1])] if lit else []
    if not columns:
        raise Failed("a plane is black")
    return columns[0], lit[0], columns[-1] + 1 - columns[0], lit[-1] + 1 - lit[0], rows


def place_of(tile: Tile, words: str) -> tuple[float, float]:
    left, top, width, height, _ = body_of(tile)
    (x0, x1), (y0, y1), _ = view_volumes.BODY
    (x, y) = (26, 30) if words.startswith("right") else (11, 10)
    return left + (x1 - x - 0.5) / (x1 - x0) * width, top + (y1 - y - 0.5) / (y1 - y0) * height


def compare(stage: Stage, what: str, expected: list[list[int]], tile: Tile) -> None:
    left, top, width, height, rows = body_of(tile)
    good = count = 0
    # The outermost voxels run into the black around them.
    for j, line in list(enumerate(expected))[1:-1]:
        for i, stored in list(enumerate(line))[1:-1]:
            grey = rows[int(top + (j + 0.5) / len(expected) * height)][int(left + (i + 0.5) / len(line) * width)]
            good += abs(grey - 255 * min(1, stored / 2000)) <= 8
            count += 1
    stage.require(good > 0.97 * count, f"{what}: {good} of {count} voxels look as they do in the file")
