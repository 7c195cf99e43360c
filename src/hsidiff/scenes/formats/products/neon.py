"""NEON surface directional reflectance (DP3.30006): HDF5, a group named by the site."""

from dataclasses import replace
from pathlib import Path

import h5py
from affine import Affine
from rasterio.crs import CRS

from hsidiff.scenes.formats.products.crs import crs_of_text
from hsidiff.scenes.formats.products.cube import scene_of
from hsidiff.scenes.formats.products.hdf5 import (
    BANDS,
    COLS,
    ROWS,
    attribute,
    check_is_cube,
    named_dataset,
    numbers,
    opened,
    text_of,
)
from hsidiff.scenes.scene import Scene

_SYSTEM = "Metadata/Coordinate_System"


def _reflectance(file: h5py.File) -> h5py.Group | None:
    """The group ``SITE/Reflectance`` with its cube and metadata, or None."""
    for site in file.values():
        group = site.get("Reflectance") if isinstance(site, h5py.Group) else None
        if isinstance(group, h5py.Group) and "Reflectance_Data" in group and "Metadata" in group:
            return group
    return None


def recognises(file: h5py.File) -> bool:
    """Whether this is a tile or a flight line of NEON."""
    return _reflectance(file) is not None


def open_neon(path: Path, variable: str | None, apply_masks: bool) -> Scene:
    """Open a NEON scene. Its numbers are divided by the attribute ``Scale_Factor``.

    Raises:
        SceneError: if the cube is not one.
    """
    del apply_masks  # the product has none that is applied
    with opened(path) as file:
        group = _reflectance(file)
        assert group is not None
        cube = (
            group["Reflectance_Data"] if variable is None else named_dataset(path, file, variable)
        )
        check_is_cube(path, cube)
        scene = scene_of(path, file, cube, (ROWS, COLS, BANDS))
        factor = numbers(attribute(cube, "Scale_Factor", "Scale Factor"))
        scale = 1.0 if factor is None or not factor[0] > 0 else 1.0 / float(factor[0])
        crs, transform = _georeference(path, group)
    return replace(scene, scale=scale, crs=crs, transform=transform)


def _georeference(path: Path, group: h5py.Group) -> tuple[CRS | None, Affine | None]:
    """CRS and transform from ``Map_Info``, whose words are those of an ENVI header."""
    if f"{_SYSTEM}/Map_Info" not in group:
        return None, None
    words = [word.strip() for word in text_of(group[f"{_SYSTEM}/Map_Info"]).split(",")]
    places = numbers(words[1:7])
    transform = None
    if places is not None and places.size == 6:
        x_pixel, y_pixel, x, y, width, height = places.tolist()
        left, top = x - (x_pixel - 1) * width, y + (y_pixel - 1) * height
        transform = Affine(width, 0.0, left, 0.0, -height, top)
    if f"{_SYSTEM}/EPSG Code" in group:
        return crs_of_text(path, text_of(group[f"{_SYSTEM}/EPSG Code"])), transform
    if words[0] == "UTM" and len(words) > 8 and words[7].isdigit():
        hemisphere = 32700 if words[8].lower().startswith("s") else 32600
        return crs_of_text(path, hemisphere + int(words[7])), transform
    return None, transform
