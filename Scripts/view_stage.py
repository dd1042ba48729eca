"""The stage on which the page's claims are checked: a receiver, a page, and the comparison of its words with its pictures."""

import json
import re
from typing import Any

from browser import Browser
from programs import Program
from view import Transfer

SHAPE = "96x96x64"
# The page in one frame, as it recorded itself.
Sample = dict[str, Any]
NEXT_FRAMES = (
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))"
)


class Failed(Exception):
    """A check that cannot go on."""


class Stage:
    """A receiver, a page, and what they have been through so far."""

    def __init__(self, transfer: Transfer, page: Browser) -> None:
        self.transfer = transfer
        self.page = page
        self.sent: set[str] = set()
        self.failures: list[str] = []

    def require(self, condition: object, sentence: str) -> None:
        if not condition:
            self.failures.append(sentence)

    # The network and the processor

    def throttle(self, bytes_per_second: int = -1, latency: int = 0, offline: bool = False) -> None:
        self.page.call(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=latency,
            downloadThroughput=bytes_per_second,
            uploadThroughput=-1,
        )

    def slow_down(self, rate: int) -> None:
        self.page.call("Emulation.setCPUThrottlingRate", rate=rate)

    # The page

    def open(self, fragment: str = "") -> None:
        # Another address, or only the fragment would change and the page stay.
        self.page.call("Page.navigate", url="about:blank")
        self.page.open(self.transfer.page + fragment)
        self.page.wait("document.querySelector('#connection.live') && window.fovea?.entries")

    def send(self, session: str, seed: int, *more: str, is_direct: bool = True, wait: bool = True) -> Program:
        volume, mask = self.transfer.phantom(SHAPE, seed)
        sender = self.transfer.send(volume, mask, session, *more, is_direct=is_direct)
        self.sent.add(session)
        if wait:
            sender.event("summary")
        return sender

    def need(self, session: str, seed: int, *more: str) -> None:
        """Sends, where an earlier check has not: any check may be run alone."""
        if session not in self.sent:
            self.send(session, seed, *more)

    def choose(self, session: str) -> None:
        """By the list, as a hand does."""
        self.page.wait(self.row(session))
        self.page.value(f"{self.row(session)}.click()")

    @staticmethod
    def row(session: str) -> str:
        rows = "[...document.querySelectorAll('#sessions button')]"
        return f"{rows}.find((row) => row.querySelector('.name').textContent === '{session}')"

    def samples(self) -> list[Sample]:
        samples: list[Sample] = self.page.value("__record.samples.map(({key, ...sample}) => sample)")
        return samples

    def forget(self) -> None:
        self.page.value("__record.samples.length = 0; 0")

    def wait_exact(self, session: str, patience: float = 120) -> None:
        self.page.wait(
            f"document.body?.dataset.state === 'exact' && document.getElementById('banner-who')?.textContent === '{session}'",
            patience,
        )
        self.page.value(NEXT_FRAMES)

    def on_screen(self, what: str) -> None:
        """A preview is one on the screen too, whatever lies over its canvases: badge, watermark and banner are there to be seen."""
        rows, step = self.page.pixels()
        frames = json.loads(
            self.page.value(
                "JSON.stringify(['planes', 'banner'].map((id) => { const {left, top, width} = "
                "document.getElementById(id).getBoundingClientRect(); return [left, top, width]; }))"
            )
        )
        (left, top, width), (banner_left, banner_top, _) = frames

        def at(x: float, y: float) -> tuple[int, int, int]:
            red, green, blue = rows[int(y)][int(x) * step : int(x) * step + 3]
            return red, green, blue

        r, g, b = at(left + width / 2 - 14, top + 9)
        self.require(r > 1.3 * g and g > b and r > 80, f"{what}: the badge is on the screen: {(r, g, b)}")
        r, g, b = at(banner_left + 30, banner_top + 4)
        self.require(r > g > b, f"{what}: the banner is on the screen: {(r, g, b)}")
        marks = 0
        for y in range(int(top) + 30, int(top) + 290):
            for x in range(int(left) + 20, int(left) + 120):
                r, g, b = at(x, y)
                marks += 35 <= r <= 60 and 0.8 * r < g < r and b < 0.85 * g
        self.require(marks > 30, f"{what}: the watermark is on the screen: {marks} pixels")

    def agree(self, samples: list[Sample], what: str, final: tuple[str, int] | None = None) -> list[Sample]:
        """Sees that the page says what it shows, in every frame. Gives back the samples that claim to be exact."""
        last = samples[-1]
        reference, exact = (last["picture"], last["exact"]) if final is None else final
        claims = []
        for sample in samples:
            at = f"{what}, frame {sample['frame']}"
            says = {
                "badge": sample["badge"] == "green",
                "banner": sample["state"] == "exact",
                "head": sample["head"].startswith("Exact"),
                "title": "Exact, verified" in sample["title"],
                "legend": sample["legend"][3] == "100 %",
            }
            if says["badge"] or says["banner"] or says["head"] or says["title"]:
                claims.append(sample)
            self.require(
                len({says[name] for name in ("badge", "banner", "head", "title")}) == 1,
                f"{at}: badge, banner and title say the same: {says}",
            )
            if any(says.values()):
                self.require(
                    sample["exact"] == exact, f"{at}: {says}, but {sample['exact']} of {exact} voxels are exact in the textures"
                )
                if says["badge"]:
                    self.require(sample["picture"] == reference, f"{at}: EXACT over another picture than the exact one")
                    self.require(not sample["isMarked"], f"{at}: the watermark is gone once all is exact")
            elif not sample["isBlack"]:
                self.require(sample["isMarked"], f"{at}: a picture that is not called exact has the watermark ({sample['head']})")
                self.require(
                    "not for diagnosis" in sample["body"], f"{at}: a preview is said to be not for diagnosis: {sample['body']}"
                )
            for text in (sample["legend"][3], shows(sample["body"])):
                share = percentage(text)
                if share is not None and exact:
                    self.require(
                        share <= 100 * sample["exact"] / exact + 0.01,
                        f"{at}: says {text}, shows {100 * sample['exact'] / exact:.1f} %",
                    )
        return claims


def shows(body: str) -> str:
    found = re.search(r"this page shows (\d+ %)", body)
    return found.group(1) if found else ""


def percentage(text: str) -> int | None:
    found = re.fullmatch(r"(\d+) %", text)
    return int(found.group(1)) if found else None
