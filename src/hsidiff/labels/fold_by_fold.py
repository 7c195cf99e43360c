"""Predictions of labelled pixels, fold by fold, by what was fitted to the other labels."""

from collections.abc import Callable

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]
"""From positions (m,) of labelled pixels to probabilities (m, n_known) of the known classes."""
Fit = Callable[[np.ndarray], tuple[np.ndarray, Predict]]
"""From the labelled pixels (n,) bool that may be learned from to the positions (n_known,) of the
classes that are known then, and what predicts."""


def predict_fold_by_fold(fold: np.ndarray, n_classes: int, fit: Fit) -> np.ndarray:
    """Probabilities of labelled pixels that were held out.

    Args:
        fold: (n,) int, which fold each labelled pixel is held out with; -1 where it never is.
        n_classes: how many classes there are.
        fit: fits something to the pixels of the other folds.

    Returns:
        (n, n_classes) float64; 0 for a class that had no other label, NaN where a pixel was not
        held out.
    """
    probabilities = np.full((len(fold), n_classes), np.nan)
    for number in np.unique(fold[fold >= 0]):
        known, predict = fit(fold != number)
        outside = np.flatnonzero(fold == number)
        probabilities[outside] = 0
        probabilities[np.ix_(outside, known)] = predict(outside)
    return probabilities
