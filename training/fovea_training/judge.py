"""Judges a model on all that validates: `python -m fovea_training.judge MODEL.onnx --data FOLDER [--brain BRAIN.onnx]`.

Follows Fovea's own reading: slices of 2 mm are first looked at one in four, and a scan without a plain background is "unsure"
unless a brain was found in it first. Prints the figures by kind of scan as JSON, and with --each a line a scan.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from .brain import BrainRule, first_step, look
from .cases import Case, all_cases
from .evaluate import Segmenter, compare
from .gather import HEADS, Predictor, flipped_mean, patients
from .postprocess import Post, boxes, components, decide, symmetry
from .preprocess import Prepared, Scheme

MARGIN = 4


@dataclass(frozen=True)
class Reading:
    """The way a model is run."""

    flip: bool = False  # the mean over the scan and its mirror image
    sparse: bool = True  # one slice in four first


def window(p: Prepared, multiple: int) -> tuple[slice, slice]:
    """Rows and columns with all of the brain, a multiple of `multiple` wide."""
    rows, columns = p.tensor.shape[2:]
    spans: list[slice] = []
    for axis, whole in ((1, rows), (2, columns)):
        hit = np.flatnonzero(p.brain.any(axis=(0, 3 - axis)))
        first, last = (int(hit[0]), int(hit[-1]) + 1) if len(hit) else (0, whole)
        count = min(whole, last - first + -(last - first) % multiple)
        first = min(first, whole - count)
        spans.append(slice(first, first + count))
    return spans[0], spans[1]


def probabilities(p: Prepared, predict: Predictor, slice_millimetres: float, threshold: float, reading: Reading) -> np.ndarray:
    """Tumour probabilities on the blocks, as Fovea has them, who passes over slices far from any that holds something."""
    area = window(p, Scheme().multiple_of)
    whole = np.zeros((len(p.tensor), *p.tensor.shape[2:]), np.float32)

    def run(slices: np.ndarray) -> None:
        tensor = np.ascontiguousarray(p.tensor[slices][:, :, area[0], area[1]])
        if len(tensor):
            whole[slices, area[0], area[1]] = flipped_mean(predict, tensor) if reading.flip else predict(tensor)
            whole[slices, : p.brain.shape[1], : p.brain.shape[2]] *= p.brain[slices]

    count = len(whole)
    step = first_step(slice_millimetres, count) if reading.sparse else 1
    first = np.arange(0, count, step)
    run(first)
    near = [range(max(0, k - step + 1), min(count, k + step)) for k in first if whole[k].max() > 0.4 * threshold]
    wanted = {k for span in near for k in span} if near else set(range(count))
    run(np.array(sorted(wanted - set(first.tolist())), int))
    _, rows, columns = p.brain.shape
    return whole[:, :rows, :columns] * p.brain


def features(probability: np.ndarray, kept: np.ndarray, p: Prepared) -> dict[str, float]:
    """The signs that a verdict may look at besides certainty."""
    if not kept.any():
        return {}
    ends = np.flatnonzero(p.brain.any(axis=(1, 2)))
    at_end = max(kept[ends[0]].sum() / max(1, p.brain[ends[0]].sum()), kept[ends[-1]].sum() / max(1, p.brain[ends[-1]].sum()))
    index = np.argwhere(kept)
    values = p.tensor[:, p.tensor.shape[1] // 2, : p.brain.shape[1], : p.brain.shape[2]]
    rest = p.brain & ~ndimage.binary_dilation(kept, iterations=2)
    return {
        "share": float(kept.sum() / max(1, p.brain.sum())),
        "at_end": float(at_end),
        "symmetry": symmetry(kept, p.brain),
        "sure": float((probability[kept] > 0.9).mean()),
        "contrast": float(values[kept].mean() - (values[rest].mean() if rest.any() else 0.0)),
        "height": float((index[:, 0].mean() - ends[0]) / max(1, ends[-1] - ends[0])),
    }


def needed_margin(mask: np.ndarray, label: np.ndarray, most: int = 40, share: float = 0.97) -> int:
    """The fewest voxels round the boxes of a mask with which they hold this share of the label; `most` where none does."""
    points = np.argwhere(label)
    spans = np.array([[[s.start, s.stop] for s in span] for span in boxes(mask, 0)]).reshape(-1, 3, 2)
    for margin in range(most):
        inside = np.zeros(len(points), bool)
        for span in spans:
            inside |= ((points >= span[:, 0] - margin) & (points < span[:, 1] + margin)).all(axis=1)
        if inside.mean() >= share:
            return margin
    return most


def examine(
    case: Case, predict: Predictor, post: Post, reading: Reading, find: Predictor | None = None, rule: BrainRule = BrainRule()
) -> dict[str, Any]:
    """All figures of one scan."""
    seen = look(case.prepared, find, case.spacing, rule, Scheme()) if find else None
    p = seen.prepared if seen else case.prepared
    probability = probabilities(p, predict, case.spacing[0] * p.f[0], post.threshold, reading)
    block = float(np.prod(case.spacing) * np.prod(p.f)) / 1000
    found = decide(probability, p, block, post)
    doubt = (seen.none if seen else case.doubt) or not p.brain.any()
    row: dict[str, Any] = {
        "scan": case.name,
        "kind": case.kind,
        "verdict": "unsure" if found.verdict == "found" and doubt else found.verdict,
        "doubt": doubt or found.odd,
        "certainty": round(found.certainty, 4),
        "millilitres": round(found.millilitres, 2),
        "brain_litres": round(float(p.brain.sum()) * block / 1000, 3),
        "restricted": p is not case.prepared,
    }
    numbered, sizes = components(probability > post.threshold)
    sizes[0] = 0
    kept = np.isin(
        numbered, np.flatnonzero((sizes >= post.keep_fraction * sizes.max()) & (sizes * block >= post.minimum_millilitres))
    )
    kept &= numbered > 0
    row.update({k: round(v, 4) for k, v in features(probability, kept, p).items()})
    if case.label is not None:
        row.update(compare(found.mask, case.label, MARGIN + max(p.f)))
        row["margin"] = needed_margin(found.mask, case.label) if found.mask.any() else None
    if case.brain is not None and find:
        row["brain_dice"] = round(2 * float((case.brain & p.brain).sum()) / max(1, int(case.brain.sum() + p.brain.sum())), 4)
    return row


def _mean(rows: list[dict[str, Any]], key: str) -> float:
    return round(float(np.mean([r[key] for r in rows])), 4)


def summary(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The figures by kind of scan."""
    out: dict[str, Any] = {}
    rows = list(rows)
    for kind in dict.fromkeys(r["kind"] for r in rows):
        some = [r for r in rows if r["kind"] == kind]
        record: dict[str, Any] = {"scans": len(some)}
        record |= {v: sum(r["verdict"] == v for r in some) for v in ("found", "unsure", "none")}
        if "dice" in some[0]:
            sure = [r for r in some if r["verdict"] == "found"]
            record |= {"dice": _mean(some, "dice"), "least_dice": min(r["dice"] for r in some), "coverage": _mean(some, "coverage")}
            record |= {
                "median_dice": round(float(np.median([r["dice"] for r in some])), 4),
                "least_coverage": min(r["coverage"] for r in some),
                "found_below_0.3": sum(r["dice"] < 0.3 for r in sure),
                "dice_found": _mean(sure, "dice") if sure else None,
            }
        out[kind] = record
    return out


def trains(folder: Path) -> Callable[[str], bool]:
    """The rule by which a scan's name tells that its patient takes part in training."""
    names = {p.name.removesuffix("_flair.nii.gz") for p in patients(folder)[0]}
    return lambda name: name in names or name.startswith(HEADS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="fovea_training.judge", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="a folder with volumes, heads, lgg, lgg-masks and odd")
    parser.add_argument("--brain", type=Path, help="a model that finds the brain first, instead of the one that the side-car names")
    parser.add_argument("--alone", action="store_true", help="without any such model")
    parser.add_argument("--flip", action="store_true", help="average over the mirror image")
    parser.add_argument("--each", action="store_true", help="print every scan too")
    given = parser.parse_args()
    segmenter = Segmenter(given.model)
    first = None if given.alone else Segmenter(given.brain) if given.brain else segmenter.first
    rule = BrainRule(first.post.threshold) if first and given.brain else segmenter.rule
    find = first.probabilities if first else None
    trained, rows = trains(given.data), []
    for one in all_cases(given.data):
        row = examine(one, segmenter.probabilities, segmenter.post, Reading(flip=given.flip), find, rule)
        rows.append({**row, "trained": trained(one.name)})
        if given.each:
            print(json.dumps(rows[-1]), flush=True)
    print(json.dumps(summary([{**r, "kind": r["kind"] + "-trained" * r["trained"]} for r in rows]), indent=1))


if __name__ == "__main__":
    main()
