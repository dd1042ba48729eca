#!/usr/bin/env python3
"""Opens the view in a headless Chromium while a volume arrives, and says what a physician would have seen. Ends with an error where that
is not what it should be; with 77 where there is no Chromium, or no WebGL 2."""

import argparse
import json
import sys
import tempfile

import browser
from view import Transfer

STEPS = "({now: performance.now(), origin: performance.timeOrigin, state: document.body.dataset.state, title: document.title, " \
    "text: document.getElementById('banner-text').textContent, counts: fovea.voxels?.counts, seen: fovea.seen, " \
    "file: document.getElementById('download-volume').textContent, planes: fovea.planes.stats, solid: fovea.rendering.stats})"


# What the page asks for, of the volume's own voxels.
BOX = "[52, 76, 30, 54, 24, 40]"


class Checks:
    def __init__(self):
        self.failed = []

    def require(self, condition, sentence):
        if not condition:
            self.failed.append(sentence)
            print(f"view: not so: {sentence}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", default="96x96x62", help="of the head that is sent")
    parser.add_argument("--link", default="rural-4g")
    parser.add_argument("--phone", action="store_true", help="390 pixels wide, with fingers")
    options = parser.parse_args()
    if not browser.program():
        print("view: no Chromium is installed", file=sys.stderr)
        return 77
    checks = Checks()
    size = (390, 844, 2, True) if options.phone else (1280, 720, 1, False)
    with tempfile.TemporaryDirectory(prefix="fovea-view-") as folder, Transfer(folder, options.link) as transfer, browser.Browser(*size) as page:
        volume, mask = transfer.phantom(options.shape)
        page.open(transfer.page)
        page.wait("document.readyState === 'complete'")
        if not page.value("Boolean(document.createElement('canvas').getContext('webgl2'))"):
            print("view: this Chromium has no WebGL 2", file=sys.stderr)
            return 77
        page.wait("document.querySelector('#connection.live')")
        checks.require(page.value("document.body.dataset.state") == "waiting", "a page without a sender waits")
        sender = transfer.send(volume, mask, "check")
        page.wait("fovea.voxels")
        page.value("fovea.planes.stats.longest = 0; fovea.rendering.stats.longest = 0")
        page.wait("fovea.seen.roi")
        first = page.value(STEPS)
        page.value(f"fovea.requests.send('check', 0, {BOX})")
        page.wait("fovea.volume.milestones.background_complete != null && fovea.voxels.counts[0] === 0")
        page.key("q")
        page.value("new Promise(requestAnimationFrame).then(() => true)")
        whole = page.value(STEPS)
        page.value("fovea.planes.stats.longest = 0; fovea.rendering.stats.longest = 0")
        page.wait("document.body.dataset.state === 'exact'")
        page.wait("String(fovea.voxels.revisions) === String(fovea.volume.revisions) && document.getElementById('share-3').textContent === '100 %'")
        last = page.value(STEPS)
        requests = page.value("performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/patches')).map((entry) => new URL(entry.name).search)")
        download = page.value(f"fetch('/volume/check/0/file', {{method: 'HEAD'}}).then((answer) => answer.headers.get('content-disposition'))")
        wishes = page.value("document.getElementById('requests-list').textContent")
        faults = page.faults()
        asked, queued, acknowledged = (sender.event(name) for name in ("focus_asked", "focus_queued", "focus_acknowledged"))
        shown, exact = (transfer.receiver.event(name) for name in ("focus_shown", "volume_lossless"))
        roi = transfer.receiver.event("roi_complete")["at"]

    checks.require(first["state"] == "preview" and "not for diagnosis" in first["text"], "a region alone is said to be not for diagnosis")
    checks.require(first["title"].startswith("Incomplete"), "the title of an incomplete volume says so")
    checks.require(first["file"] == "volume.partial.nii.gz", "an incomplete volume's file is called partial")
    checks.require(first["seen"].get("background", 1e12) >= first["seen"]["roi"], "the region of interest is on the page before the background")
    checks.require(first["counts"][0] > 0 and whole["counts"][0] == 0, "the legend goes from not arrived to arrived")
    checks.require(last["counts"][:3] == [0, 0, 0], "the legend ends at exact")
    checks.require(last["text"].startswith("Exact, verified"), "the banner ends at exact, verified")
    checks.require(last["title"].startswith("Exact, verified"), "and so does the title")
    checks.require(last["file"] == "volume.nii.gz" and 'filename="phantom-1_flair.nii.gz"' in (download or ""), "the exact file has its own name")
    checks.require(len(requests) == len(set(requests)), "nothing is fetched twice")
    checks.require(asked["at"] <= queued["at"] <= acknowledged["at"], "the sender puts what was asked for first, and hears that it is shown")
    checks.require(shown["at"] < exact["at"], "what was asked for is shown before the volume is exact")
    checks.require("at ROI quality in" in wishes, f"the page says what became of the wish: {wishes}")
    checks.require(not faults, f"the console stays empty: {faults}")
    figures = {
        "roi_to_page_seconds": round((first["origin"] + first["seen"]["roi"]) / 1000 - roi, 3),
        "longest_frame_ms": {"to background": round(whole["planes"]["longest"], 1), "to exact": round(last["planes"]["longest"], 1)},
        "longest_3d_frame_ms": {"to background": round(whole["solid"]["longest"], 1), "to exact": round(last["solid"]["longest"], 1)},
        "frames": last["planes"]["draws"], "patches": len(requests),
    }
    print(json.dumps(figures))
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
