"""Tries an exported model on scans: `python -m fovea_training.evaluate MODEL.onnx SCAN[=LABEL] ...`; prints a JSON line each.

With a label: Dice of the whole tumour (label > 0) in 3-D, how much of it the boxes round the mask cover, and their volume
relative to the label's own tight box.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from .brain import BrainRule, look
from .data import read_nifti
from .postprocess import Found, Post, boxes, decide
from .preprocess import Scheme, content_box, prepare
from .sidecar import brain_model, read_brain, read_scheme


class Segmenter:
    """An .onnx with its side-car, run by ONNX Runtime."""

    def __init__(self, model: Path, threads: int = 2) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.scheme: Scheme
        self.post: Post
        record = json.loads(model.with_suffix(".json").read_text())
        self.scheme, self.post, resize = read_scheme(record)
        if resize:
            raise SystemExit("evaluate reads models on blocks of 2 mm; this one wants resized slices")
        self.first: Segmenter | None = None
        self.rule = BrainRule()
        if "brain" in record:
            self.first = Segmenter(brain_model(record, model.parent), threads)
            self.rule = read_brain(record, self.first.post.threshold)

    def probabilities(self, tensor: np.ndarray, batch: int = 16) -> np.ndarray:
        parts = [self.session.run(None, {"input": tensor[i : i + batch]})[0][:, 0] for i in range(0, len(tensor), batch)]
        logits = np.concatenate(parts)
        if not np.isfinite(logits).all():
            raise ValueError("the model's output is not finite")
        return 1 / (1 + np.exp(-logits))

    def find(self, volume: np.ndarray, spacing: tuple[float, float, float]) -> tuple[Found, np.ndarray]:
        """The mask on the voxels of the scan, and the coarse probabilities it came from."""
        p = prepare(volume, spacing, self.scheme)
        seen = look(p, self.first.probabilities, spacing, self.rule, self.scheme) if self.first else None
        p = seen.prepared if seen else p
        _, rows, columns = p.brain.shape
        probability = self.probabilities(p.tensor)[:, :rows, :columns] * p.brain
        found = decide(probability, p, float(np.prod(spacing) * np.prod(p.f)) / 1000, self.post)
        if seen and seen.none and found.verdict == "found":
            found.verdict = "unsure"
        return found, probability


def compare(found: np.ndarray, label: np.ndarray, margin: int) -> dict[str, Any]:
    """Scores of a mask against a label on the same voxels."""
    both = int((found & label).sum())
    covered = np.zeros(label.shape, bool)
    spans = boxes(found, margin)
    for span in spans:
        covered[span] = True
    tight = np.prod([s.stop - s.start for s in content_box(label)]) if label.any() else 1
    return {
        "dice": round(2 * both / max(1, int(found.sum() + label.sum())), 4),
        "sensitivity": round(both / max(1, int(label.sum())), 4),
        "precision": round(both / max(1, int(found.sum())), 4),
        "boxes": len(spans),
        "coverage": round(int((covered & label).sum()) / max(1, int(label.sum())), 4),
        "roi_over_tight_box": round(float(covered.sum() / tight), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="fovea_training.evaluate", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("scans", nargs="+")
    parser.add_argument("--margin", type=int, default=4, help="voxels round each component's box")
    parser.add_argument("--picture", type=Path, help="folder for a PNG a scan")
    given = parser.parse_args()
    segmenter = Segmenter(given.model)
    for scan in given.scans:
        image, _, label_file = scan.partition("=")
        volume, spacing = read_nifti(image)
        start = time.perf_counter()
        found, probability = segmenter.find(volume, spacing)
        row: dict[str, Any] = {
            "scan": Path(image).name,
            "seconds": round(time.perf_counter() - start, 2),
            "verdict": found.verdict,
            "certainty": round(found.certainty, 3),
            "millilitres": round(found.millilitres, 1),
        }
        label = read_nifti(label_file)[0] > 0 if label_file else None
        if label is not None:
            row.update(compare(found.mask, label, given.margin))
        print(json.dumps(row), flush=True)
        if given.picture:
            draw(volume, found.mask, label, given.picture / (row["scan"].split(".")[0] + ".png"), f"{row}")


def draw(volume: np.ndarray, mask: np.ndarray, label: np.ndarray | None, path: Path, title: str) -> None:
    """Six slices through what was found (red) and what is labelled (green)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    seen = np.flatnonzero((mask if label is None else mask | label).any(axis=(1, 2)))
    ends = (seen[0], seen[-1]) if len(seen) else (len(volume) // 4, 3 * len(volume) // 4)
    figure, axes = plt.subplots(1, 6, figsize=(22, 4.5))
    for axis, k in zip(axes, np.linspace(*ends, 8).astype(int)[1:-1]):
        axis.imshow(volume[k], cmap="gray", origin="lower", vmax=np.percentile(volume, 99.7))
        for outline, colour in ((mask, "red"), (label, "lime")):
            if outline is not None and outline[k].any():
                axis.contour(outline[k], [0.5], colors=colour, linewidths=0.9)
        axis.axis("off")
    figure.suptitle(title, fontsize=9)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=60)
    plt.close(figure)


if __name__ == "__main__":
    main()
