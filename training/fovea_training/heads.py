"""Heads round brains: fluid, skull, scalp, eyes, face, neck, air and a coil's shading, drawn round a brain that was stripped.

No scan of a person went into the drawing; the brain inside may be generated or real. Arrays are [z, y, x], x to the right, y to the
front, z up; lengths are millimetres. Brightness is relative to the brain's median.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .noise import Shape, smooth_noise, soft

Spacing = tuple[float, float, float]
Window = tuple[slice, slice, slice]


@dataclass
class Head:
    """A whole head: raw values, the brain in it, which values are no background, and the place of the brain's old grid in it."""

    image: np.ndarray
    brain: np.ndarray
    body: np.ndarray
    inner: Window

    def place(self, array: np.ndarray) -> np.ndarray:
        """An array on the old grid, brought to the head's; zero around it."""
        out = np.zeros(self.image.shape, array.dtype)
        out[self.inner] = array
        return out

    def cut(self, window: Window) -> Head:
        """A part of the head; `inner` no longer means anything after a cut through the old grid."""
        inner = tuple(slice(i.start - (w.start or 0), i.stop - (w.start or 0)) for i, w in zip(self.inner, window))
        return Head(self.image[window], self.brain[window], self.body[window], inner)  # type: ignore[arg-type]


@dataclass
class Frame:
    """Coordinates from the middle of the brain's box and the box's half sides."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    half: Spacing

    @property
    def shape(self) -> Shape:
        z, y, x = np.broadcast_shapes(self.z.shape, self.y.shape, self.x.shape)
        return z, y, x


def _noise(rng: np.random.Generator, shape: Shape, spacing: Spacing, millimetres: float) -> np.ndarray:
    """Smooth noise whose bumps are about so many millimetres wide in the plane."""
    return smooth_noise(rng, shape, max(1.5, millimetres / spacing[1]))


def hull(brain: np.ndarray, spacing: Spacing, reach: float = 9.0) -> np.ndarray:
    """The brain with its sulci and pits closed: about where the inner table of the skull lies."""
    blurred = ndimage.gaussian_filter(brain.astype(np.float32), [reach / 2 / s for s in spacing])
    return (blurred > 0.35) | brain


def _padding(rng: np.random.Generator, brain: np.ndarray, spacing: Spacing) -> tuple[np.ndarray, Window]:
    """Room round the brain's grid: how much to add on each side (or to cut, where it is less than 0) and the grid's place in it."""
    hits = [np.flatnonzero(brain.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    wanted = [(rng.uniform(0, 70), rng.uniform(8, 40)), (rng.uniform(18, 60),) * 2, (rng.uniform(18, 50),) * 2]
    pads = np.array(
        [
            [max(0, round(low / s) - h[0]), max(0, round(high / s) - (n - 1 - h[-1]))]
            for (low, high), s, h, n in zip(wanted, spacing, hits, brain.shape)
        ],
        dtype=int,
    )
    return pads, tuple(slice(p[0], p[0] + n) for p, n in zip(pads, brain.shape))  # type: ignore[return-value]


def _frame(brain: np.ndarray, spacing: Spacing) -> Frame:
    axes, half = [], []
    for axis, s in enumerate(spacing):
        hit = np.flatnonzero(brain.any(axis=tuple(a for a in range(3) if a != axis)))
        middle = (hit[0] + hit[-1]) / 2
        line = ((np.arange(brain.shape[axis]) - middle) * s).astype(np.float32)
        axes.append(line.reshape([-1 if a == axis else 1 for a in range(3)]))
        half.append(max(20.0, float(hit[-1] - hit[0] + 1) / 2 * s))
    return Frame(axes[2], axes[1], axes[0], (half[0], half[1], half[2]))


def _below(rng: np.random.Generator, frame: Frame, spacing: Spacing) -> tuple[np.ndarray, np.ndarray]:
    """About the signed distance into face and neck (positive inside), and a depth that tells its layers apart."""
    u = rng.uniform
    hz, hy, hx = frame.half
    wobble = u(0, 4) * _noise(rng, frame.shape, spacing, 25)
    level = frame.z + hz * u(0.35, 0.6)
    neck = u(48, 68) - np.hypot(frame.x, (frame.y + u(0, 25)) * u(0.8, 1.1))
    wide = np.hypot(frame.x / (hx * u(0.75, 0.95)), (frame.y - hy * u(0.1, 0.3)) / (hy * u(0.75, 1.0)))
    face = (1 - wide) * min(hx, hy) * 0.9
    inside = np.minimum(np.maximum(neck, face) + wobble, -level)
    return inside.astype(np.float32), (np.maximum(neck, face) + wobble).astype(np.float32)


def _soft_tissue(rng: np.random.Generator, frame: Frame, spacing: Spacing, depth: np.ndarray) -> np.ndarray:
    """Skin, fat, muscle, bone and air spaces below the skull, from the depth under the skin."""
    u, shape = rng.uniform, frame.shape
    muscle, fat = u(0.25, 0.9), u(0.6, 2.8)
    value = np.full(shape, muscle, np.float32)
    value *= 1 + u(0, 0.3) * _noise(rng, shape, spacing, 8)
    streaks = soft(_noise(rng, shape, spacing, u(5, 12)) - u(0.4, 1.2), 0.6)
    value += streaks * (fat * u(0.5, 1.0) - value)
    bone = soft(_noise(rng, shape, spacing, u(10, 20)) - u(0.6, 1.4), 0.4)
    value += bone * (u(0.05, 0.6) - value)
    sinus = soft(_noise(rng, shape, spacing, u(12, 20)) - u(0.8, 1.4), 0.3) * (np.abs(frame.x) < 35) * (frame.y > 0)
    value *= 1 - sinus * u(0.85, 1.0)
    if rng.random() < 0.4:  # mucosa, bright on FLAIR, round the air
        value += (soft(sinus, 0.6) * (1 - sinus) > 0.3) * u(0.3, 1.8)
    under = soft(u(3, 8) - depth, 2)
    return value + under * (fat - value)


def _eyes(rng: np.random.Generator, image: np.ndarray, frame: Frame) -> None:
    """Two eyeballs in orbital fat, in place."""
    u = rng.uniform
    hz, hy, hx = frame.half
    apart, front, low = u(27, 36), hy * u(0.8, 1.1), -hz * u(0.25, 0.6)
    radius, fat, glass = u(10.5, 13.5), u(0.5, 2.6), u(0.05, 0.6)
    side = np.abs(frame.x) - apart
    cone = np.hypot(
        np.hypot(side, frame.z - low) * u(1.0, 1.3), 0.45 * np.minimum(frame.y - front, 0) + np.maximum(frame.y - front, 0)
    )
    image += soft(radius + u(3, 7) - cone, 3) * (fat - image)
    ball = np.sqrt(side**2 + (frame.y - front) ** 2 + (frame.z - low) ** 2)
    image += soft(radius - ball, 2) * (glass - image)
    image += np.exp(-(((ball - radius) / 1.5) ** 2)) * u(0, 0.8)


def _shells(rng: np.random.Generator, distance: np.ndarray, frame: Frame, spacing: Spacing) -> tuple[np.ndarray, np.ndarray]:
    """Fluid, skull and scalp by the distance outside the hull; and how far inside the skin each place is."""
    u, shape = rng.uniform, frame.shape
    fluid_end = u(0.5, 3.5) + np.clip(u(0, 1.5) * _noise(rng, shape, spacing, 25), -1, 3)
    skull_end = fluid_end + u(3.5, 8) + u(0, 1.2) * _noise(rng, shape, spacing, 30)
    scalp_end = skull_end + u(3.5, 9) + u(0, 1.5) * _noise(rng, shape, spacing, 35)
    scalp_end = scalp_end + u(0, 10) * soft(-frame.z - u(0, 25), 20) * soft(np.abs(frame.x) - u(30, 50), 15)
    fluid, bone, fat = u(0.05, 0.45), u(0.02, 0.25), u(0.7, 3.0)
    value = np.full(shape, fluid, np.float32)
    if rng.random() < 0.4:  # dura and its vessels
        value += np.exp(-(((distance - fluid_end) / 1.2) ** 2)) * u(0.2, 1.2) * soft(_noise(rng, shape, spacing, 20), 1.5)
    value += soft(distance - fluid_end, 1.5) * (bone - value)
    marrow = np.exp(-(((distance - (fluid_end + skull_end) / 2) / u(0.8, 2.2)) ** 2))
    value += marrow * u(0.05, 1.4) * np.clip(1 + 0.5 * _noise(rng, shape, spacing, 15), 0, 2)
    value += soft(distance - skull_end, 1.5) * (fat * (1 + u(0, 0.25) * _noise(rng, shape, spacing, 10)) - value)
    muscle = soft(distance - skull_end, 1.5) * soft(-frame.z - u(-10, 20), 15) * soft(scalp_end - u(3, 6) - distance, 2)
    value += muscle * (u(0.3, 0.9) - value) * (rng.random() < 0.7)
    return value, (scalp_end - distance).astype(np.float32)


def _scanner(
    rng: np.random.Generator, image: np.ndarray, frame: Frame, spacing: Spacing, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A coil's shading over the head and noise in the air; which voxels are then no background."""
    u, shape = rng.uniform, image.shape
    hz, hy, hx = frame.half
    tilt = sum(rng.normal(0, 0.12) * a / h for a, h in ((frame.x, hx), (frame.y, hy), (frame.z, hz)))
    near = (frame.x / hx) ** 2 + (frame.y / hy) ** 2 + (frame.z / hz) ** 2
    shading = np.exp(np.clip(tilt + u(-0.05, 0.25) * (near - 0.5), -1.0, 1.0)).astype(np.float32)
    image = image * shading
    kind = rng.random()
    if kind < 0.45:  # background cut away by software, at the skin or some way off
        body = skin > -u(0, 6)
        return image * body, body
    level = np.exp(u(np.log(0.005), np.log(0.06)))
    real, imaginary = (level * rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
    image = np.sqrt((image + real) ** 2 + imaginary**2)
    return image, np.ones(shape, bool)


def dress(rng: np.random.Generator, image: np.ndarray, brain: np.ndarray, spacing: Spacing) -> Head:
    """A head round a brain: the brain's own values stay but for the shading."""
    pads, inner = _padding(rng, brain, spacing)
    level = float(np.median(image[brain]))
    whole = np.pad(np.where(brain, image, 0) / (level if level > 0 else 1.0), pads).astype(np.float32)
    inside = np.pad(brain, pads)
    frame = _frame(inside, spacing)
    closed = hull(inside, spacing)
    distance = ndimage.distance_transform_edt(~closed, sampling=spacing).astype(np.float32)
    around, depth = _shells(rng, distance, frame, spacing)
    below, under = _below(rng, frame, spacing)
    low = soft(below, 2) * (depth < 5)
    tissue = _soft_tissue(rng, frame, spacing, under)
    skin = np.maximum(depth, below)
    around += low * soft(distance - rng.uniform(6, 12), 3) * (tissue - around)
    _eyes(rng, around, frame)
    around *= soft(skin, 2)
    # The layer that the stripping took from the brain's surface, and the fluid in it.
    rest = closed & ~inside
    around[rest] = (rng.uniform(0.05, 0.5) * np.clip(1 + 0.4 * _noise(rng, frame.shape, spacing, 6), 0.1, 2.5))[rest]
    if rng.random() < 0.35:  # a face cut away for privacy
        keep = frame.y * rng.uniform(0.7, 1.0) - frame.z * rng.uniform(0.5, 1.0) < max(frame.half) * rng.uniform(1.0, 1.15)
        around, skin = around * keep, np.where(keep, skin, -50)
    edge = ndimage.gaussian_filter(inside.astype(np.float32), [0.5 / s for s in spacing]) if rng.random() < 0.5 else inside
    mixed = np.where(inside, whole * edge + around * (1 - edge), around) if rng.random() < 0.5 else np.where(inside, whole, around)
    mixed, body = _scanner(rng, mixed.astype(np.float32), frame, spacing, skin)
    return Head(mixed.astype(np.float32), inside, body | inside, inner)
