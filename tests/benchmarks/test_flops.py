"""Operations are counted as they are by hand."""

import torch
from torch import nn

from benchmarks.flops import count_flops
from benchmarks.references import PlainUNet
from hsidiff.networks.spectral_unet import UNetShape


def test_a_multiply_accumulate_counts_as_two() -> None:
    found = count_flops(lambda: nn.Linear(30, 20), lambda layer: layer(torch.empty(5, 30)))
    assert found == 2 * 5 * 30 * 20


def test_the_way_back_costs_twice_as_much() -> None:
    def forwards_and_back(layer: nn.Module) -> None:
        layer(torch.empty(5, 30, requires_grad=True)).sum().backward()

    assert count_flops(lambda: nn.Linear(30, 20), forwards_and_back) == 3 * 2 * 5 * 30 * 20


def test_the_paper_network_costs_what_was_computed_by_hand() -> None:
    # 44.02 G multiply-accumulates for a patch of 16 x 16 pixels and 200 bands.
    x_t, t = (1, 200, 16, 16), (1,)
    found = count_flops(
        lambda: PlainUNet(UNetShape()),
        lambda network: network(torch.empty(x_t), torch.empty(t)),
    )
    assert abs(found / 2 / 44.02e9 - 1) < 0.002
