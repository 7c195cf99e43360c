import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from hsidiff.errors import SettingError
from hsidiff.methods.diffcrn.staged_denoiser import (
    GroupAttention,
    PixelAttention,
    StagedDenoiser,
    StagesShape,
    bands_of_groups,
)

SMALL = StagesShape(width=16, n_heads=2, n_groups=4, patch_px=3, time_width=24)


def seeded_denoiser(shape: StagesShape, n_inputs: int, seed: int = 0) -> StagedDenoiser:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        denoiser = StagedDenoiser(shape, n_inputs)
        # It starts at 0, where the input's own share could not be seen.
        nn.init.normal_(denoiser.share_of_input.weight, std=0.1)
        return denoiser


def seeded_groups(number: int, shape: StagesShape = SMALL) -> GroupAttention:
    with torch.random.fork_rng():
        torch.manual_seed(number)
        return GroupAttention(shape, number)


def values(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def timesteps(*t: int) -> torch.Tensor:
    return torch.tensor(t)


def n_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_parameters_are_those_counted_by_hand() -> None:
    width, wide, pixels, time, bands = 128, 256, 256, 512, 200
    timestep = (128 + 1) * time + (time + 1) * time
    ends = (bands + 1) * width + (width + 1) * bands + (time + 1)
    near = 2 * (width + 1) * width + (9 + 1) * width
    feed_forward = (width + 1) * wide + (9 + 1) * wide + (wide + 1) * width + 2 * width
    every_stage = near + feed_forward + (time + 1) * 2 * width
    spatial, spectral = 3 * width**2 + (width + 1) * width, 3 * pixels**2
    by_hand = timestep + ends + 4 * every_stage + 2 * (spatial + spectral)
    assert n_parameters(StagedDenoiser(StagesShape(), bands)) == by_hand == 1_842_761


def test_the_work_per_patch_is_the_one_of_the_docstring() -> None:
    denoiser, x_t = StagedDenoiser(StagesShape(), 200), values(1, 200, 16, 16)
    # PyTorch's counter does not know the fused attention of CPUs.
    counter = FlopCounterMode(display=False)
    with counter, sdpa_kernel(SDPBackend.MATH), torch.inference_mode():
        denoiser(x_t, timesteps(5))
    assert counter.get_total_flops() / 2 == pytest.approx(238e6, abs=0.5e6)


@pytest.mark.parametrize("n_inputs", [1, 3, 103, 200])
@pytest.mark.parametrize("patch_px", [1, 4, 9])
def test_any_number_of_inputs_and_any_patch_go_in_and_come_out(
    n_inputs: int, patch_px: int
) -> None:
    denoiser = seeded_denoiser(replace(SMALL, patch_px=patch_px), n_inputs)
    x_t = values(2, n_inputs, patch_px, patch_px)
    prediction = denoiser(x_t, timesteps(1, 1000))
    assert prediction.shape == x_t.shape
    assert torch.isfinite(prediction).all()
    taps = denoiser.taps(x_t, timesteps(1, 1000), (0, 3))
    assert [tap.shape for tap in taps] == [(2, SMALL.width, patch_px, patch_px)] * 2


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_change_in_one_group_leaves_the_others_as_they_were(number: int) -> None:
    attention, patches = seeded_groups(number), values(2, 3, 3, 16)
    group = slice(2, None, 4) if number % 2 else slice(8, 12)
    changed = patches.clone()
    changed[..., group] += values(2, 3, 3, 4, seed=1)
    differs = (attention(changed) != attention(patches)).any(dim=(0, 1, 2))
    inside = torch.zeros(16, dtype=torch.bool)
    inside[group] = True
    assert torch.equal(differs, inside)


@pytest.mark.parametrize("n_inputs", [1, 3, 4, 10, 200])
def test_groups_are_of_neighbouring_bands_and_every_band_is_in_one(n_inputs: int) -> None:
    sees = bands_of_groups(n_inputs, 4)
    assert sees.any(dim=0).all()
    for group in sees:
        (places,) = torch.nonzero(group, as_tuple=True)
        assert torch.equal(places, torch.arange(int(places[0]), int(places[-1]) + 1))
    if n_inputs >= 4:
        assert (sees.sum(dim=0) == 1).all()


@pytest.mark.parametrize("group", [0, 1, 3])
def test_a_change_in_the_bands_of_one_group_first_touches_that_group(group: int) -> None:
    denoiser, x_t = seeded_denoiser(SMALL, 11), values(1, 11, 3, 3)
    changed = x_t + bands_of_groups(11, 4)[group][:, None, None] * values(1, 11, 3, 3, seed=1)
    first, before_mixing, after = denoiser.stages[0], [], []
    first.norm2.register_forward_pre_hook(lambda _, given: before_mixing.append(given[0]))
    first.register_forward_hook(lambda *given: after.append(given[2]))
    for patch in (x_t, changed):
        denoiser(patch, timesteps(7))
    touched = (before_mixing[0] != before_mixing[1]).any(dim=(0, 1, 2))
    assert torch.equal(touched, torch.arange(16) // 4 == group)
    assert (after[0] != after[1]).any(dim=(0, 1, 2)).all()


@pytest.mark.parametrize("number", [0, 1])
def test_a_spectral_stage_normalises_each_of_its_groups(number: int) -> None:
    stages = [stage for stage in seeded_denoiser(SMALL, 5).stages if hasattr(stage, "norm1")]
    h = values(2, 3, 3, 16)
    normal = stages[2 * number].norm1(h)
    of_group = normal[..., 1::4] if number else normal[..., 4:8]
    torch.testing.assert_close(of_group.mean(dim=-1), torch.zeros(2, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        of_group.var(dim=-1, correction=0), torch.ones(2, 3, 3), atol=1e-2, rtol=0
    )


def test_two_group_attentions_together_carry_information_across_all_groups() -> None:
    patches = values(1, 3, 3, 16).requires_grad_()
    for channel in range(16):
        reached = seeded_groups(1)(seeded_groups(0)(patches))[..., channel].sum()
        (gradient,) = torch.autograd.grad(reached, patches)
        assert gradient.any(dim=(0, 1, 2)).all()


@pytest.mark.parametrize("number", [0, 1])
def test_group_attention_equals_its_formula(number: int) -> None:
    attention, patches = seeded_groups(number), values(1, 3, 3, 16)
    images = patches[0].reshape(9, 16).T
    expected = torch.empty(16, 9)
    for first in range(4):
        channels = list(range(first, 16, 4)) if number else list(range(4 * first, 4 * first + 4))
        rows = attention.query_key_value.weight.chunk(3)
        query, key, value = (images[channels] @ weight.T for weight in rows)
        expected[channels] = torch.softmax(query @ key.T / math.sqrt(9), dim=1) @ value
    torch.testing.assert_close(attention(patches)[0].reshape(9, 16).T, expected)


def test_pixel_attention_equals_pytorchs_module() -> None:
    attention, patches = PixelAttention(SMALL, 0), values(2, 3, 3, 16)
    reference = nn.MultiheadAttention(16, 2, batch_first=True)
    with torch.no_grad():
        reference.in_proj_weight.copy_(attention.query_key_value.weight)
        reference.in_proj_bias.zero_()
    reference.out_proj.load_state_dict(attention.merge.state_dict())
    pixels = patches.flatten(1, 2)
    expected, _ = reference(pixels, pixels, pixels)
    torch.testing.assert_close(attention(patches), expected.view_as(patches))


def test_pixel_attention_sees_the_whole_patch_and_no_other_patch() -> None:
    patches = values(2, 3, 3, 16).requires_grad_()
    (gradient,) = torch.autograd.grad(PixelAttention(SMALL, 0)(patches)[0, 0, 0, 0], patches)
    assert gradient[0].any(dim=2).all()
    assert not gradient[1].any()


def test_each_sample_of_a_batch_has_its_own_timestep_and_no_other_sample() -> None:
    denoiser, x_t = seeded_denoiser(SMALL, 5), values(2, 5, 3, 3)
    both = denoiser(x_t, timesteps(1, 400))
    torch.testing.assert_close(both[:1], denoiser(x_t[:1], timesteps(1)))
    torch.testing.assert_close(both[1:], denoiser(x_t[1:], timesteps(400)))


def test_every_stage_knows_the_timestep() -> None:
    denoiser, h, time = seeded_denoiser(SMALL, 5), values(1, 3, 3, 16), values(2, 1, 24)
    for stage in denoiser.stages:
        assert not torch.allclose(stage(h, time[0]), stage(h, time[1]))


def test_the_timestep_scales_and_shifts_what_a_stage_normalised() -> None:
    stage, h = seeded_denoiser(SMALL, 5).stages[1], values(1, 3, 3, 16)
    nn.init.zeros_(stage.scale_and_shift.weight)
    with torch.no_grad():
        stage.scale_and_shift.bias.copy_(torch.cat([torch.full((16,), 2.0), torch.full((16,), 5)]))
    seen = []
    for branch in (stage.near, stage.attention):
        branch.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    stage(h, values(1, 24))
    centred = h - h.mean(dim=-1, keepdim=True)
    spread = (h.var(dim=-1, correction=0, keepdim=True) + 1e-5).sqrt()
    expected = centred / spread * (1 + 2) + 5
    torch.testing.assert_close(seen, [expected, expected])


def test_a_stage_whose_branches_are_silent_passes_on_what_it_was_given() -> None:
    stage, h = seeded_denoiser(SMALL, 5).stages[1], values(1, 3, 3, 16)
    for last in (stage.near[-1], stage.attention.merge, stage.feed_forward[-1]):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    assert torch.equal(stage(h, values(1, 24)), h)


def test_the_prediction_is_the_sum_of_the_docstring() -> None:
    denoiser, x_t = seeded_denoiser(SMALL, 5), values(1, 5, 3, 3)
    last = denoiser.taps(x_t, timesteps(7), (3,))[0]
    seen = denoiser.embed.weight * bands_of_groups(5, 4).repeat_interleave(4, dim=0)
    convolved = torch.einsum("oi,birc->borc", seen, x_t)
    h_0 = convolved + denoiser.embed.bias[:, None, None]
    from_stages = torch.einsum("oi,birc->borc", denoiser.out.weight, last + h_0)
    share = denoiser.share_of_input(denoiser.embed_time(timesteps(7)))
    expected = from_stages + denoiser.out.bias[:, None, None] + share[:, :, None, None] * x_t
    torch.testing.assert_close(denoiser(x_t, timesteps(7)), expected)


def test_depthwise_convolutions_see_their_channel_its_neighbours_and_zeros_beyond() -> None:
    depthwise = seeded_denoiser(SMALL, 5).stages[0].near[1]
    nn.init.ones_(depthwise.weight)
    nn.init.zeros_(depthwise.bias)
    patches = values(1, 4, 4, 16)
    found = depthwise(patches)
    torch.testing.assert_close(found[0, 2, 1, 7], patches[0, 1:4, 0:3, 7].sum())
    torch.testing.assert_close(found[0, 0, 0, 7], patches[0, :2, :2, 7].sum())


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_taps_leave_later_stages_alone(layer: int) -> None:
    denoiser, ran = seeded_denoiser(SMALL, 5), []
    for number, stage in enumerate([*denoiser.stages, denoiser.out]):
        stage.register_forward_hook(lambda *_, number=number: ran.append(number))
    denoiser.taps(values(1, 5, 3, 3), timesteps(3), (layer,))
    assert ran == list(range(layer + 1))


def test_taps_are_the_outputs_of_the_stages_in_the_order_asked_for() -> None:
    denoiser, outputs = seeded_denoiser(SMALL, 5), []
    for stage in denoiser.stages:
        stage.register_forward_hook(lambda _, __, output: outputs.append(output))
    third, first = denoiser.taps(values(2, 5, 3, 3), timesteps(3, 9), (2, 0))
    assert torch.equal(first, outputs[0].permute(0, 3, 1, 2))
    assert torch.equal(third, outputs[2].permute(0, 3, 1, 2))


def test_one_pass_gives_the_prediction_and_all_taps() -> None:
    denoiser, x_t, t = seeded_denoiser(SMALL, 5), values(2, 5, 3, 3), timesteps(3, 9)
    prediction, stages = denoiser.predict_with_stages(x_t, t)
    assert torch.equal(prediction, denoiser(x_t, t))
    taps = denoiser.taps(x_t, t, (0, 1, 2, 3))
    assert all(torch.equal(a, b) for a, b in zip(stages, taps, strict=True))


def test_stages_can_be_any_sequence() -> None:
    only_spatial = seeded_denoiser(replace(SMALL, stages=("spatial",)), 5)
    # Without attention among channels the size of the patch is free.
    assert only_spatial(values(1, 5, 6, 7), timesteps(3)).shape == (1, 5, 6, 7)
    three = seeded_denoiser(replace(SMALL, stages=("spectral",) * 3), 5)
    assert [stage.attention.shuffled for stage in three.stages] == [False, True, False]


def test_bfloat16_changes_digits_only() -> None:
    denoiser, x_t = seeded_denoiser(SMALL, 5), values(2, 5, 3, 3)
    exact = denoiser(x_t, timesteps(3, 9))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = denoiser(x_t, timesteps(3, 9))
    rounded.float().square().mean().backward()
    torch.testing.assert_close(rounded.float(), exact, rtol=0.1, atol=0.05)
    gradients = [parameter.grad for parameter in denoiser.parameters()]
    assert all(g is not None and torch.isfinite(g).all() for g in gradients)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n_heads": 3}, "n_heads=3: must divide width=16"),
        ({"n_groups": 0}, "n_groups=0: must divide width=16"),
        ({"stages": ("spatial", "temporal")}, "expected one or more of spatial, spectral"),
        ({"stages": ()}, "expected one or more of spatial, spectral"),
    ],
)
def test_shapes_that_make_no_network_are_refused(given: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        StagedDenoiser(replace(SMALL, **given), 5)
