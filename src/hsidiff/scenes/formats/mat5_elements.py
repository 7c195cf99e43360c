"""The elements of a MATLAB v5 to v7 file, looked through before scipy reads them.

scipy takes the type of numbers from the file as a place in a table of its own: of one beyond it
the program dies. It also asks for memory as the file says.
Source: MATLAB, MAT-File Format (R2020a), chapter 1.
"""

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

_HEAD_BYTES = 128
_NUMBERS = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13})
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FIRST_NUMERIC, _LAST_NUMERIC, _FUNCTION, _OPAQUE = (
    1, 2, 3, 4, 5, 6, 15, 16, 17,
)  # fmt: skip
_COMPLEX = 1 << 11
_DEEPEST = 64
_BYTES_AT_ONCE = 2**20


class _Bytes(Protocol):
    """What elements are read from, from begin to end."""

    def read(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""

    def skip(self, size: int) -> None:
        """Leave out the next bytes."""


@dataclass
class _Stored:
    stream: IO[bytes]

    def read(self, size: int) -> bytes:
        return self.stream.read(size)

    def skip(self, size: int) -> None:
        self.stream.seek(size, 1)


class _Packed:
    """Bytes that are unpacked as they are asked for, so that memory stays small."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size
        self._unpacker, self._ready = zlib.decompressobj(), b""

    def read(self, size: int) -> bytes:
        while len(self._ready) < size and not self._unpacker.eof:
            packed = self._unpacker.unconsumed_tail or self._stream.read(
                min(_BYTES_AT_ONCE, self._left)
            )
            if not self._unpacker.unconsumed_tail:
                self._left -= len(packed)
            if not packed:
                break
            self._ready += self._unpacker.decompress(packed, _BYTES_AT_ONCE)
        taken, self._ready = self._ready[:size], self._ready[size:]
        return taken

    def skip(self, size: int) -> None:
        while size > 0 and (taken := len(self.read(min(size, _BYTES_AT_ONCE)))):
            size -= taken


def check_variable(path: Path, name: str) -> None:
    """Look through a variable of a file, and refuse one that scipy could die of.

    Args:
        path: a MATLAB file of version 5 to 7; one of version 4 is not looked at.
        name: the variable's name.

    Raises:
        ValueError: if an element is of another type or longer than the file.
        zlib.error: if it is packed, and broken.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        if 0 in head[:4]:  # version 4 begins with a number
            return
        order = ">" if head[126:128] == b"MI" else "<"
        while len(tag := stream.read(8)) == 8:
            kind, length = struct.unpack(order + "II", tag)
            begin = stream.tell()
            if begin + length > size:
                raise ValueError(f"a variable of {length} bytes is cut short")
            if kind == _COMPRESSED:
                found = _Walk(_Packed(stream, length), order, 1032 * length).variable(name)
            else:
                stream.seek(begin - 8)
                found = _Walk(_Stored(stream), order, length + 8).variable(name)
            if found:
                return
            stream.seek(begin + length)


@dataclass
class _Walk:
    """Goes through the elements of one variable.

    Attributes:
        source: where they stand.
        order: ``<`` or ``>``.
        most_bytes: more an element cannot hold.
    """

    source: _Bytes
    order: str
    most_bytes: int

    def variable(self, name: str) -> bool:
        """Check a variable, if it has this name; say whether it has."""
        return self._matrix(0, name)

    def _matrix(self, depth: int, name: str | None = None) -> bool:
        kind, length, _ = self._tag()
        if kind != _MATRIX or depth > _DEEPEST:
            raise ValueError(f"an element of type {kind} stands where a variable should")
        if length == 0:
            return name is None
        (flags,) = struct.unpack(self.order + "I4x", self._element({6}))
        dimensions = self._element({5})
        shape = struct.unpack(f"{self.order}{len(dimensions) // 4}i", dimensions)
        own = self._element({1}).decode("latin-1")
        if name not in (None, own):
            return False
        self._content(flags, math.prod(shape), depth)
        return True

    def _content(self, flags: int, n_parts: int, depth: int) -> None:
        """Check what follows the name, which is another thing for each class."""
        kind = flags & 0xFF
        n_numbers = 2 if flags & _COMPLEX else 1
        if _FIRST_NUMERIC <= kind <= _LAST_NUMERIC:
            self._numbers(n_numbers)
        elif kind == _SPARSE:
            self._numbers(2 + n_numbers)
        elif kind == _CELL:
            self._matrices(n_parts, depth)
        elif kind in (_STRUCT, _OBJECT):
            if kind == _OBJECT:
                self._element({1})
            length = max(1, struct.unpack(self.order + "i", self._element({5}))[0])
            self._matrices(n_parts * (len(self._element({1})) // length), depth)
        elif kind == _FUNCTION:
            self._matrices(1, depth)
        elif kind == _CHAR:
            self._skip()
        elif kind != _OPAQUE:
            raise ValueError(f"a variable of class {kind} is unknown")

    def _matrices(self, count: int, depth: int) -> None:
        if not 0 <= count <= self.most_bytes:
            raise ValueError(f"{count} parts do not fit into the file")
        for _ in range(count):
            self._matrix(depth + 1)

    def _numbers(self, count: int) -> None:
        for _ in range(count):
            kind, length, small = self._tag()
            if kind not in _NUMBERS:
                raise ValueError(f"numbers of type {kind} are unknown")
            if small is None:
                self.source.skip(-(-length // 8) * 8)

    def _skip(self) -> None:
        _, length, small = self._tag()
        if small is None:
            self.source.skip(-(-length // 8) * 8)

    def _element(self, kinds: set[int]) -> bytes:
        """The content of a short element of one of these types."""
        kind, length, small = self._tag()
        if kind not in kinds or length > _BYTES_AT_ONCE:
            raise ValueError(f"an element of type {kind} and {length} bytes is out of place")
        if small is not None:
            return small[:length]
        return self.source.read(-(-length // 8) * 8)[:length]

    def _tag(self) -> tuple[int, int, bytes | None]:
        """Type, length and, of an element that fits into its tag, content."""
        tag = self.source.read(8)
        first, second = struct.unpack(self.order + "II", tag)
        if first >> 16:
            return first & 0xFFFF, min(first >> 16, 4), tag[4:]
        if second > self.most_bytes:
            raise ValueError(f"an element of {second} bytes is longer than the file")
        return first, second, None
