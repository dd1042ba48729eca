"""Small NIfTI volumes whose every voxel is known, lying in memory in several ways, and the picture that each has to give."""

import struct
from pathlib import Path

# Which way each of three axes runs.
Ways = tuple[int, int, int]

# The body in millimetres of right, anterior, superior: 24 x 30 x 18 of 40 x 44 x 32 voxels, with three bright cubes.
SHAPE = (40, 44, 32)
BODY = ((8, 32), (7, 37), (7, 25))
CUBES = {
    "right, front, up": ((23, 29), (27, 33), (17, 22), 1900),
    "left, front, down": ((10, 16), (27, 33), (10, 14), 1600),
    "right, back, down": ((23, 29), (10, 16), (10, 14), 1750),
}

# A value is half of what is stored, less a hundred: a page that shows what is stored is found out.
SLOPE, INTERCEPT = 0.5, -100


def stored(physical: float) -> int:
    return round((physical - INTERCEPT) / SLOPE)


# Along which way each of a file's axes runs, columns first; negative is backwards.
ORDERS: dict[str, Ways] = {"ras": (1, 2, 3), "lps": (-1, -2, 3), "sagittal": (-2, -3, 1)}


def value(x: int, y: int, z: int) -> int:
    """Of a voxel right, anterior, superior: no two directions are alike."""
    for (x0, x1), (y0, y1), (z0, z1), bright in CUBES.values():
        if x0 <= x < x1 and y0 <= y < y1 and z0 <= z < z1:
            return bright
    if all(start <= index < end for index, (start, end) in zip((x, y, z), BODY, strict=True)):
        return 800 + 11 * (x - 8) + 7 * (y - 7) + 5 * (z - 7)
    return 0


def write(path: Path, order: Ways) -> str:
    """Writes the volume with its axes in an order; gives back the box about the first cube in the file's own voxels."""
    shape = tuple(SHAPE[abs(way) - 1] for way in order)
    affine = [[0.0] * 4 for _ in range(3)]
    for axis, way in enumerate(order):
        world = abs(way) - 1
        affine[world][axis] = 1.0 if way > 0 else -1.0
        if way < 0:
            affine[world][3] = SHAPE[world] - 1.0

    def physical(voxel: tuple[int, int, int]) -> int:
        place = [0, 0, 0]
        for axis, way in enumerate(order):
            place[abs(way) - 1] = voxel[axis] if way > 0 else shape[axis] - 1 - voxel[axis]
        return value(*place)

    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<3f", header, 108, 352, SLOPE, INTERCEPT)
    header[123] = 2
    struct.pack_into("<2h", header, 252, 0, 1)
    for row in range(3):
        struct.pack_into("<4f", header, 280 + 16 * row, *affine[row])
    header[344:348] = b"n+1\0"
    voxels = [stored(physical((i, j, k))) for k in range(shape[2]) for j in range(shape[1]) for i in range(shape[0])]
    path.write_bytes(bytes(header) + struct.pack(f"<{len(voxels)}h", *voxels))
    box = []
    *sides, _ = CUBES["right, front, up"]
    for axis, way in enumerate(order):
        start, end = sides[abs(way) - 1]
        box.append(f"{start}:{end}" if way > 0 else f"{shape[axis] - end}:{shape[axis] - start}")
    return ",".join(box)


# Seen from the feet or the front: the patient's right is on the left of axial and coronal planes; of sagittal ones the back is.
# For each plane: which way goes across and up the screen, and which through it.
PLANES: dict[str, Ways] = {"axial": (-1, 2, 3), "coronal": (-1, 3, 2), "sagittal": (2, 3, 1)}


def slice_values(plane: str, through: int) -> list[list[int]]:
    """A slice of the body as rows from the top of the screen."""
    across, up, _ = (abs(way) - 1 for way in PLANES[plane])
    ways = PLANES[plane]
    columns = range(*BODY[across]) if ways[0] > 0 else range(BODY[across][1] - 1, BODY[across][0] - 1, -1)
    rows = range(BODY[up][1] - 1, BODY[up][0] - 1, -1)
    result = []
    for row in rows:
        line = []
        for column in columns:
            place = [0, 0, 0]
            place[across], place[up], place[ways[2] - 1] = column, row, through
            line.append(value(*place))
        result.append(line)
    return result
