"""ENVI files: a header and a file of bare numbers, perhaps gzip-compressed."""

import gzip
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import MissingFileError, SceneError
from hsidiff.scenes.formats.envi_header import EnviHeader
from hsidiff.scenes.formats.gdal import georeference, open_raster
from hsidiff.scenes.formats.named_array import PickledWithoutCache
from hsidiff.scenes.formats.pixels import check_pixels
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

# Source: ENVI header fields, https://www.nv5geospatialsoftware.com/docs/ENVIHeaderFiles.html
_DTYPES = {
    1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 6: "c8", 9: "c16",
    12: "u2", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
_AXES_IN_FILE = {"bsq": "bands rows cols", "bil": "rows bands cols", "bip": "rows cols bands"}
_DATA_SUFFIXES = ("", ".bsq", ".bil", ".bip", ".img", ".dat", ".raw", ".bin", ".envi", ".cube")


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
    """

    path: Path
    interleave: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    header_offset_bytes: int
    compression: str

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        axes = _AXES_IN_FILE[self.interleave].split()
        sizes = dict(zip(("rows", "cols", "bands"), self.shape, strict=True))
        stored = self._numbers().reshape([sizes[axis] for axis in axes])
        cube = stored.transpose([axes.index(axis) for axis in ("rows", "cols", "bands")])
        rows, cols = window.slices
        return np.asarray(cube[rows, cols][:, :, bands])

    def check_size(self) -> None:
        """Raise SceneError if the file holds fewer bytes than its header promises."""
        promised = self.header_offset_bytes + math.prod(self.shape) * self.dtype.itemsize
        is_gzip = self.compression == "gzip"
        held = len(self._unpacked) if is_gzip else self.path.stat().st_size
        if held < promised:
            raise SceneError(
                f"{self.path} holds {held} bytes{' unpacked' if is_gzip else ''}, its header "
                f"promises {promised}: the file is cut short or the header is not its own"
            )

    def _numbers(self) -> np.ndarray:
        count = math.prod(self.shape)
        if self.compression == "gzip":
            return np.frombuffer(self._unpacked, self.dtype, count, self.header_offset_bytes)
        try:
            return np.memmap(self.path, self.dtype, "r", self.header_offset_bytes, (count,))
        except (OSError, ValueError) as error:
            raise SceneError(f"{self.path} cannot be read ({error})") from error

    @cached_property
    def _unpacked(self) -> bytes:
        try:
            return gzip.decompress(self.path.read_bytes())
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
    data_path, header_path = _pair(path)
    header = EnviHeader.read(header_path)
    source = _source(data_path, header)
    check_pixels(str(data_path), source.shape, source.dtype)
    source.check_size()
    n_bands = source.shape[2]
    crs, transform = _georeference(header)
    return Scene(
        name=data_path.stem,
        source=source,
        good_bands=header.good_bands(n_bands),
        file_wavelengths_nm=header.wavelengths_nm(),
        nodata=header.number("data ignore value"),
        scale=header.scale(n_bands),
        offset=header.offset(n_bands),
        crs=crs,
        transform=transform,
        files=(data_path, header_path),
    )


def find_header(path: Path) -> Path | None:
    """The header beside a file of numbers: ``x.bsq.hdr`` or ``x.hdr``, or None."""
    for base in (path.name, path.stem):
        for suffix in (".hdr", ".HDR"):
            header = path.with_name(base + suffix)
            if header.is_file():
                return header
    return None


def _pair(path: Path) -> tuple[Path, Path]:
    if path.suffix.lower() != ".hdr":
        header = find_header(path)
        if header is None:
            raise MissingFileError(f"{path} has no ENVI header: expected {path.stem}.hdr beside it")
        return path, header
    bare = path.with_suffix("")
    for suffix in (*_DATA_SUFFIXES, *(suffix.upper() for suffix in _DATA_SUFFIXES)):
        data = bare.with_name(bare.name + suffix)
        if data.is_file():
            return data, path
    raise MissingFileError(
        f"{path} is a header and no file of its numbers, such as {bare.name}.bsq, lies beside it: "
        "name the file of numbers"
    )


def _source(path: Path, header: EnviHeader) -> EnviSource:
    number = header.integer("data type")
    if number not in _DTYPES:
        raise SceneError(f"{header.path}: 'data type = {number}' must be one of {list(_DTYPES)}")
    interleave = header.fields.get("interleave", "").lower()
    if interleave not in _AXES_IN_FILE:
        raise SceneError(f"{header.path}: 'interleave = {interleave}' must be bsq, bil or bip")
    # 0 is Intel's order, the smallest byte first; it is also GDAL's default.
    order = ">" if header.integer("byte order", 0) == 1 else "<"
    return EnviSource(
        path=path,
        interleave=interleave,
        shape=(header.integer("lines"), header.integer("samples"), header.integer("bands")),
        dtype=np.dtype(order + _DTYPES[number]),
        header_offset_bytes=header.integer("header offset", 0),
        compression="gzip" if header.integer("file compression", 0) == 1 else "none",
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
            return georeference(dataset)
