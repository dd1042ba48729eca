"""The view in a browser: a receiver with a page, a link, and a sender, for tests and pictures."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("FOVEA_BUILD", ROOT / ".build" / "release"))


class Program:
    """A program whose JSON lines are kept, each with the time at which it was read."""

    def __init__(self, name, *arguments, is_quiet=False):
        command = [str(BUILD / name), *map(str, arguments)]
        # On a machine of its own a sender would take nothing from who looks on: here it gets one core at most.
        self.process = subprocess.Popen(
            (["taskset", "-c", "0", "nice", "-n", "19"] if is_quiet else []) + command, stdout=subprocess.PIPE, text=True
        )
        self.events = []
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            event["at"] = time.time()
            with self.changed:
                self.events.append(event)
                self.changed.notify_all()

    def event(self, name, patience=60):
        """The first event of a name, once it has come."""
        with self.changed:
            found = lambda: next((event for event in self.events if event.get("event") == name), None)
            if not self.changed.wait_for(found, patience):
                raise TimeoutError(f"{name} has not come within {patience} s")
            return found()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Transfer:
    """A receiver with a view, and a link to it. What is sent comes when `send` is called."""

    def __init__(self, folder, link="rural-4g", address="127.0.0.1:0"):
        self.folder = pathlib.Path(folder)
        self.programs = []
        self.receive("127.0.0.1:0", address)
        relay = Program(
            "netsim", "relay", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{self.receiver_port}", "--link", link, "--json"
        )
        self.programs.append(relay)
        self.port = relay.event("listening")["port"]

    def receive(self, listen, view):
        self.receiver = Program("fovea", "receive", "--listen", listen, "--out", self.folder / "received", "--view", view, "--json")
        self.programs.insert(0, self.receiver)
        self.page = self.receiver.event("view")["url"]
        self.receiver_port = self.receiver.event("listening")["port"]

    def kill(self):
        """Ends the receiver as a failing machine does."""
        self.receiver.process.kill()
        self.receiver.process.wait()

    def restart(self):
        """Another receiver in the place of one that was ended: same folder, same ports."""
        self.programs.remove(self.receiver)
        address = urllib.parse.urlsplit(self.page).netloc
        self.receive(f"127.0.0.1:{self.receiver_port}", address)

    def phantom(self, shape="240x240x155", seed=1):
        """Makes a head; gives back where its volume and labels are."""
        subprocess.run(
            [BUILD / "fovea", "phantom", "--out", self.folder, "--seed", str(seed), "--shape", shape],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return self.folder / f"phantom-{seed}_flair.nii.gz", self.folder / f"phantom-{seed}_seg.nii.gz"

    def send(self, volume, mask, session, *more, is_direct=False):
        """Sends over the link, or past it; without a mask `more` says where the region is."""
        port = self.receiver_port if is_direct else self.port
        region = ["--mask", mask] if mask else []
        sender = Program(
            "fovea", "send", volume, "--to", f"127.0.0.1:{port}", *region, "--session", session, "--json", *more, is_quiet=True
        )
        self.programs.append(sender)
        return sender

    def hold(self, is_held=True):
        """Has sender and link stand still, or go on."""
        for program in self.programs:
            if program is not self.receiver and program.process.poll() is None:
                program.process.send_signal(signal.SIGSTOP if is_held else signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hold(False)
        for program in reversed(self.programs):
            program.stop()
