"""A scene: what it is (its attributes) and its pixels, read window by window.

Axis order is (rows, cols, bands) everywhere outside the networks.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import SceneError, SettingError
from hsidiff.files import sha256_of_files
from hsidiff.scenes.window import Window

_HASHED_ROWS = 256
"""Of a scene at an address so many rows at a time are hashed."""
_ENORMOUS = 1e30
"""No value is as large; headers round the largest number of a type, and leave out defaults."""


class PixelSource(Protocol):
    """Where pixels come from: one small class per file format.

    A source can be pickled and opens its file when it reads, so that several processes can share
    a scene.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands of the file."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers."""

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """Stored numbers of ``window``, which lies inside the file, as (rows, cols, bands).

        Args:
            window: what to read.
            bands: indices of the bands to read, from 0, increasing.

        Returns:
            Array (window.n_rows, window.n_cols, len(bands)) of the stored numbers. A source whose
            file has a mask gives floating-point numbers with NaN where the mask hides a pixel.
        """


@dataclass(frozen=True)
class ArraySource:
    """Pixels of an array (rows, cols, bands) that is in memory already, or memory-mapped."""

    values: np.ndarray = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, cols, bands."""
        return self.values.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.values.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`PixelSource.read`."""
        rows, cols = window.slices
        return self.values[rows, cols][:, :, bands]


def _places_pixels(transform: Affine) -> bool:
    """Whether a transform can be inverted: its numbers are finite, and pixels have an area."""
    return bool(np.isfinite(np.array(transform)).all() and abs(transform.determinant) > 0)


@dataclass(frozen=True)
class Scene:
    """A hyperspectral scene.

    A band that ``good_bands`` excludes is never read: ``n_bands`` and ``wavelengths_nm`` speak of
    the usable bands only, in the order of ``band_indices``. A pixel that lacks a value in any
    usable band is invalid: it reads as NaN in all bands, is never learned from, and is 0 in every
    map.

    Attributes:
        name: a short name, usually the file's.
        source: where the pixels come from.
        good_bands: (bands of the file,) bool, False for a band that is not to be used.
        file_wavelengths_nm: (bands of the file,) band centres in nm, or None if unknown.
        nodata: the stored number that means "no value", or None.
        more_nodata: further such numbers, where there are several.
        scale: number, or (bands of the file,), that multiplies the stored numbers.
        offset: number, or (bands of the file,), that is added after scaling.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.
        files: the files that hold the scene; empty for one made in memory.
        file_fwhm_nm: (bands of the file,) full width of each band's response at half its maximum in
            nm, NaN where unknown, or None.
        band_order: indices of bands in the order in which they are read, or None for that of the
            file; a band that is not among them is not read.
        notes: what the reader of its format applied or left out, a line each.
    """

    name: str
    source: PixelSource
    good_bands: np.ndarray = field(repr=False)
    file_wavelengths_nm: np.ndarray | None = field(default=None, repr=False)
    nodata: float | None = None
    scale: float | np.ndarray = field(default=1.0, repr=False)
    offset: float | np.ndarray = field(default=0.0, repr=False)
    crs: CRS | None = None
    transform: Affine | None = None
    files: tuple[Path, ...] = ()
    more_nodata: tuple[float, ...] = ()
    file_fwhm_nm: np.ndarray | None = field(default=None, repr=False)
    band_order: np.ndarray | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that band-wise attributes have one entry per band of the file."""
        n_file_bands = self.source.shape[2]
        if self.good_bands.shape != (n_file_bands,):
            raise SceneError(
                f"{self.name}: good_bands has {self.good_bands.size} entries, the scene "
                f"{n_file_bands} bands: give one entry per band"
            )
        if not self.good_bands.any():
            raise SceneError(f"{self.name}: none of its {n_file_bands} bands is marked as good")
        wavelengths = self.file_wavelengths_nm
        if wavelengths is not None and wavelengths.shape != (n_file_bands,):
            raise SceneError(
                f"{self.name}: {wavelengths.size} wavelengths for {n_file_bands} bands: "
                "correct the header or remove its wavelengths"
            )
        if self.transform is not None and not _places_pixels(self.transform):
            raise SceneError(
                f"{self.name}: its transform {tuple(self.transform)[:6]} gives pixels no area: "
                "correct the georeference of the file, or remove it"
            )
        with np.errstate(over="ignore"):
            both = self._at_good_bands(self.scale), self._at_good_bands(self.offset)
        if not all(np.isfinite(number).all() for number in both):
            raise SceneError(
                f"{self.name}: what its numbers are multiplied by, or what is added, is no number: "
                "correct the scale and the offset in the file"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.source.shape[:2]

    @property
    def band_indices(self) -> np.ndarray:
        """(bands,) indices, from 0, of the usable bands in the file, in the order of reading."""
        if self.band_order is None:
            return np.flatnonzero(self.good_bands)
        return self.band_order[self.good_bands[self.band_order]]

    @property
    def n_bands(self) -> int:
        """Number of usable bands."""
        return len(self.band_indices)

    @property
    def wavelengths_nm(self) -> np.ndarray | None:
        """(n_bands,) centres of the usable bands in nm, or None if unknown."""
        if self.file_wavelengths_nm is None:
            return None
        return self.file_wavelengths_nm[self.band_indices]

    @property
    def fwhm_nm(self) -> np.ndarray | None:
        """(n_bands,) widths of the usable bands in nm, NaN where unknown, or None."""
        return None if self.file_fwhm_nm is None else self.file_fwhm_nm[self.band_indices]

    def source_pixels(self, window: Window | None = None) -> np.ndarray | None:
        """Which measured pixel each pixel of a window shows.

        On a map that was drawn from a swath several pixels may show one measured pixel: copies,
        with the same numbers in all bands.

        Args:
            window: what to ask for, inside the scene; None asks for the whole scene.

        Returns:
            (rows, cols) int64, a number for each measured pixel, -1 where there is none; None if
            every pixel was measured by itself, as far as is known.
        """
        read = getattr(self.source, "source_pixels", None)
        return None if read is None else read(window or Window.whole(self.shape))

    def read(self, window: Window | None = None) -> np.ndarray:
        """Read the usable bands of a window.

        Args:
            window: what to read, inside the scene; None reads the whole scene.

        Returns:
            (rows, cols, n_bands) float32, scaled; NaN in all bands of an invalid pixel.

        Raises:
            SceneError: if the window leaves the scene.
        """
        window = window or Window.whole(self.shape)
        if window.clipped(self.shape) != window:
            raise SceneError(f"{window} leaves {self.name}, which is {self.shape} (rows, cols)")
        stored = self.read_stored(window, self.band_indices)
        values = stored.astype(np.float32)
        lacking = self.lacks_value(stored)
        if stored.dtype == np.float64:  # of which float32 cannot hold all
            lacking |= ~np.isfinite(values)
        invalid = lacking.any(axis=-1)
        values *= self._at_good_bands(self.scale)
        values += self._at_good_bands(self.offset)
        values[invalid] = np.nan
        return values

    def read_stored(self, window: Window, indices: np.ndarray) -> np.ndarray:
        """Stored numbers of bands of the file, in any order, as (rows, cols, len(indices))."""
        in_file = np.argsort(indices)
        stored = self.source.read(window, indices[in_file])
        if np.array_equal(in_file, np.arange(len(indices))):
            return stored
        return stored[..., np.argsort(in_file)]

    @property
    def nodata_numbers(self) -> tuple[float, ...]:
        """Every stored number that means "no value"."""
        return self.more_nodata if self.nodata is None else (self.nodata, *self.more_nodata)

    def lacks_value(self, stored: np.ndarray) -> np.ndarray:
        """Where stored numbers, of any shape, are no values: nodata, NaN, or enormous.

        Numbers from 1e30 on are what programs write for "no value", whether they say so or not.
        """
        lacking = ~np.isfinite(stored)
        if stored.dtype.kind == "f" and stored.dtype.itemsize > 2:
            lacking |= np.abs(stored) >= _ENORMOUS
        for number in self.nodata_numbers:
            if abs(number) < _ENORMOUS or stored.dtype.kind != "f":
                lacking |= stored == number
        return lacking

    def with_nodata(self, numbers: Sequence[float]) -> "Scene":
        """This scene with other stored numbers that mean "no value"; none, one or several."""
        given = [float(number) for number in numbers]
        first = given[0] if given else None
        return replace(self, nodata=first, more_nodata=tuple(given[1:]))

    def _at_good_bands(self, number: float | np.ndarray) -> np.ndarray:
        number = np.asarray(number, dtype=np.float32)
        return number[self.band_indices] if number.ndim else number

    def rescaled(self, factor: float) -> "Scene":
        """This scene with all its values multiplied by a factor; nodata stays as it is stored.

        Raises:
            SettingError: if the factor is not a positive number.
        """
        if not (np.isfinite(factor) and factor > 0):
            raise SettingError(f"rescale={factor:g}: must be a positive number, such as 0.0001")
        return replace(self, scale=self.scale * factor, offset=self.offset * factor)

    def without_bands(self, numbers: list[int]) -> "Scene":
        """This scene without some bands.

        Args:
            numbers: numbers of the bands in the file, from 1 as the field counts them.

        Raises:
            SceneError: if a number is not a band of the file.
        """
        n_file_bands = self.source.shape[2]
        wrong = [number for number in numbers if not 1 <= number <= n_file_bands]
        if wrong:
            raise SceneError(
                f"drop_bands: {wrong[0]} is not a band of {self.name}, "
                f"whose bands are numbered 1 to {n_file_bands}"
            )
        good_bands = self.good_bands.copy()
        good_bands[np.asarray(numbers, dtype=int) - 1] = False
        return replace(self, good_bands=good_bands)

    def sha256(self) -> str:
        """Hash of the files that hold the scene or, without files here, of its values."""
        if self.files:
            return sha256_of_files(self.files)
        digest = hashlib.sha256()
        rows, cols = self.shape
        for row in range(0, rows, _HASHED_ROWS):
            stripe = Window(row, 0, _HASHED_ROWS, cols).clipped(self.shape)
            digest.update(np.ascontiguousarray(self.read(stripe)).tobytes())
        return digest.hexdigest()
