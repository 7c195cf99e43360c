"""How often a map is right where it says how sure it is.

Source: Guo et al., ICML 2017, eq. 3 and 5: confidences in 15 bins of equal width, and the mean
distance, over the pixels, between the confidence of a bin and the share of it that is right.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from hsidiff.calibration import WORD_GROUPS, HeldOutProba, fit_temperature, tempered

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


def measure_reliability(held_out: HeldOutProba, source: str) -> dict[str, Any] | None:
    """How right held-out predictions are where they say how sure they are.

    They are calibrated with a temperature that was fitted to predictions of other groups: the
    groups are dealt into two halves, and each is judged with the temperature of the other.

    Args:
        held_out: labels and what was predicted of them.
        source: what held them out, a key of :data:`hsidiff.calibration.WORD_GROUPS`.

    Returns:
        The source, pixels, reliability before and after calibration as JSON values; None of fewer
        than two groups.
    """
    half = np.unique(held_out.groups, return_inverse=True)[1] % 2
    if len(np.unique(half)) < 2:
        return None
    said, is_right = held_out.proba, held_out.is_right
    after = np.empty_like(said)
    for number in (0, 1):
        temperature = fit_temperature(held_out.part(half != number), WORD_GROUPS[source])
        after[half == number] = tempered(said[half == number], temperature)
    return {
        "source": source,
        "n_pixels": len(said),
        "before": Reliability.of(said.max(axis=1).astype(np.float64), is_right).to_json(),
        "after": Reliability.of(after.max(axis=1).astype(np.float64), is_right).to_json(),
    }
