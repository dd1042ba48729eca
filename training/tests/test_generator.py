"""Generated brains."""

import numpy as np
from fovea_training.brains import make_brain
from fovea_training.noise import smooth_noise


def test_same_seed_same_brain() -> None:
    one, two = make_brain(5), make_brain(5)
    assert np.array_equal(one.image, two.image) and np.array_equal(one.label, two.label)


def test_shapes_and_values() -> None:
    for seed in range(12):
        brain = make_brain(seed, tumours=1)
        assert brain.image.shape == brain.mask.shape == brain.label.shape
        assert np.isfinite(brain.image).all()
        assert brain.mask.mean() > 0.15
        assert not (brain.label & ~brain.mask).any()


def test_healthy_has_no_label() -> None:
    assert not make_brain(3, tumours=0).label.any()


def test_sizes_vary() -> None:
    volumes = [make_brain(seed, tumours=1).label.sum() * 0.008 for seed in range(40, 80)]
    assert min(volumes) < 10 and max(volumes) > 60


def test_noise_is_normal() -> None:
    rng = np.random.default_rng(0)
    many = np.concatenate([smooth_noise(rng, (40, 50, 60), 4).ravel() for _ in range(8)])
    assert abs(many.mean()) < 0.1 and 0.85 < many.std() < 1.15
