"""A map of class ids that exists, with its legend."""

import warnings
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from hsidiff.errors import LabelError, MissingFileError
from hsidiff.labels.label_files import label_errors_of, read_raster_file
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.open import open_scene


def read_map(path: str | Path) -> LabelMap:
    """Read a map with the names and colours of its classes; all of it is in memory.

    Args:
        path: a raster of class ids, 0 = no data; one that hsidiff or another program wrote.

    Raises:
        LabelError: if it has several bands, holds other numbers than ids, or no class at all.
        MissingFileError: if there is no such file.
    """
    path = Path(path)
    if not path.exists():
        raise MissingFileError(f"{path}: there is no such map")
    with label_errors_of(path):
        grid = open_scene(path)
        if grid.n_bands > 1:
            raise LabelError(f"{path} has {grid.n_bands} bands, a map has one: give the map, .tif")
        _check_holds_classes(path)
        drawn = read_raster_file(path, grid)
    if not drawn.n_labelled:
        raise LabelError(f"{path}: no pixel has a class: give a map of class ids")
    return drawn


def _check_holds_classes(path: Path) -> None:
    """Refuse a band of percents, such as a confidence: they would pass for ids of classes.

    Raises:
        LabelError: if it is one.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
        with dataset:
            unit, about = dataset.units[0], dataset.descriptions[0]
    except RasterioError:  # a format that rasterio does not read says no unit
        return
    if unit == "%":
        raise LabelError(f"{path} holds per cent ({about or 'no description'}): give the map")
