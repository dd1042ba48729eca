"""The transports that are compared, each over the real relay: their names, whether they can run here, and one run of each."""

import contextlib
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import programs
from programs import START_SECONDS, Failed, Program

__all__ = [
    "NETSIM",
    "BENCHMARKS",
    "RUN",
    "Failed",
    "Link",
    "Result",
    "StepLink",
    "TraceLink",
    "run_fovea",
    "run_side_by_side",
    "why_not",
]

NETSIM = Path(programs.path_of("netsim"))
BENCHMARKS = Path(__file__).resolve().parents[1]
FOVEA = BENCHMARKS / ".build" / "release" / "transport-benchmark"
SRT_FILE = Path("srt-file-transmit")
SRT_PIECE = 1456
ENDS = Path(__file__).with_name("ends.py")
NEAR, FAR = "10.77.0.1", "10.77.0.2"
# The bridge's UDP and IP headers, which the relay counts too.
HEADERS = 28
END_SECONDS = 5

# One run: seconds, bytes, timed_out, and more as each peer has it.
Result = dict[str, Any]


class Link:
    """One cell's link, the same in both directions."""

    def __init__(self, rate_mbit: float, round_trip_ms: float, loss_percent: float) -> None:
        self.rate_mbit, self.round_trip_ms, self.loss_percent = rate_mbit, round_trip_ms, loss_percent
        self.rate, self.round_trip = rate_mbit * 1e6, round_trip_ms / 1e3
        # About one bandwidth-delay product, as routers are set up; less than 64 KiB is found nowhere.
        self.queue = max(64 << 10, math.ceil(self.rate * self.round_trip / 8))

    def written(self, folder: Path) -> Path:
        return profile(folder, f"rate: {self.rate_mbit} Mbit/s", self)

    def seconds(self, count: float) -> float:
        return count * 8 / self.rate

    def fields(self) -> dict[str, Any]:
        return {
            "rate_mbit": self.rate_mbit,
            "rtt_ms": self.round_trip_ms,
            "loss_percent": self.loss_percent,
            "queue_bytes": self.queue,
        }


class StepLink(Link):
    """A link of equal directions whose rate changes: a list of when, in seconds from its start, and to how many Mbit/s."""

    def __init__(self, steps: Sequence[tuple[float, float]], round_trip_ms: float) -> None:
        super().__init__(max(rate for _, rate in steps), round_trip_ms, 0)
        self.steps = steps

    def written(self, folder: Path) -> Path:
        steps = ", ".join(f"{start} s: {rate} Mbit/s" for start, rate in self.steps)
        return profile(folder, f"steps: {{ {steps} }}", self)

    def bits(self, seconds: float) -> float:
        """As many as it can carry from its start on."""
        starts = [start for start, _ in self.steps]
        return sum(
            max(0, min(seconds, until) - since) * rate * 1e6
            for since, until, (_, rate) in zip(starts, [*starts[1:], math.inf], self.steps)
        )

    def fields(self) -> dict[str, Any]:
        return {**super().fields(), "steps": self.steps}


class TraceLink(Link):
    """A link whose uplink follows a recording; the downlink, which carries little, has a constant rate."""

    def __init__(self, trace: Path, round_trip_ms: float, queue: int) -> None:
        super().__init__(10, round_trip_ms, 0)
        self.trace, self.queue = trace.absolute(), queue

    def written(self, folder: Path) -> Path:
        return profile(folder, f"rate: {self.rate_mbit} Mbit/s\nup: {{ trace: {json.dumps(str(self.trace))} }}", self)

    def fields(self) -> dict[str, Any]:
        return {**super().fields(), "rate_mbit": None, "trace": self.trace.name}


def profile(folder: Path, rate: str, link: Link) -> Path:
    """Writes a link profile and gives its path; `rate` is the part of it that the kinds of links do not share."""
    path = folder / "link.yaml"
    path.write_text(
        f"{rate}\nround_trip: {link.round_trip_ms} ms\nloss: {link.loss_percent} %\nqueue: {link.queue} B\n", encoding="utf-8"
    )
    return path


class Run(contextlib.ExitStack):
    """One run's temporary folder and programs, which go with it in the reverse order, also on failure."""

    def __init__(self, link: Link, seed: int) -> None:
        super().__init__()
        self.link, self.seed = link, seed
        self.folder = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="transport-")))

    def start(self, program: str | Path, *arguments: object, namespace: str | None = None, name: str | None = None) -> Program:
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        started = Program(program, *arguments, before=inside, name=name)
        self.callback(started.end, END_SECONDS)
        return started

    def start_end(self, kind: str, *arguments: object, namespace: str | None = None) -> Program:
        """One of the small programs of ends.py."""
        return self.start(sys.executable, ENDS, kind, *arguments, namespace=namespace, name=kind)

    def relay(self, port: int) -> Program:
        relay = programs.relay(port, self.link.written(self.folder), "--seed", self.seed)
        self.callback(relay.end, END_SECONDS)
        return relay

    def tunnel(self, mtu: int) -> tuple[str, str, Program]:
        """Two namespaces joined through the relay; gives their names and the far bridge. Addresses are NEAR and FAR."""
        far, near = (self._namespace(side) for side in "ba")
        far_bridge, far_device = self._bridge("b", 0)
        relay = self.relay(far_bridge.port())
        _, near_device = self._bridge("a", relay.port())
        for name, device, own in ((far, far_device, FAR), (near, near_device, NEAR)):
            command("ip", "link", "set", device, "netns", name)
            command("ip", "-n", name, "address", "add", f"{own}/30", "dev", device)
            command("ip", "-n", name, "link", "set", device, "mtu", str(mtu), "txqueuelen", "5000", "up")
            command("ip", "-n", name, "link", "set", "lo", "up")
        return near, far, far_bridge

    def _namespace(self, side: str) -> str:
        name = f"transport-{os.getpid()}-{side}"
        command("ip", "netns", "add", name)
        self.callback(subprocess.run, ["ip", "netns", "delete", name], capture_output=True)
        # Nothing but the flows that are measured may use the link.
        command("ip", "netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        return name

    def _bridge(self, side: str, relay_port: int) -> tuple[Program, str]:
        device = f"tp{os.getpid()}{side}"
        bridge = self.start_end("bridge", device, relay_port)
        bridge.port()
        return bridge, device


def command(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise Failed(f"{' '.join(arguments)}: {done.stderr.strip()}")


def outcome(seconds: float, received: int, wanted: int, **more: object) -> Result:
    """One run's result; one that was cut off counts for what it had carried by then."""
    return {"seconds": seconds, "bytes": received, "timed_out": received < wanted, **more}


def run_tcp(control: str, link: Link, count: int, limit: float, seed: int) -> Result:
    with Run(link, seed) as run:
        near, far, _ = run.tunnel(mtu=1472)
        receiver = run.start_end("tcp-receive", control, FAR, count, limit + 1, namespace=far)
        sender = run.start_end("tcp-send", control, FAR, receiver.port(), count, limit, namespace=near)
        started = sender.awaited("connecting", START_SECONDS)
        got = receiver.awaited("summary", limit + START_SECONDS)
        if not started or not got:
            raise Failed("the ends of the TCP flow do not answer")
        if got["received_bytes"] < count and sender.process.poll() and got["t"] - started["t"] < limit - 1:
            raise sender.failure()
        return outcome(got["t"] - started["t"], got["received_bytes"], count)


def run_srt_file(link: Link, count: int, limit: float, seed: int) -> Result:
    with Run(link, seed) as run:
        # The sender may decide what the file is called at the other end, so that it has one name in two folders.
        source, target = (run.folder / end / "payload" for end in ("source", "target"))
        for path in (source, target):
            path.parent.mkdir()
        # Whole pieces: a short last one would stay in the receiver's buffer until it notices that the sender has gone.
        source.write_bytes(os.urandom(math.ceil(count / SRT_PIECE) * SRT_PIECE))
        port = free_port()
        receiver = run.start(SRT_FILE, f"srt://127.0.0.1:{port}?mode=listener", f"file://{target}")
        relay = run.relay(port).port()
        # It does not say when it listens, and a caller refused at first tries again only after a while.
        time.sleep(0.5)
        started = time.monotonic()
        sender = run.start(SRT_FILE, f"file://{source}", f"srt://127.0.0.1:{relay}")
        while True:
            # Asked first, so that a file completed before the exit is seen whole.
            over = not receiver.is_running or (sender.process.poll() or 0) != 0
            now = time.monotonic()
            received = target.stat().st_size if target.exists() else 0
            if received >= count or now - started > limit:
                return outcome(now - started, min(received, count), count)
            if over:
                raise (sender if receiver.is_running else receiver).failure()
            time.sleep(0.005)


def run_fovea(link: Link, count: int, limit: float, seed: int, more: Sequence[str] = ()) -> Result:
    """More are further options of the sender; then the bytes are theirs to give."""
    with Run(link, seed) as run:
        receiver = run.start(FOVEA, "receive", "--listen", "127.0.0.1:0")
        relay = run.relay(receiver.port()).port()
        amount = [] if more else ["--bytes", str(count)]
        sender = run.start(FOVEA, "send", "--to", f"127.0.0.1:{relay}", *amount, "--seed", str(seed), *more)
        sent = sender.awaited("summary", limit)
        if not sent:
            return outcome(limit, 0, count)
        got = receiver.awaited("summary", START_SECONDS)
        if not got or got["received_bytes"] < count:
            raise Failed(f"transport-benchmark received {got and got['received_bytes']} bytes of {count}")
        sent = {key: value for key, value in sent.items() if key not in ("event", "t", "at")}
        return outcome(sent.pop("seconds"), count, count, **sent)


def run_side_by_side(link: Link, count: int, first: str, limit: float, seed: int) -> programs.Event:
    """A CUBIC and a Fovea flow through the same queue, the second two seconds after the first; gives the far bridge's tally."""
    with Run(link, seed) as run:
        # Fovea's datagrams, too, must pass whole, so packets at the link have the bridge's headers on top of 1500 bytes.
        near, far, bridge = run.tunnel(mtu=1500)
        tcp_port = run.start_end("tcp-receive", "cubic", FAR, 1 << 50, 2 * limit, namespace=far).port()
        fovea_port = run.start(FOVEA, "receive", "--listen", f"{FAR}:0", namespace=far).port()
        to = f"{FAR}:{fovea_port}"
        flows = {
            "cubic": lambda: run.start_end("tcp-send", "cubic", FAR, tcp_port, 1 << 50, 2 * limit, namespace=near),
            "fovea": lambda: run.start(FOVEA, "send", "--to", to, "--bytes", count, "--seed", seed, namespace=near),
        }
        started = {}
        for name in (first, *(other for other in flows if other != first)):
            started[name] = flows[name]()
            time.sleep(2)
        started["fovea"].awaited("summary", limit)
        started["cubic"].end(END_SECONDS)
        bridge.end(END_SECONDS)
        tally = bridge.seen("summary")
        if not tally:
            raise Failed("the bridge has counted nothing")
        return tally


def free_port() -> int:
    """A UDP port that is free now; SRT's program cannot be asked which it chose."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        return int(end.getsockname()[1])


def why_not(peer: str) -> str | None:
    """The reason why a peer cannot run on this machine, or None."""
    if peer == "fovea":
        return None if FOVEA.exists() else "Benchmarks/.build/release/transport-benchmark has not been built"
    if peer == "srt-file":
        return None if shutil.which(SRT_FILE) else f"{SRT_FILE} is not installed (Debian: srt-tools)"
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    if not Path("/dev/net/tun").exists() or not shutil.which("ip"):
        return "needs /dev/net/tun and the program ip"
    offered = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text().split()
    return None if peer in offered else f"the kernel does not offer {peer}"


# Each takes a link, bytes, the seconds after which a run is cut off, and a seed.
RUN: dict[str, Callable[[Link, int, float, int], Result]] = {
    "fovea": run_fovea,
    "cubic": partial(run_tcp, "cubic"),
    "bbr": partial(run_tcp, "bbr"),
    "srt-file": run_srt_file,
}
