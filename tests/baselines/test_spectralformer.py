import numpy as np
import pytest

from hsidiff.baselines.spectralformer import SpectralFormer
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
)

QUICK = {"n_epochs": 20, "learning_rate": 0.005, "device": "cpu"}


def n_parameters(model: SpectralFormer, n_bands: int, n_classes: int) -> int:
    return sum(p.numel() for p in model._network(n_bands, n_classes).parameters())


def test_the_defaults_are_those_of_the_published_code() -> None:
    model = SpectralFormer()
    assert (model.input, model.patch_px, model.band_patch, model.fusion) == ("patch", 7, 3, "caf")
    assert (model.n_epochs, model.batch_size, model.learning_rate) == (300, 64, 5e-4)
    assert n_parameters(model, 200, 16) == pytest.approx(0.356e6, abs=500)
    recipe = model._recipe(n_steps=300 * 11)
    assert (recipe.rate, recipe.fall_every, recipe.fall_factor) == ("steps", 30 * 11, 0.9)
    assert (recipe.optimizer, recipe.weight_decay) == ("adam", 5e-3)
    assert SpectralFormer()._recipe(n_steps=4).fall_every == 1


def test_the_input_says_how_far_it_sees() -> None:
    assert SpectralFormer().receptive_field_px == 7
    assert SpectralFormer(patch_px=5).halo_px == 2
    pixel = SpectralFormer(input="pixel")
    assert pixel.receptive_field_px == 1
    # The embedding of 7 x 7 pixels in 3 bands becomes that of one pixel in 3 bands.
    assert n_parameters(SpectralFormer(), 20, 4) - n_parameters(pixel, 20, 4) == 48 * 3 * 64


@pytest.mark.parametrize("fusion", ["caf", "none"])
@pytest.mark.parametrize("input_", ["pixel", "patch"])
def test_it_learns_fields_that_are_easy_to_tell_apart(input_: str, fusion: str) -> None:
    model = SpectralFormer(input=input_, fusion=fusion, **QUICK)
    model.fit(small_scene(), small_labels())
    unseen = ~small_invalid() & (small_labels().values == 0)
    right = model.predict(small_scene()) == small_fields() + 1
    assert right[unseen].mean() > 0.9


def test_a_pixel_input_gives_equal_spectra_equal_probabilities() -> None:
    scene = small_scene()
    model = SpectralFormer(input="pixel", **QUICK).fit(scene, small_labels())
    scene.source.values[30, 40] = scene.source.values[0, 0]
    probabilities = model.predict_proba(scene)
    np.testing.assert_allclose(probabilities[30, 40], probabilities[0, 0], atol=1e-6)


def test_500_bands_work() -> None:
    scene = scene_of(small_cube((4, 12), n_bands=500))
    labels = LabelMap.from_array(np.eye(4, 12, k=8, dtype=int) * (1 + small_fields((4, 12))))
    model = SpectralFormer(input="pixel", n_epochs=1, device="cpu").fit(scene, labels)
    assert set(np.unique(model.predict(scene))) <= {1, 2}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"input": "patches"}, "input='patches'.*did you mean 'patch'"),
        ({"fusion": "add"}, "fusion='add': expected one of caf, none"),
        ({"band_patch": 4}, "band_patch=4: must be odd"),
        ({"band_patch": 0}, "band_patch=0: must be at least 1"),
        ({"patch_px": 6}, "patch_px=6: must be odd"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        SpectralFormer(**setting).fit(small_scene(), small_labels())
