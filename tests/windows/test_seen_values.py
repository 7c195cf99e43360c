import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.errors import ModelError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.windows.seen_values import MAX_PIXELS, QUANTILES, SeenValues, sampled_spectra
from small_scenes import scene_of, small_cube, small_fields, small_scene


@pytest.fixture(scope="module")
def seen() -> SeenValues:
    return SeenValues.of_scene(small_scene())


def test_quantiles_are_those_of_the_valid_pixels(seen: SeenValues) -> None:
    spectra = small_scene().read().reshape(-1, 12)
    spectra = spectra[np.isfinite(spectra).all(axis=1)]
    np.testing.assert_allclose(seen.quantiles, np.quantile(spectra, QUANTILES, axis=0), rtol=1e-5)


def test_a_region_hides_the_rest() -> None:
    cube = small_cube()
    region = np.zeros(cube.shape[:2], dtype=bool)
    region[:, :20] = True
    changed = cube.copy()
    changed[:, 20:] = 99
    expected = SeenValues.of_scene(scene_of(cube), region)
    found = SeenValues.of_scene(scene_of(changed), region)
    for name, array in expected.arrays("").items():
        np.testing.assert_array_equal(found.arrays("")[name], array)


def test_the_sample_is_bounded_and_spread() -> None:
    rows, cols = 400, 500
    cube = np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None, None], (rows, cols, 4))
    spectra = sampled_spectra(Scene("large", ArraySource(cube), np.ones(4, bool)))
    assert 0.9 * MAX_PIXELS < len(spectra) < 1.1 * MAX_PIXELS
    assert abs(spectra.mean() - rows / 2) < 10


def test_a_scene_without_value_was_not_seen() -> None:
    assert SeenValues.of_scene(scene_of(np.full((5, 6, 4), np.nan, np.float32))) is None


def test_arrays_come_back(seen: SeenValues) -> None:
    again = SeenValues.from_arrays("x.", seen.arrays("x."))
    spectra = small_cube(seed=3).reshape(-1, 12)
    np.testing.assert_array_equal(again.outside(spectra), seen.outside(spectra))
    assert SeenValues.from_arrays("y.", seen.arrays("x.")) is None


@given(
    st.sampled_from([1e-4, 1e-3, 0.01, 0.1, 10.0, 100.0, 1e4, 1e5]),
    st.floats(0.7, 1.4),
    st.integers(0, 2),
)
def test_powers_of_ten_are_found_for_any_part_of_the_scene(
    factor: float, season: float, cover: int
) -> None:
    seen = SeenValues.of_scene(small_scene())
    spectra = small_cube(seed=5)[small_fields() == cover]
    assert seen.factor_of(spectra * np.float32(season)) is None
    found = seen.factor_of(spectra * np.float32(season * factor))
    assert found == pytest.approx(factor)


def test_a_factor_that_is_no_power_of_ten_has_two_digits(seen: SeenValues) -> None:
    assert seen.factor_of(small_cube(seed=5).reshape(-1, 12) * 255) == pytest.approx(255, abs=6)


def test_zeros_and_single_bands_say_nothing(seen: SeenValues) -> None:
    assert seen.factor_of(np.zeros((50, 12), np.float32)) is None
    assert seen.factor_of(np.empty((0, 12), np.float32)) is None
    flat = Scene(
        "two bands", ArraySource(np.random.default_rng(0).random((9, 9, 2))), np.ones(2, bool)
    )
    assert SeenValues.of_scene(flat).factor_of(np.full((9, 2), 1e6, np.float32)) is None


def test_another_unit_is_refused_with_the_factor_and_the_option(seen: SeenValues) -> None:
    scene = small_scene(seed=2)
    with pytest.raises(ModelError) as error:
        seen.check_unit(scene.rescaled(1e-4))
    assert "values are 10,000 times smaller than those the model learned from" in str(error.value)
    assert "--rescale 10000 (rescale=10000)" in str(error.value)
    with pytest.raises(ModelError, match=r"100 times larger .* --rescale 0.01 "):
        seen.check_unit(scene.rescaled(100))
    seen.check_unit(scene)
    seen.check_unit(scene.rescaled(1e-4).rescaled(1e4))


def test_what_was_learned_from_is_mostly_inside_and_new_shapes_are_not(seen: SeenValues) -> None:
    own = small_cube(seed=1).reshape(-1, 12)
    assert seen.outside(own).mean() < 0.1
    assert seen.outside(own[:, ::-1]).mean() > 0.6
    assert seen.outside(own * 3).mean() > 0.9
    assert seen.outside(own + np.float32(1)).all()


@pytest.mark.real_data
def test_water_and_crops_and_seasons_of_potsdam_raise_no_alarm(real_data: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scene = open_scene(real_data / "enmap-potsdam/enmap_potsdam.tif")
    cube = scene.read()
    valid = np.isfinite(cube).all(axis=-1)
    green, infrared = (np.abs(scene.wavelengths_nm - nm).argmin() for nm in (560, 860))
    water = valid & (cube[..., green] > cube[..., infrared])
    assert water.sum() > 500

    def seen_of(mask: np.ndarray) -> SeenValues:
        values = np.where(mask[..., None], cube, np.nan)
        plain = replace(
            scene, source=ArraySource(values), good_bands=np.ones(scene.n_bands, bool), scale=1.0,
            offset=0.0, nodata=None, file_wavelengths_nm=scene.wavelengths_nm, file_fwhm_nm=None,
            band_order=None,
        )  # fmt: skip
        return SeenValues.of_scene(plain)

    whole, dry = seen_of(valid), seen_of(valid & ~water)
    assert whole.factor_of(cube[water]) is None
    assert dry.factor_of(cube[water]) is None  # darker by far, and of another shape
    assert seen_of(water).factor_of(cube[valid & ~water]) is None
    for season in (0.5, 1.6):
        assert whole.factor_of(cube[valid] * np.float32(season)) is None
    assert whole.factor_of(cube[water] * 10_000) == 10_000
    assert whole.factor_of(cube[valid] / 10) == pytest.approx(0.1)
    assert whole.outside(cube[valid]).mean() < 0.04
    # The haze of another day.
    haze = np.float32(0.05) * (500 / scene.wavelengths_nm) ** 3
    assert whole.outside((cube[valid] + haze).astype(np.float32)).mean() > 0.8
