"""A headless Chromium, driven by the DevTools protocol over a pair of pipes: Python's standard library alone."""

import base64
import json
import os
import select
import shutil
import struct
import subprocess
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple, Self

FLAGS = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--hide-scrollbars",
    # WebGL without a graphics card.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


class Screen(NamedTuple):
    """The size of a page in its own pixels, how many of the screen's are one of those, and if it is touched."""

    width: int = 1280
    height: int = 720
    scale: int = 1
    is_touch: bool = False


def program() -> str | None:
    """Chromium's file; None where it is not installed."""
    return os.environ.get("FOVEA_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def _unfilter(kind: int, row: bytearray, above: bytes | bytearray, step: int) -> bytearray:
    """A row of a PNG, from its differences to its neighbours."""
    for index in range(len(row)) if kind else ():
        left = row[index - step] if index >= step else 0
        corner = above[index - step] if index >= step else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[index]
        elif kind == 3:
            guess = (left + above[index]) >> 1
        else:
            sum_ = left + above[index] - corner
            guess = min((left, above[index], corner), key=lambda value: abs(sum_ - value))
        row[index] = (row[index] + guess) & 255
    return row


Point = tuple[float, float]
SCREEN = Screen()


class Browser:
    """One page."""

    def __init__(self, screen: Screen = SCREEN) -> None:
        chromium = program()
        if chromium is None:
            raise FileNotFoundError("no Chromium is installed")
        self.profile = tempfile.mkdtemp(prefix="fovea-browser-")
        reads, self.to = os.pipe()
        self.back, writes = os.pipe()
        # Chromium reads from file 3 and writes to file 4.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        window = f"--window-size={screen.width},{screen.height}"
        command = [chromium, *FLAGS, *sandbox, f"--user-data-dir={self.profile}", window, "about:blank"]
        shell = f'exec 3<&{reads} 4>&{writes} {reads}<&- {writes}>&-; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command],
            pass_fds=(reads, writes),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reads)
        os.close(writes)
        self.buffer = b""
        self.number = 0
        self.session: str | None = None
        self.messages: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.size(screen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.to)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.back)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self, deadline: float) -> dict[str, Any] | None:
        """The next message; None at the deadline."""
        while b"\0" not in self.buffer:
            if not select.select([self.back], [], [], max(0, deadline - time.monotonic()))[0]:
                return None
            part = os.read(self.back, 1 << 20)
            if not part:
                raise RuntimeError("the browser has ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        if "method" in message:
            self.messages.append(message)
        return message

    def call(self, method: str, patience: float = 60, **parameters: object) -> dict[str, Any]:
        """Has something done; gives back what came of it."""
        self.number += 1
        request: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data) :]
        deadline = time.monotonic() + patience
        while True:
            message = self._message(deadline)
            if message is None:
                raise TimeoutError(f"{method} takes more than {patience} s")
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result

    def size(self, screen: Screen) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=screen.scale,
            mobile=screen.is_touch,
        )
        if screen.is_touch:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True)

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def value(self, expression: str, patience: float = 60) -> Any:
        """The value of an expression in the page; of a promise, the one it comes to."""
        result = self.call("Runtime.evaluate", patience, expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return result["result"].get("value")

    def wait(self, expression: str, patience: float = 60) -> None:
        """Waits until an expression is true in the page."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                if self.value(f"Boolean({expression})", max(20, deadline - time.monotonic())):
                    return
            except RuntimeError as error:
                # Between two pages there is none to ask.
                if "context" not in str(error) and "navigated" not in str(error):
                    raise
            time.sleep(0.02)
        raise TimeoutError(f"not true within {patience} s: {expression}")

    def picture(self, path: Path, whole: bool = False) -> None:
        """Writes the page, or all of it, as a PNG."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def pixels(self) -> tuple[list[bytearray], int]:
        """The screen, canvases and all else put together: rows of bytes, and how many there are to a pixel."""
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        place, packed, width, colour = 8, b"", 0, 0
        while place < len(data):
            size, kind = struct.unpack(">I4s", data[place : place + 8])
            body = data[place + 8 : place + 8 + size]
            if kind == b"IHDR":
                width, _, _, colour = struct.unpack(">IIBB", body[:10])
            elif kind == b"IDAT":
                packed += body
            place += size + 12
        step = 4 if colour == 6 else 3
        raw, rows = zlib.decompress(packed), list[bytearray]()
        above: bytes | bytearray = bytes(width * step)
        for start in range(0, len(raw), width * step + 1):
            row = _unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + width * step]), above, step)
            rows.append(row)
            above = row
        return rows, step

    def key(self, key: str, code: str | None = None, modifiers: int = 0) -> None:
        parameters: dict[str, Any] = {"key": key, "code": code or key, "modifiers": modifiers}
        down = {**parameters, "text": key} if len(key) == 1 else parameters
        self.call("Input.dispatchKeyEvent", type="keyDown", **down)
        self.call("Input.dispatchKeyEvent", type="keyUp", **parameters)

    def mouse(self, kind: str, x: float, y: float, button: str = "left", modifiers: int = 0) -> None:
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button=button,
            modifiers=modifiers,
            buttons={"left": 1, "right": 2, "middle": 4, "none": 0}[button],
            clickCount=1,
        )

    def drag(self, start: Point, end: Point, button: str = "left", modifiers: int = 0, steps: int = 5) -> None:
        self.mouse("mousePressed", *start, button=button, modifiers=modifiers)
        for step in range(1, steps + 1):
            x, y = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            self.mouse("mouseMoved", x, y, button=button, modifiers=modifiers)
        self.mouse("mouseReleased", *end, button=button, modifiers=modifiers)

    def faults(self) -> list[str]:
        """All that the page has complained of: errors, warnings of its own, and what its policy has refused."""
        faults = []
        for message in self.messages:
            parameters = message["params"]
            if message["method"] == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                faults.append(details.get("exception", {}).get("description", details["text"]))
            elif message["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
                faults.append(" ".join(str(part.get("value", part.get("description"))) for part in parameters["args"]))
            elif message["method"] == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                faults.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
        return faults
