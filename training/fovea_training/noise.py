"""Smooth random fields, made by upsampling a coarse random grid with cubic B-spline weights (three matrix products)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

Shape = tuple[int, int, int]


@lru_cache(maxsize=512)
def _weights(length: int, knots: int) -> np.ndarray:
    """Cubic B-spline weights of `knots` control points (at least 4) at `length` places, rows of unit energy."""
    place = np.linspace(0, knots - 3, length, endpoint=False)
    first = np.floor(place).astype(int)
    t = place - first
    parts = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    matrix = np.zeros((length, knots), np.float32)
    for offset, part in enumerate(parts):
        matrix[np.arange(length), first + offset] = part
    return matrix / np.sqrt((matrix**2).sum(1, keepdims=True))


def smooth_noise(rng: np.random.Generator, shape: Shape, scale: float) -> np.ndarray:
    """A float32 field of about zero mean and unit variance whose bumps are about `scale` voxels wide."""
    knots = [max(4, int(np.ceil(n / max(scale, 1.0))) + 3) for n in shape]
    field = rng.standard_normal(knots, dtype=np.float32)
    # Move the grid by a random part of a cell, so that bumps do not stand in rows at fixed places.
    z, y, x = (_weights(n + k, k) for n, k in zip(shape, knots))
    starts = [int(rng.integers(0, k + 1)) for k in knots]
    z, y, x = (m[s : s + n] for m, s, n in zip((z, y, x), starts, shape))
    field = np.tensordot(z, field, axes=(1, 0))
    field = np.matmul(y, field)
    return np.matmul(field, x.T)


def soft(distance: np.ndarray, width: float = 2.0) -> np.ndarray:
    """Membership of the inside from a signed distance in millimetres (positive inside): a ramp `width` wide."""
    return np.clip(distance / width + 0.5, 0.0, 1.0, dtype=np.float32)
