#!/usr/bin/env python3
"""How a transfer fares in a crowd, with the real programs on loopback. Two measurements, each alone and in the crowd, the middle of RUNS:

  heavy    a small transfer's region of interest beside three honest sessions of 240x240x155 voxels, fed from a file as fast as they are taken
  hostile  a whole transfer beside 15 hostile sessions: chunks of a few bytes that hold a decoder for seconds each; who is refused comes back
           under another name. On loopback, and through a link of the profile rural-4g (hostile senders stay on loopback).

Usage: Scripts/crowd.py [heavy|hostile ...] [--runs N] [--shape ZxYxX] [--volume FILE --mask FILE]
Fails where the region takes more than 2 times as long plus 0.2 s, or the transfer more than 3 times plus 1 s (over rural-4g 1.5 times).
"""

import argparse
import ctypes
import glob
import hashlib
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(PROJECT, ".build", "release")
SRT_OPTIONS = {
    "FC": 4,
    "SNDBUF": 5,
    "RCVBUF": 6,
    "MAXBW": 16,
    "TSBPDMODE": 22,
    "LATENCY": 23,
    "PEERIDLETIMEO": 0,
    "TLPKTDROP": 31,
    "NAKREPORT": 33,
    "STREAMID": 46,
    "MESSAGEAPI": 48,
    "PAYLOADSIZE": 49,
    "ENFORCEDENCRYPTION": 53,
}
HOSTILE_COUNT = 15


def library():
    for pattern in ("/usr/lib/*/libsrt-openssl.so.1*", "/usr/lib/*/libsrt.so.1*", "/usr/lib/libsrt*.so.1*"):
        for path in sorted(glob.glob(pattern)):
            srt = ctypes.CDLL(path)
            srt.srt_startup()
            srt.srt_setloglevel(0)
            return srt
    sys.exit("libsrt is not installed")


class Peer:
    """A sender that says what it is told to, by the wire format in Docs/WireFormat.md, without a secret."""

    PAYLOAD = 1421
    srt = None

    def __init__(self, port):
        Peer.srt = Peer.srt or library()
        srt = self.srt
        self.socket = srt.srt_create_socket()
        for name, value, kind in (
            ("MESSAGEAPI", 1, ctypes.c_bool),
            ("TSBPDMODE", 0, ctypes.c_bool),
            ("TLPKTDROP", 0, ctypes.c_bool),
            ("LATENCY", 0, ctypes.c_int),
            ("NAKREPORT", 1, ctypes.c_bool),
            ("PAYLOADSIZE", 1456, ctypes.c_int),
            ("FC", 25600, ctypes.c_int),
            ("SNDBUF", 12 << 20, ctypes.c_int),
            ("RCVBUF", 12 << 20, ctypes.c_int),
            ("MAXBW", 125_000_000, ctypes.c_int64),
        ):
            option = kind(value)
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

    def is_connected(self):
        return self.srt.srt_getsockstate(self.socket) == 5

    def send(self, message):
        while self.srt.srt_sendmsg(self.socket, message, len(message), -1, 0) < 0:
            if not self.is_connected():
                raise ConnectionError("the connection is gone")
            time.sleep(0.005)

    def hello(self, session):
        name = session.encode()
        self.send(b"\xf5\x01\x01\x03" + struct.pack(">QIB", 0, 1000, 0) + os.urandom(16) + bytes([len(name)]) + name)

    def chunk(self, ordinal, record):
        for offset in range(0, len(record), self.PAYLOAD):
            self.send(
                b"\xf5\x01\x02" + struct.pack(">IIII", ordinal, len(record), offset, now()) + record[offset : offset + self.PAYLOAD]
            )

    def stay(self, until):
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

    def close(self):
        self.srt.srt_close(self.socket)


def now():
    return int(time.time() * 1e6) & 0xFFFFFFFF


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def record(coder, payload):
    body = bytes([coder]) + struct.pack(">dd", 0, 0) + payload
    return hashlib.sha256(body).digest() + body


def heavy_manifest(side, count):
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


def hostile(port, number, stop):
    """One hostile sender: again and again a session whose chunks cost much, until it is told to stop."""
    life = 0
    while not stop.is_set():
        life += 1
        try:
            peer = Peer(port)
        except ConnectionError:
            time.sleep(0.2)
            continue
        try:
            peer.hello(f"hostile-{number}-{life}")
            peer.chunk(0, heavy_manifest(8192, 40))
            for ordinal in range(1, 41):
                peer.chunk(ordinal, record(2, os.urandom(2000)))
            peer.stay(stop.is_set)
        except ConnectionError:
            pass
        peer.close()


def honest(port, path, number, stop):
    """A session whose chunks come from a file, as fast as they are taken."""
    data = open(path, "rb").read()
    position = 8
    try:
        peer = Peer(port)
        peer.hello(f"heavy-{number}")
        while position < len(data) and not stop.is_set():
            ordinal, length = struct.unpack_from(">II", data, position)
            peer.chunk(ordinal, data[position + 8 : position + 8 + length])
            position += 8 + length
        peer.stay(stop.is_set)
        peer.close()
    except ConnectionError:
        pass


class Program:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [os.path.join(BIN, arguments[0]), *arguments[1:], "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.events = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.events.append(json.loads(line))

    def port(self):
        for _ in range(1000):
            found = [event["port"] for event in list(self.events) if event["event"] == "listening"]
            if found:
                return found[0]
            time.sleep(0.01)
        raise RuntimeError("it does not listen")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def transfer(folder, options, crowd, link=None):
    """Sends beside a crowd; gives the seconds until the region was there, and until everything was there, exact."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        receiver = Program("fovea", "receive", "--listen", "127.0.0.1:0", "--out", os.path.join(scratch, "in"))
        port = receiver.port()
        relay = (
            Program("netsim", "relay", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{port}", "--link", link, "--seed", "1")
            if link
            else None
        )
        stop = threading.Event()
        threads = [threading.Thread(target=crowd_member, args=(port, *rest, stop)) for crowd_member, *rest in crowd]
        for thread in threads:
            thread.start()
        try:
            if threads:
                time.sleep(2)
            mask = ["--mask", options.mask] if options.mask else []
            began = time.monotonic()
            sender = Program(
                "fovea",
                "send",
                options.volume,
                *mask,
                "--encoding",
                "fast",
                "--session",
                "s",
                "--to",
                f"127.0.0.1:{relay.port() if relay else port}",
            )
            try:
                code = sender.process.wait(timeout=300)
            except subprocess.TimeoutExpired:
                sender.end()
                code = None
            total = time.monotonic() - began
            region = [
                event["seconds_since_send"]
                for event in list(receiver.events)
                if event["event"] == "roi_complete" and event["session"] == "s"
            ]
        finally:
            stop.set()
            receiver.end()
            if relay:
                relay.end()
            for thread in threads:
                thread.join()
        name = os.path.basename(options.volume)
        compared = subprocess.run(
            [os.path.join(BIN, "fovea"), "compare", options.volume, os.path.join(scratch, "in", "s", name), "--json"],
            capture_output=True,
            text=True,
        )
        if code != 0 or '"identical_voxels":true' not in compared.stdout or not region:
            return None, None
        return region[0], total


def compare(what, folder, options, crowd, pick, bound, link=None):
    """Measures alone and in the crowd; true where the bound holds."""
    alone = [transfer(folder, options, [], link)[pick] for _ in range(options.runs)]
    beside = [transfer(folder, options, crowd, link)[pick] for _ in range(options.runs)]
    if None in alone + beside:
        print(f"{what}: {(alone + beside).count(None)} transfers did not end exact")
        return False
    a, b = statistics.median(alone), statistics.median(beside)
    factor, more = bound
    limit = factor * a + more
    print(
        f"{what}, {options.runs} runs each: alone {a:.2f} s, in the crowd {b:.2f} s (slowest {max(beside):.2f}): {b / a:.2f} times; at most {limit:.2f} s {'holds' if b <= limit else 'DOES NOT HOLD'}",
        flush=True,
    )
    return b <= limit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["heavy", "hostile"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shape", default="96x96x62", help="of the generated head that is sent")
    parser.add_argument("--volume")
    parser.add_argument("--mask")
    options = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:

        def phantom(name, shape):
            out = os.path.join(folder, name)
            made = subprocess.run(
                [os.path.join(BIN, "fovea"), "phantom", "--out", out, "--shape", shape, "--json"],
                capture_output=True,
                text=True,
                check=True,
            )
            return json.loads(made.stdout.splitlines()[-1])

        if not options.volume:
            files = phantom("small", options.shape)
            options.volume, options.mask = files["volume"], files["labels"]
        if "heavy" in options.what:
            files = phantom("large", "240x240x155")
            archive = os.path.join(folder, "heavy.fovea")
            subprocess.run(
                [os.path.join(BIN, "fovea"), "encode", files["volume"], "--mask", files["labels"], "--out", archive],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            crowd = [(honest, archive, number) for number in range(3)]
            good &= compare("region beside three of 240x240x155", folder, options, crowd, 0, (2, 0.2))
        if "hostile" in options.what:
            crowd = [(hostile, number) for number in range(HOSTILE_COUNT)]
            good &= compare(f"transfer beside {HOSTILE_COUNT} hostile, loopback", folder, options, crowd, 1, (3, 1))
            good &= compare(
                f"transfer beside {HOSTILE_COUNT} hostile, rural-4g",
                folder,
                options,
                crowd,
                1,
                (1.5, 0),
                link=os.path.join(PROJECT, "profiles", "links", "rural-4g.yaml"),
            )
    sys.exit(0 if good else 1)


main()
