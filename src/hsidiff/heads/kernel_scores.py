"""Class scores by a Gaussian kernel: a support vector machine with least squares.

Source: J. A. K. Suykens, J. Vandewalle, "Least Squares Support Vector Machine Classifiers", Neural
Processing Letters 9 (1999), one class against the rest. Each sample is a support vector, so a fit
is one Cholesky factorisation, all classes share it, and scores are products of matrices. On Indian
Pines it maps no worse than a machine with the hinge loss (docs/decisions/0027 has the figures), in
a third to a half of its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

SETTINGS = ((0.25, 0.1), (1.0, 0.1), (1.0, 0.01), (4.0, 0.1))
"""Widths and ridges. A width is a factor on the inverse of the median squared distance between
samples (the median heuristic); a ridge is what is added to the kernel's diagonal."""
UNSEEN_SCORE = -6.0
"""Score of a class that no sample is of; others are around 0 and 1."""
MAX_SAMPLES = 2000
"""More are thinned out: time grows with their cube, and that of a map with their number."""
CHUNK = 4096
"""Pixels whose kernel is computed at once: 4096 x 2000 numbers are 66 MB."""


@dataclass(frozen=True)
class KernelScores:
    """``exp(-width * |value - support|^2) @ weights + biases``.

    Attributes:
        supports: (n, n_values) float64: differences of large sums would lose their digits.
        weights: (n, n_classes) float64.
        biases: (n_classes,) float64.
        width: of the kernel.
    """

    supports: np.ndarray
    weights: np.ndarray
    biases: np.ndarray
    width: float

    def of(self, values: np.ndarray) -> np.ndarray:
        """Scores (n, n_classes) float64 of values (n, n_values) float64."""
        chunks = [
            gaussian(squared_distances(values[i : i + CHUNK], self.supports), self.width)
            @ self.weights
            for i in range(0, len(values), CHUNK)
        ]
        return np.concatenate([self.biases[None][:0], *chunks]) + self.biases

    def times(self, factor: float) -> Self:
        """The same, all scores multiplied."""
        return replace(self, weights=factor * self.weights, biases=factor * self.biases)

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """To be stored."""
        return {
            f"{prefix}supports": self.supports,
            f"{prefix}weights": self.weights,
            f"{prefix}biases": self.biases,
            f"{prefix}width": np.array([self.width]),
        }

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, np.ndarray]) -> Self:
        """What :meth:`arrays` gave."""
        return cls(
            arrays[f"{prefix}supports"],
            arrays[f"{prefix}weights"],
            arrays[f"{prefix}biases"],
            float(arrays[f"{prefix}width"][0]),
        )


def fit_kernel_scores(
    values: np.ndarray,
    classes: np.ndarray,
    n_classes: int,
    settings: Sequence[tuple[float, float]] = SETTINGS,
) -> list[KernelScores]:
    """Fit machines of several settings to the same samples; distances are computed once.

    Args:
        values: (n, n_values), standardised.
        classes: (n,) int, positions 0..n_classes - 1.
        n_classes: how many there are; some may have no sample.
        settings: widths and ridges, see :data:`SETTINGS`.

    Returns:
        One for each of the settings.
    """
    kept = thinned(classes, MAX_SAMPLES)
    values, targets = values[kept].astype(np.float64), np.eye(n_classes)[classes[kept]]
    distances = squared_distances(values, values)
    unit = 1 / (float(np.median(distances)) or 1.0)
    biases = targets.mean(axis=0)
    fitted = []
    for width, ridge in settings:
        kernel = gaussian(distances, width * unit)
        kernel[np.diag_indices_from(kernel)] += ridge
        weights = cho_solve(cho_factor(kernel, check_finite=False), targets - biases)
        known = np.where(targets.any(axis=0), biases, UNSEEN_SCORE)
        fitted.append(KernelScores(values, weights, known, width * unit))
    return fitted


def thinned(classes: np.ndarray, n_kept: int) -> np.ndarray:
    """Positions of about ``n_kept`` samples, evenly of each class; one of each at least."""
    if len(classes) <= n_kept:
        return np.arange(len(classes))
    order = np.argsort(classes, kind="stable")
    counts = np.bincount(classes)
    ranks = np.empty(len(classes), dtype=np.int64)
    ranks[order] = np.arange(len(classes)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = n_kept / len(classes)
    kept = np.floor(ranks * share) < np.floor((ranks + 1) * share)
    return np.flatnonzero(kept | (ranks == 0))


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Between all rows of two arrays, (n, m)."""
    distances = first @ second.T
    distances *= -2
    distances += np.einsum("ij,ij->i", first, first)[:, None]
    distances += np.einsum("ij,ij->i", second, second)
    return np.maximum(distances, 0, out=distances)


def gaussian(distances: np.ndarray, width: float) -> np.ndarray:
    """The kernel at squared distances."""
    kernel: np.ndarray = np.exp(-width * distances)
    return kernel
