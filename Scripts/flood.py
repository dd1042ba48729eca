#!/usr/bin/env python3
"""Floods a receiver with SRT handshakes that nobody can complete, and measures what that costs it and an honest sender.

Each handshake is a valid conclusion of libsrt's, cookie included, with key material that the receiver cannot open: the dearest
packet that a stranger without a secret can send. The flood comes from one loopback address (127.0.0.2), the honest sender from
another (127.0.0.1). Prints one line a rate; exits 1 if a bound below is broken.

    Scripts/flood.py [--fovea .build/release/fovea] [--rates 300,2000] [--seconds 12]
"""

import argparse
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import programs
from programs import Failed, Program

CONNECT_SECONDS, CORE_SHARE, MEGABYTES = 2.0, 0.20, 50.0


def extension(kind: int, body: bytes) -> bytes:
    body += b"\0" * (-len(body) % 4)
    return struct.pack(">HH", kind, len(body) // 4) + body


def words_reversed(text: bytes) -> bytes:
    """SRT sends a stream identifier as 32-bit words, each with its bytes the other way round."""
    text += b"\0" * (-len(text) % 4)
    return b"".join(text[at : at + 4][::-1] for at in range(0, len(text), 4))


def handshake(kind: int, version: int, field: int, identifier: int, cookie: int, extensions: bytes = b"") -> bytes:
    header = struct.pack(">IIII", 0x80000000, 0, 0, 0)
    body = struct.pack(">IHHIIIiII", version, 4 if cookie else 0, field, 12345, 1500, 8192, kind, identifier, cookie)
    return header + body + b"\x02\0\0\x7f" + b"\0" * 12 + extensions


def conclusion(sender: str, identifier: int, cookie: int) -> bytes:
    """A conclusion by a sender's name: SRT 1.5.1, AES-256, 32 random bytes wrapped under a key nobody has."""
    hello = extension(1, struct.pack(">III", 0x00010501, 0xBF, 0))
    key = struct.pack(">BHBIBBBBHBB", 0x12, 0x2029, 1, 0, 2, 0, 2, 0, 0, 4, 8) + os.urandom(16 + 8 + 32)
    name = words_reversed(b"#!::u=" + sender.encode() + b",m=publish,t=fovea1")
    return handshake(-1, 5, 7, identifier, cookie, hello + extension(3, key) + extension(5, name))


def cookie_of(flood: socket.socket) -> int:
    flood.settimeout(2)
    flood.send(handshake(1, 4, 2, 1000, 0))
    return int.from_bytes(flood.recv(2000)[44:48])


def processor_seconds(program: Program) -> float:
    """The processor's time that a program has had."""
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def megabytes(program: Program) -> float:
    """The memory that a program has."""
    for line in Path(f"/proc/{program.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise program.failure()


def flood(port: int, rate: float, seconds: float, at_third: Callable[[], Program]) -> tuple[Program | None, float]:
    """Sends at a rate; starts `at_third` after a third of the time. Gives what it started, and the Mbit/s that went."""
    strangers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    strangers.bind(("127.0.0.2", 0))
    strangers.connect(("127.0.0.1", port))
    cookie = cookie_of(strangers)
    strangers.setblocking(False)
    started: Program | None = None
    begun, sent, byte_count = time.monotonic(), 0, 0
    packet = bytearray(conclusion("-", 0, cookie))
    while (elapsed := time.monotonic() - begun) < seconds:
        while sent < elapsed * rate:
            struct.pack_into(">I", packet, 40, 0x10000000 + random.getrandbits(28))
            with suppress(BlockingIOError, ConnectionRefusedError):
                strangers.send(packet)
            sent += 1
            byte_count += len(packet) + 28
        with suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                strangers.recv(2000)
        if started is None and elapsed > seconds / 3:
            started = at_third()
        time.sleep(0.002)
    return started, byte_count * 8 / seconds / 1e6


class Site:
    """The files of both ends: the program, a volume, a secret, and where to put what arrives."""

    def __init__(self, fovea: Path, folder: str) -> None:
        self.fovea, self.folder = fovea, Path(folder)
        self.secret = programs.secret_file(folder, "a secret for the flood's measurement\n")
        self.volume, _ = programs.phantom(self.folder / "p", "--shape", "32x32x24", "--seed", 3, program=fovea)

    def receive(self) -> Program:
        return programs.receive(self.folder / "in", "--secret-file", self.secret, program=self.fovea)

    def send(self, port: int, name: str) -> Program:
        """An honest sender."""
        region, to = ["--box", "4:12,4:12,4:12"], f"127.0.0.1:{port}"
        ways = ["--encoding", "fast", "--to", to, "--secret-file", self.secret]
        return Program(self.fovea, "send", self.volume, *region, *ways, "--session", name, "--json")


def holds(site: Site, rate: float, seconds: float) -> bool:
    """Measures at one rate and prints a line; true where no bound is broken."""
    with site.receive() as receiver:
        port = receiver.port()
        processor, memory = processor_seconds(receiver), megabytes(receiver)
        sender, megabits = flood(port, rate, seconds, lambda: site.send(port, f"r{int(rate)}"))
        share = (processor_seconds(receiver) - processor) / seconds
        growth = megabytes(receiver) - memory
        if sender is None:
            raise Failed("too short a time: no sender was started")
        with sender:
            try:
                status = sender.wait(30)
            except subprocess.TimeoutExpired:
                sender.kill()
                status = sender.wait()
        first = sender.seen("first_datagram")
    text = f"after {first['t']:.2f} s" if first else "never"
    print(
        f"{megabits:5.2f} Mbit/s ({rate:.0f}/s): receiver {share:.0%} of a core, {growth:+.0f} MB; "
        f"honest sender's first voxels {text}, exit {status}",
        flush=True,
    )
    for line in (sender.errors() + receiver.errors()).splitlines():
        print(f"    {line}")
    is_served = status == 0 and first is not None and first["t"] <= CONNECT_SECONDS
    return is_served and share <= CORE_SHARE and growth < MEGABYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", type=Path, default=Path(".build/release/fovea"))
    parser.add_argument("--rates", default="0,300,2000", help="handshakes a second")
    parser.add_argument("--seconds", type=float, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(options.fovea, folder)
        kept = [holds(site, rate, options.seconds) for rate in map(float, options.rates.split(","))]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(programs.script(main))
