"""The JSON beside a model that says how to feed it and how to read its answer. README.md, "Side-car", describes each field."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from .brain import BrainRule
from .postprocess import Post
from .preprocess import Scheme

# The rule by which a model of brains is read when it is run for itself: one part, and never a doubt.
BRAIN_POST = Post(
    0.5, connectivity=6, keep_fraction=1.0, unsure_below=0.0, unsure_above_brain_fraction=1.0, unsure_above_symmetry=1.0
)


def digest(model: Path) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(model.read_bytes()).hexdigest()


def sidecar(
    name: str,
    model: Path,
    scheme: Scheme,
    post: Post,
    resize: int | None,
    finds: str = "tumour",
    brain: tuple[Path, BrainRule] | None = None,
) -> dict[str, Any]:
    """All that another program needs to run `model` as it was trained; `brain` is the model that is run before it."""
    spatial: dict[str, Any] = (
        {"resize": [resize, resize]} if resize else {"pixel_millimetres": scheme.pixel_millimetres, "pool": "mean"}
    )
    return {
        "format": 1,
        "name": name,
        "file": model.name,
        "sha256": digest(model),
        "axis": "axial",
        "orientation": "RAS",
        "input": {"tensor": "input", "channels": ["flair"], "slices": scheme.slices, **spatial, "multiple_of": scheme.multiple_of},
        "output": {"tensor": "logits", "activation": "sigmoid", "classes": [finds]},
        "content": {"fill": "border_mode", "crop": not resize},
        "normalisation": {
            "over": "brain",
            "clip_percentiles": [scheme.low, scheme.high],
            "zscore": True,
            "outside": scheme.outside,
        },
        "threshold": post.threshold,
        "post": post.record(),
        **({"brain": {"file": brain[0].name, "sha256": digest(brain[0]), **brain[1].record()}} if brain else {}),
        "intended_use": "Prioritising transmission. Not for diagnosis.",
    }


def read_scheme(record: dict[str, Any]) -> tuple[Scheme, Post, int | None]:
    """The other way round."""
    if record.get("format") != 1:
        raise ValueError(f"side-car format {record.get('format')} is unknown; this program reads format 1")
    i, n = record["input"], record["normalisation"]
    low, high = n["clip_percentiles"]
    scheme = Scheme(i["slices"], i.get("pixel_millimetres", 2.0), i["multiple_of"], low, high, n["outside"])
    return scheme, Post(record["threshold"], **record["post"]), i["resize"][0] if "resize" in i else None


def brain_model(record: dict[str, Any], folder: Path) -> Path:
    """The model that the side-car wants to be run first."""
    path = folder / str(record["brain"]["file"])
    if digest(path) != record["brain"]["sha256"]:
        raise ValueError(f"{path} is not the brain model that the side-car names: its SHA-256 differs")
    return path


def read_brain(record: dict[str, Any], threshold: float) -> BrainRule:
    """The rule for that model's answer; `threshold` is that of its own side-car."""
    b = record["brain"]
    return BrainRule(threshold, b["keep_body_above"], b["peel"], (b["litres"][0], b["litres"][1]))
