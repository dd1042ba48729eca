"""Trains a model: `python -m fovea_training.train --preset robust --out DIR [--data BRATS_FOLDER] [--minutes N]`, or `--smoke`."""

from __future__ import annotations

import argparse
import copy
import json
import math
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .data import Slices, Stream, Volume, find_patients, generated, load_patient, split_patients
from .losses import LOSSES, Score
from .preprocess import Scheme, stack
from .unet import UNet, parameters

VALIDATION_SEED, TRAINING_SEED = 1_000_000_000, 1


@dataclass(frozen=True)
class Preset:
    """Everything that distinguishes one recipe from another."""

    scheme: Scheme
    base: int
    norm: bool
    loss: str
    optimiser: str
    rate: float
    batch: int
    window: tuple[int, int]
    resize: int | None = None
    epochs: int = 81
    turn: float = 0.0
    contrast: bool = False
    schedule: bool = False
    average: float = 0.0
    half: bool = False  # bfloat16 where it is safe: several times as fast, on a CPU too
    tumour_share: float = 0.7
    residual: bool = False
    bilinear: bool = False
    steps: int = 100  # of an epoch, where volumes are generated without end
    memory: int = 240  # generated volumes held at a time
    renew: float = 0.5  # new volumes a step
    held_out: int = 64  # generated volumes to validate with


PRESETS = {
    # Ronneberger's U-Net on FLAIR slices of 128 x 128, rotations and flips, cross-entropy, Adam 1e-3, 81 epochs.
    "published": Preset(
        Scheme(slices=1, outside=0.0, multiple_of=16),
        base=64,
        norm=False,
        loss="bce",
        optimiser="adam",
        rate=1e-3,
        batch=16,
        window=(128, 128),
        resize=128,
        epochs=81,
        turn=math.pi,
        tumour_share=0.0,
    ),
    "robust": Preset(
        Scheme(),
        base=16,
        norm=True,
        loss="bce+dice",
        optimiser="adamw",
        rate=2e-3,
        batch=24,
        window=(96, 80),
        epochs=400,
        contrast=True,
        schedule=True,
        average=0.998,
        half=True,
    ),
}


def smoke(preset: Preset) -> Preset:
    """The same recipe, small enough for a minute."""
    return replace(
        preset, base=8, epochs=3, steps=25, memory=6, renew=0.1, held_out=2, batch=12, average=0.9 if preset.average else 0.0
    )


def predict(model: torch.nn.Module, volume: np.ndarray, scheme: Scheme, batch: int = 32) -> np.ndarray:
    """Probabilities of a normalised volume, [z, y, x]."""
    depth, rows, columns = volume.shape
    x = torch.from_numpy(stack(volume.astype(np.float32), scheme))
    model.eval()
    with torch.no_grad():
        parts = [torch.sigmoid(model(x[i : i + batch]))[:, 0] for i in range(0, depth, batch)]
    return torch.cat(parts).numpy()[:, :rows, :columns]


def validate(model: torch.nn.Module, volumes: list[Volume], preset: Preset) -> dict[str, Any]:
    """Dice and IoU over all voxels; the mean Dice of volumes with at least 1 ml of tumour; and `score`, which also counts a healthy
    volume, as 1 where less than half a millilitre was found in it and as 0 otherwise."""
    total, each, healthy, loss = Score(), [], [], []
    for volume in volumes:
        p = predict(model, volume.image, preset.scheme)
        q = np.clip(p, 1e-6, 1 - 1e-6)
        loss.append(float(-np.where(volume.label, np.log(q), np.log(1 - q)).mean()))
        one = Score()
        for score in (total, one):
            score.add(torch.from_numpy(p > 0.5), torch.from_numpy(volume.label))
        if volume.label.sum() >= 125:
            each.append(one.dice)
        elif not volume.label.any():
            healthy.append(float(one.ours < 63))
    return {
        "score": float(np.mean(each + healthy)),
        "quiet": float(np.mean(healthy)) if healthy else None,
        "bce": float(np.mean(loss)),
        "dice": total.dice,
        "iou": total.iou,
        "mean_dice": float(np.mean(each)) if each else 0.0,
        "worst_dice": min(each, default=0.0),
    }


class Source:
    """Chooses the slices of each batch: all slices of patients once an epoch, or generated ones for ever, or half and half."""

    def __init__(self, preset: Preset, patients: list[Volume], stream: Stream | None, rng: np.random.Generator) -> None:
        self.preset, self.patients, self.stream, self.rng = preset, patients, stream, rng
        self.held: list[Volume] = []
        self.owed = 0.0
        self.order: list[tuple[Volume, int]] = []
        if stream:
            self.held = [stream.next() for _ in range(min(preset.memory, 24))]

    @property
    def steps(self) -> int:
        if self.patients and not self.stream:
            return max(1, sum(len(v.image) for v in self.patients) // self.preset.batch)
        return self.preset.steps

    def renew(self) -> None:
        """Takes in new generated volumes; the oldest leave."""
        assert self.stream
        self.owed += self.preset.renew if len(self.held) >= self.preset.memory else 2 * self.preset.renew
        while self.owed >= 1:
            self.owed -= 1
            self.held.append(self.stream.next())
        del self.held[: max(0, len(self.held) - self.preset.memory)]

    def choose(self, slices: Slices) -> list[tuple[Volume, int]]:
        n = self.preset.batch
        if not self.stream:
            if len(self.order) < n:
                self.order = [(v, k) for v in self.patients for k in range(len(v.image))]
                self.rng.shuffle(self.order)
            chosen, self.order = self.order[:n], self.order[n:]
            return chosen
        self.renew()
        chosen = []
        for i in range(n):
            pool = self.patients if self.patients and i % 2 else self.held
            volume = pool[int(self.rng.integers(len(pool)))]
            chosen.append((volume, slices.pick(volume, self.preset.tumour_share)))
        return chosen


def _average(kept: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    with torch.no_grad():
        for k, m in zip(kept.state_dict().values(), model.state_dict().values()):
            if k.is_floating_point():
                k.lerp_(m, 1 - decay)
            else:
                k.copy_(m)


def train(
    preset: Preset,
    out: Path,
    data: str | None = None,
    minutes: float | None = None,
    seed: int = 1,
    workers: int = 1,
    device: str = "cpu",
    first_weights: Path | None = None,
) -> list[dict[str, Any]]:
    """Runs the recipe; writes log.jsonl, curves.png and best.pt into `out`; returns the log."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    patients, held_out = [], []
    if data:
        first, second = split_patients(find_patients(data))
        if not first or not second:
            raise SystemExit(f"{data}: needs at least two folders BraTS20_Training_NNN with *_flair.nii[.gz] and *_seg.nii[.gz]")
        patients, held_out = ([load_patient(p, preset.scheme, preset.resize) for p in group] for group in (first, second))
    else:
        held_out = [generated(VALIDATION_SEED + i, preset.scheme, preset.resize) for i in range(preset.held_out)]
    stream = (
        Stream(preset.scheme, preset.resize, TRAINING_SEED + 10_000_000 * seed, workers) if not data or preset.contrast else None
    )
    source = Source(preset, patients, stream, rng)
    slices = Slices(preset.scheme, preset.window, seed, preset.turn, preset.contrast)
    model = UNet(preset.scheme.slices, preset.base, norm=preset.norm, residual=preset.residual, bilinear=preset.bilinear)
    if first_weights:
        model.load_state_dict(torch.load(first_weights, map_location="cpu", weights_only=True)["state"])
    model = model.to(device).to(memory_format=torch.channels_last)
    kept = copy.deepcopy(model)
    kind = torch.optim.AdamW if preset.optimiser == "adamw" else torch.optim.Adam
    optimiser = kind(model.parameters(), lr=preset.rate)
    loss_of = LOSSES[preset.loss]
    log: list[dict[str, Any]] = []
    best, start, total = -1.0, time.monotonic(), preset.epochs * source.steps
    step = 0
    with open(out / "log.jsonl", "w") as file:
        file.write(
            json.dumps(
                {
                    "preset": asdict(preset),
                    "parameters": parameters(model),
                    "seed": seed,
                    "torch": str(torch.__version__),
                    "start": first_weights is not None,
                    "patients": len(patients),
                    "validation": len(held_out),
                }
            )
            + "\n"
        )
        for epoch in range(1, preset.epochs + 1):
            losses, score, over = [], Score(), False
            for _ in range(source.steps):
                done = step / total
                if minutes:
                    done = max(done, (time.monotonic() - start) / (60 * minutes))
                if done >= 1:
                    over = True
                    break
                if preset.schedule:
                    factor = min(1.0, (step + 1) / min(100, total / 5)) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-3
                    for group in optimiser.param_groups:
                        group["lr"] = preset.rate * factor
                x, y = (t.to(device) for t in slices.batch(source.choose(slices)))
                model.train()
                with torch.autocast(device, torch.bfloat16, enabled=preset.half):
                    logits = model(x.contiguous(memory_format=torch.channels_last)).float()
                loss = loss_of(logits, y)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                if preset.norm:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimiser.step()
                step += 1
                if preset.average:
                    _average(kept, model, min(preset.average, step / (step + 10)))
                losses.append(float(loss.detach()))
                score.add(logits.detach() > 0, y)
            judged = kept if preset.average else model
            row: dict[str, Any] = {
                "epoch": epoch,
                "step": step,
                "seconds": round(time.monotonic() - start, 1),
                "loss": float(np.mean(losses)) if losses else None,
                "dice": score.dice,
                "iou": score.iou,
            }
            if over or epoch == 1 or epoch % (10 if stream else 1) == 0 or epoch == preset.epochs:
                row["validation"] = validate(judged.cpu(), held_out, preset)
                judged.to(device)
                if row["validation"]["score"] >= best:
                    best = row["validation"]["score"]
                    torch.save(
                        {
                            "settings": model.settings,
                            "scheme": preset.scheme.record(),
                            "resize": preset.resize,
                            "state": judged.state_dict(),
                        },
                        out / "best.pt",
                    )
            log.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
            if over:
                break
    if stream:
        stream.close()
    draw_curves(log, out / "curves.png")
    return log


def draw_curves(log: list[dict[str, Any]], path: Path) -> None:
    """Loss, Dice and IoU over epochs, training and validation."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 3.6))
    judged = [r for r in log if "validation" in r]
    for axis, ours, theirs in zip(axes, ("loss", "dice", "iou"), ("bce", "dice", "iou")):
        axis.plot([r["epoch"] for r in log], [r[ours] for r in log], label="training " + ours)
        axis.plot([r["epoch"] for r in judged], [r["validation"][theirs] for r in judged], label="validation " + theirs)
        axis.set_xlabel("epoch")
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="fovea_training.train", description=__doc__)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="robust")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--data", help="a BraTS 2020 folder; without it volumes are generated")
    parser.add_argument("--minutes", type=float, help="stop, and end the schedule, after this long")
    parser.add_argument(
        "--start", type=Path, help="a best.pt to start from instead of random weights; give another --seed, for other brains"
    )
    parser.add_argument("--rate", type=float, help="the greatest learning rate, for a run that goes on from another")
    parser.add_argument("--base", type=int, help="channels at the top of the U-Net")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--smoke", action="store_true", help="a minute on a few generated slices; fails unless the loss falls")
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    preset = PRESETS[given.preset]
    if given.base:
        preset = replace(preset, base=given.base)
    if given.rate:
        preset = replace(preset, rate=given.rate)
    if given.smoke:
        with tempfile.TemporaryDirectory() as folder:
            log = train(smoke(preset), given.out or Path(folder), given.data, 1.0, given.seed, 1, given.device)
        first, last = log[0]["loss"], log[-1]["loss"] or log[-2]["loss"]
        print(f"loss {first:.3f} -> {last:.3f}")
        raise SystemExit(0 if last < first else 1)
    if not given.out:
        parser.error("--out DIR is needed")
    train(preset, given.out, given.data, given.minutes, given.seed, given.workers, given.device, given.start)


if __name__ == "__main__":
    main()
