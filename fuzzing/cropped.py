"""Small windows of real scenes: their headers, names and structure, few of their pixels.

A broken file of a megabyte takes seconds to make and to open, and most of it is pixels, which
are all alike to a reader.
"""

import gzip
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io

SIDE = 12
"""Rows and columns that are kept; lists along the bands stay whole."""
_MAT5_TEXT, _MAT73_TEXT = 116, 512


def crop_envi(source: Path, folder: Path) -> None:
    """The first rows and columns of an ENVI file, packed and bsq, with its header."""
    header = source.with_suffix(".hdr").read_text()
    sizes = {name: int(_field(header, name)) for name in ("bands", "lines", "samples")}
    shape = tuple(sizes.values())
    unpacked = gzip.decompress(source.read_bytes())
    numbers = np.frombuffer(unpacked, f"V{len(unpacked) // math.prod(shape)}").reshape(shape)
    small = gzip.compress(numbers[:, :SIDE, :SIDE].tobytes(), mtime=0)
    (folder / source.name).write_bytes(small)
    for name in ("lines", "samples"):
        header = re.sub(rf"(?m)^({name}\s*=\s*)\d+", rf"\g<1>{min(SIDE, sizes[name])}", header)
    (folder / source.with_suffix(".hdr").name).write_text(header)


def _field(header: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}\s*=\s*(\d+)", header)
    assert found is not None
    return found[1]


def crop_mat5(source: Path, folder: Path) -> None:
    """The variables of a MATLAB v5 to v7 file, packed as it is, with the text that it begins with.

    Cubes lose rows and columns, tables of the size of an image too.
    """
    held = scipy.io.loadmat(source)
    small = {name: _cut(value) for name, value in held.items() if not name.startswith("__")}
    target = folder / source.name
    scipy.io.savemat(target, small, do_compression=source.read_bytes()[128] == 15)
    with target.open("r+b") as stream:
        stream.write(source.read_bytes()[:_MAT5_TEXT])


def _cut(value: Any) -> Any:
    return value[:SIDE, :SIDE] if isinstance(value, np.ndarray) and value.ndim > 1 else value


def crop_mat73(source: Path, folder: Path) -> None:
    """The groups and datasets of a MATLAB v7.3 file, their attributes and the block before them."""
    target = folder / source.name
    with (
        h5py.File(source, "r") as whole,
        h5py.File(target, "w", userblock_size=_MAT73_TEXT) as small,
    ):
        _copy_group(whole, small)
    with target.open("r+b") as stream:
        stream.write(source.read_bytes()[:_MAT73_TEXT])


def _copy_group(whole: h5py.Group, small: h5py.Group) -> None:
    for name, item in whole.items():
        if isinstance(item, h5py.Group):
            made = small.create_group(name)
            _copy_group(item, made)
        elif item.dtype.kind == "O":  # references into the other file
            made = small.create_dataset(name, shape=item.shape, dtype=item.dtype)
        else:
            # MATLAB's axes are reversed: those of the image come last.
            kept = tuple(slice(0, SIDE) for _ in item.shape[-2:])
            values = item[(..., *kept)] if item.shape else item[()]
            packed = {"compression": item.compression, "chunks": True} if item.chunks else {}
            made = small.create_dataset(name, data=values, dtype=item.dtype, **packed)
        for key, value in item.attrs.items():
            if not isinstance(value, h5py.Empty) and np.asarray(value).dtype.kind != "O":
                made.attrs.create(key, value)


CROPS: dict[str, Callable[[Path, Path], None]] = {
    "real-envi-enmap": crop_envi, "real-mat-v5": crop_mat5, "real-mat-v7.3": crop_mat73,
}  # fmt: skip
"""Formats of which only a window of the real file is broken, and how it is cut out."""
