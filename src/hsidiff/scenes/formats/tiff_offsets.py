"""Offsets of a TIFF that no file can have.

libtiff tells the terminal by itself when it is sent beyond 2^63, and no caller can silence it.
Source: TIFF 6.0 (Adobe, 1992), section 2; BigTIFF, https://www.awaresystems.be/imaging/tiff/bigtiff.html
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from hsidiff.errors import SceneError

_BIGTIFF = 43
_NO_PLACE = 2**63
_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324
_EIGHT_BYTES = frozenset({16, 17, 18})
"""Types of numbers of 64 bits: LONG8, SLONG8, IFD8."""
_MOST_DIRECTORIES, _MOST_TAGS, _MOST_BLOCKS = 64, 4096, 2**20


def check_offsets(path: Path) -> None:
    """Refuse a TIFF with an offset of 2^63 or more.

    Raises:
        SceneError: if it has one.
    """
    if not path.is_file():  # in an archive
        return
    with path.open("rb") as stream:
        try:
            wrong = any(offset >= _NO_PLACE for offset in _offsets(stream))
        except (struct.error, OverflowError, ValueError):
            return  # cut short, which GDAL tells better
    if wrong:
        raise SceneError(
            f"{path} cannot be read (an offset in it lies beyond every file): save or copy it again"
        )


def _offsets(stream: IO[bytes]) -> Iterator[int]:
    """Offsets of directories, and those of blocks that are stored in 64 bits."""
    order = ">" if stream.read(2) == b"MM" else "<"
    is_big = _unpacked(stream, order + "H") == (_BIGTIFF,)
    if is_big:
        stream.seek(8)
    form = order + ("Q" if is_big else "I")
    for _ in range(_MOST_DIRECTORIES):
        (place,) = _unpacked(stream, form)
        yield place
        if place == 0:
            return
        stream.seek(place)
        (n_tags,) = _unpacked(stream, order + ("Q" if is_big else "H"))
        tags = [
            _unpacked(stream, order + ("HHQ8s" if is_big else "HHI4s"))
            for _ in range(min(n_tags, _MOST_TAGS))
        ]
        end = stream.tell()
        for tag, kind, count, content in tags:
            yield from _of_tag(stream, form, tag, kind, count, content)
        stream.seek(end)


def _of_tag(
    stream: IO[bytes], form: str, tag: int, kind: int, count: int, content: bytes
) -> Iterator[int]:
    """The offset of a tag of a BigTIFF, and those of blocks that it holds."""
    is_big = form.endswith("Q")
    (place,) = struct.unpack(form, content)
    if is_big and count > 8:  # more than eight bytes, whatever the type
        yield place
    if tag not in (_STRIP_OFFSETS, _TILE_OFFSETS) or kind not in _EIGHT_BYTES:
        return
    if is_big and count == 1:
        yield place
        return
    stream.seek(place)
    numbers = stream.read(8 * min(count, _MOST_BLOCKS))
    whole = np.frombuffer(numbers[: len(numbers) // 8 * 8], dtype=form[0] + "u8")
    yield int(whole.max(initial=0))


def _unpacked(stream: IO[bytes], form: str) -> tuple[Any, ...]:
    return struct.unpack(form, stream.read(struct.calcsize(form)))
