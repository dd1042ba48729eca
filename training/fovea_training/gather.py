"""The real brains of a folder laid out as shared/data: which may train, which are held out, and what a model is sure of in them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .preprocess import Scheme, normalise, stack
from .real import Texture, healed, mark, read_head, read_texture

# Cubic millimetres that a model may find in a healed brain; more is the rest of a tumour that it did not see.
REST = 8000.0
HEADS = ("ms-01-", "ms-04-")  # patients whose heads may train
Predictor = Callable[[np.ndarray], np.ndarray]  # [slice, channel, row, column] to probabilities [slice, row, column]


def patients(folder: Path) -> tuple[list[Path], list[Path]]:
    """Low-grade gliomas that may train, and those that only validate and calibrate: the second and fourth of five by name."""
    files = sorted((folder / "lgg").glob("*_flair.nii.gz"))
    held = [f for i, f in enumerate(files) if i % 5 in (1, 3)]
    return [f for f in files if f not in held], held


def flipped_mean(predict: Predictor, tensor: np.ndarray) -> np.ndarray:
    """The mean of what is said of a volume and of its mirror image."""
    return (predict(tensor) + predict(np.ascontiguousarray(tensor[..., ::-1]))[..., ::-1]) / 2


def probabilities(predict: Predictor, texture: Texture, scheme: Scheme) -> np.ndarray:
    """Tumour probabilities on the blocks of a stripped brain, averaged over a flip."""
    z, y, x = texture.image.shape
    m = scheme.multiple_of
    image = np.pad(
        normalise(texture.image, texture.brain, scheme), ((0, 0), (0, -y % m), (0, -x % m)), constant_values=scheme.outside
    )
    return flipped_mean(predict, stack(image, scheme))[:, :y, :x] * texture.brain


def gather(folder: Path, predict: Predictor, scheme: Scheme, certain: float = 0.9) -> list[Texture]:
    """Textures that may train: each patient with the tumour that the model is sure of, and healed where one half is free of it."""
    found: list[Texture] = []
    for path in patients(folder)[0]:
        texture = mark(read := read_texture(path), probabilities(predict, read, scheme), certain)
        well = healed(texture)
        if well is not None and (probabilities(predict, well, scheme) > 0.5).sum() * np.prod(well.spacing) < REST:
            found.append(well)
        if texture.tumour.any():
            found.append(texture)
    return found


def heads(folder: Path) -> list[Texture]:
    """Whole heads without tumour that may train; those of the other patients only validate."""
    files = [f for f in sorted((folder / "heads").glob("*_flair.nii.gz")) if f.name.startswith(HEADS)]
    return [read_head(f, f.with_name(f.name.replace("_flair", "_brain"))) for f in files]


def stripped(folder: Path) -> list[Texture]:
    """Stripped brains that may train, with nothing marked in them: a network that finds brains needs no tumour's place."""
    return [read_texture(f) for f in patients(folder)[0]]


def keep(textures: list[Texture], path: Path) -> None:
    """Writes textures where workers can read them."""
    path.write_bytes(pickle.dumps(textures))


def kept(path: Path) -> list[Texture]:
    """Reads what `keep` wrote; only from one's own files."""
    textures: list[Texture] = pickle.loads(path.read_bytes())
    return textures
