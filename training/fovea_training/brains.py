"""Generated brains: anatomy, tumours, confounders and a scanner, each drawn at random. See README.md, "Generated data"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .anatomy import Anatomy, Space, make_anatomy, make_space
from .confounders import add_bright_healthy, strip
from .noise import smooth_noise
from .preprocess import Scheme, normalise
from .tumour import grow, mass_effect, paint, plant


@dataclass
class Brain:
    """A volume on a 2 mm grid as [z, y, x]: raw intensities, brain mask, tumour label."""

    image: np.ndarray
    mask: np.ndarray
    label: np.ndarray


def _blur(image: np.ndarray, sigma: float, axis: int) -> np.ndarray:
    """Gaussian blur along one axis, in voxels; the ends are repeated."""
    if sigma < 0.15:
        return image
    reach = max(1, int(np.ceil(2.5 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    n = image.shape[axis]
    padded = np.pad(image, [(reach, reach) if i == axis else (0, 0) for i in range(3)], mode="edge")
    take = [slice(None)] * 3
    out = np.zeros_like(image)
    for i, k in enumerate(kernel):
        take[axis] = slice(i, i + n)
        out += k * padded[tuple(take)]
    return out


def scan(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The tissue as a scanner and its software show it: blur, thick slices, bias field, noise, contrast."""
    u, shape = rng.uniform, image.shape
    image = image * (1 + u(0, 0.05) * smooth_noise(rng, shape, 1.5))
    through = 0 if rng.random() < 0.8 else int(rng.integers(1, 3))
    for axis in range(3):
        image = _blur(image, u(0.1, 0.6), axis)
    if rng.random() < 0.5:
        image = _blur(image, u(0.5, 1.6), through)
    image = image * np.exp(u(0, 0.15) * np.clip(smooth_noise(rng, shape, u(25, 60)), -2.5, 2.5))
    level = np.exp(u(np.log(0.004), np.log(0.06)))
    real, imaginary = (level * rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
    image = np.sqrt((image + real) ** 2 + imaginary**2)
    return np.maximum(image, 0) ** np.exp(rng.normal(0, 0.2)) * u(1, 1000)


def make_brain(seed: int, tumours: int | None = None) -> Brain:
    """One brain, the same for the same seed; `tumours` fixes how many it has, otherwise 0, 1 or 2 at random."""
    rng = np.random.default_rng(seed)
    u = rng.uniform
    space, half = make_space(rng)
    count = tumours if tumours is not None else int(rng.choice([0, 1, 2], p=[0.16, 0.70, 0.14]))
    seeds = [plant(rng, half) for _ in range(count)]
    if count == 2 and max(s.radius for s in seeds) > 20:
        seeds[1].radius = min(seeds[1].radius, 12.0)
    rough = (1 - np.sqrt((space.x / half[0]) ** 2 + (space.y / half[1]) ** 2 + (space.z / half[2]) ** 2)) * half[0]
    pushed = space
    for s in seeds:
        pushed = mass_effect(pushed, s, rough)
    anatomy = make_anatomy(rng, pushed, half)
    kind = rng.random()
    grey = u(0.98, 1.4) if kind < 0.86 else u(0.85, 1.0) if kind < 0.95 else u(0.55, 0.85)
    white = (1 - anatomy.csf) * (1 - anatomy.grey)
    image = (white + grey * anatomy.grey + u(0.05, 0.6) * anatomy.csf) * (1 + u(-0.15, 0.1) * anatomy.cerebellum)
    image = image.astype(np.float32)
    add_bright_healthy(rng, image, pushed, anatomy, white)
    members = []
    for s in seeds:
        members.append(paint(rng, image, grow(rng, space, s, anatomy), anatomy, grey, s.radius))
    mask = strip(rng, image, anatomy)
    label = np.zeros(image.shape, bool)
    for m in members:
        label |= m > 0.5
    # As one draws by hand: slits and pits of a block are part of the tumour.
    label = ndimage.binary_closing(label, ndimage.generate_binary_structure(3, 2)) & mask
    if rng.random() < 0.5:  # software often masks first and resamples afterwards
        image = scan(rng, image) * mask
    else:
        image = scan(rng, image * mask) * mask
    return Brain(image.astype(np.float32), mask, label)


def make_normalised(seed: int, scheme: Scheme, tumours: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A generated brain as the network sees it: the normalised volume and the label, cut to the content box."""
    brain = make_brain(seed, tumours)
    box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(brain.mask))
    return normalise(brain.image, brain.mask, scheme)[box].astype(np.float16), brain.label[box]


__all__ = ["Anatomy", "Brain", "Space", "make_brain", "make_normalised", "scan"]
