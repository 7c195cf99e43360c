"""SpectralDiff's classifier: the pixels of a patch are the tokens of a small transformer.

Source: SpectralDiff (Chen, Yue, Fang and Xia), section III-D and its published code.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class TransformerShape:
    """What differs between the paper's transformer and the published code's.

    Attributes:
        patch_px: side of the patch, odd; the paper does not say, the code has 13.
        embedding: "linear" (paper: one linear layer) or "convolution" (code: 3 x 3, BN, ReLU).
        width: channels of a token.
        n_blocks: paper 5, code 2.
        n_heads: paper 4, code 20.
        head_width: channels of a head; the paper does not say, the code has 64.
        mlp_width: hidden channels of a block's MLP; the paper does not say, the code has 8.
    """

    patch_px: int = 13
    embedding: Literal["linear", "convolution"] = "linear"
    width: int = 64
    n_blocks: int = 5
    n_heads: int = 4
    head_width: int = 16
    mlp_width: int = 8


class PixelTransformer(nn.Module):
    """Patches (batch, channels, patch_px, patch_px) to class scores (batch, n_classes)."""

    def __init__(self, shape: TransformerShape, n_channels: int, n_classes: int) -> None:
        super().__init__()
        width = shape.width
        if shape.embedding == "convolution":
            self.embed: nn.Module = nn.Sequential(
                nn.Conv2d(n_channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
            )
        else:
            self.embed = nn.Conv2d(n_channels, width, 1)
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, shape.patch_px**2 + 1, width))
        self.position_scale = nn.Parameter(torch.tensor(0.01))
        self.blocks = nn.Sequential(*(_Block(shape) for _ in range(shape.n_blocks)))
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
        tokens = self.blocks(tokens + self.position_scale * self.position)
        return self.head(tokens[:, 0])


class _Block(nn.Module):
    """Self-attention and an MLP, each with normalisation before and a skip around it."""

    def __init__(self, shape: TransformerShape) -> None:
        super().__init__()
        inner = shape.n_heads * shape.head_width
        self.n_heads = shape.n_heads
        self.norm1, self.norm2 = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.query_key_value = nn.Linear(shape.width, 3 * inner, bias=False)
        self.merge = nn.Linear(inner, shape.width)
        self.mlp = nn.Sequential(
            nn.Linear(shape.width, shape.mlp_width),
            nn.GELU(),
            nn.Linear(shape.mlp_width, shape.width),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self._attend(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))

    def _attend(self, tokens: Tensor) -> Tensor:
        joint = self.query_key_value(tokens).unflatten(-1, (3, self.n_heads, -1))
        query, key, value = joint.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.merge(attended.transpose(1, 2).flatten(2))
