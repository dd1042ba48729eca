#!/usr/bin/env python3
"""Asks for a box in the middle of a transfer, as the page does, and says how long it took to be shown as a region of interest is.

Usage: Scripts/focus.py [--runs N] [--rate MBIT] [--round-trip MS] [--box X0 X1 Y0 Y1 Z0 Z1]
The real programs send a generated head
(240x240x155) over the real relay; the box is asked for once the region is complete, while what makes it exact still fills the link.
It fails where that takes longer than 1.5 x (the box's bytes / rate + 2 round trips) + 1 s.
"""

import argparse
import json
import statistics
import sys
import tempfile
import urllib.request
from typing import Any

import programs
from programs import Failed
from view import Transfer


def ask(page: str, session: str, box: list[int]) -> Any:
    """Asks the receiver for a box as the page does; gives its answer."""
    with urllib.request.urlopen(page + "api/start", timeout=10) as answer:
        word = json.load(answer)["request_word"]
    body = json.dumps({"session": session, "volume": 0, "box": box}).encode()
    headers = {"Content-Type": "application/json", "X-Fovea-Request": word, "Origin": page.rstrip("/")}
    with urllib.request.urlopen(urllib.request.Request(page + "focus", body, headers), timeout=10) as answer:
        return json.load(answer)


def run(options: argparse.Namespace, folder: str) -> tuple[float, int, float]:
    """One transfer: the seconds until the box was shown, its bytes, and how far off it was at most."""
    link = programs.link_file(folder, f"{options.rate} Mbit/s", options.round_trip)
    with Transfer(folder, link) as transfer:
        volume, mask = transfer.phantom()
        sender = transfer.send(volume, mask, "focus")
        transfer.receiver.event("roi_complete")
        ask(transfer.page, "focus", options.box)
        queued = sender.event("focus_queued")
        shown = transfer.receiver.event("focus_shown")
        sender.event("focus_acknowledged")
        exact = transfer.receiver.event("volume_lossless", 300)
        sender.event("summary")
        if exact["t"] <= shown["t"]:
            raise Failed("the volume was exact before the box was asked for: nothing was measured")
        return shown["seconds"], queued["bytes"], shown["max_abs_error"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1, help="Mbit/s")
    parser.add_argument("--round-trip", type=float, default=80, help="ms")
    parser.add_argument("--box", type=int, nargs=6, default=[120, 168, 60, 108, 60, 92])
    options = parser.parse_args()
    results = []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="fovea-focus-") as folder:
            results.append(run(options, folder))
    seconds = statistics.median(result[0] for result in results)
    count, error = results[0][1], results[0][2]
    limit = 1.5 * (count * 8 / (options.rate * 1e6) + 2 * options.round_trip / 1000) + 1
    sides = "x".join(str(end - start) for start, end in zip(options.box[::2], options.box[1::2], strict=True))
    print(
        f"box {sides}: {count} bytes, shown after {seconds:.2f} s (median of {options.runs}; limit {limit:.2f} s), "
        f"off by at most {error:g}"
    )
    if seconds > limit:
        raise Failed("later than that")
    return 0


if __name__ == "__main__":
    sys.exit(programs.script(main))
