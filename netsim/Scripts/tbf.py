#!/usr/bin/env python3
"""Compares netsim's rate with the kernel's own shaper: the same stream of UDP over a veth pair through `tc tbf`, and through
`netsim run`. tbf counts the 14 bytes of the Ethernet header too, netsim the IP packet alone, as links are sold; that is added
before the two are compared. Needs root and iproute2; all it makes is in namespaces of its own.

    sudo netsim/Scripts/tbf.py --netsim .build/release/netsim --rate 10 --seconds 10
"""

import argparse
import contextlib
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

PORT = 9999
IP_AND_UDP = 28
ETHERNET = 14
GREATEST_DIFFERENCE = 0.003
SO_TIMESTAMPNS = 35


def send(address: str, size: int, rate: float, seconds: float) -> None:
    """A quarter more than the link takes, in packets of `size` bytes of IP."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.connect((address, PORT))
    payload = bytes(size - IP_AND_UDP)
    interval = size * 8 / (rate * 1.25)
    start = due = time.monotonic()
    while due < start + seconds:
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        with contextlib.suppress(ConnectionRefusedError):
            link.send(payload)
        due += interval


def receive(seconds: float, warm_up: float) -> None:
    """Prints the rate at which IP packets arrive, once the shaper's first burst is through."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    link.bind(("0.0.0.0", PORT))
    link.settimeout(20)
    first = last = begin = None
    count = 0
    while True:
        payload, parts, _, _ = link.recvmsg(2048, 64)
        # When the system had it, however late it is looked for here.
        seconds_part, nanoseconds = struct.unpack("qq", parts[0][2][:16])
        now = seconds_part * 10**9 + nanoseconds
        begin = begin or now
        if now - begin < warm_up * 1e9:
            continue
        if first is None:
            first = now
        else:
            count += len(payload) + IP_AND_UDP
        last = now
        if now - begin >= seconds * 1e9:
            break
    print(count * 8e9 / (last - first), flush=True)


def queue_bytes(rate: float) -> int:
    """A tenth of a second, so that a pause of the sender does not leave the link idle."""
    return max(262144, int(rate / 8 / 10))


def script(*arguments: object) -> list[str]:
    return [sys.executable, os.path.abspath(__file__), *map(str, arguments)]


def through_tbf(size: int, rate: float, seconds: float) -> float:
    names = [f"netsim-tbf-{os.getpid()}-{end}" for end in ("client", "server")]
    made = []

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    try:
        for name in names:
            ip("netns", "add", name)
            made.append(name)
        ip("link", "add", "veth0", "netns", names[0], "type", "veth", "peer", "name", "veth0", "netns", names[1])
        for number, name in enumerate(names, 1):
            ip("-n", name, "addr", "add", f"10.78.0.{number}/30", "dev", "veth0")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", "veth0", "up")
        burst = max(3200, int(rate / 8 / 100))
        subprocess.run(
            [
                "tc",
                "-n",
                names[0],
                "qdisc",
                "add",
                "dev",
                "veth0",
                "root",
                "tbf",
                "rate",
                f"{int(rate)}bit",
                "burst",
                str(burst),
                "limit",
                str(queue_bytes(rate)),
            ],
            check=True,
        )
        return stream(["ip", "netns", "exec", names[1]], ["ip", "netns", "exec", names[0]], "10.78.0.2", size, rate, seconds)
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name])


def stream(server_prefix: list[str], client_prefix: list[str], address: str, size: int, rate: float, seconds: float) -> float:
    receiver = subprocess.Popen([*server_prefix, *script("receive", "--seconds", seconds)], stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    sender = subprocess.Popen(
        [*client_prefix, *script("send", "--address", address, "--size", size, "--rate", rate, "--seconds", seconds + 2)]
    )
    try:
        return float(receiver.communicate(timeout=seconds + 30)[0])
    finally:
        for process in (sender, receiver):
            process.kill()
            process.wait()


def through_netsim(netsim: str, size: int, rate: float, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        link, result = os.path.join(folder, "link.yaml"), os.path.join(folder, "result")
        with open(link, "w") as file:
            file.write(f"rate: {rate / 1e6} Mbit/s\nround_trip: 0 ms\nloss: 0 %\nqueue: {queue_bytes(rate)} B\n")
        serve = " ".join(script("receive", "--seconds", seconds))
        subprocess.run(
            [
                netsim,
                "run",
                "--link",
                link,
                "--serve",
                f"exec {serve} > {result}",
                "--",
                *script("send", "--address", "10.77.0.2", "--size", size, "--rate", rate, "--seconds", seconds + 1),
            ],
            check=True,
        )
        with open(result) as file:
            return float(file.read())


def compare(arguments: argparse.Namespace) -> bool:
    rate = arguments.rate * 1e6
    # The wire carries the Ethernet header too, so that tbf leaves less for IP.
    tbf = through_tbf(arguments.size, rate, arguments.seconds)
    counted = tbf * (arguments.size + ETHERNET) / arguments.size
    netsim = through_netsim(arguments.netsim, arguments.size, rate, arguments.seconds)
    difference = netsim / counted - 1
    print(
        f"{arguments.rate:g} Mbit/s, packets of {arguments.size} bytes: tbf {tbf / 1e6:.4f} Mbit/s of IP, "
        f"{counted / 1e6:.4f} with Ethernet; netsim {netsim / 1e6:.4f}; difference {difference * 100:+.3f} %"
    )
    return bool(abs(difference) <= GREATEST_DIFFERENCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("part", nargs="?", choices=["compare", "send", "receive"], default="compare")
    parser.add_argument("--netsim", default=".build/release/netsim")
    parser.add_argument("--rate", type=float, default=10, help="Mbit/s")
    parser.add_argument("--size", type=int, default=1500, help="bytes of an IP packet")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--address")
    arguments = parser.parse_args()
    if arguments.part == "send":
        send(arguments.address, arguments.size, arguments.rate, arguments.seconds)
    elif arguments.part == "receive":
        receive(arguments.seconds, warm_up=min(1, arguments.seconds / 4))
    elif os.geteuid() != 0:
        sys.exit("tbf.py: needs root, to make namespaces and a shaper in them")
    else:
        try:
            agrees = compare(arguments)
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            sys.exit(f"tbf.py: {error}")
        sys.exit(0 if agrees else 1)


if __name__ == "__main__":
    main()
