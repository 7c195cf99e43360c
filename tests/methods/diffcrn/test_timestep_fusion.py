import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hsidiff.methods.diffcrn.timestep_fusion import (
    AdaptiveAddition,
    CrossTimestepFusion,
    TimestepSelection,
)
from hsidiff.training.loop import seeded

N_TIMESTEPS, N_STAGES, WIDTH, SIDE, N_CLASSES = 3, 2, 8, 4, 5


def features(seed: int = 0, n: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, N_TIMESTEPS, N_STAGES, WIDTH, SIDE, SIDE, generator=generator)


def addition(fusion: str = "adaptive") -> AdaptiveAddition:
    with seeded(0):
        made = AdaptiveAddition(N_TIMESTEPS, N_STAGES, WIDTH, fusion)  # type: ignore[arg-type]
        torch.nn.init.normal_(made.bias)
    return made


# AWAM


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_weights_of_each_stage_sum_to_1_over_the_timesteps(seed: int, size: float) -> None:
    weights = addition().weights(size * features(seed).mean(dim=(-2, -1)))
    assert (weights > 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, N_STAGES))


def test_the_weights_differ_between_patches_stages_and_timesteps() -> None:
    weights = addition().weights(features().mean(dim=(-2, -1)))
    for axis in range(3):
        assert weights.std(dim=axis).min() > 1e-4


def test_added_features_are_the_weighted_sum_over_timesteps() -> None:
    seen = features()
    weights = addition().weights(seen.mean(dim=(-2, -1)))
    expected = sum(weights[:, k, :, None, None, None] * seen[:, k] for k in range(N_TIMESTEPS))
    torch.testing.assert_close(addition()(seen), expected)


def test_fusion_by_the_mean_is_the_mean_whatever_was_learned() -> None:
    seen = features()
    torch.testing.assert_close(addition("mean")(seen), seen.mean(dim=1))


def test_a_timestep_that_is_not_chosen_has_no_weight_and_the_others_share_it() -> None:
    pooled = features().mean(dim=(-2, -1))
    weights = addition().weights(pooled, torch.tensor([1.0, 0.0, 1.0]))
    assert (weights[:, 1] == 0).all()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(2, N_STAGES))
    of_all = addition().weights(pooled)[:, [0, 2]]
    torch.testing.assert_close(weights[:, [0, 2]], of_all / of_all.sum(dim=1, keepdim=True))


# Choosing timesteps


def test_without_evidence_the_choice_is_evenly_spread_not_the_smallest() -> None:
    selection = TimestepSelection(torch.linspace(0.01, 0.2, 10), 5)
    assert selection.chosen() == (0, 2, 4, 7, 9)
    assert selection.eval()(0.5).tolist() == [1, 0, 1, 0, 1, 0, 0, 1, 0, 1]
    assert TimestepSelection(torch.linspace(0.01, 0.2, 10), 1).chosen() == (4,)


def test_the_choice_is_hard_forward_and_soft_backward() -> None:
    selection = TimestepSelection(torch.linspace(0, 1, 4), 2).eval()
    wanted = torch.tensor([0.0, 0.0, 1.0, 0.0])
    (selection(1.0) * wanted).sum().backward()
    assert set(selection(1.0).tolist()) == {0.0, 1.0}
    logits = selection.free.detach()
    shares = torch.softmax(logits, dim=0)
    # d softmax_2 / d logit_j = softmax_2 (1[j = 2] - softmax_j), times the two that are chosen
    expected = 2 * shares[2] * (wanted - shares)
    torch.testing.assert_close(selection.free.grad, expected)


def test_while_learning_other_timesteps_are_tried() -> None:
    selection = TimestepSelection(torch.linspace(0, 1, 6), 2)
    with seeded(0):
        tried = sum(selection(1.0).detach() for _ in range(60))
    assert (tried > 0).all()
    assert tried.sum() == 120


def test_the_slope_moves_the_choice_along_the_spectral_angle() -> None:
    selection = TimestepSelection(torch.linspace(0, 1, 6), 2)
    for slope, expected in ((5.0, (4, 5)), (-5.0, (0, 1))):
        selection.slope.data.fill_(slope)
        assert selection.chosen() == expected


@pytest.mark.parametrize("n", [1, 4])
def test_candidates_of_equal_angle_are_no_trouble(n: int) -> None:
    selection = TimestepSelection(torch.full((n,), 0.1), n)
    assert selection.chosen() == tuple(range(n))


# CTSSFM


def fusion() -> CrossTimestepFusion:
    with seeded(1):
        return CrossTimestepFusion(addition(), N_CLASSES, width=16, n_heads=2).eval()


def test_scores_are_given_for_the_pixels_that_are_asked_for() -> None:
    every = torch.arange(SIDE * SIDE).expand(2, -1)
    whole = fusion()(features(), every)
    assert whole.shape == (2, SIDE * SIDE, N_CLASSES)
    some = torch.tensor([[3, 7], [0, 15]])
    for patch, pixels in enumerate(some):
        found = fusion()(features(), some)[patch]
        torch.testing.assert_close(found, whole[patch, pixels], atol=1e-5, rtol=1e-5)


def test_patches_do_not_see_each_other() -> None:
    pixels = torch.tensor([[5], [5]])
    changed = features()
    changed[1] += 1
    first, second = fusion()(features(), pixels), fusion()(changed, pixels)
    torch.testing.assert_close(first[0], second[0])
    assert (first[1] - second[1]).abs().max() > 1e-3


def test_the_attention_across_timesteps_is_the_formula() -> None:
    network, n_heads = fusion(), 2
    with seeded(2):
        mean, at_timesteps = torch.randn(1, 1, 16), torch.randn(1, 1, 3, N_STAGES * WIDTH)
    found = network._attend(mean, at_timesteps).detach().numpy()
    query = network.query(mean)[0, 0].detach().numpy()
    key, value = (
        network.key_value(at_timesteps)[0, 0].detach().numpy().reshape(3, 2, 16).swapaxes(0, 1)
    )
    answer = np.empty(16)
    for head in range(n_heads):
        of_head = slice(8 * head, 8 * head + 8)
        scores = key[:, of_head] @ query[of_head] / np.sqrt(8)
        shares = np.exp(scores) / np.exp(scores).sum()
        answer[of_head] = shares @ value[:, of_head]
    weight, bias = (x.detach().numpy() for x in (network.answer.weight, network.answer.bias))
    expected = mean.numpy()[0, 0] + weight @ answer + bias
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-5)


def test_every_part_of_the_fusion_has_a_gradient() -> None:
    network = fusion().train()
    network(features(), torch.tensor([[1], [2]])).square().sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name
