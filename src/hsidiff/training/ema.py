"""A running average of a network's weights, smoother than the last step's."""

import copy

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average with a warm-up, so that short trainings are not held back.

    Source: Karras et al. 2022 (EDM) for the average; the warm-up ``min(decay, (1 + n) / (10 + n))``
    is the usual one of TensorFlow's ExponentialMovingAverage.

    Attributes:
        network: a copy of the network that holds the averaged weights.
        n_updates: how many weights are in the average.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.n_updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the weights of ``network``."""
        self.n_updates += 1
        decay = min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        for average, new in zip(
            self.network.state_dict().values(), network.state_dict().values(), strict=True
        ):
            if average.is_floating_point():
                average.lerp_(new, 1 - decay)
            else:
                average.copy_(new)
