"""Wavelengths that stand in the names of bands, where all names agree how."""

import re
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm

_NUMBER = r"(?<![\d.,])(\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)"
_WITH_UNIT = re.compile(
    _NUMBER + r"\s*(nanomet(?:er|re)s?|nm|micromet(?:er|re)s?|microns?|um|[µμ]m)\b", re.I
)
_AFTER_WORD = re.compile(
    r"(?<![a-z])(?:wavelength|wavelen|wvl|wl|lambda|λ)[\s_:=(\[-]*" + _NUMBER + r"(?![\d.])", re.I
)
# "channel_0 (381.0055)"; a point is asked for, since "band (12)" is no wavelength.
_IN_PARENTHESES = re.compile(r"\((\d+\.\d+)\)\s*$")
_WITH_POINT = re.compile(r"(?<![\d.])(\d+\.\d+)(?![\d.])")
_WHOLE = re.compile(r"(?<![\d.])(\d{3,5})(?![\d.])")

_SHORTEST_NM, _LONGEST_NM = 300.0, 15_000.0
"""Bare numbers are wavelengths only where sensors of the earth measure; a count begins below."""
_MIN_BARE = 3
_DECIMALS_OF_UM = 3
"""Micrometres are written ``0.443``; ``1.1`` may count something."""


class Wavelengths(NamedTuple):
    """Band centres, and what there is to say of where they come from.

    Attributes:
        nm: (bands,) float64 in nm, NaN for a band that is not used; None if unknown.
        notes: a line each, for ``Scene.notes``.
    """

    nm: np.ndarray | None
    notes: tuple[str, ...] = ()


UNKNOWN = Wavelengths(None)
NOTE = "wavelengths are those in the names of the bands"


def wavelengths_of_names(names: Sequence[str | None], where: str) -> Wavelengths:
    """Wavelengths in band names, such as ``band 1 (0.455400 Micrometers)`` or ``Band_443.5``.

    A number with a unit or after a word such as ``wavelength`` counts in any order of bands. A bare
    one has to have a decimal point, and rise or fall from band to band within 300 to 15,000 nm.

    Args:
        names: a name per band.
        where: what a warning calls the file.

    Returns:
        The band centres; unknown unless every name holds one, in the same way.

    Warns:
        HsidiffWarning: if names hold whole numbers that may be wavelengths, or may be a count.
    """
    texts = [name or "" for name in names]
    with_unit = _matches(_WITH_UNIT, texts)
    if with_unit is not None and len({match[2].lower() for match in with_unit}) == 1:
        return _found(_numbers(with_unit), with_unit[0][2], where)
    after_word = _matches(_AFTER_WORD, texts)
    if after_word is not None and _are_marked_light(after_word):
        return _found(_numbers(after_word), None, where)
    in_parentheses = _matches(_IN_PARENTHESES, texts)
    if in_parentheses is not None:
        return _found(_numbers(in_parentheses), None, where)
    bare = _only_numbers(_WITH_POINT, texts)
    if bare is not None and _look_like_light(bare):
        return _found([float(text) for text in bare], None, where)
    whole = _only_numbers(_WHOLE, texts)
    if whole is not None and _rise_within_nm([float(text) for text in whole]):
        warnings.warn(
            f"{where}: the names of its bands ({texts[0]!r} to {texts[-1]!r}) may hold wavelengths "
            "or a count, and are not taken for wavelengths: if they are, name bands with a unit "
            f"('{whole[0]} nm'), or lay an ENVI header with 'wavelength' beside the file",
            HsidiffWarning,
            stacklevel=4,
        )
    return UNKNOWN


def _matches(pattern: re.Pattern[str], texts: list[str]) -> list[re.Match[str]] | None:
    """The first match in each name, None if one has none."""
    found = [match for text in texts if (match := pattern.search(text))]
    return found if texts and len(found) == len(texts) else None


def _only_numbers(pattern: re.Pattern[str], texts: list[str]) -> list[str] | None:
    """The number of each name, None if one has none, or several; or there are few names."""
    found = [pattern.findall(text) for text in texts]
    if len(texts) < _MIN_BARE or any(len(numbers) != 1 for numbers in found):
        return None
    return [numbers[0] for numbers in found]


def _numbers(matches: list[re.Match[str]]) -> list[float]:
    return [float(match[1].replace(",", ".")) for match in matches]


def _are_marked_light(matches: list[re.Match[str]]) -> bool:
    """Whether numbers after a word are no count: each is another, and as large as wavelengths."""
    numbers = np.array(_numbers(matches))
    if len(set(numbers.tolist())) < len(numbers):
        return False
    have_point = all(re.search(r"\d[.,]\d", match[1]) for match in matches)
    return _are_inside(numbers) or (have_point and _are_inside(1e3 * numbers))


def _are_inside(numbers_nm: np.ndarray) -> bool:
    return bool((numbers_nm >= _SHORTEST_NM).all() and (numbers_nm <= _LONGEST_NM).all())


def _look_like_light(texts: list[str]) -> bool:
    """Whether bare numbers can be nothing but wavelengths, in nm or in micrometres."""
    numbers = [float(text) for text in texts]
    decimals = min(len(text.partition(".")[2]) for text in texts)
    in_um = decimals >= _DECIMALS_OF_UM and _rise_within_nm([1e3 * number for number in numbers])
    return in_um or _rise_within_nm(numbers)


def _rise_within_nm(numbers: list[float]) -> bool:
    steps = np.diff(numbers)
    in_order = bool((steps > 0).all() or (steps < 0).all())
    return in_order and _are_inside(np.array(numbers))


def _found(numbers: list[float], unit: str | None, where: str) -> Wavelengths:
    in_nm = wavelengths_in_nm(numbers, unit, where)
    return UNKNOWN if in_nm is None else Wavelengths(in_nm, (NOTE,))
