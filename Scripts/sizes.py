#!/usr/bin/env python3
"""Measures memory and time for large volumes: a CT of 512x512x2000 (1 GB), an fMRI of 64x64x36x2000 (600 MB), as .nii and .nii.gz.

Usage: Scripts/sizes.py [--kinds ct fmri] [--forms nii nii.gz] [--folder FOLDER]

Makes the volumes, sends each over loopback, looks through both what was sent and what came, and prints for each program the most
anonymous memory it and its decoders had at one time (what no file backs, and so what the system cannot take back), and how long it
ran. Exit 1 where one is above the limit: 1 GiB for send and receive, 100 MB for inspect.
"""

import argparse
import array
import gzip
import math
import re
import shutil
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import programs
from programs import Failed, Program

LIMITS = {"send": 1 << 30, "receive": 1 << 30, "inspect": 100_000_000}


def header(sides: Sequence[int], spacing: float) -> bytes:
    """A NIfTI-1 header of int16 voxels."""
    fields = bytearray(352)
    struct.pack_into("<i", fields, 0, 348)
    struct.pack_into("<8h", fields, 40, len(sides), *sides, *[1] * (7 - len(sides)))
    struct.pack_into("<hh", fields, 70, 4, 16)
    struct.pack_into("<8f", fields, 76, 1, spacing, spacing, spacing, 1, 1, 1, 1)
    struct.pack_into("<2f", fields, 108, 352, 1)
    fields[123] = 2
    struct.pack_into("<h", fields, 254, 1)
    for row in range(3):
        struct.pack_into("<f", fields, 280 + 20 * row, spacing)
    fields[344:348] = b"n+1\0"
    return bytes(fields)


def ct_rows(y: int, random: Random) -> Iterator[bytes]:
    """Rows of a slice of a trunk, alike but for their noise: soft tissue, a spine, air, noisy within the scanner's circle."""
    for _ in range(VARIANTS):
        row = array.array("h")
        for x in range(512):
            if ((x - 256) / 210) ** 2 + ((y - 256) / 150) ** 2 < 1:
                tissue = 40 + 30 * math.sin(x / 23) * math.cos(y / 31) + (600 if math.hypot(x - 256, y - 330) < 25 else 0)
                row.append(int(random.gauss(tissue, 12)))
            else:
                row.append(int(-1000 + abs(random.gauss(0, 4))) if math.hypot(x - 256, y - 256) < 250 else -1024)
        yield row.tobytes()


def fmri_rows(line: int, random: Random) -> Iterator[bytes]:
    """Rows of a brain, as scanned again and again."""
    z, y = line // 64, line % 64
    for _ in range(VARIANTS):
        row = array.array("h")
        for x in range(64):
            is_brain = ((x - 32) / 26) ** 2 + ((y - 32) / 30) ** 2 + ((z - 18) / 17) ** 2 < 1
            mean = 600 + 200 * math.sin(x / 5) * math.cos(y / 7 + z / 4) if is_brain else 8
            row.append(max(0, int(random.gauss(mean, 12 if is_brain else 4))))
        yield row.tobytes()


# Of each row there are so many, each with its own noise, and one after another is taken in an order that does not come again soon.
VARIANTS = 24
Rows = Callable[[int, Random], Iterator[bytes]]


class Kind(NamedTuple):
    """The sides of a volume, its spacing in mm, how many rows it consists of, again and again, and how they are made."""

    sides: tuple[int, ...]
    spacing: float
    row_count: int
    rows: Rows


KINDS = {"ct": Kind((512, 512, 2000), 0.8, 512, ct_rows), "fmri": Kind((64, 64, 36, 2000), 3, 64 * 36, fmri_rows)}


def make(kind: str, form: str, folder: Path) -> Path:
    sides, spacing, count, rows = KINDS[kind]
    random = Random(1)
    variants = [list(rows(line, random)) for line in range(count)]
    path = folder / f"{kind}.{form}"
    with gzip.open(path, "wb", compresslevel=1) if form.endswith("gz") else path.open("wb") as file:
        file.write(header(sides, spacing))
        for repeat in range(2000):
            places = ((7 * repeat + 5 * line + repeat // VARIANTS) % VARIANTS for line in range(count))
            file.write(b"".join(variants[line][place] for line, place in enumerate(places)))
    return path


def anonymous_bytes(process: int) -> int:
    """The anonymous memory of a process and of those it started."""
    total = 0
    try:
        found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
        total += 1024 * int(found[1]) if found else 0
        for task in Path(f"/proc/{process}/task").iterdir():
            total += sum(anonymous_bytes(int(child)) for child in (task / "children").read_text().split())
    except OSError:
        # It has just ended.
        pass
    return total


class Watched:
    """A program, the most anonymous memory it had, and how long it ran."""

    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.began = time.monotonic()
        self.peak = 0
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()

    def watch(self) -> None:
        while self.program.is_running:
            self.peak = max(self.peak, anonymous_bytes(self.program.process.pid))
            time.sleep(0.05)

    def wait(self) -> float:
        """Waits until it has ended; gives how long it ran."""
        status = self.program.wait()
        seconds = time.monotonic() - self.began
        self.watcher.join()
        if status:
            raise Failed(f"fovea {self.name} ended with {status}")
        return seconds


def report(what: str, watched: Watched, seconds: float) -> bool:
    holds = watched.peak <= LIMITS[watched.name]
    print(f"{what:24} {watched.name:8} {watched.peak / 1e6:7.0f} MB {seconds:7.1f} s{'' if holds else '   MISSED'}", flush=True)
    return holds


def measure(kind: str, form: str, folder: Path) -> bool:
    path = make(kind, form, folder)
    what = f"{kind}.{form}, {path.stat().st_size / 1e6:.0f} MB"
    with programs.receive(folder / "in", "--once", shows_errors=True) as receiver:
        receiving = Watched(receiver, "receive")
        to, session = f"127.0.0.1:{receiver.port()}", f"{kind}-{form.replace('.', '-')}"
        with Program("fovea", "send", path, "--to", to, "--session", session, "--json", shows_errors=True) as sender:
            sending = Watched(sender, "send")
            holds = report(what, sending, sending.wait())
        holds &= report(what, receiving, receiving.wait())
    volume = receiver.events[-1]["volumes"][0]
    if volume["state"] != "lossless" or volume["sha256"] != sender.events[-1]["receipt"]:
        raise Failed(f"{what}: not exact")
    for name in (path, volume["path"]):
        with Program("fovea", "inspect", name, shows_errors=True) as inspector:
            inspecting = Watched(inspector, "inspect")
            holds &= report(what, inspecting, inspecting.wait())
    shutil.rmtree(folder / "in")
    path.unlink()
    return holds


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--forms", nargs="+", choices=["nii", "nii.gz"], default=["nii", "nii.gz"])
    parser.add_argument("--folder", default="/var/tmp", help="where to make a folder for the volumes (%(default)s)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fovea-sizes-", dir=options.folder))
    try:
        results = [measure(kind, form, folder) for kind in options.kinds for form in options.forms]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(programs.script(main))
