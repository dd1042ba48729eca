#!/usr/bin/env python3
"""Writes pictures of the view to Docs/images: the region of interest there, the background too, all exact; and a phone's."""

import pathlib
import sys
import tempfile
import time

import browser
from view import ROOT, Transfer

IMAGES = ROOT / "Docs" / "images"


def pictures(folder, size, names, prefix):
    with Transfer(folder, "bad-3g") as transfer, browser.Browser(*size) as page:
        volume, mask = transfer.phantom()
        page.open(transfer.page)
        page.wait("window.fovea?.planes.nv && document.querySelector('#connection.live')")
        transfer.send(volume, mask, "flair-1")
        waits = {
            "roi": "fovea.volume?.milestones.roi_complete != null && fovea.seen.roi",
            "background": "fovea.volume?.milestones.background_complete != null && fovea.voxels.counts[0] === 0",
            "exact": "document.body.dataset.state === 'exact' && String(fovea.voxels.revisions) === String(fovea.volume.revisions)",
        }
        for name, condition in waits.items():
            page.wait(condition, 120)
            if name != "exact":
                transfer.hold()
            if name == "background":
                page.key("q")
            if name == "exact":
                page.key("q")
            time.sleep(2)
            if name in names:
                page.picture(IMAGES / f"{prefix}-{name}.png")
            transfer.hold(False)


def main():
    if not browser.program():
        print("screenshots: no Chromium is installed", file=sys.stderr)
        return 77
    pathlib.Path(IMAGES).mkdir(exist_ok=True)
    for size, names, prefix in [
        ((1280, 720, 1, False), ("roi", "background", "exact"), "view"),
        ((390, 844, 1, True), ("background",), "view-phone"),
    ]:
        with tempfile.TemporaryDirectory(prefix="fovea-view-") as folder:
            pictures(folder, size, names, prefix)
    return 0


if __name__ == "__main__":
    sys.exit(main())
