"""The sources of volumes: a BraTS 2020 folder, any pair of NIfTI files, or generated brains made by worker processes."""

from __future__ import annotations

import multiprocessing as mp
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .preprocess import Scheme, border_value, content_box, factors, normalise, pool

UNKNOWN = -1.0  # in a batch's labels: nobody knows, and no loss is taken there


@dataclass
class Volume:
    """A normalised volume [z, y, x] as float16 with its label, and where the label is known; None where it is everywhere."""

    image: np.ndarray
    label: np.ndarray
    known: np.ndarray | None = None


@dataclass
class Patient:
    """Files of one patient of a BraTS folder."""

    name: str
    flair: Path
    seg: Path


def read_nifti(path: str | Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """A scan turned to the nearest axes left-right, back-front, foot-head (RAS+), as [z, y, x], and its spacing in that order."""
    import nibabel

    image = nibabel.as_closest_canonical(nibabel.load(str(path)))
    data = np.asarray(image.dataobj, dtype=np.float32)
    data = data[..., 0] if data.ndim == 4 else data
    z, y, x = (float(s) for s in image.header.get_zooms()[2::-1])
    return np.ascontiguousarray(data.T), (z, y, x)


def find_patients(folder: str | Path) -> list[Patient]:
    """BraTS20_Training_NNN/*_flair.nii[.gz] with *_seg.nii[.gz] beside it, by name; what has no label is left out."""
    found = []
    for flair in sorted(Path(folder).glob("**/*_flair.nii*")):
        stem = re.sub(r"_flair\.nii(\.gz)?$", "", flair.name)
        seg = next((p for p in sorted(flair.parent.glob(stem + "_seg.nii*"))), None)
        if seg is not None:
            found.append(Patient(stem, flair, seg))
    return found


def split_patients(patients: list[Patient], share: float = 0.2, seed: int = 1) -> tuple[list[Patient], list[Patient]]:
    """Training and validation patients; the same patient is never in both."""
    names = sorted({p.name for p in patients})
    np.random.default_rng(seed).shuffle(names)
    held = set(names[: max(1, round(share * len(names)))]) if len(names) > 1 else set()
    return [p for p in patients if p.name not in held], [p for p in patients if p.name in held]


def load_patient(patient: Patient, scheme: Scheme, resize: int | None) -> Volume:
    """One patient, prepared as the shipped model wants it (blocks of 2 mm) or, with `resize`, as square slices of that size."""
    image, spacing = read_nifti(patient.flair)
    label = read_nifti(patient.seg)[0] > 0
    brain = image != border_value(image)
    if resize:
        return square(Volume(normalise(image, brain, scheme), label), resize)
    box = content_box(brain)
    f = factors(spacing, scheme.pixel_millimetres)
    coarse, inside = pool(image[box], brain[box], f)
    share, _ = pool(label[box].astype(np.float32), np.ones_like(label[box]), f)
    return Volume(normalise(coarse, inside, scheme).astype(np.float16), share >= 0.5)


def square(volume: Volume, size: int) -> Volume:
    """Every slice resized to size x size, as in the published method."""
    image = torch.from_numpy(volume.image.astype(np.float32))[:, None]
    label = torch.from_numpy(volume.label.astype(np.float32))[:, None]
    image = F.interpolate(image, size=(size, size), mode="bilinear", align_corners=False)
    label = F.interpolate(label, size=(size, size), mode="bilinear", align_corners=False)
    return Volume(image[:, 0].numpy().astype(np.float16), label[:, 0].numpy() >= 0.5)


def generated(seed: int, scheme: Scheme, resize: int | None = None, tumours: int | None = None) -> Volume:
    """One generated brain."""
    from .brains import make_normalised

    volume = Volume(*make_normalised(seed, scheme, tumours))
    return square(volume, resize) if resize else volume


def _work(first: int, step: int, make: Callable[[int], Volume], queue: mp.Queue[Volume]) -> None:
    os.nice(5)
    seed = first
    while True:
        queue.put(make(seed))
        seed += step


class Stream:
    """Endless volumes: generated brains, or what `make` makes of a seed; seed s is always the same volume.

    Without workers `next` makes the volume itself, so that a run has one process and always the same result.
    """

    def __init__(
        self, scheme: Scheme, resize: int | None, seed: int, workers: int = 1, make: Callable[[int], Volume] | None = None
    ) -> None:
        make = make or partial(generated, scheme=scheme, resize=resize)
        self.make, self.seed = make, seed
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"  # read by the workers alone: torch has started already
        context = mp.get_context("spawn")
        self.queue: mp.Queue[Volume] = context.Queue(maxsize=6)
        self.workers = [
            context.Process(target=_work, args=(seed + i, workers, make, self.queue), daemon=True) for i in range(workers)
        ]
        for worker in self.workers:
            worker.start()

    def next(self) -> Volume:
        if self.workers:
            return self.queue.get(timeout=300)
        self.seed += 1
        return self.make(self.seed - 1)

    def close(self) -> None:
        for worker in self.workers:
            worker.terminate()


class Slices:
    """Draws batches of 2.5-D slices with their labels from volumes in memory, augmented."""

    def __init__(self, scheme: Scheme, window: tuple[int, int], seed: int, turn: float, contrast: bool) -> None:
        self.scheme, self.window, self.turn, self.contrast = scheme, window, turn, contrast
        self.rng = np.random.default_rng(seed)

    def slab(self, volume: Volume, middle: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Slice `middle` with its neighbours, at a random place in the window."""
        rows, columns = self.window
        out = np.full((self.scheme.slices, rows, columns), self.scheme.outside, np.float32)
        label = np.zeros((rows, columns), np.float32)
        depth, h, w = volume.image.shape
        top, left = (int(self.rng.integers(min(0, a - b), max(0, a - b) + 1)) for a, b in ((rows, h), (columns, w)))
        to = slice(max(top, 0), min(top + h, rows)), slice(max(left, 0), min(left + w, columns))
        of = slice(to[0].start - top, to[0].stop - top), slice(to[1].start - left, to[1].stop - left)
        for c in range(self.scheme.slices):
            k = middle + (c - self.scheme.slices // 2) * step
            if 0 <= k < depth:
                out[c, to[0], to[1]] = volume.image[k, of[0], of[1]]
        label[to] = volume.label[middle, of[0], of[1]]
        if volume.known is not None:
            label[to][~volume.known[middle, of[0], of[1]]] = UNKNOWN
        return out, label

    def pick(self, volume: Volume, tumour_share: float) -> int:
        """A slice, with a tumour in it more often than not."""
        with_tumour = np.flatnonzero(volume.label.any(axis=(1, 2)))
        if len(with_tumour) and self.rng.random() < tumour_share:
            return int(self.rng.choice(with_tumour))
        return int(self.rng.integers(0, len(volume.image)))

    def batch(self, chosen: list[tuple[Volume, int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Flips each axis at random; with `contrast` also changes contrast, brightness and slice distance; with `turn` rotates."""
        images, labels = [], []
        for volume, k in chosen:
            step = 2 if self.contrast and self.rng.random() < 0.15 else 1
            image, label = self.slab(volume, k, step)
            flips = self.rng.random(3) < 0.5
            image = image[:: -1 if flips[0] else 1, :: -1 if flips[1] else 1, :: -1 if flips[2] else 1]
            label = label[:: -1 if flips[1] else 1, :: -1 if flips[2] else 1]
            if self.contrast:
                inside = image != self.scheme.outside
                image = np.where(inside, image * self.rng.uniform(0.85, 1.15) + self.rng.uniform(-0.15, 0.15), image)
            images.append(np.ascontiguousarray(image, dtype=np.float32))
            labels.append(np.ascontiguousarray(label))
        x, y = torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(labels))[:, None]
        return self.rotate(x, y) if self.turn else (x, y)

    def rotate(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Each slice by its own angle."""
        angle = torch.from_numpy(self.rng.uniform(-self.turn, self.turn, len(x)).astype(np.float32))
        c, s, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
        theta = torch.stack([torch.stack([c, -s, zero], 1), torch.stack([s, c, zero], 1)], 1)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        off = self.scheme.outside
        x = F.grid_sample(x - off, grid, align_corners=False) + off
        return x, (F.grid_sample(y, grid, align_corners=False) >= 0.5).float()
