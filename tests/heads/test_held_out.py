import numpy as np
import pytest
from scipy.special import log_softmax

from hsidiff.heads.held_out import (
    N_FOLDS,
    best_sharpness,
    folds_of,
    judged_samples,
    log_loss,
)


def test_a_group_is_never_on_both_sides_of_a_fold() -> None:
    rng = np.random.default_rng(0)
    classes, groups = rng.integers(0, 3, 60), rng.integers(0, 9, 60)
    folds = folds_of(classes, groups, 0)
    assert len(folds) == N_FOLDS
    assert sorted(np.concatenate([outside for _, outside in folds])) == list(range(60))
    for inside, outside in folds:
        assert not set(groups[inside]) & set(groups[outside])


def test_one_group_gives_no_fold_and_judges_no_sample() -> None:
    classes = np.repeat([0, 1], 5)
    folds = folds_of(classes, np.zeros(10, dtype=int), 0)
    assert folds == []
    assert not judged_samples(classes, folds).any()


def test_a_sample_whose_class_was_held_out_with_it_is_not_judged() -> None:
    classes = np.repeat([0, 1, 2], 8)
    groups = np.where(classes == 2, 99, np.arange(24))
    judged = judged_samples(classes, folds_of(classes, groups, 0))
    np.testing.assert_array_equal(judged, classes < 2)


def test_the_log_loss_is_the_mean_of_minus_the_log_of_what_was_right() -> None:
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75]])
    expected = -(np.log(0.5) + np.log(0.25)) / 2
    assert log_loss(np.log(probabilities), np.array([1, 0])) == pytest.approx(expected)


def test_the_best_sharpness_undoes_a_factor_on_the_scores() -> None:
    """Classes are drawn from the softmax of the scores; then the scores are made too sure."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1.5, (20_000, 3))
    odds = np.exp(log_softmax(scores, axis=1)).cumsum(axis=1)
    classes = (rng.random((20_000, 1)) > odds).sum(axis=1).clip(0, 2)
    assert best_sharpness(4 * scores, classes) == pytest.approx(1 / 4, rel=0.05)


def test_samples_that_values_learned_from_are_always_inside() -> None:
    classes, groups = np.arange(60) % 3, np.arange(60) // 5
    known = groups < 5
    folds = folds_of(classes, groups, 0, known=known)
    held_out = np.concatenate([outside for _, outside in folds])
    np.testing.assert_array_equal(np.sort(held_out), np.flatnonzero(~known))
    for inside, outside in folds:
        assert np.isin(np.flatnonzero(known), inside).all()
        assert not np.isin(groups[inside], groups[outside]).any()
    assert folds_of(classes, groups, 0, known=np.ones(60, dtype=bool)) == []
