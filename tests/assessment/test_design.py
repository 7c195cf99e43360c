"""Estimates against other ways to compute them, and intervals that are never empty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.assessment.design import Design, estimate_ratio, estimate_share
from hsidiff.assessment.intervals import JEFFREYS, limits


def design_of(n_pixels, n_samples) -> Design:
    n_pixels = np.array(n_pixels, dtype=float)
    return Design(n_pixels, np.array(n_samples), n_pixels / n_pixels.sum())


SAMPLES = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 5000)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(SAMPLES)
def test_no_interval_is_empty_or_leaves_the_estimate_or_the_possible(strata) -> None:
    n = np.array([a for a, *_ in strata])
    right = np.array([min(b, a) for a, b, *_ in strata])
    wrong = np.array([min(c, a - r) for (a, _, c, _), r in zip(strata, right, strict=True)])
    design = design_of([a + d for a, *_, d in strata], n)
    found = [estimate_share(right, design), estimate_ratio(right, wrong, design)]
    for estimate in found:
        if estimate is not None:
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
            assert estimate.high - estimate.low > 1e-6
            assert estimate.standard_error >= 0
    assert (found[1] is None) == ((right + wrong).sum() == 0)


def test_standard_errors_are_those_of_drawing_again_and_again() -> None:
    # A population of two strata; each pixel is right, wrong, or of another class.
    generator = np.random.default_rng(0)
    population = [np.repeat([0, 1, 2], counts) for counts in ((300, 200, 500), (100, 50, 1850))]
    design = design_of([1000, 2000], [200, 300])
    shares, ratios = [], []
    for _ in range(3000):
        drawn = [
            generator.choice(stratum, n, replace=False)
            for stratum, n in zip(population, design.n_samples, strict=True)
        ]
        right, wrong = (np.array([(d == k).sum() for d in drawn]) for k in (0, 1))
        shares.append(design.weights @ (right / design.n_samples))
        others = design.weights @ (wrong / design.n_samples)
        ratios.append(shares[-1] / (shares[-1] + others))
    right, wrong = np.array([60, 15]), np.array([40, 8])  # as in the population
    share, ratio = estimate_share(right, design), estimate_ratio(right, wrong, design)
    assert share.standard_error == pytest.approx(np.std(shares), rel=0.06)
    assert ratio.standard_error == pytest.approx(np.std(ratios), rel=0.06)
    assert share.value == pytest.approx(np.mean(shares), abs=0.001)
    assert ratio.value == pytest.approx(np.mean(ratios), abs=0.005)


def test_a_ratio_of_a_stratum_that_is_all_of_the_class_has_the_limits_of_its_share() -> None:
    design = design_of([10**12], [50])
    found = estimate_ratio(np.array([45]), np.array([5]), design)
    low, high = limits(np.array([45]), np.array([50]), JEFFREYS)
    assert (found.low, found.high) == pytest.approx((low[0], high[0]), abs=1e-9)
    assert found.value == 0.9
    assert found.standard_error == pytest.approx(np.sqrt(0.9 * 0.1 / 49))


def test_where_many_samples_differ_the_interval_is_the_usual_one() -> None:
    design = design_of([10**7, 10**7], [4000, 6000])
    found = estimate_share(np.array([2000, 2400]), design)
    assert found.low == pytest.approx(found.value - 1.96 * found.standard_error, abs=2e-4)
    assert found.high == pytest.approx(found.value + 1.96 * found.standard_error, abs=2e-4)


def test_one_sample_of_a_stratum_is_as_unsure_as_can_be() -> None:
    design = design_of([1000, 1000], [1, 50])
    found = estimate_share(np.array([1, 0]), design)
    assert found.standard_error >= 0.5 * np.sqrt(0.25 * 0.999) - 1e-9
    assert found.high - found.low > 0.3


def test_a_stratum_drawn_as_a_whole_adds_nothing_to_the_error() -> None:
    whole = estimate_share(np.array([5, 20]), design_of([10, 1000], [10, 100]))
    other = estimate_share(np.array([0, 20]), design_of([10, 1000], [10, 100]))
    assert whole.standard_error == pytest.approx(other.standard_error)
    all_drawn = estimate_share(np.array([5]), design_of([10], [10]))
    assert all_drawn.standard_error == 0
    assert all_drawn.high > all_drawn.low
