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
import threading
import time

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NETSIM = os.path.join(BENCHMARKS, "..", ".build", "release", "netsim")
FOVEA = os.path.join(BENCHMARKS, ".build", "release", "transport-benchmark")
SRT_FILE = "srt-file-transmit"
SRT_PIECE = 1456
ENDS = [sys.executable, os.path.join(BENCHMARKS, "transport_peers", "ends.py")]
NEAR, FAR = "10.77.0.1", "10.77.0.2"
# The bridge's UDP and IP headers, which the relay counts too.
HEADERS = 28
START_SECONDS = 10


class Failed(Exception):
    """A program that did not do what it was started for."""


class Link:
    """One cell's link, the same in both directions."""

    def __init__(self, rate_mbit, round_trip_ms, loss_percent):
        self.rate_mbit, self.round_trip_ms, self.loss_percent = rate_mbit, round_trip_ms, loss_percent
        self.rate, self.round_trip = rate_mbit * 1e6, round_trip_ms / 1e3
        # About one bandwidth-delay product, as routers are set up; less than 64 KiB is found nowhere.
        self.queue = max(64 << 10, math.ceil(self.rate * self.round_trip / 8))

    def written(self, folder):
        return profile(folder, f"rate: {self.rate_mbit} Mbit/s", self)

    def seconds(self, count):
        return count * 8 / self.rate

    def fields(self):
        return {
            "rate_mbit": self.rate_mbit,
            "rtt_ms": self.round_trip_ms,
            "loss_percent": self.loss_percent,
            "queue_bytes": self.queue,
        }


class StepLink(Link):
    """A link of equal directions whose rate changes: a list of when, in seconds from its start, and to how many Mbit/s."""

    def __init__(self, steps, round_trip_ms):
        super().__init__(max(rate for _, rate in steps), round_trip_ms, 0)
        self.steps = steps

    def written(self, folder):
        steps = ", ".join(f"{start} s: {rate} Mbit/s" for start, rate in self.steps)
        return profile(folder, f"steps: {{ {steps} }}", self)

    def bits(self, seconds):
        """What it can carry from its start on."""
        starts = [start for start, _ in self.steps]
        return sum(
            max(0, min(seconds, until) - since) * rate * 1e6
            for since, until, (_, rate) in zip(starts, [*starts[1:], math.inf], self.steps)
        )

    def fields(self):
        return {**super().fields(), "steps": self.steps}


class TraceLink(Link):
    """A link whose uplink follows a recording; the downlink, which carries little, has a constant rate."""

    def __init__(self, trace, round_trip_ms, queue):
        super().__init__(10, round_trip_ms, 0)
        self.trace, self.queue = os.path.abspath(trace), queue

    def written(self, folder):
        return profile(folder, f"rate: {self.rate_mbit} Mbit/s\nup: {{ trace: {json.dumps(self.trace)} }}", self)

    def fields(self):
        return {**super().fields(), "rate_mbit": None, "trace": os.path.basename(self.trace)}


def profile(folder, rate, link):
    """Writes a link profile and gives its path; `rate` is the part of it that the kinds of links do not share."""
    path = os.path.join(folder, "link.yaml")
    with open(path, "w") as file:
        file.write(f"{rate}\nround_trip: {link.round_trip_ms} ms\nloss: {link.loss_percent} %\nqueue: {link.queue} B\n")
    return path


class Program:
    """A program started here; a thread reads its JSON lines as they come, so that no pipe fills up and each is had at once."""

    def __init__(self, *command, namespace=None):
        inside = ["ip", "netns", "exec", namespace] if namespace else []
        self.name = os.path.basename(command[0]) if command[0] != ENDS[0] else command[2]
        self.errors = tempfile.TemporaryFile(mode="w+", errors="replace")
        self.process = subprocess.Popen(
            [*inside, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True, errors="replace"
        )
        self.events, self.ended, self.changed = [], False, threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                with self.changed:
                    self.events.append(event)
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def seen(self, name):
        return next((event for event in self.events if event.get("event") == name), None)

    def event(self, name, seconds):
        """The event of this name, or None if it has not come in time. Raises Failed if the program ends without it."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or self.seen(name), timeout=max(0, seconds))
            if self.ended and not self.seen(name):
                raise self.failure()
            return self.seen(name)

    def port(self):
        event = self.event("listening", START_SECONDS)
        if not event:
            raise Failed(f"{self.name} does not listen after {START_SECONDS} s")
        return event["port"]

    def failure(self):
        self.errors.seek(0)
        text = self.errors.read().strip().splitlines()
        return Failed(f"{self.name} ended: {text[-1] if text else 'without a word'}")

    def end(self):
        """Ends the program, whatever it does, and gives its summary if it has one."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        self.errors.close()
        return self.seen("summary")


class Run(contextlib.ExitStack):
    """One run's temporary folder and programs, which go with it in the reverse order, also on failure."""

    def __init__(self, link, seed):
        super().__init__()
        self.link, self.seed = link, seed
        self.folder = self.enter_context(tempfile.TemporaryDirectory(prefix="transport-"))

    def start(self, *command, namespace=None):
        program = Program(*command, namespace=namespace)
        self.callback(program.end)
        return program

    def relay(self, port):
        return self.start(
            NETSIM,
            "relay",
            "--listen",
            "127.0.0.1:0",
            "--to",
            f"127.0.0.1:{port}",
            "--link",
            self.link.written(self.folder),
            "--seed",
            str(self.seed),
            "--json",
        )

    def tunnel(self, mtu):
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

    def _namespace(self, side):
        name = f"transport-{os.getpid()}-{side}"
        command("ip", "netns", "add", name)
        self.callback(subprocess.run, ["ip", "netns", "delete", name], capture_output=True)
        # Nothing but the flows that are measured may use the link.
        command("ip", "netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
        return name

    def _bridge(self, side, relay_port):
        device = f"tp{os.getpid()}{side}"
        bridge = self.start(*ENDS, "bridge", device, str(relay_port))
        bridge.port()
        return bridge, device


def command(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise Failed(f"{' '.join(arguments)}: {done.stderr.strip()}")


def outcome(seconds, received, wanted, **more):
    """One run's result; one that was cut off counts for what it had carried by then."""
    return {"seconds": seconds, "bytes": received, "timed_out": received < wanted, **more}


def run_tcp(control, link, count, seed, limit):
    with Run(link, seed) as run:
        near, far, _ = run.tunnel(mtu=1472)
        receiver = run.start(*ENDS, "tcp-receive", control, FAR, str(count), str(limit + 1), namespace=far)
        sender = run.start(*ENDS, "tcp-send", control, FAR, str(receiver.port()), str(count), str(limit), namespace=near)
        started = sender.event("connecting", START_SECONDS)
        got = receiver.event("summary", limit + START_SECONDS)
        if not started or not got:
            raise Failed("the ends of the TCP flow do not answer")
        if got["received_bytes"] < count and sender.process.poll() and got["t"] - started["t"] < limit - 1:
            raise sender.failure()
        return outcome(got["t"] - started["t"], got["received_bytes"], count)


def run_srt_file(link, count, seed, limit):
    with Run(link, seed) as run:
        # The sender may decide what the file is called at the other end, so that it has one name in two folders.
        source, target = (os.path.join(run.folder, end, "payload") for end in ("source", "target"))
        for path in (source, target):
            os.mkdir(os.path.dirname(path))
        with open(source, "wb") as file:
            # Whole pieces: a short last one would stay in the receiver's buffer until it notices that the sender has gone.
            file.write(os.urandom(math.ceil(count / SRT_PIECE) * SRT_PIECE))
        port = free_port()
        receiver = run.start(SRT_FILE, f"srt://127.0.0.1:{port}?mode=listener", f"file://{target}")
        relay = run.relay(port).port()
        # It does not say when it listens, and a caller refused at first tries again only after a while.
        time.sleep(0.5)
        started = time.monotonic()
        sender = run.start(SRT_FILE, f"file://{source}", f"srt://127.0.0.1:{relay}")
        while True:
            # Asked first, so that a file completed before the exit is seen whole.
            over = receiver.process.poll() is not None or (sender.process.poll() or 0) != 0
            now = time.monotonic()
            received = os.path.getsize(target) if os.path.exists(target) else 0
            if received >= count or now - started > limit:
                return outcome(now - started, min(received, count), count)
            if over:
                raise (receiver if receiver.process.poll() is not None else sender).failure()
            time.sleep(0.005)


def run_fovea(link, count, seed, limit, *more):
    """More are further options of the sender; then the bytes are theirs to give."""
    with Run(link, seed) as run:
        receiver = run.start(FOVEA, "receive", "--listen", "127.0.0.1:0")
        relay = run.relay(receiver.port()).port()
        amount = [] if more else ["--bytes", str(count)]
        sender = run.start(FOVEA, "send", "--to", f"127.0.0.1:{relay}", *amount, "--seed", str(seed), *more)
        sent = sender.event("summary", limit)
        if not sent:
            return outcome(limit, 0, count)
        got = receiver.event("summary", START_SECONDS)
        if not got or got["received_bytes"] < count:
            raise Failed(f"transport-benchmark received {got and got['received_bytes']} bytes of {count}")
        sent = {key: value for key, value in sent.items() if key not in ("event", "t")}
        return outcome(sent.pop("seconds"), count, count, **sent)


def run_side_by_side(link, count, seed, first, limit):
    """A CUBIC and a Fovea flow through the same queue, the second two seconds after the first; gives the far bridge's tally."""
    with Run(link, seed) as run:
        # Fovea's datagrams, too, must pass whole, so packets at the link have the bridge's headers on top of 1500 bytes.
        near, far, bridge = run.tunnel(mtu=1500)
        tcp_port = run.start(*ENDS, "tcp-receive", "cubic", FAR, str(1 << 50), str(2 * limit), namespace=far).port()
        fovea_port = run.start(FOVEA, "receive", "--listen", f"{FAR}:0", namespace=far).port()
        flows = {
            "cubic": [*ENDS, "tcp-send", "cubic", FAR, str(tcp_port), str(1 << 50), str(2 * limit)],
            "fovea": [FOVEA, "send", "--to", f"{FAR}:{fovea_port}", "--bytes", str(count), "--seed", str(seed)],
        }
        started = {}
        for name in (first, *(other for other in flows if other != first)):
            started[name] = run.start(*flows[name], namespace=near)
            time.sleep(2)
        started["fovea"].event("summary", limit)
        started["cubic"].end()
        return bridge.end()


def free_port():
    """A UDP port that is free now; SRT's program cannot be asked which it chose."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind(("127.0.0.1", 0))
        return end.getsockname()[1]


def why_not(peer):
    """Why a peer cannot run on this machine, or None."""
    if peer == "fovea":
        return None if os.path.exists(FOVEA) else "Benchmarks/.build/release/transport-benchmark has not been built"
    if peer == "srt-file":
        return None if shutil.which(SRT_FILE) else f"{SRT_FILE} is not installed (Debian: srt-tools)"
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    if not os.path.exists("/dev/net/tun") or not shutil.which("ip"):
        return "needs /dev/net/tun and the program ip"
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control") as file:
        return None if peer in file.read().split() else f"the kernel does not offer {peer}"


RUN = {
    "fovea": run_fovea,
    "cubic": lambda *arguments: run_tcp("cubic", *arguments),
    "bbr": lambda *arguments: run_tcp("bbr", *arguments),
    "srt-file": run_srt_file,
}
