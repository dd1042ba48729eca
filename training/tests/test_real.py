"""Real texture: marking, mirroring and planting, on made-up brains in the place of real ones."""

import pickle
from pathlib import Path

import nibabel
import numpy as np
from fovea_training.brains import make_brain
from fovea_training.gather import gather, patients
from fovea_training.mixture import Mixture, make_raw, make_volume
from fovea_training.preprocess import Scheme
from fovea_training.real import Texture, find_mirror, healed, mark, plant_in, read_head, read_texture

SPACING = (4.0, 2.0, 2.0)


def one_sided() -> Texture:
    """A symmetric brain with something bright on its right side."""
    z, y, x = np.mgrid[0:30, 0:80, 0:71]
    radius = np.sqrt(((z - 15) / 14) ** 2 + ((y - 40) / 37) ** 2 + ((x - 35) / 32) ** 2)
    brain = radius < 1
    image = np.where(brain, 100 + 20 * np.cos(radius * 20), 0.0).astype(np.float32)
    tumour = ((z - 15) * 2) ** 2 + (y - 45) ** 2 + (x - 52) ** 2 < 9**2
    image[tumour] = 220
    nothing = np.zeros(brain.shape, bool)
    return Texture("one", image, brain, SPACING, tumour & brain, nothing)


def test_mirror_and_healing() -> None:
    texture = one_sided()
    mirror = find_mirror(texture)
    middle = np.array([60.0, 80.0, 70.0])[:, None]
    assert abs(float(mirror.side(middle)[0])) < 3 and abs(mirror.normal[2]) > 0.98
    well = healed(texture)
    assert well is not None and not well.tumour.any()
    assert well.image[texture.tumour].max() < 130
    assert healed(Texture("none", texture.image, texture.brain, SPACING, np.zeros_like(texture.brain), texture.unknown)) is None


def test_mark_knows_what_it_does_not_know() -> None:
    texture = one_sided()
    sure = mark(texture, np.where(texture.tumour, 0.99, 0.0))
    assert np.array_equal(sure.tumour, texture.tumour) and not (sure.unknown & sure.tumour).any()
    wavering = mark(texture, np.where(texture.tumour, 0.6, 0.0))
    assert not wavering.tumour.any() and wavering.unknown[texture.tumour].all()


def test_planted_tumours_are_labelled_and_seen() -> None:
    made = make_brain(9, tumours=0)
    nothing = np.zeros(made.mask.shape, bool)
    texture = Texture("made", made.image, made.mask, (2.0, 2.0, 2.0), nothing, nothing)
    volumes = [plant_in(np.random.default_rng(s), texture, 1).tumour.sum() for s in range(6)]
    assert max(volumes) > 500
    assert not plant_in(np.random.default_rng(1), texture, 0).tumour.any()


def test_volumes_of_the_mixture() -> None:
    texture = one_sided()
    for seed in range(6):
        volume = make_volume(seed, Scheme(), Mixture(), [texture])
        again = make_volume(seed, Scheme(), Mixture(), [texture])
        assert np.array_equal(volume.image, again.image) and volume.image.shape == volume.label.shape
        assert volume.known is not None and np.isfinite(volume.image.astype(np.float32)).all()
        assert not (volume.label & ~volume.known).any()
    brain = make_volume(3, Scheme(), Mixture(real=0.0, whole=1.0), [], brain=True)
    assert 0.02 < brain.label.mean() < 0.8


def test_gathering_reads_images_alone(tmp_path: Path) -> None:
    texture = one_sided()
    (tmp_path / "lgg").mkdir()
    for i in range(5):
        image = np.ascontiguousarray(texture.image.T)
        nibabel.save(nibabel.Nifti1Image(image, np.diag([2.0, 2.0, 4.0, 1.0])), tmp_path / "lgg" / f"P-{i}_flair.nii.gz")
    train, held = patients(tmp_path)
    assert len(train) == 3 and len(held) == 2 and not {*train} & {*held}
    assert read_texture(train[0]).spacing == SPACING
    # A model that takes the brightest for tumour.
    found = gather(tmp_path, lambda tensor: np.where(tensor[:, 2] > 2.0, 0.99, 0.0), Scheme())
    assert {t.name for t in found} == {f"P-{i}_flair{end}" for i in (0, 2, 4) for end in ("", "-healed")}
    assert len(pickle.dumps(found)) > 0


def test_a_whole_head_keeps_what_is_round_its_brain(tmp_path: Path) -> None:
    texture = one_sided()
    image = np.where(texture.brain, texture.image, 60.0).astype(np.float32)
    image[0] = image[-1] = 0
    image[:, :2] = image[:, -2:] = 0
    for name, array in (("flair", image), ("brain", (texture.brain & (image > 0)).astype(np.float32))):
        nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array.T), np.diag([2.0, 2.0, 4.0, 1.0])), tmp_path / f"{name}.nii.gz")
    head = read_head(tmp_path / "flair.nii.gz", tmp_path / "brain.nii.gz")
    assert head.around is not None and head.body is not None and head.body.sum() > head.brain.sum()
    raws = [make_raw(seed, Mixture(real=1.0, thick=0.0), [head]) for seed in range(4)]
    whole = [r for r in raws if r.body.sum() > r.brain.sum()]
    assert whole and all((r.image[r.body] > 0).all() for r in whole)
    assert all(not (r.tumour & ~r.brain).any() for r in raws)
