"""Fine-tunes a model in minutes: `python -m fovea_training.tune --start MODEL.onnx --out DIR --steps N [--data FOLDER]`.

Trains on the mixture of generated brains and, with --data, real ones with drawn tumours; ends the schedule; averages what comes out
with what it started from; writes best.pt and log.jsonl, from which `export` makes what is shipped. With --brain it learns to find
the brain in a head instead, from nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .data import Slices, Stream, Volume
from .gather import Predictor, gather, heads, keep, kept, stripped
from .losses import bce_dice
from .mixture import Mixture, make_volume
from .preprocess import Scheme
from .unet import UNet, parameters


@dataclass(frozen=True)
class Plan:
    """The recipe."""

    mixture: Mixture = Mixture()
    minutes: float = 10.0
    steps: int = 0  # where more than 0, the schedule counts these and not minutes: the same on any machine, and over a pause
    rate: float = 4e-4
    batch: int = 12
    window: tuple[int, int] = (96, 80)
    tumour_share: float = 0.6
    memory: int = 200
    first: int = 24
    renew: float = 0.5  # new volumes a step, where no worker makes them
    average: float = 0.5  # of the start in what comes out


TUMOUR = Plan()
BRAIN = Plan(
    mixture=Mixture(real=0.4, whole=0.75, heads=0.6, thick=0.5, bare=0.6), rate=2e-3, tumour_share=0.5, renew=0.4, average=0.0
)


def from_onnx(path: Path) -> UNet:
    """The network of an exported model, whose norms are folded into its convolutions, ready to learn on."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    arrays = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    layers = [[arrays[name] for name in node.input[1:]] for node in graph.node if node.op_type in ("Conv", "ConvTranspose")]
    inputs, base = layers[0][0].shape[1], layers[0][0].shape[0]
    model = UNet(inputs, base, norm=False, poolings=sum(n.op_type == "ConvTranspose" for n in graph.node))
    ours: list[torch.nn.Module] = []
    for block in model.down:
        ours += [block.body[0], block.body[2]]
    for up, merge in zip(model.up, model.merge):
        ours += [up, merge.body[0], merge.body[2]]
    for module, (weight, bias) in zip([*ours, model.head], layers, strict=True):
        module.load_state_dict({"weight": weight, "bias": bias})
    return model


def load_start(path: Path) -> UNet:
    """A model to start from."""
    if path.suffix == ".onnx":
        return from_onnx(path)
    held = torch.load(path, map_location="cpu", weights_only=True)
    model = UNet(**held["settings"])
    model.load_state_dict(held["state"])
    return model


def predictor(model: torch.nn.Module) -> Predictor:
    """Probabilities by a model in memory."""

    def predict(tensor: np.ndarray) -> np.ndarray:
        model.eval()
        with torch.no_grad():
            parts = [torch.sigmoid(model(torch.from_numpy(tensor[i : i + 16])))[:, 0] for i in range(0, len(tensor), 16)]
        return torch.cat(parts).numpy()

    return predict


def averaged(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], share: float) -> dict[str, torch.Tensor]:
    """Weights between two models: `share` of the first."""
    return {k: torch.lerp(other[k], one[k], share) if other[k].is_floating_point() else other[k] for k in other}


def save(model: UNet, scheme: Scheme, path: Path) -> None:
    """A checkpoint as `export` reads it."""
    torch.save({"settings": model.settings, "scheme": scheme.record(), "resize": None, "state": model.state_dict()}, path)


def _make(seed: int, scheme: Scheme, mixture: Mixture, textures: Path | None, brain: bool) -> Volume:
    held = _TEXTURES.get(textures)
    if held is None:
        held = _TEXTURES[textures] = kept(textures) if textures else []
    return make_volume(seed, scheme, mixture, held, brain)


_TEXTURES: dict[Path | None, list[Any]] = {}


class Pool:
    """Volumes in memory, renewed from a stream without waiting for it."""

    def __init__(self, stream: Stream, plan: Plan, rng: np.random.Generator) -> None:
        self.stream, self.plan, self.rng = stream, plan, rng
        self.held = [stream.next() for _ in range(plan.first)]
        self.taken, self.due = len(self.held), 0.0

    def choose(self, slices: Slices) -> list[tuple[Volume, int]]:
        """A batch's volumes and slices, after taking in what is new."""
        self.due += self.plan.renew
        while not self.stream.queue.empty() if self.stream.workers else self.due >= 1:
            self.held.append(self.stream.next())
            self.taken += 1
            self.due -= 1
        del self.held[: max(0, len(self.held) - self.plan.memory)]
        chosen = [self.held[int(self.rng.integers(len(self.held)))] for _ in range(self.plan.batch)]
        return [(v, slices.pick(v, self.plan.tumour_share)) for v in chosen]


def learn(model: UNet, plan: Plan, pool: Pool, slices: Slices, out: Path) -> None:
    """Runs the schedule: a cosine over the steps or the minutes given. A line of log.jsonl every 25 steps."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=plan.rate)
    start, step, losses = time.monotonic(), 0, []
    with open(out / "log.jsonl", "a") as file:
        while (done := step / plan.steps if plan.steps else (time.monotonic() - start) / (60 * plan.minutes)) < 1:
            factor = min(1.0, (step + 1) / 30) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-3
            for group in optimiser.param_groups:
                group["lr"] = plan.rate * factor
            x, y = slices.batch(pool.choose(slices))
            model.train()
            loss = bce_dice(model(x.contiguous(memory_format=torch.channels_last)), y)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            losses.append(float(loss.detach()))
            step += 1
            if step % 25 == 0:
                seconds = round(time.monotonic() - start, 1)
                row = {"step": step, "seconds": seconds, "loss": round(float(np.mean(losses)), 4), "volumes": pool.taken}
                file.write(json.dumps(row) + "\n")
                file.flush()
                losses = []


def tune(
    plan: Plan,
    out: Path,
    start: Path | None,
    data: Path | None,
    seed: int,
    brain: bool,
    workers: int = 0,
    whole_heads: bool = True,
) -> UNet:
    """All of it; returns the model that best.pt holds."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    scheme = Scheme()
    model = load_start(start) if start else UNet(scheme.slices, 8, norm=True, most=64)
    textures = None
    if data:
        textures = out / "textures.pkl"
        if not textures.exists():
            brains = stripped(data) if brain else gather(data, predictor(model), scheme)
            keep(brains + (heads(data) if whole_heads else []), textures)
    counts = {"textures": len(kept(textures)) if textures else 0, "parameters": parameters(model), "seed": seed}
    (out / "log.jsonl").write_text(json.dumps({"plan": asdict(plan), **counts, "start": start is not None}) + "\n")
    make = partial(_make, scheme=scheme, mixture=plan.mixture, textures=textures, brain=brain)
    stream = Stream(scheme, None, 1 + 10_000_000 * seed, workers, make)
    first = {k: v.clone() for k, v in model.state_dict().items()}
    model.to(memory_format=torch.channels_last)
    try:
        pool = Pool(stream, plan, np.random.default_rng(seed))
        learn(model, plan, pool, Slices(scheme, plan.window, seed, 0.0, True), out)
    finally:
        stream.close()
    save(model, scheme, out / "last.pt")
    if start:
        model.load_state_dict(averaged(first, model.state_dict(), plan.average))
    save(model, scheme, out / "best.pt")
    return model


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="fovea_training.tune", description=__doc__)
    parser.add_argument("--start", type=Path, help="an exported .onnx or a best.pt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="a folder with lgg/*_flair.nii.gz; without it all is generated")
    parser.add_argument("--brain", action="store_true", help="learn to find the brain in a head")
    parser.add_argument(
        "--minutes", type=float, help="ends the schedule after so long; how many steps these are depends on the machine"
    )
    parser.add_argument("--steps", type=int, default=0, help="ends it after so many steps instead")
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes that make volumes beside; none: always the same result")
    parser.add_argument("--rounded", type=float, default=0.0, help="share of volumes in noise that are made whole numbers")
    parser.add_argument("--whole", type=float, help="share of stripped brains that get a head")
    parser.add_argument("--bare", type=float, help="share of the others that stand in noise, a second constant or a halo")
    parser.add_argument("--no-heads", action="store_true", help="leave out the real whole heads of the folder")
    given = parser.parse_args(arguments)
    torch.set_num_threads(given.threads)
    plan = BRAIN if given.brain else TUMOUR
    plan = replace(plan, minutes=given.minutes or plan.minutes, rate=given.rate or plan.rate, steps=given.steps)
    shares = {k: v for k in ("whole", "bare", "rounded") if (v := getattr(given, k)) is not None}
    plan = replace(plan, mixture=replace(plan.mixture, **shares))
    tune(plan, given.out, given.start, given.data, given.seed, given.brain, given.workers, not given.no_heads)


if __name__ == "__main__":
    main()
