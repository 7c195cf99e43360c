"""Cubes whose bands are not their last axis: known by what lies beside them, or said."""

import h5py
import numpy as np
import pytest
from fake_files import cube, write_matlab73
from scipy.io import savemat

from hsidiff.errors import HsidiffWarning, LabelError, SceneError, SettingError
from hsidiff.labels.read import read_labels
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

VALUES = cube((5, 7, 6))
NM = np.linspace(400, 900, 6)
LABELS = np.arange(35).reshape(5, 7) % 3
PLACES = {"first": 0, "middle": 1, "last": 2}


def write_matlab5(path, arrays):
    savemat(path, arrays)
    return path


def write_npz(path, arrays):
    np.savez(path.with_suffix(".npz"), **arrays)
    return path.with_suffix(".npz")


@pytest.fixture(params=[write_matlab5, write_matlab73, write_npz], ids=["v5", "v7.3", "npz"])
def write(request):
    return request.param


def check(scene):
    assert scene.source.shape == (5, 7, 6)
    np.testing.assert_array_equal(scene.read(), VALUES)
    window = Window(1, 2, 3, 4)
    np.testing.assert_array_equal(
        scene.without_bands([1, 4]).read(window), VALUES[1:4, 2:6][:, :, [1, 2, 4, 5]]
    )


@pytest.mark.parametrize("axis", PLACES)
@pytest.mark.parametrize("beside", [{"wl": NM}, {"wl": NM, "gt": LABELS}, {"Indian_gt": LABELS}])
def test_wavelengths_or_labels_say_where_the_bands_are(tmp_path, write, axis, beside):
    arrays = {"cube": np.moveaxis(VALUES, 2, PLACES[axis]), **beside}
    scene = open_scene(write(tmp_path / "a.mat", arrays))
    check(scene)
    told = "first" if axis == "first" else "in the middle"
    notes = [f"has its bands {told}, as the"] if axis != "last" else []
    assert len(scene.notes) == len(notes)
    assert all(part in note for part, note in zip(notes, scene.notes, strict=True))
    if "wl" in beside:
        np.testing.assert_allclose(scene.wavelengths_nm, NM)


@pytest.mark.parametrize("axis", PLACES)
def test_the_user_may_say_it(tmp_path, write, axis):
    path = write(tmp_path / "a.mat", {"cube": np.moveaxis(VALUES, 2, PLACES[axis])})
    check(open_scene(path, band_axis=axis))


def test_a_dark_frame_of_columns_and_bands_is_not_labels(tmp_path, write):
    scene = open_scene(write(tmp_path / "a.mat", {"cube": VALUES, "dark": np.ones((7, 6))}))
    check(scene)


def test_wavelengths_that_fit_two_axes_are_ignored_with_the_way_to_say_it(tmp_path):
    path = write_matlab5(tmp_path / "a.mat", {"cube": cube((6, 6, 7)), "wl": NM})
    with pytest.warns(HsidiffWarning, match="--band-axis"):
        assert open_scene(path).n_bands == 7
    assert open_scene(path, band_axis="middle").n_bands == 6


def test_labels_of_another_file_are_refused_with_the_way_to_say_it(tmp_path):
    path = write_matlab5(tmp_path / "a.mat", {"cube": np.moveaxis(VALUES, 2, 0)})
    with pytest.raises(LabelError, match=r"bands first: .*--band-axis first"):
        read_labels(LABELS, open_scene(path))
    labels = read_labels(LABELS, open_scene(path, band_axis="first"))
    np.testing.assert_array_equal(labels.values, LABELS)


def test_it_is_said_of_cubes_in_files_of_arrays_only(tmp_path):
    np.save(tmp_path / "two.npy", VALUES[:, :, 0])
    for source, words in ((VALUES, "transpose it"), (tmp_path / "two.npy", "two-dimensional")):
        variable = None if isinstance(source, np.ndarray) else "two"
        with pytest.raises(SceneError, match=words):
            open_scene(source, variable=variable, band_axis="first")
    np.save(tmp_path / "a.npy", VALUES)
    with pytest.raises(SettingError, match="band_axis"):
        open_scene(tmp_path / "a.npy", band_axis="third")


def test_the_axis_of_an_hdf5_cube_may_be_said(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"] = np.moveaxis(VALUES, 2, 1)
    with pytest.raises(SceneError, match=r"--band-axis first\|middle\|last"):
        open_scene(tmp_path / "a.h5", variable="cube")
    check(open_scene(tmp_path / "a.h5", variable="cube", band_axis="middle"))
