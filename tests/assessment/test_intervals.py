import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hsidiff.assessment.intervals import JEFFREYS, NEUTRAL, Estimate, limits, wilson


@given(st.data(), st.integers(1, 400))
def test_wilsons_interval_is_scipys_and_never_empty(data: st.DataObject, n: int) -> None:
    n_hits = data.draw(st.integers(0, n))
    found = wilson(n_hits, n)
    expected = stats.binomtest(n_hits, n).proportion_ci(0.95, method="wilson")
    assert found.low == pytest.approx(expected.low, abs=1e-9)
    assert found.high == pytest.approx(expected.high, abs=1e-9)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low


@pytest.mark.parametrize("prior", [JEFFREYS, NEUTRAL])
def test_the_limits_begin_at_0_and_1_and_hold_the_posterior_in_between(prior: float) -> None:
    low, high = limits(np.array([0, 3, 10]), np.array([10, 10, 10]), prior)
    assert low[0] == 0
    assert high[2] == 1
    assert (high > low).all()
    posterior = stats.beta(3 + prior, 7 + prior)
    assert posterior.cdf(high[1]) - posterior.cdf(low[1]) == pytest.approx(0.95)


def test_an_estimate_in_another_unit() -> None:
    assert Estimate(0.5, 0.1, 0.25, 0.75).scaled(8) == Estimate(4, 0.8, 2, 6)
