import geopandas
import numpy as np
import pyogrio
import pytest
from fake_files_of_labels import GT, write_mat
from shapely import Point

from hsidiff.errors import LabelError, MissingFileError
from hsidiff.labels.pixel_split import published_split
from hsidiff.labels.published import read_test_labels
from hsidiff.labels.read import read_labels

TRAIN = np.where(np.arange(6)[:, None] < 3, GT, 0).astype(np.uint8)
TEST = GT - TRAIN


def read_both(train, test, scene, options=None, **given):
    labels = read_labels(train, scene, **(options or {}))
    return labels, read_test_labels(test, train, labels, scene, options or {}, **given)


def assert_right(train, test):
    np.testing.assert_array_equal(train.values, TRAIN)
    np.testing.assert_array_equal(test.values, TEST)
    split = published_split(train, test)
    assert (split.train.n_labelled, split.test.n_labelled) == (24, 24)


@pytest.mark.parametrize("name", ["a.mat", "a73.mat", "a.npz"])
@pytest.mark.parametrize("given", [{}, {"test_variable": "gt_te"}])
def test_both_may_be_arrays_of_one_file(bare_scene, tmp_path, name, given):
    path = write_mat(tmp_path / name, gt_tr=TRAIN, gt_te=TEST)
    assert_right(*read_both(path, path, bare_scene, {"variable": "gt_tr"}, **given))


@pytest.mark.parametrize("name", ["a.mat", "a.npz"])
def test_of_three_arrays_none_is_guessed(bare_scene, tmp_path, name):
    path = write_mat(tmp_path / name, gt_tr=TRAIN, gt_te=TEST, gt=GT)
    with pytest.raises(LabelError, match=r"gt_t., gt.*test_variable= \(--test-labels-variable\)"):
        read_both(path, path, bare_scene, {"variable": "gt_tr"})
    given = {"test_variable": "gt_te"}
    assert_right(*read_both(path, path, bare_scene, {"variable": "gt_tr"}, **given))


@pytest.mark.parametrize("options", [{}, {"variable": "gt"}])
def test_one_array_is_not_both(bare_scene, tmp_path, options):
    path = write_mat(tmp_path / "a.npz", gt=GT)
    with pytest.raises(LabelError, match="holds the label arrays gt: name those of the training"):
        read_both(path, path, bare_scene, options)


@pytest.mark.parametrize("test_name", ["test.npy", "test.npz", "test.mat"])
@pytest.mark.parametrize("test_array", ["gt_tr", "gt_te"])
def test_the_name_of_the_training_array_counts_in_another_file_if_it_is_there(
    bare_scene, tmp_path, test_name, test_array
):
    train = write_mat(tmp_path / "train.mat", gt_tr=TRAIN, gt_te=TEST)
    test = tmp_path / test_name
    if test.suffix == ".npy":
        np.save(test, TEST)
    else:
        write_mat(test, **{test_array: TEST})
    assert_right(*read_both(train, test, bare_scene, {"variable": "gt_tr"}))


def points(values):
    places = np.argwhere(values)
    shapes = [Point(500_005 + 10 * col, 5_799_995 - 10 * row) for row, col in places]
    names = [f"class {values[row, col]}" for row, col in places]
    return geopandas.GeoDataFrame({"cover": names}, geometry=shapes, crs=32633)


def test_both_may_be_layers_of_one_file(grid_scene, tmp_path):
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(points(TRAIN), path, layer="train")
    pyogrio.write_dataframe(points(TEST), path, layer="test")
    options = {"layer": "train", "field": "cover"}
    assert_right(*read_both(path, path, grid_scene, options, test_layer="test"))
    with pytest.raises(LabelError, match=r"say which layer .*test_layer= \(--test-layer\)"):
        read_both(path, path, grid_scene, options)


def test_a_raster_may_test_what_points_trained(grid_scene, tmp_path):
    points(TRAIN).to_file(tmp_path / "train.gpkg")
    np.save(tmp_path / "test.npy", TEST)
    options = {"field": "cover"}
    assert_right(*read_both(tmp_path / "train.gpkg", tmp_path / "test.npy", grid_scene, options))


def test_a_missing_file_of_test_labels_is_named(bare_scene, tmp_path):
    train = write_mat(tmp_path / "train.npz", gt=TRAIN)
    with pytest.raises(MissingFileError, match=r"none\.mat: there is no such file of labels"):
        read_both(train, tmp_path / "none.mat", bare_scene)
