"""PRISMA L2D: two detectors in one file, each with its own scale, bands from long to short.

The cubes are (rows, bands, cols). Attributes of the file hold wavelengths (0: an unused slot),
widths, scales, and the corners.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from affine import Affine

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm
from hsidiff.scenes.formats.pixels import check_pixels
from hsidiff.scenes.formats.products.crs import crs_of_text
from hsidiff.scenes.formats.products.grid import refuse_swath
from hsidiff.scenes.formats.products.hdf5 import attribute, opened
from hsidiff.scenes.formats.products.masks import bands_left_out
from hsidiff.scenes.formats.products.prisma_attributes import (
    DETECTORS,
    FIELDS,
    SWATHS,
    Detector,
    MergedBands,
    transform_of_corners,
)
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_WRONG = (1, 3, 4)
"""Entries of the error matrix that hide a number: no valid measurement, or saturated. 2, a
reflectance below 0 that is stored as the smallest one, is common over water and stays."""
_SAMPLE_ROWS = 64
_MOST_OF_AXIS = 20_000
_MOST_WRONG = 0.5


@dataclass(frozen=True)
class PrismaSource:
    """Pixels of both detectors, merged by wavelength.

    Attributes:
        path: the file.
        shape: rows, cols, bands.
        dtype: the type of the stored numbers.
        detectors: (bands,) which of ``Vnir``, ``Swir`` a band is of, 0 or 1.
        slots: (bands,) its place in the cube of its detector.
        apply_errors: whether numbers that the error matrix marks read as NaN.
    """

    path: Path
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    detectors: np.ndarray = field(repr=False)
    slots: np.ndarray = field(repr=False)
    apply_errors: bool
    masked = True

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        with opened(self.path) as file:
            stored = self._gather(file, "Cube", window, bands)
            values = stored.astype(np.float32)
            if self.apply_errors:
                errors = self._gather(file, "PIXEL_L2_ERR_MATRIX", window, bands)
                values[np.isin(errors, _WRONG)] = np.nan
            outside = (stored == 0).all(axis=-1)
            if outside.any() and len(bands) < self.shape[2]:
                # 0 in these bands may be a value: a pixel outside is 0 in all bands.
                every = self._gather(file, "Cube", window, np.arange(self.shape[2]))
                outside = (every == 0).all(axis=-1)
        values[outside] = np.nan
        return values

    def _gather(self, file: h5py.File, kind: str, window: Window, bands: np.ndarray) -> np.ndarray:
        """(rows, cols, len(bands)) of the cubes, or of the error matrices."""
        rows, cols = window.slices
        parts = np.empty((window.n_rows, window.n_cols, len(bands)), dtype=self.dtype)
        for number, name in enumerate(DETECTORS):
            mine = self.detectors[bands] == number
            if not mine.any():
                continue
            slots = self.slots[bands[mine]]
            first = int(slots.min())
            cube = file[f"{FIELDS}/{name.upper()}_{kind}"]
            part = cube[rows, first : int(slots.max()) + 1, cols]
            parts[:, :, mine] = part[:, slots - first, :].transpose(0, 2, 1)
        return parts

    def mostly_wrong(self) -> np.ndarray:
        """(bands,) bool: the error matrix marks more than half of the sampled pixels."""
        rows = np.unique(np.linspace(0, self.shape[0] - 1, _SAMPLE_ROWS).astype(int))
        every = np.arange(self.shape[2])
        n_measured, n_wrong = 0, np.zeros(every.size)
        with opened(self.path) as file:
            for row in rows.tolist():
                window = Window(row, 0, 1, self.shape[1])
                errors = self._gather(file, "PIXEL_L2_ERR_MATRIX", window, every)[0]
                wrong = np.isin(errors, _WRONG)
                measured = ~wrong.all(axis=1)
                n_measured += int(measured.sum())
                n_wrong += wrong[measured].sum(axis=0)
        return n_wrong > _MOST_WRONG * n_measured


def recognises(file: h5py.File) -> bool:
    """Whether this is a product of PRISMA, of any level."""
    return any(str(name).startswith("PRS_L") for name in file.get(SWATHS, ()))


def open_prisma(path: Path, variable: str | None, apply_masks: bool) -> Scene:
    """Open a PRISMA L2D scene.

    Raises:
        SceneError: if it is of another level, or lacks what tells its bands or its scale.
    """
    if variable is not None:
        raise SceneError(
            f"{path}: a PRISMA scene is read as a whole: leave out variable={variable}"
        )
    with opened(path) as file:
        if FIELDS not in file:
            held = ", ".join(str(name) for name in file[SWATHS])
            raise refuse_swath(path, f"it is no PRISMA L2D but holds {held}")
        shape = _check_cubes(path, file)
        bands = MergedBands.of(*(Detector.read(path, file, name) for name in DETECTORS))
        errors = all(f"{FIELDS}/{n.upper()}_PIXEL_L2_ERR_MATRIX" in file for n in DETECTORS)
        crs = crs_of_text(path, attribute(file, "Epsg_Code"))
        transform = transform_of_corners(file, shape)
    n_bands = bands.slots.size
    source = PrismaSource(
        path=path,
        shape=(*shape, n_bands),
        dtype=np.dtype(np.uint16),
        detectors=bands.detectors,
        slots=bands.slots,
        apply_errors=errors and apply_masks,
    )
    check_pixels(str(path), source.shape, source.dtype)
    wrong = source.mostly_wrong() if source.apply_errors else np.zeros(n_bands, dtype=bool)
    return Scene(
        name=path.stem,
        source=source,
        good_bands=~wrong,
        file_wavelengths_nm=wavelengths_in_nm(bands.wavelengths_nm, "nm", str(path)),
        file_fwhm_nm=bands.fwhm_nm,
        scale=bands.scale,
        offset=bands.offset,
        crs=crs,
        transform=transform,
        files=(path,),
        notes=tuple(_notes(bands.n_left_out, wrong, errors, apply_masks, transform)),
    )


def _check_cubes(path: Path, file: h5py.File) -> tuple[int, int]:
    """Rows and columns that both cubes have.

    Raises:
        SceneError: if a cube is absent, or the two differ.
    """
    names = [f"{FIELDS}/{name.upper()}_Cube" for name in DETECTORS]
    shapes: list[tuple[int, ...]] = [file[name].shape if name in file else () for name in names]
    if any(len(shape) != 3 for shape in shapes) or shapes[0][::2] != shapes[1][::2]:
        raise SceneError(
            f"{path}: its cubes VNIR and SWIR have the shapes {shapes[0]} and {shapes[1]}: "
            "expected two of the same rows and columns (rows, bands, cols): download it again"
        )
    if max(*shapes[0], *shapes[1]) > _MOST_OF_AXIS:
        raise SceneError(
            f"{path}: its cubes have the shapes {shapes[0]} and {shapes[1]}, as no PRISMA has: "
            "download it again"
        )
    return shapes[0][0], shapes[0][2]


def _notes(
    n_overlap: int, wrong: np.ndarray, errors: bool, apply_masks: bool, transform: Affine | None
) -> list[str]:
    notes = [
        f"VNIR and SWIR merged by wavelength, without {n_overlap} VNIR bands where they overlap"
    ]
    if errors and apply_masks:
        notes.append("error matrix applied: invalid and saturated numbers hide their pixel")
        notes += bands_left_out(wrong, "marked by the error matrix in most pixels")
    elif errors:
        notes.append("masks that are not applied: error matrix")
    if transform is not None:
        notes.append("corners in the file taken for the centres of the corner pixels")
    return notes
