import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from hsidiff.scenes.bands_at import MIN_COVERAGE, band_widths_nm, match_bands
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window
from small_scenes import scene_of

FINE = np.arange(400.0, 1001, 5)


def scene_at(wavelengths: np.ndarray, cube: np.ndarray | None = None, **more: object) -> Scene:
    if cube is None:
        cube = np.broadcast_to(wavelengths, (3, 4, len(wavelengths))).astype(np.float32)
    return replace(scene_of(cube), file_wavelengths_nm=wavelengths, **more)


def test_the_same_bands_give_the_scene_itself() -> None:
    scene = scene_at(FINE)
    assert match_bands(scene, FINE + 1.5).view() is scene


@given(st.permutations(range(30)), st.integers(2, 30))
def test_bands_are_taken_in_the_wanted_order(order: list[int], n: int) -> None:
    wavelengths = 400 + 10.0 * np.arange(30)
    scene = scene_at(wavelengths[order])
    wanted = wavelengths[np.sort(order[:n])][::-1]
    match = match_bands(scene, wanted, np.full(n, 10.0))
    assert not match.lacking.any()
    assert match.n_resampled == 0
    np.testing.assert_array_equal(match.view().read()[0, 0], wanted)
    assert match.view().wavelengths_nm.tolist() == wanted.tolist()


def test_a_subset_of_bands_is_taken_as_it_is_although_it_is_sparse() -> None:
    scene = scene_at(FINE)
    sparse = scene.without_bands([n for n in range(1, FINE.size + 1) if n % 7])
    match = match_bands(scene, sparse.wavelengths_nm, band_widths_nm(sparse))
    assert match.n_resampled == 0


def test_finer_bands_are_averaged_by_a_gaussian_response() -> None:
    rng = np.random.default_rng(0)
    cube = rng.random((2, 2, FINE.size)).astype(np.float32)
    wanted, width = np.array([500.0, 702.0]), 20.0
    match = match_bands(scene_at(FINE, cube), wanted, np.full(2, width))
    assert (match.n_resampled, match.taken.tolist()) == (2, [-1, -1])
    sigma = width / 2.354820045
    for i, centre in enumerate(wanted):
        edges = np.subtract.outer([FINE + 2.5, FINE - 2.5], centre) / sigma
        weights = norm.cdf(edges[0]) - norm.cdf(edges[1])
        weights[weights < 1e-3 * weights.max()] = 0
        expected = (cube * weights / weights.sum()).sum(axis=-1)
        np.testing.assert_allclose(match.view().read()[..., i], expected, rtol=1e-5)


@pytest.mark.parametrize("step", [3.0, 6.0, 11.0])
def test_a_straight_spectrum_stays_straight(step: float) -> None:
    scene = scene_at(np.arange(400, 1001, step))
    wanted = np.arange(450.0, 950, 7.3)
    view = match_bands(scene, wanted, np.full(wanted.size, 8.0)).view()
    np.testing.assert_allclose(view.read()[0, 0], wanted, atol=2.5)


def test_invalid_pixels_stay_invalid_and_only_needed_bands_decide() -> None:
    cube = np.ones((3, 4, FINE.size), dtype=np.float32)
    cube[0, 0, 20] = np.nan  # 500 nm, needed
    cube[2, 2, 100] = np.nan  # 900 nm, not needed
    view = match_bands(scene_at(FINE, cube), np.array([501.0, 520.0]), np.full(2, 15.0)).view()
    valid = np.isfinite(view.read()).all(axis=-1)
    assert not valid[0, 0]
    assert valid.sum() == 11


def test_a_view_is_the_same_in_windows_and_after_pickling() -> None:
    cube = np.random.default_rng(1).random((9, 8, FINE.size)).astype(np.float32)
    scene = scene_at(FINE, cube, scale=0.5, offset=1.0)
    view = pickle.loads(pickle.dumps(match_bands(scene, np.arange(420.0, 900, 13)).view()))
    window = Window(2, 3, 5, 4)
    np.testing.assert_array_equal(view.read(window), view.read()[window.slices])
    assert (view.crs, view.transform, view.name) == (scene.crs, scene.transform, scene.name)


def test_one_band_that_lacks_is_found_in_its_neighbours_and_more_are_not() -> None:
    wavelengths = 400 + 10.0 * np.arange(20)
    one = scene_at(wavelengths).without_bands([8])
    match = match_bands(one, wavelengths, np.full(20, 10.0))
    assert (match.n_resampled, match.lacking.any()) == (1, False)
    assert match.coverage[7] == pytest.approx(2 * norm.sf(5 * 2.3548 / 10), abs=1e-3)
    np.testing.assert_allclose(match.view().read()[0, 0], wavelengths)
    three = scene_at(wavelengths).without_bands([8, 9, 10])
    match = match_bands(three, wavelengths, np.full(20, 10.0))
    assert (np.flatnonzero(match.lacking) + 1).tolist() == [8, 9, 10]
    assert match.coverage[8] < MIN_COVERAGE


def test_bands_of_a_camera_with_few_wide_bands_say_nothing_of_narrow_ones() -> None:
    wide = scene_at(np.array([490.0, 560, 665, 842]))
    match = match_bands(wide, np.arange(450.0, 900, 10), np.full(45, 10.0))
    assert match.lacking.mean() > 0.8


def test_unsorted_bands_of_a_file_are_found_too() -> None:
    wavelengths = np.concatenate([np.arange(400.0, 1000, 5), np.arange(902.0, 2400, 10)])
    scene = scene_at(wavelengths)
    wanted = np.array([950.0, 1002.0, 1505.0])
    np.testing.assert_allclose(
        match_bands(scene, wanted, np.full(3, 9.0)).view().read()[0, 0], wanted, atol=0.5
    )


def test_a_scene_of_one_band_has_no_width_and_is_matched() -> None:
    scene = Scene("one", ArraySource(np.ones((2, 2, 1))), np.ones(1, bool), np.array([550.0]))
    assert match_bands(scene, np.array([551.0]), np.zeros(1)).view() is scene
    assert match_bands(scene, np.array([600.0]), np.zeros(1)).lacking.all()


@pytest.mark.real_data
def test_enmap_bands_are_resampled_from_hymap_over_the_same_ground(real_data: Path) -> None:
    """The simulated EnMAP was made of this HyMap flight: spectra of both must agree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hymap = open_scene(real_data / "berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq")
        enmap = open_scene(real_data / "berlin-enmap-simulated/EnMAP_BerlinUrbanGradient.bsq")
    match = match_bands(hymap, enmap.wavelengths_nm, band_widths_nm(enmap))
    assert not match.lacking.any()
    nearest = np.abs(np.subtract.outer(enmap.wavelengths_nm, hymap.wavelengths_nm)).argmin(axis=1)
    values, own = match.view().read(), hymap.read()
    np.testing.assert_allclose(values.mean(axis=(0, 1)), own.mean(axis=(0, 1))[nearest], atol=0.02)
