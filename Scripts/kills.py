#!/usr/bin/env python3
"""Ends senders and receivers at random moments, and cuts their link, with the real programs over the real relay; every transfer has to end exact.

Usage: Scripts/kills.py [--runs N] [--seed N] [--longest SECONDS] [--volume FILE --mask FILE]
Each run has a link with up to 10 % loss, one to three accidents (either end killed with SIGKILL and started again, the relay stopped for a while),
and a receipt that is checked at its end. Bytes sent twice are those of pieces that went on an earlier connection and had to go again, by the last life
of the sender. Without a volume a generated head is sent.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(PROJECT, ".build", "release")
RUN_LIMIT = 240


class Site:
    """A program that is ended and started again, its output kept from all its lives."""

    def __init__(self, folder, name, *arguments):
        self.path, self.arguments, self.life = os.path.join(folder, name), arguments, 0
        self.process = None

    def start(self):
        self.life += 1
        with open(f"{self.path}.{self.life}", "w") as out, open(self.path + ".err", "a") as errors:
            self.process = subprocess.Popen([os.path.join(BIN, self.arguments[0]), *self.arguments[1:]], stdout=out, stderr=errors)

    def events(self, life=None):
        with open(f"{self.path}.{life or self.life}") as file:
            return [json.loads(line) for line in file if line.startswith("{") and line.endswith("\n")]

    def port(self):
        for _ in range(1000):
            found = [event["port"] for event in self.events() if event["event"] == "listening"]
            if found:
                return found[0]
            time.sleep(0.01)
        raise RuntimeError(f"{self.path} does not listen")

    def kill(self, number=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()


def link_file(folder, random_source):
    loss = random_source.choice([0, 0.5, 1, 2, 5, 10])
    path = os.path.join(folder, "link.yaml")
    with open(path, "w") as file:
        file.write(
            f"rate: {random_source.choice([1, 2, 5])} Mbit/s\nround_trip: {random_source.choice([40, 80, 200])} ms\nloss: {loss} %\nqueue: 128 KiB\n"
        )
    return path, loss


def one(folder, seed, volume, mask, longest):
    """Runs one transfer; gives whether it ended exact and verified, the bytes of its chunks, those sent twice, and what happened."""
    source = random.Random(seed)
    link, loss = link_file(folder, source)
    incoming = os.path.join(folder, "in")
    receiver = Site(folder, "receiver", "fovea", "receive", "--listen", "127.0.0.1:0", "--out", incoming, "--json")
    receiver.start()
    port = receiver.port()
    receiver.arguments = (*receiver.arguments[:3], f"127.0.0.1:{port}", *receiver.arguments[4:])
    relay = Site(
        folder,
        "relay",
        "netsim",
        "relay",
        "--listen",
        "127.0.0.1:0",
        "--to",
        f"127.0.0.1:{port}",
        "--link",
        link,
        "--seed",
        str(seed),
        "--json",
    )
    relay.start()
    sender = Site(
        folder, "sender", "fovea", "send", volume, "--mask", mask, "--to", f"127.0.0.1:{relay.port()}", "--session", "s", "--json"
    )
    sender.start()
    started, story = time.time(), []
    try:
        for _ in range(source.randint(1, 3)):
            time.sleep(source.uniform(0.3, 3))
            if sender.process.poll() is not None:
                break
            kind = source.choice(["sender", "receiver", "outage"])
            story.append(kind)
            if kind == "outage":
                relay.process.send_signal(signal.SIGSTOP)
                time.sleep(source.uniform(1, longest))
                relay.process.send_signal(signal.SIGCONT)
            else:
                site = sender if kind == "sender" else receiver
                site.kill()
                time.sleep(source.uniform(0, 2))
                site.start()
        code = sender.process.wait(timeout=max(1, RUN_LIMIT - (time.time() - started)))
        summary = sender.events()[-1] if code == 0 else {}
        done = code == 0 and summary["receipt"]
    except subprocess.TimeoutExpired:
        done, summary = False, {}
    finally:
        sender.kill()
        receiver.kill(signal.SIGTERM)
        relay.kill(signal.SIGTERM)
    name = os.path.basename(volume)
    if not done:
        return False, 0, 0, story, loss
    compared = subprocess.run(
        [os.path.join(BIN, "fovea"), "compare", volume, os.path.join(incoming, "s", name), "--json"], capture_output=True, text=True
    )
    inspected = subprocess.run(
        [os.path.join(BIN, "fovea"), "inspect", os.path.join(incoming, "s"), "--json"], capture_output=True, text=True
    )
    exact = '"identical_voxels":true' in compared.stdout and '"identical_header":true' in compared.stdout
    verified = '"verified":true' in inspected.stdout
    total = sum(summary["bytes_sent_by_layer"].values())
    return exact and verified, total, summary["resent_bytes"], story, loss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=12, help="the longest outage, in seconds")
    parser.add_argument("--volume")
    parser.add_argument("--mask")
    options = parser.parse_args()
    failed, total, twice = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        if not options.volume:
            made = subprocess.run(
                [os.path.join(BIN, "fovea"), "phantom", "--out", folder, "--shape", "192x192x124", "--json"],
                capture_output=True,
                text=True,
            )
            files = json.loads(made.stdout.splitlines()[-1])
            options.volume, options.mask = files["volume"], files["labels"]
        for seed in range(options.seed, options.seed + options.runs):
            with tempfile.TemporaryDirectory() as scratch:
                fine, size, again, story, loss = one(scratch, seed, options.volume, options.mask, options.longest)
            total, twice = total + size, twice + again
            print(
                f"{seed:4} loss {loss:4} %  {'exact, verified' if fine else 'FAILED':16} {size:9} bytes {again:8} twice  {', '.join(story)}",
                flush=True,
            )
            if not fine:
                failed.append(seed)
    print(
        f"{options.runs - len(failed)} of {options.runs} ended exact and verified; {twice / max(1, total):.3f} of the bytes sent twice (asked: 0.03)"
    )
    sys.exit(1 if failed else 0)


main()
