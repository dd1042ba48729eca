"""Real texture with clean labels: patients' brains, tumours drawn into them, their own tumours mirrored away or marked as found.

Only images are read, never a mask that a person drew. A brain is a volume of blocks [z, y, x] with its spacing in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage, optimize

from .anatomy import Anatomy, Space
from .data import read_nifti
from .heads import Spacing
from .noise import smooth_noise
from .postprocess import components
from .preprocess import border_value, content_box, factors, pool
from .tumour import grow, mass_effect, paint, plant


@dataclass
class Texture:
    """A real brain on blocks: raw values, the brain, what a model is sure is tumour, and where nobody knows."""

    name: str
    image: np.ndarray
    brain: np.ndarray
    spacing: Spacing
    tumour: np.ndarray
    unknown: np.ndarray
    around: np.ndarray | None = None  # raw values of the whole head, where it was not stripped
    body: np.ndarray | None = None  # and what of it is no background


@dataclass
class Mirror:
    """The plane between the halves of a brain: normal and offset, in millimetres from the first block."""

    normal: np.ndarray
    offset: float
    cost: float

    def side(self, place: np.ndarray) -> np.ndarray:
        """Signed distance of places [3, ...] from the plane."""
        return np.tensordot(self.normal, place, axes=(0, 0)) - self.offset

    def of(self, place: np.ndarray) -> np.ndarray:
        """The mirror images of places."""
        normal = self.normal.reshape([3] + [1] * (place.ndim - 1))
        return place - 2 * self.side(place)[None] * normal


def read_texture(path: Path, brain_file: Path | None = None, millimetres: float = 2.0) -> Texture:
    """One stripped scan, or a whole head with the mask of its brain, as blocks; nothing in it is marked yet."""
    volume, spacing = read_nifti(path)
    brain = read_nifti(brain_file)[0] > 0 if brain_file else volume != border_value(volume)
    box, f = content_box(brain), factors(spacing, millimetres)
    image, inside = pool(volume[box], brain[box], f)
    nothing = np.zeros(inside.shape, bool)
    blocks = (spacing[0] * f[0], spacing[1] * f[1], spacing[2] * f[2])
    return Texture(path.name.split(".")[0], np.where(inside, image, 0), inside, blocks, nothing, nothing)


def read_head(path: Path, brain_file: Path, millimetres: float = 2.0) -> Texture:
    """A whole head without tumour, with the mask of its brain, as blocks."""
    volume, spacing = read_nifti(path)
    body = volume != border_value(volume)
    box, f = content_box(body), factors(spacing, millimetres)
    around, inside = pool(volume[box], body[box], f)
    mask = read_nifti(brain_file)[0] > 0
    brain = (pool(mask[box].astype(np.float32), np.ones_like(mask[box]), f)[0] >= 0.5) & inside
    nothing = np.zeros(brain.shape, bool)
    blocks = (spacing[0] * f[0], spacing[1] * f[1], spacing[2] * f[2])
    return Texture(path.name.split(".")[0], np.where(brain, around, 0), brain, blocks, nothing, nothing, around, inside)


def standard(texture: Texture) -> np.ndarray:
    """Values less their mean over the brain, in standard deviations; 0 outside."""
    inside = texture.image[texture.brain]
    return np.where(texture.brain, (texture.image - inside.mean()) / max(1e-6, float(inside.std())), 0)


def mark(texture: Texture, probability: np.ndarray, certain: float = 0.9) -> Texture:
    """Marks what a model finds: tumour where it is sure of the whole find; unknown where it wavers, and what is bright nearby."""
    numbered, sizes = components(probability > 0.5)
    tumour = np.zeros(texture.brain.shape, bool)
    for number in np.flatnonzero(sizes * np.prod(texture.spacing) > 3000):
        part = numbered == number
        if number and probability[part].mean() >= certain:
            tumour |= part
    wavering = (probability > 0.08) & ~tumour
    distance = ndimage.distance_transform_edt(~(tumour | wavering), sampling=texture.spacing)
    bright = standard(texture) > (0.7 if tumour.any() else 1.2)
    unknown = texture.brain & ~tumour & (wavering | ((distance < 14) & bright) | (distance < 3))
    if not tumour.any():
        # Every patient of these sets has a tumour: what is bright may be it.
        unknown |= texture.brain & (ndimage.gaussian_filter(standard(texture), [3 / s for s in texture.spacing]) > 1.0)
    return replace(texture, tumour=tumour, unknown=unknown)


def places(shape: tuple[int, ...], spacing: Spacing) -> np.ndarray:
    """Millimetres from the first block, [3, z, y, x]."""
    return np.stack(np.meshgrid(*(np.arange(n) * s for n, s in zip(shape, spacing)), indexing="ij")).astype(np.float32)


def sample(array: np.ndarray, place: np.ndarray, spacing: Spacing, order: int = 1) -> np.ndarray:
    """Values at places in millimetres; 0 beyond the ends."""
    index = place / np.array(spacing, np.float32).reshape([3] + [1] * (place.ndim - 1))
    return ndimage.map_coordinates(array.astype(np.float32), index, order=order, mode="constant", cval=0.0)


def find_mirror(texture: Texture, seed: int = 0) -> Mirror:
    """The plane in which the brain is most like its own mirror image."""
    rng = np.random.default_rng(seed)
    values = np.where(texture.brain, np.clip(standard(texture), -2, 2) + 3, 0)
    values = ndimage.gaussian_filter(values, [3 / s for s in texture.spacing])
    inside = np.argwhere(texture.brain)
    chosen = inside[rng.choice(len(inside), min(5000, len(inside)), replace=False)]
    points = (chosen * np.array(texture.spacing)).T.astype(np.float32)
    middle = points.mean(axis=1)
    own = sample(values, points, texture.spacing)

    def plane(p: np.ndarray) -> Mirror:
        normal = np.array([np.sin(p[0]), np.sin(p[1]), 1.0])
        normal /= np.linalg.norm(normal)
        return Mirror(normal, float(normal @ middle + p[2]), 0.0)

    def cost(p: np.ndarray) -> float:
        return float(np.minimum(np.abs(sample(values, plane(p).of(points), texture.spacing) - own), 2).mean())

    best = optimize.minimize(cost, np.zeros(3), method="Powell", bounds=[(-0.3, 0.3), (-0.3, 0.3), (-12, 12)])
    return replace(plane(best.x), cost=float(best.fun))


def healed(texture: Texture) -> Texture | None:
    """The brain with the half that has the tumour replaced by the mirror image of the other; None where both halves have some."""
    mirror = find_mirror(texture)
    place = places(texture.brain.shape, texture.spacing)
    side = mirror.side(place)
    left, right = (int((texture.tumour & (side * s > 3)).sum()) for s in (-1, 1))
    if not texture.tumour.any() or min(left, right) > 0.05 * max(left, right) or mirror.cost > 0.6:
        return None
    sign = 1.0 if right > left else -1.0
    weight = np.clip((sign * side + 1) / 2, 0, 1)
    there = mirror.of(place)
    image = texture.image * (1 - weight) + weight * sample(texture.image, there, texture.spacing)
    brain = np.where(weight > 0.5, sample(texture.brain, there, texture.spacing) > 0.5, texture.brain)
    unknown = (np.abs(side) < 12) & ndimage.binary_dilation(texture.tumour, iterations=3)
    nothing = np.zeros(brain.shape, bool)
    return Texture(texture.name + "-healed", np.where(brain, image, 0), brain, texture.spacing, nothing, unknown & brain)


def _space(texture: Texture) -> tuple[Space, tuple[float, float, float]]:
    """Coordinates from the middle of the brain, and half its size along x, y and z."""
    hit = [np.flatnonzero(texture.brain.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    place = places(texture.brain.shape, texture.spacing)
    z, y, x = (place[a] - (hit[a][0] + hit[a][-1]) / 2 * texture.spacing[a] for a in range(3))
    half = [max(30.0, (h[-1] - h[0]) / 2 * s) for h, s in zip(hit, texture.spacing)]
    return Space(x, y, z), (half[2], half[1], half[0])


def tissue(texture: Texture, space: Space, half: tuple[float, float, float]) -> tuple[np.ndarray, Anatomy, float]:
    """Brightness relative to white matter, the tissue maps that it suggests, and about how bright grey matter is."""
    s = texture.spacing
    depth = ndimage.distance_transform_edt(np.pad(texture.brain, 1), sampling=s)[1:-1, 1:-1, 1:-1].astype(np.float32)
    deep = texture.brain & (depth > 8)
    white = float(np.median(texture.image[deep if deep.any() else texture.brain])) or 1.0
    relative = (texture.image / white).astype(np.float32)
    csf = np.clip((0.72 - relative) / 0.2, 0, 1) * texture.brain
    fluid = csf > 0.5
    core = fluid & (depth > 22)
    outside = ndimage.distance_transform_edt(~core, sampling=s) if core.any() else np.full(csf.shape, 99.0)
    inside = ndimage.distance_transform_edt(core, sampling=s)
    cortex = np.minimum(depth, ndimage.distance_transform_edt(~fluid, sampling=s)) if fluid.any() else depth
    grey = np.clip((relative - 1.02) / 0.12, 0, 1) * (cortex < 9) * (1 - csf)
    radius = np.sqrt((space.x / half[0]) ** 2 + (space.y / half[1]) ** 2 + (space.z / half[2]) ** 2)
    level = float(np.clip(np.median(relative[grey > 0.5]), 1.0, 1.35)) if (grey > 0.5).any() else 1.15
    nothing = np.zeros(csf.shape, np.float32)
    anatomy = Anatomy(depth, cortex.astype(np.float32), (outside - inside).astype(np.float32), csf, grey, nothing, radius)
    return relative, anatomy, level


def moved(texture: Texture, space: Space, pushed: Space) -> Texture:
    """The brain with its tissue moved: what is now at `space` was at `pushed`."""
    shift = np.stack([pushed.z - space.z, pushed.y - space.y, pushed.x - space.x])
    place = places(texture.brain.shape, texture.spacing) + shift
    masks = [sample(m, place, texture.spacing) > 0.5 for m in (texture.tumour, texture.unknown)]
    brain = texture.brain
    image = sample(texture.image, place, texture.spacing)
    weight = sample(brain, place, texture.spacing)
    image = np.where(weight > 0.5, image / np.maximum(weight, 0.5), texture.image)
    return replace(texture, image=np.where(brain, image, 0), tumour=masks[0] & brain, unknown=masks[1] & brain)


def plant_in(rng: np.random.Generator, texture: Texture, tumours: int) -> Texture:
    """The brain, warped a little, with so many drawn tumours grown into it; they are marked as tumour."""
    space, half = _space(texture)
    shape = texture.brain.shape
    grid = (shape[0], shape[1], shape[2])
    amount = rng.uniform(0, 2.5)
    wave = [amount * smooth_noise(rng, grid, 16) for _ in range(3)]
    pushed = Space(space.x + wave[0], space.y + wave[1], space.z + 0.5 * wave[2])
    rough = ndimage.distance_transform_edt(texture.brain, sampling=texture.spacing).astype(np.float32)
    seeds = []
    for _ in range(tumours):
        for _ in range(20):
            s = plant(rng, half)
            at = np.argmin(np.abs(space.x - s.centre[0]) + np.abs(space.y - s.centre[1]) + np.abs(space.z - s.centre[2]))
            if rough.ravel()[at] > 5 and not texture.tumour.ravel()[at] and not texture.unknown.ravel()[at]:
                seeds.append(s)
                break
    for s in seeds:
        pushed = mass_effect(pushed, s, rough)
    texture = moved(texture, space, pushed)
    relative, anatomy, grey = tissue(texture, space, half)
    around = None if texture.around is None else texture.around * (relative.max() / max(1e-6, float(texture.image.max())))
    label = np.zeros(shape, bool)
    for s in seeds:
        label |= paint(rng, relative, grow(rng, space, s, anatomy), anatomy, grey, s.radius) > 0.5
    label = ndimage.binary_closing(label, ndimage.generate_binary_structure(3, 2)) & texture.brain
    image = np.maximum(relative, 1e-3) * texture.brain
    return replace(texture, image=image, tumour=texture.tumour | label, unknown=texture.unknown & ~label, around=around)
