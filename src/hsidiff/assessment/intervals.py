"""Estimates with intervals that are never of width zero.

The usual interval, the estimate plus and minus 1.96 standard errors, has no width where every
sample of a stratum is right, and covers the truth in 26 to 95 % of samples where a class is rare
or a map is good (docs/accuracy-and-areas.md). What is used here:

* :func:`wilson` for a share of a simple sample;
* :func:`limits` for a share of one stratum, and from the strata the method of variance estimates
  recovery (MOVER): the distances of the strata's limits from their shares add up like standard
  errors, downwards and upwards on their own.

Source of MOVER for a weighted sum of shares: Zou, Huang, Zhang (2009), Computational Statistics and
Data Analysis 53, 1080-1085. They take Wilson's limits, which cover too much here. What is taken
instead was chosen by simulation (decision 0031): neutral limits where several strata add up, those
of Jeffreys for one stratum alone and for ratios.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from hsidiff.amounts import CONFIDENCE

JEFFREYS, NEUTRAL = 1 / 2, 1 / 3
"""Priors of :func:`limits`."""
_TAIL = (1 - CONFIDENCE) / 2
Z = float(stats.norm.ppf(1 - _TAIL))


@dataclass(frozen=True)
class Estimate:
    """A number that a sample estimates.

    Attributes:
        value: the estimate.
        standard_error: by the published formula; 0 where all samples of each stratum agree, which
            is why the interval is not made of it.
        low: lower end of the 95 % interval.
        high: upper end, above ``low``.
    """

    value: float
    standard_error: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """The same in another unit: a share of an area times the area."""
        return Estimate(*(factor * number for number in asdict(self).values()))

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)


def wilson(n_hits: int, n: int) -> Estimate:
    """A share of a simple sample with Wilson's interval.

    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.

    Args:
        n_hits: how many of the sample.
        n: size of the sample, at least 1.
    """
    share = n_hits / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * float(np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)))
    # At 0 and 1 the interval begins at the share, but for rounding.
    low, high = max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0)
    return Estimate(share, float(np.sqrt(share * (1 - share) / n)), low, high)


def limits(n_hits: np.ndarray, n: np.ndarray, prior: float) -> tuple[np.ndarray, np.ndarray]:
    """Both ends of intervals of shares: 0 where there is no hit, 1 where all are.

    Quantiles of the share's posterior under the prior Beta(a, a). Jeffreys' has a = 1/2 (Brown,
    Cai, DasGupta, 2001, Statistical Science 16, 101-133); the neutral one, whose middle is the
    estimate itself, a = 1/3 (Kerman, 2011, Electronic Journal of Statistics 5, 1450-1470).

    Args:
        n_hits: (strata,) hits.
        n: (strata,) sizes of the samples, at least 1.
        prior: a.
    """
    shapes = (n_hits + prior, n - n_hits + prior)
    low, high = stats.beta.ppf(_TAIL, *shapes), stats.beta.ppf(1 - _TAIL, *shapes)
    return np.where(n_hits == 0, 0.0, low), np.where(n_hits == n, 1.0, high)
