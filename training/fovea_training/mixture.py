"""Volumes for fine-tuning: generated brains, real brains with drawn tumours, heads drawn round both.

Seed s is always the same volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .brains import make_brain
from .data import Volume
from .heads import Head, Spacing, dress
from .preprocess import Scheme, border_value, content_box, normalise
from .real import Texture, plant_in

BLOCK: Spacing = (2.0, 2.0, 2.0)


@dataclass(frozen=True)
class Mixture:
    """Shares of the kinds of volumes."""

    real: float = 0.6  # of all volumes, where there are textures; the rest is generated
    whole: float = 0.35  # heads drawn round the brain, or left round it where they were never taken away
    heads: float = 0.2  # of real ones: from whole heads, where there are some
    thick: float = 0.4  # of volumes with slices of 2 mm: made two to three times as thick
    rounded: float = 0.0  # of those without a plain background: whole numbers, so that the commonest of the air's values is fill
    bare: float = 0.0  # of brains without a head: in noise, in a second constant or with a halo, all of which counts as body


@dataclass
class Raw:
    """A volume before it is normalised."""

    image: np.ndarray
    body: np.ndarray
    brain: np.ndarray
    tumour: np.ndarray
    unknown: np.ndarray
    spacing: Spacing

    def cut(self, window: tuple[slice, ...]) -> Raw:
        """A part of it."""
        image, body, brain, tumour, unknown = (a[window] for a in (self.image, self.body, self.brain, self.tumour, self.unknown))
        return Raw(image, body, brain, tumour, unknown, self.spacing)


def _generated(rng: np.random.Generator, seed: int) -> Raw:
    made = make_brain(seed)
    nothing = np.zeros(made.mask.shape, bool)
    return Raw(made.image * made.mask, made.mask, made.mask, made.label, nothing, BLOCK)


def _real(rng: np.random.Generator, mixture: Mixture, textures: Sequence[Texture]) -> Raw:
    """A real brain with up to two drawn tumours; of a whole head mostly with all that is round it."""
    heads = [t for t in textures if t.around is not None]
    brains = [t for t in textures if t.around is None]
    some = heads if heads and (not brains or rng.random() < mixture.heads) else brains
    texture = some[int(rng.integers(len(some)))]
    often = [0.4, 0.5, 0.1] if texture.tumour.any() else [0.15, 0.7, 0.15]
    t = plant_in(rng, texture, int(rng.choice(3, p=often)))
    if t.around is not None and t.body is not None and rng.random() < 0.75:
        return Raw(np.where(t.brain, t.image, t.around), t.body, t.brain, t.tumour, t.unknown, t.spacing)
    return Raw(t.image, t.brain, t.brain, t.tumour, t.unknown, t.spacing)


def _whole(rng: np.random.Generator, raw: Raw) -> Raw:
    """A head round it; sometimes cut off below or above, sometimes without the neck."""
    head: Head = dress(rng, raw.image, raw.brain, raw.spacing)
    tumour, unknown = head.place(raw.tumour), head.place(raw.unknown)
    out = Raw(head.image, head.body, head.brain, tumour, unknown, raw.spacing)
    seen = np.flatnonzero(head.brain.any(axis=(1, 2)))
    first, last = 0, len(head.image)
    if rng.random() < 0.3:
        first = int(seen[0] + rng.uniform(-0.1, 0.25) * len(seen))
    if rng.random() < 0.15:
        last = int(seen[-1] - rng.uniform(-0.1, 0.15) * len(seen))
    return out.cut((slice(max(0, first), last), slice(None), slice(None)))


def _bare(rng: np.random.Generator, raw: Raw) -> Raw:
    """A stripped brain in a background that is not one value: noise, a constant that is not the fill, or a blurred edge."""
    level = float(np.median(raw.image[raw.brain]))
    pads = [tuple(int(n) for n in rng.integers(0, 12, 2)) for _ in range(3)]
    image, brain, tumour, unknown = (np.pad(a, pads) for a in (raw.image, raw.brain, raw.tumour, raw.unknown))
    kind = rng.random()
    body = np.ones(brain.shape, bool)
    if kind < 0.6:  # noise in the air, or over all of it, as a magnitude
        noise = level * np.exp(rng.uniform(np.log(1e-6), np.log(0.05)))
        real, imaginary = (noise * rng.standard_normal(image.shape, dtype=np.float32) for _ in range(2))
        noisy = np.hypot(image + real, imaginary) if rng.random() < 0.5 else image + real
        image = noisy if rng.random() < 0.5 else np.where(brain, image, noisy)
    elif kind < 0.85:
        image = np.where(brain, image, level * rng.uniform(-1.0, 0.4))
    else:
        image = ndimage.gaussian_filter(image.astype(np.float32), [rng.uniform(0.4, 1.2)] * 3)
        body = ndimage.binary_dilation(brain, iterations=int(rng.integers(1, 5)))
    return Raw(image.astype(np.float32), body, brain, tumour, unknown, raw.spacing)


def _thick(rng: np.random.Generator, raw: Raw) -> Raw:
    """Slices two or three times as thick: means over neighbours, or every second or third one."""
    k = int(rng.integers(2, 4))
    depth = len(raw.image) // k * k
    share = rng.random() < 0.7

    def fewer(a: np.ndarray, mean: bool) -> np.ndarray:
        parts = a[:depth].reshape(depth // k, k, *a.shape[1:]).astype(np.float32)
        return parts.mean(axis=1) if mean else parts[:, k // 2]

    masks = [fewer(a, True) >= 0.5 for a in (raw.body, raw.brain, raw.tumour)]
    unknown = fewer(raw.unknown, True) > 0.2
    spacing = (raw.spacing[0] * k, raw.spacing[1], raw.spacing[2])
    return Raw(fewer(raw.image, share), masks[0], masks[1], masks[2], unknown, spacing)


def _rounded(rng: np.random.Generator, raw: Raw) -> Raw:
    """A scan of whole numbers: body is what differs from the commonest value on its border, so noisy air is full of holes."""
    values = np.round(raw.image / max(1e-6, float(np.median(raw.image[raw.brain]))) * rng.uniform(100, 900)).astype(np.float32)
    body = values != border_value(values)
    return Raw(values, body, raw.brain & body, raw.tumour & body, raw.unknown, raw.spacing)


def make_raw(seed: int, mixture: Mixture, textures: Sequence[Texture]) -> Raw:
    """One volume of the mixture."""
    rng = np.random.default_rng([seed, 7])
    raw = _real(rng, mixture, textures) if len(textures) and rng.random() < mixture.real else _generated(rng, seed)
    if raw.body is raw.brain and rng.random() < mixture.whole:
        raw = _whole(rng, raw)
    elif raw.body is raw.brain and mixture.bare and rng.random() < mixture.bare:
        raw = _bare(rng, raw)
    if raw.spacing[0] < 2.5 and rng.random() < mixture.thick:
        raw = _thick(rng, raw)
    raw.image = np.sign(raw.image) * np.abs(raw.image) ** np.exp(rng.normal(0, 0.15))
    if mixture.rounded and raw.body.all() and rng.random() < mixture.rounded:
        return _rounded(rng, raw)
    return raw


def make_volume(seed: int, scheme: Scheme, mixture: Mixture, textures: Sequence[Texture], brain: bool = False) -> Volume:
    """One volume as a network reads it, labelled with its tumour, or with its brain."""
    raw = make_raw(seed, mixture, textures)
    raw = raw.cut(content_box(raw.body))
    image = normalise(raw.image, raw.body, scheme).astype(np.float16)
    if brain:
        return Volume(image, raw.brain & raw.body)
    return Volume(image, raw.tumour & raw.body, ~(raw.unknown & raw.body))
