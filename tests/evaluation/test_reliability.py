"""The expected calibration error, against counts by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.calibration import HeldOutProba
from hsidiff.evaluation.reliability import Reliability, measure_reliability


def test_the_error_is_the_mean_distance_between_confidence_and_share_right() -> None:
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    is_right = np.array([True, True, True, False, True, False])
    measured = Reliability.of(confidence, is_right)
    assert measured.expected_calibration_error == pytest.approx((4 * 0.15 + 2 * 0) / 6)
    assert measured.to_json() == {
        "expected_calibration_error": pytest.approx(0.1),
        "n_pixels": [2, 4],
        "mean_confidence": [pytest.approx(0.5), pytest.approx(0.9)],
        "share_right": [0.5, 0.75],
    }


def test_bins_of_equal_width_hold_their_upper_end() -> None:
    measured = Reliability.of(np.array([0.0, 1 / 15, 0.0667, 1.0]), np.ones(4, dtype=bool))
    assert measured.n_pixels.tolist() == [2, 1, *[0] * 11, 0, 1]


def test_without_a_pixel_there_is_no_error() -> None:
    nothing = Reliability.of(np.empty(0), np.empty(0, dtype=bool))
    assert nothing.expected_calibration_error is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_the_error_agrees_with_one_bin_after_the_other(
    pixels: list[tuple[float, bool]],
) -> None:
    confidence, is_right = np.array([p for p, _ in pixels]), np.array([r for _, r in pixels])
    edges = np.linspace(0, 1, 16)
    expected = 0.0
    for low, high in pairwise(edges):
        chosen = (confidence > low) & (confidence <= high) | ((confidence == 0) & (low == 0))
        if chosen.any():
            distance = abs(confidence[chosen].mean() - is_right[chosen].mean())
            expected += chosen.sum() / len(pixels) * distance
    found = Reliability.of(confidence, is_right).expected_calibration_error
    # A confidence on an edge may fall on either side of it.
    if not np.isclose(confidence * 15, np.round(confidence * 15), atol=1e-9).any():
        assert found == pytest.approx(expected, abs=1e-9)


def held_out_of_chance(n_groups: int) -> HeldOutProba:
    """Predictions of 400 labels that are right in 70 of 100 cases, and always sure to 95 %."""
    generator = np.random.default_rng(0)
    classes = generator.integers(0, 2, 400)
    said = np.where(generator.random(400) < 0.7, classes, 1 - classes)
    probabilities = np.full((400, 2), 0.05, dtype=np.float32)
    probabilities[np.arange(400), said] = 0.95
    return HeldOutProba(probabilities, classes, np.arange(400) % n_groups + 1)


def test_held_out_labels_are_calibrated_by_those_of_other_groups() -> None:
    held_out = held_out_of_chance(n_groups=400)
    told = measure_reliability(held_out, "score")
    assert told is not None
    before = told["before"]["expected_calibration_error"]
    assert before == pytest.approx(0.95 - held_out.is_right.mean(), abs=1e-6)
    assert told["after"]["expected_calibration_error"] < 0.05
    assert (told["n_pixels"], told["source"]) == (400, "score")


@pytest.mark.parametrize("source", ["score", "near folds"])
def test_few_groups_calibrate_less(source: str) -> None:
    errors = []
    for n_groups in (8, 40, 400):
        told = measure_reliability(held_out_of_chance(n_groups), source)
        assert told is not None
        errors.append(told["after"]["expected_calibration_error"])
        assert errors[-1] < told["before"]["expected_calibration_error"]
    assert errors == sorted(errors, reverse=True)


def test_the_halves_are_judged_by_the_rule_of_their_source() -> None:
    held_out = held_out_of_chance(n_groups=20)
    near, score = (measure_reliability(held_out, source) for source in ("near folds", "score"))
    assert near is not None
    assert score is not None
    by_name = [told["after"]["expected_calibration_error"] for told in (near, score)]
    assert by_name[0] < by_name[1]  # its own word counts less


def test_of_one_group_or_none_nothing_is_said() -> None:
    held_out = held_out_of_chance(n_groups=1)
    assert measure_reliability(held_out, "score") is None
    assert measure_reliability(held_out.part(np.arange(0)), "score") is None
