"""Small labelled values of three classes, and networks for heads on patches."""

import numpy as np
import torch
from torch import Tensor, nn

from hsidiff.heads.head import LabelledValues
from hsidiff.kinds import Kinds
from hsidiff.scenes.window import Window

N_CLASSES = 3
WINDOW = Window(4, 9, 5, 6)


def labelled_of(
    values: np.ndarray, classes: np.ndarray, kinds: Kinds, groups: np.ndarray | None = None
) -> LabelledValues:
    """Values (n, side, side, n_values), or (n, n_values) of single pixels; each a group unless
    said otherwise."""
    n = len(classes)
    patches = values if values.ndim == 4 else values[:, None, None]
    places = np.arange(n)
    groups = places if groups is None else groups
    n_classes = int(classes.max()) + 1
    return LabelledValues(patches, classes, 20 * places, places, groups, kinds, n_classes)


def patches_of_classes(
    n: int = 60, side: int = 3, kinds: Kinds | None = None, seed: int = 0
) -> LabelledValues:
    """Patches of noise whose middle pixel scores its class highest, mostly, in the first values."""
    kinds = {"features": (N_CLASSES,)} if kinds is None else kinds
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(n) % N_CLASSES)
    n_values = sum(map(sum, kinds.values()))
    patches = rng.normal(0, 1, (n, side, side, n_values)).astype(np.float32)
    patches[np.arange(n), side // 2, side // 2, classes] += 2
    return labelled_of(patches, classes, kinds, groups=np.arange(n) // 4)


class Scores(nn.Module):
    """Takes the middle pixel's values for scores, times a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, patches: Tensor) -> Tensor:
        middle = patches.shape[-1] // 2
        return self.factor * patches[:, :N_CLASSES, middle, middle]


def linear_network(widths: tuple[int, ...], patch_px: int, n_classes: int) -> nn.Module:
    """A small network whose weights are drawn, and that has some to learn."""
    return nn.Sequential(nn.Flatten(), nn.Linear(sum(widths) * patch_px**2, n_classes))
