"""Losses, model, export, post-processing and training on little data."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from fovea_training.data import find_patients, split_patients
from fovea_training.evaluate import Segmenter, compare
from fovea_training.export import export, golden_scan
from fovea_training.losses import Score, bce_dice, soft_dice
from fovea_training.postprocess import Post, boxes, decide, symmetry
from fovea_training.preprocess import Scheme, prepare
from fovea_training.sidecar import BRAIN_POST
from fovea_training.train import PRESETS, smoke, train
from fovea_training.tune import save
from fovea_training.unet import UNet


def test_unet_shapes() -> None:
    for settings in ({}, {"norm": False, "residual": True}, {"bilinear": True}):
        assert UNet(5, 8, **settings)(torch.zeros(2, 5, 48, 32)).shape == (2, 1, 48, 32)


def test_losses() -> None:
    target = torch.zeros(1, 1, 16, 16)
    target[..., 4:9, 4:9] = 1
    right = (target - 0.5) * 40
    assert soft_dice(right, target) < 0.01 and bce_dice(right, target) < bce_dice(-right, target)
    score = Score()
    score.add(right > 0, target)
    assert score.dice == 1 and score.iou == 1


def test_components_and_verdicts() -> None:
    p = prepare(np.pad(np.random.default_rng(0).uniform(1, 2, (40, 40, 40)), 2).astype(np.float32), (1, 1, 1), Scheme())
    probability = np.zeros(p.brain.shape, np.float32)
    assert decide(probability, p, 0.008, Post()).verdict == "none"
    probability[2:8, 2:8, 2:8] = 0.95
    probability[12:14, 12:14, 12:14] = 0.9  # too small beside the other
    found = decide(probability, p, 0.008, Post())
    assert found.verdict == "found" and len(boxes(found.mask, 2)) == 1
    assert compare(found.mask, found.mask, 2)["dice"] == 1
    assert decide(probability * 0.6, p, 0.008, Post()).verdict == "unsure"
    assert decide(np.ones_like(probability), p, 0.008, Post()).verdict == "unsure"
    assert symmetry(probability > 0.92, p.brain) == 0
    probability[2:8, 2:8, 12:18] = 0.95  # the other side's twin, a block nearer the middle
    twins = decide(probability, p, 0.008, Post())
    assert twins.verdict == "unsure" and twins.odd
    assert decide(probability, p, 0.008, Post(unsure_above_symmetry=1.0)).verdict == "found"


def brats(folder: Path, count: int) -> None:
    """A folder as BraTS 2020 lays it out."""
    rng = np.random.default_rng(0)
    for i in range(1, count + 1):
        name = f"BraTS20_Training_{i:03d}"
        (folder / name).mkdir()
        image = np.zeros((40, 44, 12), np.int16)
        image[6:34, 6:38, 1:11] = rng.integers(100, 200, (28, 32, 10))
        label = np.zeros(image.shape, np.uint8)
        label[14:22, 14:22, 3:8] = 4
        image[label > 0] += 150
        for kind, array in (("flair", image), ("seg", label)):
            nibabel.save(nibabel.Nifti1Image(array, np.diag([-1, -1, 1, 1])), folder / name / f"{name}_{kind}.nii.gz")


def test_published_on_a_brats_folder(tmp_path: Path) -> None:
    brats(tmp_path, 4)
    first, second = split_patients(find_patients(tmp_path))
    assert len(first) == 3 and len(second) == 1 and not {p.name for p in first} & {p.name for p in second}
    log = train(smoke(PRESETS["published"]), tmp_path / "out", str(tmp_path))
    assert log[-1]["loss"] < log[0]["loss"] and {"dice", "iou"} <= set(log[-1]["validation"])
    assert (tmp_path / "out" / "curves.png").exists()


def test_robust_export_and_golden(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    log = train(smoke(PRESETS["robust"]), tmp_path / "run", minutes=0.2)
    assert log[-1]["validation"]["bce"] > 0
    model = export(tmp_path / "run", tmp_path / "models", "little")
    record = json.loads((tmp_path / "models" / "little.golden.json").read_text())
    raw = (tmp_path / "models" / "little.golden.bin").read_bytes()

    def part(name: str) -> np.ndarray:
        entry = record["arrays"][name]
        return np.frombuffer(raw, entry["type"], int(np.prod(entry["shape"])), entry["offset"]).reshape(entry["shape"])

    segmenter = Segmenter(model)
    assert np.array_equal(part("scan"), golden_scan()[0])
    p = prepare(part("scan").astype(np.float32), tuple(record["spacing"]), segmenter.scheme)
    assert np.abs(p.tensor - part("input")).max() < record["tolerance"]["input"]
    logits = segmenter.session.run(None, {"input": p.tensor})[0]
    assert np.abs(logits - part("logits")).max() < record["tolerance"]["logits"]


def test_a_brain_model_goes_first(tmp_path: Path) -> None:
    torch.manual_seed(4)
    run = tmp_path / "run"
    run.mkdir()
    save(UNet(5, 4, most=8), Scheme(), run / "best.pt")
    brain = export(run, tmp_path, "brain", BRAIN_POST, "brain")
    model = export(run, tmp_path, "tumour", Post(threshold=0.4, unsure_below=0.9), brain=brain)
    record = json.loads((tmp_path / "tumour.json").read_text())
    assert record["brain"]["file"] == "brain.onnx" and record["post"]["unsure_below"] == 0.9
    assert json.loads((tmp_path / "brain.json").read_text())["output"]["classes"] == ["brain"]
    segmenter = Segmenter(model)
    assert segmenter.first and segmenter.rule.threshold == 0.5
    golden = json.loads((tmp_path / "tumour.golden-head.json").read_text())
    assert golden["arrays"]["brain"]["shape"] == golden["coarse_shape"]
    brain.write_bytes(brain.read_bytes() + b"0")
    with pytest.raises(ValueError, match="SHA-256"):
        Segmenter(model)
