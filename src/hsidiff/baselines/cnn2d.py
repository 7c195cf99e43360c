"""2-D convolutional network on patches, bands as channels, as in SpectralDiff's comparison.

From the paper (Chen et al., arXiv 2304.05961): three blocks of a 3 x 3 convolution, batch
normalisation and ReLU with 8, 16 and 32 filters. It gives no patch, padding or output layer. Ours:
no padding, so that a patch of 7 x 7 pixels (that of the miniGCN code's 2-D CNN) shrinks to the one
pixel it surrounds; what a larger patch leaves is averaged; then a linear layer. Training follows
the public miniGCN code: Adam at 1e-3, 200 epochs, batches of 32, an L2 term of 1e-3.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import nn

from hsidiff.about import About
from hsidiff.baselines.patch_network import NetworkBaseline, half_patch

WIDTHS = (8, 16, 32)


@dataclass(repr=False, eq=False)
class SpatialCNN(NetworkBaseline):
    """2-D CNN: a patch, three blocks, class scores.

    Attributes:
        patch_px: side of the patch, odd, at least 7.
    """

    patch_px: int = 7

    name: ClassVar[str] = "cnn-2d"
    about: ClassVar[About] = About("baseline", "Chen et al., IEEE TGRS", 2023)

    @property
    def halo_px(self) -> int:
        """Half the patch."""
        return half_patch(self.patch_px, 2 * len(WIDTHS) + 1)

    def _network(self, n_bands: int, n_classes: int) -> nn.Module:
        blocks: list[nn.Module] = []
        for width_in, width in pairwise((n_bands, *WIDTHS)):
            blocks += [nn.Conv2d(width_in, width, 3), nn.BatchNorm2d(width), nn.ReLU()]
        output = nn.Linear(WIDTHS[-1], n_classes)
        return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), output)
