"""What the tags of a GeoTIFF say of its bands: wavelengths, and which are good.

There is no rule where they stand. Some programs give each band its own number, others repeat the
list of all bands in every band (GDAL does with Tanager), others have one list for the file.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.band_metadata import wavelengths_in_nm, widths_in_nm
from hsidiff.scenes.formats.band_names import Wavelengths, wavelengths_of_names

_WAVELENGTH_NAMES = {
    "wavelength": None, "wavelengths": None, "central_wavelength": None, "center_wavelength": None,
    "centre_wavelength": None, "wavelength_center": None, "wavelength_nm": "nm",
    "wavelengths_nm": "nm", "central_wavelength_nm": "nm", "center_wavelength_nm": "nm",
    "wavelength_um": "um", "wavelengths_um": "um", "central_wavelength_um": "um",
    "center_wavelength_um": "um", "wl": None, "wl_nm": "nm",
}  # fmt: skip
"""Names of tags, in lower case, and the unit that they state."""
_DOMAINS = ("IMAGERY", None, "ENVI")
"""GDAL keeps what a header of ENVI said in the last."""
_UNIT_NAMES = ("wavelength_units", "wavelength_unit", "wavelengths_units", "wavelengths_unit")
_GOOD_BAND_NAMES = ("bbl", "good_wavelengths", "good_bands", "good_band")
_FWHM_UNITS = {
    "fwhm_um": "um", "fwhm_nm": "nm", "full_width_half_maximum": None, "fwhm": None,
}  # fmt: skip
"""Names of tags, in lower case, and the unit that they state; else it is that of wavelengths."""
_JSON_OF_WAVELENGTHS = re.compile(r"[\[{].*wavelength", re.IGNORECASE)
_NUMBERS = re.compile(r"\s*[\[{(]?\s*([^\]})]*?)\s*[\]})]?\s*([A-Za-zµμ]*)\s*")


@dataclass(frozen=True)
class _Tagged:
    """Tags that speak of wavelengths: a text per band, or the same text for all."""

    name: str
    texts: list[str | None]
    unit: str | None
    of_file: bool


def alpha_of(dataset: rasterio.DatasetReader) -> int | None:
    """Position of the alpha band, which says which pixels are shown; None if there is none."""
    meanings = list(dataset.colorinterp)
    return meanings.index(ColorInterp.alpha) if ColorInterp.alpha in meanings else None


def good_bands(dataset: rasterio.DatasetReader, path: Path) -> np.ndarray:
    """(bands,) bool: False where a tag such as ``bbl`` is 0, and for an alpha band."""
    good = np.array([meaning is not ColorInterp.alpha for meaning in dataset.colorinterp])
    for name in _GOOD_BAND_NAMES:
        texts = [_tags(dataset, band).get(name) for band in dataset.indexes]
        of_file = _tags(dataset, 0).get(name)
        if any(text is not None for text in texts):
            return good & _flags(texts, name, path)
        if of_file is not None:
            return good & _flags([of_file] * dataset.count, name, path)
    return good


def _flags(texts: Sequence[str | None], name: str, path: Path) -> np.ndarray:
    """(bands,) bool; a band without a tag is good."""
    lists = [["1"] if text is None else _words(text) for text in texts]
    flags = np.ones(len(texts), dtype=bool)
    for band, words in enumerate(lists):
        if len(words) not in {1, len(texts)}:
            _warn_of_tags(path, name, texts[band])
            return np.ones(len(texts), dtype=bool)
        word = words[0] if len(words) == 1 else words[band]
        flags[band] = word.lower() not in {"0", "0.0", "false", "no"}
    return flags


def wavelengths_nm(dataset: rasterio.DatasetReader, good: np.ndarray, path: Path) -> Wavelengths:
    """Band centres in nm, (bands,), from tags or descriptions.

    A band that is not good may lack one: it is NaN.

    Warns:
        HsidiffWarning: if there are tags of wavelengths, but they cannot be understood.
    """
    failed = None
    for tagged in _tagged(dataset):
        understood = _numbers(tagged, good)
        if understood is None:
            failed = failed or tagged
            continue
        numbers, unit = understood
        in_nm = wavelengths_in_nm(numbers, tagged.unit or unit, str(path))
        return Wavelengths(_expanded(in_nm, good))
    tags = _tags(dataset, 0)
    of_file = [tags.get(f"band_{band}") for band in dataset.indexes]  # names of ENVI, for GDAL
    for given in (_descriptions(dataset, path), of_file):
        names = [name for name, is_good in zip(given, good, strict=True) if is_good]
        in_names = wavelengths_of_names(names, str(path))
        if in_names.nm is not None:
            break
    if in_names.nm is None and failed is None:
        _warn_of_other_tags(dataset, path)
    if in_names.nm is None and failed is not None:
        given = [text for text, is_good in zip(failed.texts, good, strict=True) if is_good]
        lacking = None in given
        _warn_of_tags(path, failed.name, None if lacking else given[0])
    return Wavelengths(_expanded(in_names.nm, good), in_names.notes)


def _descriptions(dataset: rasterio.DatasetReader, path: Path) -> Sequence[str | None]:
    """Names of the bands; none, with a note, where one is not in UTF-8, as TIFF asks for."""
    try:
        described: Sequence[str | None] = dataset.descriptions
    except UnicodeDecodeError as error:
        shown = error.object.decode("latin-1")[:30]
        warnings.warn(
            f"{path}: the descriptions of its bands ({shown!r}) are not in UTF-8 and are ignored: "
            "if they hold wavelengths, write them again, or lay an ENVI header beside the file",
            HsidiffWarning,
            stacklevel=5,
        )
        return [None] * dataset.count
    return described


def fwhm_nm(dataset: rasterio.DatasetReader) -> np.ndarray | None:
    """(bands,) widths of the bands in nm, NaN where no tag says it; None if none does.

    Each band has its own number. Without a unit a number below 1 is in micrometres.
    """
    for domain in ("IMAGERY", None):
        tags = [_tags(dataset, band, domain) for band in dataset.indexes]
        for name, unit in _FWHM_UNITS.items():
            widths = [_width(of_band.get(name)) for of_band in tags]
            if np.isfinite(widths).any():
                units = [tags[0][key] for key in _UNIT_NAMES if key in tags[0]]
                return widths_in_nm(widths, unit or next(iter(units), None))
    return None


def _width(text: str | None) -> float:
    """The number of a tag, NaN if it is none."""
    words = _words(text or "")
    try:
        return float(words[0]) if len(words) == 1 else np.nan
    except ValueError:
        return np.nan


def _tagged(dataset: rasterio.DatasetReader) -> Iterator[_Tagged]:
    """Every place of tags that speaks of wavelengths, the most exact first."""
    domains = [[_tags(dataset, band, ns) for band in dataset.indexes] for ns in _DOMAINS]
    of_file = [_tags(dataset, 0, ns) for ns in _DOMAINS]
    for bands, whole in zip(domains, of_file, strict=True):
        units = [tags[name] for tags in (*bands[:1], whole) for name in _UNIT_NAMES if name in tags]
        for name in sorted(_WAVELENGTH_NAMES, key=lambda name: _WAVELENGTH_NAMES[name] is None):
            unit = _WAVELENGTH_NAMES[name] or (units[0] if units else None)
            texts = [tags.get(name) for tags in bands]
            if any(texts):
                yield _Tagged(name, texts, unit, of_file=False)
            if name in whole:
                yield _Tagged(name, [whole[name]] * dataset.count, unit, of_file=True)


def _numbers(tagged: _Tagged, good: np.ndarray) -> tuple[np.ndarray, str | None] | None:
    """Numbers of the good bands and their unit, or None if the texts are no such thing."""
    n_bands, n_good = good.size, int(good.sum())
    parsed = []
    for text in (text for text, is_good in zip(tagged.texts, good, strict=True) if is_good):
        try:
            parsed.append(np.array([float(word) for word in _words(text or "")]))
        except ValueError:
            return None
    unit = next((_unit(text) for text in tagged.texts if text), None)
    same = all(np.array_equal(numbers, parsed[0]) for numbers in parsed)
    sizes = {numbers.size for numbers in parsed}
    if sizes == {1} and (n_good == 1 or not (same or tagged.of_file)):
        return np.concatenate(parsed), unit
    if same and sizes == {n_bands}:
        return parsed[0][good], unit
    if same and sizes == {n_good}:
        return parsed[0], unit
    return None


def _words(text: str) -> list[str]:
    """The entries of a list such as ``{400, 450.5} nm``, without its unit."""
    match = _NUMBERS.fullmatch(text)
    return re.split(r"[,;\s]+", match[1]) if match and match[1] else []


def _unit(text: str) -> str | None:
    match = _NUMBERS.fullmatch(text)
    return match[2] or None if match else None


def _expanded(values: np.ndarray | None, good: np.ndarray) -> np.ndarray | None:
    """Numbers of the good bands as numbers of all bands, NaN elsewhere."""
    if values is None:
        return None
    everywhere = np.full(good.size, np.nan)
    everywhere[good] = values
    return everywhere


def _tags(dataset: rasterio.DatasetReader, band: int, domain: str | None = None) -> dict[str, str]:
    """Tags of a band (0: of the file) with lower-case keys."""
    return {key.lower(): value for key, value in dataset.tags(band, ns=domain).items()}


def _warn_of_other_tags(dataset: rasterio.DatasetReader, path: Path) -> None:
    """Note a tag that speaks of wavelengths in a way that nobody here knows, such as JSON."""
    known = {*_UNIT_NAMES, *_GOOD_BAND_NAMES}
    for band in (0, *dataset.indexes[:1]):
        for key, text in _tags(dataset, band).items():
            if key not in known and ("wavelength" in key or _JSON_OF_WAVELENGTHS.search(text)):
                warnings.warn(
                    f"{path}: the tag {key!r} ({text[:30]!r}) speaks of wavelengths and is not "
                    "understood: expected tags 'wavelength' and 'wavelength_units' of each band",
                    HsidiffWarning,
                    stacklevel=5,
                )
                return


def _warn_of_tags(path: Path, name: str, text: str | None) -> None:
    given = "absent in some band" if text is None else f"{text[:30]!r}"
    warnings.warn(
        f"{path}: the tags {name!r} of the bands are not understood ({given}) and are ignored: "
        "expected a number in each band, or a list of all bands",
        HsidiffWarning,
        stacklevel=5,
    )
