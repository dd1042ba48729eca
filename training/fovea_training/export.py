"""Writes best.pt as ONNX with side-car and golden tensors: `python -m fovea_training.export RUN_DIR --name NAME --out DIR`."""

from __future__ import annotations

import argparse
import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .brain import BrainRule, look
from .brains import make_brain
from .heads import dress
from .postprocess import Found, Post, decide
from .preprocess import Prepared, Scheme, prepare
from .sidecar import BRAIN_POST, sidecar
from .unet import UNet, parameters

GOLDEN_SEED = 3_000_000_018


def load(checkpoint: Path) -> tuple[UNet, Scheme, int | None]:
    """The model of a run, ready to judge."""
    kept = torch.load(checkpoint, map_location="cpu", weights_only=True)
    settings = dict(kept["settings"])
    model = UNet(**settings)
    model.load_state_dict(kept["state"])
    return model.eval(), Scheme(**kept["scheme"]), kept["resize"]


def write_onnx(model: UNet, path: Path, multiple: int = 16) -> None:
    """Opset 17; batch, height and width stay free."""
    example = torch.zeros(2, model.settings["inputs"], 3 * multiple, 2 * multiple)
    free = {0: "batch", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example,),
            str(path),
            opset_version=17,
            input_names=["input"],
            output_names=["logits"],
            dynamic_axes={"input": free, "logits": free},
            dynamo=False,
        )


def golden_scan() -> tuple[np.ndarray, tuple[float, float, float]]:
    """A small made-up scan [z, y, x] of int16 with odd sizes, a fill that is not 0, and 1 x 1 x 1.5 mm voxels.

    Every rule has work to do.
    """
    z, y, x = np.mgrid[0:23, 0:75, 0:61].astype(np.int64)
    inside = ((z - 11) * 6) ** 2 + ((y - 36) * 2) ** 2 + ((x - 31) * 2) ** 2 + ((x * y + 3 * z) % 5) * 40 < 62**2
    value = 400 + (x * 7 + y * 3 + z * 11) % 97 + 2 * y
    lesion = ((z - 12) * 3) ** 2 + (y - 25) ** 2 + (x - 40) ** 2 < 11**2
    value = np.where(lesion, value + 450, value)
    return np.where(inside, value, -3).astype(np.int16), (1.5, 1.0, 1.0)


def write_golden(model: UNet, scheme: Scheme, post: Post, path: Path) -> None:
    """The made-up scan, the network's input and logits, and the mask, little-endian in one file; a JSON says where each stands.

    Arrays are C-ordered, the last index the fastest.
    """
    scan, spacing = golden_scan()
    p = prepare(scan.astype(np.float32), spacing, scheme)
    with torch.no_grad():
        logits = model(torch.from_numpy(p.tensor)).numpy()
    _, rows, columns = p.brain.shape
    probability = p.brain / (1 + np.exp(-logits[:, 0, :rows, :columns]))
    block = float(np.prod(spacing) * np.prod(p.f)) / 1000
    found = decide(probability, p, block, post)
    parts = {
        "scan": scan.astype("<i2"),
        "input": p.tensor.astype("<f4"),
        "logits": logits.astype("<f4"),
        "mask": found.mask.astype("u1"),
    }
    record = described(p, spacing, found) | {"tolerance": {"input": 1e-4, "logits": 2e-3}}
    pack(parts, record, path)


def described(p: Prepared, spacing: tuple[float, float, float], found: Found) -> dict[str, Any]:
    """The grid of a golden scan, and the answer."""
    return {
        "spacing": spacing,
        "index_order": "z, y, x (RAS)",
        "box": [[s.start, s.stop] for s in p.box],
        "factors": p.f,
        "coarse_shape": list(p.brain.shape),
        "verdict": found.verdict,
        "certainty": found.certainty,
        "millilitres": found.millilitres,
    }


def pack(parts: dict[str, np.ndarray], record: dict[str, Any], path: Path) -> None:
    """Writes arrays one after another into PATH.bin, and PATH.json with the record and where each stands."""
    record["arrays"] = {}
    offset = 0
    with open(path.with_name(path.name + ".bin"), "wb") as file:
        for name, array in parts.items():
            raw = array.tobytes()
            record["arrays"][name] = {"type": str(array.dtype), "shape": list(array.shape), "offset": offset}
            file.write(raw)
            offset += len(raw)
    path.with_name(path.name + ".json").write_text(json.dumps(record, indent=1) + "\n")


def golden_head() -> tuple[np.ndarray, tuple[float, float, float]]:
    """A generated head with a tumour, of int16, with noise in its air: 4 mm slices of 2 mm pixels [z, y, x]."""
    made = make_brain(GOLDEN_SEED, tumours=1)
    head = dress(np.random.default_rng(GOLDEN_SEED), made.image, made.mask, (2.0, 2.0, 2.0))
    depth = len(head.image) // 2 * 2
    image = head.image[:depth].reshape(-1, 2, *head.image.shape[1:]).mean(axis=1)
    return np.round(300 * image).astype(np.int16), (4.0, 2.0, 2.0)


def judge_golden(model: Path, path: Path) -> None:
    """Corrects the verdict on the made-up scan to that of both models: too small for a brain, it is never "found"."""
    from .evaluate import Segmenter

    scan, spacing = golden_scan()
    record_file = path.with_name(path.name + ".json")
    record = json.loads(record_file.read_text())
    record["verdict_alone"] = record["verdict"]
    record["verdict"] = Segmenter(model).find(scan.astype(np.float32), spacing)[0].verdict
    record_file.write_text(json.dumps(record, indent=1) + "\n")


def write_golden_head(model: Path, path: Path) -> None:
    """The made-up head, the brain in it, the network's input and logits for one slice, and the mask, as `write_golden` has them."""
    from .evaluate import Segmenter

    scan, spacing = golden_head()
    segmenter = Segmenter(model)
    assert segmenter.first
    whole = prepare(scan.astype(np.float32), spacing, segmenter.scheme)
    seen = look(whole, segmenter.first.probabilities, spacing, segmenter.rule, segmenter.scheme)
    found, probability = segmenter.find(scan.astype(np.float32), spacing)
    middle = int(probability.sum(axis=(1, 2)).argmax())
    one = seen.prepared.tensor[middle : middle + 1]
    parts = {
        "scan": scan.astype("<i2"),
        "body": whole.brain.astype("u1"),
        "brain": seen.brain.astype("u1"),
        "input": one.astype("<f4"),
        "logits": segmenter.session.run(None, {"input": one})[0].astype("<f4"),
        "mask": found.mask.astype("u1"),
    }
    record = described(whole, spacing, found) | {
        "slice": middle,
        "restricted": seen.restricted,
        "tolerance": {"input": 2e-2, "logits": 1e-1, "brain_blocks": 0.001, "mask_dice": 0.99, "certainty": 0.005},
    }
    pack(parts, record, path)


def export(
    run: Path,
    out: Path,
    name: str,
    post: Post = Post(),
    finds: str = "tumour",
    brain: Path | None = None,
    rule: BrainRule = BrainRule(),
) -> Path:
    """Everything that is shipped, and a check that ONNX Runtime agrees with PyTorch. `brain` is an exported model to run first."""
    import onnxruntime

    out.mkdir(parents=True, exist_ok=True)
    model, scheme, resize = load(run / "best.pt")
    path = out / f"{name}.onnx"
    write_onnx(model, path, scheme.multiple_of)
    (out / f"{name}.json").write_text(
        json.dumps(sidecar(name, path, scheme, post, resize, finds, (brain, rule) if brain else None), indent=2) + "\n"
    )
    if not resize:
        write_golden(model, scheme, post, out / f"{name}.golden")
    if brain:
        judge_golden(path, out / f"{name}.golden")
        write_golden_head(path, out / f"{name}.golden-head")
    for kept, there in (("log.jsonl", f"{name}.log.jsonl"), ("curves.png", f"{name}.curves.png")):
        if (run / kept).exists():
            shutil.copyfile(run / kept, out / there)
    x = torch.randn(3, scheme.slices, 80, 64)
    theirs = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"input": x.numpy()})[0]
    with torch.no_grad():
        worst = float(np.abs(theirs - model(x).numpy()).max())
    if not worst < 1e-2:
        raise SystemExit(f"ONNX Runtime and PyTorch differ by {worst}")
    print(
        f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {parameters(model)} parameters, "
        f"ONNX Runtime within {worst:.1e} of PyTorch"
    )
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="fovea_training.export", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--name", default="flair-unet")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--finds", default="tumour", choices=["tumour", "brain"])
    parser.add_argument("--first", type=Path, help="an exported model of brains in OUT, to be run first")
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--unsure-below", type=float)
    given = parser.parse_args()
    post = BRAIN_POST if given.finds == "brain" else Post()
    post = replace(post, threshold=given.threshold or post.threshold)
    if given.unsure_below is not None:
        post = replace(post, unsure_below=given.unsure_below)
    export(given.run, given.out, given.name, post, given.finds, given.first)


if __name__ == "__main__":
    main()
