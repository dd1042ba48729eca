"""Heads drawn round brains."""

import numpy as np
from fovea_training.brains import make_brain
from fovea_training.heads import dress


def test_same_seed_same_head_and_the_brain_stays() -> None:
    made = make_brain(5, tumours=1)
    one, two = (dress(np.random.default_rng(3), made.image, made.mask, (2.0, 2.0, 2.0)) for _ in range(2))
    assert np.array_equal(one.image, two.image)
    assert one.image.shape == one.brain.shape == one.body.shape and np.isfinite(one.image).all()
    assert np.array_equal(one.brain[one.inner], made.mask) and one.brain.sum() == made.mask.sum()
    assert not (one.brain & ~one.body).any()
    label = one.place(made.label)
    assert label.sum() == made.label.sum() and np.array_equal(label[one.inner], made.label)


def test_the_head_is_larger_than_its_brain() -> None:
    made = make_brain(6, tumours=0)
    masked = 0
    for seed in range(8):
        head = dress(np.random.default_rng(seed), made.image, made.mask, (2.0, 2.0, 2.0))
        assert head.body.sum() > 1.4 * made.mask.sum()
        masked += not head.body.all()
    assert 0 < masked < 8, "some heads have their background cut away, and some have air with noise"


def test_thick_slices() -> None:
    made = make_brain(7, tumours=0)
    head = dress(np.random.default_rng(1), made.image[::3], made.mask[::3], (6.0, 2.0, 2.0))
    assert head.brain.sum() == made.mask[::3].sum()
