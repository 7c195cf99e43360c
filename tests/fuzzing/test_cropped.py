"""Windows of real files: the reader gives the same numbers as of the whole file."""

import gzip
from pathlib import Path

import h5py
import numpy as np
import scipy.io

from fuzzing.cropped import SIDE, crop_envi, crop_mat5, crop_mat73
from hsidiff.scenes.open import open_scene

VALUES = np.arange(20 * 30 * 4, dtype="<i2").reshape(20, 30, 4)


def test_envi(tmp_path: Path) -> None:
    source = tmp_path / "a.bsq"
    source.write_bytes(gzip.compress(VALUES.transpose(2, 0, 1).tobytes()))
    fields = ["samples = 30", "lines   = 20", "bands = 4", "data type = 2", "interleave = bsq"]
    fields += ["file compression = 1", "x start = 30", "wavelength = {1, 2, 3, 4}"]
    source.with_suffix(".hdr").write_text("\n".join(["ENVI", *fields]))
    (tmp_path / "small").mkdir()
    crop_envi(source, tmp_path / "small")
    scene = open_scene(tmp_path / "small" / "a.bsq")
    np.testing.assert_array_equal(scene.read(), VALUES[:SIDE, :SIDE])
    assert "x start = 30" in (tmp_path / "small" / "a.hdr").read_text()


def test_matlab_5(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"cube": VALUES, "wl": np.arange(4) + 400.0})
    (tmp_path / "small").mkdir()
    crop_mat5(tmp_path / "a.mat", tmp_path / "small")
    scene = open_scene(tmp_path / "small" / "a.mat")
    np.testing.assert_array_equal(scene.read(), VALUES[:SIDE, :SIDE])
    assert scene.wavelengths_nm is not None


def test_matlab_73(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        made = file.create_dataset("hsi/Data", data=VALUES.T, chunks=True, compression="gzip")
        made.attrs["MATLAB_class"] = np.bytes_("int16")
        refers = file.create_dataset("cells", (2,), h5py.ref_dtype)
        refers[:] = made.ref
    (tmp_path / "small").mkdir()
    crop_mat73(tmp_path / "a.mat", tmp_path / "small")
    scene = open_scene(tmp_path / "small" / "a.mat")
    np.testing.assert_array_equal(scene.read(), VALUES[:SIDE, :SIDE])
    with h5py.File(tmp_path / "small" / "a.mat") as file:
        assert file["hsi/Data"].attrs["MATLAB_class"] == b"int16"
        assert file["cells"].shape == (2,)
