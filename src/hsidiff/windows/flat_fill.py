"""One number in all bands of many pixels, which most often means "no value" and is not declared."""

import warnings
from collections import Counter

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.scene import Scene

MIN_FLAT_PIXELS, MIN_FLAT_SHARE = 10, 0.001
"""So many flat spectra of one number, and such a share of the scene, are a gap and no field."""
MIN_BANDS = 3
"""Spectra of fewer bands may be flat by chance."""


class FlatFill:
    """Counts the numbers that pixels hold in all bands, batch by batch.

    Args:
        scene: the scene that the pixels are of.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._counts: Counter[float] = Counter()
        self._n_valid = 0

    def update(self, spectra: np.ndarray) -> None:
        """Take in valid pixels, (n, n_bands), as the scene gives them."""
        self._n_valid += len(spectra)
        self._counts.update(spectra[(spectra == spectra[:, :1]).all(axis=-1), 0].tolist())

    def warn(self, looked_at: str = "") -> None:
        """Say which number so many pixels hold that it seems to mean "no value".

        Args:
            looked_at: what to add to the count, where a part of the scene was looked at.

        Warns:
            HsidiffWarning: with the number as it is stored.
        """
        value, n_pixels = self._counts.most_common(1)[0] if self._counts else (0.0, 0)
        scene, enough = self._scene, max(MIN_FLAT_PIXELS, MIN_FLAT_SHARE * self._n_valid)
        if scene.n_bands < MIN_BANDS or n_pixels < enough:
            return
        stored = np.float32((value - np.ravel(scene.offset)[0]) / np.ravel(scene.scale)[0])
        number = str(int(stored) if stored == np.rint(stored) and abs(stored) < 1e6 else stored)
        warnings.warn(
            f"{scene.name}: {count(n_pixels)} pixels{looked_at} hold the number {number} in all "
            f"bands: if it means that there is no value, say so with nodata={number} "
            f"(--nodata {number})",
            HsidiffWarning,
            stacklevel=3,
        )
