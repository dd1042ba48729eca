#!/usr/bin/env python3
"""Floods a receiver with SRT handshakes that nobody can complete, and measures what that costs it and an honest sender.

Each handshake is a valid conclusion of libsrt's, cookie included, with key material that the receiver cannot open: the dearest
packet that a stranger without a secret can send. The flood comes from one loopback address (127.0.0.2), the honest sender from
another (127.0.0.1). Prints one line a rate; exits 1 if a bound below is broken.

    Scripts/flood.py [--fovea .build/release/fovea] [--rates 300,2000] [--seconds 12]
"""

import argparse
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time

CONNECT_SECONDS, CORE_SHARE, MEGABYTES = 2.0, 0.20, 50.0


def extension(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(">HH", kind, len(body) // 4) + body


def words_reversed(text):
    """SRT sends a stream identifier as 32-bit words, each with its bytes the other way round."""
    text += b"\0" * (-len(text) % 4)
    return b"".join(text[at : at + 4][::-1] for at in range(0, len(text), 4))


def handshake(kind, version, field, identifier, cookie, extensions=b""):
    header = struct.pack(">IIII", 0x80000000, 0, 0, 0)
    body = struct.pack(">IHHIIIiII", version, 4 if cookie else 0, field, 12345, 1500, 8192, kind, identifier, cookie)
    return header + body + b"\x02\0\0\x7f" + b"\0" * 12 + extensions


def conclusion(sender, identifier, cookie):
    """A conclusion by a sender's name: SRT 1.5.1, AES-256, 32 random bytes wrapped under a key nobody has."""
    hello = extension(1, struct.pack(">III", 0x00010501, 0xBF, 0))
    key = struct.pack(">BHBIBBBBHBB", 0x12, 0x2029, 1, 0, 2, 0, 2, 0, 0, 4, 8) + os.urandom(16 + 8 + 32)
    name = words_reversed(b"#!::u=" + sender.encode() + b",m=publish,t=fovea1")
    return handshake(-1, 5, 7, identifier, cookie, hello + extension(3, key) + extension(5, name))


def cookie_of(flood):
    flood.settimeout(2)
    flood.send(handshake(1, 4, 2, 1000, 0))
    return struct.unpack(">I", flood.recv(2000)[44:48])[0]


class Receiver:
    def __init__(self, fovea, folder, secret):
        self.log = open(os.path.join(folder, "receiver.log"), "w+")
        self.process = subprocess.Popen(
            [fovea, "receive", "--listen", "127.0.0.1:0", "--out", os.path.join(folder, "in"), "--secret-file", secret, "--json"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "listening":
                self.port = event["port"]
                break
        os.set_blocking(self.process.stdout.fileno(), False)

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.seek(0)
        return self.log.read()


def flood(port, rate, seconds, at_third):
    """Sends at a rate; starts `at_third` after a third of the time. Returns what it returned, and how many went."""
    strangers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    strangers.bind(("127.0.0.2", 0))
    strangers.connect(("127.0.0.1", port))
    cookie = cookie_of(strangers)
    strangers.setblocking(False)
    begun, sent, started, byte_count = time.monotonic(), 0, None, 0
    packet = bytearray(conclusion("-", 0, cookie))
    while (elapsed := time.monotonic() - begun) < seconds:
        while sent < elapsed * rate:
            struct.pack_into(">I", packet, 40, 0x10000000 + random.getrandbits(28))
            try:
                strangers.send(packet)
            except (BlockingIOError, ConnectionRefusedError):
                pass
            sent += 1
            byte_count += len(packet) + 28
        try:
            while True:
                strangers.recv(2000)
        except (BlockingIOError, ConnectionRefusedError):
            pass
        if started is None and elapsed > seconds / 3:
            started = at_third()
        time.sleep(0.002)
    return started, byte_count * 8 / seconds / 1e6


def send(fovea, folder, volume, secret, port, name):
    """An honest sender; its events are stamped with when they were printed."""
    return subprocess.Popen(
        [
            fovea,
            "send",
            volume,
            "--box",
            "4:12,4:12,4:12",
            "--encoding",
            "fast",
            "--to",
            f"127.0.0.1:{port}",
            "--secret-file",
            secret,
            "--session",
            name,
            "--json",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fovea", default=".build/release/fovea")
    parser.add_argument("--rates", default="0,300,2000", help="handshakes a second")
    parser.add_argument("--seconds", type=float, default=12)
    options = parser.parse_args()
    broken = False
    with tempfile.TemporaryDirectory() as folder:
        secret = os.path.join(folder, "secret")
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write("a secret for the flood's measurement\n")
        subprocess.run(
            [options.fovea, "phantom", "--out", os.path.join(folder, "p"), "--shape", "32x32x24", "--seed", "3", "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        volume = next(os.path.join(folder, "p", name) for name in sorted(os.listdir(os.path.join(folder, "p"))) if "flair" in name)
        for rate in map(float, options.rates.split(",")):
            receiver = Receiver(options.fovea, folder, secret)
            cpu, memory = receiver.cpu(), receiver.megabytes()
            sender, megabits = flood(
                receiver.port,
                rate,
                options.seconds,
                lambda: send(options.fovea, folder, volume, secret, receiver.port, f"r{int(rate)}"),
            )
            share = (receiver.cpu() - cpu) / options.seconds
            growth = receiver.megabytes() - memory
            try:
                out, errors = sender.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                sender.kill()
                out, errors = sender.communicate()
            connected = next(
                (event["t"] for event in map(json.loads, out.splitlines()) if event["event"] == "first_datagram"), None
            )
            log = receiver.end()
            text = "never" if connected is None else f"after {connected:.2f} s"
            print(
                f"{megabits:5.2f} Mbit/s ({rate:.0f}/s): receiver {share:.0%} of a core, {growth:+.0f} MB; "
                f"honest sender's first voxels {text}, exit {sender.returncode}",
                flush=True,
            )
            for line in (errors + log).splitlines():
                print(f"    {line}")
            broken |= sender.returncode != 0 or connected > CONNECT_SECONDS or share > CORE_SHARE or growth >= MEGABYTES
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
