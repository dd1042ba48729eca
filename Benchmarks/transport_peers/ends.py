"""The small programs at the two ends of a link, started by peers.py: a bridge of IP over UDP, and the ends of a TCP flow.

Each prints one JSON object a line. Times are CLOCK_MONOTONIC, which is the same for all programs and namespaces of a machine.
"""

import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
TCP, UDP = 6, 17
BIN_SECONDS = 0.1
# Acknowledgements are small, and a flow counts as active while it moves more than those.
SMALLEST_DATA_PACKET = 300
BUFFER_BYTES = 4 << 20


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def pass_on(send: Callable[[bytes], int], packet: bytes) -> None:
    """Sends twice at most, as an error may belong to the packet before. The rest is lost, as on any link."""
    for _ in range(2):
        try:
            send(packet)
            return
        except OSError:
            pass


class Tally:
    """Bytes of data packets per protocol and tenth of a second."""

    def __init__(self) -> None:
        self.bins: dict[int, dict[int, int]] = {TCP: {}, UDP: {}}

    def add(self, packet: bytes) -> None:
        bins = self.bins.get(packet[9]) if len(packet) >= SMALLEST_DATA_PACKET else None
        if bins is not None:
            index = int(time.monotonic() / BIN_SECONDS)
            bins[index] = bins.get(index, 0) + len(packet)

    def packed(self, protocol: int) -> list[tuple[int, int]]:
        return sorted(self.bins[protocol].items())


def bridge(device: str, relay_port: int) -> None:
    """Carries IP between a TUN device and a UDP socket: towards the relay, or from whoever sends first if no port is given."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    # Without a virtual network header the kernel hands over single packets no larger than the MTU.
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        end.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
    end.bind(("127.0.0.1", 0))
    connected = relay_port != 0
    if connected:
        end.connect(("127.0.0.1", relay_port))
    with suppress(OSError):
        # The simulated delay should be the relay's and not that of waiting for a processor.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    # A pipe, as a handler alone would leave the time between its run and the wait uncovered.
    stop, wake = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(wake, b"x"))
    say("listening", port=end.getsockname()[1])
    watched: list[int | socket.socket] = [tun, end, stop]
    tally = Tally()
    while True:
        ready, _, _ = select.select(watched, [], [])
        if stop in ready:
            break
        try:
            while end in ready:
                packet, address = end.recvfrom(65536)
                if not connected:
                    end.connect(address)
                    connected = True
                tally.add(packet)
                pass_on(lambda data: os.write(tun, data), packet)
        except OSError:
            pass
        try:
            while tun in ready:
                packet = os.read(tun, 65536)
                if connected:
                    pass_on(end.send, packet)
        except OSError:
            pass
    say("summary", bin_seconds=BIN_SECONDS, tcp=tally.packed(TCP), udp=tally.packed(UDP))


def tcp_socket(control: str) -> socket.socket:
    end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
    return end


def tcp_receive(control: str, address: str, count: int, limit: float) -> None:
    """Takes one connection and reads until all bytes, its end, or the time limit."""
    deadline = time.monotonic() + limit
    listener = tcp_socket(control)
    listener.bind((address, 0))
    listener.listen(1)
    listener.settimeout(limit)
    say("listening", port=listener.getsockname()[1])
    got = 0
    try:
        end, _ = listener.accept()
        while got < count:
            end.settimeout(max(0.001, deadline - time.monotonic()))
            data = end.recv(1 << 18)
            if not data:
                break
            got += len(data)
    except OSError:
        pass
    say("summary", t=time.monotonic(), received_bytes=got)


def tcp_send(control: str, address: str, port: int, count: int, limit: float) -> None:
    end = tcp_socket(control)
    end.settimeout(limit)
    say("connecting", t=time.monotonic())
    end.connect((address, port))
    block = os.urandom(1 << 18)
    while count > 0:
        count -= end.send(block[: min(count, len(block))])
    end.shutdown(socket.SHUT_WR)
    end.recv(1)
    say("summary", t=time.monotonic())


def main() -> None:
    name, *values = sys.argv[1:]
    if name == "bridge":
        bridge(values[0], int(values[1]))
    elif name == "tcp-receive":
        tcp_receive(values[0], values[1], int(values[2]), float(values[3]))
    elif name == "tcp-send":
        tcp_send(values[0], values[1], int(values[2]), int(values[3]), float(values[4]))
    else:
        sys.exit(f"no end called {name}")


if __name__ == "__main__":
    main()
