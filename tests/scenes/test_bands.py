from pathlib import Path

import numpy as np
import pytest

from hsidiff.errors import SceneError, SettingError
from hsidiff.scenes.bands import gaps_nm, in_short, in_wavelength_order, overlap_nm, usual_steps
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.formats.xarray_object import to_xarray
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window

# Two detectors one after the other, whose ranges overlap: 500, 550, 600 | 540, 590, 1500 nm.
OVERLAPPING = np.array([500.0, 550.0, 600.0, 540.0, 590.0, 1500.0])
SORTED = [500, 540, 550, 590, 600, 1500]


def scene_at(wavelengths: np.ndarray | None, **attributes: object) -> Scene:
    n_bands = 6 if wavelengths is None else len(wavelengths)
    values = np.arange(4 * 3 * n_bands, dtype=np.float32).reshape(4, 3, n_bands)
    good = np.ones(n_bands, dtype=bool)
    return Scene("made", ArraySource(values), good, wavelengths, **attributes)


def test_bands_of_overlapping_detectors_are_read_by_wavelength(tmp_path: Path) -> None:
    stored = scene_at(OVERLAPPING, scale=np.arange(1.0, 7.0), offset=np.arange(6.0))
    write_geotiff(stored, tmp_path / "a.tif")
    scene = open_scene(tmp_path / "a.tif")
    assert scene.wavelengths_nm.tolist() == SORTED
    assert (scene.band_indices + 1).tolist() == [1, 4, 2, 5, 3, 6]
    in_file = stored.read()
    np.testing.assert_array_equal(scene.read(), in_file[..., [0, 3, 1, 4, 2, 5]])
    np.testing.assert_array_equal(
        scene.read(Window(1, 1, 2, 2)), in_file[1:3, 1:3][..., [0, 3, 1, 4, 2, 5]]
    )
    assert to_xarray(scene).band.values.tolist() == [1, 4, 2, 5, 3, 6]


def test_bands_to_drop_are_numbered_as_in_the_file_whatever_their_order() -> None:
    scene = in_wavelength_order(scene_at(OVERLAPPING)).without_bands([4, 6])
    assert scene.wavelengths_nm.tolist() == [500, 550, 590, 600]
    assert scene.n_bands == 4


def test_bands_in_reverse_are_turned_and_those_in_order_stay() -> None:
    scene = scene_at(np.array([900.0, 700.0, 500.0]))
    assert in_wavelength_order(scene).wavelengths_nm.tolist() == [500, 700, 900]
    ordered = scene_at(np.array([500.0, 500.0, 700.0]))
    assert in_wavelength_order(ordered) is ordered
    unknown = scene_at(None)
    assert in_wavelength_order(unknown) is unknown


def test_ranges_of_wavelengths_are_dropped_or_kept_with_both_ends() -> None:
    scene = scene_at(np.array([400.0, 500, 600, 700, 1400, 1500]))
    assert open_scene(scene, drop_nm=[(500, 600), (1400, 1400)]).wavelengths_nm.tolist() == [
        400, 700, 1500
    ]  # fmt: skip
    assert open_scene(scene, keep_nm=[(450, 650), (1500, 1600)]).wavelengths_nm.tolist() == [
        500, 600, 1500
    ]  # fmt: skip
    both = open_scene(scene, keep_nm=[(400, 700)], drop_nm=[(390, 450)], drop_bands=[3])
    assert both.wavelengths_nm.tolist() == [500, 700]


def test_a_range_whose_bands_are_bad_already_is_no_mistake() -> None:
    scene = scene_at(np.array([400.0, 500, 600])).without_bands([2])
    assert open_scene(scene, drop_nm=[(450, 550)]).wavelengths_nm.tolist() == [400, 600]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop_nm": [(1.35, 1.45)]}, "no band lies in drop_nm 1.35-1.45 nm .* at 400-900 nm"),
        ({"keep_nm": [(1350, 1450)]}, "no band lies in keep_nm 1350-1450 nm"),
        ({"drop_nm": [(400, 900)]}, "drop_nm leaves none of its 6 usable bands"),
    ],
)
def test_ranges_that_find_nothing_are_refused(options: dict, message: str) -> None:
    with pytest.raises(SceneError, match=message):
        open_scene(scene_at(np.linspace(400, 900, 6)), **options)


def test_without_wavelengths_no_range_can_be_found() -> None:
    with pytest.raises(SceneError, match=r"wavelengths of its bands are unknown.*--drop-bands"):
        open_scene(scene_at(None), drop_nm=[(400, 900)])


@pytest.mark.parametrize("wrong", [(600, 500), (1, 2, 3), 500, "5-6", (np.nan, 600), (-5, 600)])
def test_what_is_no_range_is_refused(wrong: object) -> None:
    with pytest.raises(SettingError, match=r"drop_nm=.*expected ranges of wavelengths in nm"):
        open_scene(scene_at(OVERLAPPING), drop_nm=[wrong])


def test_the_usual_step_sees_no_gap_and_no_overlap() -> None:
    wavelengths = np.array([400.0, 410, 420, 430, 440, 441, 800, 810, 820, 830, 840])
    assert usual_steps(wavelengths).tolist() == [10.0] * 11
    assert usual_steps(np.array([500.0])).tolist() == [0.0]


def test_gaps_and_overlaps_are_told_by_their_wavelengths() -> None:
    wavelengths = np.array([400.0, 410, 420, 430, 600, 610, 620, 630])
    assert gaps_nm(wavelengths) == [(430, 600)]
    assert overlap_nm(OVERLAPPING) == [(540, 600)]
    assert overlap_nm(wavelengths) == overlap_nm(wavelengths[::-1]) == []


def test_wavelengths_are_written_as_runs() -> None:
    wavelengths = np.array([400.0, 410, 420, 430, 600, 610, 620, 630])
    assert in_short(wavelengths) == "400-430, 600-630"
    assert in_short(wavelengths[[1, 2, 6]], wavelengths) == "410-420, 620"
    assert in_short(None) == "unknown"


@pytest.mark.parametrize("factor", [0, -1, np.nan, np.inf])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(SettingError, match="rescale="):
        open_scene(scene_at(OVERLAPPING), rescale=factor)


def test_rescaling_keeps_nodata_as_it_is_stored() -> None:
    scene = scene_at(np.linspace(400, 900, 6), scale=0.5, offset=2.0, nodata=0.0)
    twice = open_scene(scene, rescale=10)
    np.testing.assert_allclose(twice.read(), 10 * scene.read())
    assert np.isnan(twice.read()[0, 0]).all()
