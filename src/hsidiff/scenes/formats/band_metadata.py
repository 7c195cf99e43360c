"""Wavelengths, whatever unit and place a file keeps them in."""

import warnings
from collections.abc import Sequence

import numpy as np

from hsidiff.errors import HsidiffWarning

_NM_PER_UNIT = {
    "nm": 1.0, "nanometer": 1.0, "nanometre": 1.0,
    "um": 1e3, "µm": 1e3, "μm": 1e3, "micron": 1e3, "micrometer": 1e3, "micrometre": 1e3,
    "mm": 1e6, "millimeter": 1e6, "millimetre": 1e6, "m": 1e9, "meter": 1e9, "metre": 1e9,
    "å": 0.1, "angstrom": 0.1, "ångström": 0.1,
}  # fmt: skip
_NO_UNIT = {"", "unknown", "none", "n/a", "wavelength", "1", "-", "unitless"}

# Optical sensors end at about 15 um, and begin at about 200 nm: 100 lies between the two.
_LARGEST_MICROMETRE = 100.0
_SHORTEST_NM, _LONGEST_NM = 100.0, 1e5
"""No band of an image of the earth lies beyond: other numbers are an index, or in another unit."""

_NARROWEST_NM, _WIDEST_NM = 0.01, 2000.0
"""Responses of sensors that make images are no narrower and no wider."""


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
    factor = _nm_per_unit(unit, numbers)
    if factor is None:
        _warn(f"{where}: wavelengths in {unit!r} are ignored: expected nm or um")
        return None
    in_nm = numbers * factor
    if in_nm.min() < _SHORTEST_NM or in_nm.max() > _LONGEST_NM:
        _warn(
            f"{where}: wavelengths {numbers.min():g} to {numbers.max():g} in {unit or 'no unit'} "
            "are ignored: they would be no light: correct the numbers or their unit"
        )
        return None
    return in_nm


def _nm_per_unit(unit: str | None, numbers: np.ndarray) -> float | None:
    """How many nm a unit has; None for a unit of something else."""
    word = (unit or "").strip(" \t\n[](){}'\".").lower()
    if word in _NO_UNIT:
        return 1e3 if numbers.max() < _LARGEST_MICROMETRE else 1.0
    return _NM_PER_UNIT.get(word, _NM_PER_UNIT.get(word.removesuffix("s")))


def is_spectral_unit(unit: str) -> bool:
    """Whether a unit is one that wavelengths of light are counted in, and distances are not."""
    word = unit.strip().lower()
    return 0 < _NM_PER_UNIT.get(word, _NM_PER_UNIT.get(word.removesuffix("s"), 0.0)) < 1e6


def fwhm_in_nm(
    values: np.ndarray | None, given: np.ndarray | None, in_nm: np.ndarray | None
) -> np.ndarray | None:
    """Convert widths of bands to nm; ENVI keeps them in the unit of the wavelengths.

    Args:
        values: (bands,) full widths at half maximum, NaN where unknown; or None.
        given: (bands,) the wavelengths as the file has them; or None.
        in_nm: (bands,) the same in nm; or None.

    Returns:
        (bands,) float64 in nm, NaN where unknown; None if these are no widths.
    """
    if values is None or given is None or in_nm is None or values.shape != in_nm.shape:
        return None
    return _if_widths(values * np.nanmedian(in_nm / given))


def widths_in_nm(values: Sequence[float] | np.ndarray, unit: str | None) -> np.ndarray | None:
    """Convert widths of bands in a unit to nm; without one, numbers below 1 are micrometres.

    Returns:
        (bands,) float64 in nm, NaN where unknown; None if these are no widths.
    """
    numbers = np.asarray(values, dtype=np.float64)
    word = (unit or "").strip().lower()
    small = bool(np.nanmax(numbers) < 1)
    factor = (1e3 if small else 1.0) if word in _NO_UNIT else _nm_per_unit(unit, numbers)
    return None if factor is None else _if_widths(numbers * factor)


def _if_widths(widths: np.ndarray) -> np.ndarray | None:
    """The widths, or None if one of them is no width of a sensor's band."""
    known = widths[np.isfinite(widths)]
    fits = known.size and known.min() >= _NARROWEST_NM and known.max() <= _WIDEST_NM
    return widths if fits else None


def _warn(message: str) -> None:
    warnings.warn(message, HsidiffWarning, stacklevel=4)
