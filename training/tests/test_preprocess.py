"""Each rule of the preprocessing on arrays small enough to check by hand."""

import numpy as np
from fovea_training.preprocess import Scheme, border_value, content_box, factors, normalise, pool, prepare, rank, stack, upsample


def test_border_value_is_the_most_frequent_on_the_faces() -> None:
    volume = np.full((4, 4, 4), -3.0)
    volume[1:3, 1:3, 1:3] = 9
    assert border_value(volume) == -3


def test_factors() -> None:
    assert factors((1.0, 1.0, 1.0), 2.0) == (2, 2, 2)
    assert factors((5.0, 0.5, 1.1), 2.0) == (1, 4, 2)


def test_pool_counts_brain_only() -> None:
    volume = np.arange(8, dtype=float).reshape(2, 2, 2)
    brain = volume >= 4
    mean, inside = pool(volume, brain, (2, 2, 2))
    assert mean[0, 0, 0] == 5.5 and inside[0, 0, 0]
    assert not pool(volume, volume >= 5, (2, 2, 2))[1][0, 0, 0]


def test_block_beyond_the_box_is_not_brain() -> None:
    _, inside = pool(np.ones((3, 2, 2)), np.ones((3, 2, 2), bool), (2, 2, 2))
    assert inside[:, 0, 0].tolist() == [True, True]


def test_nearest_rank() -> None:
    assert rank(np.arange(101.0), 1) == 1 and rank(np.arange(101.0), 99) == 99 and rank(np.array([7.0]), 50) == 7


def test_normalise() -> None:
    volume = np.random.default_rng(0).normal(50, 9, (6, 7, 8)).astype(np.float32)
    brain = volume > 45
    out = normalise(volume, brain, Scheme())
    assert abs(out[brain].mean()) < 1e-5 and abs(out[brain].std() - 1) < 1e-5 and (out[~brain] == -4).all()
    assert (normalise(np.ones((2, 2, 2)), np.ones((2, 2, 2), bool), Scheme()) == 0).all()


def test_stack_neighbours_and_padding() -> None:
    volume = np.arange(3, dtype=np.float32)[:, None, None] * np.ones((3, 17, 5), np.float32)
    x = stack(volume, Scheme(slices=3))
    assert x.shape == (3, 3, 32, 16)
    assert x[0, :, 0, 0].tolist() == [-4, 0, 1] and x[2, :, 0, 0].tolist() == [1, 2, -4] and (x[:, :, 17:] == -4).all()


def test_prepare_and_back() -> None:
    volume = np.zeros((9, 20, 21), np.float32)
    volume[2:7, 3:16, 4:17] = np.random.default_rng(1).uniform(1, 2, (5, 13, 13))
    p = prepare(volume, (1, 1, 1), Scheme())
    assert p.brain.shape == (3, 7, 7) and p.tensor.shape == (3, 5, 16, 16)
    back = upsample(np.ones(p.brain.shape, np.float32), p)
    assert back.shape == volume.shape and back.sum() == 5 * 13 * 13


def test_empty_and_broken_volumes() -> None:
    p = prepare(np.zeros((8, 8, 8), np.float32), (1, 1, 1), Scheme())
    assert (p.tensor == -4).all()
    volume = np.zeros((8, 8, 8), np.float32)
    volume[3:5, 3:5, 3:5] = 1
    volume[4, 4, 4] = np.nan
    assert np.isfinite(prepare(volume, (1, 1, 1), Scheme()).tensor).all()
    assert content_box(np.zeros((2, 3, 4), bool))[2] == slice(0, 4)
