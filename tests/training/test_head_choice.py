from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from torch import Tensor, nn

from hsidiff.networks.averaged import Sharpened
from hsidiff.training.head_choice import (
    HeadChoice,
    choose_head,
    head_arrays,
    head_facts,
    predict_head,
    read_head,
)
from hsidiff.training.held_out import folds_of
from hsidiff.training.linear_head import LinearHead

N_CLASSES = 3


class Scores(nn.Module):
    """Takes the middle pixel's values for scores, times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(factor))

    def forward(self, patches: Tensor) -> Tensor:
        return self.weight * patches[:, :, 1, 1]


def samples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patches (60, 3, 3, 3) whose middle pixel scores its class highest, mostly; classes; groups"""
    rng = np.random.default_rng(0)
    classes = rng.permutation(np.repeat(np.arange(N_CLASSES), 20))
    patches = rng.normal(0, 1, (60, 3, 3, N_CLASSES)).astype(np.float32)
    patches[np.arange(60), 1, 1, classes] += 2
    return patches, classes, np.arange(60) // 4


def linear_of(loss: float | None) -> LinearHead:
    return LinearHead(np.eye(3), np.zeros(3), {"lda on spectrum": 1.0}, loss)


def choose(
    loss: float | None, fit: Callable[[np.ndarray], nn.Module]
) -> tuple[LinearHead | nn.Module, HeadChoice]:
    return choose_head(linear_of(loss), fit, *samples(), random_state=0, device="cpu")


def best_loss(scores: np.ndarray, classes: np.ndarray) -> tuple[float, float]:
    """The lowest log loss over a fine grid of factors, and the factor."""
    at = np.arange(len(classes))
    factors = np.exp(np.linspace(-4, 2, 2000))
    losses = [-log_softmax(f * scores, axis=1)[at, classes].mean() for f in factors]
    return float(np.min(losses)), float(factors[np.argmin(losses)])


@pytest.mark.parametrize(("linear_loss", "taken"), [(0.05, "linear"), (1.5, "transformer")])
def test_the_head_of_the_lower_held_out_log_loss_is_taken(linear_loss: float, taken: str) -> None:
    head, choice = choose(linear_loss, lambda chosen: Scores())
    assert choice.head == taken
    assert isinstance(head, LinearHead if taken == "linear" else Sharpened)
    assert choice.held_out_log_loss["linear"] == linear_loss


def test_the_network_is_calibrated_by_one_factor_before_it_is_judged() -> None:
    patches, classes, _ = samples()
    head, choice = choose(9.0, lambda chosen: Scores(20.0))
    loss, factor = best_loss(20 * patches[:, 1, 1], classes)
    assert choice.held_out_log_loss["transformer"] == pytest.approx(loss, abs=1e-4)
    assert isinstance(head, Sharpened)
    assert float(head.factor) == pytest.approx(factor, rel=0.02)


def test_a_network_is_judged_by_the_folds_of_the_linear_head() -> None:
    _, classes, groups = samples()
    fitted: list[np.ndarray] = []

    def fit(chosen: np.ndarray) -> nn.Module:
        fitted.append(chosen)
        return Scores()

    choose(9.0, fit)
    folds = folds_of(classes, groups, 0)
    assert len(fitted) == len(folds) + 1
    for (inside, _), chosen in zip(folds, fitted, strict=False):
        np.testing.assert_array_equal(chosen, inside)
    np.testing.assert_array_equal(fitted[-1], np.arange(60))


def test_what_is_learned_by_heart_does_not_win() -> None:
    """The network knows the samples that it was fitted to, and nothing else."""
    patches, classes, _ = samples()

    class Known(nn.Module):
        def __init__(self, chosen: np.ndarray) -> None:
            super().__init__()
            self.seen = torch.from_numpy(patches[chosen, 1, 1])
            self.classes = torch.from_numpy(classes[chosen])

        def forward(self, values: Tensor) -> Tensor:
            distance = torch.cdist(values[:, :, 1, 1], self.seen)
            scores = torch.zeros(len(values), N_CLASSES)
            scores.index_put_((torch.arange(len(values)), self.classes[distance.argmin(dim=1)]),
                              20.0 * (distance.amin(dim=1) < 1e-6))  # fmt: skip
            return scores

    _, choice = choose(1.0, Known)
    assert choice.head == "linear"
    assert choice.held_out_log_loss["transformer"] == pytest.approx(np.log(3), abs=1e-3)


def test_a_network_that_diverged_does_not_win() -> None:
    head, choice = choose(1.5, lambda _: Scores(float("nan")))
    assert isinstance(head, LinearHead)
    assert choice == HeadChoice("linear", {"linear": 1.5, "transformer": None})


def test_where_nothing_can_be_held_out_the_linear_head_is_taken_untried() -> None:
    def fit(chosen: np.ndarray) -> nn.Module:
        raise AssertionError("nothing to judge")

    head, choice = choose(None, fit)
    assert isinstance(head, LinearHead)
    assert choice == HeadChoice("linear", {"linear": None, "transformer": None})


@pytest.mark.parametrize("loss", [0.05, 1.5])
def test_a_chosen_head_comes_back_from_its_arrays_and_facts(loss: float) -> None:
    head, choice = choose(loss, lambda chosen: Scores(3.0))
    facts = head_facts(head, choice)
    assert facts["head"] == choice.head
    again, choice_again = read_head(head_arrays(head), facts, "chosen", Scores)
    assert choice_again == choice
    values = np.random.default_rng(1).normal(size=(4, 5, 3)).astype(np.float32)
    first, second = (predict_head(h, values, 3, slice(0, 3), "cpu") for h in (head, again))
    np.testing.assert_allclose(first, second, rtol=1e-6)
    if isinstance(again, LinearHead):
        assert again.held_out_log_loss == loss


def test_the_linear_head_sees_the_middle_pixel_and_the_values_it_has_weights_for() -> None:
    values = np.random.default_rng(1).normal(size=(6, 7, 5)).astype(np.float32)
    head = linear_of(1.0)
    found = predict_head(head, values, 3, slice(2, 5), "cpu")
    np.testing.assert_allclose(found, head.predict_proba(values[1:-1, 1:-1, :3]))


def test_a_network_sees_its_own_values() -> None:
    values = np.random.default_rng(1).normal(size=(6, 7, 5)).astype(np.float32)
    found = predict_head(Scores().eval(), values, 3, slice(2, 5), "cpu")
    expected = np.exp(log_softmax(values[1:-1, 1:-1, 2:], axis=-1))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
