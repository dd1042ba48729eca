#!/usr/bin/env python3
"""Opens the view in a headless Chromium while a volume arrives, and says what a physician would have seen. Ends with an error where
that is not what it should be; with 77 where there is no Chromium, or no WebGL 2."""

import argparse
import json
import sys
import tempfile
from typing import Any, NamedTuple

import browser
import programs
from browser import Browser, Screen
from programs import Event
from view import Transfer

STEPS = (
    "({now: performance.now(), origin: performance.timeOrigin, state: document.body.dataset.state, title: document.title, "
    "text: document.getElementById('banner-text').textContent, counts: fovea.voxels?.counts, seen: fovea.seen, "
    "file: document.getElementById('download-volume').textContent, planes: fovea.planes.stats, solid: fovea.rendering.stats})"
)


# Whatever the page ever says, noted by the page itself: asking from here would miss what stands for a tenth of a second.
WATCH = (
    "window.steps = []; new MutationObserver(() => steps.push({state: document.body.dataset.state, title: document.title, "
    "text: document.getElementById('banner-text').textContent, file: document.getElementById('download-volume').textContent, "
    "shares: [0, 1, 2, 3].map((quality) => document.getElementById(`share-${quality}`).textContent)})).observe("
    "document.documentElement, {subtree: true, childList: true, characterData: true, attributes: true, "
    "attributeFilter: ['data-state']}); true"
)

# The box that the page asks for, of the volume's own voxels.
BOX = "[88, 124, 50, 88, 40, 66]"


# The page at one moment.
Step = dict[str, Any]


class Checks:
    """All that was found not to be so."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def require(self, condition: object, sentence: str) -> None:
        if not condition:
            self.failed.append(sentence)
            print(f"view: not so: {sentence}", file=sys.stderr)


class Seen(NamedTuple):
    """All that was seen of a transfer, in the page and of the programs."""

    # The page's state before there was a sender, and the page once the region, all of the volume, and all of it exact was shown.
    state: str
    first: Step
    whole: Step
    last: Step
    # Everything that the page ever said.
    steps: list[Step]
    requests: list[str]
    download: str | None
    region_requests: str
    faults: list[str]
    # Both ends' events by their names.
    events: dict[str, Event]


def arrival(transfer: Transfer, page: Browser, shape: str) -> Seen:
    """Sends a head, and asks for a box of it as soon as its region is on the page."""
    volume, mask = transfer.phantom(shape)
    page.wait("document.querySelector('#connection.live')")
    state = page.value("document.body.dataset.state")
    page.value(WATCH)
    sender = transfer.send(volume, mask, "check")
    page.wait("fovea.voxels")
    page.value("fovea.planes.stats.longest = 0; fovea.rendering.stats.longest = 0")
    page.wait("fovea.seen.roi")
    first = page.value(STEPS)
    page.value(f"fovea.requests.send({{ session: 'check', index: 0, timepoint: 0 }}, {BOX})")
    page.wait("fovea.volume.milestones.background_complete != null && fovea.voxels.counts[0] === 0")
    page.key("q")
    page.value("new Promise(requestAnimationFrame).then(() => true)")
    whole = page.value(STEPS)
    page.value("fovea.planes.stats.longest = 0; fovea.rendering.stats.longest = 0")
    page.wait("document.body.dataset.state === 'exact'")
    page.wait(
        "String(fovea.voxels.revisions) === String(fovea.volume.revisions) && "
        "document.getElementById('share-3').textContent === '100 %'"
    )
    last = page.value(STEPS)
    requests = page.value(
        "performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/patches'))"
        ".map((entry) => new URL(entry.name).search)"
    )
    download = page.value(
        "fetch('/volume/check/0/file', {method: 'HEAD'}).then((answer) => answer.headers.get('content-disposition'))"
    )
    mine, theirs = ("focus_asked", "focus_queued", "focus_acknowledged"), ("focus_shown", "volume_lossless", "roi_complete")
    return Seen(
        state,
        first,
        whole,
        last,
        page.value("steps"),
        requests,
        download,
        page.value("document.getElementById('requests-list').textContent"),
        page.faults(),
        {name: sender.event(name) for name in mine} | {name: transfer.receiver.event(name) for name in theirs},
    )


def judge_words(seen: Seen, checks: Checks) -> None:
    """Looks at all that the page said on the way."""
    steps = seen.steps
    checks.require(seen.state == "waiting", "a page without a sender waits")
    previews = [step for step in steps if step["state"] == "preview"]
    checks.require(previews, "what is not exact is called a preview")
    checks.require(all("not for diagnosis" in step["text"] for step in previews), "every preview is said to be not for diagnosis")
    checks.require(all(step["title"].startswith("Incomplete") for step in previews), "the title of an incomplete volume says so")
    behind = [step for step in previews if step["text"].startswith("All has arrived")]
    checks.require(
        all(step["file"] == "volume.partial.nii.gz" for step in previews if step not in behind),
        "an incomplete volume's file is called partial",
    )

    def begins(quality: int) -> int:
        return next((place for place, step in enumerate(steps) if step["shares"][quality] not in ("–", "0 %")), len(steps))

    checks.require(begins(2) <= begins(1), "the region of interest is on the page before the background")
    missing = [step["shares"][0] for step in steps if step["shares"][0].endswith("%")]
    checks.require(any(share != "0 %" for share in missing) and missing[-1] == "0 %", "the legend goes from not arrived to arrived")


def judge_end(seen: Seen, checks: Checks) -> None:
    """Looks at the page once all was there, and at what it asked for."""
    whole, last = seen.whole, seen.last
    checks.require(whole["counts"][0] == 0, "with the background there nothing is missing")
    checks.require(last["counts"][:3] == [0, 0, 0], "the legend ends at exact")
    checks.require(last["text"].startswith("Exact, verified"), "the banner ends at exact, verified")
    checks.require(last["title"].startswith("Exact, verified"), "and so does the title")
    checks.require(
        last["file"] == "volume.nii.gz" and 'filename="phantom-1_flair.nii.gz"' in (seen.download or ""),
        "the exact file has its own name",
    )
    checks.require(len(seen.requests) == len(set(seen.requests)), "nothing is fetched twice")
    asked, queued, acknowledged = (seen.events[name]["at"] for name in ("focus_asked", "focus_queued", "focus_acknowledged"))
    checks.require(asked <= queued <= acknowledged, "the sender puts what was asked for first, and hears that it is shown")
    checks.require(
        seen.events["focus_shown"]["at"] < seen.events["volume_lossless"]["at"],
        "what was asked for is shown before the volume is exact",
    )
    checks.require("at ROI quality in" in seen.region_requests, f"the page says what became of the request: {seen.region_requests}")
    checks.require(not seen.faults, f"the console stays empty: {seen.faults}")


def figures_of(seen: Seen) -> dict[str, Any]:
    first, whole, last = seen.first, seen.whole, seen.last
    return {
        "roi_to_page_seconds": round((first["origin"] + first["seen"]["roi"]) / 1000 - seen.events["roi_complete"]["at"], 3),
        "longest_frame_ms": {
            "to background": round(whole["planes"]["longest"], 1),
            "to exact": round(last["planes"]["longest"], 1),
        },
        "longest_3d_frame_ms": {
            "to background": round(whole["solid"]["longest"], 1),
            "to exact": round(last["solid"]["longest"], 1),
        },
        "frames": last["planes"]["draws"],
        "patches": len(seen.requests),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", default="160x160x104", help="of the head that is sent")
    parser.add_argument("--link", help="a slow one, of 250 kbit/s, unless given")
    parser.add_argument("--phone", action="store_true", help="390 pixels wide, with fingers")
    options = parser.parse_args()
    if not browser.program():
        print("view: no Chromium is installed", file=sys.stderr)
        return 77
    screen = Screen(390, 844, 2, is_touch=True) if options.phone else Screen()
    with (
        tempfile.TemporaryDirectory(prefix="fovea-view-") as folder,
        Transfer(folder, options.link or programs.link_file(folder, "250 kbit/s", 80, queue="64 KiB")) as transfer,
        Browser(screen) as page,
    ):
        page.open(transfer.page)
        page.wait("document.readyState === 'complete'")
        if not page.value("Boolean(document.createElement('canvas').getContext('webgl2'))"):
            print("view: this Chromium has no WebGL 2", file=sys.stderr)
            return 77
        seen = arrival(transfer, page, options.shape)
    checks = Checks()
    judge_words(seen, checks)
    judge_end(seen, checks)
    print(json.dumps(figures_of(seen)))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
