"""Estimates from a stratified random sample, whatever its strata are.

Notation of Stehman (2014), International Journal of Remote Sensing 35, 4923-4939: stratum h holds
N_h pixels, of which n_h were drawn; y_u and x_u are 0 or 1 at pixel u. W_h is the share of stratum
h in the whole, N_h / N, or its share of the area where pixels differ in size. Where the strata are
the classes of the map, these are the estimators of Olofsson et al. (2014), Remote Sensing of
Environment 148, 42-57, equations 1 to 11, with the finite population correction that these leave
out.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from hsidiff.assessment.intervals import JEFFREYS, NEUTRAL, Estimate, limits

_UNKNOWN_VARIANCE = 0.25
"""Variance of one sample alone in its stratum: the largest that a yes or no can have."""


@dataclass(frozen=True)
class Design:
    """The strata of a sample.

    Attributes:
        n_pixels: (strata,) N_h.
        n_samples: (strata,) n_h, from 1 to N_h.
        weights: (strata,) W_h, which add up to 1.
    """

    n_pixels: np.ndarray
    n_samples: np.ndarray
    weights: np.ndarray

    @property
    def unsampled(self) -> np.ndarray:
        """(strata,) the finite population correction, 1 - n_h / N_h."""
        return 1 - self.n_samples / self.n_pixels

    def of(self, strata: np.ndarray) -> "Design":
        """The same of some strata alone, (strata,) bool."""
        return Design(self.n_pixels[strata], self.n_samples[strata], self.weights[strata])

    def reach(self, hits: np.ndarray, prior: float) -> tuple[np.ndarray, np.ndarray]:
        """Distances (strata,) of the limits from the strata's shares, down and up.

        They shrink with the finite population correction, to that of N_h + 1 pixels: a stratum that
        was drawn as a whole keeps a little width, since its reference classes are not free of
        error.
        """
        shares = hits / self.n_samples
        low, high = limits(hits, self.n_samples, prior)
        shrink = np.sqrt(1 - self.n_samples / (self.n_pixels + 1))
        return shrink * np.maximum(shares - low, 0), shrink * np.maximum(high - shares, 0)


def estimate_share(hits: np.ndarray, design: Design) -> Estimate:
    """The share of the area where y_u = 1: overall accuracy, an area, a cell of the error matrix.

    Estimate: Stehman (2014), equation 3, sum of W_h * mean of y in stratum h; Olofsson et al.
    (2014), equations 1, 4, 9. Standard error: Stehman (2014), equation 25, the root of the sum of
    W_h^2 (1 - n_h / N_h) s_h^2 / n_h; Olofsson et al. (2014), equations 5, 10. Interval: MOVER from
    the neutral limits of the strata; those of Jeffreys if there is one stratum.

    Args:
        hits: (strata,) samples with y_u = 1.
        design: the strata.
    """
    share = float(design.weights @ (hits / design.n_samples))
    error = float(np.sqrt(_variance(hits, np.zeros_like(hits), 0.0, design)))
    prior = NEUTRAL if len(hits) > 1 else JEFFREYS
    distances = design.reach(hits, prior)
    down, up = (float(np.sqrt(((design.weights * d) ** 2).sum())) for d in distances)
    return Estimate(share, error, max(share - down, 0.0), min(share + up, 1.0))


def estimate_ratio(right: np.ndarray, wrong: np.ndarray, design: Design) -> Estimate | None:
    """The share of right among the pixels of a class: user's or producer's accuracy.

    Estimate: Stehman (2014), equation 27, sum of W_h * mean of y, over the same of x, where
    y_u = 1 if u is right and x_u = 1 if u is of the class. Standard error: Stehman (2014), equation
    28. Interval: the ratios R for which the MOVER interval of the sum of y - R x holds 0 (as
    Fieller's), from the limits of Jeffreys, with the correlation of right and wrong in a stratum.

    Args:
        right: (strata,) samples of the class that are right.
        wrong: (strata,) samples of the class that are wrong.
        design: the strata; only those that can hold pixels of the class.

    Returns:
        None if no sample is of the class.
    """
    if (right + wrong).sum() == 0:
        return None
    weights, n = design.weights, design.n_samples
    y, others = float(weights @ (right / n)), float(weights @ (wrong / n))
    x = y + others
    ratio = y / x
    error = float(np.sqrt(_variance(right, wrong, ratio, design))) / x
    down_right, up_right = design.reach(right, JEFFREYS)
    down_wrong, up_wrong = design.reach(wrong, JEFFREYS)
    correlation = _correlation(right, wrong, n)

    def reach(at: float, of_right: np.ndarray, of_wrong: np.ndarray) -> float:
        """How far the sum of y - R x lies from its true value, at most, for the ratio ``at``."""
        one, other = (1 - at) * of_right, at * of_wrong
        squares = one**2 + other**2 + 2 * correlation * one * other
        return float(np.sqrt((weights**2 * squares).sum()))

    low = _root(lambda at: y - at * x - reach(at, down_right, up_wrong), 0.0, ratio)
    high = _root(lambda at: y - at * x + reach(at, up_right, down_wrong), ratio, 1.0)
    return Estimate(ratio, error, low, high)


def _variance(right: np.ndarray, wrong: np.ndarray, ratio: float, design: Design) -> float:
    """Variance of the estimated sum of y - R x, which is 1 - R if right, -R if wrong, or else 0."""
    n = design.n_samples
    mean = ((1 - ratio) * right - ratio * wrong) / n
    mean_square = ((1 - ratio) ** 2 * right + ratio**2 * wrong) / n
    variance = np.where(
        n > 1, n / np.maximum(n - 1, 1) * (mean_square - mean**2), _UNKNOWN_VARIANCE
    )
    terms = design.weights**2 * design.unsampled * np.maximum(variance, 0) / n
    return float(terms.sum())


def _correlation(right: np.ndarray, wrong: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Between the errors of the two shares, with its sign changed: what one gains the other loses.

    That of a multinomial, from counts with half a sample added, since a share of 0 tells nothing.
    1 where the stratum has samples of the class only.
    """
    p, q = ((count + 0.5) / (n + 1) for count in (right, wrong))
    correlation = np.sqrt(p * q / ((1 - p) * (1 - q)))
    return np.where(right + wrong == n, 1.0, np.minimum(correlation, 1.0))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0; the end at which it is 0 already, but for rounding."""
    if low == high or function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    return float(brentq(function, low, high))
