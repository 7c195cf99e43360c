"""How much arithmetic there is, counted by PyTorch, and how near it comes to the ceiling."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

Network = TypeVar("Network", bound=nn.Module)


def count_flops(build: Callable[[], Network], compute: Callable[[Network], object]) -> int:
    """Floating-point operations of ``compute``, a multiply-accumulate counted as two.

    Both happen on PyTorch's "meta" device (see :mod:`hsidiff.networks.counting`). Convolutions,
    matrix products and attention are counted; normalisation, activations and optimiser are not.
    """
    with torch.device("meta"):
        network = build()
        with FlopCounterMode(display=False) as counter:
            compute(network)
    return int(counter.get_total_flops())


def add_shares(part: Any, ceiling: dict[str, Any]) -> None:
    """Add to every timing that has ``flops`` its speed and its shares of the ceiling, in place.

    Args:
        part: rows of a result, nested dictionaries and lists.
        ceiling: ``fp32_gflop_per_s`` and ``bf16_gflop_per_s``.
    """
    if isinstance(part, list):
        for item in part:
            add_shares(item, ceiling)
    if not isinstance(part, dict):
        return
    for item in list(part.values()):
        add_shares(item, ceiling)
    if {"flops", "min_s"} <= part.keys():
        speed = part["flops"] / part["min_s"] / 1e9
        part["gflop_per_s"] = speed
        part["share_of_fp32"] = speed / ceiling["fp32_gflop_per_s"]
        part["share_of_bf16"] = speed / ceiling["bf16_gflop_per_s"]
