"""How often a map is right where it says how sure it is.

Source: Guo et al., ICML 2017, eq. 3 and 5: confidences in 15 bins of equal width, and the mean
distance, over the pixels, between the confidence of a bin and the share of it that is right.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from hsidiff.calibration import fit_temperature, tempered
from hsidiff.evaluation.held_out_labels import HeldOut

N_BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Counts in bins of equal width of the confidence, from 0 to 1; the upper end belongs to a bin.

    Attributes:
        n_pixels: (15,) int, how many pixels have a confidence in each bin.
        confidence: (15,) float64, the sum of their confidences.
        n_right: (15,) int, how many of them are right.
    """

    n_pixels: np.ndarray
    confidence: np.ndarray
    n_right: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, is_right: np.ndarray) -> Self:
        """Count pixels of confidences (n,), from 0 to 1, that are right or wrong, (n,) bool."""
        bins = np.clip(np.ceil(confidence * N_BINS).astype(int) - 1, 0, N_BINS - 1)
        return cls(
            np.bincount(bins, minlength=N_BINS),
            np.bincount(bins, confidence, N_BINS),
            np.bincount(bins[is_right], minlength=N_BINS),
        )

    @property
    def expected_calibration_error(self) -> float | None:
        """Mean distance between confidence and share that is right; None without a pixel."""
        total = int(self.n_pixels.sum())
        return float(np.abs(self.confidence - self.n_right).sum() / total) if total else None

    def to_json(self) -> dict[str, Any]:
        """The error and the bins that hold pixels, as JSON values."""
        used = self.n_pixels > 0
        return {
            "expected_calibration_error": self.expected_calibration_error,
            "n_pixels": self.n_pixels[used].tolist(),
            "mean_confidence": (self.confidence[used] / self.n_pixels[used]).tolist(),
            "share_right": (self.n_right[used] / self.n_pixels[used]).tolist(),
        }


def measure_reliability(held_out: HeldOut, units: np.ndarray) -> dict[str, Any] | None:
    """How right held-out predictions are where they say how sure they are.

    They are calibrated with a temperature that was fitted to predictions of other groups: the
    groups are dealt into two halves, and each is judged with the temperature of the other.

    Args:
        held_out: labels and what was predicted of them.
        units: (rows, cols) int, the group of each label: labels that are right or wrong together.

    Returns:
        Pixels, reliability before and after calibration as JSON values; None of fewer than two
        groups.
    """
    is_labelled = held_out.labels.values > 0
    known = held_out.probabilities.any(axis=1)
    said, of_pixel = held_out.probabilities[known], units[is_labelled][known]
    ids = np.array([land_class.id for land_class in held_out.labels.classes])
    classes = np.searchsorted(ids, held_out.labels.values[is_labelled][known])
    half = np.unique(of_pixel, return_inverse=True)[1] % 2
    if len(np.unique(half)) < 2:
        return None
    after = np.empty_like(said)
    for number in (0, 1):
        other = half != number
        temperature = fit_temperature(said[other], classes[other], of_pixel[other])
        after[half == number] = tempered(said[half == number], temperature)
    is_right = said.argmax(axis=1) == classes
    return {
        "n_pixels": len(said),
        "before": Reliability.of(said.max(axis=1).astype(np.float64), is_right).to_json(),
        "after": Reliability.of(after.max(axis=1).astype(np.float64), is_right).to_json(),
    }
