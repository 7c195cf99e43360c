import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from fake_files import cube, write_envi, write_geotiff, write_matlab73
from scipy.io import savemat

from hsidiff.errors import MissingFileError, SceneError
from hsidiff.scenes.open import open_scene

MAP_INFO = "{UTM, 1, 1, 364095, 5809965, 30, 30, 33, North, WGS-84, units=Meters}"


def test_an_array_is_a_scene():
    scene = open_scene(cube(), drop_bands=[1, 6])
    np.testing.assert_array_equal(scene.read(), cube()[:, :, 1:5])


def test_hidden_values_of_a_masked_array_are_invalid():
    values = np.ma.masked_equal(cube((2, 2, 3)), 4)
    assert np.isnan(open_scene(values).read()).all(axis=-1).tolist() == [
        [False, True],
        [False, False],
    ]


def test_a_scene_is_returned_as_it_is():
    scene = open_scene(cube())
    assert open_scene(scene) is scene
    assert open_scene(scene, drop_bands=[2]).n_bands == scene.n_bands - 1


@pytest.mark.parametrize("number", [0, 7, -1])
def test_a_dropped_band_must_exist(number):
    with pytest.raises(SceneError, match=f"drop_bands: {number} is not a band"):
        open_scene(cube(), drop_bands=[number])


def test_a_number_may_be_said_to_mean_no_value():
    values = cube((2, 2, 3)).astype(float)
    values[0, 1] = values[1, 1, 2] = -9
    scene = open_scene(values, nodata=-9)
    expected = [[False, True], [False, True]]
    assert np.isnan(scene.read()).all(axis=-1).tolist() == expected


def test_a_path_may_be_text(tmp_path):
    np.save(tmp_path / "a.npy", cube())
    assert open_scene(str(tmp_path / "a.npy")).name == "a"


@pytest.mark.parametrize("suffix", [".MAT", ".NPY", ".TIF", ".tiff"])
def test_suffixes_may_be_in_any_case(tmp_path, suffix):
    path = tmp_path / f"scene{suffix}"
    if suffix == ".MAT":
        write_matlab73(path, {"a": cube()})
    elif suffix == ".NPY":
        with path.open("wb") as stream:
            np.save(stream, cube())
    else:
        write_geotiff(path, cube())
    np.testing.assert_array_equal(open_scene(path).read(), cube())


@pytest.mark.parametrize("name", ["a.mat", "a.npz", "a.npy", "a.tif", "a.hdr", "a.bsq", "a"])
def test_an_empty_file_is_refused(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(SceneError, match="is empty"):
        open_scene(tmp_path / name)


@pytest.mark.parametrize("name", ["a.mat", "a.npz", "a.npy", "a.tif", "a.hdr", "a.bsq", "a", "x/a"])
def test_a_missing_file_is_refused(tmp_path, name):
    with pytest.raises(MissingFileError, match="does not exist"):
        open_scene(tmp_path / name)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(SceneError, match="is a folder"):
        open_scene(tmp_path)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.zip", "is an archive: unpack it"),
        ("a.bsq.gz", "is an archive: unpack it"),
        ("a.tar", "is an archive: unpack it"),
        ("a.nc", "open it with xarray"),
        ("a.he5", "open it with xarray"),
    ],
)
def test_archives_and_swaths_are_answered_with_the_way_out(tmp_path, name, advice):
    (tmp_path / name).write_text("hello")
    with pytest.raises(SceneError, match=advice):
        open_scene(tmp_path / name)


def test_an_unknown_format_is_answered_with_the_known_ones(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(SceneError, match=r"expected \.mat, \.npz, \.npy, \.tif, or an ENVI file"):
        open_scene(tmp_path / "a.txt")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read every file")
def test_a_forbidden_file_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", cube())
    (tmp_path / "a.npy").chmod(0)
    with pytest.raises(SceneError, match="cannot be read"):
        open_scene(tmp_path / "a.npy")


@pytest.mark.parametrize("write", [write_envi, write_geotiff])
def test_a_variable_needs_a_format_with_named_arrays(tmp_path, write):
    path = write(tmp_path / "a.tif", cube()) if write is write_geotiff else None
    path = path or write(tmp_path / "a.bsq", cube())
    with pytest.raises(SceneError, match="has no named arrays"):
        open_scene(path, variable="a")


def test_a_variable_of_an_array_in_memory_is_refused():
    with pytest.raises(SceneError, match="names an array of a file"):
        open_scene(cube(), variable="a")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.ones((3, 4)), r"has shape \(3, 4\): expected \(rows, cols, bands\)"),
        (np.ones((3, 4, 0)), "at least one of each"),
        (np.ones((3, 4, 5), dtype=complex), "complex"),
        (np.full((3, 4, 5), "a"), "expected real numbers"),
        ([1, 2, 3], "a list is no scene"),
        (None, "a NoneType is no scene"),
    ],
)
def test_what_is_no_scene_is_refused(source, message):
    with pytest.raises(SceneError, match=message):
        open_scene(source)


def test_a_relative_path_is_opened(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", cube())
    monkeypatch.chdir(tmp_path)
    assert open_scene(Path("a.npy")).n_bands == 6


def write_every_format(folder):
    """A scene with wavelengths and a gap in each format, in a folder of its own."""
    values = cube().astype("float32")
    values[0, 0] = -1
    wl = np.linspace(400, 900, 6)
    write_envi(folder / "a.bsq", values, data_ignore_value="-1", map_info=MAP_INFO)
    write_envi(folder / "packed.img", values, compression=1, map_info=MAP_INFO)
    write_geotiff(folder / "a.tif", values, nodata=-1, compress="deflate")
    np.save(folder / "a.npy", values)
    np.savez(folder / "a.npz", cube=values, wl=wl)
    savemat(folder / "v5.mat", {"hsi": {"cube": values, "wl": wl}})
    write_matlab73(folder / "v73.mat", {"cube": values, "wl": wl})
    return ["a.bsq", "a.hdr", "packed.img", "a.tif", "a.npy", "a.npz", "v5.mat", "v73.mat"]


def test_opening_and_reading_write_nothing_in_any_format(tmp_path):
    names = write_every_format(tmp_path)

    def state():
        return {
            path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in tmp_path.iterdir()
        }

    before = state()
    for name in names:
        assert open_scene(tmp_path / name).read().shape == (5, 7, 6)
    assert state() == before
