"""Which product an HDF5 or NetCDF 4 file is, and its scene."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.pixels import AXIS_OPTION
from hsidiff.scenes.formats.products import emit, neon, prisma, tanager
from hsidiff.scenes.formats.products.cube import open_cube
from hsidiff.scenes.formats.products.hdf5 import opened
from hsidiff.scenes.scene import Scene

HDF5_SUFFIXES = (".nc", ".nc4", ".h5", ".he5", ".hdf5", ".hdf", ".hdf4")
"""Lower-case suffixes of files that are HDF5, or that people take for it."""

# What else has such a suffix begins with:
_OTHER_FORMATS = {
    b"CDF": "NetCDF 3: convert it to NetCDF 4 (nccopy -k nc4 IN OUT)",
    b"\x0e\x03\x13\x01": "HDF4: convert it to HDF5 (h4toh5convert) or GeoTIFF (gdal_translate)",
}


class _Product(NamedTuple):
    """A product that is known by what its file holds, and how it is opened."""

    recognises: Callable[[h5py.File], bool]
    open: Callable[[Path, str | None, bool], Scene]


_PRODUCTS = (
    _Product(emit.recognises, emit.open_emit),
    _Product(prisma.recognises, prisma.open_prisma),
    _Product(tanager.recognises, tanager.open_tanager),
    _Product(neon.recognises, neon.open_neon),
)


def open_hdf5_file(
    path: Path, variable: str | None, option: str, apply_masks: bool, band_axis: str | None = None
) -> Scene:
    """Open a scene of an HDF5 or NetCDF 4 file: a known product, or any cube with wavelengths.

    Args:
        path: the file.
        variable: the cube's name, or None to find it.
        option: how the user can give ``variable``, for the messages.
        apply_masks: whether quality masks of the product hide pixels.
        band_axis: which axis of a cube that is no product holds the bands; None finds it.

    Raises:
        SceneError: if the file is broken, of another format, or holds no scene that can be read.
    """
    _check_format(path)
    with opened(path) as file:
        known = next((product for product in _PRODUCTS if product.recognises(file)), None)
    if known is None:
        return open_cube(path, variable, option, band_axis, apply_masks)
    if band_axis is not None:
        raise SceneError(f"{path}: the axes of this product are known: leave out {AXIS_OPTION}")
    return known.open(path, variable, apply_masks)


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 and NetCDF 4 do, whatever its name."""
    return bool(h5py.is_hdf5(path))


def _check_format(path: Path) -> None:
    if is_hdf5(path):
        return
    with path.open("rb") as stream:
        begin = stream.read(4)
    for mark, what in _OTHER_FORMATS.items():
        if begin.startswith(mark):
            raise SceneError(f"{path} is {what}")
    raise SceneError(
        f"{path} is no file of HDF5 or NetCDF 4, or a broken one: copy or download it again, "
        "or open it with xarray"
    )
