#!/usr/bin/env python3
"""Shows how a transfer fares in a crowd on loopback: two measurements, each alone and in the crowd, the middle of RUNS:

  heavy    a small transfer's region of interest beside three honest sessions of 240x240x155 voxels, fed from a file as fast as
           they are taken
  hostile  a whole transfer beside 15 hostile sessions: chunks of a few bytes that hold a decoder for seconds each; who is refused
           comes back under another name. On loopback, and through a link of the profile rural-4g (hostile senders stay on
           loopback).

Usage: Scripts/crowd.py [heavy|hostile ...] [--runs N] [--shape ZxYxX] [--volume FILE --mask FILE]
Fails where the region takes more than 2 times as long plus 0.2 s, or the transfer more than 3 times plus 1 s (over rural-4g
1.5 times).
"""

import argparse
import ctypes
import hashlib
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import programs
from programs import Failed, Program

SRT_OPTIONS = {
    "FC": 4,
    "SNDBUF": 5,
    "RCVBUF": 6,
    "MAXBW": 16,
    "TSBPDMODE": 22,
    "LATENCY": 23,
    "TLPKTDROP": 31,
    "NAKREPORT": 33,
    "STREAMID": 46,
    "MESSAGEAPI": 48,
    "PAYLOADSIZE": 49,
}
HOSTILE_COUNT = 15


def library() -> ctypes.CDLL:
    for pattern in ("*/libsrt-openssl.so.1*", "*/libsrt.so.1*", "libsrt*.so.1*"):
        for path in sorted(Path("/usr/lib").glob(pattern)):
            srt = ctypes.CDLL(str(path))
            srt.srt_startup()
            srt.srt_setloglevel(0)
            return srt
    raise Failed("libsrt is not installed")


class Peer:
    """A sender that says what it is told to, by the wire format in Docs/WireFormat.md, without a secret."""

    PAYLOAD = 1421
    loaded: ctypes.CDLL | None = None

    def __init__(self, port: int) -> None:
        Peer.loaded = Peer.loaded or library()
        self.srt = srt = Peer.loaded
        self.socket = srt.srt_create_socket()
        for name, option in (
            ("MESSAGEAPI", ctypes.c_bool(True)),
            ("TSBPDMODE", ctypes.c_bool(False)),
            ("TLPKTDROP", ctypes.c_bool(False)),
            ("LATENCY", ctypes.c_int(0)),
            ("NAKREPORT", ctypes.c_bool(True)),
            ("PAYLOADSIZE", ctypes.c_int(1456)),
            ("FC", ctypes.c_int(25600)),
            ("SNDBUF", ctypes.c_int(12 << 20)),
            ("RCVBUF", ctypes.c_int(12 << 20)),
            ("MAXBW", ctypes.c_int64(125_000_000)),
        ):
            srt.srt_setsockflag(self.socket, SRT_OPTIONS[name], ctypes.byref(option), ctypes.sizeof(option))
        identifier = b"#!::u=-,m=publish,t=fovea1"
        srt.srt_setsockflag(self.socket, SRT_OPTIONS["STREAMID"], identifier, len(identifier))
        address = struct.pack("<H", 2) + struct.pack(">H", port) + bytes([127, 0, 0, 1]) + bytes(8)
        if srt.srt_connect(self.socket, address, len(address)) != 0:
            srt.srt_close(self.socket)
            raise ConnectionError("no receiver")
        off = ctypes.c_bool(False)
        srt.srt_setsockflag(self.socket, 1, ctypes.byref(off), 1)
        srt.srt_setsockflag(self.socket, 2, ctypes.byref(off), 1)

    def is_connected(self) -> bool:
        return bool(self.srt.srt_getsockstate(self.socket) == 5)

    def send(self, message: bytes) -> None:
        while self.srt.srt_sendmsg(self.socket, message, len(message), -1, 0) < 0:
            if not self.is_connected():
                raise ConnectionError("the connection is gone")
            time.sleep(0.005)

    def hello(self, session: str) -> None:
        name = session.encode()
        self.send(b"\xf5\x01\x01\x03" + struct.pack(">QIB", 0, 1000, 0) + os.urandom(16) + bytes([len(name)]) + name)

    def chunk(self, ordinal: int, record: bytes) -> None:
        for offset in range(0, len(record), self.PAYLOAD):
            self.send(
                b"\xf5\x01\x02" + struct.pack(">IIII", ordinal, len(record), offset, now()) + record[offset : offset + self.PAYLOAD]
            )

    def stay(self, until: Callable[[], bool]) -> None:
        """Keeps the session alive until something is due, or the receiver has had enough."""
        sequence = 0
        buffer = ctypes.create_string_buffer(1600)
        while self.is_connected() and not until():
            self.send(b"\xf5\x01\x03" + struct.pack(">IIB", sequence, now(), 0))
            sequence += 1
            while (count := self.srt.srt_recvmsg(self.socket, buffer, 1600)) > 0:
                if buffer.raw[2] == 9 and count > 3:
                    return
            time.sleep(0.1)

    def close(self) -> None:
        self.srt.srt_close(self.socket)


def now() -> int:
    return int(time.time() * 1e6) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def record(coder: int, payload: bytes) -> bytes:
    body = bytes([coder]) + struct.pack(">dd", 0, 0) + payload
    return hashlib.sha256(body).digest() + body


def heavy_manifest(side: int, count: int) -> bytes:
    """One slice of side x side bytes, and so many chunks that each say which of its voxels are fill."""
    header = bytearray(348)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, side, side, 1, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 2, 8)
    struct.pack_into("<8f", header, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", header, 108, 352)
    header[344:348] = b"n+1\0"
    box = b"".join(varint(value) for value in (0, side, 0, side, 0, 1))
    volume = (
        b"\x01v"
        + struct.pack(">H", 348)
        + bytes(header)
        + varint(4)
        + varint(0)
        + bytes(32)
        + struct.pack(">dd", 0, 255)
        + bytes([8])
        + varint(0)
    )
    volume += (
        struct.pack(">Q", 0) + b"\x01" + box + b"\x04" + varint(0) + varint(0) + varint(count) + (b"\x04" + varint(0) + box) * count
    )
    return record(1, b"\x03\x01" + volume)


def hostile(number: int, port: int, stop: threading.Event) -> None:
    """One hostile sender: again and again a session whose chunks cost much, until it is told to stop."""
    life = 0
    while not stop.is_set():
        life += 1
        try:
            peer = Peer(port)
        except ConnectionError:
            time.sleep(0.2)
            continue
        with suppress(ConnectionError):
            peer.hello(f"hostile-{number}-{life}")
            peer.chunk(0, heavy_manifest(8192, 40))
            for ordinal in range(1, 41):
                peer.chunk(ordinal, record(2, os.urandom(2000)))
            peer.stay(stop.is_set)
        peer.close()


def honest(path: Path, number: int, port: int, stop: threading.Event) -> None:
    """A session whose chunks come from a file, as fast as they are taken."""
    data = path.read_bytes()
    position = 8
    with suppress(ConnectionError):
        peer = Peer(port)
        peer.hello(f"heavy-{number}")
        while position < len(data) and not stop.is_set():
            ordinal, length = struct.unpack_from(">II", data, position)
            peer.chunk(ordinal, data[position + 8 : position + 8 + length])
            position += 8 + length
        peer.stay(stop.is_set)
        peer.close()


# A member of a crowd: it has its way with a receiver's port until it is told to stop.
Member = Callable[[int, threading.Event], None]


class Payload(NamedTuple):
    """A volume, with its mask if there is one."""

    volume: Path
    mask: Path | None


class Times(NamedTuple):
    """The seconds until the region was there, and until everything was there, exact."""

    region: float
    total: float


def transfer(folder: str, payload: Payload, crowd: Sequence[Member], link: Path | None) -> Times | None:
    """Sends beside a crowd; gives nothing where it does not end exact."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        incoming = Path(scratch) / "in"
        stop = threading.Event()
        with programs.receive(incoming) as receiver:
            port = receiver.port()
            relay = programs.relay(port, link, "--seed", 1) if link else None
            threads = [threading.Thread(target=member, args=(port, stop)) for member in crowd]
            for thread in threads:
                thread.start()
            try:
                if threads:
                    time.sleep(2)
                status, total = sent(payload, relay.port() if relay else port)
                shown = [
                    event for event in list(receiver.events) if event.get("event") == "roi_complete" and event.get("session") == "s"
                ]
            finally:
                stop.set()
                receiver.end()
                if relay:
                    relay.end()
                for thread in threads:
                    thread.join()
        compared = programs.comparison(payload.volume, incoming / "s" / payload.volume.name)
        if status != 0 or compared.get("identical_voxels") is not True or not shown:
            return None
        return Times(shown[0]["seconds_since_send"], total)


def sent(payload: Payload, port: int) -> tuple[int | None, float]:
    """The exit status of a sender, none where it goes on for ever, and how long it took."""
    mask = ["--mask", payload.mask] if payload.mask else []
    to = f"127.0.0.1:{port}"
    began = time.monotonic()
    with Program("fovea", "send", payload.volume, *mask, "--encoding", "fast", "--session", "s", "--to", to, "--json") as sender:
        try:
            status: int | None = sender.wait(300)
        except subprocess.TimeoutExpired:
            status = None
        return status, time.monotonic() - began


class Measurement(NamedTuple):
    """A measurement's name, its crowd, the time that counts, and how many times as long plus how many seconds it may take."""

    name: str
    crowd: Sequence[Member]
    pick: Callable[[Times], float]
    factor: float
    more: float
    link: Path | None = None


def compare(measurement: Measurement, folder: str, payload: Payload, runs: int) -> bool:
    """Measures alone and in the crowd; true where the bound holds."""
    name, crowd, pick, factor, more, link = measurement
    alone = [transfer(folder, payload, [], link) for _ in range(runs)]
    beside = [transfer(folder, payload, crowd, link) for _ in range(runs)]
    if None in alone + beside:
        print(f"{name}: {(alone + beside).count(None)} transfers did not end exact")
        return False
    a, times = (statistics.median(pick(run) for run in alone if run), [pick(run) for run in beside if run])
    b = statistics.median(times)
    limit = factor * a + more
    print(
        f"{name}, {runs} runs each: alone {a:.2f} s, in the crowd {b:.2f} s (slowest {max(times):.2f}): {b / a:.2f} times; "
        f"at most {limit:.2f} s {'holds' if b <= limit else 'DOES NOT HOLD'}",
        flush=True,
    )
    return b <= limit


def measurements(folder: str, wanted: Sequence[str]) -> Iterator[Measurement]:
    if "heavy" in wanted:
        volume, labels = programs.phantom(Path(folder) / "large", "--shape", "240x240x155")
        archive = Path(folder) / "heavy.fovea"
        programs.run("fovea", "encode", volume, "--mask", labels, "--out", archive)
        heavy: list[Member] = [partial(honest, archive, number) for number in range(3)]
        yield Measurement("region beside three of 240x240x155", heavy, lambda times: times.region, 2, 0.2)
    if "hostile" in wanted:
        crowd: list[Member] = [partial(hostile, number) for number in range(HOSTILE_COUNT)]
        rural = programs.PROJECT / "profiles" / "links" / "rural-4g.yaml"
        name = f"transfer beside {HOSTILE_COUNT} hostile"
        yield Measurement(f"{name}, loopback", crowd, lambda times: times.total, 3, 1)
        yield Measurement(f"{name}, rural-4g", crowd, lambda times: times.total, 1.5, 0, rural)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["heavy", "hostile"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shape", default="96x96x62", help="of the generated head that is sent")
    parser.add_argument("--volume", type=Path)
    parser.add_argument("--mask", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        payload = Payload(options.volume, options.mask)
        if not options.volume:
            payload = Payload(*programs.phantom(Path(folder) / "small", "--shape", options.shape))
        good = [compare(measurement, folder, payload, options.runs) for measurement in measurements(folder, options.what)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(programs.script(main))
