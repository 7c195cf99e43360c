"""What a network costs, counted by PyTorch itself."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hsidiff.about import Cost

Network = TypeVar("Network", bound=nn.Module)


def cost_of(
    build: Callable[[], Network], compute: Callable[[Network], object], n_pixels: int = 1
) -> Cost:
    """Build a network, let it compute, and count.

    Both happen on PyTorch's "meta" device, whose tensors have a shape and no values: a network of a
    paper's size is counted in no time, and nothing is drawn. On a CPU the count would miss the
    attention that PyTorch computes in one piece.

    Args:
        build: makes the network.
        compute: is given the network in evaluation mode, and feeds it what it makes itself
            (``torch.empty``), as mapping would.
        n_pixels: how many pixels of a map that is for.
    """
    with torch.device("meta"), torch.no_grad():
        network = build().eval()
        with FlopCounterMode(display=False) as counter:
            compute(network)
    n_parameters = sum(weights.numel() for weights in network.parameters())
    # A multiply-accumulate is two operations.
    return Cost(n_parameters, round(counter.get_total_flops() / 2 / n_pixels))
