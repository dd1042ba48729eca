"""All that is bright on FLAIR and no tumour: rims and caps of ventricles, white-matter lesions, bright cortex, rests of skull."""

from __future__ import annotations

import numpy as np

from .anatomy import Anatomy, Space, ellipsoid
from .noise import smooth_noise, soft


def paired_noise(rng: np.random.Generator, shape: tuple[int, int, int], scale: float, likely: float) -> np.ndarray:
    """Smooth noise, nearly the same on both sides where chance (`likely`) will have it: what is healthy mostly comes in pairs."""
    field = smooth_noise(rng, shape, scale)
    if rng.random() >= likely:
        return field
    return 0.68 * (field + field[:, :, ::-1]) + 0.2 * smooth_noise(rng, shape, scale)


def add_bright_healthy(rng: np.random.Generator, image: np.ndarray, space: Space, a: Anatomy, white: np.ndarray) -> None:
    """Draws confounders inside the brain into `image` (white matter = 1), in place."""
    u, shape = rng.uniform, image.shape
    if rng.random() < 0.7:  # rim
        rim = np.exp(-np.maximum(a.ventricle_distance, 0) / u(1.0, 3.5)) * (a.ventricle_distance > -1)
        image *= 1 + u(0.05, 0.6) * rim * np.clip(1 + 0.5 * smooth_noise(rng, shape, 8), 0, 2)
    if rng.random() < 0.5:  # caps, the same on both sides or nearly so
        side = Space(np.abs(space.x), space.y, space.z)
        for front in (u(28, 40), u(-56, -38)):
            cap = soft(ellipsoid(side, (u(10, 22), front, u(0, 14)), (u(5, 10), u(4, 11), u(4, 10))), u(3, 8))
            image *= 1 + u(0, 0.6) * cap * (a.ventricle_distance > 0)
    if rng.random() < 0.5:  # small lesions of white matter
        spots = soft(smooth_noise(rng, shape, u(1.5, 3.2)) * 4 - u(8.5, 12), u(1, 3)) * white
        image += spots * (u(1.15, 1.9) - image)
    if rng.random() < 0.3:  # confluent ones around the ventricles
        near = np.clip(1.2 - np.maximum(a.ventricle_distance, 0) / u(6, 14), 0, 1)
        image *= 1 + u(0.1, 0.6) * white * near * soft(paired_noise(rng, shape, u(4, 8), 0.85) * 2 - u(0, 2.5), 2)
    if rng.random() < 0.6:  # bright cortex, insula and cingulum, alike on both sides
        image *= 1 + u(0.05, 0.4) * a.grey * soft(paired_noise(rng, shape, u(6, 14), 0.8) - u(0.4, 1.4), 1.0)
    if rng.random() < 0.5:  # long tracts
        x = np.abs(space.x)
        tract = np.exp(-(((x - u(18, 28)) / 5) ** 2) - ((space.y + u(5, 20)) / 6) ** 2) * (space.z > -25)
        image *= 1 + u(0.03, 0.3) * tract * white
    if rng.random() < 0.4:  # flow in the fluid
        image *= 1 + u(0.3, 2.5) * a.csf * soft(smooth_noise(rng, shape, 6) - u(0.8, 1.8), 1.0)
    if rng.random() < 0.3:  # vessels: tubes where two sheets meet, bright with contrast medium or dark with flow
        width = u(0.12, 0.3)
        tube = np.hypot(smooth_noise(rng, shape, u(4, 9)), smooth_noise(rng, shape, u(4, 9)))
        tube = soft((width - tube) / width, 1.0) * (a.cortex_depth < u(3, 30))
        image += tube * ((u(1.3, 2.6) if rng.random() < 0.6 else u(0.1, 0.6)) - image)
    if rng.random() < 0.5:  # stem and cerebellum, brighter or darker as a whole
        image *= 1 + u(-0.15, 0.25) * a.cerebellum * soft(np.abs(space.x) * -1 + u(8, 40), 8.0)
    if rng.random() < 0.5:  # stem and midbrain alone
        stem = ellipsoid(space, (0, u(-26, -12), u(-44, -14)), (u(9, 17), u(8, 16), u(10, 26))) + u(0, 2) * smooth_noise(
            rng, shape, 5
        )
        image *= 1 + u(0.05, 0.6) * soft(stem, u(2, 8)) * (1 - a.csf)
    if rng.random() < 0.4:  # a pair of regions, alike on both sides
        side = Space(np.abs(space.x), space.y, space.z)
        pair = soft(
            ellipsoid(side, (u(8, 40), u(-50, 45), u(-20, 35)), (u(5, 14), u(6, 18), u(5, 14)))
            + u(0, 2) * smooth_noise(rng, shape, 5),
            u(2, 6),
        )
        image *= 1 + u(-0.15, 0.45) * pair * (1 - a.csf)
    # Regions of slightly different tissue, anywhere.
    image *= 1 + u(0, 0.06) * smooth_noise(rng, shape, u(8, 18))


def strip(rng: np.random.Generator, image: np.ndarray, a: Anatomy) -> np.ndarray:
    """The brain mask with the errors that skull stripping makes; what remains outside the brain is drawn in place."""
    u, shape = rng.uniform, image.shape
    wobble = u(0, 2.5) * smooth_noise(rng, shape, u(6, 16))
    level = a.depth + wobble
    outside = soft(-a.depth, 2)
    if rng.random() < 0.06:  # not stripped at all: fluid, skull, scalp, air
        shell = -a.depth + 1.5 * smooth_noise(rng, shape, 10)
        scalp = soft(shell - u(4, 8), 2) * soft(u(11, 20) - shell, 2)
        image += outside * (u(0.05, 0.4) + scalp * u(0.5, 2.5) - image)
        air = soft(shell - 20, 2)
        image *= 1 - air
        return np.ones(shape, bool) if rng.random() < 0.5 else shell < u(10, 20)
    bright = np.where(smooth_noise(rng, shape, u(3, 9)) > u(0.2, 1.2), u(0.6, 2.2), u(0.05, 0.6))
    image += outside * (bright - image)
    cut = rng.choice([u(-0.5, 1.0), u(1, 4), u(-5, -1)], p=[0.5, 0.3, 0.2])
    return level > cut
