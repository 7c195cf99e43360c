"""ENVI headers: text of ``key = value`` lines beside a file of bare numbers."""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.band_metadata import fwhm_in_nm, wavelengths_in_nm
from hsidiff.scenes.formats.band_names import Wavelengths, wavelengths_of_names

# A list may open on the line after its key, and go on over many.
_FIELD = re.compile(r"^[ \t]*([^=\n{};]+?)[ \t]*=(\s*\{[^}]*\}|[^\n]*)", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*;[^\n]*\n?", re.MULTILINE)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_MOST_BYTES = 2**62
_ONCE_ONLY = frozenset(
    {
        "samples", "lines", "bands", "data type", "interleave", "byte order", "header offset",
        "file compression", "major frame offsets", "minor frame offsets", "wavelength",
        "wavelength units", "bbl", "data ignore value", "data gain values", "data offset values",
        "data reflectance gain values", "data reflectance offset values",
        "reflectance scale factor", "map info",
    }
)  # fmt: skip
"""Fields that change what is read: two of one name that differ leave open which one counts."""


def is_envi_header(path: Path) -> bool:
    """Whether a file begins as ENVI headers do; other makers use the suffix ``.hdr`` too."""
    with path.open("rb") as stream:
        return _decoded(stream.read(32)).lstrip().startswith("ENVI")


def _decoded(content: bytes) -> str:
    """The text of a header: UTF-8 or, as older Windows programs write, UTF-16 or Latin-1."""
    if content.startswith(_UTF16_MARKS):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


@dataclass(frozen=True)
class EnviHeader:
    """The fields of an ENVI header.

    Attributes:
        path: the header.
        fields: lower-case keys to text; lists keep their braces.
    """

    path: Path
    fields: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "EnviHeader":
        """Read a header.

        Raises:
            SceneError: if the file is not an ENVI header, a list in it has no end, or a field that
                changes what is read stands in it twice.
        """
        if not is_envi_header(path):
            raise SceneError(f"{path} is not an ENVI header: its first line must be ENVI")
        return cls.parse(path, path.read_bytes())

    @classmethod
    def parse(cls, path: Path, content: bytes) -> "EnviHeader":
        """Read the content of a header that was read already; raises what :meth:`read` does."""
        text = "\n".join(_decoded(content).splitlines())
        fields: dict[str, str] = {}
        for key, value in _FIELD.findall(_COMMENT.sub("", text)):
            name = " ".join(key.lower().split())
            _check_field(path, name, value.strip(), fields)
            fields[name] = value.strip()
        return cls(path, fields)

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number, at least 0.

        Raises:
            SceneError: if it is absent without a default, or not such a number.
        """
        text = self.fields.get(key)
        if text is None and default is not None:
            return default
        if text is None or not re.fullmatch(r"[0-9]{1,40}", text):
            raise SceneError(f"{self.path}: '{key} = {text}' must be a whole number: correct it")
        return int(text)

    def numbers(self, key: str) -> np.ndarray | None:
        """A list of numbers between commas or blanks, float64, or None if there is no such field.

        Raises:
            SceneError: if one of them is not a number.
        """
        if key not in self.fields:
            return None
        words = re.split(r"[,\s]+", self.fields[key].strip("{} \n\t"))
        try:
            return np.array([float(word) for word in words if word])
        except ValueError as error:
            raise SceneError(f"{self.path}: '{key}' must hold numbers ({error})") from error

    def byte_pair(self, key: str) -> tuple[int, int]:
        """Two counts of bytes, before and after; (0, 0) if the header has no such field.

        Raises:
            SceneError: if they are not two whole numbers, at least 0.
        """
        numbers = self.numbers(key)
        if numbers is None:
            return 0, 0
        if (
            numbers.size != 2
            or not ((numbers >= 0) & (numbers <= _MOST_BYTES)).all()
            or (numbers != np.round(numbers)).any()
        ):
            raise SceneError(
                f"{self.path}: '{key} = {self.fields[key]}' must be two whole numbers of bytes, "
                "{before, after}: correct it"
            )
        return int(numbers[0]), int(numbers[1])

    def words(self, key: str) -> list[str]:
        """A list of words, separated by commas; empty if the header has no such field."""
        inside = self.fields.get(key, "").strip("{} \n\t")
        return [" ".join(word.split()) for word in inside.split(",") if word.strip()]

    def wavelengths_nm(self) -> Wavelengths:
        """Band centres in nm, (bands,), from ``wavelength`` or else the band names."""
        values = self.numbers("wavelength")
        if values is not None and values.size:
            unit = self.fields.get("wavelength units")
            return Wavelengths(wavelengths_in_nm(values, unit, str(self.path)))
        return wavelengths_of_names(self.words("band names"), str(self.path))

    def fwhm_nm(self, wavelengths_nm: np.ndarray | None) -> np.ndarray | None:
        """(bands,) widths of the bands in nm, from ``fwhm`` in the unit of ``wavelength``, or None.

        Args:
            wavelengths_nm: (bands,) what :meth:`wavelengths_nm` gives.
        """
        try:
            return fwhm_in_nm(self.numbers("fwhm"), self.numbers("wavelength"), wavelengths_nm)
        except SceneError:  # a map needs no widths
            return None

    def ignored_numbers(self) -> list[float]:
        """The stored numbers that mean "no value": most often one or none."""
        numbers = self.numbers("data ignore value")
        return [] if numbers is None else numbers.tolist()

    def good_bands(self, n_bands: int) -> np.ndarray:
        """(bands,) bool, from ``bbl``; all True if the header has none.

        Raises:
            SceneError: if ``bbl`` has another number of entries.
        """
        flags = self.numbers("bbl")
        if flags is None:
            return np.ones(n_bands, dtype=bool)
        if flags.size != n_bands:
            raise SceneError(f"{self.path}: 'bbl' has {flags.size} entries for {n_bands} bands")
        return flags != 0

    def scale(self, n_bands: int) -> float | np.ndarray:
        """What the stored numbers are multiplied by: number, or (bands,).

        Gains of radiance come before those of reflectance, as ENVI shows them, and all gains before
        a factor.

        Raises:
            SceneError: if a factor is not above 0, or there are not as many as bands.
        """
        factors = self.numbers("reflectance scale factor")
        if not self._gains and factors is not None and factors.size:
            if not (factors > 0).all():
                raise SceneError(f"{self.path}: 'reflectance scale factor' must be above 0")
            if factors.size not in (1, n_bands):
                raise SceneError(
                    f"{self.path}: 'reflectance scale factor' has {factors.size} entries for "
                    f"{n_bands} bands: give one number"
                )
            return 1.0 / (factors if factors.size > 1 else float(factors[0]))
        return self._per_band(f"{self._gains or 'data'} gain values", n_bands, 1.0)

    def offset(self, n_bands: int) -> float | np.ndarray:
        """What is added after scaling: number, or (bands,)."""
        return self._per_band(f"{self._gains or 'data'} offset values", n_bands, 0.0)

    @property
    def _gains(self) -> str | None:
        """How the names of the fields begin that hold gains; None if there are none."""
        begins = ("data", "data reflectance")
        return next((name for name in begins if f"{name} gain values" in self.fields), None)

    def _per_band(self, key: str, n_bands: int, default: float) -> float | np.ndarray:
        values = self.numbers(key)
        if values is None:
            return default
        if values.size != n_bands:
            raise SceneError(f"{self.path}: '{key}' has {values.size} entries for {n_bands} bands")
        return values


def _check_field(path: Path, key: str, value: str, fields: dict[str, str]) -> None:
    """Refuse a list without an end, and a second field of one name that says something else.

    Raises:
        SceneError: naming the field.
    """
    if value.startswith("{") and not value.endswith("}"):
        raise SceneError(f"{path}: the list of {key!r} has no end: add the missing brace }}")
    if key in _ONCE_ONLY and fields.get(key, value).split() != value.split():
        raise SceneError(f"{path}: {key!r} stands in it twice, with other values: remove one")
