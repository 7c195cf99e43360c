import pickle

import h5py
import numpy as np
import pytest
from fake_files import cube, write_matlab73
from scipy.io import savemat

from hsidiff.errors import SceneError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window


def write_matlab5(path, arrays):
    savemat(path, arrays, do_compression=True)
    return path


@pytest.fixture(params=[write_matlab5, write_matlab73], ids=["v5", "v7.3"])
def write(request):
    return request.param


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_a_window_equals_the_slice_of_the_array(tmp_path, write, dtype):
    values = cube((5, 7, 6), dtype)
    scene = open_scene(write(tmp_path / "a.mat", {"any_name": values}), drop_bands=[1, 4])
    window = Window(1, 2, 3, 4)
    np.testing.assert_array_equal(scene.read(window), values[1:4, 2:6][:, :, [1, 2, 4, 5]])
    assert scene.source.dtype == values.dtype
    assert scene.shape == (5, 7)


def test_a_pickled_scene_reads_the_same_and_travels_without_its_pixels(tmp_path, write):
    values = cube((40, 50, 20))
    scene = open_scene(write(tmp_path / "a.mat", {"a": values}))
    scene.read()
    pickled = pickle.dumps(scene)
    assert len(pickled) < 5000
    np.testing.assert_array_equal(pickle.loads(pickled).read(), values)


@pytest.mark.parametrize("factor", [1.0, 1000.0], ids=["um", "nm"])
def test_wavelengths_and_bad_bands_beside_the_cube_are_used(tmp_path, write, factor):
    wavelengths = np.array([[0.4, 0.5, 0.6, 0.7, 1.4, 2.4]])
    arrays = {
        "I": cube((5, 7, 6), "float64"),
        "WL": wavelengths * factor,
        "bbl": np.array([[1, 1, 1, 1, 0, 1.0]]),
        "rgb": cube((5, 7, 3), "uint8"),
    }
    scene = open_scene(write(tmp_path / "a.mat", arrays))
    assert scene.good_bands.tolist() == [True, True, True, True, False, True]
    np.testing.assert_allclose(scene.wavelengths_nm, [400, 500, 600, 700, 2400])


def test_text_and_structs_are_no_candidates(tmp_path):
    arrays = {
        "cube": cube(),
        "note": "hello",
        "params": {"a": 1.0},
        "cells": np.array(["a", 1], object),
    }
    path = write_matlab5(tmp_path / "a.mat", arrays)
    assert open_scene(path).n_bands == 6


def test_a_cube_inside_a_struct_of_v73_is_found_by_its_path(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file.create_dataset("hsi/Data", data=cube().T)
    np.testing.assert_array_equal(open_scene(tmp_path / "a.mat").read(), cube())


def test_v73_reads_only_the_window(tmp_path, monkeypatch):
    path = write_matlab73(tmp_path / "a.mat", {"a": cube()})
    scene = open_scene(path)
    asked = []
    original = h5py.Dataset.__getitem__
    monkeypatch.setattr(
        h5py.Dataset, "__getitem__", lambda *given: asked.append(given[1]) or original(*given)
    )
    scene.read(Window(1, 2, 3, 4))
    assert asked == [(slice(0, 6), slice(2, 6), slice(1, 4))]


def test_complex_numbers_are_refused(tmp_path, write):
    path = write(tmp_path / "a.mat", {"a": cube().astype(complex)})
    if write is write_matlab73:  # MATLAB's own layout of complex numbers
        with h5py.File(path, "w") as file:
            pairs = np.zeros((6, 7, 5), dtype=[("real", "f8"), ("imag", "f8")])
            file.create_dataset("a", data=pairs)
    with pytest.raises(SceneError, match="complex"):
        open_scene(path)


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path, write, kept):
    values = np.random.default_rng(0).normal(size=(20, 20, 30))
    path = write(tmp_path / "a.mat", {"a": values})
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(SceneError, match="not a readable MATLAB file") as caught:
        open_scene(path).read()
    assert "\n" not in str(caught.value)


def test_text_with_a_matlab_name_is_refused(tmp_path):
    path = tmp_path / "a.mat"
    path.write_text("this is no MATLAB file\n" * 40)
    with pytest.raises(SceneError, match="not a readable MATLAB file"):
        open_scene(path)
