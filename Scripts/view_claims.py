#!/usr/bin/env python3
"""Opens the view in a headless Chromium on a slow link, on a slow processor, while receivers die and sessions are chosen, and compares at
every frame what the page says with what its canvases show. Prints a line of JSON for each check; ends with 1 where one failed, with 77
where there is no Chromium, or no WebGL 2.

Usage: Scripts/view_claims.py [CHECK ...]
"""

import base64
import json
import pathlib
import re
import sys
import tempfile
import time

import browser
import view_volumes
from view import ROOT, Transfer
from view_stage import Failed, Stage, shows

RECORDER = (ROOT / "Scripts" / "view_recorder.js").read_text()
TIME = r"\d\d:\d\d:\d\d"


def orientation(stage):
    """The picture is the file's, neither mirrored nor turned: pixels, letters and the value under the crosshair, for three orders of axes."""
    for name, order in view_volumes.ORDERS.items():
        path = stage.transfer.folder / f"{name}.nii"
        box = view_volumes.write(path, order)
        stage.transfer.send(path, None, name, "--box", box, is_direct=True).event("summary")
        stage.sent.add(name)
        stage.choose(name)
        stage.wait_exact(name)
        tiles = json.loads(stage.page.value(PIXELS))
        for plane, through, tile in zip(view_volumes.PLANES, (19, 30, 26), tiles):
            compare(stage, f"{name}, {plane}", view_volumes.slice_values(plane, through), tile)
        # Seen from the feet, a cube on the patient's right and at the front is at the top left of the axial plane.
        for words, bright in (("right, front, up", 1900), ("left, back", None)):
            x, y, tile = *place_of(tiles[0], words), tiles[0]
            stage.page.drag((tile["left"] + x, tile["top"] + y + tile["offset"]), (tile["left"] + x, tile["top"] + y + tile["offset"]), steps=1)
            stage.page.wait("fovea.planes.pending.length === 0")
            readout = stage.page.value("document.getElementById('readout').textContent")
            expected = bright or view_volumes.value(11, 10, 19)
            stage.require(f") {expected}  exact" in readout, f"{name}: {words} is {expected} in the file, the page reads {readout!r}")
        letters = stage.page.value("__letters.slice(-24)")
        for letter, is_left in (("R", True), ("L", False)):
            places = [x for text, x, y in letters if text == letter]
            stage.require(places and all((x % 475 < 100) == is_left for x in places), f"{name}: {letter} stands on its side: {places}")


PIXELS = f"""(() => {{
  fovea.shading.set({view_volumes.stored(0)}, {view_volumes.stored(2000)});""" + """ fovea.planes.refreshAll();
  while (fovea.planes.pending.length) fovea.planes.uploadVisible(), fovea.planes.pending.length = 0;
  fovea.planes.nv.drawScene();
  const planes = document.getElementById('planes');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [planes.width, planes.height];
  const context = canvas.getContext('2d');
  context.drawImage(planes, 0, 0);
  const [w, h] = [canvas.width >> 1, canvas.height >> 1];
  return JSON.stringify([[0, 0], [w, 0], [0, h]].map(([left, top]) => {
    const { data } = context.getImageData(left + 2, top + 2, w - 4, h - 4);
    let text = '';
    for (let place = 0; place < data.length; place += 4) text += String.fromCharCode(data[place]);
    return { left: left + 2, top: top + 2, width: w - 4, offset: planes.getBoundingClientRect().top, greys: btoa(text) };
  }));
})()"""


def body_of(tile):
    """Where the body is on a tile: left, top, width, height in pixels; and its rows."""
    width = tile["width"]
    greys = base64.b64decode(tile["greys"])
    rows = [greys[start:start + width] for start in range(0, len(greys), width)]
    lit = [index for index, row in enumerate(rows) if max(row) > 60]
    columns = [index for index in range(width) if any(row[index] > 60 for row in rows[lit[0]:lit[-1] + 1])] if lit else []
    if not columns:
        raise Failed("a plane is black")
    return columns[0], lit[0], columns[-1] + 1 - columns[0], lit[-1] + 1 - lit[0], rows


def place_of(tile, words):
    left, top, width, height, _ = body_of(tile)
    (x0, x1), (y0, y1), _ = view_volumes.BODY
    (x, y) = (26, 30) if words.startswith("right") else (11, 10)
    return left + (x1 - x - 0.5) / (x1 - x0) * width, top + (y1 - y - 0.5) / (y1 - y0) * height


def compare(stage, what, expected, tile):
    left, top, width, height, rows = body_of(tile)
    good = count = 0
    # The outermost voxels run into the black around them.
    for j, line in list(enumerate(expected))[1:-1]:
        for i, stored in list(enumerate(line))[1:-1]:
            grey = rows[int(top + (j + 0.5) / len(expected) * height)][int(left + (i + 0.5) / len(line) * width)]
            good += abs(grey - 255 * min(1, stored / 2000)) <= 8
            count += 1
    stage.require(good > 0.97 * count, f"{what}: {good} of {count} voxels look as they do in the file")


def state_alone(stage):
    """Neither the receipt nor what was fetched nor what was drawn makes the page say exact: only all of them."""
    cases = json.loads(stage.page.value(CASES))
    for name, state in cases.items():
        is_exact = name == "all"
        stage.require(state["isExact"] == is_exact, f"{name}: exact is {state['isExact']}")
        stage.require(("EXACT · VERIFIED" in state["badge"]) == is_exact, f"{name}: the badge says {state['badge']}")
        stage.require((state["watermark"] == "") == (is_exact or name == "another's picture, nothing of this one" and not state["badge"]), f"{name}: the watermark is {state['watermark']!r}")
        stage.require(state["title"].startswith("Exact") == is_exact, f"{name}: the title is {state['title']}")


CASES = """(async () => {
  const { viewState } = await import('/viewstate.js');
  const owner = { ticket: 1, session: 'a', index: 0, timepoint: 0, epoch: 1 };
  const volume = { index: 0, epoch: 1, revisions: [4, 9], goal: 'lossless', state: 'exact', is_exact: true, has_receipt: true, milestones: {},
    regions: [{ stage: 'exact', max_error: 0 }], background: { stage: 'exact', max_error: 0 }, shares: { roi: 1, background: 1 },
    completeness: { exact_voxels: 100, body_voxels: 100, share: 1, bytes: 1 } };
  const shown = { owner, revisions: [4, 9], counts: [[50, 0, 0, 0, 60], [0, 0, 0, 0, 40]], timepointCount: 1 };
  const session = { name: 'a', state: 'exact', volumes: [volume] };
  const input = { selection: owner, session, volume, shown, solid: true, link: { lostAt: null } };
  const say = (change) => viewState({ ...input, ...change });
  return JSON.stringify({
    all: say({}),
    'the receipt alone': say({ shown: { ...shown, revisions: [0, 0], counts: [[50, 60, 0, 0, 0], [0, 40, 0, 0, 0]] } }),
    'the last revision of the regions not fetched': say({ shown: { ...shown, revisions: [3, 9] } }),
    'the last revision of the rest not fetched': say({ shown: { ...shown, revisions: [4, 8] } }),
    'one voxel of the textures not exact': say({ shown: { ...shown, counts: [[50, 0, 1, 0, 59], [0, 0, 0, 0, 40]] } }),
    'one voxel of the region not exact': say({ shown: { ...shown, counts: [[50, 0, 0, 0, 60], [0, 0, 0, 1, 39]] } }),
    'the 3-D view not drawn': say({ solid: false }),
    'no receipt': say({ volume: { ...volume, is_exact: false, has_receipt: false, state: 'receiving' }, session: { ...session, state: 'receiving' } }),
    'a receipt that was not compared': say({ volume: { ...volume, is_exact: false, state: 'unverified' }, session: { ...session, state: 'unverified' } }),
    'files that are not the receipt\\'s': say({ volume: { ...volume, is_exact: false, state: 'failed' }, session: { ...session, state: 'failed' } }),
    'a lossy volume': say({ volume: { ...volume, is_exact: false, state: 'lossy' }, session: { ...session, state: 'lossy' } }),
    'another epoch': say({ volume: { ...volume, epoch: 2 } }),
    'the same volume chosen before': say({ shown: { ...shown, owner: { ...owner, ticket: 0 } } }),
    'another session\\'s picture': say({ shown: { ...shown, owner: { ...owner, session: 'b' } } }),
    'another time point': say({ shown: { ...shown, owner: { ...owner, timepoint: 1 } } }),
  });
})()"""


def behind(stage):
    """On a slow link the page says that all has arrived at the receiver, and what it shows of it; exact comes with the last voxel drawn."""
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


def busy(stage):
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


def choosing(stage):
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
    stage.require(first["isBlack"] and first["badge"] == "none" and first["legend"] == ["–"] * 4, f"at first nothing is shown: {first}")
    stage.require(not first["readout"] and not first["requests"] and (not first["elapsed"] or first["elapsed"] != before["elapsed"]), f"no figure of the other session stays: {first}")
    stage.require(all(sample["picture"] != before["picture"] for sample in mine), "never is one session's picture under another's name")
    stage.require(all(sample["legend"] == ["–"] * 4 for sample in mine if sample["isBlack"]), "without a picture the legend is empty")
    stage.agree(mine, "another session")
    stage.throttle()
    # A lossy one between two exact ones keeps its watermark.
    stage.send("region-only", 3, "--until", "roi")
    stage.choose("region-only")
    stage.page.wait("document.getElementById('banner-head').textContent === 'Lossy, as sent.' && fovea.planes.drawn")
    stage.page.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
    lossy = stage.samples()[-1]
    stage.require(lossy["isMarked"] and lossy["badge"] == "amber" and "Lossy" in lossy["title"], f"lossy has its watermark: {lossy}")
    stage.on_screen("a lossy volume")
    # Somebody else's voxels on the planes: an error of the page's own.
    stage.require(stage.page.value("__fovea.refused") == 0, f"nothing had to be refused so far: {stage.page.value('__fovea.refusals')}")
    stage.page.value("fovea.planes.voxels = Object.assign(Object.create(Object.getPrototypeOf(fovea.voxels)), fovea.voxels, "
                     "{owner: {...fovea.voxels.owner, session: 'somebody-else'}}); fovea.planes.draw(true); 0")
    stage.page.wait("__fovea.refused > 0 && __record.samples.at(-1).isBlack")
    stage.page.value("fovea.choose('region-only', 0); 0")
    stage.page.wait("fovea.planes.drawn && !__record.samples.at(-1).isBlack")
    refused = stage.page.value("(() => { const { refused } = __fovea; fovea.outline.requests = { ...fovea.outline.requests, owner: { ...fovea.chosen, session: 'somebody-else' } }; "
                               "fovea.outline.draw(); return __fovea.refused - refused; })()")
    stage.require(refused > 0, "an overlay of another session is refused")
    stage.require(any("somebody-else" in fault for fault in stage.page.faults()), "the console says what was refused")
    stage.require(all("refused" in fault for fault in stage.page.faults()), f"a refusal brings down nothing of the page: {stage.page.faults()}")
    stage.page.messages.clear()


def arriving(stage):
    """A page opens on what arrives; what begins to arrive is announced and takes no place; a reload keeps the choice."""
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.send("urgent", 4, is_direct=False, wait=False)
    stage.page.wait("!document.getElementById('arrival').hidden")
    said = stage.page.value("({title: document.title, bar: document.getElementById('arrival-name').textContent, who: document.getElementById('banner-who')?.textContent, "
                            f"row: {stage.row('urgent')}.classList.contains('announced')}})")
    stage.require(said == {"title": "New: urgent · Exact, verified · Fovea", "bar": "urgent", "who": "slow-link", "row": True}, f"the arrival is announced: {said}")
    stage.transfer.hold()
    # One that is newer, and no longer arrives.
    stage.send("newest", 5)
    stage.page.call("Page.reload")
    stage.wait_exact("slow-link")
    stage.open()
    stage.page.wait("document.getElementById('banner-who')?.textContent === 'urgent'")
    stage.require(stage.page.value("document.body?.dataset.state") != "exact", "a page opened late shows what arrives, not an old one in green")
    stage.require(stage.page.value("Notification.permission") != "granted" and stage.page.value("!document.getElementById('notify') || true"), "nobody was asked")
    stage.require(stage.page.value("document.getElementById('arrival').hidden"), "what is looked at is not announced")
    stage.transfer.hold(False)
    stage.wait_exact("urgent")
    # One that has come and gone in a moment is announced as well, until somebody has seen it.
    stage.send("moment", 6)
    stage.page.wait("!document.getElementById('arrival').hidden && document.getElementById('arrival-name').textContent === 'moment'")
    stage.page.value("document.getElementById('arrival-later').click()")
    stage.require(stage.page.value("document.getElementById('arrival').hidden"), "put off, it is announced no more")


def messages(stage):
    """What is said of a request that failed goes with the next one, and with the session."""
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.page.value("fovea.requests.send({ session: 'slow-link', index: 0, timepoint: 0 }, [0, 10, 0, 10, 0, 10], () => true).then(() => true)")
    stage.require(stage.page.value("document.getElementById('requests-message').textContent") != "", "a request that failed says so")
    stage.page.value("fovea.planes.draw(true); new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))")
    stage.require("not requested" not in stage.page.value("document.getElementById('banner-text').textContent"), "and leaves the banner alone")
    stage.choose("slow-link")
    stage.require(stage.page.value("document.getElementById('requests-message').textContent") == "", "the message goes with the session")
    stage.wait_exact("slow-link")
    stage.page.messages.clear()


def lost(stage):
    """A receiver that dies during the fetch leaves a preview whose banner says so; the next one shows the same session from its files."""
    stage.need("slow-link", 1)
    stage.need("slow-processor", 2)
    stage.choose("slow-link")
    stage.throttle(100_000, 40)
    stage.choose("slow-processor")
    stage.page.wait("document.getElementById('banner-body').textContent.startsWith('this page shows') && __record.samples.at(-1).who === 'slow-processor' && __record.samples.at(-1).exact > 0 && document.body?.dataset.state !== 'exact'")
    stage.forget()
    stage.transfer.kill()
    stage.page.wait("document.body?.dataset.state === 'lost'")
    time.sleep(0.5)
    samples = [sample for sample in stage.samples() if sample["state"] == "lost"]
    for sample in samples:
        stage.require(sample["head"] == "Connection to the receiver lost;", f"the banner says that the connection is lost: {sample['head']}")
        stage.require(re.search(f"this page shows what it had at {TIME}: \\d+ %, not for diagnosis", sample["body"]), f"and what is shown: {sample['body']}")
        stage.require(sample["isMarked"] and sample["badge"] == "amber" and "Exact" not in sample["title"], f"what was a preview stays one: {sample}")
    stage.throttle()
    stage.transfer.restart()
    stage.wait_exact("slow-processor")
    stage.transfer.kill()
    stage.page.wait("document.body?.dataset.state === 'lost'")
    said = stage.page.value("document.getElementById('banner-text').textContent")
    stage.require(re.search(f"Connection to the receiver lost; this page shows what it had at {TIME}: exact and verified then", " ".join(said.split())),
                  f"an exact picture without a receiver is exact as of then: {said}")
    stage.transfer.restart()
    stage.wait_exact("slow-processor")
    stage.page.messages.clear()


def listed(stage):
    """Every session in the folder is in the list with its true state, also from before a restart, and can be opened."""
    for number, session in enumerate(("slow-link", "slow-processor"), 1):
        stage.need(session, number)
    stage.need("region-only", 3, "--until", "roi")
    expected = {"ras": "exact", "lps": "exact", "sagittal": "exact", "slow-link": "exact", "slow-processor": "exact", "region-only": "lossy", "urgent": "exact", "newest": "exact", "moment": "exact"}
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


def picture_lost(stage):
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


def fault(stage):
    """A page that fails of itself says so; it leaves no claim over a picture it can say nothing of."""
    stage.open()
    stage.need("slow-link", 1)
    stage.choose("slow-link")
    stage.wait_exact("slow-link")
    stage.page.value("fovea.sessionList.draw = () => { throw new Error('made to fail'); }; fovea.planes.draw(true); 0")
    stage.page.wait("document.body?.dataset.state === 'failed' && __record.samples.at(-1).isMarked")
    last = stage.samples()[-1]
    stage.require(last["badge"] == "amber" and "fault" in last["head"] and "Exact" not in last["title"], f"nothing is called exact: {last}")
    stage.page.messages.clear()


CHECKS = [orientation, state_alone, behind, busy, choosing, arriving, messages, lost, listed, picture_lost, fault]

LETTERS = """window.__letters = []; { const { fillText } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  if (/^[RLAPSI]$/.test(text)) { __letters.push([text, x, y]); if (__letters.length > 200) __letters.splice(0, 100); }
  return fillText.apply(this, arguments); }; }"""


def slow_link(folder):
    path = pathlib.Path(folder) / "slow.yaml"
    path.write_text("rate: 300 kbit/s\nround_trip: 60 ms\nloss: 0 %\nqueue: 64 KiB\n")
    return path


def main():
    wanted = sys.argv[1:]
    if not browser.program():
        print("view: no Chromium is installed", file=sys.stderr)
        return 77
    failed = 0
    with tempfile.TemporaryDirectory(prefix="fovea-view-") as folder, Transfer(folder, slow_link(folder)) as transfer, browser.Browser(1280, 720) as page:
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
            print(json.dumps({"check": check.__name__, "seconds": round(time.monotonic() - start, 1), "failures": shown}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
