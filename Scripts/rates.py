#!/usr/bin/env python3
"""Shows how soon a region is shown and a volume exact, by the rate of the link, beside a POST of the file: a table, and an SVG.

Usage: Scripts/rates.py VOLUME [--mask FILE] [--secret] [--runs N] [--jpeg-ls BYTES] [--figure FILE] [--rates MBIT_PER_S ...]

Real programs over the real relay, without loss. Each rate has one transfer before those that count: what a link carried the last
time is remembered.
A POST takes bytes x 8 / rate / 0.95 and two round trips, reading and coding not counted; JPEG-LS's bytes are those of `make bench`.
"""

import argparse
import math
import os
import secrets
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import programs
from programs import Failed

PATIENCE = 60
# Mbit/s: milliseconds there and back.
ROUND_TRIPS = {0.384: 715, 2: 80, 10: 40, 50: 20, 300: 4}
# Of the bytes / rate, above half a second and two and a half round trips; asked of volumes over half a megabyte.
ASKED = {0.384: 1.10, 2: 1.12, 10: 1.15, 50: 1.3}


class Sent(NamedTuple):
    """One transfer: the seconds until the region was shown, all was exact, the sender knew, and the first voxels were there."""

    roi: float
    exact: float
    done: float
    first: float
    bytes: float
    previews: str
    coder: str


class Link:
    """A receiver and a relay of one rate, for several transfers."""

    def __init__(self, folder: str, rate: float, is_sealed: bool = False) -> None:
        self.folder = Path(folder)
        self.secret = ["--secret-file", programs.secret_file(folder, secrets.token_urlsafe(32))] if is_sealed else []
        self.rate = rate
        milliseconds = ROUND_TRIPS.get(rate, 40)
        self.round_trip = milliseconds / 1e3
        profile = programs.link_file(folder, f"{rate} Mbit/s", milliseconds, queue=f"{max(64, int(rate * 32))} KiB")
        self.receiver = programs.receive(self.folder / "in", *self.secret)
        self.relay = programs.relay(self.receiver.port(), profile)
        self.port = self.relay.port()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in (self.relay, self.receiver):
            program.end()

    def milestones(self, session: str) -> dict[str, float] | None:
        """The seconds after which each thing came that the receiver tells of a session; None while the session goes on."""
        found = {}
        for event in list(self.receiver.events):
            if event.get("session") == session:
                if "seconds_since_send" in event:
                    found[event["event"]] = event["seconds_since_send"]
                if event["event"] in ("summary", "receipt"):
                    return found
        return None

    def send(self, volume: Path, region: list[str]) -> Sent:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache")}
        to = f"127.0.0.1:{self.port}"
        status, events, errors = programs.attempt(
            "fovea", "send", volume, *region, "--to", to, "--json", *self.secret, environment=environment
        )
        if status:
            raise Failed(f"{self.rate} Mbit/s: {errors}")
        summary = events[-1]
        coding = next(event for event in events if event["event"] == "coding")
        milestones = self.receiver.until(lambda: self.milestones(summary["session"]), PATIENCE) or {}
        if "volume_lossless" not in milestones:
            raise Failed(f"{self.rate} Mbit/s: not exact")
        return Sent(
            milestones["roi_complete"],
            milestones["volume_lossless"],
            summary["done_t"],
            summary["time_to_first_datagram"],
            sum(summary["bytes_sent_by_layer"].values()),
            "+".join(word for word in ("roi", "background") if coding[f"{word}_preview"]) or "none",
            coding["coder"],
        )


class Row(NamedTuple):
    """The medians of a rate's transfers, and how many times as long as its bytes alone the exact volume took."""

    rate: float
    sent: Sent
    k: float
    round_trip: float

    def post(self, count: float) -> float:
        """The seconds that a POST of so many bytes takes."""
        return count * 8 / (self.rate * 1e6) / 0.95 + 2 * self.round_trip


def measured(rate: float, volume: Path, region: list[str], runs: int, is_sealed: bool = False) -> Row:
    with (
        tempfile.TemporaryDirectory(prefix="fovea-rates-", ignore_cleanup_errors=True) as folder,
        Link(folder, rate, is_sealed) as link,
    ):
        link.send(volume, region)
        results = [link.send(volume, region) for _ in range(runs)]
    roi, exact, done, first, size = (statistics.median(column) for column in zip(*(result[:5] for result in results), strict=True))
    sent = Sent(roi, exact, done, first, size, results[-1].previews, results[-1].coder)
    wire = sent.bytes * 8 / (rate * 1e6)
    k = (sent.exact - 0.5 - (3.5 if is_sealed else 2.5) * link.round_trip) / wire
    return Row(rate, sent, k, link.round_trip)


WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 400, 60, 150, 20, 50


class Scale(NamedTuple):
    """The ends of one axis, as powers of ten, and their places on the picture."""

    first: float
    last: float
    start: float
    end: float

    def place(self, value: float) -> float:
        return self.start + (math.log10(value) - self.first) / (self.last - self.first) * (self.end - self.start)


class Curve(NamedTuple):
    """A line of the figure: its name, its colour, its value at each rate, and how it is drawn."""

    name: str
    colour: str
    value: Callable[[Row], float]
    dash: str = ""


def post_of(count: float) -> Callable[[Row], float]:
    return lambda row: row.post(count)


def figure(rows: Sequence[Row], posts: Sequence[tuple[str, float]], path: Path) -> None:
    """Seconds over Mbit/s, both by decades."""
    curves = [
        Curve("region shown", "#c25b00", lambda row: row.sent.roi),
        Curve("every bit exact", "#0a5f9e", lambda row: row.sent.exact),
    ]
    for (name, count), colour in zip(posts, ("#555", "#999"), strict=False):
        curves.append(Curve(f"POST of {name}", colour, post_of(count), ' stroke-dasharray="5 4"'))
    times = [curve.value(row) for row in rows for curve in curves]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    x = Scale(math.log10(rows[0].rate), math.log10(rows[-1].rate), LEFT, WIDTH - RIGHT).place
    y = Scale(low, high, HEIGHT - BOTTOM, TOP).place
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for exponent in range(low, high + 1):
        place = y(10.0**exponent)
        parts.append(
            f'<path d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{place + 4:.1f}" text-anchor="end">{10.0**exponent:g} s</text>'
        )
    for row in rows:
        place = x(row.rate)
        parts.append(
            f'<path d="M{place:.1f} 20V{HEIGHT - BOTTOM}" stroke="#ddd"/>'
            f'<text x="{place:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{row.rate:g}</text>'
        )
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">Mbit/s</text>')
    for curve in curves:
        points = " ".join(f"{x(row.rate):.1f},{y(curve.value(row)):.1f}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{curve.colour}" stroke-width="2"{curve.dash}/>')
    free = 0.0
    for place, name, colour in sorted((y(curve.value(rows[-1])) + 4, curve.name, curve.colour) for curve in curves):
        # Names of lines that end close to each other stand below each other.
        free = max(place, free)
        parts.append(f'<text x="{WIDTH - 144}" y="{free:.1f}" fill="{colour}">{name}</text>')
        free += 15
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume", type=Path)
    parser.add_argument("--mask")
    parser.add_argument("--secret", action="store_true", help="both ends share a secret, which takes a round trip more")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jpeg-ls", type=int, metavar="BYTES")
    parser.add_argument("--figure", type=Path, metavar="FILE")
    parser.add_argument("--rates", type=float, nargs="+", default=list(ROUND_TRIPS))
    options = parser.parse_args()
    region = ["--mask", options.mask] if options.mask else []
    posts = [(".nii.gz", options.volume.stat().st_size)] + ([("JPEG-LS", options.jpeg_ls)] if options.jpeg_ls else [])
    titles = ["Mbit/s", "previews", "coder", "bytes", "first voxels", "region shown", "exact", "done"]
    print("| " + " | ".join([*titles, *(f"POST of {name}" for name, _ in posts), "k (asked)"]) + " |")
    print("|---:|---|---|---:|" + "---:|" * (5 + len(posts)))
    rows = []
    for rate in sorted(options.rates):
        row = measured(rate, options.volume, region, options.runs, options.secret)
        rows.append(row)
        asked = f" ({ASKED[rate]:.2f})" if rate in ASKED else ""
        sent, seconds = row.sent, [row.sent.first, row.sent.roi, row.sent.exact, row.sent.done]
        seconds += [row.post(count) for _, count in posts]
        cells = [f"{rate:g}", sent.previews, sent.coder, f"{sent.bytes:,.0f}", *(f"{value:.2f}" for value in seconds)]
        print("| " + " | ".join([*cells, f"{row.k:.2f}{asked}"]) + " |", flush=True)
    if options.figure and len(rows) > 1:
        figure(rows, posts, options.figure)
    return 0


if __name__ == "__main__":
    sys.exit(programs.script(main))
