"""From a scan to what the network reads, and back. Kept so plain that another language can follow it to the bit, nearly.

1. `content`: fill = the most frequent value on the six faces; brain = voxels that differ from it; cut to the box of these.
2. `pool`: blocks of f voxels along each axis, f = max(1, floor(2 mm / spacing + 0.25)), starting at the low corner of the box. A
   block is brain where at least half of its voxels are (voxels beyond the box are not); its value is the mean of its brain voxels.
3. `normalise`: clip to the percentiles of the brain blocks (nearest rank: sorted[floor(p / 100 * (n - 1) + 0.5)]), subtract their
   mean after clipping, divide by their standard deviation (of n, not n - 1); everything else = `outside`.
4. `stack`: channel c of slice k is slice k + c - slices // 2, or `outside` beyond the ends; rows and columns padded at their ends.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Scheme:
    """The numbers of the preprocessing; they go into the side-car."""

    slices: int = 5
    pixel_millimetres: float = 2.0
    multiple_of: int = 16
    low: float = 1.0
    high: float = 99.0
    outside: float = -4.0

    def record(self) -> dict[str, Any]:
        return asdict(self)


def border_value(volume: np.ndarray) -> float:
    """The most frequent value on the six faces; the smaller of two equally frequent ones."""
    faces = [np.take(volume, i, axis).ravel() for axis in range(3) for i in (0, -1)]
    values, counts = np.unique(np.concatenate(faces), return_counts=True)
    return float(values[np.argmax(counts)])


def content_box(brain: np.ndarray) -> tuple[slice, slice, slice]:
    """The smallest box that holds every brain voxel; the whole array where there is none."""
    if not brain.any():
        return tuple(slice(0, n) for n in brain.shape)  # type: ignore[return-value]
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(brain.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(int(hit[0]), int(hit[-1]) + 1))
    return tuple(spans)  # type: ignore[return-value]


def factors(spacing: tuple[float, float, float], target: float) -> tuple[int, int, int]:
    """The count of voxels that make a block along each axis."""
    return tuple(max(1, int(np.floor(target / s + 0.25))) for s in spacing)  # type: ignore[return-value]


def _sum_blocks(values: np.ndarray, f: tuple[int, int, int]) -> np.ndarray:
    pads = [(0, -n % k) for n, k in zip(values.shape, f)]
    p = np.pad(values, pads)
    z, y, x = (n // k for n, k in zip(p.shape, f))
    return p.reshape(z, f[0], y, f[1], x, f[2]).sum(axis=(1, 3, 5))


def pool(volume: np.ndarray, brain: np.ndarray, f: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Block means over brain voxels, and which blocks are brain."""
    count = _sum_blocks(brain.astype(np.float64), f)
    total = _sum_blocks(np.where(brain, volume, 0).astype(np.float64), f)
    mean = total / np.maximum(count, 1)
    return mean.astype(np.float32), count * 2 >= f[0] * f[1] * f[2]


def rank(ordered: np.ndarray, percentile: float) -> float:
    """Nearest-rank percentile of an ordered array."""
    return float(ordered[int(np.floor(percentile / 100 * (len(ordered) - 1) + 0.5))])


def normalise(volume: np.ndarray, brain: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Step 3. A brain without contrast becomes 0."""
    inside = volume[brain].astype(np.float32)
    out = np.full(volume.shape, scheme.outside, np.float32)
    if inside.size == 0:
        return out
    ordered = np.sort(inside)
    clipped = np.clip(inside, rank(ordered, scheme.low), rank(ordered, scheme.high)).astype(np.float64)
    deviation = clipped.std()
    out[brain] = (clipped - clipped.mean()) / (deviation if deviation > 0 else 1.0)
    return out


def stack(volume: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Step 4: [slice, channel, row, column] of a normalised volume."""
    depth, rows, columns = volume.shape
    m, reach = scheme.multiple_of, scheme.slices // 2
    padded = np.full((depth + 2 * reach, rows + -rows % m, columns + -columns % m), scheme.outside, np.float32)
    padded[reach : reach + depth, :rows, :columns] = volume
    return np.stack([padded[c : c + depth] for c in range(scheme.slices)], axis=1)


@dataclass
class Prepared:
    """A scan ready for the network, with what is needed to bring the answer back."""

    tensor: np.ndarray  # [slice, channel, row, column]
    brain: np.ndarray  # coarse, [slice, row, column]
    box: tuple[slice, slice, slice]
    f: tuple[int, int, int]
    shape: tuple[int, int, int]
    raw: np.ndarray  # block means before they were normalised


def prepare(volume: np.ndarray, spacing: tuple[float, float, float], scheme: Scheme) -> Prepared:
    """Steps 1 to 4 for a volume [z, y, x] with its spacing in the same order. NaN and infinities count as fill."""
    finite = np.isfinite(volume)
    fill = border_value(np.where(finite, volume, 0))
    volume = np.where(finite, volume, fill)
    brain = volume != fill
    box = content_box(brain)
    f = factors(spacing, scheme.pixel_millimetres)
    coarse, inside = pool(volume[box], brain[box], f)
    return Prepared(stack(normalise(coarse, inside, scheme), scheme), inside, box, f, volume.shape, coarse)


def upsample(coarse: np.ndarray, p: Prepared) -> np.ndarray:
    """Coarse values (probabilities) on the scan's voxels: linear between block centres, held at the ends; 0 outside the box."""
    fine = coarse.astype(np.float32)
    for axis in range(3):
        n = p.box[axis].stop - p.box[axis].start
        place = np.clip((np.arange(n) + 0.5) / p.f[axis] - 0.5, 0, fine.shape[axis] - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, fine.shape[axis] - 1)
        t = (place - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        fine = np.take(fine, low, axis) * (1 - t) + np.take(fine, high, axis) * t
    out = np.zeros(p.shape, np.float32)
    out[p.box] = fine
    return out
