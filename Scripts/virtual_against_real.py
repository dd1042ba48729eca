#!/usr/bin/env python3
"""Makes the same transfers in virtual time and over sockets, and prints medians of both side by side.

Usage: Scripts/virtual_against_real.py [--seeds N] [--out FOLDER] [--coding measured|reference] [--orders LIST] [LINK ...]
The generated head goes over rural-4g, adsl-uplink, geo-satellite and hospital-wan, five seeds each. It fails where time to ROI or
time to exact differ by more than 10 %. The machine should have nothing else to do.
"""

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import programs
from programs import Failed

BOUND = 0.10
MEASURES = [("time_to_roi", True), ("time_to_background", False), ("time_to_roi_exact", False), ("time_to_exact", True)]


def medians(experiment: Path, folder: Path, *more: str) -> dict[tuple[str, str], dict[str, str]]:
    """Makes an experiment's transfers; gives its summary's rows by link and order."""
    status, _, errors = programs.attempt("fovea", "experiment", experiment, "--out", folder, "--json", *more)
    if status:
        raise Failed(errors)
    with (folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if any(int(row["failed"]) for row in rows):
        raise Failed(f"{folder}: transfers ended early; results.csv says why")
    return {(row["link"], row["order"]): row for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", help="keep the results here")
    parser.add_argument(
        "--coding", default="measured", choices=["measured", "reference"], help="when chunks are ready in virtual time"
    )
    parser.add_argument("--orders", default="roi-first")
    parser.add_argument("links", nargs="*", default=[], metavar="LINK")
    options = parser.parse_args()
    links = options.links or ["rural-4g", "adsl-uplink", "geo-satellite", "hospital-wan"]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(options.out or scratch)
        out.mkdir(parents=True, exist_ok=True)
        experiment = out / "virtual-against-real.yaml"
        experiment.write_text(
            f"title: Virtual time against sockets\nlinks: [{', '.join(links)}]\norders: [{options.orders}]\n"
            f"coding: {options.coding}\nseeds: {options.seeds}\n",
            encoding="utf-8",
        )
        virtual = medians(experiment, out / "virtual", "--virtual")
        real = medians(experiment, out / "real")
    failed = False
    print(f"{'link':16} {'order':10} {'measure':20} {'virtual s':>10} {'real s':>10} {'difference':>11}")
    for key, row in virtual.items():
        for measure, is_bound in MEASURES:
            simulated, measured = float(row[measure]), float(real[key][measure])
            difference = simulated / measured - 1
            mark = ""
            if is_bound and abs(difference) > BOUND:
                failed, mark = True, "  beyond 10 %"
            print(f"{key[0]:16} {key[1]:10} {measure:20} {simulated:10.3f} {measured:10.3f} {difference:+11.1%}{mark}")
    if failed:
        raise Failed("virtual time and sockets differ by more than 10 %")
    return 0


if __name__ == "__main__":
    sys.exit(programs.script(main))
