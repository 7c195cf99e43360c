"""The coordinate reference system of an HDF5 or NetCDF file, from its grid mapping."""

import warnings
from pathlib import Path

import h5py
import pyproj
from rasterio.crs import CRS
from rasterio.errors import CRSError

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.gdal import parsed_crs
from hsidiff.scenes.formats.products.hdf5 import attribute, every_dataset

_CRS_NAMES = ("crs_wkt", "spatial_ref", "epsg_code", "EPSG", "epsg")


def grid_mapping(file: h5py.File, cube: h5py.Dataset) -> h5py.Dataset | h5py.Group | None:
    """What holds the CRS: the grid mapping of the cube, else any other, else the file."""
    name = attribute(cube, "grid_mapping")
    if isinstance(name, str) and name:
        name = name.split(":")[0].split()[0]
        group = cube.parent
        while True:
            if name in group:
                return group[name]
            if group.name == "/":
                break
            group = group.parent
    said = (d for d in every_dataset(file) if {"crs_wkt", "spatial_ref"} & set(d.attrs))
    return next(said, file)


def crs_of(path: Path, mapping: h5py.Dataset | h5py.Group | None) -> CRS | None:
    """The CRS that a grid mapping states: as WKT, a code, or by the parameters of CF."""
    if mapping is None:
        return None
    text = attribute(mapping, *_CRS_NAMES)
    if text is not None and str(text).strip():
        return crs_of_text(path, text)
    if attribute(mapping, "grid_mapping_name") is None:
        return None
    try:
        cf = {name: attribute(mapping, name) for name in mapping.attrs}
        return parsed_crs(pyproj.CRS.from_cf(cf).to_wkt())
    except (pyproj.exceptions.CRSError, CRSError, KeyError, TypeError, ValueError):
        _warn_of_crs(path, str(attribute(mapping, "grid_mapping_name")))
        return None


def crs_of_text(path: Path, text: object) -> CRS | None:
    """The CRS of a WKT or an EPSG code; None without one, with a warning if it is neither."""
    if text is None:
        return None
    try:
        if isinstance(text, str) and not text.strip().isdigit():
            return parsed_crs(text.strip())
        return parsed_crs(int(text))  # type: ignore[call-overload]
    except (CRSError, TypeError, ValueError):
        _warn_of_crs(path, str(text))
        return None


def _warn_of_crs(path: Path, text: str) -> None:
    warnings.warn(
        f"{path}: its coordinate reference system ({text[:40]!r}) is not understood: the scene "
        "has none",
        HsidiffWarning,
        stacklevel=4,
    )
