"""ENVI files: a header and a file of bare numbers, perhaps gzip-compressed."""

import gzip
import re
import warnings
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.files import is_bomb
from hsidiff.scenes.formats.envi_header import EnviHeader
from hsidiff.scenes.formats.envi_pair import envi_pair
from hsidiff.scenes.formats.gdal import (
    georeference,
    open_raster,
    parsed_crs,
    warn_of_no_grid,
)
from hsidiff.scenes.formats.named_array import PickledWithoutCache
from hsidiff.scenes.formats.pixels import check_extent, check_kind
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

# Source: ENVI header fields, https://www.nv5geospatialsoftware.com/docs/ENVIHeaderFiles.html
_DTYPES = {
    1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 6: "c8", 9: "c16",
    12: "u2", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
_AXES_IN_FILE = {"bsq": "bands rows cols", "bil": "rows bands cols", "bip": "rows cols bands"}
# ENVI writes a header beside files of other formats, too. What those begin with:
_OTHER_FORMATS = {
    b"EHFA_HEADER_TAG": "ERDAS Imagine", b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF",
    b"\x89HDF\r\n": "HDF5", b"\x89PNG": "PNG", b"NITF0": "NITF", b"CDF\x01": "NetCDF",
    b"CDF\x02": "NetCDF", b"\0\0\0\x0cjP": "JPEG 2000",
}  # fmt: skip


_MOST_BEYOND_BYTES, _BYTES_AT_ONCE = 2**28, 2**24
"""What lies beyond the numbers of a packed file is unpacked so far, to see that it is whole."""


@dataclass(frozen=True)
class EnviSource(PickledWithoutCache):
    """Pixels of an ENVI file: memory-mapped or, if compressed, unpacked once and kept.

    Attributes:
        path: the file of numbers.
        interleave: ``bsq``, ``bil`` or ``bip``.
        shape: rows, cols, bands.
        dtype: the type of the stored numbers, with its byte order.
        header_offset_bytes: where the numbers begin.
        compression: ``none`` or ``gzip``.
        major_offsets_bytes: bytes before and after each part of the first axis of the file: a band
            (bsq) or a line (bil, bip).
        minor_offsets_bytes: the same for the second axis: a line (bsq), a line of one band (bil)
            or a pixel (bip).
    """

    path: Path
    interleave: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    header_offset_bytes: int
    compression: str
    major_offsets_bytes: tuple[int, int] = (0, 0)
    minor_offsets_bytes: tuple[int, int] = (0, 0)

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        axes = _AXES_IN_FILE[self.interleave].split()
        first = self.header_offset_bytes + self.major_offsets_bytes[0] + self.minor_offsets_bytes[0]
        steps = (*self._steps, self.dtype.itemsize)
        try:
            stored: np.ndarray = np.ndarray(self._sizes, self.dtype, self._bytes(), first, steps)
        except (TypeError, ValueError) as error:  # the buffer is too small
            raise SceneError(
                f"{self.path} has become shorter since it was opened: copy it again"
            ) from error
        cube = stored.transpose([axes.index(axis) for axis in ("rows", "cols", "bands")])
        rows, cols = window.slices
        return np.array(cube[rows, cols][:, :, bands])

    @property
    def _sizes(self) -> list[int]:
        """How many parts each axis of the file has, outermost first."""
        sizes = dict(zip(("rows", "cols", "bands"), self.shape, strict=True))
        return [sizes[axis] for axis in _AXES_IN_FILE[self.interleave].split()]

    @property
    def _steps(self) -> tuple[int, int]:
        """Bytes from one part of the first, and of the second, axis of the file to the next."""
        _, n_minor, n_numbers = self._sizes
        minor = n_numbers * self.dtype.itemsize + sum(self.minor_offsets_bytes)
        return n_minor * minor + sum(self.major_offsets_bytes), minor

    @property
    def _promised_bytes(self) -> int:
        """How large the header says that the file is, unpacked."""
        return self.header_offset_bytes + self._sizes[0] * self._steps[0]

    def check_size(self) -> None:
        """Compare the size of the file with what its header promises.

        Raises:
            SceneError: if the file holds fewer bytes.

        Warns:
            HsidiffWarning: if it holds more: most often the header does not say where they begin.
        """
        promised = self._promised_bytes
        # What lies after the last number may be absent.
        needed = promised - self.major_offsets_bytes[1] - self.minor_offsets_bytes[1]
        is_gzip = self.compression == "gzip"
        packed = self.path.stat().st_size
        if is_gzip and is_bomb(packed, promised):
            raise SceneError(
                f"{self.path} would unpack to {promised} bytes from {packed}, as no scene does: "
                "correct its header, or unpack it"
            )
        held = self._unpacked[1] if is_gzip else packed
        most = promised + _MOST_BEYOND_BYTES if is_gzip else held
        size = (
            f"{self.path} holds {'at least ' if held > most else ''}{held} bytes"
            f"{' unpacked' if is_gzip else ''}, its header promises"
        )
        if held < needed:
            raise SceneError(f"{size} {promised}: {self._why_too_short()}")
        if held > promised:
            warnings.warn(
                f"{size} {promised}: if the map looks torn, give the bytes before the numbers as "
                "'header offset', or correct lines, samples, bands or data type",
                HsidiffWarning,
                stacklevel=4,
            )

    def _why_too_short(self) -> str:
        with self.path.open("rb") as stream:
            begins_as_gzip = stream.read(2) == b"\x1f\x8b"
        if begins_as_gzip and self.compression == "none":
            return "it is compressed: unpack it, or say 'file compression = 1' in the header"
        if any((*self.major_offsets_bytes, *self.minor_offsets_bytes)):
            return "correct 'major frame offsets' and 'minor frame offsets', or copy the file again"
        return "the file is cut short or the header is not its own"

    def _bytes(self) -> bytes | np.ndarray:
        if self.compression == "gzip":
            return self._unpacked[0]
        try:
            return np.memmap(self.path, np.uint8, "r")
        except (OSError, ValueError) as error:
            raise SceneError(f"{self.path} cannot be read ({error})") from error

    @cached_property
    def _unpacked(self) -> tuple[bytes, int]:
        """As many bytes as the header promises, and how many there are; a bomb has no end."""
        try:
            with gzip.open(self.path) as stream:
                wanted = stream.read(self._promised_bytes)
                held, most = len(wanted), self._promised_bytes + _MOST_BEYOND_BYTES
                while held <= most and (more := len(stream.read(_BYTES_AT_ONCE))):
                    held += more
                return wanted, held
        except (OSError, EOFError, zlib.error) as error:
            raise SceneError(
                f"{self.path} cannot be unpacked ({error}), though its header says "
                "'file compression = 1': copy it again or correct the header"
            ) from error


def open_envi(path: Path) -> Scene:
    """Open an ENVI scene.

    Args:
        path: the file of numbers, or its header.

    Raises:
        MissingFileError: if one of the two files is absent.
        SceneError: if the header is wrong, or promises more than the file holds.
    """
    data_path, header_path = envi_pair(path)
    header = EnviHeader.read(header_path)
    source = _source(data_path, header)
    check_kind(str(data_path), source.shape, source.dtype)
    source.check_size()
    check_extent(str(data_path), source.shape)
    n_bands = source.shape[2]
    crs, transform = _georeference(header)
    if transform is None:
        warn_of_no_grid(data_path, _placed_by(header))
    wavelengths = header.wavelengths_nm()
    return Scene(
        name=data_path.stem,
        source=source,
        good_bands=header.good_bands(n_bands),
        file_wavelengths_nm=wavelengths.nm,
        file_fwhm_nm=header.fwhm_nm(wavelengths.nm),
        scale=header.scale(n_bands),
        offset=header.offset(n_bands),
        crs=crs,
        transform=transform,
        files=(data_path, header_path),
        notes=wavelengths.notes,
    ).with_nodata(header.ignored_numbers())


def _source(path: Path, header: EnviHeader) -> EnviSource:
    _check_kind_of_file(path, header)
    number = header.integer("data type")
    if number not in _DTYPES:
        raise SceneError(f"{header.path}: 'data type = {number}' must be one of {list(_DTYPES)}")
    interleave = header.fields.get("interleave", "").lower()
    if interleave not in _AXES_IN_FILE:
        raise SceneError(f"{header.path}: 'interleave = {interleave}' must be bsq, bil or bip")
    # 0 is Intel's order, the smallest byte first; it is also GDAL's default.
    order = _choice(header, "byte order", {0: "<", 1: ">"})
    return EnviSource(
        path=path,
        interleave=interleave,
        shape=(header.integer("lines"), header.integer("samples"), header.integer("bands")),
        dtype=np.dtype(order + _DTYPES[number]),
        header_offset_bytes=header.integer("header offset", 0),
        compression=_choice(header, "file compression", {0: "none", 1: "gzip"}),
        major_offsets_bytes=header.byte_pair("major frame offsets"),
        minor_offsets_bytes=header.byte_pair("minor frame offsets"),
    )


def _choice(header: EnviHeader, key: str, choices: dict[int, str]) -> str:
    """What a field that is 0 (also if absent) or 1 stands for."""
    number = header.integer(key, 0)
    if number not in choices:
        raise SceneError(f"{header.path}: '{key} = {number}' must be 0 or 1: correct it")
    return choices[number]


def _check_kind_of_file(path: Path, header: EnviHeader) -> None:
    """Refuse a header of a file that holds something else than bare numbers of an image.

    Raises:
        SceneError: if it is a spectral library, a list of other files, or of another format.
    """
    kind = header.fields.get("file type", "")
    if re.search("spectral library|meta file|virtual mosaic", kind, re.I):
        raise SceneError(f"{header.path}: 'file type = {kind}' is no image: give an image")
    if header.integer("header offset", 0):
        return
    with path.open("rb") as stream:
        begin = stream.read(max(map(len, _OTHER_FORMATS)))
    for mark, name in _OTHER_FORMATS.items():
        if begin.startswith(mark):
            raise SceneError(
                f"{path} is a file of {name}, not the bare numbers that {header.path.name} "
                "describes: convert it to GeoTIFF (gdal_translate), or name it with its own suffix"
            )


def _georeference(header: EnviHeader) -> tuple[CRS | None, Affine | None]:
    """CRS and transform, as GDAL reads them from the header.

    GDAL is shown a copy of the fields beside a stand-in: it would write a ``.properties`` file next
    to compressed data, and search for headers by rules of its own.
    """
    fields = {"samples": "1", "lines": "1", "bands": "1", "data type": "1", "interleave": "bsq"}
    for key in ("map info", "coordinate system string", "projection info"):
        if key in header.fields:
            fields[key] = header.fields[key].replace("\n", " ")
    if "map info" not in fields and "coordinate system string" not in fields:
        return None, None
    with TemporaryDirectory() as folder:
        pixel = Path(folder) / "pixel"
        pixel.write_bytes(bytes(16))  # GDAL looks at no file of fewer than two bytes
        lines = [f"{key} = {value}" for key, value in fields.items()]
        (Path(folder) / "pixel.hdr").write_text("\n".join(["ENVI", *lines, ""]), encoding="utf-8")
        with open_raster(pixel, "ENVI") as dataset:
            crs, transform = georeference(dataset)
    if crs is None and transform is None:  # GDAL forgets a system without a place
        with suppress(CRSError):
            crs = parsed_crs(header.fields.get("coordinate system string", "").strip("{} \n\t"))
    return crs, transform


def _placed_by(header: EnviHeader) -> str | None:
    """What else than ``map info`` says where pixels lie, on no grid; None if nothing does."""
    kinds = {"geo points": "'geo points'", "rpc info": "rational polynomials ('rpc info')"}
    return next((what for key, what in kinds.items() if header.words(key)), None)
