#!/usr/bin/env python3
"""Measures what Fovea promises, with the real programs over the real relay, and prints a table.

Usage: Scripts/measure.py [--data FOLDER] [--runs N] [--link NAME] [SECTION ...]
Sections: size, exact, roi, order, eye. The folder is FOVEA_DATA, by default ../shared/data; without volumes a phantom is measured.
Times depend on the machine; each row also gives the ratio to what the link alone would take.
"""

import argparse
import array
import gzip
import math
import os
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import programs
from programs import PROJECT, Event, Failed, run

# Bits a second and seconds there and back, as in profiles/links.
LINKS = {"rural-4g": (2e6, 0.080), "adsl-uplink": (1e6, 0.040), "hospital-wan": (50e6, 0.020), "geo-satellite": (1e6, 0.600)}


class Item(NamedTuple):
    """A volume: its name, its file, and its labels where there are some."""

    name: str
    path: Path
    labels: Path | None

    @property
    def region(self) -> list[str | Path]:
        """The options that say where the region of interest is; without labels the shipped model finds it."""
        return ["--mask", self.labels] if self.labels else []


class Transfer(NamedTuple):
    """Both ends' summaries, and whether the result is the source."""

    sent: Event
    received: Event
    is_exact: bool
    is_verified: bool


def transfer(folder: str, item: Item, link: str, order: str = "roi-first", seed: int = 1) -> Transfer:
    """Sends a volume through a relay."""
    out = tempfile.mkdtemp(dir=folder)
    with programs.receive(out, "--once") as receiver, programs.relay(receiver.port(), link, "--seed", seed) as relay:
        to = f"127.0.0.1:{relay.port()}"
        sent = run("fovea", "send", item.path, *item.region, "--to", to, "--transport", "default", "--order", order, "--json")[-1]
        receiver.wait(60)
        received = receiver.events[-1]
    volume = received["volumes"][0]
    compared = run("fovea", "compare", item.path, volume["path"], "--json")[-1]
    inspected = run("fovea", "inspect", received["folder"], "--json")[-1]
    exact = compared["identical_voxels"] and compared["identical_header"]
    verified = inspected["verified"] and sent["receipt"] == volume["sha256"]
    return Transfer(sent, received, exact, verified)


def volumes(data: Path, folder: str) -> list[Item]:
    """Volumes with the region to use: a mask of the same patient where there is one, else what the shipped model finds."""
    found = []
    root = data / "volumes"
    files = sorted(root.iterdir()) if root.is_dir() else []
    masks = [file for file in files if file.name.endswith("_seg.nii.gz")]
    for file in files:
        if file.name.endswith(".nii.gz") and file not in masks:
            mask = next((mask for mask in masks if mask.name.split("_")[0] == file.name.split("_")[0]), None)
            found.append(Item(file.name, file, mask))
    return [*found, Item("phantom-1", *programs.phantom(folder))]


def db(value: float | None) -> str:
    """PSNR is null where there is no error."""
    return "  exact" if value is None else f"{value:7.2f}"


def measure_size(items: Sequence[Item], folder: str) -> None:
    print("\nBase layers at CRF 20 and 40 against the published recipe (paper); ROI PSNR over the same box")
    print(f"{'volume':32} {'diagnostic':>10} {'paper':>8} {'ratio':>6} {'ROI dB':>7} {'paper':>7}")
    archive, back = Path(folder) / "x.fovea", Path(folder) / "x.nii"
    for item in items:
        if not item.labels:
            continue
        rows, boxes = {}, list[str]()
        for profile in ("diagnostic", "paper"):
            ways = ["--encoding", profile, "--until", "lossy", "--out", archive, "--force", "--json"]
            summary = run("fovea", "encode", item.path, *item.region, *ways)[-1]
            run("fovea", "decode", archive, "--out", back, "--layers", "lossy", "--force", "--json")
            if profile == "diagnostic":
                boxes = summary["roi_boxes"]
            # The first box stands for all where there are several.
            fidelity = run("fovea", "compare", item.path, back, "--box", boxes[0], "--json")[-1]
            layers = summary["bytes_by_layer"]
            rows[profile] = (layers["roi_base"] + layers["background_base"], fidelity["psnr_db"])
        (ours, psnr), (theirs, their_psnr) = rows["diagnostic"], rows["paper"]
        print(f"{item.name:32} {ours:10} {theirs:8} {ours / theirs:6.3f} {db(psnr)} {db(their_psnr)}", flush=True)


def measure_exact(items: Sequence[Item], folder: str) -> None:
    """The cost of a region to be exact, and to be within 4, where a voxel is a whole number; the mask's box without a margin."""
    archive, back, bounded = (Path(folder) / name for name in ("x.fovea", "x.nii", "bounded.yaml"))
    profile = (PROJECT / "profiles" / "encoding" / "diagnostic.yaml").read_text(encoding="utf-8")
    bounded.write_text(profile.replace("roi:\n", "roi:\n  max_error: 4\n", 1), encoding="utf-8")
    print(
        "\nBytes of the region of interest: base, from there to exact, base and all that brings it within 4; "
        "and the greatest error then"
    )
    print(f"{'volume':32} {'base':>8} {'to exact':>9} {'within 4':>9} {'error':>6} {'rest then':>10}")
    for item in items:
        if not item.labels:
            continue
        encode = ["fovea", "encode", item.path, *item.region, "--margin", "0", "--out", archive, "--force", "--json"]
        exact = run(*encode)[-1]["bytes_by_layer"]
        summary = run(*encode, "--encoding", bounded)[-1]
        layers = summary["bytes_by_layer"]
        run("fovea", "decode", archive, "--out", back, "--layers", "roi", "--force", "--json")
        compared = [run("fovea", "compare", item.path, back, "--box", box, "--json")[-1] for box in summary["roi_boxes"]]
        error = max(comparison["max_abs_error"] for comparison in compared)
        # Volumes whose values take a table have no bound but 0.
        within = layers["roi_base"] + layers["roi_bounded"] if layers["roi_bounded"] else None
        print(
            f"{item.name:32} {layers['roi_base']:8} {exact['roi_refinement']:9} {within or '-':>9} {error:6g} "
            f"{layers['roi_refinement']:10}",
            flush=True,
        )


def measure_roi(items: Sequence[Item], folder: str, link: str, runs: int) -> list[str]:
    """Gives the names of those that were not exact, or not verified."""
    rate, round_trip = LINKS[link]
    print(f"\nTransfers over {link}: median of {runs}; bound = time to first datagram + ROI bytes / rate + 2.5 RTT")
    print(f"{'volume':32} {'first':>6} {'ROI':>6} {'ratio':>6} {'backgr.':>8} {'exact':>7} {'identical':>9} {'receipt':>8}")
    failed = []
    for item in items:
        rows = []
        ends = []
        for number in range(runs):
            end = transfer(folder, item, link, seed=number + 1)
            ends.append(end)
            first = end.sent["time_to_first_datagram"] or 0
            bound = first + end.sent["bytes_sent_by_layer"]["roi_base"] * 8 / rate + 2.5 * round_trip
            shown, background, lossless = (end.received[f"time_to_{what}"] for what in ("roi", "background", "lossless"))
            rows.append((first, shown, shown / bound, background, lossless))
        exact, verified = all(end.is_exact for end in ends), all(end.is_verified for end in ends)
        if not (exact and verified):
            failed.append(item.name)
        first, roi, ratio, background, lossless = (statistics.median(column) for column in zip(*rows, strict=True))
        print(
            f"{item.name:32} {first:6.2f} {roi:6.2f} {ratio:6.2f} {background:8.2f} {lossless:7.2f} "
            f"{'yes' if exact else 'NO':>9} {'verified' if verified else 'NO':>8}",
            flush=True,
        )
    return failed


def measure_order(items: Sequence[Item], folder: str, link: str) -> None:
    print(f"\nRegion of interest shown over {link}, seconds: by priority, and slice by slice (fifo)")
    print(f"{'volume':32} {'roi-first':>9} {'fifo':>7}")
    for item in items:
        if item.labels:
            times = [transfer(folder, item, link, order).received["time_to_roi"] for order in ("roi-first", "fifo")]
            print(f"{item.name:32} {times[0]:9.2f} {times[1]:7.2f}", flush=True)


def labelled(path: Path) -> Iterator[tuple[int, int, int]]:
    """The x, y, z of every labelled voxel; the file is NIfTI-1 as labels usually are."""
    with gzip.open(path) as file:
        data = file.read()
    columns, rows, slices, kind = struct.unpack_from("<3h", data, 42) + struct.unpack_from("<h", data, 70)
    values = array.array({2: "B", 4: "h", 8: "i", 16: "f", 64: "d", 256: "b", 512: "H"}[kind])
    start = int(struct.unpack_from("<f", data, 108)[0])
    values.frombytes(data[start : start + columns * rows * slices * values.itemsize])
    for row in range(rows * slices):
        line = values[row * columns : (row + 1) * columns]
        if any(line):
            yield from ((x, row % rows, row // rows) for x, value in enumerate(line) if value > 0)


Box = list[tuple[int, int]]


def box_of(text: str) -> Box:
    """The bounds along each axis of a box as programs write it."""
    sides = (side.split(":") for side in text.split(","))
    return [(int(low), int(high)) for low, high in sides]


def holds(box: Box, voxel: tuple[int, int, int]) -> bool:
    return all(low <= place < high for place, (low, high) in zip(voxel, box, strict=True))


def covered(labels: Path, boxes: list[Box]) -> tuple[float, float]:
    """The share of the labels that boxes cover, and the boxes' volume over that of the labels' tight box."""
    voxels = list(labelled(labels))
    inside = sum(any(holds(box, voxel) for box in boxes) for voxel in voxels)
    tight = math.prod(max(side) - min(side) + 1 for side in zip(*voxels, strict=True))
    volume = sum(math.prod(high - low for low, high in box) for box in boxes)
    return inside / len(voxels), volume / tight


def measure_eye(items: Sequence[Item], folder: str, link: str) -> None:
    """Measures how well the shipped model finds what is labelled, and how soon it is on its way."""
    print(
        "\nThe shipped model: Dice against the labels; how much of them the boxes as sent cover; "
        "the boxes' volume over the labels' tight box"
    )
    print(
        f"{'volume':32} {'verdict':>8} {'sure':>5} {'Dice':>6} {'cover':>6} {'volume':>6} {'boxes':>5} "
        f"{'segment s':>9} {'first ROI datagram s':>20}"
    )
    mask = Path(folder) / "m.nii"
    healthy, _ = programs.phantom(Path(folder) / "healthy", "--healthy")
    dice = []
    for item in [*items, Item("phantom-1 without tumour", healthy, None)]:
        found = run("fovea", "segment", item.path, "--out", mask, "--force", "--json")[-1]
        sent = transfer(folder, item._replace(labels=None), link).sent
        row = f"{item.name:32} {found['verdict']:>8} {found['certainty'] or 0:5.2f}"
        # Labels belong to the modality the model reads.
        if item.labels and any(word in item.name for word in ("fla", "phantom")):
            score = run("fovea", "compare", mask, item.labels, "--json")[-1]["dice"]
            # The generated head is told apart from patients.
            if item.name != "phantom-1" or len(items) == 1:
                dice.append(score)
            share, volume = covered(item.labels, [box_of(box) for box in sent["roi_boxes"]])
            row += f" {score:6.3f} {share:6.3f} {volume:6.2f}"
        else:
            row += " " * 21
        first = sent["time_to_first_datagram"] or 0
        print(f"{row} {len(sent['roi_boxes']):5} {found['seconds']:9.2f} {first:20.2f}", flush=True)
    print(f"mean Dice of the labelled scans {statistics.mean(dice):.3f}, least {min(dice):.3f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("FOVEA_DATA", PROJECT / ".." / "shared" / "data")))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--link", default="rural-4g", choices=LINKS)
    parser.add_argument("sections", nargs="*", default=[], metavar="SECTION")
    options = parser.parse_args()
    sections = options.sections or ["size", "exact", "roi", "order", "eye"]
    started, failed = time.time(), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        items = volumes(options.data, folder)
        if "size" in sections:
            measure_size(items, folder)
        if "exact" in sections:
            measure_exact(items, folder)
        if "roi" in sections:
            failed = measure_roi(items, folder, options.link, options.runs)
        if "order" in sections:
            measure_order(items, folder, options.link)
        if "eye" in sections:
            measure_eye(items, folder, options.link)
    print(f"\n{time.time() - started:.0f} s in all")
    if failed:
        raise Failed("not exact, or not verified: " + ", ".join(failed))
    return 0


if __name__ == "__main__":
    sys.exit(programs.script(main))
