"""Runs the project's programs from Python: to their end, or beside a script that reads their JSON lines as they come."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

PROJECT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("FOVEA_BUILD", PROJECT / ".build" / "release"))
LOOPBACK = "127.0.0.1:0"
START_SECONDS = 10
# A receiver writes what it has before it goes.
END_SECONDS = 20

Found = TypeVar("Found")
# One line that a program has printed: `event` says which it is; its other fields depend on that.
Event = dict[str, Any]


class Failed(RuntimeError):
    """A program that did not do what it was started for."""


def path_of(program: str | Path) -> str:
    """A program's file: one of the project's by its name alone, any other by its path."""
    return str(BUILD / program) if isinstance(program, str) and "/" not in program else str(program)


def event_of(line: str) -> Event | None:
    """The event on a line of output; None where the line holds none."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def attempt(program: str | Path, *arguments: object, environment: Mapping[str, str] | None = None) -> tuple[int, list[Event], str]:
    """Runs a program to its end; gives its exit status, its events, and what it complained of."""
    command = [path_of(program), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, [event for line in done.stdout.splitlines() if (event := event_of(line)) is not None], done.stderr


def run(program: str | Path, *arguments: object, environment: Mapping[str, str] | None = None) -> list[Event]:
    """Runs a program to its end and gives its events. Raises Failed where it does not end well."""
    status, events, errors = attempt(program, *arguments, environment=environment)
    if status:
        raise Failed(f"{' '.join(map(str, [program, *arguments]))}: {errors}")
    return events


class Program:
    """A program that runs beside the script. A thread reads its output, so that no pipe fills up and each event is had at once.

    Each event has the field `at`, the time at which it was read. What the program complains of is kept, or shown as it comes.
    """

    def __init__(
        self,
        program: str | Path,
        *arguments: object,
        before: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        shows_errors: bool = False,
        name: str | None = None,
    ) -> None:
        """Starts the program; `before` is a command that starts it in its turn, as `nice` does. Failures are told by its name."""
        self.name = name or Path(program).name
        self.events: list[Event] = []
        self.has_ended = False
        self._changed = threading.Condition()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (`end` closes it)
        self._complaints = ""
        self.process = subprocess.Popen(
            [*before, path_of(program), *map(str, arguments)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if shows_errors else self._errors,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            event = event_of(line)
            if event is None:
                continue
            event["at"] = time.time()
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()
        with self._changed:
            self.has_ended = True
            self._changed.notify_all()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def seen(self, name: str) -> Event | None:
        """The first event of a name, if it has come already."""
        return next((event for event in list(self.events) if event.get("event") == name), None)

    def until(self, find: Callable[[], Found | None], patience: float) -> Found | None:
        """Waits until something is found among the events; None where it is not in time, or the program has ended without it."""
        with self._changed:
            self._changed.wait_for(lambda: self.has_ended or find() is not None, max(0, patience))
            return find()

    def awaited(self, name: str, patience: float) -> Event | None:
        """The first event of a name, or None if it has not come in time. Raises Failed where the program has ended without it."""
        found = self.until(lambda: self.seen(name), patience)
        if found is None and self.has_ended:
            raise self.failure()
        return found

    def event(self, name: str, patience: float = 60) -> Event:
        """The first event of a name, once it has come. Raises TimeoutError where it does not, Failed where it cannot any more."""
        found = self.awaited(name, patience)
        if found is None:
            raise TimeoutError(f"{name} has not come within {patience} s")
        return found

    def port(self) -> int:
        """The port on which it listens."""
        event = self.awaited("listening", START_SECONDS)
        if event is None:
            raise Failed(f"{self.name} does not listen after {START_SECONDS} s")
        return int(event["port"])

    def errors(self) -> str:
        """All that it has complained of so far, where that is kept."""
        if not self._errors.closed:
            # The program writes where this file stands, so that reading must not move it.
            kept = os.pread(self._errors.fileno(), os.fstat(self._errors.fileno()).st_size, 0)
            self._complaints = kept.decode(errors="replace")
        return self._complaints

    def failure(self) -> Failed:
        lines = self.errors().strip().splitlines()
        return Failed(f"{self.name} ended: {lines[-1] if lines else 'without a word'}")

    def signal(self, number: int) -> None:
        if self.is_running:
            self.process.send_signal(number)

    def wait(self, patience: float | None = None) -> int:
        """Its exit status, once it has ended and all of its output is read. Raises subprocess.TimeoutExpired where it goes on."""
        status = self.process.wait(patience)
        # A process that it has started and left may keep its output open.
        self._reader.join(END_SECONDS)
        return status

    def kill(self) -> None:
        """Ends it at once, as a machine that fails does."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def end(self, patience: float = END_SECONDS) -> None:
        """Ends it, whatever it does: asks first."""
        self.signal(signal.SIGTERM)
        try:
            self.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
        self.errors()
        self._errors.close()


def receive(
    out: str | Path, *more: object, listen: str = LOOPBACK, program: str | Path = "fovea", shows_errors: bool = False
) -> Program:
    """A receiver on loopback."""
    return Program(program, "receive", "--listen", listen, "--out", out, "--json", *more, shows_errors=shows_errors)


def relay(port: int, link: str | Path, *more: object, shows_errors: bool = False) -> Program:
    """A simulated link to a port; `link` is the name or the file of a profile."""
    to = f"127.0.0.1:{port}"
    return Program("netsim", "relay", "--listen", LOOPBACK, "--to", to, "--link", link, *more, "--json", shows_errors=shows_errors)


def link_file(folder: str | Path, rate: str, round_trip: float, loss: str = "0 %", queue: str = "128 KiB") -> Path:
    """Writes a link profile; the round trip is in milliseconds."""
    path = Path(folder) / "link.yaml"
    path.write_text(f"rate: {rate}\nround_trip: {round_trip} ms\nloss: {loss}\nqueue: {queue}\n", encoding="utf-8")
    return path


def phantom(out: str | Path, *more: object, program: str | Path = "fovea") -> tuple[Path, Path]:
    """Makes a head; gives its volume and its labels."""
    files = run(program, "phantom", "--out", out, *more, "--json")[-1]
    return Path(files["volume"]), Path(files["labels"])


def comparison(source: str | Path, result: str | Path) -> Event:
    """All that `fovea compare` says of two files; nothing where it cannot read them."""
    _, events, _ = attempt("fovea", "compare", source, result, "--json")
    return events[-1] if events else {}


def secret_file(folder: str | Path, secret: str) -> Path:
    """Writes a secret that nobody else can read."""
    path = Path(folder) / "site.secret"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(secret)
    return path


def script(main: Callable[[], int | None]) -> int | str | None:
    """Runs a script's main function and gives what to exit with: where a program failed, a sentence instead of a trace."""
    try:
        return main()
    except Failed as failure:
        return str(failure)
