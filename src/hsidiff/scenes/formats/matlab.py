"""Arrays of MATLAB files: v4 and v5 to v7 (scipy), v7.3 (HDF5, h5py).

An array inside a struct has the names on the way to it: ``hsi/Data``.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.io import loadmat, whosmat
from scipy.sparse import issparse

from hsidiff.errors import SceneError, reason_of
from hsidiff.files import is_bomb
from hsidiff.scenes.formats.hdf5_heaps import open_hdf5
from hsidiff.scenes.formats.mat5_elements import check_variable
from hsidiff.scenes.formats.named_array import NamedArray
from hsidiff.scenes.formats.pixels import check_chunks

_MOST_OF_SPARSE = 2**27
"""Numbers, zeros among them, of a sparse array that may be labels; larger ones are a graph."""
_NUMERIC_CLASSES = {
    "double": "f8", "single": "f4", "logical": "?",
    "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8",
    "uint8": "u1", "uint16": "u2", "uint32": "u4", "uint64": "u8",
}  # fmt: skip


@dataclass(frozen=True)
class Matlab5Array(NamedArray):
    """A variable of a v5 file, which cannot be read in part: it is loaded once and kept."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers, which MATLAB makes smaller than the declared one."""
        return self._loaded.dtype

    def load(self) -> np.ndarray:
        """See :meth:`NamedArray.load`."""
        return self._loaded

    @cached_property
    def _loaded(self) -> np.ndarray:
        variable, *fields = self.name.split("/")
        value = _load(self.path, variable)
        for field in fields:
            value = value[field][0, 0]
        return value.toarray() if issparse(value) else value

    def keep(self, values: np.ndarray) -> "Matlab5Array":
        """This array with its numbers, which were read on the way to find it."""
        self.__dict__["_loaded"] = values
        return self


@dataclass(frozen=True)
class Matlab73Array(NamedArray):
    """A dataset of a v7.3 file. HDF5 holds MATLAB's axes in reversed order."""

    def load(self) -> np.ndarray:
        """See :meth:`NamedArray.load`."""
        return self.part(*(slice(None) for _ in self.shape))

    def part(self, *slices: slice) -> np.ndarray:
        """See :meth:`NamedArray.part`; reads the chunks that it needs."""
        try:
            with open_hdf5(self.path) as file:
                dataset = file[self.name]
                check_chunks(str(self.path), dataset)
                return dataset[tuple(reversed(slices))].T
        except SceneError:
            raise
        except Exception as error:  # a broken file makes h5py raise nearly anything
            raise _broken(self.path, error) from error


def list_arrays(path: Path) -> list[NamedArray]:
    """Every numeric array of a ``.mat`` file, without its numbers.

    Raises:
        SceneError: if it is no MATLAB file, or a broken one.
    """
    try:
        is_hdf5 = h5py.is_hdf5(path)
    except OSError as error:  # a disk that fails
        raise _broken(path, error) from error
    if is_hdf5:
        return _list_hdf5(path)
    try:
        variables = whosmat(path)
    except Exception as error:  # a broken file makes scipy raise nearly anything
        raise _broken(path, error) from error
    arrays: list[NamedArray] = []
    size = path.stat().st_size
    for name, shape, kind in variables:
        # Numbers of any class may be stored as bytes.
        if kind in _NUMERIC_CLASSES and is_bomb(size, math.prod(shape)):
            raise SceneError(
                f"{path}: {name} would unpack to {math.prod(shape)} numbers from {size} bytes, as "
                "no scene does: save it again"
            )
        if kind in _NUMERIC_CLASSES:
            dtype = np.dtype(_NUMERIC_CLASSES[kind])
            arrays.append(Matlab5Array(path, name, tuple(shape), dtype))
        elif kind in {"struct", "sparse"}:
            arrays += _inside(path, name, _load(path, name))
    return arrays


def list_others(path: Path) -> list[str]:
    """What a file holds beside numeric arrays and structs, such as ``samples (cell)``."""
    if h5py.is_hdf5(path):
        with open_hdf5(path) as file:
            kinds = {
                name: _class_of(item) for name, item in file.items() if not name.startswith("#")
            }
    else:
        kinds = {name: kind for name, _, kind in whosmat(path)}
    return [f"{name} ({kind})" for name, kind in kinds.items() if kind not in _NUMERIC_CLASSES]


def _load(path: Path, variable: str) -> Any:
    try:
        check_variable(path, variable)
        return loadmat(path, variable_names=[variable])[variable]
    except Exception as error:  # a broken file makes scipy raise nearly anything
        raise _broken(path, error) from error


def _inside(path: Path, name: str, value: Any) -> list[NamedArray]:
    """The numeric arrays of a value; of a struct, those of its fields, at any depth.

    Structs have to be read to be looked into. Arrays of several structs, cells and text are passed
    over.
    """
    if issparse(value):
        if math.prod(value.shape) > _MOST_OF_SPARSE:
            return []
        value = value.toarray()
    if not isinstance(value, np.ndarray):
        return []
    if value.dtype.names is None:
        is_numeric = value.dtype.kind in "biufc"
        array = Matlab5Array(path, name, value.shape, value.dtype)
        return [array.keep(value)] if is_numeric else []
    if value.shape != (1, 1):
        return []
    return [
        array
        for field in value.dtype.names
        for array in _inside(path, f"{name}/{field}", value[field][0, 0])
    ]


def _list_hdf5(path: Path) -> list[NamedArray]:
    arrays: list[NamedArray] = []

    def add(name: str, item: h5py.Dataset | h5py.Group) -> None:
        # "#refs#" and "#subsystem#" hold MATLAB's own bookkeeping; text is stored as uint16.
        if not isinstance(item, h5py.Dataset) or name.startswith("#"):
            return
        if _class_of(item) == "char" or "MATLAB_empty" in item.attrs:
            return
        is_complex = item.dtype.names == ("real", "imag")
        dtype = np.dtype(np.complex128) if is_complex else item.dtype
        if dtype.kind in "biufc":
            arrays.append(Matlab73Array(path, name, tuple(reversed(item.shape)), dtype))

    try:
        with open_hdf5(path) as file:
            file.visititems(add)
    except SceneError:
        raise
    except Exception as error:  # a broken file makes h5py raise nearly anything
        raise _broken(path, error) from error
    return arrays


def _class_of(item: h5py.Dataset | h5py.Group) -> str:
    """What MATLAB calls the class of a variable, or ``group``."""
    name = item.attrs.get("MATLAB_class", b"group")
    return name.decode("latin-1") if isinstance(name, bytes) else "group"


def _broken(path: Path, error: Exception) -> SceneError:
    return SceneError(
        f"{path} is not a readable MATLAB file ({reason_of(error)}): save or copy it again"
    )
