import json
import warnings
from functools import partial

import numpy as np
import pytest
from labelled import WINDOW, labelled_of
from scipy.special import softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from hsidiff.about import Cost
from hsidiff.heads.linear_head import ESTIMATORS, LinearHead
from hsidiff.kinds import SCALED_SPECTRUM, Kinds, columns_of
from hsidiff.saved_model import Learned

KINDS: Kinds = {"first": (3,), "second": (1, 2)}


def draw(
    n_per_class: list[int], seed: int = 0, spread: float = 1.0, n_values: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, n_values) float32 around one corner per class, and classes (n,)."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(np.arange(len(n_per_class)), n_per_class)
    corners = 3 * np.eye(max(len(n_per_class), n_values))[:, :n_values]
    values = corners[classes] + rng.normal(0, spread, (len(classes), n_values))
    return values.astype(np.float32), classes


def fit(
    values: np.ndarray,
    classes: np.ndarray,
    kinds: Kinds = KINDS,
    groups: np.ndarray | None = None,
    random_state: int = 0,
) -> LinearHead:
    head = LinearHead(random_state=random_state)
    head.fit(labelled_of(values, classes, kinds, groups))
    return head


def proba(head: LinearHead, values: np.ndarray) -> np.ndarray:
    return head.predict_proba(values, WINDOW)


def log_loss(head: LinearHead, values: np.ndarray, classes: np.ndarray) -> float:
    return float(-np.log(proba(head, values)[np.arange(len(classes)), classes]).mean())


def accuracy(head: LinearHead, values: np.ndarray, classes: np.ndarray) -> float:
    return float((proba(head, values).argmax(axis=-1) == classes).mean())


def test_probabilities_are_the_softmax_of_scores_linear_in_the_values() -> None:
    values, classes = draw([20, 20, 20])
    head = fit(values, classes)
    scores = values @ head.weights_.T + head.biases_
    np.testing.assert_allclose(proba(head, values), softmax(scores, axis=1), rtol=1e-10)
    # Between two samples, log odds lie on a straight line.
    odds = np.log(proba(head, np.stack([values[0], values[30], (values[0] + values[30]) / 2])))
    odds -= odds[:, :1]
    np.testing.assert_allclose(odds[2], (odds[0] + odds[1]) / 2, atol=1e-4)


def test_probabilities_of_an_image_sum_to_1() -> None:
    values, classes = draw([20, 20, 20])
    image = values.reshape(6, 10, 6)
    probabilities = proba(fit(values, classes), image)
    assert probabilities.shape == (6, 10, 3)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1)


def test_shares_sum_to_1_and_come_largest_first() -> None:
    shares = fit(*draw([15, 15, 15], spread=3.0)).shares_
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert all(name.rsplit(" on ", 1)[1] in ("first", "second", "all") for name in shares)


def test_two_parts_that_know_different_classes_are_better_together() -> None:
    # The first part tells 0 from the others, the second 1 from the others.
    rng = np.random.default_rng(0)

    def sample(n: int) -> tuple[np.ndarray, np.ndarray]:
        classes = rng.integers(0, 3, n)
        values = rng.normal(0, 1, (n, 6)) + 3 * np.outer(classes == 0, [1, 0, 0, 0, 0, 0])
        return values + 3 * np.outer(classes == 1, [0, 0, 0, 1, 0, 0]), classes

    train, test = sample(90), sample(2000)
    both = log_loss(fit(*train), *test)
    alone = []
    for columns in columns_of(KINDS).values():
        (own, classes), (test_own, test_classes) = (
            (values[:, columns], classes) for values, classes in (train, test)
        )
        alone.append(log_loss(fit(own, classes, {"own": (3,)}), test_own, test_classes))
    assert both < 0.7 * min(alone)


def test_a_part_of_noise_does_no_harm() -> None:
    values, classes = draw([25, 25, 25], n_values=3)
    noise = np.random.default_rng(1).normal(0, 1, (75, 60))
    test_values, test_classes = draw([500, 500, 500], seed=2, n_values=3)
    test_noise = np.random.default_rng(3).normal(0, 1, (1500, 60))
    kinds = {"signal": (3,), "noise": (60,)}
    head = fit(np.concatenate([values, noise], axis=1), classes, kinds)
    signal_only = fit(values, classes, {"signal": (3,)})
    assert "signal" in next(iter(head.shares_))
    found = accuracy(head, np.concatenate([test_values, test_noise], axis=1), test_classes)
    assert found > accuracy(signal_only, test_values, test_classes) - 0.02


def test_two_classes_have_a_row_of_scores_each() -> None:
    values, classes = draw([20, 20])
    head = fit(values, classes)
    assert head.weights_.shape == (2, 6)
    assert accuracy(head, *draw([300, 300], seed=1)) > 0.95
    np.testing.assert_allclose(head.weights_[0], -head.weights_[1])


@pytest.mark.parametrize("n_per_class", [[40, 10], [10, 30, 20]])
def test_the_score_is_the_mean_of_the_experts_of_scikit_learn(n_per_class: list[int]) -> None:
    # One group: nothing can be held out, so the three experts count the same.
    values, classes = draw(n_per_class, spread=2.0)
    head = fit(values, classes, {"values": (6,)}, groups=np.zeros(len(classes), dtype=int))
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    experts = [
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        LogisticRegression(C=0.01),
        LogisticRegression(C=0.1),
    ]
    odds = np.mean([expert.fit(scaled, classes).decision_function(scaled) for expert in experts], 0)
    if odds.ndim == 1:  # two classes: the score of the second over the first
        odds = np.stack([np.zeros_like(odds), odds], axis=1)
    np.testing.assert_allclose(proba(head, values), softmax(odds, axis=1), atol=2e-3)


def test_values_far_from_0_give_the_same_probabilities() -> None:
    # Both sets of values are exact in float32.
    values, classes = draw([20, 20, 20])
    values = np.round(values * 32) / 32
    far = values + np.float32(65536)
    assert far.dtype == np.float32
    near_head, far_head = fit(values, classes), fit(far, classes)
    np.testing.assert_allclose(proba(far_head, far), proba(near_head, values), atol=1e-6)


def test_a_constant_value_changes_nothing() -> None:
    values, classes = draw([20, 20, 20])
    values[:, 5] = 7
    assert accuracy(fit(values, classes), values, classes) > 0.95


@pytest.mark.parametrize(
    "n_per_class", [[1, 20], [1, 1], [1, 1, 1], [1, 1, 2], [2, 2], [2, 2, 2], [3, 1, 9]]
)
def test_classes_of_few_samples_are_learned_without_a_warning(n_per_class: list[int]) -> None:
    values, classes = draw(n_per_class, spread=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        head = fit(values, classes)
    assert np.isfinite(proba(head, values)).all()
    assert accuracy(head, values, classes) >= 0.75
    assert sum(head.shares_.values()) == pytest.approx(1)


def test_an_expert_that_stops_before_its_optimum_is_no_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hasty = partial(LogisticRegression, C=0.1, max_iter=1)
    monkeypatch.setitem(ESTIMATORS, "logistic 0.1", hasty)
    values, classes = draw([20, 20, 20])
    with pytest.warns(ConvergenceWarning):
        hasty().fit(values, classes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(values, classes)


def test_one_group_only_weighs_all_experts_alike() -> None:
    values, classes = draw([20, 20, 20])
    head = fit(values, classes, groups=np.zeros(60, dtype=int))
    assert len(set(head.shares_.values())) == 1
    assert len(head.shares_) == 9
    assert accuracy(head, values, classes) > 0.95


def test_a_class_in_one_group_does_not_blur_the_probabilities() -> None:
    """It is unseen whenever it is held out, which says nothing about the experts."""
    values, classes = draw([20, 20, 20], spread=0.5)
    head = fit(values, classes, groups=np.where(classes == 2, 99, np.arange(60)))
    certain = proba(head, values)[np.arange(60), classes]
    assert certain.mean() > 0.95


def test_groups_are_kept_together_when_experts_are_weighed() -> None:
    # Twins: without groups, the held-out twin is known by heart and overfitting looks good.
    rng = np.random.default_rng(0)
    values, classes = rng.normal(0, 1, (30, 200)), rng.integers(0, 2, 30)
    values, classes = np.repeat(values, 2, axis=0), np.repeat(classes, 2)
    grouped = fit(values, classes, {"noise": (200,)}, groups=np.repeat(np.arange(30), 2))
    alone = fit(values, classes, {"noise": (200,)})
    test = rng.normal(0, 1, (400, 200))
    assert proba(grouped, test).max(axis=1).mean() < proba(alone, test).max(axis=1).mean()


def test_experts_that_know_nothing_say_so() -> None:
    rng = np.random.default_rng(0)
    head = fit(rng.normal(0, 1, (60, 100)), rng.integers(0, 2, 60), {"noise": (100,)})
    test = rng.normal(0, 1, (2000, 100)), rng.integers(0, 2, 2000)
    assert log_loss(head, *test) < np.log(2) + 0.02


def test_the_same_random_state_gives_the_same_head() -> None:
    values, classes = draw([12, 9, 15], spread=3.0)
    first, again = fit(values, classes), fit(values, classes)
    assert np.array_equal(first.weights_, again.weights_)
    assert np.array_equal(first.biases_, again.biases_)
    assert first.shares_ == again.shares_


def weighed(head: LinearHead) -> LinearHead:
    """The head, after it has seen pixels without labels that are mostly of its first class."""
    without_labels = np.random.default_rng(0).dirichlet([8, 1, 1], 200)
    head.weigh_classes(without_labels, np.full(3, 1 / 3))
    return head


def test_weighing_the_classes_multiplies_their_probabilities() -> None:
    values, classes = draw([20, 20, 20], spread=3.0)
    before = proba(fit(values, classes), values)
    head = weighed(fit(values, classes))
    factors = np.array(head.class_weights_)
    assert factors.argmax() == 0
    expected = before * factors
    np.testing.assert_allclose(proba(head, values), expected / expected.sum(axis=1, keepdims=True))
    head.fit(labelled_of(values, classes, KINDS))
    assert head.class_weights_ is None
    np.testing.assert_array_equal(proba(head, values), before)


def test_shares_are_taken_only_where_something_could_be_held_out() -> None:
    values, classes = draw([20, 20, 20])
    assert fit(values, classes).takes_shares
    assert not fit(values, classes, groups=np.zeros(60, dtype=int)).takes_shares


def test_a_head_comes_back_from_what_it_learned_among_other_facts() -> None:
    values, classes = draw([12, 9, 15], spread=3.0)
    head, again = weighed(fit(values, classes)), LinearHead()
    learned = head.learned()
    facts = json.loads(json.dumps({"pretraining": {"steps": 3}, **learned.facts}))
    again.restore(Learned(learned.arrays, facts), KINDS, 3)
    np.testing.assert_array_equal(proba(again, values), proba(head, values))
    assert again.learned().facts == learned.facts
    assert again.held_out_log_loss == head.held_out_log_loss
    assert again.takes_shares


def test_it_looks_at_the_middle_pixel_and_leaves_out_what_is_scaled_for_others() -> None:
    values, classes = draw([20, 20, 20], spread=2.0)
    rng = np.random.default_rng(1)
    patches = rng.normal(0, 9, (60, 3, 3, 10)).astype(np.float32)
    patches[:, 1, 1, [0, 1, 2, 7, 8, 9]] = values
    kinds = {"first": (3,), SCALED_SPECTRUM: (4,), "second": (1, 2)}
    head = LinearHead()
    head.fit(labelled_of(patches, classes, kinds))
    assert head.context_px == 0
    expected = fit(values, classes)
    assert head.shares_ == expected.shares_
    np.testing.assert_allclose(head.weights_, expected.weights_, rtol=1e-9)
    np.testing.assert_allclose(proba(head, patches[:, 1, 1]), proba(expected, values), rtol=1e-9)


def test_it_costs_a_matrix() -> None:
    head = fit(*draw([20, 20, 20]))
    expected = Cost(head.weights_.size + head.biases_.size, head.weights_.size)
    assert head.cost(KINDS, 3) == expected
    assert LinearHead().cost({**KINDS, SCALED_SPECTRUM: (50,)}, 3) == expected
