#!/usr/bin/env python3
"""Opens the view in a headless Chromium on a slow link, on a slow processor, while receivers die and sessions are chosen, and
compares at every frame what the page says with what its canvases show. Prints a line of JSON for each check; ends with 1 where one
failed, with 77 where there is no Chromium, or no WebGL 2.

Usage: Scripts/view_claims.py [CHECK ...]
"""

import json
import re
import sys
import tempfile
import time

import browser
import programs
from programs import PROJECT
from view import Transfer
from view_orientation import orientation
from view_stage import NEXT_FRAMES, Failed, Stage, shows
from view_states import state_alone

RECORDER = (PROJECT / "Scripts" / "view_recorder.js").read_text()
TIME = r"\d\d:\d\d:\d\d"


def behind(stage: Stage) -> None:
    """On a slow link the page says that all has arrived at the receiver, and what it shows of it; exact comes with the last voxel
    drawn.
    """
    stage.open()
    stage.throttle(200_000, 40)
    stage.forget()
    sender = stage.send("slow-link", 1, wait=False)
    stage.choose("slow-link")
    sender.event("summary")
    stage.page.wait("document.getElementById('banner-head').textContent.startsWith('All has arrived')", 60)
    stage.wait_exact("slow-link")
    samples = [sample for sample in stage.samples() if sample["who"] == "slow-link"]
    claims = stage.agree(samples, "slow link")
    stage.require(claims, "the page says exact in the end")
    honest = {shows(sample["body"]) for sample in samples if sample["head"] == "All has arrived at the receiver;"}
    stage.require(honest - {""}, f"behind, the page says how much it shows: {honest}")
    stage.throttle()


def busy(stage: Stage) -> None:
    """On a slow processor the legend is about what the planes show, not what was fetched."""
    stage.open()
    stage.slow_down(4)
    stage.forget()
    sender = stage.send("slow-processor", 2, wait=False)
    stage.choose("slow-processor")
    sender.event("summary")
    stage.wait_exact("slow-processor")
    stage.slow_down(1)
    stage.agree([sample for sample in stage.samples() if sample["who"] == "slow-processor"], "slow processor")


def choosing(stage: Stage) -> None:
    """Choosing a session takes the one before off the page first, and what belongs to another is refused."""
    stage.need("slow-link", 1)
    stage.need("slow-processor", 2)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    before = stage.samples()[-1]
    stage.throttle(100_000, 100)
    stage.forget()
    stage.choose("slow-processor")
    stage.wait_exact("slow-processor")
    samples = stage.samples()
    mine = [sample for sample in samples if sample["who"] == "slow-processor"]
    first = mine[0]
    stage.require(
        first["isBlack"] and first["badge"] == "none" and first["legend"] == ["–"] * 4, f"at first nothing is shown: {first}"
    )
    stage.require(
        not first["readout"] and not first["requests"] and (not first["elapsed"] or first["elapsed"] != before["elapsed"]),
        f"no figure of the other session stays: {first}",
    )
    stage.require(
        all(sample["picture"] != before["picture"] for sample in mine), "never is one session's picture under another's name"
    )
    stage.require(
        all(sample["legend"] == ["–"] * 4 for sample in mine if sample["isBlack"]), "without a picture the legend is empty"
    )
    stage.agree(mine, "another session")
    stage.throttle()
    # A lossy one between two exact ones keeps its watermark.
    stage.send("region-only", 3, "--until", "roi")
    stage.choose("region-only")
    stage.page.wait("document.getElementById('banner-head').textContent === 'Lossy, as sent.' && fovea.planes.drawn")
    stage.page.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    lossy = stage.samples()[-1]
    stage.require(
        lossy["isMarked"] and lossy["badge"] == "amber" and "Lossy" in lossy["title"], f"lossy has its watermark: {lossy}"
    )
    stage.on_screen("a lossy volume")
    # Somebody else's voxels on the planes: an error of the page's own.
    stage.require(
        stage.page.value("__fovea.refused") == 0, f"nothing had to be refused so far: {stage.page.value('__fovea.refusals')}"
    )
    stage.page.value(
        "fovea.planes.voxels = Object.assign(Object.create(Object.getPrototypeOf(fovea.voxels)), fovea.voxels, "
        "{owner: {...fovea.voxels.owner, session: 'somebody-else'}}); fovea.planes.draw(true); 0"
    )
    stage.page.wait("__fovea.refused > 0 && __record.samples.at(-1).isBlack")
    stage.page.value("fovea.choose('region-only', 0); 0")
    stage.page.wait("fovea.planes.drawn && !__record.samples.at(-1).isBlack")
    refused = stage.page.value(
        "(() => { const { refused } = __fovea; "
        "fovea.outline.requests = { ...fovea.outline.requests, owner: { ...fovea.chosen, session: 'somebody-else' } }; "
        "fovea.outline.draw(); return __fovea.refused - refused; })()"
    )
    stage.require(refused > 0, "an overlay of another session is refused")
    stage.require(any("somebody-else" in fault for fault in stage.page.faults()), "the console says what was refused")
    stage.require(
        all("refused" in fault for fault in stage.page.faults()),
        f"a refusal brings down nothing of the page: {stage.page.faults()}",
    )
    stage.page.messages.clear()


def arriving(stage: Stage) -> None:
    """A page opens on what arrives; what begins to arrive is announced and takes no place; a reload keeps the choice."""
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.send("urgent", 4, is_direct=False, wait=False)
    stage.page.wait("!document.getElementById('arrival').hidden")
    said = stage.page.value(
        "({title: document.title, bar: document.getElementById('arrival-name').textContent, "
        "who: document.getElementById('banner-who')?.textContent, "
        f"row: {stage.row('urgent')}.classList.contains('announced')}})"
    )
    stage.require(
        said == {"title": "New: urgent · Exact, verified · Fovea", "bar": "urgent", "who": "slow-link", "row": True},
        f"the arrival is announced: {said}",
    )
    stage.transfer.hold()
    # One that is newer, and no longer arrives.
    stage.send("newest", 5)
    stage.page.call("Page.reload")
    stage.wait_exact("slow-link")
    stage.open()
    stage.page.wait("document.getElementById('banner-who')?.textContent === 'urgent'")
    stage.require(
        stage.page.value("document.body?.dataset.state") != "exact",
        "a page opened late shows what arrives, not an old one in green",
    )
    stage.require(
        stage.page.value("Notification.permission") != "granted" and stage.page.value("!document.getElementById('notify') || true"),
        "nobody was asked",
    )
    stage.require(stage.page.value("document.getElementById('arrival').hidden"), "what is looked at is not announced")
    stage.transfer.hold(False)
    stage.wait_exact("urgent")
    # One that has come and gone in a moment is announced as well, until somebody has seen it.
    stage.send("moment", 6)
    stage.page.wait(
        "!document.getElementById('arrival').hidden && document.getElementById('arrival-name').textContent === 'moment'"
    )
    stage.page.value("document.getElementById('arrival-later').click()")
    stage.require(stage.page.value("document.getElementById('arrival').hidden"), "put off, it is announced no more")


def messages(stage: Stage) -> None:
    """The words on a request that failed go with the next one, and with the session."""
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.page.value(
        "fovea.requests.send({ session: 'slow-link', index: 0, timepoint: 0 }, [0, 10, 0, 10, 0, 10], () => true).then(() => true)"
    )
    stage.require(
        stage.page.value("document.getElementById('requests-message').textContent") != "", "a request that failed says so"
    )
    stage.page.value(f"fovea.planes.draw(true); {NEXT_FRAMES}")
    stage.require(
        "not requested" not in stage.page.value("document.getElementById('banner-text').textContent"), "and leaves the banner alone"
    )
    stage.choose("slow-link")
    stage.require(
        stage.page.value("document.getElementById('requests-message').textContent") == "", "the message goes with the session"
    )
    stage.wait_exact("slow-link")
    stage.page.messages.clear()


def lost(stage: Stage) -> None:
    """A receiver that dies during the fetch leaves a preview whose banner says so; the next one shows the same session from its
    files.
    """
    stage.need("slow-link", 1)
    stage.need("slow-processor", 2)
    stage.choose("slow-link")
    stage.throttle(100_000, 40)
    stage.choose("slow-processor")
    stage.page.wait(
        "document.getElementById('banner-body').textContent.startsWith('this page shows') && "
        "__record.samples.at(-1).who === 'slow-processor' && __record.samples.at(-1).exact > 0 && "
        "document.body?.dataset.state !== 'exact'"
    )
    stage.forget()
    stage.transfer.kill()
    stage.page.wait("document.body?.dataset.state === 'lost'")
    time.sleep(0.5)
    samples = [sample for sample in stage.samples() if sample["state"] == "lost"]
    for sample in samples:
        stage.require(
            sample["head"] == "Connection to the receiver lost;", f"the banner says that the connection is lost: {sample['head']}"
        )
        stage.require(
            re.search(f"this page shows what it had at {TIME}: \\d+ %, not for diagnosis", sample["body"]),
            f"and what is shown: {sample['body']}",
        )
        stage.require(
            sample["isMarked"] and sample["badge"] == "amber" and "Exact" not in sample["title"],
            f"what was a preview stays one: {sample}",
        )
    stage.throttle()
    stage.transfer.restart()
    stage.wait_exact("slow-processor")
    stage.transfer.kill()
    stage.page.wait("document.body?.dataset.state === 'lost'")
    said = stage.page.value("document.getElementById('banner-text').textContent")
    stage.require(
        re.search(
            f"Connection to the receiver lost; this page shows what it had at {TIME}: exact and verified then",
            " ".join(said.split()),
        ),
        f"an exact picture without a receiver is exact as of then: {said}",
    )
    stage.transfer.restart()
    stage.wait_exact("slow-processor")
    stage.page.messages.clear()


def listed(stage: Stage) -> None:
    """Every session in the folder is in the list with its true state, also from before a restart, and can be opened."""
    for number, session in enumerate(("slow-link", "slow-processor"), 1):
        stage.need(session, number)
    stage.need("region-only", 3, "--until", "roi")
    expected = {
        "ras": "exact",
        "lps": "exact",
        "sagittal": "exact",
        "slow-link": "exact",
        "slow-processor": "exact",
        "region-only": "lossy",
        "urgent": "exact",
        "newest": "exact",
        "moment": "exact",
    }
    expected = {name: state for name, state in expected.items() if name in stage.sent}
    stage.page.wait(f"document.querySelectorAll('#sessions button').length >= {len(expected)}")
    for session, state in expected.items():
        stage.choose(session)
        if state == "exact":
            stage.wait_exact(session)
        else:
            stage.page.wait("document.getElementById('banner-head').textContent === 'Lossy, as sent.'")
            stage.page.wait("__record.samples.at(-1).isMarked && !__record.samples.at(-1).isBlack")
        text = stage.page.value(f"{stage.row(session)}.lastChild.textContent")
        stage.require(text == state, f"{session} is listed as {state}: {text}")


def picture_lost(stage: Stage) -> None:
    """A browser that takes the picture's memory away is not told to show something exact."""
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.forget()
    stage.page.value("fovea.planes.nv.gl.getExtension('WEBGL_lose_context').loseContext(); 0")
    stage.page.wait("document.body?.dataset.state === 'failed'")
    said = stage.page.value("document.getElementById('banner-text').textContent")
    stage.require("lost the picture" in said, f"the page says that the picture is gone: {said}")
    stage.page.messages.clear()


def fault(stage: Stage) -> None:
    """A page that fails of itself says so; it leaves no claim over a picture it can say nothing of."""
    stage.open()
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.page.value("fovea.sessionList.draw = () => { throw new Error('made to fail'); }; fovea.planes.draw(true); 0")
    stage.page.wait("document.body?.dataset.state === 'failed' && __record.samples.at(-1).isMarked")
    last = stage.samples()[-1]
    stage.require(
        last["badge"] == "amber" and "fault" in last["head"] and "Exact" not in last["title"], f"nothing is called exact: {last}"
    )
    stage.page.messages.clear()


CHECKS = [orientation, state_alone, behind, busy, choosing, arriving, messages, lost, listed, picture_lost, fault]

LETTERS = """window.__letters = []; { const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  if (/^[RLAPSI]$/.test(text)) { __letters.push([text, x, y]); if (__letters.length > 200) __letters.splice(0, 100); }
  return fillText.apply(this, arguments); }; }"""


def main() -> int:
    wanted = sys.argv[1:]
    if not browser.program():
        print("view: no Chromium is installed", file=sys.stderr)
        return 77
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="fovea-view-") as folder,
        Transfer(folder, programs.link_file(folder, "300 kbit/s", 60, queue="64 KiB")) as transfer,
        browser.Browser() as page,
    ):
        page.call("Page.addScriptToEvaluateOnNewDocument", source=RECORDER + LETTERS)
        stage = Stage(transfer, page)
        stage.open()
        if not page.value("Boolean(document.createElement('canvas').getContext('webgl2'))"):
            print("view: this Chromium has no WebGL 2", file=sys.stderr)
            return 77
        for check in CHECKS:
            if wanted and check.__name__ not in wanted:
                continue
            start = time.monotonic()
            stage.failures = []
            try:
                check(stage)
                stage.failures += [f"the console stays empty: {fault}" for fault in page.faults()]
            except (Failed, TimeoutError, RuntimeError) as error:
                said = page.value("document.getElementById('banner-text')?.textContent")
                stage.failures.append(f"{error} (the page says: {said})")
            page.messages.clear()
            failed += bool(stage.failures)
            shown = stage.failures[:8] + ([f"and {len(stage.failures) - 8} more"] if len(stage.failures) > 8 else [])
            print(
                json.dumps({"check": check.__name__, "seconds": round(time.monotonic() - start, 1), "failures": shown}), flush=True
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
