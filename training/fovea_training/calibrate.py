"""Calibrates the verdict by split conformal prediction: `python -m fovea_training.calibrate ROWS.jsonl [--alpha 0.1]`.

ROWS are what `judge --each` prints. Those whose patients took part in training are left out. Two promises come of it, each for
one more patient drawn as those were: the certainty below which a find is unsure, from scans without tumour (at most `alpha` of them
are "found"); and the margin round the boxes, from labelled tumours that were found (at least 1 - `alpha` of them lie in the boxes).
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def conformal(scores: Sequence[float], alpha: float) -> float:
    """A bound that one more score, exchangeable with these, passes with a probability of at most `alpha`.

    It is the ceil((n + 1) (1 - alpha))-th smallest; infinite where there are too few to promise anything.
    """
    rank = math.ceil((len(scores) + 1) * (1 - alpha))
    return sorted(scores)[rank - 1] if rank <= len(scores) else math.inf


def least_count(alpha: float) -> int:
    """The fewest scores from which a promise at `alpha` can come."""
    return math.ceil((1 - alpha) / alpha - 1e-9)


def calibrate(rows: Sequence[dict[str, Any]], alpha: float) -> dict[str, Any]:
    """Both promises with the counts they rest on."""
    free = [r for r in rows if "dice" not in r]
    labelled = [r for r in rows if "dice" in r]
    # A find that another rule makes unsure needs no bound on its certainty.
    scores = [0.0 if r["doubt"] or r["verdict"] == "none" else float(r["certainty"]) for r in free]
    certain = conformal(scores, alpha)
    found = [r for r in labelled if not r["doubt"] and r["verdict"] != "none" and r["certainty"] > certain]
    return {
        "alpha": alpha,
        "free": len(free),
        "unsure_up_to": certain,
        "free_found": sum(s > certain for s in scores),
        "labelled": len(labelled),
        "labelled_found": len(found),
        "margin": conformal([float(r["margin"]) for r in found], alpha),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="fovea_training.calibrate", description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--alpha", type=float, default=0.1)
    parser.add_argument("--kinds", nargs="*", help="kinds of scans that may serve; all without it")
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.rows.read_text().splitlines() if line.startswith('{"scan"')]
    rows = [r for r in rows if not r.get("trained") and (not given.kinds or r["kind"] in given.kinds)]
    print(json.dumps(calibrate(rows, given.alpha)))


if __name__ == "__main__":
    main()
