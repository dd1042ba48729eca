"""The view in a browser: a receiver with a page, a link, and a sender, for tests and pictures."""

import signal
import urllib.parse
from pathlib import Path
from typing import Self

import programs
from programs import LOOPBACK, Program

# On a machine of its own a sender would take nothing from who looks on: here it gets one core at most.
QUIETLY = ["taskset", "-c", "0", "nice", "-n", "19"]


class Transfer:
    """A receiver with a view, and a link to it. What is sent comes when `send` is called."""

    def __init__(self, folder: str | Path, link: str | Path = "rural-4g", address: str = LOOPBACK) -> None:
        self.folder = Path(folder)
        self.programs: list[Program] = []
        self.receive(LOOPBACK, address)
        relay = programs.relay(self.receiver_port, link, shows_errors=True)
        self.programs.append(relay)
        self.port = relay.port()

    def receive(self, listen: str, view: str) -> None:
        self.receiver = programs.receive(self.folder / "received", "--view", view, listen=listen, shows_errors=True)
        self.programs.insert(0, self.receiver)
        self.page = str(self.receiver.event("view")["url"])
        self.receiver_port = self.receiver.port()

    def kill(self) -> None:
        """Ends the receiver as a failing machine does."""
        self.receiver.kill()

    def restart(self) -> None:
        """Another receiver in the place of one that was ended: same folder, same ports."""
        self.programs.remove(self.receiver)
        self.receiver.end()
        address = urllib.parse.urlsplit(self.page).netloc
        self.receive(f"127.0.0.1:{self.receiver_port}", address)

    def phantom(self, shape: str = "240x240x155", seed: int = 1) -> tuple[Path, Path]:
        """Makes a head; gives back where its volume and labels are."""
        return programs.phantom(self.folder, "--seed", seed, "--shape", shape)

    def send(self, volume: Path, mask: Path | None, session: str, *more: object, is_direct: bool = False) -> Program:
        """Sends over the link, or past it; without a mask `more` says where the region is."""
        to = f"127.0.0.1:{self.receiver_port if is_direct else self.port}"
        region = ["--mask", mask] if mask else []
        sender = Program(
            "fovea", "send", volume, "--to", to, *region, "--session", session, "--json", *more, before=QUIETLY, shows_errors=True
        )
        self.programs.append(sender)
        return sender

    def hold(self, is_held: bool = True) -> None:
        """Has sender and link stand still, or go on."""
        for program in self.programs:
            if program is not self.receiver:
                program.signal(signal.SIGSTOP if is_held else signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hold(False)
        for program in reversed(self.programs):
            program.end()
