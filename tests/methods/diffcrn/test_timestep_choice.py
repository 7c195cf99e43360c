import json
import random
from dataclasses import replace

import pytest
import torch

from hsidiff.methods.diffcrn.timestep_choice import (
    ProbedFeatures,
    ProbeRecipe,
    TimestepChoice,
    learn_fusion,
)
from hsidiff.training.loop import Recipe

N, N_CANDIDATES, WIDTH, N_CLASSES = 90, 8, 6, 3
ANGLES = torch.linspace(0.002, 0.1, N_CANDIDATES)


def probed(informative: tuple[int, ...], seed: int = 0) -> ProbedFeatures:
    """Features of noise but at the informative candidates, where they tell the classes."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.arange(N) % N_CLASSES
    at_pixel = torch.randn(N, N_CANDIDATES, 1, WIDTH, generator=generator)
    directions = 3 * torch.randn(N_CLASSES, WIDTH, generator=generator)
    for candidate in informative:
        at_pixel[:, candidate, 0] += directions[classes]
    pooled = torch.randn(N, N_CANDIDATES, 1, WIDTH, generator=generator)
    return ProbedFeatures(at_pixel, pooled, classes, ANGLES)


def chosen(features: ProbedFeatures, n: int, fusion: str = "adaptive") -> tuple[int, ...]:
    return learn_fusion(features, n, fusion, ProbeRecipe(), 0, "cpu")[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("informative", [0, 3, N_CANDIDATES - 1, N_CANDIDATES - 2])
def test_the_one_timestep_that_tells_the_classes_is_chosen_wherever_it_is(informative: int) -> None:
    assert chosen(probed((informative,)), 1) == (informative,)
    assert informative in chosen(probed((informative,), seed=1), 3)


def test_two_informative_large_timesteps_are_both_chosen() -> None:
    assert chosen(probed((5, 7)), 2) == (5, 7)


@pytest.mark.parametrize("fusion", ["adaptive", "mean"])
def test_features_that_are_equal_at_all_timesteps_do_not_lead_to_the_smallest(fusion: str) -> None:
    features = probed(())
    equal = features.at_pixel[:, :1].expand_as(features.at_pixel)
    same = replace(features, at_pixel=equal, pooled=equal)
    assert chosen(same, 3, fusion) == (0, 4, 7)


def test_the_informative_timestep_gets_most_weight() -> None:
    features = probed((6,))
    positions, addition = learn_fusion(features, 3, "adaptive", ProbeRecipe(), 0, "cpu")
    weights = addition.weights(features.pooled[:, list(positions)]).mean(dim=(0, 2))
    assert positions[int(weights.argmax())] == 6
    assert not addition.training


def test_no_more_can_be_chosen_than_there_are() -> None:
    assert chosen(probed((1,)), 20) == tuple(range(N_CANDIDATES))


def test_the_choice_follows_from_the_random_state_and_touches_no_other() -> None:
    before = torch.get_rng_state(), random.getstate()
    how = ProbeRecipe(recipe=Recipe(n_steps=15, learning_rate=0.01))
    first = learn_fusion(probed((2,)), 3, "adaptive", how, 5, "cpu")
    torch.rand(3)
    second = learn_fusion(probed((2,)), 3, "adaptive", how, 5, "cpu")
    torch.set_rng_state(before[0])
    third = learn_fusion(probed((2,)), 3, "adaptive", how, 5, "cpu")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert first[0] == second[0] == third[0]
    assert torch.equal(first[1].bias, second[1].bias)


def test_a_choice_comes_back_from_json_among_other_facts() -> None:
    choice = TimestepChoice([5, 200], [5, 90, 200], [0.1, 0.2, 0.3], [[0.25, 0.5], [0.75, 0.5]])
    facts = json.loads(json.dumps({**vars(choice), "experts": {"lda": 1}}))
    assert TimestepChoice.from_facts(facts) == choice
