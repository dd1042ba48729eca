#!/usr/bin/env python3
"""What volumes of any size take of memory and time: a CT of 512x512x2000 (1 GB) and an fMRI of 64x64x36x2000 (600 MB), as .nii and as .nii.gz.

Usage: Scripts/sizes.py [--kinds ct fmri] [--forms nii nii.gz] [--folder FOLDER]

Makes the volumes, sends each over loopback, looks through both what was sent and what came, and prints for each program the most anonymous
memory it and its decoders had at one time (what no file backs, and so what the system cannot take back), and how long it ran. Exit 1 where one is
above the limit: 1 GiB for send and receive, 100 MB for inspect.
"""

import argparse
import array
import gzip
import json
import math
import os
import queue
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from random import Random

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOVEA = os.path.join(PROJECT, ".build", "release", "fovea")
LIMITS = {"send": 1 << 30, "receive": 1 << 30, "inspect": 100_000_000}


def header(sides, spacing):
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


def ct_rows(y, random):
    """Rows of a slice of a trunk in air, alike but for their noise: soft tissue, a spine, air that is noisy within the scanner's circle."""
    for _ in range(VARIANTS):
        row = array.array("h")
        for x in range(512):
            if ((x - 256) / 210) ** 2 + ((y - 256) / 150) ** 2 < 1:
                tissue = 40 + 30 * math.sin(x / 23) * math.cos(y / 31) + (600 if math.hypot(x - 256, y - 330) < 25 else 0)
                row.append(int(random.gauss(tissue, 12)))
            else:
                row.append(int(-1000 + abs(random.gauss(0, 4))) if math.hypot(x - 256, y - 256) < 250 else -1024)
        yield row.tobytes()


def fmri_rows(line, random):
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
# Sides; spacing in mm; rows that the voxels consist of, again and again; how they are made.
KINDS = {"ct": ((512, 512, 2000), 0.8, 512, ct_rows), "fmri": ((64, 64, 36, 2000), 3, 64 * 36, fmri_rows)}


def make(kind, form, folder):
    sides, spacing, count, rows = KINDS[kind]
    random = Random(1)
    variants = [list(rows(line, random)) for line in range(count)]
    path = os.path.join(folder, f"{kind}.{form}")
    with gzip.open(path, "wb", compresslevel=1) if form.endswith("gz") else open(path, "wb") as file:
        file.write(header(sides, spacing))
        for repeat in range(2000):
            file.write(b"".join(variants[line][(7 * repeat + 5 * line + repeat // VARIANTS) % VARIANTS] for line in range(count)))
    return path


def anonymous_bytes(process):
    """Of a process and those it started."""
    total = 0
    try:
        with open(f"/proc/{process}/status", encoding="utf-8") as file:
            total += 1024 * int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])
        for task in os.listdir(f"/proc/{process}/task"):
            with open(f"/proc/{process}/task/{task}/children", encoding="utf-8") as file:
                total += sum(anonymous_bytes(int(child)) for child in file.read().split())
    except (OSError, TypeError):
        # It has just ended.
        pass
    return total


class Watched:
    """A program, the most anonymous memory it had, and how long it ran."""

    all = []

    def __init__(self, *arguments):
        self.name = arguments[0]
        self.began = time.monotonic()
        self.process = subprocess.Popen([FOVEA, *arguments], stdout=subprocess.PIPE, text=True)
        # Events come all the time: a pipe that nobody reads would hold the program up.
        Watched.all.append(self)
        self.lines = queue.Queue()
        self.last = ""
        self.peak = 0
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.watch, self.read)]
        for thread in self.threads:
            thread.start()

    def watch(self):
        while self.process.poll() is None:
            self.peak = max(self.peak, anonymous_bytes(self.process.pid))
            time.sleep(0.05)

    def read(self):
        for line in self.process.stdout:
            self.last = line
            self.lines.put(line)

    def end(self):
        """The last line of its output, and how long it ran."""
        self.process.wait()
        seconds = time.monotonic() - self.began
        for thread in self.threads:
            thread.join()
        if self.process.returncode:
            for program in Watched.all:
                program.process.kill()
            sys.exit(f"fovea {self.name} ended with {self.process.returncode}")
        return self.last, seconds


def report(what, program, seconds):
    holds = program.peak <= LIMITS[program.name]
    print(f"{what:24} {program.name:8} {program.peak / 1e6:7.0f} MB {seconds:7.1f} s{'' if holds else '   MISSED'}", flush=True)
    return holds


def measure(kind, form, folder):
    path = make(kind, form, folder)
    what = f"{kind}.{form}, {os.path.getsize(path) / 1e6:.0f} MB"
    receiver = Watched("receive", "--listen", "127.0.0.1:0", "--out", os.path.join(folder, "in"), "--once", "--json")
    port = json.loads(receiver.lines.get(timeout=20))["port"]
    sender = Watched("send", path, "--to", f"127.0.0.1:{port}", "--session", f"{kind}-{form.replace('.', '-')}", "--json")
    output, seconds = sender.end()
    summary = json.loads(output)
    holds = report(what, sender, seconds)
    received, seconds = receiver.end()
    holds &= report(what, receiver, seconds)
    volume = json.loads(received)["volumes"][0]
    if volume["state"] != "lossless" or volume["sha256"] != summary["receipt"]:
        sys.exit(f"{what}: not exact")
    for name in (path, volume["path"]):
        program = Watched("inspect", name)
        holds &= report(what, program, program.end()[1])
    shutil.rmtree(os.path.join(folder, "in"))
    os.unlink(path)
    return holds


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--forms", nargs="+", choices=["nii", "nii.gz"], default=["nii", "nii.gz"])
    parser.add_argument("--folder", default="/var/tmp", help="where to make a folder for the volumes (%(default)s)")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="fovea-sizes-", dir=options.folder)
    try:
        results = [measure(kind, form, folder) for kind in options.kinds for form in options.forms]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
