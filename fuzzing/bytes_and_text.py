"""Break bytes and text: bits, cuts, numbers, lines, words."""

import random
import re
from collections.abc import Callable

from fuzzing.chance import TEXTS, TEXTS_OF_NUMBERS, WHOLE_NUMBERS, amount

_HEADER_BYTES = 4096
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"\w+")


def break_bytes(content: bytes, rng: random.Random) -> bytes:
    """Some bytes of a file changed, lost or moved."""
    if not content:
        return b"\0" * amount(rng, 1000)
    for _ in range(amount(rng, 4)):
        content = rng.choice(_OF_BYTES)(bytearray(content), rng)
    return content


def _place(content: bytearray, rng: random.Random) -> int:
    """A place in a file, most often where headers are: at its begin or its end."""
    size = max(1, len(content))
    end = rng.random()
    if end < 0.5:
        return rng.randrange(min(size, _HEADER_BYTES))
    return size - 1 - rng.randrange(min(size, _HEADER_BYTES)) if end < 0.6 else rng.randrange(size)


def _flip(content: bytearray, rng: random.Random) -> bytes:
    for _ in range(amount(rng, 16) if content else 0):
        content[_place(content, rng)] ^= 1 << rng.randrange(8)
    return bytes(content)


def _overwrite(content: bytearray, rng: random.Random) -> bytes:
    place, count = _place(content, rng), amount(rng, 64)
    fill = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80", b"A", b"9", b" "))
    content[place : place + count] = fill * len(content[place : place + count])
    return bytes(content)


def _number(content: bytearray, rng: random.Random) -> bytes:
    width = rng.choice((1, 2, 4, 4, 8))
    number = rng.choice(WHOLE_NUMBERS) % 2 ** (8 * width)
    place = _place(content, rng) // width * width if rng.random() < 0.7 else _place(content, rng)
    content[place : place + width] = number.to_bytes(width, rng.choice(("little", "big")))
    return bytes(content)


def _cut(content: bytearray, rng: random.Random) -> bytes:
    return bytes(content[: rng.choice((_place(content, rng), rng.randrange(len(content) + 1)))])


def _lose(content: bytearray, rng: random.Random) -> bytes:
    place = _place(content, rng)
    del content[place : place + amount(rng, 256)]
    return bytes(content)


def _insert(content: bytearray, rng: random.Random) -> bytes:
    place = _place(content, rng)
    content[place:place] = rng.randbytes(amount(rng, 64))
    return bytes(content)


def _repeat(content: bytearray, rng: random.Random) -> bytes:
    start, place = _place(content, rng), _place(content, rng)
    content[place:place] = content[start : start + amount(rng, 512)]
    return bytes(content)


def _swap(content: bytearray, rng: random.Random) -> bytes:
    one, other, size = _place(content, rng), _place(content, rng), amount(rng, 64)
    a, b = content[one : one + size], content[other : other + size]
    content[one : one + size], content[other : other + size] = b, a
    return bytes(content)


_OF_BYTES: tuple[Callable[[bytearray, random.Random], bytes], ...] = (
    _flip, _flip, _flip, _overwrite, _number, _number, _number, _cut, _lose, _insert, _repeat,
    _swap,
)  # fmt: skip


def break_text(content: bytes, rng: random.Random) -> bytes:
    """Some words, numbers or lines of a text changed, or the whole in another encoding."""
    text = content.decode("latin-1")
    for _ in range(amount(rng, 4)):
        text = rng.choice(_OF_TEXT)(text, rng)
    if rng.random() < 0.1:
        encoding = rng.choice(("utf-16", "utf-8-sig", "utf-32", "utf-8"))
        return text.encode(encoding, errors="replace")
    return text.encode("latin-1", errors="replace")


def _other_number(text: str, rng: random.Random) -> str:
    return _replaced(text, _NUMBER, rng.choice(TEXTS_OF_NUMBERS), rng)


def _other_word(text: str, rng: random.Random) -> str:
    return _replaced(text, _WORD, rng.choice(TEXTS), rng)


def _replaced(text: str, pattern: re.Pattern[str], new: str, rng: random.Random) -> str:
    found = list(pattern.finditer(text))
    if not found:
        return text + new
    match = rng.choice(found)
    return text[: match.start()] + new + text[match.end() :]


def _other_line(text: str, rng: random.Random) -> str:
    lines = text.splitlines()
    if not lines:
        return "\n"
    place = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[rng.randrange(len(lines))])
        case 2:
            lines[place] = lines[place].swapcase()
        case 3:
            lines[place] = lines[place][: rng.randrange(len(lines[place]) + 1)]
        case _:
            other = rng.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
    return rng.choice(("\n", "\n", "\r\n", "\r")).join(lines)


def _other_mark(text: str, rng: random.Random) -> str:
    marks = [place for place, letter in enumerate(text) if letter in "{}[]()<>=,;:\"'"]
    if not marks:
        return text + "{"
    place = rng.choice(marks)
    return text[:place] + rng.choice(("", "{", "}", "=", ",", '"', "\n")) + text[place + 1 :]


def _other_letters(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text) + 1)
    return text[:place] + rng.choice(TEXTS) + text[place + rng.randrange(5) :]


_OF_TEXT: tuple[Callable[[str, random.Random], str], ...] = (
    _other_number, _other_number, _other_word, _other_line, _other_mark, _other_letters,
)  # fmt: skip
