import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from hsidiff.methods.diffcrn.timestep_choice import LearnedFusion, TimestepChoice, learn_fusion
from hsidiff.methods.diffcrn.timestep_fusion import evenly_spread
from hsidiff.methods.diffcrn.timestep_probe import ProbedFeatures, ProbeRecipe, mean_over_groups
from hsidiff.training.loop import Recipe

N, N_CANDIDATES, WIDTH, N_CLASSES = 96, 8, 6, 3
ANGLES = torch.linspace(0.002, 0.1, N_CANDIDATES)
QUICK = ProbeRecipe(recipe=Recipe(n_steps=100, learning_rate=0.05, rate="cosine"))


def probed(informative: tuple[int, ...], seed: int = 0, size: float = 3) -> ProbedFeatures:
    """Features of noise but at the informative candidates, where they tell the classes."""
    generator = torch.Generator().manual_seed(seed)
    classes = torch.arange(N) % N_CLASSES
    at_pixel = torch.randn(N, N_CANDIDATES, 1, WIDTH, generator=generator)
    directions = size * torch.randn(N_CLASSES, WIDTH, generator=generator)
    for candidate in informative:
        at_pixel[:, candidate, 0] += directions[classes]
    pooled = torch.randn(N, N_CANDIDATES, 1, WIDTH, generator=generator)
    return ProbedFeatures(at_pixel, pooled, classes, np.arange(N) // 6, ANGLES)


def shuffled(features: ProbedFeatures, seed: int) -> ProbedFeatures:
    order = torch.randperm(N, generator=torch.Generator().manual_seed(seed))
    return replace(features, classes=features.classes[order])


def learned(features: ProbedFeatures, n: int, fusion: str = "adaptive") -> LearnedFusion:
    return learn_fusion(features, n, fusion, QUICK, 0, "cpu")  # type: ignore[arg-type]


def mean_weights(found: LearnedFusion, features: ProbedFeatures) -> np.ndarray:
    pooled = features.pooled[:, list(found.positions)]
    return found.addition.weights(pooled).mean(dim=(0, 2)).detach().numpy()


@pytest.mark.parametrize("informative", [0, N_CANDIDATES - 1])
def test_the_one_timestep_that_tells_the_classes_is_chosen_wherever_it_is(informative: int) -> None:
    assert learned(probed((informative,)), 1).positions == (informative,)


def test_two_informative_timesteps_side_by_side_are_both_chosen() -> None:
    found = learned(probed((5, 6)), 2)
    assert found.positions == (5, 6)
    assert found.follows_labels


@pytest.mark.slow
def test_shuffled_labels_give_an_even_spread_and_equal_weights() -> None:
    features = probed((1, 2, 6))
    assert learned(features, 3).positions == (1, 2, 6)
    for seed in range(2):
        found = learned(shuffled(features, seed), 3)
        assert found.positions == evenly_spread(N_CANDIDATES, 3)
        np.testing.assert_allclose(mean_weights(found, features), 1 / 3, rtol=1e-5)
        assert set(found.gains) == {"choice", "weights"}


def test_features_that_are_equal_at_all_timesteps_lead_to_no_choice() -> None:
    features = probed(())
    equal = features.at_pixel[:, :1].expand_as(features.at_pixel)
    same = replace(features, at_pixel=equal, pooled=equal)
    found = learned(same, 3)
    assert found.positions == (0, 4, 7)
    assert not found.follows_labels


def test_the_informative_timestep_gets_most_weight() -> None:
    features = probed((4,), size=1)
    found = learned(features.of_candidates((0, 4, 7)), 3)
    weights = found.addition.weights(features.pooled[:, [0, 4, 7]]).mean(dim=(0, 2))
    assert int(weights.argmax()) == 1
    assert weights[1] > 0.5
    assert not found.addition.training


def test_fusion_by_the_mean_learns_no_weights() -> None:
    found = learned(probed((4,)).of_candidates((0, 4, 7)), 3, "mean")
    assert found.gains == {}
    assert not found.follows_labels


@pytest.mark.parametrize("n", [0, 6])
def test_without_two_groups_nothing_is_learned(n: int) -> None:
    found = learned(probed((1,)).part(np.arange(n)), 3)
    assert found.positions == (0, 4, 7)
    assert not found.follows_labels


def test_no_more_can_be_chosen_than_there_are() -> None:
    assert learned(probed((1,)), 20).positions == tuple(range(N_CANDIDATES))


def test_the_error_of_a_mean_counts_groups_and_not_pixels() -> None:
    values, groups = np.repeat([1.0, -1.0, 3.0, 1.0], 5), np.repeat(np.arange(4), 5)
    mean, error = mean_over_groups(values, groups)
    of_groups = np.array([1.0, -1.0, 3.0, 1.0])
    assert mean == pytest.approx(1)
    assert error == pytest.approx(of_groups.std(ddof=1) / 2)
    assert mean_over_groups(values, np.zeros(20))[1] == np.inf


def test_the_choice_follows_from_the_random_state_and_touches_no_other() -> None:
    before = torch.get_rng_state(), random.getstate()
    features = probed((2,), size=1).of_candidates((0, 2, 5))
    how = ProbeRecipe(recipe=Recipe(n_steps=5, learning_rate=0.05))
    first = learn_fusion(features, 2, "adaptive", how, 5, "cpu")
    torch.rand(3)
    second = learn_fusion(features, 2, "adaptive", how, 5, "cpu")
    torch.set_rng_state(before[0])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    assert first.positions == second.positions
    assert torch.equal(first.addition.bias, second.addition.bias)
    assert first.gains == second.gains


def test_a_choice_comes_back_from_json_among_other_facts() -> None:
    weights = [[0.25, 0.5], [0.75, 0.5]]
    choice = TimestepChoice([5, 200], [5, 90, 200], [0.1, 0.2, 0.3], weights, {"choice": [1, 0.2]})
    facts = json.loads(json.dumps({**vars(choice), "experts": {"lda": 1}}))
    assert TimestepChoice.from_facts(facts) == choice
