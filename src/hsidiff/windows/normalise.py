"""From stored spectra to the values that a network sees, and back."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hsidiff.windows.statistics import StreamingMoments


@dataclass(frozen=True)
class SpectralTransform:
    """An affine map of spectra, ``(x - shift) @ matrix.T``, learned from the scene's moments.

    Attributes:
        shift: (n_bands,) float32.
        matrix: (n_outputs, n_bands) float32.
    """

    shift: np.ndarray
    matrix: np.ndarray

    @classmethod
    def to_range(cls, moments: StreamingMoments) -> "SpectralTransform":
        """Scale each band to -1..1 between its minimum and maximum."""
        half_range = (moments.max_ - moments.min_) / 2
        shift = (moments.max_ + moments.min_) / 2
        return cls(shift.astype(np.float32), np.diag(1 / half_range).astype(np.float32))

    @classmethod
    def whitened(cls, moments: StreamingMoments, n_outputs: int) -> "SpectralTransform":
        """Average neighbouring bands to at most ``n_outputs``, then whiten (ZCA).

        ZCA is the whitening that stays closest to its input (Kessy, Lewin and Strimmer 2018), so
        the outputs keep the order of the wavelengths, which a spectral convolution needs.
        """
        groups = np.array_split(np.arange(len(moments.mean_)), min(n_outputs, len(moments.mean_)))
        averaging = np.zeros((len(groups), len(moments.mean_)))
        for row, group in zip(averaging, groups, strict=True):
            row[group] = 1 / len(group)
        variances, vectors = np.linalg.eigh(averaging @ moments.covariance_ @ averaging.T)
        # Directions that hold nothing but rounding must not be blown up to unit variance.
        scale = 1 / np.sqrt(np.maximum(variances, 1e-8 * variances.max()))
        matrix = vectors @ np.diag(scale) @ vectors.T @ averaging
        return cls(moments.mean_.astype(np.float32), matrix.astype(np.float32))

    @property
    def n_outputs(self) -> int:
        """How many values a transformed spectrum has."""
        return len(self.matrix)

    def apply(self, spectra: np.ndarray) -> np.ndarray:
        """Transform (..., n_bands) to (..., n_outputs) float32; NaN stays NaN.

        A product in float32 differs in its last bits with the number of pixels, and bfloat16 may
        make much of that. Rounded from float64 a pixel gets the same values in every tile.
        """
        product = (spectra - self.shift).astype(np.float64) @ self.matrix.T.astype(np.float64)
        return product.astype(np.float32)

    def invert(self, values: np.ndarray) -> np.ndarray:
        """The spectra (..., n_bands) that are transformed to ``values`` (..., n_outputs).

        With fewer outputs than bands this is the smallest such spectrum around the mean.
        """
        return values @ np.linalg.pinv(self.matrix).T + self.shift

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """Names with ``prefix`` to arrays, to be stored; :meth:`from_arrays` reads them."""
        return {prefix + "shift": self.shift, prefix + "matrix": self.matrix}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, np.ndarray]) -> "SpectralTransform":
        """The transform that :meth:`arrays` described."""
        return cls(arrays[prefix + "shift"], arrays[prefix + "matrix"])
