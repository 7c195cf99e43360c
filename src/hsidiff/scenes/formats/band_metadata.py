"""Wavelengths, whatever unit and place a file keeps them in."""

import re
import warnings
from collections.abc import Sequence

import numpy as np

from hsidiff.errors import HsidiffWarning

_NM_PER_UNIT = {
    "nm": 1.0, "nanometer": 1.0, "nanometre": 1.0,
    "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3, "micrometer": 1e3, "micrometre": 1e3,
    "mm": 1e6, "millimeter": 1e6, "millimetre": 1e6, "m": 1e9, "meter": 1e9, "metre": 1e9,
}  # fmt: skip
_NO_UNIT = {"", "unknown", "none", "n/a", "wavelength"}

# Optical sensors end at about 15 um, and begin at about 200 nm: 100 lies between the two.
_LARGEST_MICROMETRE = 100.0

_WITH_UNIT = re.compile(
    r"(\d+\.?\d*)\s*(nanomet(?:er|re)s?|nm|micromet(?:er|re)s?|microns?|um|[µμ]m)\b", re.I
)
# "channel_0 (381.0055)"; a point is asked for, since "band (12)" is no wavelength.
_IN_PARENTHESES = re.compile(r"\((\d+\.\d+)\)\s*$")


def wavelengths_in_nm(
    values: Sequence[float] | np.ndarray, unit: str | None, where: str
) -> np.ndarray | None:
    """Convert wavelengths to nm.

    Args:
        values: (bands,) band centres.
        unit: their unit as the file has it, in any case; without one the size of the numbers
            decides between micrometres (all below 100) and nanometres.
        where: what a warning calls the file.

    Returns:
        (bands,) float64 in nm; None if the numbers cannot be wavelengths or are counted in
        something else (wavenumbers, an index), of which a warning tells.
    """
    numbers = np.asarray(values, dtype=np.float64).ravel()
    if numbers.size == 0:
        return None
    if not (np.isfinite(numbers) & (numbers > 0)).all():
        _warn(f"{where}: wavelengths that are not positive numbers are ignored")
        return None
    by_size = 1e3 if numbers.max() < _LARGEST_MICROMETRE else 1.0
    word = (unit or "").strip().lower()
    if word in _NO_UNIT:
        return numbers * by_size
    factor = _NM_PER_UNIT.get(word, _NM_PER_UNIT.get(word.removesuffix("s")))
    if factor is None:
        _warn(f"{where}: wavelengths in {unit!r} are ignored: expected nm or um")
        return None
    return numbers * factor


def wavelengths_of_names(names: Sequence[str | None], where: str) -> np.ndarray | None:
    """Wavelengths that stand in band names, such as ``band 1 (0.455400 Micrometers)``.

    Returns:
        (bands,) float64 in nm; None unless every name holds one.
    """
    with_unit = [match for name in names if (match := _WITH_UNIT.search(name or ""))]
    units = {match[2].lower() for match in with_unit}
    if len(with_unit) == len(names) and len(units) == 1:
        return wavelengths_in_nm([float(match[1]) for match in with_unit], units.pop(), where)
    bare = [match for name in names if (match := _IN_PARENTHESES.search(name or ""))]
    if len(bare) == len(names):
        return wavelengths_in_nm([float(match[1]) for match in bare], None, where)
    return None


def _warn(message: str) -> None:
    warnings.warn(message, HsidiffWarning, stacklevel=4)
