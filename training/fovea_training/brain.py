"""The first stage for scans that are not stripped: a network finds the brain, and only that is shown to the tumour's network.

The rule, on the blocks of `preprocess`, which both networks share:

1. The brain's network looks at every s-th slice, s = max(1, min(4, floor(8 mm / slice thickness))), or at all of fewer than 16.
   Where at least `keep_body_above` of the body in these slices is brain, the scan was stripped: the body stays as it is.
2. Otherwise it looks at all slices. Of the body's blocks with a probability above its threshold, `peel` layers are taken off in
   each slice (a block stays where it and its four neighbours in the slice are there; beyond the grid is nothing). The largest
   6-connected part of the rest (the first in the order of z, y, x of two equally large) gets as many layers back, as far as there
   were any. Of that, the largest 6-connected part with its holes filled, inside the body, is the brain: a thin bridge carries no
   scalp.
3. Where that is at least `keep_body_above` of the body, the body stays. Where it is less than the first of `litres` or more than
   the second there is no brain: the body stays, and the verdict is at best "unsure".
4. Otherwise blocks outside the brain become background: values are normalised anew over the brain's blocks, the rest is
   `outside`.

A doubt about the background is settled in 1, 3 (first case) and 4: what was doubted is no longer looked at, or is brain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import ndimage

from .postprocess import components
from .preprocess import Prepared, Scheme, normalise, stack

Predictor = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class BrainRule:
    """The numbers of the rule; they go into the tumour model's side-car, the threshold into the brain model's."""

    threshold: float = 0.5
    keep_body_above: float = 0.9
    peel: int = 2
    litres: tuple[float, float] = (0.4, 5.0)  # wide: the slice distance of some scans is a guess

    def record(self) -> dict[str, Any]:
        return {"keep_body_above": self.keep_body_above, "peel": self.peel, "litres": list(self.litres)}


@dataclass
class Seen:
    """The scan as the tumour's network is to see it."""

    prepared: Prepared
    brain: np.ndarray  # the blocks that it looks at
    restricted: bool  # false where the body stayed
    none: bool  # no brain was found: the verdict is at best "unsure"


def first_step(slice_millimetres: float, count: int) -> int:
    """The distance between slices that are looked at first."""
    return max(1, min(4, int(8.0 / slice_millimetres))) if count >= 16 else 1


def largest(inside: np.ndarray) -> np.ndarray:
    """The largest 6-connected part; empty where there is none."""
    numbered, sizes = components(inside, 6)
    if len(sizes) < 2:
        return np.zeros(inside.shape, bool)
    sizes[0] = 0
    part: np.ndarray = numbered == sizes.argmax()
    return part


def core(inside: np.ndarray, peel: int) -> np.ndarray:
    """The brain of step 2."""
    if peel:
        flat = np.zeros((3, 3, 3), bool)
        flat[1] = ndimage.generate_binary_structure(2, 1)
        kept = largest(ndimage.binary_erosion(inside, flat, iterations=peel))
        inside = inside & ndimage.binary_dilation(kept, flat, iterations=peel)
    filled: np.ndarray = ndimage.binary_fill_holes(largest(inside))
    return filled


def look(p: Prepared, find: Predictor, spacing: tuple[float, float, float], rule: BrainRule, scheme: Scheme) -> Seen:
    """Applies the rule to a scan whose voxels are `spacing` millimetres."""
    _, rows, columns = p.brain.shape
    step = first_step(spacing[0] * p.f[0], len(p.brain))
    first = find(np.ascontiguousarray(p.tensor[::step]))[:, :rows, :columns] > rule.threshold
    body = p.brain[::step]
    if int((first & body).sum()) >= rule.keep_body_above * int(body.sum()):
        return Seen(p, p.brain, False, False)
    brain = core((find(p.tensor)[:, :rows, :columns] > rule.threshold) & p.brain, rule.peel) & p.brain
    litres = float(brain.sum() * np.prod(spacing) * np.prod(p.f)) / 1e6
    if brain.sum() >= rule.keep_body_above * p.brain.sum():
        return Seen(p, p.brain, False, False)
    if not rule.litres[0] <= litres <= rule.litres[1]:
        return Seen(p, p.brain, False, True)
    tensor = stack(normalise(p.raw, brain, scheme), scheme)
    return Seen(replace(p, brain=brain, tensor=tensor), brain, True, False)
