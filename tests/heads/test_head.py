"""What every head keeps of the contract."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from labelled import N_CLASSES, linear_network, patches_of_classes

from hsidiff.heads.chosen_head import ChosenHead
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.linear_head import LinearHead
from hsidiff.heads.patch_head import PatchHead
from hsidiff.heads.regularisation import Regularisation
from hsidiff.kinds import DENOISER_INPUT, SCALED_SPECTRUM, SPECTRUM, Kinds
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe

KINDS: Kinds = {"features": (2, 2), DENOISER_INPUT: (1,), SPECTRUM: (3,), SCALED_SPECTRUM: (3,)}
N_VALUES = 11


@dataclass(kw_only=True)
class Doubtful(LinearHead):
    """A linear head that looks bad when heads are compared."""

    def fit(self, samples: LabelledValues) -> None:
        super().fit(samples)
        self.held_out_log_loss_ = 99.0


def patch_head() -> PatchHead:
    return PatchHead(
        make_network=linear_network,
        patch_px=3,
        recipe=Recipe(n_steps=1, learning_rate=0.01),
        n_epochs=2,
        regularisation=Regularisation(dropped_pairs=0.5, n_networks=2),
    )


HEADS: dict[str, Callable[[], Head]] = {
    "linear": LinearHead,
    "patch": patch_head,
    "chosen linear": lambda: ChosenHead(linear=LinearHead(), transformer=patch_head()),
    "chosen patch": lambda: ChosenHead(linear=Doubtful(), transformer=patch_head()),
}


def fitted(make: Callable[[], Head], random_state: int = 0) -> Head:
    head = make()
    head.configure(random_state, "cpu")
    head.check()
    head.fit(patches_of_classes(side=2 * head.context_px + 1, kinds=KINDS))
    return head


@pytest.fixture(scope="module", params=HEADS)
def make(request: pytest.FixtureRequest) -> Callable[[], Head]:
    return HEADS[request.param]


@pytest.fixture(scope="module")
def head(make: Callable[[], Head]) -> Head:
    return fitted(make)


def values_around(head: Head, window: Window) -> np.ndarray:
    """Values of a window of a plane of values, with the context of the head."""
    plane = np.random.default_rng(5).normal(size=(30, 30, N_VALUES)).astype(np.float32)
    return plane[window.grown(head.context_px).slices]


def test_probabilities_of_a_window_sum_to_1(head: Head) -> None:
    window = Window(4, 9, 5, 7)
    found = head.predict_proba(values_around(head, window), window)
    assert found.shape == (5, 7, N_CLASSES)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)


def test_probabilities_of_a_pixel_do_not_depend_on_the_window(head: Head) -> None:
    whole, part = Window(4, 9, 6, 7), Window(6, 10, 3, 4)
    found, expected = (head.predict_proba(values_around(head, w), w) for w in (part, whole))
    np.testing.assert_allclose(found, expected[2:5, 1:5], atol=1e-6)


def test_a_head_comes_back_from_what_it_learned_among_other_facts(
    make: Callable[[], Head], head: Head
) -> None:
    learned, again, window = head.learned(), make(), Window(4, 9, 5, 7)
    facts = json.loads(json.dumps({"pretraining": {"steps": 3}, **learned.facts}))
    again.configure(0, "cpu")
    again.restore(Learned(learned.arrays, facts), KINDS, N_CLASSES)
    values = values_around(head, window)
    np.testing.assert_allclose(
        again.predict_proba(values, window), head.predict_proba(values, window), rtol=1e-6
    )
    assert json.loads(json.dumps(again.learned().facts)) == json.loads(json.dumps(learned.facts))
    assert again.takes_shares == head.takes_shares


def test_all_follows_from_the_random_state_and_no_other_is_touched(
    make: Callable[[], Head], head: Head
) -> None:
    state = torch.get_rng_state()
    again = fitted(make)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    first, second = head.learned(), again.learned()
    assert first.facts == second.facts
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(second.arrays[name], array)


def test_fitting_again_starts_anew(make: Callable[[], Head], head: Head) -> None:
    again = deepcopy(head)
    samples = patches_of_classes(side=2 * head.context_px + 1, kinds=KINDS)
    again.fit(replace(samples, classes=samples.classes[::-1].copy()))
    again.fit(samples)
    for name, array in head.learned().arrays.items():
        np.testing.assert_array_equal(again.learned().arrays[name], array)


def test_the_cost_counts_the_weights_that_are_there(make: Callable[[], Head], head: Head) -> None:
    dearer = head if not isinstance(head, ChosenHead) else fitted(patch_head)
    n_weights = sum(array.size for array in dearer.learned().arrays.values())
    assert make().cost(KINDS, N_CLASSES).n_parameters == n_weights
