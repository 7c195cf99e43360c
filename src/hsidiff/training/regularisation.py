"""What keeps a network from learning few labelled patches by heart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hsidiff.networks.averaged import AveragedNetworks


@dataclass(frozen=True)
class Regularisation:
    """How a classifier of patches is guarded against few labels; by default not at all.

    Weight decay and the average over the last weights belong to its
    :class:`~hsidiff.training.loop.Recipe`.

    Attributes:
        turned: whether each patch is turned and mirrored at random, to one of its eight positions,
            whenever it is learned from.
        dropped_pairs: share of the features' (timestep, layer) pairs that are set to 0 at random in
            each patch, at least one of which stays; the others are scaled up to make up for them.
        label_smoothing: share of each label that goes to all classes alike.
        n_networks: how many are trained from other weights; their probabilities are averaged.
    """

    turned: bool = False
    dropped_pairs: float = 0.0
    label_smoothing: float = 0.0
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
        guards: list[nn.Module] = []
        if self.turned:
            guards.append(RandomTurns())
        if self.dropped_pairs > 0:
            guards.append(DroppedPairs(self.dropped_pairs, widths))
        return nn.Sequential(*guards, make()) if guards else make()

    def targets(self, classes: np.ndarray, n_classes: int) -> np.ndarray:
        """What to learn: ``classes`` (n,) int, or smoothed labels (n, n_classes) float32."""
        if self.label_smoothing == 0:
            return classes
        kept = (1 - self.label_smoothing) * np.eye(n_classes, dtype=np.float32)[classes]
        return kept + np.float32(self.label_smoothing / n_classes)


def networks_of(network: nn.Module) -> list[nn.Module]:
    """Those of an average, each to be trained by itself; or the only one."""
    return list(network.networks) if isinstance(network, AveragedNetworks) else [network]


class RandomTurns(nn.Module):
    """While training, each patch in one of its eight positions: quarter turns and mirror images."""

    def forward(self, patches: Tensor) -> Tensor:
        """Turned patches, of the same shape; in evaluation mode the patches themselves."""
        if not self.training:
            return patches
        # Drawn on the CPU, so that the positions are those of every machine.
        positions = torch.randint(0, 8, (len(patches),)).tolist()
        return torch.stack([turned(patch, p) for patch, p in zip(patches, positions, strict=True)])


def turned(patch: Tensor, position: int) -> Tensor:
    """A square patch (components, rows, cols) in one of its eight positions, 0 as it is."""
    patch = torch.rot90(patch, position % 4, (1, 2))
    return patch.flip(2) if position >= 4 else patch


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
