"""What a fuzzer found in the readers of scenes, in its smallest form."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import rasterio
import scipy.io
import xarray
from fake_files import cube, write_envi, write_geotiff, write_matlab73

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.first_look import MOST_WINDOWS, warn_of_fill, without_empty_bands
from hsidiff.scenes.formats.mat5_elements import check_variable
from hsidiff.scenes.formats.pixels import MOST_BANDS
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


def refusal(source: Any) -> str:
    with pytest.raises(SceneError) as error:
        open_scene(source)
    return str(error.value)


@pytest.mark.parametrize("name", ["scene.tif", "scene.tif.aux.xml", "scene.tif.ovr", "scene.hdr"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    write_geotiff(tmp_path / "scene.tif", cube())
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    assert f"{name} is a pipe or a device" in refusal(tmp_path / "scene.tif")


def test_a_disk_that_fails_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_envi(tmp_path / "scene.bsq", cube())

    def fails(_: Path) -> bytes:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(Path, "read_bytes", fails)
    assert refusal(path) == f"{path} cannot be read: Input/output error"


@pytest.mark.parametrize(
    ("field", "value"),
    [("lines", "9" * 5000), ("lines", "٣"), ("bands", "-1"), ("major_frame_offsets", "{inf, 0}"),
     ("minor_frame_offsets", "{nan, 0}"), ("major_frame_offsets", "{1e300, 0}"),
     ("map_info", "{UTM, 1, 1, 0, 0, 0, 0, 33, North, WGS-84}"),
     ("map_info", "{UTM, 1, 1, nan, 0, 30, 30, 33, North, WGS-84}")],
)  # fmt: skip
def test_numbers_of_a_header_that_are_none_are_refused(
    tmp_path: Path, field: str, value: str
) -> None:
    assert "\n" not in refusal(write_envi(tmp_path / "scene.bsq", cube(), **{field: value}))


def test_a_packed_file_is_unpacked_no_farther_than_its_header_says(tmp_path: Path) -> None:
    path = write_envi(tmp_path / "scene.bsq", cube(), compression=1)
    header = path.with_suffix(".hdr")
    header.write_text(header.read_text().replace("lines   = 5", "lines = 4"))
    with pytest.warns(UserWarning, match="holds 420 bytes unpacked, its header promises 336"):
        assert open_scene(path).shape == (4, 7)
    header.write_text(header.read_text().replace("lines = 4", "lines = 9999999"))
    assert "would unpack to" in refusal(path)


def test_a_transform_without_an_area_is_refused(tmp_path: Path) -> None:
    path = write_geotiff(
        tmp_path / "scene.tif", cube(), transform=rasterio.Affine(0, 0, 1, 0, 0, 1)
    )
    assert "gives pixels no area" in refusal(path)


def test_descriptions_that_are_not_utf8_are_ignored_with_a_note(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "scene.tif", cube((2, 3, 2)))
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("0.443 µm", "0.560 µm")
    path.write_bytes(path.read_bytes().replace("µm".encode(), "µm ".encode("latin-1")))
    with pytest.warns(HsidiffWarning, match=r"descriptions .*'0.443 µm .*not in UTF-8"):
        assert open_scene(path).wavelengths_nm is None


def test_an_axis_that_cannot_be_one_of_bands_is_refused() -> None:
    assert "too many" in refusal(np.broadcast_to(np.float32(1), (2, 2, MOST_BANDS + 1)))


def test_a_tiff_of_one_enormous_block_is_refused(tmp_path: Path) -> None:
    size = {"width": 20_000, "height": 20_000, "count": 3, "dtype": "uint8"}
    block = {"tiled": True, "blockxsize": 20_000, "blockysize": 20_000, "SPARSE_OK": True,
             "interleave": "pixel", "compress": "deflate"}  # fmt: skip
    with rasterio.open(tmp_path / "scene.tif", "w", driver="GTiff", **size, **block):
        pass
    assert "in blocks of 20000 x 20000 pixels, 1200000000 bytes" in refusal(tmp_path / "scene.tif")


def write_cube(path: Path, **attributes: Any) -> Path:
    with h5py.File(path, "w", userblock_size=512 if path.suffix == ".mat" else 0) as file:
        made = file.create_dataset("cube", data=cube().T.astype("f4"))
        made.attrs.update(attributes)
        file["wavelength"] = np.linspace(400, 900, 6)
    return path


@pytest.mark.parametrize(
    "value", [np.array([1.0, 2.0]), np.array([]), 3, "text", np.bytes_("char")]
)
def test_a_class_of_matlab_of_another_type_says_nothing(tmp_path: Path, value: Any) -> None:
    path = write_cube(tmp_path / "scene.mat", MATLAB_class=value)
    if isinstance(value, bytes):
        assert "has no 3-D array" in refusal(path)
    else:
        assert open_scene(path).n_bands == 6


def test_a_dimension_scale_that_is_gone_kills_nobody(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "scene.nc")
    with h5py.File(path, "r+") as file:
        file["wavelength"].make_scale("wavelength")
        file["cube"].dims[0].attach_scale(file["wavelength"])
        del file["wavelength"]
    assert "no cube whose wavelengths are known" in refusal(path)


def test_a_dataset_of_one_enormous_chunk_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "scene.h5", "w") as file:
        shape = (1000, 1000, 200)
        file.create_dataset("cube", shape, "f4", chunks=shape, compression="gzip")
        file["wavelength"] = np.linspace(400, 900, 200)
    assert "in chunks of 800000000 bytes" in refusal(tmp_path / "scene.h5")


def test_an_enormous_sparse_array_beside_a_cube_is_passed_over(tmp_path: Path) -> None:
    graph = scipy.sparse.csc_array(([1.0], ([5], [5])), shape=(10**6, 10**6))
    scipy.io.savemat(tmp_path / "scene.mat", {"graph": graph, "cube": cube()})
    assert open_scene(tmp_path / "scene.mat").shape == (5, 7)


def test_an_array_that_holds_less_than_its_header_says_is_broken(tmp_path: Path) -> None:
    np.savez(tmp_path / "scene.npz", cube=cube())
    content = (tmp_path / "scene.npz").read_bytes()
    changed = re.sub(rb"\(5, 7, 6\), ", b"(5, 7, 999),", content)
    assert len(changed) == len(content) + 1
    changed = re.sub(rb"\(5, 7, 6\), }", b"(9, 7, 6), }", content)
    (tmp_path / "scene.npz").write_bytes(changed)
    assert "not a readable .npz file" in refusal(tmp_path / "scene.npz")


def good_array(**attributes: Any) -> xarray.DataArray:
    array = xarray.DataArray(np.moveaxis(cube(), -1, 0).astype("f4"), dims=("band", "y", "x"))
    return array.assign_attrs(attributes)


@pytest.mark.parametrize("name", ["scale_factor", "add_offset", "scales", "offsets", "_FillValue"])
@pytest.mark.parametrize("value", ["text", {}, [1, 2], object(), [[[]]], "é", 10**400])
def test_an_attribute_of_another_type_is_refused(name: str, value: Any) -> None:
    assert "\n" not in refusal(good_array(**{name: value}))


@pytest.mark.parametrize("value", [5, 5.5, "text", [1.0] * 6, {}, [None] * 6])
def test_descriptions_of_another_type_mean_nothing(value: Any) -> None:
    assert open_scene(good_array(long_name=value)).wavelengths_nm is None


@pytest.mark.parametrize("name", ["y", "x", "wavelength", "good"])
def test_coordinates_of_text_are_refused(name: str) -> None:
    dim = name if name in {"x", "y"} else "band"
    n = good_array().sizes[dim]
    array = good_array().assign_coords({name: (dim, np.full(n, "a"))})
    assert "must hold numbers" in refusal(array)


class HugeSource:
    """Pixels without value, of a scene that nobody could look through."""

    shape, dtype = (10**6, 10**6, 4), np.dtype(np.float32)

    def __init__(self, value: float) -> None:
        self.value, self.n_reads = value, 0

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        self.n_reads += 1
        return np.full((window.n_rows, window.n_cols, len(bands)), self.value, np.float32)


@pytest.mark.parametrize("value", [np.nan, 1.0])
def test_of_a_huge_scene_a_part_is_looked_at(value: float) -> None:
    source = HugeSource(value)
    scene = Scene("huge", source, np.ones(4, dtype=bool))
    assert without_empty_bands(scene) is scene
    warn_of_fill(scene)
    assert source.n_reads <= 2 * MOST_WINDOWS


@pytest.mark.parametrize("big", ["YES", "NO"])
def test_an_offset_beyond_every_file_is_refused_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], big: str
) -> None:
    path = write_geotiff(tmp_path / "scene.tif", cube(), BIGTIFF=big, interleave="band")
    assert open_scene(path).shape == (5, 7)
    content = bytearray(path.read_bytes())
    if big == "YES":
        content[8:16] = b"\xff" * 8  # of the first directory
    else:
        start = int.from_bytes(content[4:8], "little") + 2
        tags = range(start, start + 12 * 30, 12)
        (tag,) = (place for place in tags if content[place : place + 2] == b"\x11\x01")
        content[tag + 2] = 16  # strip offsets of 64 bits, so that two of them become one
        place = int.from_bytes(content[tag + 8 : tag + 12], "little")
        content[place : place + 8] = b"\xff" * 8
    path.write_bytes(content)
    assert "lies beyond every file" in refusal(path)
    assert capfd.readouterr() == ("", "")


STRUCT = {"Data": cube(), "note": "text", "parts": np.array([1, "two"], dtype=object), "z": 1 + 2j}


@pytest.mark.parametrize("packed", [False, True])
def test_all_that_matlab_holds_passes_the_look_at_elements(tmp_path: Path, packed: bool) -> None:
    flags = scipy.sparse.csc_array(np.eye(5))
    content = {"hsi": STRUCT, "flags": flags, "word": "text", "empty": np.zeros((0, 0)), "l": True}
    scipy.io.savemat(tmp_path / "scene.mat", content, do_compression=packed)
    np.testing.assert_array_equal(open_scene(tmp_path / "scene.mat").read(), cube())
    for name in content:
        check_variable(tmp_path / "scene.mat", name)
    check_variable(tmp_path / "scene.mat", "absent")


@pytest.mark.parametrize("kind", [0, 8, 14, 15, 19, 200, 65_535])
def test_numbers_of_an_unknown_type_kill_nobody(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "scene.mat"
    scipy.io.savemat(path, {"cube": cube((5, 7, 6), "float32")})
    content = bytearray(path.read_bytes())
    place = content.index(b"cube") + 4  # the tag after the name, which fits into its own
    assert content[place] == 7
    content[place : place + 4] = kind.to_bytes(4, "little")
    path.write_bytes(content)
    assert "not a readable MATLAB file" in refusal(path)


def test_a_flag_that_asks_for_more_numbers_than_there_are_kills_nobody(tmp_path: Path) -> None:
    path = tmp_path / "scene.mat"
    scipy.io.savemat(path, {"cube": cube((5, 7, 6), "float32"), "more": np.zeros(3)})
    content = bytearray(path.read_bytes())
    content[128 + 8 + 8 + 1] |= 8  # complex
    path.write_bytes(content)
    assert "\n" not in refusal(path)


@pytest.mark.parametrize("error", [TypeError("string encoding"), ValueError("precision")])
def test_whatever_hdf5_says_of_a_broken_matlab_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = write_matlab73(tmp_path / "scene.mat", {"cube": cube().astype("f4")})
    source = open_scene(path).source

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(h5py.Dataset, "__getitem__", fails)
    with pytest.raises(SceneError, match=f"not a readable MATLAB file .{error}"):
        source.read(Window(0, 0, 1, 1), np.array([0]))
    monkeypatch.setattr(h5py.Group, "visititems", fails)
    assert f"({error}): save or copy it again" in refusal(path)


def test_labels_of_axes_of_another_type_mean_nothing(tmp_path: Path) -> None:
    path = write_cube(tmp_path / "scene.h5")
    with h5py.File(path, "r+") as file:
        file["wavelength"].attrs["units"] = "nm"
        file["cube"].attrs["DIMENSION_LABELS"] = np.array([1, 2, 3])
    assert open_scene(path).n_bands == 6


@pytest.mark.parametrize("name", ["scene.zip", "scene.tar.gz"])
def test_an_archive_that_is_broken_inside_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    write_geotiff(tmp_path / "in" / "A-SPECTRAL_IMAGE.TIF", cube())
    (tmp_path / "in" / "A-METADATA.XML").write_text("<xml/>" + "x" * 5000)
    kind = "zip" if name.endswith("zip") else "gztar"
    shutil.make_archive(str(tmp_path / "scene"), kind, tmp_path / "in")
    content = bytearray((tmp_path / name).read_bytes())
    place = content.index(b"A-METADATA.XML") + 20 if kind == "zip" else len(content) // 2
    content[place : place + 8] = b"\xff" * 8
    (tmp_path / name).write_bytes(content)
    assert "cannot be" in refusal(tmp_path / name)  # looked into, or read by GDAL
