from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from labelled import N_CLASSES, WINDOW, Scores, linear_network, patches_of_classes
from torch import nn

from hsidiff.errors import SettingError
from hsidiff.heads.chosen_head import ChosenHead, heads_with
from hsidiff.heads.head import LabelledValues
from hsidiff.heads.linear_head import LinearHead
from hsidiff.heads.patch_head import PatchHead
from hsidiff.kinds import DENOISER_INPUT, Kinds
from hsidiff.training.loop import Recipe

KINDS: Kinds = {"features": (N_CLASSES,)}


@dataclass(kw_only=True)
class Judged(LinearHead):
    """A linear head whose held-out log loss is given."""

    loss: float | None

    def fit(self, samples: LabelledValues) -> None:
        super().fit(samples)
        self.held_out_log_loss_ = self.loss


def choice_of(
    linear_loss: float | None, make: Callable[[], nn.Module] = Scores, n_epochs: int = 1
) -> ChosenHead:
    """A choice between a linear head of this loss and a network that stays as it was made."""
    network = PatchHead(
        make_network=lambda widths, patch_px, n_classes: make(),
        patch_px=3,
        recipe=Recipe(n_steps=1, learning_rate=0.0),
        n_epochs=n_epochs,
    )
    head = ChosenHead(linear=Judged(loss=linear_loss), transformer=network)
    head.configure(0, "cpu")
    return head


def fitted(linear_loss: float | None, make: Callable[[], nn.Module] = Scores) -> ChosenHead:
    head = choice_of(linear_loss, make)
    head.fit(patches_of_classes())
    return head


@pytest.mark.parametrize(("linear_loss", "taken"), [(0.05, "linear"), (1.5, "transformer")])
def test_the_head_of_the_lower_held_out_log_loss_is_taken(linear_loss: float, taken: str) -> None:
    head = fitted(linear_loss)
    assert head.chosen_ == taken
    assert head.losses_["linear"] == linear_loss
    assert head.losses_["transformer"] == choice_of(1).transformer.cross_validate(
        patches_of_classes()
    )
    assert head.held_out_log_loss == min(filter(None, head.losses_.values()))
    assert head.takes_shares == (taken == "linear")


@pytest.mark.parametrize(("linear_loss", "taken"), [(0.05, "linear"), (1.5, "transformer")])
def test_it_gives_the_probabilities_of_the_head_that_it_took(
    linear_loss: float, taken: str
) -> None:
    head = fitted(linear_loss)
    values = np.random.default_rng(1).normal(size=(7, 8, N_CLASSES)).astype(np.float32)
    found = head.predict_proba(values, WINDOW)
    if taken == "linear":
        expected = head.linear.predict_proba(values[1:-1, 1:-1], WINDOW)
    else:
        expected = head.transformer.predict_proba(values, WINDOW)
    assert found.shape == (5, 6, N_CLASSES)
    np.testing.assert_array_equal(found, expected)


def test_a_network_that_diverged_is_not_taken() -> None:
    head = fitted(1.5, lambda: Scores(float("nan")))
    assert head.chosen_ == "linear"
    assert head.losses_ == {"linear": 1.5, "transformer": None}


def test_where_nothing_can_be_held_out_the_linear_head_is_taken_untried() -> None:
    def make() -> nn.Module:
        raise AssertionError("nothing to judge")

    head = choice_of(None, make)
    head.fit(replace(patches_of_classes(), groups=np.zeros(60, dtype=int)))
    assert head.chosen_ == "linear"
    assert head.losses_ == {"linear": None, "transformer": None}
    assert not head.takes_shares


def test_it_says_which_head_was_taken_and_why() -> None:
    for loss in (0.05, 1.5):
        head = fitted(loss)
        facts = head.learned().facts
        assert facts["head"] == head.chosen_
        assert facts["held_out_log_loss"] == head.losses_
        assert ("experts" in facts) == (head.chosen_ == "linear")
        assert ("sharpness" in facts) == (head.chosen_ == "transformer")


def test_classes_are_weighed_by_the_head_that_was_taken() -> None:
    head = fitted(0.05)
    head.weigh_classes(np.random.default_rng(0).dirichlet([8, 1, 1], 99), np.full(3, 1 / 3))
    assert head.linear.class_weights_ is not None
    assert head.learned().facts["class_weights"] == head.linear.class_weights_


def test_it_costs_what_the_network_does_and_sees_as_far() -> None:
    head = choice_of(1.0, lambda: linear_network((N_CLASSES,), 3, N_CLASSES))
    kinds: Kinds = {**KINDS, DENOISER_INPUT: (2,)}
    assert head.context_px == head.transformer.context_px == 1
    cost = head.cost(kinds, N_CLASSES)
    assert cost == head.transformer.cost(kinds, N_CLASSES)
    assert cost.macs_per_pixel == 3 * 3 * N_CLASSES * N_CLASSES


def test_settings_reach_both_heads() -> None:
    head = choice_of(1.0)
    head.configure(7, "cpu")
    assert {part.random_state for part in (head, head.linear, head.transformer)} == {7}
    with pytest.raises(SettingError, match="head_epochs=0"):
        choice_of(1.0, n_epochs=0).check()


def test_the_names_of_heads() -> None:
    network = choice_of(1.0).transformer
    heads = heads_with(network)
    assert list(heads) == ["linear", "transformer", "chosen", "weighed"]
    assert isinstance(heads["linear"], LinearHead)
    assert heads["transformer"] is network
    assert isinstance(heads["chosen"], ChosenHead)
    assert heads["chosen"].transformer is network
    assert heads["linear"].context_px == 0 < network.context_px
