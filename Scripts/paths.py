#!/usr/bin/env python3
"""Sends a volume over paths as they are: narrow, rebinding, long. Prints a table.

Usage: Scripts/paths.py [VOLUME] [--mask FILE] [--runs N] [--only REGEX]

Real programs over the real relay, by a receiver and a memory of its own for each path. "First" is the transfer that finds the path
out, "later" the median of those that remember it. The share is that of the link which the bytes of all layers take until the volume
is exact, connecting included. Both ends share a secret, so that full-size datagrams are 1500 bytes with their headers.
Without VOLUME a generated head is sent.
"""

import argparse
import os
import re
import secrets
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import programs
from programs import Failed

PATIENCE = 120


class Course(NamedTuple):
    """A path: the name of its link profile, its rate in Mbit/s, and what the relay is told besides."""

    name: str
    link: str
    rate: float
    more: tuple[str, ...] = ()


COURSES = (
    Course("pppoe", "pppoe", 5),
    Course("wireguard", "wireguard", 2),
    Course("lte-tunnel", "lte-tunnel", 10),
    Course("tunnel-1280", "tunnel-1280", 10),
    Course("rural-4g", "rural-4g", 2),
    Course("rural-4g, another address every 3 s", "rural-4g", 2, ("--rebind-every", "3 s")),
    Course("leo-satellite", "leo-satellite", 12),
    Course("geo-satellite", "geo-satellite", 1),
    Course("malawi-vsat", "malawi-vsat", 0.384),
)


class Sent(NamedTuple):
    """One transfer: seconds to the region and to every bit, bytes sent, connections made, and what the sender said of the path."""

    roi: float
    exact: float
    bytes: float
    connections: int
    words: str


def milestones(receiver: programs.Program, session: str) -> dict[str, float] | None:
    """The seconds after which region and volume came; None while the session goes on."""
    found: dict[str, float] = {}
    for event in list(receiver.events):
        if event.get("session") == session:
            if "seconds_since_send" in event:
                # The first time counts: what another connection reads again from the journal had come before.
                found.setdefault(event["event"], event["seconds_since_send"])
            if event["event"] in ("summary", "receipt"):
                return found
    return None


def send(course: Course, receiver: programs.Program, port: int, folder: Path, volume: Path, options: Sequence[str]) -> Sent:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    status, events, errors = programs.attempt(
        "fovea", "send", volume, *options, "--to", f"127.0.0.1:{port}", "--json", environment=environment
    )
    if status:
        raise Failed(f"{course.name}: {errors}")
    summary = events[-1]
    reached = receiver.until(lambda: milestones(receiver, summary["session"]), PATIENCE) or {}
    if "volume_lossless" not in reached:
        raise Failed(f"{course.name}: not exact")
    words = [event["event"] for event in events if event["event"] in ("narrowed", "stalled", "reconnecting")]
    said = ", ".join(f"{word} {words.count(word)}x" if words.count(word) > 1 else word for word in dict.fromkeys(words))
    size = sum(summary["bytes_sent_by_layer"].values())
    return Sent(reached["roi_complete"], reached["volume_lossless"], size, summary["connections"], said or "–")


def measured(course: Course, volume: Path, region: Sequence[str], runs: int) -> tuple[Sent, Sent]:
    """The first transfer over a path, and the medians of later ones."""
    with tempfile.TemporaryDirectory(prefix="fovea-paths-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        secret = ["--secret-file", str(programs.secret_file(folder, secrets.token_urlsafe(32)))]
        with (
            programs.receive(folder / "in", *secret) as receiver,
            programs.relay(receiver.port(), course.link, *course.more) as relay,
        ):
            first, *later = (send(course, receiver, relay.port(), folder, volume, [*region, *secret]) for _ in range(runs + 1))
    roi, exact, size, connections = (statistics.median(column) for column in zip(*(sent[:4] for sent in later), strict=True))
    return first, Sent(roi, exact, size, int(connections), later[-1].words)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("volume", type=Path, nargs="?")
    parser.add_argument("--mask")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fovea-paths-") as folder:
        volume, labels = (options.volume, options.mask) if options.volume else programs.phantom(folder)
        region = ["--mask", str(labels)] if labels else []
        print("| path | region, first | exact, first | said | region, later | exact, later | share of the link | connections |")
        print("|---|---:|---:|---|---:|---:|---:|---:|")
        for course in COURSES:
            if not re.search(options.only, course.name):
                continue
            first, later = measured(course, volume, region, options.runs)
            share = later.bytes * 8 / (course.rate * 1e6) / later.exact
            times = f"{first.roi:.2f} | {first.exact:.2f} | {first.words} | {later.roi:.2f} | {later.exact:.2f}"
            print(f"| {course.name} | {times} | {share:.2f} | {later.connections} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(programs.script(main))
