"""Intervals of scores of labels in groups: never of no width, and as sure as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hsidiff.evaluation.group_intervals import GroupInterval, mean_interval, share_interval


@settings(max_examples=100)
@given(
    is_right=st.lists(st.booleans(), min_size=1, max_size=60),
    n_groups=st.integers(1, 60),
)
def test_an_interval_has_width_and_holds_the_share(is_right: list[bool], n_groups: int) -> None:
    right = np.array(is_right)
    interval = share_interval(right, np.arange(len(right)) % n_groups)
    assert 0 <= interval.low <= right.mean() <= interval.high <= 1
    assert interval.high - interval.low > 0.01


def test_labels_that_are_groups_of_their_own_get_nearly_the_exact_interval() -> None:
    right = np.arange(200) < 150
    exact = stats.binomtest(150, 200).proportion_ci(method="exact")
    interval = share_interval(right, np.arange(200))
    assert interval.to_json() == pytest.approx([exact.low, exact.high], abs=0.002)


def test_copies_of_labels_say_no_more_than_the_labels() -> None:
    right = np.arange(30) < 20
    once = share_interval(right, np.arange(30))
    ten_times = share_interval(right.repeat(10), np.arange(30).repeat(10))
    # The t quantile of the labels is a little smaller for 300 than for 30.
    assert ten_times.to_json() == pytest.approx(once.to_json(), abs=0.01)


def test_all_right_counts_each_group_once() -> None:
    exact = stats.binomtest(12, 12).proportion_ci(method="exact")
    interval = share_interval(np.ones(500, dtype=bool), np.arange(500) % 12)
    assert interval.to_json() == pytest.approx([exact.low, 1.0])
    alone = share_interval(np.arange(500) < 250, np.zeros(500))
    assert alone.high - alone.low > 0.9


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    n_held, n_draws = 0, 400
    for _ in range(n_draws):
        # 30 fields of 10 labels; their shares vary about 0.7.
        shares = generator.beta(3.5, 1.5, 30)
        right = generator.random((30, 10)) < shares[:, None]
        interval = share_interval(right.ravel(), np.arange(30).repeat(10))
        n_held += interval.low <= 0.7 <= interval.high
    assert 0.92 <= n_held / n_draws <= 0.99


def test_the_interval_of_a_mean_comes_from_its_parts() -> None:
    parts = [GroupInterval(0.2, 0.8), GroupInterval(0.6, 1.0)]
    # sqrt(0.3^2 + 0.3^2) / 2 below, sqrt(0.3^2 + 0.1^2) / 2 above the mean of 0.5 and 0.9.
    mean = mean_interval([0.5, 0.9], parts)
    assert mean.to_json() == pytest.approx([0.7 - 0.18**0.5 / 2, 0.7 + 0.1**0.5 / 2])
