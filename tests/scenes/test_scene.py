import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from hsidiff.errors import SceneError
from hsidiff.scenes.scene import ArraySource, Scene
from hsidiff.scenes.window import Window

WAVELENGTHS_NM = np.array([450.0, 550, 650, 750])


def stored(dtype: type = np.float32) -> np.ndarray:
    return np.arange(1, 5 * 6 * 4 + 1, dtype=dtype).reshape(5, 6, 4)


def scene_with(values: np.ndarray, good: tuple[int, ...] = (1, 1, 1, 1), **about: object) -> Scene:
    about = {"file_wavelengths_nm": WAVELENGTHS_NM} | about
    return Scene("test scene", ArraySource(values), np.array(good, dtype=bool), **about)


def test_a_window_is_read_as_float32_in_rows_cols_bands() -> None:
    for dtype in (np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64):
        found = scene_with(stored(dtype)).read(Window(1, 2, 3, 4))
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, stored()[1:4, 2:6])


def test_the_whole_scene_is_read_without_a_window() -> None:
    np.testing.assert_array_equal(scene_with(stored()).read(), stored())


def test_reading_leaves_the_stored_numbers_alone() -> None:
    values = stored()
    scene_with(values, scale=2.0, offset=1.0, nodata=3.0).read()
    np.testing.assert_array_equal(values, stored())


def test_bands_that_are_not_good_are_never_read() -> None:
    values = stored()
    values[..., 1] = np.nan
    scene = scene_with(values, good=(1, 0, 1, 1))
    assert scene.n_bands == 3
    assert scene.band_indices.tolist() == [0, 2, 3]
    assert scene.wavelengths_nm is not None
    assert scene.wavelengths_nm.tolist() == [450, 650, 750]
    np.testing.assert_array_equal(scene.read(), stored()[..., [0, 2, 3]])


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_a_pixel_without_a_value_in_one_band_is_nan_in_all(gap: float) -> None:
    values = stored()
    values[2, 3, 1] = gap
    found = scene_with(values).read()
    assert np.isnan(found[2, 3]).all()
    assert np.isfinite(found).sum() == values.size - 4


def test_a_pixel_with_nodata_in_one_band_is_nan_in_all() -> None:
    values = stored(np.int16)
    values[2, 3, 1] = -9999
    found = scene_with(values, nodata=-9999, scale=0.5, offset=1.0).read()
    assert np.isnan(found[2, 3]).all()
    assert np.isfinite(found).sum() == values.size - 4


def test_nodata_of_float32_is_found_though_its_number_is_rounded() -> None:
    values = stored()
    values[0, 0, 0] = np.float32(-3.4e38)
    assert np.isnan(scene_with(values, nodata=-3.4e38).read()[0, 0]).all()


def test_scale_and_offset_apply_to_all_bands_or_each() -> None:
    np.testing.assert_allclose(
        scene_with(stored(), scale=0.1, offset=-2.0).read(), stored() * 0.1 - 2, rtol=1e-5
    )
    scale, offset = np.array([1.0, 2, 3, 4]), np.array([0.0, 10, 20, 30])
    found = scene_with(stored(), good=(1, 0, 1, 1), scale=scale, offset=offset).read()
    np.testing.assert_allclose(found, (stored() * scale + offset)[..., [0, 2, 3]])


@pytest.mark.parametrize(
    "window", [Window(-1, 0, 2, 2), Window(0, 0, 6, 2), Window(3, 5, 1, 2), Window(9, 9, 1, 1)]
)
def test_a_window_that_leaves_the_scene_is_refused(window: Window) -> None:
    with pytest.raises(SceneError, match=r"leaves test scene, which is \(5, 6\)"):
        scene_with(stored()).read(window)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"good": (1, 1, 1)}, "good_bands has 3 entries, the scene 4 bands"),
        ({"good": (0, 0, 0, 0)}, "none of its 4 bands is marked as good"),
        ({"file_wavelengths_nm": WAVELENGTHS_NM[:2]}, "2 wavelengths for 4 bands"),
    ],
)
def test_attributes_that_do_not_fit_the_bands_are_refused(
    about: dict[str, object], message: str
) -> None:
    with pytest.raises(SceneError, match=message):
        scene_with(stored(), **about)


def test_bands_are_dropped_by_their_number_in_the_file() -> None:
    scene = scene_with(stored(), good=(1, 0, 1, 1))
    assert scene.without_bands([3]).band_indices.tolist() == [0, 3]
    assert scene.without_bands([2]).band_indices.tolist() == [0, 2, 3]
    assert scene.without_bands([]).band_indices.tolist() == [0, 2, 3]
    assert scene.n_bands == 3


@pytest.mark.parametrize("number", [0, 5, -1])
def test_a_number_that_is_no_band_is_refused(number: int) -> None:
    with pytest.raises(SceneError, match=f"drop_bands: {number} is not a band of test scene"):
        scene_with(stored()).without_bands([number])


def test_dropping_all_bands_is_refused() -> None:
    with pytest.raises(SceneError, match="none of its 4 bands"):
        scene_with(stored()).without_bands([1, 2, 3, 4])


def test_the_hash_is_that_of_the_files_or_else_of_the_values(tmp_path: Path) -> None:
    path = tmp_path / "scene.bin"
    path.write_bytes(b"pixels")
    from_file = scene_with(stored(), files=(path,))
    assert from_file.sha256() == hashlib.sha256(b"pixels").hexdigest()
    in_memory = scene_with(stored())
    assert in_memory.sha256() == scene_with(stored(np.int16)).sha256()
    changed = stored()
    changed[0, 0, 0] += 1
    assert in_memory.sha256() != scene_with(changed).sha256()


def test_a_scene_can_be_sent_to_another_process() -> None:
    scene = pickle.loads(pickle.dumps(scene_with(stored(), nodata=7.0)))
    np.testing.assert_array_equal(scene.read(), scene_with(stored(), nodata=7.0).read())


def test_its_text_form_does_not_print_the_pixels() -> None:
    assert len(repr(scene_with(stored()))) < 300


@pytest.mark.parametrize("declared", [-3.40282e38, -3.4028234663852886e38, -1e32])
def test_the_largest_number_of_a_type_is_no_value_however_it_was_rounded(declared):
    values = np.ones((2, 3, 4), dtype=np.float32)
    values[0, 0, 1] = np.finfo(np.float32).min
    scene = Scene("a", ArraySource(values), np.ones(4, dtype=bool), nodata=declared)
    assert np.argwhere(np.isnan(scene.read()).all(axis=-1)).tolist() == [[0, 0]]
