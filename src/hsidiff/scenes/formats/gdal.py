"""Open rasters through GDAL without its noise."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError  # it has no public name, and some calls let it out
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from hsidiff.errors import HsidiffWarning, SceneError, reason_of
from hsidiff.scenes.formats.address import NETWORK, gdal_name, shown
from hsidiff.scenes.window import Window


@contextmanager
def open_raster(path: Path, driver: str, **options: str) -> Iterator[rasterio.DatasetReader]:
    """Open a raster for reading; GDAL's errors inside the block become one clear line.

    Args:
        path: the file, or an address.
        driver: the only format that GDAL may take it for: ``"GTiff"``.
        **options: further settings of GDAL, which hold inside the block.

    Raises:
        SceneError: if GDAL cannot open or read it.
    """
    # GDAL would write a ".properties" file beside a gzip-compressed archive that it reads.
    address = gdal_name(path)
    network = {} if address is None else NETWORK
    quiet = rasterio.Env(CPL_VSIL_GZIP_WRITE_PROPERTIES="NO", **network, **options)
    try:
        with warnings.catch_warnings():
            # A scene without a georeference is nothing to warn of.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with quiet:
                # As "s3:x.tif" or "zip:x.tif", rasterio would take a name here for another place.
                dataset = rasterio.open(address or path.absolute(), driver=driver)
        with quiet, dataset:
            yield dataset
    except (RasterioError, CPLE_BaseError, UnicodeDecodeError) as error:
        reason = reason_of(error.__cause__ or error)
        advice = "save or copy it again"
        if address is not None:
            advice = "is the address right, and the server there? or download the file"
        raise SceneError(f"{shown(path)} cannot be read ({reason}): {advice}") from error


def of_rasterio(window: Window) -> RasterioWindow:
    """A window as rasterio has it."""
    return RasterioWindow(window.col, window.row, window.n_cols, window.n_rows)


def parsed_crs(text: Any) -> CRS:
    """The CRS of a WKT, a code or what else rasterio knows; GDAL prints nothing of its own.

    Raises:
        CRSError: if it is none.
    """
    with rasterio.Env():  # without it, GDAL tells the terminal, too
        return CRS.from_user_input(text)


def georeference(dataset: rasterio.DatasetReader) -> tuple[CRS | None, Affine | None]:
    """CRS and transform, None for what the file does not say.

    Ground control points are no transform and are ignored, see :func:`placed_by`.
    """
    transform = dataset.transform
    return dataset.crs, None if transform == Affine.identity() else transform


def placed_by(dataset: rasterio.DatasetReader) -> str | None:
    """What says where pixels lie that are on no grid; None if nothing does, or there is a grid."""
    if georeference(dataset)[1] is not None:
        return None
    points, _ = dataset.gcps
    if points:
        return f"{len(points)} ground control points"
    domains = {"RPC": "rational polynomials (RPC)", "GEOLOCATION": "geolocation arrays"}
    return next((what for domain, what in domains.items() if dataset.tags(ns=domain)), None)


def warn_of_no_grid(path: Path, what: str | None) -> None:
    """Note a scene that has a place on the earth, but no grid: its maps have no place.

    Args:
        path: the file.
        what: what :func:`placed_by` gives.

    Warns:
        HsidiffWarning: with the way to a grid.
    """
    if what is not None:
        warnings.warn(
            f"{shown(path)}: its pixels are placed by {what} and lie on no grid: maps and labels "
            "count in pixels; for a place on the earth warp the scene first (gdalwarp -r near)",
            HsidiffWarning,
            stacklevel=4,
        )
