"""Statistics of a comparison: hand values, and a simulation of what each of them promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hsidiff.errors import SettingError
from hsidiff.evaluation.comparison import (
    holm,
    mcnemar,
    paired_bootstrap,
    spatial_units,
    spread,
)
from hsidiff.labels.ground import blocks_of, fields_of
from hsidiff.labels.label_map import LabelMap


def rights(n_only_first: int, n_only_second: int, n_both: int = 40) -> tuple[np.ndarray, ...]:
    """Where two maps are right, so that they differ in given numbers of pixels."""
    first = np.repeat([True, False, True], [n_only_first, n_only_second, n_both])
    second = np.repeat([False, True, True], [n_only_first, n_only_second, n_both])
    return first, second


def test_the_interval_over_seeds_is_students() -> None:
    # Mean 0.9, s = 0.01; t(0.975, 2) = 4.302653 of any table; 4.302653 * 0.01 / sqrt(3) = 0.024841.
    found = spread([0.89, 0.90, 0.91])
    assert found is not None
    assert (found.n, found.mean, found.deviation) == (3, *map(pytest.approx, (0.90, 0.01)))
    assert found.low == pytest.approx(0.90 - 0.024841, abs=1e-6)
    assert found.high == pytest.approx(0.90 + 0.024841, abs=1e-6)


def test_one_seed_has_no_deviation_and_no_seed_no_mean() -> None:
    found = spread([0.5, None])
    assert found is not None
    assert (found.n, found.mean) == (1, 0.5)
    assert found.deviation is found.low is found.high is None
    assert spread([None, None]) is None


def test_mcnemar_is_exact_where_few_pixels_differ() -> None:
    # 2 of 10: 2 * (1 + 10 + 45) / 2^10.
    found = mcnemar(*rights(2, 8))
    assert (found.n_only_first, found.n_only_second) == (2, 8)
    assert found.p_value == pytest.approx(112 / 1024)
    # 24 pixels are few still: the binomial tail, twice.
    tail = sum(stats.binom.pmf(k, 24, 0.5) for k in range(9))
    assert mcnemar(*rights(16, 8)).p_value == pytest.approx(2 * tail)


def test_mcnemar_is_a_corrected_chi_square_where_many_differ() -> None:
    # (|10 - 20| - 1)^2 / 30 = 2.7; P(chi2_1 > 2.7) = 2 * P(z > sqrt(2.7)) = 0.100348.
    assert mcnemar(*rights(10, 20)).p_value == pytest.approx(0.100348, abs=1e-6)
    assert mcnemar(*rights(9, 16)).p_value == pytest.approx(2 * stats.norm.sf(6 / 5))


def test_maps_that_are_equally_often_right_do_not_differ() -> None:
    assert mcnemar(*rights(0, 0)).p_value == 1
    assert mcnemar(*rights(5, 5)).p_value == 1
    assert mcnemar(*rights(50, 50)).p_value == 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_does_not_depend_on_the_order_of_the_maps(n_first: int, n_second: int) -> None:
    first, second = rights(n_first, n_second)
    assert mcnemar(first, second).p_value == pytest.approx(mcnemar(second, first).p_value)
    assert 0 <= mcnemar(first, second).p_value <= 1


def test_the_bootstrap_draws_units_and_not_pixels() -> None:
    # Two units of one pixel each, differences 1 and 0: a draw gives 0, 1/2 or 1 with 1/4, 1/2, 1/4.
    first, second = np.array([True, True]), np.array([False, True])
    found = paired_bootstrap(first, second, np.array([7, 3]))
    assert (found.difference, found.low, found.high, found.n_units) == (0.5, 0, 1, 2)
    assert found.p_value == pytest.approx(0.5, abs=0.04)
    # The same pixels of ten seeds are still two units: nothing becomes surer.
    many = paired_bootstrap(np.tile(first, 10), np.tile(second, 10), np.tile([7, 3], 10))
    assert many == found


def test_a_unit_weighs_as_many_pixels_as_it_holds() -> None:
    units = np.repeat([1, 2], [3, 1])
    first, second = np.array([True, True, True, False]), np.array([False, False, False, True])
    found = paired_bootstrap(first, second, units)
    assert (found.difference, found.low, found.high) == (0.5, -1, 1)


def test_the_bootstrap_turns_with_the_order_of_the_maps() -> None:
    draw = np.random.default_rng(1)
    first, second, units = draw.random(500) < 0.9, draw.random(500) < 0.8, np.arange(500) // 10
    one, other = (paired_bootstrap(*pair, units) for pair in ((first, second), (second, first)))
    assert one.difference == pytest.approx(first.mean() - second.mean())
    assert one.difference == pytest.approx(-other.difference)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert one.p_value == other.p_value < 0.05 < 0.0001 + one.low


def test_equal_maps_do_not_differ_and_one_unit_says_nothing() -> None:
    right = np.array([True, False, True])
    found = paired_bootstrap(right, right, np.array([1, 2, 2]))
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)
    found = paired_bootstrap(right, ~right, np.array([4, 4, 4]))
    assert found.difference == pytest.approx(1 / 3)
    assert (found.low, found.high, found.p_value, found.n_units) == (None, None, None, 1)


def test_pixels_without_units_are_refused() -> None:
    with pytest.raises(SettingError, match="2, 2 pixels and 3 units"):
        paired_bootstrap(np.ones(2, bool), np.ones(2, bool), np.arange(3))
    with pytest.raises(SettingError, match="at least one"):
        paired_bootstrap(np.ones(0, bool), np.ones(0, bool), np.arange(0))


def test_on_fields_that_err_as_a_whole_the_bootstrap_holds_what_mcnemar_does_not() -> None:
    """No difference in truth: an interval of 95 % misses 0 one time in twenty, not oftener.

    Each of 60 blocks of 5 x 5 pixels is wrong as a whole with probability 0.2 in either map.
    """
    draw, n_scenes = np.random.default_rng(0), 300
    units = blocks_of((50, 30), 5).ravel()
    covered = rejected = 0
    for _ in range(n_scenes):
        wrong = draw.random((2, units.max() + 1)) < 0.2
        first, second = (~wrong[:, units]) & (draw.random((2, units.size)) > 0.05)
        found = paired_bootstrap(first, second, units, n_resamples=500)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0 <= found.high
        rejected += mcnemar(first, second).p_value < 0.05
    assert 0.91 <= covered / n_scenes <= 0.985
    assert rejected / n_scenes > 0.5


def test_fields_are_connected_pixels_of_one_class() -> None:
    class_ids = np.array([
        [1, 1, 0, 2],
        [0, 0, 1, 2],
        [1, 0, 0, 0],
        [1, 0, 2, 2],
    ])  # fmt: skip
    units = fields_of(LabelMap.from_array(class_ids))
    assert ((units > 0) == (class_ids > 0)).all()
    # The pixel at (1, 2) touches (0, 1) by a corner; (2, 0) and (3, 0) touch neither.
    assert units[0, 0] == units[0, 1] == units[1, 2]
    assert units[2, 0] == units[3, 0] != units[0, 0]
    assert units[0, 3] == units[1, 3] != units[3, 3] == units[3, 2]
    assert sorted(set(units.ravel().tolist())) == [0, 1, 2, 3, 4]


def test_blocks_are_squares_of_the_grid() -> None:
    units = blocks_of((5, 7), 3)
    assert units.tolist()[0] == [1, 1, 1, 2, 2, 2, 3]
    assert units.tolist()[4] == [4, 4, 4, 5, 5, 5, 6]


def test_units_are_fields_where_there_are_enough_of_them() -> None:
    rows, cols = np.indices((60, 60))
    many = np.where((rows % 6 < 5) & (cols % 6 < 5), 1, 0)
    units, name = spatial_units(LabelMap.from_array(many))
    assert (name, units.max()) == ("fields", 100)
    # One field of 900 pixels beside 99 single pixels counts like 1.2 fields.
    one_large = np.zeros((60, 60), dtype=int)
    one_large[::2, ::2] = 1
    one_large[:30, :30] = 1
    units, name = spatial_units(LabelMap.from_array(one_large))
    assert (name, units.max()) == ("blocks of 16 px", 16)


def test_holm_corrects_the_smallest_most() -> None:
    # 0.01 * 4, 0.02 * 3, then 0.03 * 2 = 0.06 and 0.04 * 1, which must not fall below 0.06.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
