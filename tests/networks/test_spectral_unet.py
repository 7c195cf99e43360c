from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hsidiff.errors import SettingError
from hsidiff.networks.spectral_unet import SpectralUNet, TimestepEmbedding, UNetShape

PAPER = UNetShape()
RELEASED = UNetShape(order="act-norm", out_kernel=(1, 1, 1))
# The same kernels with few channels: quick, and with the same receptive field.
NARROW = UNetShape(widths=(2, 3, 4, 5))
FACTORISED = UNetShape(
    widths=(2, 3, 4), first_kernel=(1, 3, 3), second_kernel=(3, 1, 1), stride_kernel=(4, 1, 1),
    out_kernel=(3, 1, 1),
)  # fmt: skip


def seeded_unet(shape: UNetShape, seed: int = 0) -> SpectralUNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SpectralUNet(shape).eval()


@pytest.fixture(scope="module")
def paper_unet() -> SpectralUNet:
    return seeded_unet(PAPER)


def always_active(unet: SpectralUNet) -> SpectralUNet:
    """The network with all its units switched on, so that no path is cut by chance."""
    for module in unet.modules():
        if isinstance(module, nn.BatchNorm3d):
            nn.init.constant_(module.bias, 100)
    return unet


def values(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def timesteps(*t: int) -> torch.Tensor:
    return torch.tensor(t)


def n_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_released_shape_has_the_published_number_of_parameters() -> None:
    assert n_parameters(SpectralUNet(RELEASED)) == 4_299_633


def test_the_paper_differs_by_its_last_convolution() -> None:
    assert n_parameters(SpectralUNet(PAPER)) == 4_299_633 + 16 * (3**3 - 1)


@pytest.mark.parametrize(
    ("n_bands", "n_features"),
    [
        (200, (128 * 25, 128 * 50, 64 * 100)),
        (104, (128 * 13, 128 * 26, 64 * 52)),
        (144, (128 * 18, 128 * 36, 64 * 72)),
    ],
)
def test_taps_have_the_shapes_of_the_table(
    paper_unet: SpectralUNet, n_bands: int, n_features: tuple[int, ...]
) -> None:
    # Layer 0 is half of the table's: there the bottleneck stands beside itself.
    with torch.inference_mode():
        taps = paper_unet.taps(values(1, n_bands, 2, 3), timesteps(5), (0, 1, 2))
    assert [tap.shape for tap in taps] == [(1, n, 2, 3) for n in n_features]


@pytest.mark.parametrize("n_bands", [1, 3, 48, 103, 200, 204, 242, 285])
def test_any_number_of_bands_goes_in_and_comes_out(paper_unet: SpectralUNet, n_bands: int) -> None:
    x_t = values(2, n_bands, 2, 1)
    for unet in (paper_unet, seeded_unet(FACTORISED)):
        with torch.inference_mode():
            prediction = unet(x_t, timesteps(1, 500))
        assert prediction.shape == x_t.shape
        assert torch.isfinite(prediction).all()


@pytest.mark.parametrize("n_bands", [4, 5, 7])
def test_missing_bands_repeat_the_first_and_last(n_bands: int) -> None:
    unet, x_t = seeded_unet(NARROW), values(1, n_bands, 3, 3)
    before = (8 - n_bands) // 2
    first, last = x_t[:, :1], x_t[:, -1:]
    by_hand = torch.cat([first] * before + [x_t] + [last] * (8 - n_bands - before), dim=1)
    with torch.inference_mode():
        prediction = unet(by_hand, timesteps(9))[:, before : before + n_bands]
        torch.testing.assert_close(unet(x_t, timesteps(9)), prediction)


@pytest.mark.parametrize(("layer", "halo_px"), [(0, 13), (1, 17), (2, 21), (3, 25)])
def test_the_halo_is_the_one_of_the_table(layer: int, halo_px: int) -> None:
    assert RELEASED.halo_px(layer) == halo_px
    # The paper's last convolution sees one pixel further.
    assert PAPER.halo_px(layer) == (halo_px if layer < 3 else 26)


def reach_of_gradient(of: torch.Tensor, x_t: torch.Tensor) -> int:
    """How far from the middle a change of ``x_t`` changes the middle pixel of ``of``."""
    middle = x_t.shape[-1] // 2
    output = of[0, :, middle, middle].abs().sum()
    (gradient,) = torch.autograd.grad(output, x_t, retain_graph=True)
    seen = (gradient[0].abs().sum(dim=0) > 0).nonzero() - middle
    return int(seen.abs().max())


@pytest.mark.parametrize("shape", [NARROW, FACTORISED], ids=["narrow", "factorised"])
def test_features_see_as_far_as_the_halo_and_no_further(shape: UNetShape) -> None:
    unet, side = always_active(seeded_unet(shape)), 2 * shape.halo_px(shape.n_levels - 1) + 5
    layers = tuple(range(shape.n_levels))
    x_t = values(1, 8, side, side).requires_grad_()
    taps = unet.taps(x_t, timesteps(3), layers)
    assert [reach_of_gradient(tap, x_t) for tap in taps] == [shape.halo_px(n) for n in layers]


@pytest.mark.parametrize("shape", [NARROW, FACTORISED], ids=["narrow", "factorised"])
def test_the_prediction_sees_as_far_as_its_halo_and_no_further(shape: UNetShape) -> None:
    side = 2 * shape.halo_px(shape.n_levels) + 5
    x_t = values(1, 8, side, side).requires_grad_()
    prediction = always_active(seeded_unet(shape))(x_t, timesteps(3))
    assert reach_of_gradient(prediction, x_t) == shape.halo_px(shape.n_levels)


def as_trained(unet: SpectralUNet) -> SpectralUNet:
    """The network with statistics and factors of its normalisation that change something."""
    generator = torch.Generator().manual_seed(1)
    for module in unet.modules():
        if isinstance(module, nn.BatchNorm3d):
            nn.init.uniform_(module.weight, 0.5, 2, generator)
            nn.init.uniform_(module.bias, 0.5, 1, generator)
            nn.init.uniform_(module.running_mean, -0.2, 0.2, generator)
            nn.init.uniform_(module.running_var, 0.2, 2, generator)
    return unet


@pytest.mark.parametrize("order", ["norm-act", "act-norm"])
@pytest.mark.parametrize("shape", [NARROW, FACTORISED], ids=["narrow", "factorised"])
@pytest.mark.parametrize("beyond_px", [-1, 0, 2])
@pytest.mark.parametrize("layers", [(0,), (1,), (2, 0)])
def test_taps_inside_are_the_taps_without_the_margin(
    layers: tuple[int, ...], beyond_px: int, shape: UNetShape, order: Literal["norm-act"]
) -> None:
    unet = as_trained(seeded_unet(replace(shape, order=order)))
    margin_px = shape.halo_px(max(layers)) + beyond_px
    x_t = values(2, 9, 2 * margin_px + 3, 2 * margin_px + 4)
    with torch.no_grad():
        inside = unet.taps_inside(x_t, timesteps(3, 70), layers, margin_px)
        whole = unet.taps(x_t, timesteps(3, 70), layers)
    assert inside[0].shape[-2:] == (3, 4)
    for found, tap in zip(inside, whole, strict=True):
        expected = tap[:, :, margin_px:-margin_px, margin_px:-margin_px]
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_taps_inside_can_be_learned_from() -> None:
    unet, margin_px = as_trained(seeded_unet(NARROW)), NARROW.halo_px(1)
    x_t = values(1, 8, 2 * margin_px + 3, 2 * margin_px + 3)
    inside = unet.taps_inside(x_t, timesteps(3), (1,), margin_px)[0]
    weights = tuple(unet.down[0].parameters())
    gradients = torch.autograd.grad(inside.square().sum(), weights)
    assert any(gradient.any() for gradient in gradients)
    tap = unet.taps(x_t, timesteps(3), (1,))[0][..., margin_px:-margin_px, margin_px:-margin_px]
    for found, expected in zip(
        gradients, torch.autograd.grad(tap.square().sum(), weights), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_taps_inside_cost_less_than_taps() -> None:
    unet, margin_px = seeded_unet(NARROW), NARROW.halo_px(1)
    x_t = values(1, 8, 2 * margin_px + 9, 2 * margin_px + 9)

    def operations(take: Callable[[], object]) -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            take()
        return counter.get_total_flops()

    inside = operations(lambda: unet.taps_inside(x_t, timesteps(3), (1,), margin_px))
    assert inside < 0.8 * operations(lambda: unet.taps(x_t, timesteps(3), (1,)))


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_taps_leave_the_rest_of_the_decoder_alone(layer: int) -> None:
    unet, ran = seeded_unet(NARROW), []
    for position, block in enumerate([*unet.up, unet.out]):
        block.register_forward_hook(lambda *_, position=position: ran.append(position))
    unet.taps(values(1, 8, 2, 2), timesteps(3), (layer,))
    assert ran == list(range(layer))


def test_taps_are_the_inputs_of_the_decoder_blocks() -> None:
    unet, outputs = seeded_unet(NARROW), {}
    for name in ("down.1", "down.2", "up.0"):
        unet.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: outputs.update({name: output})
        )
    layer_0, layer_1 = unet.taps(values(1, 16, 3, 2), timesteps(3), (0, 1))
    assert torch.equal(layer_0, outputs["down.2"].flatten(1, 2))
    joined = torch.cat([outputs["up.0"], outputs["down.1"]], dim=1)
    assert torch.equal(layer_1, joined.flatten(1, 2))
    # Channels first: the second number is the second place of the first channel's spectrum.
    assert torch.equal(layer_1[:, 1], outputs["up.0"][:, 0, 1])


def test_taps_come_in_the_order_asked_for() -> None:
    unet, x_t = seeded_unet(NARROW), values(1, 8, 2, 2)
    forward = unet.taps(x_t, timesteps(3), (0, 2))
    backward = unet.taps(x_t, timesteps(3), (2, 0))
    assert all(torch.equal(a, b) for a, b in zip(forward, backward[::-1], strict=True))


def test_the_timestep_changes_the_prediction() -> None:
    unet, x_t = seeded_unet(NARROW), values(1, 8, 3, 3)
    assert not torch.allclose(unet(x_t, timesteps(1)), unet(x_t, timesteps(400)))


def test_each_sample_of_a_batch_has_its_own_timestep_and_no_other_sample() -> None:
    unet, x_t = seeded_unet(NARROW), values(2, 8, 4, 4)
    both = unet(x_t, timesteps(1, 400))
    torch.testing.assert_close(both[:1], unet(x_t[:1], timesteps(1)))
    torch.testing.assert_close(both[1:], unet(x_t[1:], timesteps(400)))


@pytest.mark.parametrize(("order", "rectified"), [("norm-act", True), ("act-norm", False)])
def test_normalisation_and_activation_follow_in_the_order_given(
    order: str, rectified: bool
) -> None:
    unet, inputs = seeded_unet(replace(NARROW, order=order)), []
    block = unet.down[0]
    nn.init.zeros_(block.time.weight)
    nn.init.zeros_(block.time.bias)
    nn.init.constant_(block.norm1.bias, -10)
    block.conv2.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    unet(values(1, 8, 2, 2), timesteps(3))
    assert bool((inputs[0] >= 0).all()) is rectified


@pytest.mark.parametrize("layers", [(), (3,), (-1,), (0, 3)])
def test_layers_without_a_tap_are_refused(layers: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"layers=.*must lie in 0\.\.2"):
        PAPER.check_layers(layers)


def test_every_layer_with_a_tap_is_accepted() -> None:
    PAPER.check_layers((0, 1, 2))


def test_the_timestep_embedding_equals_its_formula() -> None:
    embed = TimestepEmbedding(4)
    nn.init.eye_(embed.linear.weight)
    nn.init.zeros_(embed.linear.bias)
    slow = 3 * 1e-4
    waves = torch.tensor([[3.0, slow]])
    expected = torch.cat([waves.sin(), waves.cos()], dim=1).relu()
    torch.testing.assert_close(embed(timesteps(3)), expected)
