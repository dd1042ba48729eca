"""Split conformal bounds."""

import math

import numpy as np
from fovea_training.calibrate import calibrate, conformal, least_count


def test_conformal_counts() -> None:
    assert conformal(list(range(1, 20)), 0.05) == 19 and conformal(list(range(1, 19)), 0.05) == math.inf
    assert least_count(0.05) == 19 and least_count(0.1) == 9


def test_the_promise_holds() -> None:
    rng = np.random.default_rng(0)
    passed = [rng.normal() > conformal(list(rng.normal(size=40)), 0.1) for _ in range(4000)]
    assert np.mean(passed) < 0.1 + 0.015


def test_verdict_and_margin() -> None:
    free = [{"doubt": False, "verdict": "unsure", "certainty": 0.8 + i / 1000} for i in range(40)]
    free += [{"doubt": True, "verdict": "unsure", "certainty": 0.99}]
    tumours = [{"doubt": False, "verdict": "found", "certainty": 0.97, "dice": 0.9, "margin": i} for i in range(20)]
    out = calibrate(free + tumours, 0.1)
    assert out["free_found"] <= 4 and 0.83 < out["unsure_up_to"] < 0.84
    assert out["labelled_found"] == 20 and out["margin"] == 18
