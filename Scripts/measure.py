#!/usr/bin/env python3
"""Measures what Fovea promises, with the real programs over the real relay, and prints a table.

Usage: Scripts/measure.py [--data FOLDER] [--runs N] [--link NAME] [SECTION ...]
Sections: size, exact, roi, order, eye. The folder is FOVEA_DATA, by default ../shared/data; without volumes a phantom is measured.
Times depend on the machine; each row also gives the ratio to what the link alone would take.
"""

import argparse
import array
import gzip
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(PROJECT, ".build", "release")
FAILED = []
# Bits a second and seconds there and back, as in profiles/links.
LINKS = {"rural-4g": (2e6, 0.080), "adsl-uplink": (1e6, 0.040), "hospital-wan": (50e6, 0.020), "geo-satellite": (1e6, 0.600)}


def run(*arguments):
    done = subprocess.run([os.path.join(BIN, arguments[0]), *arguments[1:]], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def start(*arguments):
    process = subprocess.Popen(
        [os.path.join(BIN, arguments[0]), *arguments[1:]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return process, json.loads(process.stdout.readline())["port"]


def transfer(folder, volume, region, link, order="roi-first", seed=1):
    """Sends a volume through a relay; gives both ends' summaries and whether the result is the source."""
    out = tempfile.mkdtemp(dir=folder)
    receiver, port = start("fovea", "receive", "--listen", "127.0.0.1:0", "--out", out, "--once", "--json")
    relay, port = start(
        "netsim", "relay", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{port}", "--link", link, "--seed", str(seed), "--json"
    )
    sent = run("fovea", "send", volume, *region, "--to", f"127.0.0.1:{port}", "--transport", "default", "--order", order, "--json")[
        -1
    ]
    received = [json.loads(line) for line in receiver.communicate(timeout=60)[0].splitlines()][-1]
    relay.terminate()
    relay.wait()
    compared = run("fovea", "compare", volume, received["volumes"][0]["path"], "--json")[-1]
    inspected = run("fovea", "inspect", received["folder"], "--json")[-1]
    exact = compared["identical_voxels"] and compared["identical_header"]
    verified = inspected["verified"] and sent["receipt"] == received["volumes"][0]["sha256"]
    return sent, received, exact, verified


def volumes(data, folder):
    """Volumes with the region to use: a mask of the same patient where there is one, else what the shipped model finds."""
    found = []
    root = os.path.join(data, "volumes")
    names = sorted(os.listdir(root)) if os.path.isdir(root) else []
    for name in (n for n in names if n.endswith(".nii.gz") and not n.endswith("_seg.nii.gz")):
        mask = next((n for n in names if n.endswith("_seg.nii.gz") and n.split("_")[0] == name.split("_")[0]), None)
        found.append((name, os.path.join(root, name), ["--mask", os.path.join(root, mask)] if mask else []))
    files = run("fovea", "phantom", "--out", folder, "--json")[-1]
    found.append(("phantom-1", files["volume"], ["--mask", files["labels"]]))
    return found


def db(value):
    """PSNR is null where there is no error."""
    return "  exact" if value is None else f"{value:7.2f}"


def measure_size(items, folder):
    print("\nBase layers at CRF 20 and 40 against the published recipe (paper); ROI PSNR over the same box")
    print(f"{'volume':32} {'diagnostic':>10} {'paper':>8} {'ratio':>6} {'ROI dB':>7} {'paper':>7}")
    for name, path, region in items:
        if not region:
            continue
        rows, boxes = {}, []
        for profile in ("diagnostic", "paper"):
            file = os.path.join(folder, "x.fovea")
            summary = run(
                "fovea", "encode", path, *region, "--encoding", profile, "--until", "lossy", "--out", file, "--force", "--json"
            )[-1]
            run("fovea", "decode", file, "--out", os.path.join(folder, "x.nii"), "--layers", "lossy", "--force", "--json")
            if profile == "diagnostic":
                boxes = summary["roi_boxes"]
            # The first box stands for all where there are several.
            fidelity = run("fovea", "compare", path, os.path.join(folder, "x.nii"), "--box", boxes[0], "--json")[-1]
            layers = summary["bytes_by_layer"]
            rows[profile] = (layers["roi_base"] + layers["background_base"], fidelity["psnr_db"])
        (ours, psnr), (theirs, their_psnr) = rows["diagnostic"], rows["paper"]
        print(f"{name:32} {ours:10} {theirs:8} {ours / theirs:6.3f} {db(psnr)} {db(their_psnr)}", flush=True)


def measure_exact(items, folder):
    """What a region costs to be exact, and to be within 4, where a voxel is a whole number; the mask's box without a margin."""
    with open(os.path.join(PROJECT, "profiles", "encoding", "diagnostic.yaml")) as profile:
        bounded = os.path.join(folder, "bounded.yaml")
        with open(bounded, "w") as file:
            file.write(profile.read().replace("roi:\n", "roi:\n  max_error: 4\n", 1))
    print(
        "\nBytes of the region of interest: base, from there to exact, base and all that brings it within 4; and the greatest error then"
    )
    print(f"{'volume':32} {'base':>8} {'to exact':>9} {'within 4':>9} {'error':>6} {'rest then':>10}")
    for name, path, region in items:
        if not region:
            continue
        file, back = os.path.join(folder, "x.fovea"), os.path.join(folder, "x.nii")
        exact = run("fovea", "encode", path, *region, "--margin", "0", "--out", file, "--force", "--json")[-1]["bytes_by_layer"]
        summary = run("fovea", "encode", path, *region, "--margin", "0", "--encoding", bounded, "--out", file, "--force", "--json")[
            -1
        ]
        layers = summary["bytes_by_layer"]
        run("fovea", "decode", file, "--out", back, "--layers", "roi", "--force", "--json")
        error = max(
            run("fovea", "compare", path, back, "--box", box, "--json")[-1]["max_abs_error"] for box in summary["roi_boxes"]
        )
        # Volumes whose values take a table have no bound but 0.
        within = layers["roi_base"] + layers["roi_bounded"] if layers["roi_bounded"] else None
        print(
            f"{name:32} {layers['roi_base']:8} {exact['roi_refinement']:9} {within or '-':>9} {error:6g} {layers['roi_refinement']:10}",
            flush=True,
        )


def measure_roi(items, folder, link, runs):
    rate, round_trip = LINKS[link]
    print(f"\nTransfers over {link}: median of {runs}; bound = time to first datagram + ROI bytes / rate + 2.5 RTT")
    print(f"{'volume':32} {'first':>6} {'ROI':>6} {'ratio':>6} {'backgr.':>8} {'exact':>7} {'identical':>9} {'receipt':>8}")
    for name, path, region in items:
        rows = []
        ends = set()
        for number in range(runs):
            sent, received, exact, verified = transfer(folder, path, region, link, seed=number + 1)
            first = sent["time_to_first_datagram"] or 0
            bound = first + sent["bytes_sent_by_layer"]["roi_base"] * 8 / rate + 2.5 * round_trip
            rows.append(
                (
                    first,
                    received["time_to_roi"],
                    received["time_to_roi"] / bound,
                    received["time_to_background"],
                    received["time_to_lossless"],
                )
            )
            ends.add((exact, verified))
        if not all(exact and verified for exact, verified in ends):
            FAILED.append(name)
        first, roi, ratio, background, lossless = (statistics.median(column) for column in zip(*rows))
        exact, verified = (all(end[i] for end in ends) for i in (0, 1))
        print(
            f"{name:32} {first:6.2f} {roi:6.2f} {ratio:6.2f} {background:8.2f} {lossless:7.2f} {'yes' if exact else 'NO':>9} {'verified' if verified else 'NO':>8}",
            flush=True,
        )


def measure_order(items, folder, link):
    print(f"\nRegion of interest shown over {link}, seconds: by priority, and slice by slice (fifo)")
    print(f"{'volume':32} {'roi-first':>9} {'fifo':>7}")
    for name, path, region in items:
        if region:
            times = [transfer(folder, path, region, link, order)[1]["time_to_roi"] for order in ("roi-first", "fifo")]
            print(f"{name:32} {times[0]:9.2f} {times[1]:7.2f}", flush=True)


def labelled(path):
    """Columns, rows, slices, and for every labelled voxel its x, y, z; the file is NIfTI-1 as labels usually are."""
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


def measure_eye(items, folder, link):
    """How well the shipped model finds what is labelled, and how soon it is on its way."""
    print(
        "\nThe shipped model: Dice against the labels; how much of them the boxes as sent cover; the boxes' volume over the labels' tight box"
    )
    print(
        f"{'volume':32} {'verdict':>8} {'sure':>5} {'Dice':>6} {'cover':>6} {'volume':>6} {'boxes':>5} {'segment s':>9} {'first ROI datagram s':>20}"
    )
    mask, file = os.path.join(folder, "m.nii"), os.path.join(folder, "x.fovea")
    healthy = run("fovea", "phantom", "--out", os.path.join(folder, "healthy"), "--healthy", "--json")[-1]
    dice = []
    for name, path, region in [*items, ("phantom-1 without tumour", healthy["volume"], [])]:
        found = run("fovea", "segment", path, "--out", mask, "--force", "--json")[-1]
        sent = transfer(folder, path, [], link)[0]
        row = f"{name:32} {found['verdict']:>8} {found['certainty'] or 0:5.2f}"
        # Labels belong to the modality the model reads.
        if region and any(word in name for word in ("fla", "phantom")):
            score = run("fovea", "compare", mask, region[1], "--json")[-1]["dice"]
            # The generated head is told apart from patients.
            if name != "phantom-1" or len(items) == 1:
                dice.append(score)
            voxels = list(labelled(region[1]))
            boxes = [[tuple(map(int, side.split(":"))) for side in box.split(",")] for box in sent["roi_boxes"]]
            inside = sum(any(all(low <= v < high for v, (low, high) in zip(voxel, box)) for box in boxes) for voxel in voxels)
            tight, volume = 1, 0
            for axis in range(3):
                side = [voxel[axis] for voxel in voxels]
                tight *= max(side) - min(side) + 1
            for box in boxes:
                volume += (box[0][1] - box[0][0]) * (box[1][1] - box[1][0]) * (box[2][1] - box[2][0])
            row += f" {score:6.3f} {inside / len(voxels):6.3f} {volume / tight:6.2f}"
        else:
            row += " " * 21
        print(f"{row} {len(sent['roi_boxes']):5} {found['seconds']:9.2f} {sent['time_to_first_datagram'] or 0:20.2f}", flush=True)
    print(f"mean Dice of the labelled scans {statistics.mean(dice):.3f}, least {min(dice):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("FOVEA_DATA", os.path.join(PROJECT, "..", "shared", "data")))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--link", default="rural-4g", choices=LINKS)
    parser.add_argument("sections", nargs="*", default=[], metavar="SECTION")
    options = parser.parse_args()
    sections = options.sections or ["size", "exact", "roi", "order", "eye"]
    started = time.time()
    with tempfile.TemporaryDirectory() as folder:
        items = volumes(options.data, folder)
        if "size" in sections:
            measure_size(items, folder)
        if "exact" in sections:
            measure_exact(items, folder)
        if "roi" in sections:
            measure_roi(items, folder, options.link, options.runs)
        if "order" in sections:
            measure_order(items, folder, options.link)
        if "eye" in sections:
            measure_eye(items, folder, options.link)
    print(f"\n{time.time() - started:.0f} s in all")
    if FAILED:
        sys.exit("not exact, or not verified: " + ", ".join(FAILED))


main()
