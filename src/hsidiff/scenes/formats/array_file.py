"""Scenes in .mat, .npz and .npy files: a cube, perhaps with its wavelengths beside it."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.arrays import find_cube, list_arrays
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm
from hsidiff.scenes.formats.named_array import NamedArray
from hsidiff.scenes.formats.pixels import check_pixels
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_WAVELENGTH_NAMES = ("wavelength", "wavelengths", "wavelengths_nm", "wavelength_nm", "wl")
_GOOD_BAND_NAMES = ("bbl", "good_bands", "good")


@dataclass(frozen=True)
class ArrayFileSource:
    """Pixels of an array of a file; two dimensions are a scene of one band."""

    array: NamedArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands."""
        rows, cols, *bands = self.array.shape
        return rows, cols, bands[0] if bands else 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers."""
        return self.array.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        if len(self.array.shape) == 2:
            return self.array.part(*window.slices)[:, :, np.newaxis][:, :, bands]
        first, last = int(bands[0]), int(bands[-1])
        return self.array.part(*window.slices, slice(first, last + 1))[:, :, bands - first]


def open_array_file(path: Path, variable: str | None, option: str) -> Scene:
    """Open a scene of a ``.mat``, ``.npz`` or ``.npy`` file.

    Wavelengths (``wl``, ``wavelength`` ...) and good bands (``bbl``) that stand in the file under
    their usual names, with one number per band, come along.

    Args:
        path: the file.
        variable: the cube's name, or None if the file holds only one.
        option: how the user can give ``variable``, for the messages.

    Raises:
        SceneError: if the file is broken, or has no cube, or several.
    """
    arrays = list_arrays(path)
    cube = find_cube(path, arrays, variable, option)
    if len(cube.shape) == 3:
        check_pixels(f"{path}: {cube.name}", cube.shape, cube.dtype)
    else:
        check_pixels(f"{path}: {cube.name}", (*cube.shape, 1), cube.dtype)
    source = ArrayFileSource(cube)
    n_bands = source.shape[2]
    flags = _per_band(arrays, _GOOD_BAND_NAMES, n_bands, path)
    values = _per_band(arrays, _WAVELENGTH_NAMES, n_bands, path)
    return Scene(
        name=path.stem,
        source=source,
        good_bands=np.ones(n_bands, dtype=bool) if flags is None else flags != 0,
        file_wavelengths_nm=None if values is None else wavelengths_in_nm(values, None, str(path)),
        files=(path,),
    )


def _per_band(
    arrays: Sequence[NamedArray], names: tuple[str, ...], n_bands: int, path: Path
) -> np.ndarray | None:
    """The (bands,) numbers of the first array with one of ``names``, in any case."""
    named = [array for array in arrays if array.last_name in names]
    for array in named:
        if math.prod(array.shape) == n_bands:
            return array.load().ravel()
    for array in named:
        warnings.warn(
            f"{path}: {array.name} has shape {array.shape} and is ignored: "
            f"expected one number for each of {n_bands} bands, the last axis of the cube",
            HsidiffWarning,
            stacklevel=4,
        )
    return None
