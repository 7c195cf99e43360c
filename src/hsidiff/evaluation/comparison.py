"""How sure a difference is: spread over seeds, paired tests on test pixels, spatial bootstrap.

Neighbouring test pixels are mostly right or wrong together, so a test that takes pixels for
independent (McNemar's) finds differences where there are none. The bootstrap here draws whole
units of the ground instead: fields, or square blocks where few fields hold most of the pixels.

Sources: McNemar (1947), Psychometrika 12, 153-157; Dietterich (1998), Neural Computation 10,
1895-1923 (McNemar's test for classifiers); Efron and Tibshirani (1993), An Introduction to the
Bootstrap, chapters 8 and 13; Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hsidiff.amounts import CONFIDENCE
from hsidiff.errors import SettingError
from hsidiff.evaluation.group_intervals import t_quantile
from hsidiff.labels.ground import as_many_equal, blocks_on, fields_of
from hsidiff.labels.label_map import LabelMap

BLOCK_PX = 16
FEWEST_FIELDS = 20
_FEWEST_FOR_CHI_SQUARE = 25
_N_RESAMPLES = 5000


@dataclass(frozen=True)
class Spread:
    """A quantity over seeds.

    Attributes:
        n: number of seeds that have it.
        mean: their mean.
        deviation: their standard deviation (n - 1 in the denominator); None for one seed.
        low: lower end of the 95 % interval of the mean; None for one seed.
        high: its upper end.
    """

    n: int
    mean: float
    deviation: float | None
    low: float | None
    high: float | None


def spread(values: Iterable[float | None]) -> Spread | None:
    """Mean, standard deviation and 95 % t interval of the mean; None if there is no value.

    The interval covers what changes from seed to seed: the draw of training pixels and the first
    weights of the method. It takes the seeds for independent, but splits of one scene share most
    of their pixels, so it is too narrow, and it says nothing about another scene. It is not cut at
    0 or 1.

    Args:
        values: one per seed; None where it is not defined is left out and not counted.
    """
    numbers = np.array([value for value in values if value is not None], dtype=np.float64)
    if numbers.size == 0:
        return None
    mean = float(numbers.mean())
    if numbers.size == 1:
        return Spread(1, mean, None, None, None)
    deviation = float(numbers.std(ddof=1))
    half = float(t_quantile(numbers.size - 1) * deviation / np.sqrt(numbers.size))
    return Spread(numbers.size, mean, deviation, mean - half, mean + half)


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two maps on the same test pixels.

    Attributes:
        n_only_first: test pixels that only the first map has right.
        n_only_second: test pixels that only the second map has right.
        p_value: of "both are equally often right", two-sided, if pixels were independent.
    """

    n_only_first: int
    n_only_second: int
    p_value: float


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """McNemar's test: exact below 25 pixels where the maps differ, else chi-square, corrected.

    It takes test pixels for independent. Pixels of one field are not, so its p value is too small;
    see :func:`paired_bootstrap`.

    Args:
        first_right: (n_test,) bool, where the first map is right.
        second_right: (n_test,) bool, where the second one is.
    """
    n_first = int(np.count_nonzero(first_right & ~second_right))
    n_second = int(np.count_nonzero(second_right & ~first_right))
    n_differ = n_first + n_second
    if n_differ == 0:
        return McNemar(0, 0, 1.0)
    if n_differ < _FEWEST_FOR_CHI_SQUARE:
        p_value = stats.binomtest(n_first, n_differ, 0.5).pvalue
    else:
        # Edwards' continuity correction; it never turns equal counts into a difference.
        statistic = max(abs(n_first - n_second) - 1, 0) ** 2 / n_differ
        p_value = stats.chi2.sf(statistic, df=1)
    return McNemar(n_first, n_second, float(p_value))


@dataclass(frozen=True)
class PairedDifference:
    """The difference of two overall accuracies on the same test pixels.

    Attributes:
        difference: overall accuracy of the first minus that of the second.
        low: lower end of its 95 % interval; None where there are fewer than two units.
        high: its upper end.
        p_value: of "no difference", two-sided; None where there are fewer than two units.
        n_units: number of spatial units that were drawn from.
    """

    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    n_units: int


def paired_bootstrap(
    first_right: np.ndarray,
    second_right: np.ndarray,
    units: np.ndarray,
    *,
    n_resamples: int = _N_RESAMPLES,
    random_state: int = 0,
) -> PairedDifference:
    """Compare two maps by drawing spatial units with replacement, each with all its pixels.

    For several seeds, give the test pixels of all of them one after the other with the unit of
    their place: a unit that is drawn brings its pixels of every seed, so a place that several
    seeds test does not count as several places. The interval says what other fields of such a
    scene could have given with these trained models; it does not cover other training pixels, and
    with few units it is too narrow.

    Args:
        first_right: (n_pixels,) bool, where the first map is right.
        second_right: (n_pixels,) bool, where the second one is.
        units: (n_pixels,) int, number of the unit that each pixel lies in, at least 0.
        n_resamples: number of draws.
        random_state: seed of the draws.

    Raises:
        SettingError: if there is no pixel, or the lengths differ.
    """
    if not first_right.size or not first_right.size == second_right.size == units.size:
        raise SettingError(
            f"{first_right.size}, {second_right.size} pixels and {units.size} units: "
            "expected as many of each, at least one"
        )
    _, of_pixel = np.unique(units, return_inverse=True)
    gained = np.bincount(of_pixel, first_right.astype(float) - second_right)
    n_pixels = np.bincount(of_pixel).astype(float)
    difference = float(gained.sum() / n_pixels.sum())
    if n_pixels.size < 2:
        return PairedDifference(difference, None, None, None, n_pixels.size)

    def of_draw(gained: np.ndarray, n_pixels: np.ndarray, axis: int) -> np.ndarray:
        return gained.sum(axis=axis) / n_pixels.sum(axis=axis)

    drawn = stats.bootstrap(
        (gained, n_pixels),
        of_draw,
        paired=True,
        vectorized=True,
        n_resamples=n_resamples,
        batch=500,
        confidence_level=CONFIDENCE,
        method="percentile",
        random_state=random_state,
    )
    # As in the interval, 0 is judged by where it lies among the draws; ties count for both sides.
    draws = drawn.bootstrap_distribution
    n_beyond = int(min(np.count_nonzero(draws <= 0), np.count_nonzero(draws >= 0)))
    p_value = min(1.0, 2 * (n_beyond + 1) / (n_resamples + 1))
    low, high = (float(end) for end in drawn.confidence_interval)
    return PairedDifference(difference, low, high, p_value, n_pixels.size)


def spatial_units(labels: LabelMap) -> tuple[np.ndarray, str]:
    """The units to draw from, and their name: fields, or blocks where few fields hold the pixels.

    The benchmark scenes have fields of very unequal size: of the 250 of Pavia University, a few
    hold most pixels, and drawing them is like drawing from 8 of equal size, too few for an
    interval. Below :data:`FEWEST_FIELDS` such equal fields, blocks of :data:`BLOCK_PX` pixels are
    taken. They cut large fields, so what they give may still be too sure.

    Args:
        labels: those from points and polygons say which pixels are of one field.

    Returns:
        (rows, cols) int, number of the unit, and ``"fields"`` or ``"blocks of 16 px"``.
    """
    fields = fields_of(labels)
    if as_many_equal(np.bincount(fields[fields > 0])) >= FEWEST_FIELDS:
        return fields, "fields"
    return blocks_on(labels, BLOCK_PX), f"blocks of {BLOCK_PX} px"


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of p values for their number, in the order given."""
    order = sorted(range(len(p_values)), key=lambda position: p_values[position])
    corrected, largest = [0.0] * len(p_values), 0.0
    for n_smaller, position in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - n_smaller) * p_values[position]))
        corrected[position] = largest
    return corrected
