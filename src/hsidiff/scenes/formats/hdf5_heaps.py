"""Heaps of texts in HDF5 files, looked through before HDF5 reads them.

HDF5 2.0 goes through the texts of a heap without end if one of them takes no room. Such a heap is
one of a broken file: nothing that writes HDF5 leaves room for a text of no size.
Source: HDF5 File Format Specification 3.0, III.E, Global Heap.
"""

import mmap
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import h5py

from hsidiff.errors import SceneError

_MARK, _VERSION = b"GCOL", 1
_HEAD_BYTES = _TEXT_HEAD_BYTES = 16
_LOOKED_AT = 2**26
"""So many bytes at both ends of a file are looked at; heaps lie with what describes the data."""


def open_hdf5(path: Path) -> h5py.File:
    """A file for reading, without a lock where the file system has none: a read-only folder, say.

    Raises:
        OSError: if it cannot be read.
        SceneError: if HDF5 would not come to an end with it.
    """
    check_heaps(path)
    return h5py.File(path, "r", locking="best-effort")


def check_heaps(path: Path) -> None:
    """Refuse a file with a heap that HDF5 would go through without end.

    Raises:
        OSError: if it cannot be read.
        SceneError: if there is one.
    """
    about = path.stat()
    if _first_endless(path, about.st_size, about.st_mtime_ns) is not None:
        raise SceneError(
            f"{path} cannot be read as HDF5 or NetCDF 4 (its texts are broken): copy or download "
            "it again"
        )


@lru_cache(maxsize=256)
def _first_endless(path: Path, size: int, _changed_ns: int) -> int | None:
    """Where the first such heap begins; None if there is none. Windows of a scene ask it again."""
    if not size:
        return None
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held:
        return next((place for place in _heaps(held) if _is_endless(held, place)), None)


def _heaps(held: mmap.mmap) -> Iterator[int]:
    for first, last in ((0, _LOOKED_AT), (max(_LOOKED_AT, len(held) - _LOOKED_AT), len(held))):
        place = held.find(_MARK, first, last)
        while place >= 0:
            yield place
            place = held.find(_MARK, place + 1, last)


def _is_endless(held: mmap.mmap, place: int) -> bool:
    """Whether a text of a heap has no size: HDF5 would come to it again and again."""
    if place + _HEAD_BYTES > len(held) or held[place + len(_MARK)] != _VERSION:
        return False
    end = place + struct.unpack_from("<Q", held, place + 8)[0]
    place += _HEAD_BYTES
    while place + _TEXT_HEAD_BYTES <= min(end, len(held)):
        number, _, _, size = struct.unpack_from("<HHIQ", held, place)
        # Number 0 is the room that is left, head included; texts are padded to 8 bytes.
        taken = (_TEXT_HEAD_BYTES + -(-size // 8) * 8) % 2**64 if number else size
        if not taken:
            return True
        place += taken
    return False
