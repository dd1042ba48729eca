#!/usr/bin/env python3
"""How soon a region is shown and a volume exact, by the rate of the link, beside one plain POST of the same file: a table, and a figure as SVG.

Usage: Scripts/rates.py VOLUME [--mask FILE] [--secret] [--runs N] [--jpeg-ls BYTES] [--figure FILE] [--rates MBIT_PER_S ...]

Real programs over the real relay, without loss. Each rate has one transfer before those that count: what a link carried the last time is remembered.
A POST takes bytes x 8 / rate / 0.95 and two round trips, reading and coding not counted; JPEG-LS's bytes are those of `make bench`.
"""

import argparse
import json
import math
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(PROJECT, ".build", "release")
# Mbit/s: milliseconds there and back.
ROUND_TRIPS = {0.384: 715, 2: 80, 10: 40, 50: 20, 300: 4}
# Of the bytes / rate, above half a second and two and a half round trips; asked of volumes over half a megabyte.
ASKED = {0.384: 1.10, 2: 1.12, 10: 1.15, 50: 1.3}


def start(*arguments, **more):
    process = subprocess.Popen(
        [os.path.join(BIN, arguments[0]), *arguments[1:]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **more
    )
    return process, json.loads(process.stdout.readline())["port"]


class Link:
    """A receiver and a relay of one rate, for several transfers."""

    def __init__(self, folder, rate, is_sealed=False):
        self.folder = folder
        self.secret = []
        if is_sealed:
            path = os.path.join(folder, "site.secret")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(secrets.token_urlsafe(32))
            self.secret = ["--secret-file", path]
        self.rate = rate
        self.round_trip = ROUND_TRIPS.get(rate, 40) / 1e3
        profile = os.path.join(folder, "link.yaml")
        with open(profile, "w", encoding="utf-8") as file:
            file.write(
                f"rate: {rate} Mbit/s\nround_trip: {ROUND_TRIPS.get(rate, 40)} ms\nloss: 0 %\nqueue: {max(64, int(rate * 32))} KiB\n"
            )
        self.receiver, port = start(
            "fovea", "receive", "--listen", "127.0.0.1:0", "--out", os.path.join(folder, "in"), "--json", *self.secret
        )
        self.relay, self.port = start(
            "netsim", "relay", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{port}", "--link", profile, "--json"
        )

    def send(self, volume, region):
        environment = {**os.environ, "XDG_CACHE_HOME": os.path.join(self.folder, "cache")}
        done = subprocess.run(
            [os.path.join(BIN, "fovea"), "send", volume, *region, "--to", f"127.0.0.1:{self.port}", "--json", *self.secret],
            env=environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{self.rate} Mbit/s: {done.stderr}")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        summary = events[-1]
        coding = next(event for event in events if event["event"] == "coding")
        milestones = {}
        for line in self.receiver.stdout:
            event = json.loads(line)
            if event.get("session") == summary["session"]:
                if "seconds_since_send" in event:
                    milestones[event["event"]] = event["seconds_since_send"]
                if event["event"] == "summary" or event["event"] == "receipt":
                    break
        if "volume_lossless" not in milestones:
            sys.exit(f"{self.rate} Mbit/s: not exact")
        return {
            "roi": milestones["roi_complete"],
            "exact": milestones["volume_lossless"],
            "done": summary["done_t"],
            "first": summary["time_to_first_datagram"],
            "bytes": sum(summary["bytes_sent_by_layer"].values()),
            "previews": "+".join(word for word in ("roi", "background") if coding[f"{word}_preview"]) or "none",
            "coder": coding["coder"],
        }

    def end(self):
        for process in (self.relay, self.receiver):
            process.terminate()
            process.wait()


def measured(rate, volume, region, runs, is_sealed=False):
    folder = tempfile.mkdtemp(prefix="fovea-rates-")
    link = Link(folder, rate, is_sealed)
    try:
        link.send(volume, region)
        results = [link.send(volume, region) for _ in range(runs)]
    finally:
        link.end()
        shutil.rmtree(folder, ignore_errors=True)
    row = {key: statistics.median(result[key] for result in results) for key in ("roi", "exact", "done", "first", "bytes")}
    row |= {"rate": rate, "previews": results[-1]["previews"], "coder": results[-1]["coder"]}
    wire = row["bytes"] * 8 / (rate * 1e6)
    row["k"] = (row["exact"] - 0.5 - (3.5 if is_sealed else 2.5) * link.round_trip) / wire
    row["post"] = lambda count: count * 8 / (rate * 1e6) / 0.95 + 2 * link.round_trip
    return row


def figure(rows, curves, path):
    """Seconds over Mbit/s, both by decades."""
    width, height, left, bottom = 640, 400, 60, 50
    times = [row[key] for row in rows for key in ("roi", "exact")] + [row["post"](count) for row in rows for _, count in curves]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    first, last = math.log10(rows[0]["rate"]), math.log10(rows[-1]["rate"])
    x = lambda rate: left + (math.log10(rate) - first) / (last - first) * (width - left - 150)
    y = lambda time: 20 + (high - math.log10(time)) / (high - low) * (height - bottom - 20)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for exponent in range(low, high + 1):
        parts.append(
            f'<path d="M{left} {y(10**exponent):.1f}H{width - 150}" stroke="#ddd"/><text x="{left - 6}" y="{y(10**exponent) + 4:.1f}" text-anchor="end">{10.0**exponent:g} s</text>'
        )
    for row in rows:
        parts.append(
            f'<path d="M{x(row["rate"]):.1f} 20V{height - bottom}" stroke="#ddd"/><text x="{x(row["rate"]):.1f}" y="{height - bottom + 18}" text-anchor="middle">{row["rate"]:g}</text>'
        )
    parts.append(f'<text x="{(left + width - 150) / 2}" y="{height - 8}" text-anchor="middle">Mbit/s</text>')
    lines = [("region shown", "#c25b00", lambda row: row["roi"], ""), ("every bit exact", "#0a5f9e", lambda row: row["exact"], "")]
    lines += [
        (f"POST of {name}", colour, lambda row, count=count: row["post"](count), ' stroke-dasharray="5 4"')
        for (name, count), colour in zip(curves, ("#555", "#999"))
    ]
    ends = []
    for name, colour, value, dash in lines:
        points = " ".join(f"{x(row['rate']):.1f},{y(value(row)):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        ends.append([y(value(rows[-1])) + 4, name, colour])
    ends.sort()
    for before, after in zip(ends, ends[1:]):
        after[0] = max(after[0], before[0] + 15)
    parts += [f'<text x="{width - 144}" y="{place:.1f}" fill="{colour}">{name}</text>' for place, name, colour in ends]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*parts, "</svg>"]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume")
    parser.add_argument("--mask")
    parser.add_argument("--secret", action="store_true", help="both ends share a secret, which takes a round trip more")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jpeg-ls", type=int, metavar="BYTES")
    parser.add_argument("--figure", metavar="FILE")
    parser.add_argument("--rates", type=float, nargs="+", default=list(ROUND_TRIPS))
    options = parser.parse_args()
    region = ["--mask", options.mask] if options.mask else []
    curves = [(".nii.gz", os.path.getsize(options.volume))] + ([("JPEG-LS", options.jpeg_ls)] if options.jpeg_ls else [])
    print(
        "| Mbit/s | previews | coder | bytes | first voxels | region shown | exact | done | "
        + " | ".join(f"POST of {name}" for name, _ in curves)
        + " | k (asked) |"
    )
    print("|---:|---|---|---:|" + "---:|" * (5 + len(curves)))
    rows = []
    for rate in sorted(options.rates):
        row = measured(rate, options.volume, region, options.runs, options.secret)
        rows.append(row)
        asked = f" ({ASKED[rate]:.2f})" if rate in ASKED else ""
        print(
            f"| {rate:g} | {row['previews']} | {row['coder']} | {row['bytes']:,.0f} | {row['first']:.2f} | {row['roi']:.2f} | {row['exact']:.2f} | {row['done']:.2f} | "
            + " | ".join(f"{row['post'](count):.2f}" for _, count in curves)
            + f" | {row['k']:.2f}{asked} |",
            flush=True,
        )
    if options.figure and len(rows) > 1:
        figure(rows, curves, options.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
