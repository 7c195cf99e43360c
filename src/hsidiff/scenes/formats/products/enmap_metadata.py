"""What the METADATA.XML of EnMAP says of the bands."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

import numpy as np

from hsidiff.errors import SceneError

_BANDS = "specific/bandCharacterisation/bandID"
_STATISTICS = "product/bandStatistics/bandID"
_EXPECTED = tuple(f"specific/{d}ProductQuality/expectedChannelsList" for d in ("vnir", "swir"))
_REFLECTANCE_PER_STEP = 1e-4
_MEAN_OF_NOTHING = -1e6


@dataclass(frozen=True)
class EnmapMetadata:
    """The bands of an image.

    Attributes:
        wavelengths_nm: (bands,) centres.
        fwhm_nm: (bands,) widths, NaN where unknown.
        gains: (bands,) what the stored numbers are multiplied by.
        offsets: (bands,) what is added after that.
        is_empty: (bands,) bool, whether a band holds no value in any pixel.
        background: the number of pixels outside the image, or None.
    """

    wavelengths_nm: np.ndarray = field(repr=False)
    fwhm_nm: np.ndarray = field(repr=False)
    gains: np.ndarray = field(repr=False)
    offsets: np.ndarray = field(repr=False)
    is_empty: np.ndarray = field(repr=False)
    background: float | None = None

    @classmethod
    def parse(cls, content: bytes, n_bands: int, name: str) -> "EnmapMetadata":
        """Read the text of a METADATA.XML.

        Args:
            content: its bytes.
            n_bands: bands of the image that it belongs to.
            name: what messages call the file.

        Raises:
            SceneError: if it is no such file, or speaks of another number of bands.
        """
        try:
            root = ElementTree.fromstring(content)
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            raise SceneError(f"{name} is broken ({error}): download it again") from error
        try:
            return cls._of(root, n_bands, name)
        except (TypeError, ValueError) as error:
            if isinstance(error, SceneError):
                raise
            raise SceneError(f"{name} holds no numbers where it should ({error})") from error

    @classmethod
    def _of(cls, root: ElementTree.Element, n_bands: int, name: str) -> "EnmapMetadata":
        bands = _bands_of_image(root, n_bands, name)
        empty = _empty_numbers(root)
        background = _number(root, "specific/backgroundValue", np.nan)
        return cls(
            wavelengths_nm=np.array([_number(b, "wavelengthCenterOfBand") for b in bands]),
            fwhm_nm=np.array([_number(b, "FWHMOfBand", np.nan) for b in bands]),
            # The product is reflectance times 10,000 where the file does not say so.
            gains=np.array([_number(b, "GainOfBand", _REFLECTANCE_PER_STEP) for b in bands]),
            offsets=np.array([_number(b, "OffsetOfBand", 0.0) for b in bands]),
            is_empty=np.array([band.get("number") in empty for band in bands]),
            background=None if np.isnan(background) else background,
        )


def speaks_of_enmap_bands(content: bytes) -> bool:
    """Whether an XML text has a table of bands as EnMAP has; DESIS names it otherwise."""
    return b"wavelengthCenterOfBand" in content and b"bandID" in content


def _bands_of_image(
    root: ElementTree.Element, n_bands: int, name: str
) -> list[ElementTree.Element]:
    """The entries of the bands that the image holds: all, or the channels that are expected."""
    every = root.findall(_path(_BANDS))
    if len(every) == n_bands:
        return every
    expected = {
        word.strip() for path in _EXPECTED for word in (root.findtext(_path(path)) or "").split(",")
    }
    chosen = [band for band in every if band.get("number") in expected]
    if len(chosen) != n_bands:
        raise SceneError(
            f"{name} speaks of {len(every)} bands, the image has {n_bands}: it belongs to another "
            "image, or the image was cut: remove it, or download the product again"
        )
    return chosen


def _empty_numbers(root: ElementTree.Element) -> set[str | None]:
    """Numbers of the bands of whose values the statistics found none."""
    return {
        band.get("number")
        for band in root.findall(_path(_STATISTICS))
        if _number(band, "mean", 0.0) <= _MEAN_OF_NOTHING
        and _number(band, "stdDeviation", 0.0) == 0
    }


def _number(element: ElementTree.Element, path: str, default: float | None = None) -> float:
    """A number below an element; ValueError if it is absent without a default."""
    text = element.findtext(_path(path))
    if text is None or not text.strip():
        if default is None:
            raise ValueError(f"{path} is absent")
        return default
    number = float(text)
    if not np.isfinite(number):
        raise ValueError(f"{path} is {text.strip()}")
    return number


def _path(path: str) -> str:
    """A path whose parts may be in any XML namespace, or none."""
    return "/".join(f"{{*}}{part}" for part in path.split("/"))
