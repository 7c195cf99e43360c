"""A heap of texts that HDF5 would go through without end."""

import struct

import h5py
import numpy as np
import pytest
from fake_files import cube, write_matlab73

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.hdf5_heaps import check_heaps
from hsidiff.scenes.open import open_scene


def write(path, text="nanometers"):
    with h5py.File(path, "w") as file:
        file["cube"] = cube((4, 5, 3), "float32")
        file["wavelength"] = [450.0, 550.0, 650.0]
        file["wavelength"].attrs["units"] = text
    return path


def break_heap(path, number, size):
    """Give the text ``number`` of the first heap another number, 0, and size, or another size."""
    content = bytearray(path.read_bytes())
    place = content.index(b"GCOL") + 16
    struct.pack_into("<H", content, place, number)
    struct.pack_into("<Q", content, place + 8, size)
    path.write_bytes(content)


def test_whole_heaps_pass(tmp_path):
    path = write(tmp_path / "a.nc")
    check_heaps(path)
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, [450, 550, 650])
    check_heaps(write(tmp_path / "long.nc", "nm" + " " * 70_000))


@pytest.mark.parametrize(("number", "size"), [(0, 0), (1, 2**64 - 16), (1, 2**64 - 17)])
@pytest.mark.parametrize("suffix", [".nc", ".mat"])
def test_a_heap_without_end_is_refused(tmp_path, number, size, suffix):
    path = write(tmp_path / f"a{suffix}")
    break_heap(path, number, size)
    with pytest.raises(SceneError, match=r"its texts are broken.*copy or download it again"):
        open_scene(path)


def test_a_file_that_was_changed_is_looked_at_again(tmp_path):
    path = write(tmp_path / "a.nc")
    check_heaps(path)
    break_heap(path, 0, 0)
    with pytest.raises(SceneError, match="texts are broken"):
        check_heaps(path)


def test_the_mark_of_a_heap_among_numbers_is_none(tmp_path):
    path = write_matlab73(tmp_path / "a.mat", {"cube": cube((4, 5, 3), "uint8")})
    with path.open("ab") as stream:
        stream.write(b"GCOL\x02\0\0\0" + bytes(100) + b"GCOL\x01")
    check_heaps(path)
