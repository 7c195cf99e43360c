"""1-D convolutional network on single spectra, the smallest network of SpectralDiff's comparison.

From the paper (Chen et al., arXiv 2304.05961): one convolution along the spectrum, batch
normalisation, ReLU, average pooling and an output layer. The paper names no sizes. Ours: 20 filters
of 11 bands, zeros beyond both ends so that any number of bands works, averages of 3 bands, and an
output layer that sees every place of the spectrum. Training, which it leaves open as well, follows
the public miniGCN code: Adam at 1e-3, 200 epochs, batches of 32, an L2 term of 1e-3.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from hsidiff.about import About
from hsidiff.baselines.patch_network import NetworkBaseline

N_FILTERS = 20
KERNEL_BANDS = 11
POOL_BANDS = 3


@dataclass(repr=False, eq=False)
class SpectralCNN(NetworkBaseline):
    """1-D CNN: a spectrum, 20 filtered spectra, their averages, class scores."""

    name: ClassVar[str] = "cnn-1d"
    about: ClassVar[About] = About("baseline", "Chen et al., IEEE TGRS", 2023)

    def _network(self, n_bands: int, n_classes: int) -> nn.Module:
        n_pooled = -(-n_bands // POOL_BANDS)
        return nn.Sequential(
            nn.Flatten(),  # (batch, bands, 1, 1) to (batch, bands)
            nn.Unflatten(1, (1, n_bands)),
            nn.Conv1d(1, N_FILTERS, KERNEL_BANDS, padding=KERNEL_BANDS // 2),
            nn.BatchNorm1d(N_FILTERS),
            nn.ReLU(),
            nn.AvgPool1d(POOL_BANDS, ceil_mode=True),
            nn.Flatten(),
            nn.Linear(N_FILTERS * n_pooled, n_classes),
        )
