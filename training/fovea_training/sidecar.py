"""The JSON beside a model that says how to feed it and how to read its answer. README.md, "Side-car", describes each field."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from .postprocess import Post
from .preprocess import Scheme


def sidecar(name: str, model: Path, scheme: Scheme, post: Post, resize: int | None) -> dict[str, Any]:
    """All that another program needs to run `model` as it was trained."""
    spatial: dict[str, Any] = (
        {"resize": [resize, resize]} if resize else {"pixel_millimetres": scheme.pixel_millimetres, "pool": "mean"}
    )
    return {
        "format": 1,
        "name": name,
        "file": model.name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "axis": "axial",
        "orientation": "RAS",
        "input": {"tensor": "input", "channels": ["flair"], "slices": scheme.slices, **spatial, "multiple_of": scheme.multiple_of},
        "output": {"tensor": "logits", "activation": "sigmoid", "classes": ["tumour"]},
        "content": {"fill": "border_mode", "crop": not resize},
        "normalisation": {
            "over": "brain",
            "clip_percentiles": [scheme.low, scheme.high],
            "zscore": True,
            "outside": scheme.outside,
        },
        "threshold": post.threshold,
        "post": post.record(),
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
