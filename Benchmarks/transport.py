#!/usr/bin/env python3
"""Compares Fovea's transport with others over the same simulated link and the same number of bytes, and prints tables.

Usage: Benchmarks/transport.py [--runs N] [--peers NAME,...] [--quick] [--out FILE] [SUITE ...]
Suites: goodput, burst, fair, steps, traces.
Needs .build/release/netsim; `fovea` also needs transport-benchmark (built in Benchmarks/).
`cubic` and `bbr` are the kernel's TCP, its IP packets carried through the relay between two network namespaces, which needs root.
`srt-file` is SRT's file mode by srt-file-transmit (Debian's srt-tools). What cannot run here says `-`, and why below the table.
Real recordings of links are taken from the folder traces/ in FOVEA_DATA, by default ../shared/data beside the project.

The link counts IP and UDP headers. TCP's packets carry their own headers inside and are as long on the link as the others'
(1500 bytes), so that TCP's share is at most .947 here, where without the carrying it would be .965.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from transport_peers import peers
from transport_peers.peers import Failed, Link, Result, StepLink, TraceLink

# Mbit/s and bytes; round trips in milliseconds; losses in percent.
SIZES, ROUND_TRIPS, LOSSES = ((1, 2_000_000), (10, 8_000_000), (50, 20_000_000)), (20, 100, 300), (0, 1, 5)
QUICK_SIZES, QUICK_LOSSES = ((1, 1_000_000), (10, 4_000_000), (50, 20_000_000)), (0, 5)
BURST_BYTES = 150_000
# Loss, round trip, redundancy, and the target as a function of the ideal and the round trip, both in seconds.
BURSTS = (
    (0, 80, None, lambda ideal, round_trip: 1.25),
    (2, 80, None, lambda ideal, round_trip: 1.25 + round_trip / ideal),
    (2, 300, "0.125", lambda ideal, round_trip: 1.35),
)
FAIR_BYTES, FAIR_LIMIT, FAIR_LEAST_SECONDS, FAIR_TARGET = 15_000_000, 60, 10, 0.25

# Seconds from the link's start and Mbit/s; as many bytes as fill it to .93 for about 24 s.
STEPS, STEPS_ROUND_TRIP, STEPS_BYTES, STEPS_LIMIT, STEPS_TARGET = ((0, 10), (8, 2), (16, 10)), 80, 20_000_000, 120, 0.90
DATA = Path(os.environ.get("FOVEA_DATA") or peers.BENCHMARKS / ".." / ".." / "shared" / "data")

# Puts what has been measured of a suite into the report.
Save = Callable[[list[dict[str, Any]]], None]
TRACES = ("ATT-LTE-driving-2016.up", "Verizon-EVDO-driving.down")
TRACES_ROUND_TRIP, TRACES_BYTES, TRACES_QUEUE, TRACES_LIMIT = 80, 500_000, 256 << 10, 300


class Remarks:
    """All that the tables cannot show, each said once and below them, and the failures among it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.failed = False

    def add(self, line: str, failed: bool = False) -> None:
        self.failed |= failed
        if line not in self.lines:
            self.lines.append(line)

    def absent(self, peer: str) -> bool:
        reason = peers.why_not(peer)
        if reason:
            self.add(f"{peer}: {reason}")
        return reason is not None


def marked(text: str, missed: bool) -> str:
    return text + ("!" if missed else " ")


def attempts(peer: str, runs: int, remarks: Remarks, run: Callable[[int], Result]) -> list[Result]:
    """The results of all seeds; none if the peer is absent or any run failed, as a median of the lucky ones would flatter."""
    if remarks.absent(peer):
        return []
    results = []
    for seed in range(1, runs + 1):
        try:
            results.append(run(seed))
        except (Failed, OSError, KeyError, subprocess.SubprocessError) as error:
            remarks.add(f"{peer}: {error!r}" if isinstance(error, KeyError) else f"{peer}: {error}", failed=True)
            return []
    return results


def median(results: Sequence[Result], key: str) -> float | None:
    values = [result[key] for result in results if result.get(key) is not None]
    return statistics.median(values) if values else None


def goodput_target(link: Link) -> float:
    if link.round_trip_ms > 100:
        return 0.70
    return 0.85 if link.loss_percent <= 1 else 0.78


def share_text(share: float | None, results: Sequence[Result]) -> str:
    if share is None:
        return "-"
    late = any(result["timed_out"] for result in results)
    return ("timeout" if share == 0 else f"~{share:.3f}") if late else f"{share:.3f}"


def goodput_of(link: Link, count: int, options: argparse.Namespace, remarks: Remarks) -> tuple[dict[str, Any], dict[str, str]]:
    """One cell: all that is known of it, and each peer's share as it is printed."""
    row = {**link.fields(), "bytes": count, "peers": {}}
    limit = max(60, 30 * link.seconds(count))
    texts = {}
    for peer in options.peers:
        results = attempts(peer, options.runs, remarks, partial(peers.RUN[peer], link, count, limit))
        for result in results:
            result["share"] = result["bytes"] * 8 / result["seconds"] / link.rate
        share = median(results, "share")
        texts[peer] = share_text(share, results)
        row["peers"][peer] = {"share": share, "seconds": median(results, "seconds"), "runs": results}
    return row, texts


def goodput(options: argparse.Namespace, remarks: Remarks, save: Save) -> None:
    sizes, losses = (QUICK_SIZES, QUICK_LOSSES) if options.quick else (SIZES, LOSSES)
    print(f"\nGoodput over rate, median of {options.runs}; ~: a run cut off at max(60 s, 30 x ideal) counts what had come")
    print("Fovea beside its target, its mean queue delay beside its limit, and retransmitted over sent; !: missed")
    others = [peer for peer in options.peers if peer != "fovea"]
    heading = f"{'Mbit/s':>6} {'RTT ms':>6} {'loss %':>6} {'MB':>4}"
    if "fovea" in options.peers:
        heading += f" {'fovea':>8} {'target':>7} {'queue ms':>9} {'limit':>6} {'resent':>7}"
    print(heading + "".join(f" {peer:>8}" for peer in others))
    rows = []
    for link, count in ((Link(rate, trip, loss), count) for rate, count in sizes for trip in ROUND_TRIPS for loss in losses):
        row, texts = goodput_of(link, count, options, remarks)
        line = f"{link.rate_mbit:6} {link.round_trip_ms:6} {link.loss_percent:6} {count / 1e6:4g}"
        if "fovea" in options.peers:
            ours = row["peers"]["fovea"]
            target, allowed = goodput_target(link), max(30, 0.35 * link.round_trip_ms) if link.rate_mbit >= 10 else None
            delay, resent = (median(ours["runs"], key) for key in ("mean_queue_delay_ms", "retransmit_ratio"))
            ours.update(target=target, queue_limit_ms=allowed)
            missed = ours["share"] is not None and ours["share"] < target
            line += f" {marked(texts['fovea'], missed):>8} {target:7.2f}"
            is_long = delay is not None and allowed is not None and delay > allowed
            line += f" {marked('-' if delay is None else f'{delay:.1f}', is_long):>9}"
            line += f" {'-' if allowed is None else f'{allowed:.0f}':>6} {'-' if resent is None else f'{resent:.3f}':>7}"
        print(line + "".join(f" {texts[peer]:>8}" for peer in others), flush=True)
        rows.append(row)
        save(rows)


def burst(options: argparse.Namespace, remarks: Remarks, save: Save) -> None:
    print(f"\n{BURST_BYTES // 1000} KB of high priority into a saturated 10 Mbit/s link, median of {options.runs};")
    print("the ratio is to bytes / rate + RTT / 2")
    print(f"{'RTT ms':>6} {'loss %':>6} {'fec':>6} {'seconds':>8} {'ratio':>7} {'target':>7}")
    background = 4_000_000 if options.quick else 10_000_000
    rows = []
    for loss, trip, fec, target_of in BURSTS:
        link = Link(10, trip, loss)
        ideal = link.seconds(BURST_BYTES) + link.round_trip / 2
        more = ["--burst", str(BURST_BYTES), "--background", str(background), *(["--fec", fec] if fec else [])]
        total = BURST_BYTES + background
        limit = max(60, 30 * link.seconds(total))
        results = attempts("fovea", options.runs, remarks, partial(peers.run_fovea, link, total, limit, more=more))
        late = any(result["timed_out"] for result in results)
        seconds, target = None if late else median(results, "burst_seconds"), target_of(ideal, link.round_trip)
        ratio = None if seconds is None else seconds / ideal
        if seconds is None or ratio is None:
            texts = ("timeout" if late else "-", marked("-", late))
        else:
            texts = (f"{seconds:.3f}", marked(f"{ratio:.2f}", ratio > target))
        print(f"{trip:6} {loss:6} {fec or '-':>6} {texts[0]:>8} {texts[1]:>7} {target:7.2f}", flush=True)
        rows.append({**link.fields(), "fec": fec and float(fec), "ratio": ratio, "target": target, "runs": results})
        save(rows)


def shares(tally: dict[str, Any], link: Link) -> Result:
    """Each flow's bytes over what the link could carry while both were active, and how long that was."""
    flows = [dict(tally[protocol]) for protocol in ("tcp", "udp")]
    if not all(flows):
        raise Failed("one of the flows carried nothing")
    first, last = max(map(min, flows)), min(map(max, flows)) + 1
    seconds = max(1, last - first) * tally["bin_seconds"]
    carried = [sum(count for index, count in flow.items() if first <= index < last) for flow in flows]
    cubic, fovea = (count * 8 / seconds / link.rate for count in carried)
    return {"seconds": seconds, "cubic_share": cubic, "fovea_share": fovea}


def fair_run(link: Link, first: str, seed: int) -> Result:
    return shares(peers.run_side_by_side(link, FAIR_BYTES, first, FAIR_LIMIT, seed), link)


def fair(options: argparse.Namespace, remarks: Remarks, save: Save) -> None:
    print("\nA CUBIC and a Fovea flow through one queue, 10 Mbit/s, RTT 40 ms: IP bytes that arrived over what the link")
    print(
        f"could carry while both were active, {FAIR_LEAST_SECONDS} s at least; median of {options.runs}; target {FAIR_TARGET:.2f}"
    )
    print(f"{'first':>6} {'active s':>9} {'cubic':>7} {'fovea':>7}")
    link, rows = Link(10, 40, 0), []
    for first in ("cubic", "fovea"):
        run = partial(fair_run, link, first)
        results = [] if remarks.absent("cubic") else attempts("fovea", options.runs, remarks, run)
        values = {key: median(results, key) for key in ("seconds", "cubic_share", "fovea_share")} if results else {}
        texts = ["- "] * 3
        if results:
            seconds, *flows = (value or 0 for value in values.values())
            texts = [marked(f"{seconds:.1f}", seconds < FAIR_LEAST_SECONDS)]
            texts += [marked(f"{share:.3f}", share < FAIR_TARGET) for share in flows]
        print(f"{first:>6} {texts[0]:>9} {texts[1]:>7} {texts[2]:>7}", flush=True)
        rows.append({**link.fields(), "first": first, **values, "runs": results})
        save(rows)


def steps(options: argparse.Namespace, remarks: Remarks, save: Save) -> None:
    rates = " -> ".join(f"{rate}" for _, rate in STEPS)
    print(f"\nFovea over a link of {rates} Mbit/s that changes at {', '.join(f'{start}' for start, _ in STEPS[1:])} s, RTT")
    print(f"{STEPS_ROUND_TRIP} ms: bytes over what the link could carry from the start to the end; median of {options.runs}")
    print(f"{'MB':>4} {'seconds':>8} {'share':>8} {'target':>7}")
    link = StepLink(STEPS, STEPS_ROUND_TRIP)
    results = attempts("fovea", options.runs, remarks, partial(peers.run_fovea, link, STEPS_BYTES, STEPS_LIMIT))
    for result in results:
        # The sender starts as soon as the link does, a moment that does not count, as the first and the last rate are the same.
        result["share"] = result["bytes"] * 8 / link.bits(result["seconds"])
    share, seconds = median(results, "share"), median(results, "seconds")
    text = marked(share_text(share, results), share is not None and share < STEPS_TARGET)
    print(f"{STEPS_BYTES / 1e6:4g} {'-' if seconds is None else f'{seconds:.1f}':>8} {text:>8} {STEPS_TARGET:7.2f}", flush=True)
    save([{**link.fields(), "bytes": STEPS_BYTES, "share": share, "seconds": seconds, "target": STEPS_TARGET, "runs": results}])


def traces(options: argparse.Namespace, remarks: Remarks, save: Save) -> None:
    print(f"\nFovea, {TRACES_BYTES // 1000} kB up a recorded cellular link, RTT {TRACES_ROUND_TRIP} ms: how many of")
    print(f"{options.runs} runs ended within {TRACES_LIMIT} s, and the median of their seconds; !: not all")
    print(f"{'trace':>26} {'done':>6} {'seconds':>8}")
    rows = []
    for name in TRACES:
        link = TraceLink(DATA / "traces" / name, TRACES_ROUND_TRIP, TRACES_QUEUE)
        if not link.trace.exists():
            print(f"{name:>26} {'- ':>6} {'-':>8}", flush=True)
            remarks.add(f"{name}: not in {link.trace.parent}; set FOVEA_DATA")
            continue
        results = attempts("fovea", options.runs, remarks, partial(peers.run_fovea, link, TRACES_BYTES, TRACES_LIMIT))
        done = [result for result in results if not result["timed_out"]]
        seconds = median(done, "seconds")
        text = marked(f"{len(done)}/{len(results)}", len(done) < len(results)) if results else "- "
        print(f"{name:>26} {text:>6} {'-' if seconds is None else f'{seconds:.1f}':>8}", flush=True)
        rows.append({**link.fields(), "bytes": TRACES_BYTES, "done": len(done), "seconds": seconds, "runs": results})
        save(rows)


SUITES = {"goodput": goodput, "burst": burst, "fair": fair, "steps": steps, "traces": traces}


def names(choices: Sequence[str]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in choices]:
            raise argparse.ArgumentTypeError(f"no {', '.join(unknown)}; there are {', '.join(choices)}")
        return [name for name in choices if name in chosen]

    return read


def end(*_: object) -> None:
    """Ends by way of everything that takes down what was started; a second signal must not cut that short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit("ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, help="runs a cell, with the seeds from 1; 3 unless told, 1 with --quick")
    parser.add_argument("--peers", type=names(list(peers.RUN)), default=list(peers.RUN), help="of goodput, by commas")
    parser.add_argument("--quick", action="store_true", help="one run, fewer cells and bytes")
    parser.add_argument("--out", metavar="FILE", help="write every run as JSON, after each cell")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    options = parser.parse_args()
    if unknown := [name for name in options.suites if name not in SUITES]:
        parser.error(f"no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    options.runs = options.runs or (1 if options.quick else 3)
    if options.runs < 1:
        parser.error("--runs is at least 1")
    if not peers.NETSIM.exists():
        sys.exit("no .build/release/netsim: build the package first")
    signal.signal(signal.SIGTERM, end)
    started, remarks = time.time(), Remarks()
    report: dict[str, Any] = {"runs": options.runs, "quick": options.quick}

    def save(name: str) -> Save:
        def write(rows: list[dict[str, Any]]) -> None:
            report.update({name: rows, "remarks": remarks.lines})
            if options.out:
                part = Path(options.out + ".part")
                part.write_text(json.dumps(report, indent=1), encoding="utf-8")
                part.replace(options.out)

        return write

    for name in options.suites or SUITES:
        SUITES[name](options, remarks, save(name))
    print()
    for line in remarks.lines:
        print(line)
    print(f"{time.time() - started:.0f} s in all")
    if remarks.failed:
        sys.exit("some runs failed")


if __name__ == "__main__":
    main()
