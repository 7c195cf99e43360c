"""Numbers that usually mean "no value", in some bands of a pixel only, which no file declares."""

import warnings
from typing import Any

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.bands import band_list
from hsidiff.scenes.scene import Scene

USUAL_FILL = (-9999.0, -99999.0, -999.0, -32768.0, -32767.0)
"""Negative ones only: the largest of a type is as often a saturated value."""
_APART = 0.5
"""Sure is a number if no other value of its bands lies below this share of it."""


class PartialFill:
    """Counts pixels that hold a usual fill number in some bands, batch by batch.

    A number is told from a value by its distance: values of a sensor do not leave a gap as wide as
    half of it. A pixel that holds it in all bands is no matter of this class.

    Args:
        scene: the scene that the pixels are of.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        scale, offset = (
            np.broadcast_to(np.asarray(number, np.float32), scene.good_bands.shape)[
                scene.band_indices
            ]
            for number in (scene.scale, scene.offset)
        )
        can_be = [number for number in USUAL_FILL if _holds(scene.source.dtype, number)]
        if (scale <= 0).any():
            can_be = []
        # Computed as Scene.read does it, so that equal numbers are equal.
        self._levels = {number: np.float32(number) * scale + offset for number in can_be}
        self._limits = {number: np.float32(_APART * number) * scale + offset for number in can_be}
        self._n_pixels = dict.fromkeys(can_be, 0)
        self._in_band = {number: np.zeros(scene.n_bands, dtype=bool) for number in can_be}
        self._lowest = np.full(scene.n_bands, np.inf)

    def update(self, spectra: np.ndarray) -> None:
        """Take in valid pixels, (n, n_bands), as the scene gives them."""
        lowest = spectra.min(axis=0, initial=np.inf)
        found = [n for n, level in self._levels.items() if (lowest <= level).any()]
        if found:
            is_fill = np.zeros(spectra.shape, dtype=bool)
            for number in found:
                here = spectra == self._levels[number]
                partly = here.any(axis=1) & ~here.all(axis=1)
                self._n_pixels[number] += int(partly.sum())
                self._in_band[number] |= here[partly].any(axis=0)
                is_fill |= here
            lowest = np.where(is_fill, np.inf, spectra).min(axis=0, initial=np.inf)
        self._lowest = np.minimum(self._lowest, lowest)

    def warn(self, looked_at: str = "") -> None:
        """Say which number it is, in how many pixels and in which bands.

        Args:
            looked_at: what to add to the count, where a part of the scene was looked at.

        Warns:
            HsidiffWarning: for each such number.
        """
        for number, n_pixels in self._n_pixels.items():
            bands = self._in_band[number]
            if not n_pixels or (self._lowest[bands] <= self._limits[number][bands]).any():
                continue
            numbers = band_list(np.sort(self._scene.band_indices[bands]) + 1)
            text = str(int(number)) if abs(number) < 1e6 else str(np.float32(number))
            warnings.warn(
                f"{self._scene.name}: {count(n_pixels)} pixels{looked_at} hold the number {text} "
                f"in some bands only (band {numbers}), far below all values: they are read as if "
                f"it were a value: say that it is none with nodata={text} (--nodata {text}), or "
                f"leave out these bands (--drop-bands {numbers})",
                HsidiffWarning,
                stacklevel=3,
            )


def _holds(dtype: np.dtype[Any], number: float) -> bool:
    """Whether a type of stored numbers can hold a number."""
    if dtype.kind == "f":
        return True
    return dtype.kind == "i" and bool(np.iinfo(dtype).min <= number)
