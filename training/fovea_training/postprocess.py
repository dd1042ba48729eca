"""From probabilities to a mask and a verdict: threshold, connected components, how sure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .preprocess import Prepared, upsample


@dataclass(frozen=True)
class Post:
    """The numbers of the post-processing; they go into the side-car.

    Components are those of coarse blocks with probability > threshold, 26-connected. The largest is kept and those with at least
    `keep_fraction` of its volume; what is smaller than `minimum_millilitres` is dropped. Certainty is the mean probability over the
    kept blocks.
    """

    threshold: float = 0.3
    connectivity: int = 26
    keep_fraction: float = 0.3
    minimum_millilitres: float = 0.5
    unsure_below: float = 0.93
    unsure_above_brain_fraction: float = 0.35
    unsure_above_symmetry: float = 0.9

    def record(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if k != "threshold"}


@dataclass
class Found:
    """The segmenter's word about a scan."""

    mask: np.ndarray  # on the voxels of the scan
    certainty: float
    millilitres: float
    verdict: str  # "found", "unsure" or "none"
    odd: bool = False  # true where another sign than certainty makes it unsure


def components(inside: np.ndarray, connectivity: int = 26) -> tuple[np.ndarray, np.ndarray]:
    """Numbered components and the size of each; number 0 is the rest."""
    from scipy import ndimage

    corners = {6: 1, 18: 2, 26: 3}[connectivity]
    numbered, _ = ndimage.label(inside, ndimage.generate_binary_structure(3, corners))
    return numbered, np.bincount(numbered.ravel())


def symmetry(kept: np.ndarray, brain: np.ndarray) -> float:
    """The share of kept blocks whose mirror image touches a kept block: healthy brightness comes in pairs, tumours seldom do.

    The mirror is the column 2 m - x, rounded half to even and held inside the grid; m is the mean column of the brain's blocks. To
    touch is to be a kept block or one of its six neighbours.
    """
    from scipy import ndimage

    index = np.argwhere(kept)
    if not len(index):
        return 0.0
    middle = float(np.argwhere(brain)[:, 2].mean())
    other = np.clip(np.round(2 * middle - index[:, 2]).astype(int), 0, kept.shape[2] - 1)
    return float(ndimage.binary_dilation(kept)[index[:, 0], index[:, 1], other].mean())


def decide(probability: np.ndarray, p: Prepared, block_millilitres: float, post: Post) -> Found:
    """Keeps components of the coarse probabilities and brings them to the scan's voxels."""
    numbered, sizes = components(probability > post.threshold, post.connectivity)
    sizes[0] = 0
    keep = np.flatnonzero(
        (sizes >= post.keep_fraction * sizes.max()) & (sizes * block_millilitres >= post.minimum_millilitres) & (sizes > 0)
    )
    kept = np.isin(numbered, keep) if len(keep) else np.zeros(probability.shape, bool)
    if not kept.any():
        return Found(np.zeros(p.shape, bool), 0.0, 0.0, "none")
    certainty = float(probability[kept].mean())
    # Probabilities of dropped components must not come back with the linear upsampling.
    near = probability * ~((probability > post.threshold) & ~kept)
    mask = upsample(near, p) > post.threshold
    share = kept.sum() / max(1, int(p.brain.sum()))
    odd = bool(share > post.unsure_above_brain_fraction or symmetry(kept, p.brain) > post.unsure_above_symmetry)
    sure = certainty >= post.unsure_below and not odd
    return Found(mask, certainty, float(kept.sum()) * block_millilitres, "found" if sure else "unsure", odd)


def boxes(mask: np.ndarray, margin: int) -> list[tuple[slice, slice, slice]]:
    """The box of each component with a margin in voxels, inside the volume."""
    from scipy import ndimage

    numbered, _ = components(mask)
    return [
        tuple(slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(found, mask.shape))  # type: ignore[misc]
        for found in ndimage.find_objects(numbered)
    ]
