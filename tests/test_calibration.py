"""Temperatures, sets and distances against values worked out another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from scipy.special import softmax
from sklearn.covariance import LedoitWolf

from hsidiff.calibration import (
    MAX_TEMPERATURE,
    MIN_TEMPERATURE,
    Familiar,
    HeldOutProba,
    fit_temperature,
    tempered,
)


def drawn(n: int, sharpness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 4) that are ``sharpness`` times too sure, and classes drawn by the right
    ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 4))
    right = softmax(logits, axis=1)
    classes = (rng.random((n, 1)) > right.cumsum(axis=1)).sum(axis=1).clip(max=3)
    return softmax(sharpness * logits, axis=1).astype(np.float32), classes


def held_out(
    probabilities: np.ndarray, classes: np.ndarray, groups: np.ndarray | None = None
) -> HeldOutProba:
    """Held-out pixels, each a group of its own where nothing else is said."""
    return HeldOutProba(
        probabilities, classes, np.arange(len(classes)) if groups is None else groups
    )


def test_a_temperature_of_2_takes_the_root_of_the_probabilities() -> None:
    roots = np.sqrt([0.64, 0.16, 0.2])
    np.testing.assert_allclose(tempered(np.array([0.64, 0.16, 0.2]), 2), roots / roots.sum())


def test_a_pixel_without_probabilities_stays_so() -> None:
    probabilities = np.zeros((2, 3, 4), dtype=np.float32)
    probabilities[1, 2] = 0.25
    cooled = tempered(probabilities, 0.5)
    assert cooled.dtype == np.float32
    np.testing.assert_allclose(cooled, probabilities)


@given(
    hnp.arrays(np.float32, (5, 4), elements=st.floats(0.0625, 1, width=32)),
    st.floats(MIN_TEMPERATURE, MAX_TEMPERATURE),
)
def test_the_most_probable_class_stays_and_the_way_back_is_open(
    weights: np.ndarray, temperature: float
) -> None:
    probabilities = weights / weights.sum(axis=1, keepdims=True, dtype=np.float32)
    cooled = tempered(probabilities.astype(np.float64), temperature)
    np.testing.assert_allclose(cooled.sum(axis=1), 1)
    highest = np.take_along_axis(cooled, probabilities.argmax(axis=1)[:, None], axis=1)
    assert (highest >= cooled - 1e-12).all()
    if temperature > 0.5:  # below, small ones fall under the least that is told apart
        np.testing.assert_allclose(tempered(cooled, 1 / temperature), probabilities, atol=1e-5)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_probabilities_that_are_too_sure_get_their_factor_as_temperature(sharpness: float) -> None:
    probabilities, classes = drawn(20_000, sharpness)
    assert fit_temperature(held_out(probabilities, classes)) == pytest.approx(sharpness, rel=0.05)


def test_afterwards_the_mean_confidence_is_the_share_that_is_right() -> None:
    probabilities, classes = drawn(50, 4.0)
    cooled = tempered(probabilities, fit_temperature(held_out(probabilities, classes)))
    n_right = (probabilities.argmax(axis=1) == classes).sum()
    assert cooled.max(axis=1).mean() == pytest.approx((n_right + 1) / 52, abs=1e-5)


def test_a_hundred_right_pixels_do_not_make_a_map_certain() -> None:
    sure = np.tile([[0.98, 0.01, 0.01]], (100, 1))
    cooled = tempered(sure, fit_temperature(held_out(sure, np.zeros(100, dtype=int))))
    np.testing.assert_allclose(cooled[:, 0], 101 / 102, atol=1e-5)


@pytest.mark.parametrize(("sizes", "n_groups"), [([25, 25], 2.0), ([40, 10], 2500 / 1700)])
def test_few_groups_leave_the_word_of_the_classifier_its_weight(
    sizes: list[int], n_groups: float
) -> None:
    probabilities, classes = drawn(50, 4.0)
    said = held_out(probabilities, classes, np.repeat([7, 3], sizes))
    cooled = tempered(probabilities, fit_temperature(said, word_groups=20))
    share = ((probabilities.argmax(axis=1) == classes).sum() + 1) / 52
    word = probabilities.max(axis=1).mean()
    expected = (n_groups * share + 20 * word) / (n_groups + 20)
    assert share < expected < word
    assert cooled.max(axis=1).mean() == pytest.approx(expected, abs=1e-5)


def test_many_groups_are_believed() -> None:
    probabilities, classes = drawn(20_000, 3.0)
    temperature = fit_temperature(held_out(probabilities, classes), word_groups=20)
    assert temperature == pytest.approx(3.0, rel=0.05)


def test_what_was_kept_of_held_out_pixels_comes_back() -> None:
    said = held_out(*drawn(12, 1.0), np.repeat([0, 1, 2], 4))
    arrays = said.arrays("by_groups.")
    back = HeldOutProba.from_arrays("by_groups.", arrays)
    for name in ("proba", "classes", "groups"):
        np.testing.assert_array_equal(getattr(back, name), getattr(said, name))


def test_a_classifier_that_knows_only_0_and_1_is_calibrated_too() -> None:
    answers, truth = np.eye(3)[[0, 1, 2, 0]], np.array([0, 1, 0, 1])
    cooled = tempered(answers, fit_temperature(held_out(answers, truth)))
    np.testing.assert_allclose(cooled.max(axis=1), 0.5, atol=1e-5)


def test_temperatures_end_somewhere() -> None:
    wrong = np.tile([[1.0, 0.0]], (200, 1))
    assert fit_temperature(held_out(wrong, np.ones(200, dtype=int))) == MAX_TEMPERATURE
    even = np.full((5000, 2), 0.5)
    assert fit_temperature(held_out(even, np.zeros(5000, dtype=int))) == MIN_TEMPERATURE


@pytest.mark.parametrize(("coverage", "rank"), [(0.9, 2), (0.8, 4), (0.95, 1)])
def test_the_least_probability_of_a_set_is_one_of_the_smallest_of_the_truth(
    coverage: float, rank: int
) -> None:
    probabilities, classes = drawn(20, 1.0)
    smallest = sorted(probabilities[np.arange(20), classes])
    least = held_out(probabilities, classes).least_probability(coverage, 1.0)
    assert least == pytest.approx(smallest[rank - 1])


def test_too_few_held_out_pixels_for_a_coverage_put_every_class_into_the_set() -> None:
    assert held_out(*drawn(18, 1.0)).least_probability(0.95, 1.0) == 0
    assert held_out(*drawn(19, 1.0)).least_probability(0.95, 1.0) > 0


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_hold_the_truth_as_often_as_asked_over_many_samples(coverage: float) -> None:
    covered = []
    for seed in range(200):
        probabilities, classes = drawn(400, 2.0, seed)
        least = held_out(probabilities[:100], classes[:100]).least_probability(coverage, 1.7)
        truth = tempered(probabilities[100:], 1.7)[np.arange(300), classes[100:]]
        covered.append((truth >= least).mean())
    assert np.mean(covered) == pytest.approx(coverage, abs=0.015)


def test_distances_are_those_of_mahalanobis_with_the_shrunken_covariance() -> None:
    rng = np.random.default_rng(0)
    classes = np.repeat([3, 8], 30)
    spectra = (rng.normal(0, 1, (60, 12)) @ rng.normal(0, 1, (12, 12)) + classes[:, None]) * 100
    means = np.stack([spectra[classes == k].mean(axis=0) for k in (3, 8)])
    residuals = spectra - means[(classes == 8).astype(int)]
    scale = residuals.std(axis=0)
    shrunk = LedoitWolf(assume_centered=True).fit(residuals / scale).covariance_
    inverse = np.linalg.inv(shrunk * np.outer(scale, scale))
    asked = rng.normal(0, 100, (4, 5, 12))
    expected = cdist(asked.reshape(-1, 12), means, "mahalanobis", VI=inverse).min(axis=1)
    found = Familiar.fit(spectra.astype(np.float32), classes).distances(asked)
    np.testing.assert_allclose(found, expected.reshape(4, 5), rtol=1e-4)


def test_classes_without_any_spread_still_give_finite_distances() -> None:
    spectra = np.repeat(np.eye(3), 2, axis=0)
    distances = Familiar.fit(spectra, np.repeat([0, 1, 2], 2)).distances(np.ones((4, 3)))
    assert np.isfinite(distances).all()
    assert (distances > 0).all()
