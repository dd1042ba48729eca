#!/usr/bin/env python3
"""Writes pictures of the view to Docs/images: the region of interest there, the background too, all exact; and a phone's."""

import sys
import tempfile
import time

import browser
from browser import Screen
from programs import PROJECT
from view import Transfer

IMAGES = PROJECT / "Docs" / "images"


def pictures(folder: str, screen: Screen, names: tuple[str, ...], prefix: str) -> None:
    with Transfer(folder, "bad-3g") as transfer, browser.Browser(screen) as page:
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


def main() -> int:
    if not browser.program():
        print("screenshots: no Chromium is installed", file=sys.stderr)
        return 77
    IMAGES.mkdir(exist_ok=True)
    for screen, names, prefix in [
        (Screen(), ("roi", "background", "exact"), "view"),
        (Screen(390, 844, is_touch=True), ("background",), "view-phone"),
    ]:
        with tempfile.TemporaryDirectory(prefix="fovea-view-") as folder:
            pictures(folder, screen, names, prefix)
    return 0


if __name__ == "__main__":
    sys.exit(main())
