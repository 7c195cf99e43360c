"""What stands behind classifiers of patches: an average over several, and calibrated scores."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


class AveragedNetworks(nn.Module):
    """Several networks whose probabilities are averaged.

    The scores (batch, n_classes) are the logarithms of these averages.
    """

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, patches: Tensor) -> Tensor:
        """Class scores (before the softmax)."""
        each = torch.stack([network(patches).log_softmax(dim=-1) for network in self.networks])
        return each.logsumexp(dim=0) - math.log(len(self.networks))


class Sharpened(nn.Module):
    """A network whose scores are multiplied by one factor, which makes it more or less sure."""

    def __init__(self, network: nn.Module, factor: float = 1.0) -> None:
        super().__init__()
        self.network = network
        self.factor: Tensor
        self.register_buffer("factor", torch.tensor(factor))

    def forward(self, patches: Tensor) -> Tensor:
        """Class scores (before the softmax)."""
        return self.factor * self.network(patches)
