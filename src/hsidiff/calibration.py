"""One temperature for all probabilities, sets of classes, and distances to what was learned.

Source of the temperature: Guo et al., ICML 2017, eq. 9; the most probable class stays the same.
Where we differ: they take the temperature of the lowest log loss. Ours is the one with which
held-out pixels are right as often as the largest probability says on average (calibration in the
large). On the seeds that this was chosen on the lowest log loss left an error of 0.13 where ours
left 0.09 (docs/decisions/0033-one-temperature.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import Any, Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.covariance import ledoit_wolf

from hsidiff.labels.ground import as_many_equal

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
WORD_GROUPS = 20.0
"""How many held-out groups the classifier's own word weighs; chosen on seeds that are not reported.

Source: docs/decisions/0046-few-groups-and-the-methods-own-word.md.
"""
LEAST_PROBABILITY = 1e-6
"""What a temperature makes of a probability of 0: some classifiers give nothing but 0 and 1."""


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities ``softmax(log(p) / temperature)`` along the last axis.

    Args:
        probabilities: (..., n_classes), summing to 1; pixels that are 0 in all classes stay so.
        temperature: above 1 makes them less sure, below 1 surer.

    Returns:
        (..., n_classes) of the same type.
    """
    logits = np.log(np.maximum(probabilities, LEAST_PROBABILITY, dtype=np.float64)) / temperature
    known = probabilities.any(axis=-1, keepdims=True)
    return np.where(known, softmax(logits, axis=-1), 0).astype(probabilities.dtype)


def fit_temperature(
    probabilities: np.ndarray, classes: np.ndarray, groups: np.ndarray | None = None
) -> float:
    """The temperature with which the mean confidence is the share of pixels that are right.

    The share is (right + 1) / (n + 2), the rule of succession: a hundred pixels that are all right
    do not prove that every pixel is. With ``groups`` it is drawn towards what the classifier itself
    believes, the more the fewer groups there are: :data:`WORD_GROUPS` of them weigh as much as its
    word.

    Args:
        probabilities: (n, n_classes) of held-out pixels, n at least 1.
        classes: (n,) int, the positions of their classes.
        groups: (n,) int, pixels of one number are right or wrong together; None does not ask.
    """
    share = (np.sum(probabilities.argmax(axis=1) == classes) + 1) / (len(classes) + 2)
    if groups is not None:
        n_groups = as_many_equal(np.unique(groups, return_counts=True)[1])
        word = float(probabilities.max(axis=1).mean())
        share = (n_groups * share + WORD_GROUPS * word) / (n_groups + WORD_GROUPS)

    def too_sure(log_temperature: float) -> float:
        return tempered(probabilities, np.exp(log_temperature)).max(axis=1).mean() - share

    low, high = np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)
    if too_sure(low) <= 0:
        return MIN_TEMPERATURE
    if too_sure(high) >= 0:
        return MAX_TEMPERATURE
    return float(np.exp(brentq(too_sure, low, high)))


@dataclass(frozen=True)
class HeldOutProba:
    """What a classifier said of labelled pixels that it was not fitted to.

    Attributes:
        proba: (n, n_classes) float32, before any temperature.
        classes: (n,) int, the positions of their classes.
    """

    proba: np.ndarray
    classes: np.ndarray

    def __len__(self) -> int:
        """How many pixels there are."""
        return len(self.classes)

    def facts(self, temperature: float) -> dict[str, Any]:
        """How many there are, and how right and how sure the classifier was, as JSON values."""
        if len(self) == 0:
            return {"temperature": temperature, "n_held_out": 0}
        return {
            "temperature": temperature,
            "n_held_out": len(self),
            "held_out_accuracy": float((self.proba.argmax(axis=1) == self.classes).mean()),
            "held_out_confidence_before": float(self.proba.max(axis=1).mean()),
            "held_out_confidence": float(tempered(self.proba, temperature).max(axis=1).mean()),
        }

    def least_probability(self, coverage: float, temperature: float) -> float:
        """From which probability a class is of a set, so that sets hold the true one so often.

        The floor((n + 1) (1 - coverage))-th smallest probability that was given to the true class
        of a held-out pixel; 0, so that every class is of the set, where n is too small for such a
        coverage. Source: the LAC sets of Sadinle, Lei and Wasserman, JASA 114 (2019), conformal
        with held-out folds (Vovk, Annals of Mathematics and AI 74, 2015).
        """
        # The small term keeps 30 (1 - 0.9) = 2.999... at 3.
        rank = floor((len(self) + 1) * (1 - coverage) + 1e-9)
        if rank < 1:
            return 0.0
        truth = tempered(self.proba, temperature)[np.arange(len(self)), self.classes]
        return float(np.sort(truth)[rank - 1])

    def arrays(self, prefix: str) -> dict[str, np.ndarray]:
        """Names with ``prefix`` to arrays, to be stored; :meth:`from_arrays` reads them."""
        return {prefix + "proba": self.proba, prefix + "classes": self.classes}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, np.ndarray]) -> Self:
        """What :meth:`arrays` described."""
        return cls(arrays[prefix + "proba"], arrays[prefix + "classes"])


@dataclass(frozen=True)
class Familiar:
    """Mahalanobis distance of a spectrum to the nearest mean of the learned classes.

    The classes share one covariance, shrunk by Ledoit and Wolf's amount: there are fewer labels
    than bands. Source: Lee et al., NeurIPS 2018, eq. 2, of spectra in place of a network's
    features.

    Attributes:
        whitening: (n_bands, n_bands) float64, to directions of unit spread within a class.
        means: (n_classes, n_bands) float64, the classes' means after it.
    """

    whitening: np.ndarray
    means: np.ndarray

    @classmethod
    def fit(cls, spectra: np.ndarray, classes: np.ndarray) -> Self:
        """Learn from spectra (n, n_bands) of classes (n,)."""
        spectra = spectra.astype(np.float64)
        position = np.unique(classes, return_inverse=True)[1]
        means = np.stack([spectra[position == k].mean(axis=0) for k in range(position.max() + 1)])
        residuals = spectra - means[position]
        scale = residuals.std(axis=0)
        scale = np.where(scale > 0, scale, 1)
        covariance, _ = ledoit_wolf(residuals / scale, assume_centered=True)
        # A class of one pixel, or equal ones, leaves directions without any spread.
        variances, vectors = np.linalg.eigh(covariance)
        least = max(variances.max() * 1e-10, np.finfo(float).tiny)
        whitening = vectors / np.sqrt(np.maximum(variances, least)) / scale[:, None]
        return cls(whitening, means @ whitening)

    def distances(self, spectra: np.ndarray) -> np.ndarray:
        """Distances (...,) float64 of spectra (..., n_bands), all valid."""
        seen = spectra.astype(np.float64) @ self.whitening
        nearest = np.full(seen.shape[:-1], np.inf)
        for mean in self.means:  # one class at a time: a tile times all classes fills memory
            nearest = np.minimum(nearest, ((seen - mean) ** 2).sum(axis=-1))
        return np.sqrt(nearest)
