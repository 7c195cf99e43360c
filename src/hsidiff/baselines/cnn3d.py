"""3-D convolutional network on patches: it convolves over the spectrum as over space.

From the paper (SpectralDiff's comparison, Chen et al., arXiv 2304.05961): three blocks of a 3 x 3 x
3 convolution, batch normalisation, ReLU and average pooling with 8, 16 and 32 filters. It gives no
patch, padding, size of the averages or output layer. Ours: zeros around the patch, averages of 2 x
2 x 2 (of what there is at the ends, so that any number of bands works), and a linear layer that
sees every place that is left:

| step (200 bands, patch 7) | shape (filters x bands x rows x cols) |
|---------------------------|---------------------------------------|
| patch                     | 1 x 200 x 7 x 7                       |
| block 1                   | 8 x 100 x 4 x 4                       |
| block 2                   | 16 x 50 x 2 x 2                       |
| block 3                   | 32 x 25 x 1 x 1                       |

Training follows the public miniGCN code's CNNs: Adam at 1e-3, 200 epochs, batches of 32, an L2 term
of 1e-3.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from torch import nn

from hsidiff.about import About
from hsidiff.baselines.patch_network import NetworkBaseline, half_patch

WIDTHS = (8, 16, 32)


@dataclass(repr=False, eq=False)
class SpectralSpatialCNN(NetworkBaseline):
    """3-D CNN: a patch, three blocks that halve each axis, class scores.

    Attributes:
        patch_px: side of the patch, odd.
    """

    patch_px: int = 7

    name: ClassVar[str] = "cnn-3d"
    about: ClassVar[About] = About("baseline", "Chen et al., IEEE TGRS", 2023)

    @property
    def halo_px(self) -> int:
        """Half the patch."""
        return half_patch(self.patch_px)

    def _network(self, n_bands: int, n_classes: int) -> nn.Module:
        blocks: list[nn.Module] = []
        bands, side = n_bands, self.patch_px
        for width_in, width in pairwise((1, *WIDTHS)):
            # PyTorch refuses to pool where fewer places are left than it averages.
            pool = nn.AvgPool3d(
                (min(2, bands), min(2, side), min(2, side)), stride=2, ceil_mode=True
            )
            convolution = nn.Conv3d(width_in, width, 3, padding=1)
            blocks += [convolution, nn.BatchNorm3d(width), nn.ReLU(), pool]
            bands, side = math.ceil(bands / 2), math.ceil(side / 2)
        output = nn.Linear(WIDTHS[-1] * bands * side**2, n_classes)
        return nn.Sequential(nn.Unflatten(1, (1, n_bands)), *blocks, nn.Flatten(), output)
