"""Random brains as soft tissue maps on a 2 mm grid, from implicit shapes in warped coordinates.

Nothing here is measured anatomy. Every proportion is drawn anew so that a network cannot learn one head.
Lengths are millimetres; x runs to the right, y to the front, z up; arrays are [z, y, x].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import Shape, smooth_noise, soft

VOXEL = 2.0


@dataclass
class Space:
    """Coordinates of every voxel in the frame of the brain, before mass effect."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray

    @property
    def shape(self) -> Shape:
        z, y, x = self.x.shape
        return z, y, x


@dataclass
class Anatomy:
    """Soft memberships and the distances that tumours and confounders are drawn with."""

    depth: np.ndarray  # below the outer surface of the brain, negative outside
    cortex_depth: np.ndarray  # below the nearest outer or sulcal surface
    ventricle_distance: np.ndarray  # outside the ventricles, negative inside
    csf: np.ndarray
    grey: np.ndarray
    cerebellum: np.ndarray
    cerebrum_radius: np.ndarray  # 0 in the middle, 1 on the surface


def make_space(rng: np.random.Generator) -> tuple[Space, tuple[float, float, float]]:
    """A tilted, warped coordinate frame and the half axes of the brain that fits in it."""
    half = (rng.uniform(58, 74), rng.uniform(72, 91), rng.uniform(54, 68))
    low = rng.uniform(40, 54)
    margin = 8.0
    extent = ((half[2] + low + 2 * margin), 2 * (half[1] + margin), 2 * (half[0] + margin))
    z, y, x = (np.arange(0, e, VOXEL, dtype=np.float32) for e in extent)
    z = (z - low - margin)[:, None, None]
    y = (y - half[1] - margin)[None, :, None]
    x = (x - half[0] - margin)[None, None, :]
    turn = [rng.normal(0, s) for s in (0.08, 0.10, 0.06)]
    shape = (z.shape[0], y.shape[1], x.shape[2])
    x, y = x * np.cos(turn[0]) - y * np.sin(turn[0]), x * np.sin(turn[0]) + y * np.cos(turn[0])
    y, z = y * np.cos(turn[1]) - z * np.sin(turn[1]), y * np.sin(turn[1]) + z * np.cos(turn[1])
    x, z = x * np.cos(turn[2]) - z * np.sin(turn[2]), x * np.sin(turn[2]) + z * np.cos(turn[2])
    big, small = rng.uniform(0.5, 4.0), rng.uniform(0.2, 1.4)
    axes = [np.broadcast_to(a, shape) + big * smooth_noise(rng, shape, 22) + small * smooth_noise(rng, shape, 8) for a in (x, y, z)]
    return Space(*(a.astype(np.float32) for a in axes)), (half[0], half[1], half[2])


def ellipsoid(space: Space, centre: tuple[float, ...], half: tuple[float, ...]) -> np.ndarray:
    """About the signed distance in millimetres to an ellipsoid, positive inside."""
    r = np.sqrt(sum(((a - c) / h) ** 2 for a, c, h in zip((space.x, space.y, space.z), centre, half)))
    return ((1 - r) * min(half)).astype(np.float32)


def _pair(space: Space, centre: tuple[float, ...], half: tuple[float, ...]) -> np.ndarray:
    """The same ellipsoid on both sides of the midline."""
    return ellipsoid(Space(np.abs(space.x), space.y, space.z), centre, half)


def make_anatomy(rng: np.random.Generator, space: Space, half: tuple[float, float, float]) -> Anatomy:
    """Tissue maps for coordinates that a tumour may already have pushed aside."""
    shape, u = space.shape, rng.uniform
    z_half = np.where(space.z > 0, half[2], u(30, 44)).astype(np.float32)
    power = u(2.0, 2.6)
    radius = (np.abs(space.x / half[0]) ** power + np.abs(space.y / half[1]) ** power + np.abs(space.z / z_half) ** power) ** (
        1 / power
    )
    cerebrum = (1 - radius) * min(half[0], half[2]) * 0.9
    s = half[1] / 82.0
    temporal = _pair(space, (u(36, 44), u(4, 16) * s, u(-34, -26)), (u(18, 25), u(32, 42) * s, u(16, 22)))
    cerebellum = ellipsoid(space, (0, -u(42, 54) * s, -u(38, 48)), (u(42, 54), u(24, 34) * s, u(18, 26)))
    stem = np.minimum(u(11, 16) - np.hypot(space.x, space.y + u(14, 22)), 5 - space.z)
    depth = np.maximum.reduce([cerebrum, temporal, cerebellum, stem]).astype(np.float32)
    little = soft(np.maximum(cerebellum, stem) - np.maximum(cerebrum, temporal), 3.0)

    # Sulci are the sheets where a noise field changes sign; the midline and the Sylvian fissures are sheets too.
    reach = u(10, 22) + u(1, 5) * smooth_noise(rng, shape, 14)
    folds = np.abs(smooth_noise(rng, shape, u(2.0, 4.8)) + u(0, 0.5) * smooth_noise(rng, shape, 3.5)) * u(5, 9)
    fine = np.abs(smooth_noise(rng, shape, 3.0)) * u(3, 5)
    folds = np.where(little > 0.5, fine, folds) + np.maximum(depth - reach, 0) * u(0.6, 1.2)
    falx = np.abs(space.x) + np.maximum(depth - u(18, 34), 0) * 0.8 + np.where(space.z < -10, 20, 0)
    sylvian = np.hypot(np.abs(space.x) - u(40, 46), 0.4 * (space.z - u(-8, 4))) + 0.6 * np.maximum(
        np.abs(space.y - u(4, 14)) - u(16, 26), 0
    )
    cortex_depth = np.minimum.reduce([depth, folds, falx, sylvian]).astype(np.float32)
    open_sulci = u(-0.6, 2.0) + u(0, 0.8) * smooth_noise(rng, shape, 20)
    thickness = u(2.2, 4.8) + u(0.1, 0.8) * smooth_noise(rng, shape, 10)

    # Ventricles: body, front and back horns on each side, never quite the same on both.
    size = np.exp(rng.normal(0, 0.35))
    lop = 1 + rng.normal(0, 0.15) * np.sign(space.x)
    apart, lift = u(7, 15), u(4, 14)
    side = Space(np.abs(space.x), space.y, space.z)
    bow = side.x - apart - 0.006 * (space.y + 5) ** 2 * u(0.3, 1.0)
    body = Space(bow, space.y, space.z - lift + 0.004 * space.y**2)
    lateral = ellipsoid(body, (0, u(-10, 4), 0), (u(4, 9) * size**0.6, u(26, 44) * s, u(6, 11) * size**0.6))
    horn = ellipsoid(side, (apart + u(4, 14), -u(32, 48) * s, u(-2, 8)), (u(3, 8) * size**0.5, u(10, 20), u(4, 9)))
    third = ellipsoid(space, (0, u(-12, 0), u(-10, 0)), (u(1.2, 4) * size**0.5, u(10, 18), u(8, 15)))
    fourth = ellipsoid(space, (0, -u(26, 36) * s, -u(34, 42)), (u(3, 8), u(3, 7), u(6, 11)))
    inside = np.maximum.reduce([np.maximum(lateral, horn) * lop, third, fourth]) + u(0, 0.9) * smooth_noise(rng, shape, 6)
    ventricle_distance = (-inside).astype(np.float32)

    deep = np.maximum.reduce(
        [
            _pair(space, (u(8, 13), u(-18, -8), u(0, 6)), (u(6, 11), u(10, 16), u(7, 11))),
            _pair(space, (u(12, 18), u(8, 20), u(4, 12)), (u(4, 8), u(12, 22), u(6, 11))),
            _pair(space, (u(23, 30), u(0, 10), u(-5, 3)), (u(5, 9), u(13, 20), u(7, 12))),
        ]
    )
    csf = np.maximum(soft(inside), soft(open_sulci - cortex_depth))
    cistern = ellipsoid(space, (0, u(-6, 6), u(-34, -26)), (u(8, 18), u(8, 16), u(4, 9)))
    csf = np.maximum(csf, soft(cistern)) * (depth > -2)
    ribbon = soft(open_sulci + thickness - cortex_depth)
    grey = np.maximum(ribbon, soft(deep + u(0, 1.5) * smooth_noise(rng, shape, 5)) * u(0.5, 1.0))
    grey = np.maximum(grey, little * u(0.2, 0.8)) * (1 - csf)
    return Anatomy(depth, cortex_depth, ventricle_distance, csf, grey, little, radius.astype(np.float32))
