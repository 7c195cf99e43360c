"""Arrays of NumPy files: .npy (memory-mapped) and .npz. Pickled objects are never loaded."""

import math
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from hsidiff.errors import SceneError, reason_of
from hsidiff.files import is_bomb
from hsidiff.scenes.formats.named_array import NamedArray


@dataclass(frozen=True)
class NpyArray(NamedArray):
    """The array of a ``.npy`` file, memory-mapped."""

    def load(self) -> np.ndarray:
        """See :meth:`NamedArray.load`."""
        return _map(self.path)

    def part(self, *slices: slice) -> np.ndarray:
        """See :meth:`NamedArray.part`."""
        return np.array(self.load()[slices])


@dataclass(frozen=True)
class NpzArray(NamedArray):
    """An array of a ``.npz`` file, which cannot be read in part: it is loaded once and kept."""

    def load(self) -> np.ndarray:
        """See :meth:`NamedArray.load`."""
        return self._loaded

    @cached_property
    def _loaded(self) -> np.ndarray:
        try:
            with np.load(self.path, allow_pickle=False) as file:
                array: np.ndarray = file[self.name]
                return array
        except Exception as error:  # headers are parsed as Python: nearly any error
            raise _broken(self.path, error) from error


def list_arrays(path: Path) -> list[NamedArray]:
    """Every numeric array of a ``.npy`` or ``.npz`` file, without its numbers.

    Raises:
        SceneError: if it is no such file, or a broken one.
    """
    if path.suffix.lower() == ".npy":
        mapped = _map(path)
        return [NpyArray(path, path.stem, mapped.shape, mapped.dtype)]
    try:
        with zipfile.ZipFile(path) as file:
            names = [name for name in file.namelist() if name.endswith(".npy")]
            arrays = [_array_of_member(path, file, name) for name in names]
    except Exception as error:  # headers are parsed as Python: nearly any error
        raise _broken(path, error) from error
    return [array for array in arrays if array.declared_dtype.kind in "biufc"]


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Every array of a ``.npz`` file that hsidiff wrote, by name.

    Raises:
        OSError: if it cannot be read.
        Exception: of nearly any other kind, if it is broken; nothing large is allocated for it.
    """
    with zipfile.ZipFile(path) as file:
        for name in file.namelist():
            _array_of_member(path, file, name)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _map(path: Path) -> np.ndarray:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # headers are parsed as Python: nearly any error
        raise _broken(path, error) from error


def _array_of_member(path: Path, file: zipfile.ZipFile, name: str) -> NpzArray:
    """An array, after its size was compared with what its header promises.

    Raises:
        ValueError: if it is shorter, or packed as no real numbers are.
    """
    member = file.getinfo(name)
    with file.open(name) as stream:
        version = np.lib.format.read_magic(stream)
        old = version == (1, 0)
        read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    _check_shape(shape)
    promised = math.prod(shape) * dtype.itemsize
    if promised > member.file_size:
        raise ValueError(f"{name} holds {member.file_size} bytes, its header promises {promised}")
    if is_bomb(member.compress_size, member.file_size):
        raise ValueError(
            f"{name} would unpack to {member.file_size} bytes from {member.compress_size}"
        )
    return NpzArray(path, name.removesuffix(".npy"), shape, dtype)


def _check_shape(shape: tuple[int, ...]) -> None:
    """Refuse what a header calls a shape and is none.

    Raises:
        ValueError: if a side is negative.
    """
    if any(side < 0 for side in shape):
        raise ValueError(f"its header gives the shape {shape}")


def _broken(path: Path, error: Exception) -> SceneError:
    return SceneError(
        f"{path} is not a readable {path.suffix} file of numbers ({reason_of(error)}): save or "
        "copy it again"
    )
