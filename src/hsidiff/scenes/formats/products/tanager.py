"""Planet Tanager (HDF-EOS5): the orthorectified grid; the basic swath is refused."""

import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
from affine import Affine

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.products.crs import crs_of_text
from hsidiff.scenes.formats.products.cube import scene_of
from hsidiff.scenes.formats.products.grid import refuse_swath
from hsidiff.scenes.formats.products.hdf5 import (
    BANDS,
    COLS,
    ROWS,
    attribute,
    check_is_cube,
    datasets,
    listed,
    named_dataset,
    opened,
    text_of,
    whole,
)
from hsidiff.scenes.formats.products.masks import (
    MaskedSource,
    bands_left_out,
    with_masks,
    without_masks,
)
from hsidiff.scenes.scene import Scene

_GRID, _SWATH = "HDFEOS/GRIDS/HYP", "HDFEOS/SWATHS/HYP"
_CUBES = ("surface_reflectance", "toa_radiance")
_MASKS = {"beta_cloud_mask": "cloud", "beta_cirrus_mask": "cirrus"}
_OUTSIDE = "nodata_pixels"
_STRUCTURE = "HDFEOS INFORMATION/StructMetadata.0"
_NUMBER = r"([-+0-9.eE]+)"


def recognises(file: h5py.File) -> bool:
    """Whether this is a Tanager product."""
    return _GRID in file or _SWATH in file


def open_tanager(path: Path, variable: str | None, apply_masks: bool) -> Scene:
    """Open an orthorectified Tanager scene; ``good_wavelengths`` and its masks are applied.

    Raises:
        SceneError: if it is a basic scene, a swath, or holds no cube.

    Warns:
        HsidiffWarning: if masks hide pixels.
    """
    with opened(path) as file:
        if _GRID not in file:
            raise refuse_swath(path, "it is a basic Tanager scene (get ortho_sr_hdf5)")
        cube = _cube(path, file, variable)
        fields = cube.parent
        scene = scene_of(path, file, cube, (BANDS, ROWS, COLS))
        scene = replace(
            scene,
            crs=crs_of_text(path, attribute(file[_GRID], "epsg_code")),
            transform=_transform(file, scene.shape),
        )
        layers = {
            name: layer
            for field, name in _MASKS.items()
            if (layer := _layer(fields, field, scene.shape)) is not None
        }
        outside = _layer(fields, _OUTSIDE, scene.shape)
    scene = replace(scene, notes=bands_left_out(~scene.good_bands, "as good_wavelengths says"))
    if outside is not None and outside.any():
        scene = replace(scene, source=MaskedSource(scene.source, outside))
    return with_masks(scene, layers) if apply_masks else without_masks(scene, layers)


def _layer(fields: h5py.Group, name: str, shape: tuple[int, int]) -> np.ndarray | None:
    """(rows, cols) bool, where a layer is 1, or None if there is none; 255 is outside."""
    if name not in fields or fields[name].shape != shape:
        return None
    return whole(fields[name]) == 1


def _cube(path: Path, file: h5py.File, variable: str | None) -> h5py.Dataset:
    if variable is not None:
        cube = named_dataset(path, file, variable)
    else:
        fields = file[_GRID].get("Data Fields", {})
        named = [fields[name] for name in _CUBES if name in fields]
        if not named:
            raise SceneError(
                f"{path} holds no {' or '.join(_CUBES)}; it holds {listed(datasets(file))}: name "
                "an array with variable= or --scene-variable"
            )
        cube = named[0]
    check_is_cube(path, cube)
    return cube


def _transform(file: h5py.File, shape: tuple[int, int]) -> Affine | None:
    """The transform from the outer corners in ``StructMetadata.0``, or None without them."""
    if _STRUCTURE not in file:
        return None
    text = text_of(file[_STRUCTURE])
    corners = [
        re.search(rf"{name}\s*=\s*\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*\)", text)
        for name in ("UpperLeftPointMtrs", "LowerRightMtrs")
    ]
    if None in corners:
        return None
    (left, top), (right, bottom) = (
        (float(match[1]), float(match[2])) for match in corners if match is not None
    )
    rows, cols = shape
    if left == right or top == bottom:
        return None
    return Affine((right - left) / cols, 0.0, left, 0.0, (bottom - top) / rows, top)
