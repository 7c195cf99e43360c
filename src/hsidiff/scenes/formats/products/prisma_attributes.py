"""What the attributes of a PRISMA L2D file say: the bands of each detector, and the corners."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from affine import Affine

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.products.hdf5 import attribute, numbers

SWATHS = "HDFEOS/SWATHS"
FIELDS = f"{SWATHS}/PRS_L2D_HCO/Data Fields"
DETECTORS = ("Vnir", "Swir")
LARGEST_NUMBER = 65535
_GSD_M = 30.0


@dataclass(frozen=True)
class Detector:
    """One detector's attributes.

    Attributes:
        slots: (n,) positions of its used bands in its cube.
        wavelengths_nm: (n,) their centres.
        fwhm_nm: (n,) their widths, NaN where unknown.
        low: reflectance of the number 0.
        high: reflectance of the number 65535.
    """

    slots: np.ndarray
    wavelengths_nm: np.ndarray
    fwhm_nm: np.ndarray
    low: float
    high: float

    @classmethod
    def read(cls, path: Path, file: h5py.File, name: str) -> "Detector":
        """The detector of that name.

        Raises:
            SceneError: if wavelengths or the scale are absent.
        """
        n_slots = file[f"{FIELDS}/{name.upper()}_Cube"].shape[1]
        centres = _listed(path, file, f"List_Cw_{name}", n_slots)
        used = np.isfinite(centres) & (centres > 0)
        flags = numbers(attribute(file, f"List_Cw_{name}_Flags"))
        if flags is not None and flags.size == n_slots:
            used &= flags != 0
        widths = numbers(attribute(file, f"List_Fwhm_{name}"))
        if widths is None or widths.size != n_slots:
            widths = np.full(n_slots, np.nan)
        slots = np.flatnonzero(used)
        low, high = (_number(path, file, f"L2Scale{name}{end}") for end in ("Min", "Max"))
        return cls(slots, centres[slots], widths[slots], low, high)


@dataclass(frozen=True)
class MergedBands:
    """The bands of both detectors by increasing wavelength.

    Where the two overlap, those of the second are kept: the first loses its sensitivity there.

    Attributes:
        detectors: (bands,) 0 or 1, the detector of each band.
        slots: (bands,) its position in the cube of the detector.
        wavelengths_nm: (bands,) its centre.
        fwhm_nm: (bands,) its width, NaN where unknown.
        scale: (bands,) what its numbers are multiplied by.
        offset: (bands,) what is added then.
        n_left_out: bands of the first detector that are left out.
    """

    detectors: np.ndarray
    slots: np.ndarray
    wavelengths_nm: np.ndarray
    fwhm_nm: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    n_left_out: int

    @classmethod
    def of(cls, vnir: Detector, swir: Detector) -> "MergedBands":
        """Merge the bands of two detectors."""
        kept = vnir.wavelengths_nm < swir.wavelengths_nm.min(initial=np.inf)
        wavelengths = np.append(vnir.wavelengths_nm[kept], swir.wavelengths_nm)
        order = np.argsort(wavelengths, kind="stable")
        detectors = np.repeat((0, 1), (int(kept.sum()), swir.slots.size))[order]
        low, high = (np.array([getattr(d, end) for d in (vnir, swir)]) for end in ("low", "high"))
        return cls(
            detectors=detectors,
            slots=np.append(vnir.slots[kept], swir.slots)[order],
            wavelengths_nm=wavelengths[order],
            fwhm_nm=np.append(vnir.fwhm_nm[kept], swir.fwhm_nm)[order],
            scale=((high - low) / LARGEST_NUMBER)[detectors],
            offset=low[detectors],
            n_left_out=int((~kept).sum()),
        )


def _listed(path: Path, file: h5py.File, name: str, n_slots: int) -> np.ndarray:
    values = numbers(attribute(file, name))
    if values is None or values.size != n_slots:
        held = "no" if values is None else str(values.size)
        raise SceneError(
            f"{path}: the attribute {name} holds {held} numbers for {n_slots} bands: download the "
            "file again"
        )
    return values


def _number(path: Path, file: h5py.File, name: str) -> float:
    value = numbers(attribute(file, name))
    if value is None or value.size != 1 or not np.isfinite(value[0]):
        raise SceneError(
            f"{path}: the attribute {name} is absent, without which its numbers have no scale: "
            "download the file again"
        )
    return float(value[0])


def transform_of_corners(file: h5py.File, shape: tuple[int, int]) -> Affine | None:
    """The transform from the corners, or None if they are absent.

    They are taken for the centres of the corner pixels, as SNAP and the EnMAP-Box do, unless only
    the outer corners give pixels of 30 m.
    Source: https://github.com/EnMAP-Box/enmap-box/issues/1072
    """
    names = ("ULcorner_easting", "URcorner_easting", "ULcorner_northing", "LLcorner_northing")
    given = [numbers(attribute(file, f"Product_{name}")) for name in names]
    left, right, top, bottom = (np.nan if n is None or n.size != 1 else float(n[0]) for n in given)
    if not (right > left and top > bottom):  # nor if one is unknown
        return None
    rows, cols = shape
    extent = np.array([right - left, top - bottom])
    from_centres, from_edges = extent / np.maximum([cols - 1, rows - 1], 1), extent / [cols, rows]
    # A northing is stored as float32, in steps of half a metre.
    tolerance = 1.0 / np.array([cols, rows])
    fits_centres, fits_edges = (
        np.abs(size - _GSD_M) <= tolerance for size in (from_centres, from_edges)
    )
    if fits_edges.all() and not fits_centres.any():
        return Affine(_GSD_M, 0.0, left, 0.0, -_GSD_M, top)
    width, height = np.where(fits_centres, _GSD_M, from_centres).tolist()
    return Affine(width, 0.0, left - width / 2, 0.0, -height, top + height / 2)
