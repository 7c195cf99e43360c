import pickle

import numpy as np
import pytest
from fake_files import cube, write_matlab73
from scipy.io import savemat

from hsidiff.errors import HsidiffWarning, MissingFileError, SceneError
from hsidiff.scenes.formats.arrays import find_raster
from hsidiff.scenes.open import open_scene


def write(path, **arrays):
    if path.name == "v73.mat":
        return write_matlab73(path, arrays)
    if path.suffix == ".mat":
        savemat(path, arrays)
    else:
        np.savez_compressed(path, **arrays)
    return path


@pytest.fixture(params=["v5.mat", "v73.mat", "a.npz"])
def path(request, tmp_path):
    return tmp_path / request.param


def test_cube_and_labels_of_one_file_are_told_apart(path):
    labels = np.arange(35, dtype=np.uint8).reshape(5, 7)
    write(path, cube=cube(), gt=labels, wl=np.linspace(400, 900, 6)[np.newaxis])
    assert open_scene(path).n_bands == 6
    found = find_raster(path, None)
    assert (found.name, found.shape, found.dtype) == ("gt", (5, 7), np.uint8)
    np.testing.assert_array_equal(found.load(), labels)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).load(), labels)


def test_several_cubes_are_listed_with_the_options_that_choose(path):
    write(path, raw=cube((5, 7, 8)), corrected=cube((5, 7, 6)))
    with pytest.raises(SceneError, match="variable= or --scene-variable") as caught:
        open_scene(path)
    assert "raw 5x7x8" in str(caught.value)
    assert "corrected 5x7x6" in str(caught.value)
    assert open_scene(path, variable="corrected").n_bands == 6


def test_several_label_rasters_are_listed_with_the_option_for_labels(path):
    write(path, train=np.ones((5, 7)), test=np.ones((5, 7)))
    with pytest.raises(SceneError, match="--labels-variable"):
        find_raster(path, None)
    assert find_raster(path, "test").name == "test"


def test_a_picture_beside_the_cube_is_passed_over_but_can_be_named(path):
    write(path, cube=cube(), rgb=cube((5, 7, 3), "uint8"))
    assert open_scene(path).n_bands == 6
    assert open_scene(path, variable="rgb").n_bands == 3


def test_two_pictures_are_not_guessed_between(path):
    write(path, rgb=cube((5, 7, 3)), cir=cube((5, 7, 3)))
    with pytest.raises(SceneError, match="several"):
        open_scene(path)


def test_an_unknown_name_is_answered_with_those_that_exist(path):
    write(path, cube=cube())
    with pytest.raises(SceneError, match=r"no array 'cub'; it holds cube 5x7x6"):
        open_scene(path, variable="cub")


def test_a_named_array_of_the_wrong_dimensions_is_refused(path):
    write(path, cube=cube(), gt=np.ones((5, 7)))
    with pytest.raises(SceneError, match="expected 2-D"):
        find_raster(path, "cube")


def test_a_two_dimensional_array_is_a_scene_of_one_band_if_named(path):
    values = cube((5, 7, 1))[:, :, 0]
    write(path, only=values)
    scene = open_scene(path, variable="only")
    assert (scene.shape, scene.n_bands) == ((5, 7), 1)
    np.testing.assert_array_equal(scene.read()[:, :, 0], values)
    write(path, only=values, cube=cube())
    assert open_scene(path).n_bands == 6
    assert open_scene(path, variable="only").n_bands == 1


def test_a_table_of_pixels_is_no_scene_and_is_told_its_size(path):
    write(path, Y=np.ones((6, 35)), maxValue=np.array([[1]]))
    with pytest.raises(
        SceneError,
        match=r"Y is two-dimensional \(6 x 35\), a scene has rows, columns and bands: reshape it "
        r"to \(rows, cols, bands\), or name it .*--scene-variable",
    ):
        open_scene(path)


@pytest.mark.parametrize("names", [("nRow", "nCol"), ("n_rows", "n_cols"), ("H", "W")])
@pytest.mark.parametrize("across", [True, False], ids=["bands first", "pixels first"])
def test_the_advice_for_a_table_of_pixels_makes_the_cube(path, names, across):
    table = cube().reshape(-1, 6, order="F")
    Y = table.T if across else table
    write(path, Y=Y, **{name: np.array([[n]]) for name, n in zip(names, (5, 7), strict=True)})
    with pytest.raises(SceneError, match="two-dimensional") as error:
        open_scene(path)
    advice = str(error.value).split("with NumPy: ")[1].split(", which")[0]
    made = eval(advice, {"Y": Y})
    np.testing.assert_array_equal(made, cube())


def test_wavelengths_of_another_number_of_bands_are_ignored_with_a_warning(path):
    write(path, cube=cube(), wl=np.linspace(400, 900, 9)[np.newaxis])
    with pytest.warns(HsidiffWarning, match="one number for each of 6 bands"):
        assert open_scene(path).wavelengths_nm is None


def test_a_file_without_a_cube_lists_what_it_holds(path):
    write(path, spectra=np.ones((1, 9)))
    with pytest.raises(SceneError, match=r"has no 3-D array; it holds spectra 1x9"):
        open_scene(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(MissingFileError, match=path.name):
        find_raster(path, None)
