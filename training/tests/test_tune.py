"""Fine-tuning from an exported model, and the judge that follows Fovea's reading."""

from pathlib import Path

import numpy as np
import torch
from fovea_training.brain import BrainRule, Seen, core, look
from fovea_training.brains import make_brain
from fovea_training.cases import case, dressed, no_plain_background
from fovea_training.export import write_onnx
from fovea_training.judge import Reading, examine, probabilities, summary
from fovea_training.losses import bce_dice
from fovea_training.mixture import Mixture, make_raw
from fovea_training.postprocess import Post
from fovea_training.preprocess import Scheme
from fovea_training.tune import Plan, averaged, from_onnx, tune
from fovea_training.unet import UNet
from scipy import ndimage


def test_an_exported_model_learns_on(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = UNet(5, 8, norm=True)
    for _ in range(3):
        model(torch.randn(4, 5, 32, 32))
    write_onnx(model.eval(), tmp_path / "start.onnx")
    x = torch.randn(2, 5, 48, 32)
    with torch.no_grad():
        assert (from_onnx(tmp_path / "start.onnx")(x) - model(x)).abs().max() < 1e-4
    plan = Plan(mixture=Mixture(real=0.0), steps=4, batch=4, first=2)
    tuned = tune(plan, tmp_path / "run", tmp_path / "start.onnx", None, 1, brain=False)
    assert (tmp_path / "run" / "best.pt").exists() and (tmp_path / "run" / "log.jsonl").exists()
    last = torch.load(tmp_path / "run" / "last.pt", weights_only=True)["state"]
    first = from_onnx(tmp_path / "start.onnx").state_dict()
    for key, value in tuned.state_dict().items():
        assert torch.allclose(value, (first[key] + last[key]) / 2, atol=1e-5)
    assert set(averaged(first, last, 0.25)) == set(first)


def test_no_loss_where_nobody_knows() -> None:
    target = torch.zeros(1, 1, 8, 8)
    target[..., :4] = -1
    logits = torch.full((1, 1, 8, 8), -20.0)
    logits[..., :4] = 20
    assert float(bce_dice(logits, target)) < 0.01


def test_the_judge_finds_what_is_bright() -> None:
    made = make_brain(21, tumours=0)
    volume = np.where(made.mask, 100 + np.random.default_rng(0).normal(0, 3, made.mask.shape), 0).astype(np.float32)
    z, y, x = np.indices(volume.shape)
    middle = np.argwhere(made.mask).mean(axis=0) + (4, 0, 14)
    label = ((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 < 7**2) & made.mask
    volume[label] = 200
    one = case("ball", "glioma", volume, (2.0, 2.0, 2.0), label)
    assert not one.doubt

    def bright(tensor: np.ndarray) -> np.ndarray:
        return np.where(tensor[:, 2] > 1.5, 0.99, 0.0).astype(np.float32)

    row = examine(one, bright, Post(), Reading(flip=True))
    assert row["verdict"] == "found" and row["dice"] > 0.9 and row["coverage"] == 1 and row["symmetry"] == 0
    assert summary([row])["glioma"]["least_dice"] == row["dice"]
    dense = probabilities(one.prepared, bright, 2.0, 0.3, Reading(sparse=False))
    assert np.array_equal(dense, probabilities(one.prepared, bright, 2.0, 0.3, Reading()))


def test_only_the_brain_of_a_head_is_read() -> None:
    made = make_brain(22, tumours=0)
    head = dressed("head", "free", made.image, made.mask, (2.0, 2.0, 2.0), None, 4)
    assert head.brain is not None and head.prepared.brain.sum() > 1.3 * head.brain.sum()
    known = np.zeros((len(head.prepared.tensor), *head.prepared.tensor.shape[2:]), np.float32)
    known[:, : head.brain.shape[1], : head.brain.shape[2]] = head.brain
    seen = look(head.prepared, lambda t: known if len(t) == len(known) else known[::4], (2.0, 2.0, 2.0), BrainRule(), Scheme())
    p = seen.prepared
    assert seen.restricted and not seen.none and 0.97 < p.brain.sum() / head.brain.sum() < 1.1
    values = p.tensor[:, 2, : p.brain.shape[1], : p.brain.shape[2]]
    assert abs(float(values[p.brain].mean())) < 0.01 and (values[~p.brain] == -4).all()
    assert no_plain_background(np.random.default_rng(0).normal(0, 1, (12, 12, 12)))


def test_what_a_brain_model_says_is_checked() -> None:
    made = make_brain(23, tumours=0)
    bare = case("bare", "free", np.where(made.mask, made.image, 0).astype(np.float32), (2.0, 2.0, 2.0))
    p, spacing = bare.prepared, (2.0, 2.0, 2.0)

    def saying(value: np.ndarray) -> Seen:
        known = np.zeros((len(p.tensor), *p.tensor.shape[2:]), np.float32)
        known[:, : p.brain.shape[1], : p.brain.shape[2]] = value
        return look(p, lambda t: known if len(t) == len(known) else known[::4], spacing, BrainRule(), Scheme())

    stripped, nothing = saying(p.brain), saying(np.zeros(p.brain.shape))
    assert not stripped.restricted and not stripped.none and stripped.prepared is p
    assert nothing.none and nothing.prepared is p
    half = p.brain.copy()
    half[:, : half.shape[1] // 2] = False
    hollow = half.copy()
    at = np.argwhere(ndimage.binary_erosion(half, iterations=4))[0]
    hollow[at[0], at[1], at[2]] = False
    seen = saying(hollow)
    assert seen.restricted and seen.brain[tuple(at)] and 0.98 < seen.brain.sum() / half.sum() <= 1


def test_a_thin_bridge_carries_no_scalp() -> None:
    inside = np.zeros((6, 40, 60), bool)
    inside[:, 5:35, 5:35] = True
    inside[:, 18:21, 35:40] = True  # a bridge three blocks wide
    inside[:, 5:35, 40:55] = True
    inside[2, 15, 15] = False
    brain = core(inside, 2)
    assert brain[2, 15, 15] and brain[:, 8:32, 8:32].all() and not brain[:, :, 40:].any()
    assert core(inside, 0)[:, :, 40:].any() and not core(np.zeros_like(inside), 2).any()


def test_noisy_air_of_whole_numbers_is_full_of_holes() -> None:
    bare = Mixture(real=0.0, whole=0.0, thick=0.0, bare=1.0, rounded=1.0)
    raws = [make_raw(seed, bare, []) for seed in range(8)]
    assert all(r.body.sum() >= r.brain.sum() and not (r.brain & ~r.body).any() for r in raws)
    assert any(np.array_equal(r.image, np.round(r.image)) for r in raws)
