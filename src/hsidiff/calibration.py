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
WORD_GROUPS = {"folds": 0.0, "near folds": 5.0, "score": 20.0}
"""How many held-out groups the classifier's own word weighs, by what held them out.

Of ``Calibrated`` by itself; of the folds by which a map is calibrated; of the labels that score it.
Chosen on seeds that are not reported: docs/decisions/0033-one-temperature.md, 0048-the-maps-own-
folds.md and 0046-few-groups-and-the-methods-own-word.md.
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


@dataclass(frozen=True)
class HeldOutProba:
    """What a classifier said of labelled pixels that it was not fitted to.

    Attributes:
        proba: (n, n_classes) float32, before any temperature.
        classes: (n,) int, the positions of their classes.
        groups: (n,) int, those of one number were held out together.
    """

    proba: np.ndarray
    classes: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        """How many pixels there are."""
        return len(self.classes)

    @property
    def is_right(self) -> np.ndarray:
        """(n,) bool, where the most probable class is the pixel's."""
        right: np.ndarray = self.proba.argmax(axis=1) == self.classes
        return right

    def part(self, chosen: np.ndarray) -> Self:
        """Those that are chosen, by positions or (n,) bool."""
        return type(self)(self.proba[chosen], self.classes[chosen], self.groups[chosen])

    def facts(self, temperature: float) -> dict[str, Any]:
        """How many there are, and how right and how sure the classifier was, as JSON values."""
        if len(self) == 0:
            return {"temperature": temperature, "n_held_out": 0}
        return {
            "temperature": temperature,
            "n_held_out": len(self),
            "held_out_accuracy": float(self.is_right.mean()),
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
        named = {"proba": self.proba, "classes": self.classes, "groups": self.groups}
        return {prefix + name: array for name, array in named.items()}

    @classmethod
    def from_arrays(cls, prefix: str, arrays: Mapping[str, np.ndarray]) -> Self:
        """What :meth:`arrays` described."""
        return cls(*(arrays[prefix + name] for name in ("proba", "classes", "groups")))


def fit_temperature(held_out: HeldOutProba, word_groups: float = 0.0) -> float:
    """The temperature with which the mean confidence is the share of pixels that are right.

    The share is (right + 1) / (n + 2), the rule of succession: a hundred pixels that are all right
    do not prove that every pixel is. It is drawn towards what the classifier itself believes, the
    more the fewer groups were held out.

    Args:
        held_out: at least one held-out pixel.
        word_groups: how many groups of equal size weigh as much as the classifier's own word; with
            0 it is not asked.
    """
    probabilities = held_out.proba
    share = (held_out.is_right.sum() + 1) / (len(held_out) + 2)
    n_groups = as_many_equal(np.unique(held_out.groups, return_counts=True)[1])
    word = float(probabilities.max(axis=1).mean())
    share = (n_groups * share + word_groups * word) / (n_groups + word_groups)

    def too_sure(log_temperature: float) -> float:
        return tempered(probabilities, np.exp(log_temperature)).max(axis=1).mean() - share

    low, high = np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)
    if too_sure(low) <= 0:
        return MIN_TEMPERATURE
    if too_sure(high) >= 0:
        return MAX_TEMPERATURE
    return float(np.exp(brentq(too_sure, low, high)))


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
