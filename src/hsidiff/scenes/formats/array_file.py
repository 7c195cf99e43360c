"""Scenes in .mat, .npz and .npy files: a cube, perhaps with its wavelengths beside it."""

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.formats.arrays import find_cube, list_arrays
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm
from hsidiff.scenes.formats.named_array import NamedArray
from hsidiff.scenes.formats.pixels import AXIS_OPTION, BAND_AXES, BANDS_LAST, check_pixels
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_WAVELENGTH_NAMES = ("wavelength", "wavelengths", "wavelengths_nm", "wavelength_nm", "wl")
_GOOD_BAND_NAMES = ("bbl", "good_bands", "good")
_ORDINARY = ("first", "in the middle", "last")
_LABEL_NAME = re.compile("gt|label|truth|mask|class|train|test")


@dataclass(frozen=True)
class ArrayFileSource:
    """Pixels of an array of a file; two dimensions are a scene of one band.

    Attributes:
        array: the array.
        band_axis: which of its three axes holds the bands; the other two are rows and columns.
    """

    array: NamedArray
    band_axis: int = BANDS_LAST

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands."""
        rows, cols, bands = with_bands_last((*self.array.shape, 1)[:3], self.band_axis)
        return rows, cols, bands

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers."""
        return self.array.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        if len(self.array.shape) == 2:
            return self.array.part(*window.slices)[:, :, np.newaxis][:, :, bands]
        first, last = int(bands[0]), int(bands[-1])
        parts = list(window.slices)
        parts.insert(self.band_axis, slice(first, last + 1))
        return np.moveaxis(self.array.part(*parts), self.band_axis, BANDS_LAST)[:, :, bands - first]


def with_bands_last(sides: Sequence[int], band_axis: int) -> tuple[int, ...]:
    """Sides of a cube as (rows, cols, bands)."""
    others = tuple(side for axis, side in enumerate(sides) if axis != band_axis)
    return (*others, sides[band_axis])


def open_array_file(
    path: Path, variable: str | None, option: str, band_axis: str | None = None
) -> Scene:
    """Open a scene of a ``.mat``, ``.npz`` or ``.npy`` file.

    Wavelengths (``wl``, ``wavelength`` ...) and good bands (``bbl``) that stand in the file under
    their usual names, with one number per band, come along. They, or labels beside the cube, say
    where its bands are; if nothing does, they are last.

    Args:
        path: the file.
        variable: the cube's name, or None if the file holds only one.
        option: how the user can give ``variable``, for the messages.
        band_axis: which axis holds the bands, one of ``BAND_AXES``; None finds it.

    Raises:
        SceneError: if the file is broken, or has no cube, or several, or the axis is said of an
            array of two dimensions.
    """
    arrays = list_arrays(path)
    cube = find_cube(path, arrays, variable, option)
    axis, notes = BANDS_LAST, tuple[str, ...]()
    if band_axis is not None and len(cube.shape) != 3:
        raise SceneError(
            f"{path}: {cube.name} is two-dimensional, a scene of one band: leave out {AXIS_OPTION}"
        )
    if band_axis is not None:
        axis = BAND_AXES.index(band_axis)
    elif len(cube.shape) == 3:
        axis, notes = _band_axis(arrays, cube)
    source = ArrayFileSource(cube, axis)
    check_pixels(f"{path}: {cube.name}", source.shape, cube.dtype)
    n_bands = source.shape[2]
    flags = _per_band(arrays, _GOOD_BAND_NAMES, n_bands, path)
    values = _per_band(arrays, _WAVELENGTH_NAMES, n_bands, path)
    return Scene(
        name=path.stem,
        source=source,
        good_bands=np.ones(n_bands, dtype=bool) if flags is None else flags != 0,
        file_wavelengths_nm=None if values is None else wavelengths_in_nm(values, None, str(path)),
        files=(path,),
        notes=notes,
    )


def _band_axis(arrays: Sequence[NamedArray], cube: NamedArray) -> tuple[int, tuple[str, ...]]:
    """Which axis of a cube holds the bands, and a note unless it is the last one.

    A list of wavelengths tells, else labels of the shape of the other two axes. Other tables do
    not: dark frames of a line scanner have columns and bands.
    """
    n_wavelengths = {
        math.prod(array.shape) for array in arrays if array.last_name in _WAVELENGTH_NAMES
    }
    images = {
        array.shape
        for array in arrays
        if len(array.shape) == 2 and min(array.shape) > 1 and _LABEL_NAME.search(array.last_name)
    }
    by_wavelength = [axis for axis in range(3) if cube.shape[axis] in n_wavelengths]
    by_labels = [axis for axis in range(3) if with_bands_last(cube.shape, axis)[:2] in images]
    for found, why in ((by_wavelength, "list of wavelengths"), (by_labels, "labels")):
        if BANDS_LAST in found:
            return BANDS_LAST, ()
        if len(found) == 1:
            sides = " x ".join(map(str, cube.shape))
            return found[0], (
                f"{cube.name} ({sides}) has its bands {_ORDINARY[found[0]]}, as the {why} beside "
                "it says",
            )
    return BANDS_LAST, ()


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
            f"expected one number for each of {n_bands} bands; if they are not the last axis of "
            f"the cube, say which with {AXIS_OPTION}",
            HsidiffWarning,
            stacklevel=4,
        )
    return None
