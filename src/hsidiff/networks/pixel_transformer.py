"""SpectralDiff's classifier: the pixels of a patch are the tokens of a small transformer.

Source: SpectralDiff (Chen, Yue, Fang and Xia), section III-D and its published code.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from hsidiff.networks.attention import AttentionBlock


@dataclass(frozen=True)
class TransformerShape:
    """What differs between the paper's transformer and the published code's.

    Attributes:
        embedding: "linear" (paper: one linear layer) or "convolution" (code: 3 x 3, BN, ReLU).
        width: channels of a token.
        n_blocks: paper 5, code 2.
        n_heads: paper 4, code 20.
        head_width: channels of a head; the paper does not say, the code has 64.
        mlp_width: hidden channels of a block's MLP; the paper does not say, the code has 8.
    """

    embedding: Literal["linear", "convolution"] = "linear"
    width: int = 64
    n_blocks: int = 5
    n_heads: int = 4
    head_width: int = 16
    mlp_width: int = 8


class PixelTransformer(nn.Module):
    """Patches (batch, channels, patch_px, patch_px) to class scores (batch, n_classes)."""

    def __init__(
        self, shape: TransformerShape, patch_px: int, n_channels: int, n_classes: int
    ) -> None:
        super().__init__()
        width = shape.width
        if shape.embedding == "convolution":
            self.embed: nn.Module = nn.Sequential(
                nn.Conv2d(n_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
            )
        else:
            self.embed = nn.Conv2d(n_channels, width, 1)
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, patch_px**2 + 1, width))
        self.position_scale = nn.Parameter(torch.tensor(0.01))
        self.blocks = nn.Sequential(
            *(
                AttentionBlock(width, shape.n_heads, shape.head_width, shape.mlp_width)
                for _ in range(shape.n_blocks)
            )
        )
        self.head = nn.Sequential(
            nn.Linear(width, 128),
            nn.BatchNorm1d(128),
            nn.Dropout(0.1),
            nn.ReLU(),
            nn.Linear(128, n_classes),
        )

    def forward(self, patches: Tensor) -> Tensor:
        """Class scores (before the softmax)."""
        pixels = self.embed(patches).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(pixels), -1, -1), pixels], dim=1)
        tokens = self.blocks[:-1](tokens + self.position_scale * self.position)
        return self.head(self.blocks[-1](tokens, n_kept=1)[:, 0])
