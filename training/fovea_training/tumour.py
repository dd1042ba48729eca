"""Random tumours: where they grow, what they push aside, where oedema creeps, what each part looks like.

Sizes reach from 4 to 34 mm of radius. A good third is drawn to be hard: large, faint, partly as dark as grey matter, with
edges that fade out, because that is where a model trained on clear tumours fails.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Anatomy, Space
from .noise import smooth_noise, soft


@dataclass
class Seed:
    """A tumour before there is a brain around it: its place, its size and how it pushes."""

    centre: tuple[float, float, float]
    radius: float
    push: float
    matrix: np.ndarray  # turns and stretches, so that the seed is an ellipsoid


def plant(rng: np.random.Generator, half: tuple[float, float, float], low: float = 0.15, high: float = 0.85) -> Seed:
    """A seed somewhere in the brain."""
    kind = rng.random()
    radius = rng.uniform(4, 10) if kind < 0.2 else rng.uniform(10, 20) if kind < 0.55 else rng.uniform(20, 34)
    while True:
        p = rng.uniform(-1, 1, 3)
        r = np.linalg.norm(p)
        if low < r < (high if radius < 20 else 0.75) and p[2] > -0.55:
            break
    turn, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    stretch = np.exp(rng.normal(0, 0.25, 3))
    stretch /= stretch.prod() ** (1 / 3)
    push = rng.uniform(0, 0.5) if rng.random() < 0.6 else rng.uniform(0, 0.1)
    return Seed(tuple(p * half), radius, push, (turn * (1 / stretch)).T.astype(np.float32))


def _offsets(space: Space, seed: Seed) -> list[np.ndarray]:
    return [a - c for a, c in zip((space.x, space.y, space.z), seed.centre)]


def mass_effect(space: Space, seed: Seed, depth: np.ndarray) -> Space:
    """Coordinates of the tissue that was here before the tumour pushed it outward; the surface of the brain stays."""
    dx, dy, dz = _offsets(space, seed)
    r = np.sqrt(dx**2 + dy**2 + dz**2) + 1e-3
    reach = seed.radius * 1.3
    pull = seed.push * seed.radius * np.exp(-((r / reach) ** 2)) * np.clip(depth / 15, 0, 1) / np.maximum(r, 4)
    return Space(space.x - dx * pull, space.y - dy * pull, space.z - dz * pull)


@dataclass
class Growth:
    """The lie of a tumour in its brain, in millimetres at every voxel."""

    rho: np.ndarray  # noisy distance from its middle
    edge: np.ndarray  # how far its edge has come
    core: np.ndarray  # noisy distance from the middle of its core, which is seldom its own


def grow(rng: np.random.Generator, space: Space, seed: Seed, a: Anatomy) -> Growth:
    """Grey matter and the midline hold the edge back; cerebrospinal fluid stops it."""
    u, shape = rng.uniform, space.shape
    d = np.stack(_offsets(space, seed))
    q = np.tensordot(seed.matrix, d, axes=(1, 0))
    rough = u(0.05, 0.3) * seed.radius
    noise = rough * smooth_noise(rng, shape, max(4.0, 0.45 * seed.radius)) + u(0.2, 1.8) * smooth_noise(rng, shape, 4.0)
    rho = np.sqrt((q**2).sum(0)) + noise
    aside = rng.standard_normal(3)
    aside *= u(0, 0.6) * seed.radius / np.linalg.norm(aside)
    core = np.sqrt(((q - aside.astype(np.float32)[:, None, None, None]) ** 2).sum(0)) + noise
    hold = u(0, 0.7) * seed.radius if rng.random() < 0.5 else 0.0
    edge = seed.radius - hold * np.clip(a.grey, 0, 1) * (a.cortex_depth < 7)
    across = space.x * np.sign(seed.centre[0] or 1.0) < 0
    edge = edge - across * u(0, 0.5) * seed.radius
    if rng.random() < 0.5:  # fingers along white matter
        edge = edge + u(0.05, 0.35) * seed.radius * smooth_noise(rng, shape, u(4, 9)) * (1 - a.grey)
    return Growth(rho.astype(np.float32), edge.astype(np.float32), core.astype(np.float32))


@dataclass
class Look:
    """The brightness of the parts, all relative to white matter."""

    oedema: float
    core: float
    necrosis: float
    core_size: float
    necrosis_size: float
    fade: float
    patch: float
    show_through: float
    texture: float


def draw_look(rng: np.random.Generator, radius: float, grey: float) -> Look:
    """One of four kinds: clear, homogeneous, faint and patchy, or with a dark core."""
    u, kind = rng.uniform, rng.random()
    if kind < 0.30:  # clear oedema round a core
        bright = u(1.35, 2.3)
        look = Look(
            bright, bright * u(0.65, 1.2), u(0.2, 1.0), u(0.2, 0.75), u(0, 0.8), u(0, 0.2), u(0, 0.2), u(0, 0.2), u(0.02, 0.12)
        )
    elif kind < 0.45:  # homogeneous
        bright = u(1.25, 2.0)
        look = Look(bright, bright * u(0.95, 1.1), bright, u(0.2, 0.6), 0.0, u(0, 0.3), u(0, 0.1), u(0, 0.3), u(0.01, 0.08))
    elif kind < 0.80:  # faint, partly iso-intense with grey matter, infiltrating
        bright = max(grey, 1.0) * u(1.12, 1.55)
        look = Look(
            bright,
            grey * u(0.9, 1.2),
            u(0.3, 1.0),
            u(0.2, 0.8),
            u(0, 0.6) * (rng.random() < 0.5),
            u(0.05, 0.45),
            u(0.1, 0.65),
            u(0.05, 0.35),
            u(0.03, 0.15),
        )
    else:  # core or cavity darker than its surroundings
        bright = u(1.2, 2.0)
        look = Look(bright, u(0.7, 1.1), u(0.15, 0.8), u(0.3, 0.75), u(0.3, 0.95), u(0, 0.3), u(0, 0.3), u(0, 0.2), u(0.03, 0.12))
    if radius < 8:
        look.necrosis_size *= 0.3
        look.oedema = max(look.oedema, 1.2 * max(1.0, grey))
    return look


def paint(rng: np.random.Generator, image: np.ndarray, growth: Growth, a: Anatomy, grey: float, radius: float) -> np.ndarray:
    """Draws one tumour into `image` (white matter = 1) and returns its membership, whose half is the label."""
    u, shape = rng.uniform, image.shape
    look = draw_look(rng, radius, grey)
    rho, edge = growth.rho, growth.edge
    # A tumour closes the fluid spaces it grows over: sulci within its core, ventricles more often than not.
    ventricle = soft(-a.ventricle_distance - 1) * (rho > u(0.3, 1.0) * radius)
    wet = np.maximum(a.csf * (np.minimum(rho, growth.core) > look.core_size * radius * 0.8) * (a.ventricle_distance > 0), ventricle)
    member = soft(edge - rho, u(1.5, 5.0)) * (1 - wet) * soft(a.depth)
    texture = smooth_noise(rng, shape, u(3, 10))
    inward = np.clip((edge - rho) / max(radius * 0.5, 4.0), 0, 1)
    bright = 1 + (look.oedema - 1) * (1 - look.fade * (1 - inward))
    # Patches fall back to about the grey of cortex: still tumour, hardly brighter than what is around.
    patches = np.clip(smooth_noise(rng, shape, max(4.0, 0.35 * radius)) * 1.5 + (look.patch - 0.5) * 3, 0, 1) * min(
        1.0, 1.5 * look.patch
    )
    value = bright * (1 - patches) + patches * np.minimum(bright, grey * u(0.95, 1.12))
    core = soft(edge * look.core_size - growth.core + u(0, 0.15) * radius * smooth_noise(rng, shape, 6), u(1, 4))
    if rng.random() < 0.5:
        rim = np.exp(-(((growth.core - edge * look.core_size) / u(1.5, 4)) ** 2))
        value = value * (1 + u(0, 0.25) * rim)
    value = value * (1 - core) + core * look.core
    dead = soft(edge * look.core_size * look.necrosis_size - growth.core + u(0, 0.15) * radius * smooth_noise(rng, shape, 6))
    value = value * (1 - dead) + dead * look.necrosis
    value = value * (1 + look.texture * texture)
    blend = member * (1 - look.show_through * (1 - np.maximum(core, dead)))
    image += blend * (value - image)
    return member
