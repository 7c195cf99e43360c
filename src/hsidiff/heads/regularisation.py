"""What keeps a network from learning few labelled patches by heart."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Regularisation:
    """How a classifier of patches is guarded against few labels; by default not at all.

    Weight decay and the average over the last weights belong to its
    :class:`~hsidiff.training.loop.Recipe`.

    Attributes:
        dropped_pairs: share of the features' (timestep, layer) pairs that are set to 0 at random in
            each patch, at least one of which stays; the others are scaled up to make up for them.
        n_networks: how many are trained from other weights; their probabilities are averaged.
    """

    dropped_pairs: float = 0.0
    n_networks: int = 1

    def around(self, make: Callable[[], nn.Module], widths: Sequence[int]) -> nn.Module:
        """New networks with what guards them; a single one without guards is ``make()``.

        Args:
            make: gives a new network, from patches (batch, components, rows, cols) to scores.
            widths: components of each (timestep, layer), in the order of the patches.
        """
        networks = [self._around_one(make, widths) for _ in range(self.n_networks)]
        return networks[0] if self.n_networks == 1 else AveragedNetworks(networks)

    def _around_one(self, make: Callable[[], nn.Module], widths: Sequence[int]) -> nn.Module:
        if self.dropped_pairs == 0:
            return make()
        return nn.Sequential(DroppedPairs(self.dropped_pairs, widths), make())


def networks_of(network: nn.Module) -> list[nn.Module]:
    """Those of an average, each to be trained by itself; or the only one."""
    return list(network.networks) if isinstance(network, AveragedNetworks) else [network]


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


class DroppedPairs(nn.Module):
    """While training, whole (timestep, layer) pairs of a patch are 0 at random.

    So no single pair is relied upon. At least one is kept; the kept are scaled up as in dropout.
    """

    def __init__(self, share: float, widths: Sequence[int]) -> None:
        super().__init__()
        self.share = share
        self.widths = tuple(widths)

    def forward(self, patches: Tensor) -> Tensor:
        """Patches of the same shape; in evaluation mode the patches themselves."""
        if not self.training:
            return patches
        chances = torch.rand(len(patches), len(self.widths))
        kept = (chances >= self.share) | (chances == chances.amax(dim=1, keepdim=True))
        factors = kept * (len(self.widths) / kept.sum(dim=1, keepdim=True))
        each = factors.repeat_interleave(torch.tensor(self.widths), dim=1)
        return patches * each[:, :, None, None].to(patches)
