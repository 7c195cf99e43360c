import pickle

import h5py
import numpy as np
import pytest
from fake_files import cube, write_matlab73
from scipy.io import savemat
from scipy.sparse import csc_array

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.arrays import find_raster
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


WAVELENGTHS = np.array([[400.0, 500, 600, 700, 800, 900]])
GT = np.arange(35, dtype=np.uint8).reshape(5, 7)


def write_struct5(path):
    info = {"Wavelength": WAVELENGTHS, "note": "hello"}
    labels = {"labels": GT, "Materials_Type": np.array(["trees", "road"], object)}
    savemat(path, {"hsi": {"Data": cube(), "info": info, "sceneLabels": labels}, "n": 3})
    return path


def write_struct73(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("hsi/Data", data=cube().T)
        file.create_dataset("hsi/info/Wavelength", data=WAVELENGTHS.T)
        file.create_dataset("hsi/sceneLabels/labels", data=GT.T)
    return path


@pytest.mark.parametrize("write_struct", [write_struct5, write_struct73], ids=["v5", "v7.3"])
def test_cube_wavelengths_and_labels_inside_a_struct_are_found(tmp_path, write_struct):
    path = write_struct(tmp_path / "a.mat")
    for variable in (None, "hsi/Data", "hsi.Data"):
        scene = open_scene(path, variable=variable)
        np.testing.assert_array_equal(scene.read(), cube())
        np.testing.assert_array_equal(scene.wavelengths_nm, WAVELENGTHS[0])
    found = find_raster(path, None)
    assert found.name == "hsi/sceneLabels/labels"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(found)).load(), GT)
    pickled = pickle.dumps(scene)
    assert len(pickled) < 5000
    np.testing.assert_array_equal(pickle.loads(pickled).read(), cube())


def test_several_cubes_of_structs_are_listed_by_their_paths(tmp_path):
    savemat(tmp_path / "a.mat", {"a": {"x": cube()}, "b": {"x": cube(), "y": {"z": cube()}}})
    with pytest.raises(SceneError, match=r"a/x 5x7x6, b/x 5x7x6, b/y/z 5x7x6.*--scene-variable"):
        open_scene(tmp_path / "a.mat")


def test_cells_and_lists_of_structs_are_named_with_the_way_out(tmp_path):
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = cube(), GT
    many = np.zeros((1, 2), dtype=[("Data", object)])
    savemat(tmp_path / "a.mat", {"samples": cells, "note": "hello"})
    savemat(tmp_path / "b.mat", {"samples": many})
    with h5py.File(tmp_path / "c.mat", "w") as file:
        file.create_dataset("#refs#/a", data=cube().T)
        reference = np.array([[file["#refs#/a"].ref]], dtype=h5py.ref_dtype)
        file.create_dataset("samples", data=reference).attrs["MATLAB_class"] = np.bytes_("cell")
    for name, kind in (("a", "cell"), ("b", "struct"), ("c", "cell")):
        with pytest.raises(
            SceneError, match=rf"holds samples \({kind}\).*cube = samples\{{1\}} or"
        ):
            open_scene(tmp_path / f"{name}.mat")


def test_sparse_labels_are_labels(tmp_path):
    savemat(tmp_path / "a.mat", {"cube": cube(), "gt": csc_array(GT.astype(float))})
    np.testing.assert_array_equal(find_raster(tmp_path / "a.mat", None).load(), GT)


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
