"""EMIT L2A reflectance: a swath, put on its map by the lookup table in the file.

The cube is (downtrack, crosstrack, bands). ``location/glt_x`` and ``glt_y`` say, for each cell of a
map in longitude and latitude, which pixel of the swath it shows, counted from 1; 0 is none, and a
negative number was filled in from a neighbour.
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.formats.products.crs import crs_of_text
from hsidiff.scenes.formats.products.cube import scene_of
from hsidiff.scenes.formats.products.emit_mask import mask_file, read_mask
from hsidiff.scenes.formats.products.grid import refuse_swath, transform_of_numbers
from hsidiff.scenes.formats.products.hdf5 import (
    BANDS,
    COLS,
    ROWS,
    attribute,
    check_is_cube,
    listed,
    named_dataset,
    numbers,
    opened,
)
from hsidiff.scenes.formats.products.masks import bands_left_out, with_masks, without_masks
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_CUBES = ("reflectance", "radiance", "reflectance_uncertainty")
_STRIP_BYTES = 32 * 2**20
"""So much of the swath is read at a time."""
# Source: https://github.com/nasa/EMIT-Data-Resources/issues/28
_MIRRORED_BUILDS = ("010612", "010613")
_MOST_CELLS = 2**25
_BAD = "as good_wavelengths says"
_TABLES = ("location/glt_x", "location/glt_y")


@dataclass(frozen=True)
class EmitSource:
    """Pixels of a swath, gathered for the cells of a map.

    Attributes:
        path: the file.
        name: the cube, (downtrack, crosstrack, bands).
        shape: rows and columns of the map, bands.
        dtype: the type of the stored numbers.
        swath_shape: pixels of the swath downtrack and crosstrack.
        mirrored: whether the table counts crosstrack pixels from the other end.
    """

    path: Path
    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    swath_shape: tuple[int, int]
    mirrored: bool = False
    masked = True

    def source_pixels(self, window: Window) -> np.ndarray:
        """(rows, cols) int64: downtrack * pixels crosstrack + crosstrack, -1 for none.

        Raises:
            SceneError: if the lookup table points beyond the swath.
        """
        with opened(self.path) as file:
            glt_x, glt_y = (_table(file, name, window) for name in _TABLES)
        n_down, n_across = self.swath_shape
        inside = (glt_x != 0) & (glt_y != 0)
        across, down = np.abs(glt_x) - 1, np.abs(glt_y) - 1
        if (inside & ((across >= n_across) | (down >= n_down))).any():
            raise SceneError(
                f"{self.path}: its lookup table points beyond the swath of {n_down} x {n_across} "
                "pixels: a cut of the swath needs its own table; get the whole file"
            )
        if self.mirrored:
            across = n_across - 1 - across
        return np.where(inside, down * n_across + across, -1)

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`; NaN where the map shows no pixel."""
        pixels = self.source_pixels(window).ravel()
        floating = np.result_type(self.dtype, np.float32)
        values = np.full((pixels.size, len(bands)), np.nan, dtype=floating)
        first, end = int(bands[0]), int(bands[-1]) + 1
        with opened(self.path) as file:
            cube = file[self.name]
            for cells, down, across in _strips(pixels, self.swath_shape[1], self._strip_rows(cube)):
                top, left = int(down.min()), int(across.min())
                block = cube[top : int(down.max()) + 1, left : int(across.max()) + 1, first:end]
                values[cells] = block[down - top, across - left][:, bands - first]
        return values.reshape(window.n_rows, window.n_cols, len(bands))

    def _strip_rows(self, cube: h5py.Dataset) -> int:
        """Rows of the swath to read at a time: whole chunks, so that none is unpacked twice."""
        row_bytes = self.swath_shape[1] * self.shape[2] * self.dtype.itemsize
        chunk = cube.chunks[0] if cube.chunks else 1
        return max(1, _STRIP_BYTES // row_bytes // chunk) * chunk


def _table(file: h5py.File, name: str, window: Window) -> np.ndarray:
    """A part of one of the two tables, int64, with 0 where it holds its fill number."""
    part = file[name][window.slices]
    fill = numbers(attribute(file[name], "_FillValue"))
    filled = np.zeros(part.shape, dtype=bool) if fill is None else np.isin(part, fill)
    if part.dtype.kind == "f":
        filled |= ~np.isfinite(part)
    return np.where(filled, 0, part).astype(np.int64)


def _strips(
    pixels: np.ndarray, n_across: int, n_rows: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Cells that show pixels of one strip of the swath: their indices, downtrack, crosstrack."""
    cells = np.flatnonzero(pixels >= 0)
    down, across = np.divmod(pixels[cells], n_across)
    order = np.argsort(down, kind="stable")
    strip = down[order] // n_rows
    for part in np.split(order, np.flatnonzero(np.diff(strip)) + 1):
        if part.size:
            yield cells[part], down[part], across[part]


def recognises(file: h5py.File) -> bool:
    """Whether this is a file of EMIT with a swath: its dimensions, or its lookup table."""
    return "location/glt_x" in file or {"downtrack", "crosstrack"} <= set(file)


def open_emit(path: Path, variable: str | None, apply_masks: bool) -> Scene:
    """Open a swath of EMIT on the map of its lookup table.

    ``good_wavelengths`` and the mask file beside it (``EMIT_L2A_MASK_...``) are applied.

    Raises:
        SceneError: if the file lacks its cube or its table, or the table is empty.

    Warns:
        HsidiffWarning: if masks hide pixels, or the table is mirrored.
    """
    with opened(path) as file:
        cube = _cube(path, file, variable)
        map_shape = _map_shape(path, file, cube)
        source = EmitSource(
            path, cube.name, (*map_shape, cube.shape[2]), cube.dtype, cube.shape[:2]
        )
        scene = replace(
            scene_of(path, file, cube, (ROWS, COLS, BANDS)),
            crs=crs_of_text(path, attribute(file, "spatial_ref")),
            transform=transform_of_numbers(numbers(attribute(file, "geotransform"))),
        )
        build = str(attribute(file, "software_build_version") or "")
    source = replace(source, mirrored=build.strip() in _MIRRORED_BUILDS)
    pixels = source.source_pixels(Window.whole(map_shape))
    if (pixels < 0).all():
        raise SceneError(f"{path}: its lookup table is empty, no cell of the map has a pixel")
    if source.mirrored:
        warnings.warn(
            f"{path}: files of build {build} count the pixels of their lookup table from the other "
            "side of the swath, which is undone: compare the map with a basemap",
            HsidiffWarning,
            stacklevel=3,
        )
    notes = [_note_of_copies(pixels), *bands_left_out(~scene.good_bands, _BAD)]
    mask = mask_file(path)
    if mask is None:
        notes.append("no quality mask lies beside it (EMIT_L2A_MASK_...)")
    files = (path,) if mask is None else (path, mask)
    scene = replace(scene, source=source, notes=tuple(notes), files=files)
    if not apply_masks:
        return without_masks(scene, () if mask is None else (mask.name,))
    layers = {name: _on_map(hidden, pixels) for name, hidden in read_mask(path, source.swath_shape)}
    return with_masks(scene, layers)


def _cube(path: Path, file: h5py.File, variable: str | None) -> h5py.Dataset:
    if variable is not None:
        cube = named_dataset(path, file, variable)
    else:
        held = [file[name] for name in file if isinstance(file[name], h5py.Dataset)]
        solid = [dataset for dataset in held if dataset.ndim == 3]
        named = [file[name] for name in _CUBES if name in file and file[name] in solid]
        if not named:
            raise SceneError(
                f"{path} holds no reflectance or radiance; of three dimensions are "
                f"{listed(solid)}: give the file EMIT_L2A_RFL_..., or name an array with "
                "variable= or --scene-variable"
            )
        cube = named[0]
    check_is_cube(path, cube)
    return cube


def _map_shape(path: Path, file: h5py.File, cube: h5py.Dataset) -> tuple[int, int]:
    """Rows and columns of the map of the lookup table.

    Raises:
        SceneError: if there is no table, or its two parts differ.
    """
    if any(name not in file for name in _TABLES):
        raise refuse_swath(path, f"{cube.name.lstrip('/')} comes without a lookup table (glt_x)")
    shapes = [file[name].shape for name in _TABLES]
    if shapes[0] != shapes[1] or len(shapes[0]) != 2 or 0 in shapes[0]:
        raise SceneError(
            f"{path}: the tables glt_x and glt_y have the shapes {shapes[0]} and {shapes[1]}: "
            "expected two of the same rows and columns: download it again"
        )
    if math.prod(shapes[0]) > _MOST_CELLS:
        raise SceneError(f"{path}: its lookup table has {shapes[0]} cells: download it again")
    return shapes[0]


def _on_map(hidden: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """What is hidden of the swath, on the map."""
    return (pixels >= 0) & hidden.ravel()[np.maximum(pixels, 0)]


def _note_of_copies(pixels: np.ndarray) -> str:
    inside = pixels[pixels >= 0]
    n_copies = inside.size - np.unique(inside).size
    return (
        f"put on the map by its lookup table: {count(inside.size)} of {count(pixels.size)} cells "
        f"show a pixel, {count(n_copies)} of them a copy of another cell"
    )
