"""The scans that a model is judged by: real ones of a folder laid out as shared/data, drawn heads round them, and generated heads.

All of them only validate. A case keeps what the network reads and the label on the scan's voxels, so that many models can be tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .brains import make_brain
from .data import read_nifti
from .heads import Spacing, dress
from .preprocess import Prepared, Scheme, border_value, prepare

FIRST_SEED = 2_000_000_000
GLIOMAS = ("BRATS2013-0001_flair", "BRATS2013-0005_flair", "TCGA-DU-7294_fla")
OTHERS = ("t1-sagittal-4.8mm", "t1-head-2.75mm_uint8", "icbm152-2009a_t1", "epi_float32-bigendian", "dwi-4d_int16", "fmri-4d_int16")


@dataclass
class Case:
    """A scan ready for a network."""

    name: str
    kind: str
    prepared: Prepared
    spacing: Spacing
    label: np.ndarray | None  # on the scan's voxels; None where there is no tumour
    doubt: bool  # no plain background: a reader that takes what is not fill for brain says "unsure"
    brain: np.ndarray | None = None  # on the blocks, where it is known


def no_plain_background(volume: np.ndarray) -> bool:
    """The rule by which Fovea doubts that what is not fill is a brain (`Body.doubt`)."""
    finite = np.isfinite(volume)
    fill = border_value(np.where(finite, volume, 0))
    body = finite & (volume != fill)
    faces = [np.take(body, i, axis) for axis in range(3) for i in (0, -1)]
    if sum(f.mean() > 1 / 8 for f in faces) >= 4 or body.mean() > 0.65:
        return True
    sample = np.sort(np.abs(volume[body][:: max(1, int(body.sum()) // 50_000)] - fill))
    if len(sample) < 2:
        return False
    return bool((sample < 0.005 * sample[int((len(sample) - 1) * 0.99)]).mean() > 0.15)


def case(
    name: str, kind: str, volume: np.ndarray, spacing: Spacing, label: np.ndarray | None = None, brain: np.ndarray | None = None
) -> Case:
    """One scan, prepared."""
    p = prepare(volume, spacing, Scheme())
    coarse = None
    if brain is not None:
        from .preprocess import pool

        coarse = pool(brain[p.box].astype(np.float32), np.ones_like(brain[p.box]), p.f)[0] >= 0.5
    return Case(name, kind, p, spacing, label, no_plain_background(volume), coarse)


def dressed(
    name: str, kind: str, volume: np.ndarray, brain: np.ndarray, spacing: Spacing, label: np.ndarray | None, seed: int
) -> Case:
    """A head drawn round a scan, as a scanner's whole numbers."""
    rng = np.random.default_rng(seed)
    head = dress(rng, volume - volume[brain].min() + 1e-3 * np.ptp(volume[brain]), brain, spacing)
    whole = np.round(head.image * rng.uniform(150, 900) * head.body).astype(np.float32)
    whole[head.body & (whole == 0) & head.brain] = 1
    return case(name, kind, whole, spacing, None if label is None else head.place(label), head.brain)


def glioma_cases(folder: Path, seeds: int) -> Iterator[Case]:
    """The labelled gliomas, stripped and with heads drawn round them."""
    for number, name in enumerate(GLIOMAS):
        volume, spacing = read_nifti(folder / "volumes" / f"{name}.nii.gz")
        label = read_nifti(folder / "volumes" / f"{name.rsplit('_', 1)[0]}_seg.nii.gz")[0] > 0
        brain = volume != border_value(volume)
        yield case(name, "glioma", volume, spacing, label)
        for seed in range(seeds):
            yield dressed(f"{name}+head{seed}", "glioma-head", volume, brain, spacing, label, FIRST_SEED + 100 * number + seed)


def low_grade_cases(folder: Path) -> Iterator[Case]:
    """The low-grade gliomas with hand-drawn masks, by name."""
    for path in sorted((folder / "lgg").glob("*_flair.nii.gz")):
        name = path.name.removesuffix("_flair.nii.gz")
        volume, spacing = read_nifti(path)
        yield case(name, "low-grade", volume, spacing, read_nifti(folder / "lgg-masks" / f"{name}_seg.nii.gz")[0] > 0)


def free_cases(folder: Path, generated: int) -> Iterator[Case]:
    """Scans without tumour: whole heads, brains, other contrasts and other things; then generated ones, stripped and whole."""
    for path in sorted((folder / "heads").glob("*_flair.nii.gz")):
        name = path.name.removesuffix(".nii.gz")
        volume, spacing = read_nifti(path)
        brain = read_nifti(path.with_name(path.name.replace("_flair", "_brain")))[0] > 0
        yield case(name, "free-head", volume, spacing, brain=brain)
        yield case(f"{name}-stripped", "free-brain", np.where(brain, np.maximum(volume, 1), 0), spacing)
    for path in sorted((folder / "heads").glob("*_t1.nii.gz")):
        yield case(path.name.removesuffix(".nii.gz"), "free-other", *read_nifti(path))
    yield case("ms-mni07-stripped", "free-brain", *read_nifti(folder / "heads" / "ms-mni07_flair-stripped.nii.gz"))
    for name in OTHERS:
        yield case(name, "free-other", *read_nifti(folder / "odd" / f"{name}.nii.gz"))
    volume, spacing = read_nifti(folder / "odd" / "icbm152-2009a_t1.nii.gz")
    tissue = sum(read_nifti(folder / "odd" / f"icbm152-2009a_{k}.nii.gz")[0].astype(np.float32) for k in ("gm", "wm"))
    yield case("icbm152-stripped", "free-other", np.where(tissue > 0.2 * tissue.max(), volume, 0), spacing)
    for name in ("MR_Gd", "CT_AVM"):
        yield case(name, "free-other", *read_nifti(folder / "volumes" / f"{name}.nii.gz"))
    yield case("ct-head", "free-other", *read_nifti(folder / "odd" / "ct-head_int16-HU-tilt.nii.gz"))
    for i in range(generated):
        made = make_brain(FIRST_SEED + i, tumours=0)
        yield case(f"generated-{i}", "free-generated", made.image * made.mask, (2.0, 2.0, 2.0))
        yield dressed(f"generated-{i}+head", "free-generated-head", made.image, made.mask, (2.0, 2.0, 2.0), None, FIRST_SEED + i)


def all_cases(folder: Path, seeds: int = 5, generated: int = 15) -> Iterator[Case]:
    """Everything."""
    yield from glioma_cases(folder, seeds)
    yield from low_grade_cases(folder)
    yield from free_cases(folder, generated)
