#!/usr/bin/env python3
"""Ends senders and receivers at random moments, and cuts their link, over the real relay; every transfer has to end exact.

Usage: Scripts/kills.py [--runs N] [--seed N] [--longest SECONDS] [--volume FILE --mask FILE]
Each run has a link with up to 10 %
loss, one to three accidents (either end killed with SIGKILL and started again, the relay stopped for a while), and a receipt that
is checked at its end. Bytes sent twice are those of pieces that went on an earlier connection and had to go again, by the last life
of the sender. Without a volume a generated head is sent.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import programs
from programs import Program

RUN_LIMIT = 240


class Ending(NamedTuple):
    """The end of one transfer: its link's loss in percent, what happened to it, the bytes of its chunks, those sent twice."""

    is_fine: bool
    loss: float
    story: list[str]
    bytes: int = 0
    resent_bytes: int = 0


class Site:
    """A program that is ended and started again."""

    def __init__(self, first: Program, again: Callable[[], Program]) -> None:
        self.lives, self.again = [first], again

    @property
    def program(self) -> Program:
        return self.lives[-1]

    def fail(self, pause: float) -> None:
        self.program.kill()
        time.sleep(pause)
        self.lives.append(self.again())

    def end(self) -> None:
        for life in self.lives:
            life.end()


def link_file(folder: str, source: random.Random) -> tuple[Path, float]:
    loss = source.choice([0, 0.5, 1, 2, 5, 10])
    rate, round_trip = source.choice([1, 2, 5]), source.choice([40, 80, 200])
    return programs.link_file(folder, f"{rate} Mbit/s", round_trip, f"{loss} %"), loss


def one(folder: str, seed: int, volume: str, mask: str | None, longest: float) -> Ending:
    """Runs one transfer."""
    source = random.Random(seed)
    link, loss = link_file(folder, source)
    incoming = Path(folder) / "in"
    first = programs.receive(incoming)
    port = first.port()
    receiver = Site(first, lambda: programs.receive(incoming, listen=f"127.0.0.1:{port}"))
    relay = programs.relay(port, link, "--seed", seed)
    to = f"127.0.0.1:{relay.port()}"
    region = ["--mask", mask] if mask else []

    def send() -> Program:
        return Program("fovea", "send", volume, *region, "--to", to, "--session", "s", "--json")

    sender = Site(send(), send)
    started, story = time.time(), list[str]()
    try:
        for _ in range(source.randint(1, 3)):
            time.sleep(source.uniform(0.3, 3))
            if not sender.program.is_running:
                break
            kind = source.choice(["sender", "receiver", "outage"])
            story.append(kind)
            if kind == "outage":
                relay.signal(signal.SIGSTOP)
                time.sleep(source.uniform(1, longest))
                relay.signal(signal.SIGCONT)
            else:
                (sender if kind == "sender" else receiver).fail(source.uniform(0, 2))
        status = sender.program.wait(max(1, RUN_LIMIT - (time.time() - started)))
        summary = sender.program.events[-1] if status == 0 else {}
    except subprocess.TimeoutExpired:
        summary = {}
    finally:
        sender.program.kill()
        for site in (sender, receiver, relay):
            site.end()
    if not summary.get("receipt"):
        return Ending(False, loss, story)
    compared = programs.comparison(volume, incoming / "s" / Path(volume).name)
    _, inspected, _ = programs.attempt("fovea", "inspect", incoming / "s", "--json")
    exact = compared.get("identical_voxels") is True and compared.get("identical_header") is True
    verified = bool(inspected) and inspected[-1].get("verified") is True
    total = sum(summary["bytes_sent_by_layer"].values())
    return Ending(exact and verified, loss, story, total, summary["resent_bytes"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=12, help="the longest outage, in seconds")
    parser.add_argument("--volume")
    parser.add_argument("--mask")
    options = parser.parse_args()
    failed, total, twice = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        if not options.volume:
            options.volume, options.mask = map(str, programs.phantom(folder, "--shape", "192x192x124"))
        for seed in range(options.seed, options.seed + options.runs):
            with tempfile.TemporaryDirectory() as scratch:
                ending = one(scratch, seed, options.volume, options.mask, options.longest)
            total, twice = total + ending.bytes, twice + ending.resent_bytes
            word = "exact, verified" if ending.is_fine else "FAILED"
            print(
                f"{seed:4} loss {ending.loss:4} %  {word:16} {ending.bytes:9} bytes {ending.resent_bytes:8} twice  "
                f"{', '.join(ending.story)}",
                flush=True,
            )
            failed += not ending.is_fine
    print(
        f"{options.runs - failed} of {options.runs} ended exact and verified; "
        f"{twice / max(1, total):.3f} of the bytes sent twice (asked: 0.03)"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(programs.script(main))
