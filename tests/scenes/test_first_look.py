import re
import warnings

import numpy as np
import pytest
from fake_files import cube, write_envi, write_geotiff

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.formats.geotiff_writer import write_geotiff as write_scene
from hsidiff.scenes.open import open_scene

BANDS = 8


def natural(shape=(40, 50), dtype="int16", seed=0):
    """Spectra that differ from each other, between 100 and 3000."""
    return np.random.default_rng(seed).integers(100, 3000, (*shape, BANDS)).astype(dtype)


def notes(scene, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HsidiffWarning)
        opened = open_scene(scene, **options)
    return opened, [str(w.message) for w in caught if w.category is HsidiffWarning]


# -- bands without any value -----------------------------------------------------------------------


@pytest.mark.parametrize("size", [(36, 30), (300, 260)])
def test_bands_of_nodata_only_are_left_out_with_a_note(tmp_path, size):
    values = natural(size)
    values[:, :, [4, 5, 7]] = -32768
    values[30:] = -32768
    path = write_geotiff(tmp_path / "scene.tif", values, nodata=-32768)
    with pytest.warns(
        HsidiffWarning, match=r"band 5-6,8 holds no value in any pixel.*\(--drop-bands 5-6,8\)$"
    ):
        scene = open_scene(path)
    assert (scene.band_indices + 1).tolist() == [1, 2, 3, 4, 7]
    read = scene.read()
    np.testing.assert_array_equal(read[:30], values[:30][:, :, [0, 1, 2, 3, 6]])
    assert np.isnan(read[30:]).all()
    assert notes(path, drop_bands=[5, 6, 8])[1] == []


@pytest.mark.parametrize("gap", [np.nan, np.inf])
def test_bands_without_numbers_are_left_out_with_a_note(gap):
    values = natural(dtype="float32")
    values[:, :, 0] = gap
    with pytest.warns(HsidiffWarning, match="band 1 holds no value"):
        assert open_scene(values).n_bands == BANDS - 1


def test_a_band_with_one_value_somewhere_is_kept():
    values = natural((300, 260), dtype="float32")
    values[:, :, 2] = np.nan
    values[299, 0, 2] = 5
    scene, texts = notes(values)
    assert (scene.n_bands, texts) == (BANDS, [])


def test_a_scene_without_any_value_keeps_its_bands():
    scene, texts = notes(np.full((20, 20, 4), np.nan))
    assert (scene.n_bands, texts) == (4, [])


# -- fill that is scaled like the data -------------------------------------------------------------

FACTORS = np.linspace(0.93, 1.07, BANDS)


def with_fill(fill, dtype="float32", size=(40, 50)):
    values = natural(size, dtype)
    values[:, :6] = np.asarray(fill).astype(dtype)
    return values


@pytest.mark.parametrize("size", [(40, 50), (300, 260), (7, 900), (900, 20)])
@pytest.mark.parametrize("byte_order", [0, 1])
def test_fill_that_differs_by_band_is_noted_and_the_advice_works(tmp_path, size, byte_order):
    values = with_fill(-9999 * FACTORS, size=size)
    path = write_envi(tmp_path / "line.img", values, byte_order=byte_order)
    with pytest.warns(HsidiffWarning, match="pixels hold the same numbers in all bands") as caught:
        open_scene(path)
    text = str(caught[0].message)
    assert f"line: {count(6 * size[0])} pixels" in text
    number = float(re.search(r"\(--nodata (\S+)\)", text)[1])
    scene, texts = notes(path, nodata=number)
    assert texts == []
    np.testing.assert_array_equal(np.isnan(scene.read()).all(axis=-1), values[:, :, 0] < 0)


def test_a_gap_that_is_one_number_before_scaling_is_noted(tmp_path):
    gains = ", ".join(str(factor) for factor in FACTORS)
    values = with_fill([-9999] * BANDS, "int16")
    path = write_envi(tmp_path / "a.img", values, data_gain_values=f"{{{gains}}}")
    with pytest.warns(HsidiffWarning, match=r"240 pixels.*--nodata -9999\)"):
        open_scene(path)


@pytest.mark.parametrize(
    "values",
    [
        natural(),
        with_fill([-9999] * BANDS),  # whoever reads all pixels tells of one number in all bands
        with_fill([1500] * 4 + [1600] * 4),  # amid the others
        np.repeat(np.repeat(natural((1, 4)), 10, 0), 10, 1),  # a drawing of four spectra
        cube((40, 50, 2)),
        np.ones((40, 50, 4)),
    ],
    ids=["natural", "flat", "amid", "drawing", "two bands", "ones"],
)
def test_what_is_no_scaled_fill_is_not_noted(values):
    assert notes(values)[1] == []


# -- several numbers that mean no value ------------------------------------------------------------


@pytest.mark.parametrize("nodata", [[-9999, -8888], (-8888.0, -9999.0), np.array([-9999, -8888])])
def test_nodata_may_be_several_numbers(tmp_path, nodata):
    values = natural()
    values[0, :5, 3] = -9999
    values[1, :4, 0] = -8888
    scene = open_scene(write_geotiff(tmp_path / "a.tif", values), nodata=nodata)
    lacking = np.isnan(scene.read())
    assert lacking.all(axis=-1).sum() == lacking.any(axis=-1).sum() == 9
    assert sorted(scene.nodata_numbers) == [-9999, -8888]


def test_an_envi_header_may_list_several_numbers(tmp_path):
    values = natural()
    values[0, 0, 0], values[0, 1, 1] = -1, -2
    scene = open_scene(write_envi(tmp_path / "a.img", values, data_ignore_value="{-1, -2}"))
    assert np.argwhere(np.isnan(scene.read()).all(axis=-1)).tolist() == [[0, 0], [0, 1]]


def test_a_number_of_the_file_that_nodata_replaces_is_noted(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", natural(), nodata=-9999)
    with pytest.warns(
        HsidiffWarning, match="file says that -9999 means no value; with nodata=0 it"
    ):
        assert open_scene(path, nodata=0).nodata_numbers == (0,)
    assert notes(path, nodata=[0, -9999])[1] == []
    with pytest.raises(SceneError, match=r"nodata=\[\]: expected a number"):
        open_scene(path, nodata=[])


def test_a_written_scene_has_one_number_for_all(tmp_path):

    values = natural()
    values[0, 0], values[0, 1] = -1, -2
    scene = open_scene(values, nodata=[-1, -2])
    write_scene(scene, tmp_path / "a.tif")
    np.testing.assert_array_equal(open_scene(tmp_path / "a.tif").read(), scene.read())
