"""Text of dBASE tables (``.dbf``), which shapefiles and ArcGIS's rasters keep their names in.

Its encoding stands in a ``.cpg`` beside it, in many spellings, or in one byte of the ``.dbf``, or
nowhere. GDAL takes spellings that it does not know for Latin-1 without a word, so text is taken as
bytes here and decoded by the page that is meant.
"""

import codecs
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.columns import check_names_differ

BYTES = "ISO-8859-1"
"""As which a table is read first: every byte is one letter."""
UTF_8, LATIN_1 = "utf-8", "cp1252"
"""Windows-1252 is Latin-1 with letters where that has control characters, and often called so."""

_PAGE = re.compile(r"(?:oem|ansi|cp|ibm|dos|ms|windows|win|codepage)*0*(\d{3,5})")
_ISO = re.compile(r"(?:iso|iec)*8859(\d{1,2})")
_OF_WINDOWS = {"ansi", "system", "windows"}
_OF_DOS = {"oem", "dos", "msdos"}
"""What programs wrote for the page of their computer; which one of DOS, the .dbf may say."""

_LANGUAGE_AT = 29
_PAGES = {
    "cp437": (1, 9, 11, 13, 15, 17, 21, 24, 25, 27), "cp737": (106, 134),
    "cp850": (2, 10, 14, 16, 18, 20, 22, 26, 29, 37, 55), "cp852": (31, 34, 35, 64, 100, 135),
    "cp857": (107, 136), "cp860": (36,), "cp861": (103,), "cp863": (28, 108),
    "cp865": (8, 23, 102), "cp866": (38, 101), "cp874": (80, 124), "cp932": (19, 123),
    "gbk": (77, 122), "cp949": (78, 121), "cp950": (79, 120), "cp1250": (200,), "cp1251": (201,),
    "cp1252": (3, 87, 88, 89), "cp1253": (203,), "cp1254": (202,), "cp1257": (204,),
    "mac_roman": (4,), "mac_cyrillic": (150,), "mac_latin2": (151,), "mac_greek": (152,),
}  # fmt: skip
"""Python's names to language driver ids; 87, the page of a computer, is what GDAL writes.

Source: ESRI, "Read and write shapefile and dBASE files encoded in various code pages"; Microsoft,
"Code Pages Supported by Visual FoxPro".
"""
_PAGE_OF = {number: page for page, numbers in _PAGES.items() for number in numbers}


def with_right_text(table: pd.DataFrame, path: Path, name: str) -> pd.DataFrame:
    """A table that was read as ``BYTES``, its text and the names of its columns decoded.

    Args:
        table: the cells of a ``.dbf``, and maybe geometries.
        path: the ``.dbf``, or the ``.shp`` beside it.
        name: what to call it in messages.

    Raises:
        LabelError: if text beyond ASCII is not in the encoding that is stated, if what is stated is
            no encoding, or none is and the text may be of several.

    Warns:
        HsidiffWarning: if text is UTF-8, though another is stated; if none is stated.
    """
    foreign = [text.encode(BYTES) for text in _texts(table) if not text.isascii()]
    if not foreign:
        return table
    encoding = _encoding(path, foreign, name)
    decoded = table.rename(columns={key: _decoded(key, encoding) for key in table.columns})
    check_names_differ(decoded, name)
    for key in decoded.columns:
        if any(isinstance(value, str) for value in decoded[key]):
            decoded[key] = [_decoded(value, encoding) for value in decoded[key]]
    return decoded


def _texts(table: pd.DataFrame) -> Iterator[str]:
    for key in table.columns:
        yield str(key)
        yield from (value for value in table[key] if isinstance(value, str))


def _decoded(value: Any, encoding: str) -> Any:
    return value.encode(BYTES).decode(encoding) if isinstance(value, str) else value


def _encoding(path: Path, foreign: list[bytes], name: str) -> str:
    """Python's name of the encoding of texts that are not ASCII."""
    in_cpg, in_dbf = _in_cpg(path), _in_dbf(path)
    meant = in_dbf if in_cpg is None or _plain(in_cpg) in _OF_DOS else _python_name(in_cpg)
    stated = f"its .cpg states {in_cpg or 'nothing'}"
    if in_cpg is None and in_dbf is not None:
        stated += f", its .dbf {in_dbf}"
    # Pairs of letters of a page of two bytes can look like UTF-8; those of others do not.
    if _are(foreign, UTF_8) and not (meant and _is_wide(meant) and _are(foreign, meant)):
        _warn(f"{name}: the text of its .dbf is read as UTF-8, which it is, though {stated}")
        return UTF_8
    if meant is not None and _are(foreign, meant):
        return meant
    if meant is not None or in_cpg is not None or not _are(foreign, LATIN_1):
        raise LabelError(
            f"{name}: the text of its .dbf, such as {_shown(foreign)}, cannot be read: {stated}, "
            "which is not its encoding: write into the .cpg what it is, UTF-8, 1252 or 850 for "
            "example, or save the labels as .gpkg"
        )
    _warn(
        f"{name}: the text of its .dbf is read as Windows-1252 ({_shown(foreign)}), as neither a "
        ".cpg nor the .dbf states an encoding: if it is another, write it into a .cpg"
    )
    return LATIN_1


def _in_cpg(path: Path) -> str | None:
    """What the ``.cpg`` says; None if there is none, or it is empty."""
    for content in _beside(path, ".cpg", 64):
        text = content.decode("utf-8-sig", errors="replace").strip("\0\"' \t\r\n")
        return " ".join(text.split())[:20] or None
    return None


def _in_dbf(path: Path) -> str | None:
    """Python's name for the language byte of the ``.dbf``; None if it names no page."""
    for head in _beside(path, ".dbf", _LANGUAGE_AT + 1):
        return _PAGE_OF.get(head[_LANGUAGE_AT]) if len(head) > _LANGUAGE_AT else None
    return None


def _beside(path: Path, suffix: str, n_bytes: int) -> Iterator[bytes]:
    """The first bytes of the file that has this suffix, in any case."""
    for item in path.parent.iterdir():
        if item.stem.casefold() == path.stem.casefold() and item.suffix.lower() == suffix:
            with item.open("rb") as stream:
                yield stream.read(n_bytes)


def _python_name(stated: str) -> str | None:
    """Python's name for ``OEM 850``, ``ANSI 1252``, ``88591``, ``65001`` and the like, or None."""
    plain = _plain(stated)
    if plain in _OF_WINDOWS:
        return LATIN_1
    iso, page = _ISO.fullmatch(plain), _PAGE.fullmatch(plain)
    numbered = f"iso8859-{iso[1]}" if iso else f"cp{page[1]}" if page else stated
    for name in (numbered, plain):
        with suppress(LookupError, UnicodeError, ValueError):  # unknown, or none of text
            if b"a".decode(name) == "a":
                found = codecs.lookup(name).name
                return LATIN_1 if found == "iso8859-1" else found
    return None


def _plain(stated: str) -> str:
    return re.sub(r"[\W_]", "", stated.lower())


def _are(texts: Iterable[bytes], encoding: str) -> bool:
    """Whether an encoding can be that of texts: it has all letters, none is a control character."""
    try:
        decoded = "".join(text.decode(encoding) for text in texts)
    except UnicodeError:
        return False
    return not any("\x80" <= letter <= "\x9f" for letter in decoded)


def _is_wide(encoding: str) -> bool:
    """Whether letters of an encoding may have two bytes, as those of East Asia do."""
    return any(letter.encode(encoding, errors="ignore") for letter in "中あ한")


def _shown(texts: list[bytes]) -> str:
    return repr(texts[0].decode(LATIN_1, errors="replace"))


def _warn(message: str) -> None:
    warnings.warn(message, HsidiffWarning, stacklevel=7)
