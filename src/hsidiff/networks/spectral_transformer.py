"""SpectralFormer's transformer: tokens in, class scores out, with cross-layer adaptive fusion.

Source: Hong et al., "SpectralFormer: Rethinking Hyperspectral Image Classification With
Transformers", IEEE TGRS 60 (2022), doi 10.1109/TGRS.2021.3130716, and its published code.

How tokens are made is not the transformer's business: :class:`NeighbouringBands` makes
SpectralFormer's own (group-wise spectral embedding, without its linear layer).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.networks.attention import AttentionBlock


@dataclass(frozen=True)
class EncoderShape:
    """Shape of the transformer; the defaults are the paper's.

    Attributes:
        width: channels of a token.
        n_blocks: blocks of attention and MLP.
        n_heads: of each attention.
        head_width: channels of a head.
        mlp_width: hidden channels of a block's MLP.
        dropout: share of values that are dropped while training.
        fusion: "caf" mixes the input of the block before last into the tokens (cross-layer
            adaptive fusion), "none" is a plain transformer.
    """

    width: int = 64
    n_blocks: int = 5
    n_heads: int = 4
    head_width: int = 16
    mlp_width: int = 8
    dropout: float = 0.1
    fusion: Literal["caf", "none"] = "caf"

    def block(self) -> AttentionBlock:
        """A new block of this shape."""
        return AttentionBlock(
            self.width, self.n_heads, self.head_width, self.mlp_width, self.dropout
        )


class NeighbouringBands(nn.Module):
    """Patches (batch, bands, rows, cols) to one token per band, (batch, bands, n * rows * cols).

    A band's token holds the patch in that band and in its neighbours, ``n`` in all. Beyond the ends
    the end band is repeated. The published code goes on at the other end of the spectrum, whose
    bands are no neighbours.
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n = n

    def forward(self, patches: Tensor) -> Tensor:
        """Tokens (batch, bands, values) of patches (batch, bands, side, side), in that order."""
        half = self.n // 2
        pixels = functional.pad(patches.flatten(2).transpose(1, 2), (half, half), mode="replicate")
        return pixels.unfold(2, self.n, 1).permute(0, 2, 3, 1).flatten(2)


class SpectralTransformer(nn.Module):
    """Tokens (batch, n_tokens, n_values) to class scores (batch, n_classes)."""

    def __init__(self, shape: EncoderShape, n_tokens: int, n_values: int, n_classes: int) -> None:
        super().__init__()
        self.embed = nn.Linear(n_values, shape.width)
        self.class_token = nn.Parameter(torch.randn(1, 1, shape.width))
        self.position = nn.Parameter(torch.randn(1, n_tokens + 1, shape.width))
        self.dropout = nn.Dropout(shape.dropout)
        self.encoder = FusedEncoder(shape, n_tokens + 1)
        self.head = nn.Sequential(nn.LayerNorm(shape.width), nn.Linear(shape.width, n_classes))

    def forward(self, values: Tensor) -> Tensor:
        """Class scores (before the softmax)."""
        embedded = self.embed(values)
        tokens = torch.cat([self.class_token.expand(len(embedded), -1, -1), embedded], dim=1)
        tokens = self.encoder(self.dropout(tokens + self.position), n_kept=1)
        return self.head(tokens[:, 0])


class FusedEncoder(nn.Module):
    """Blocks of a transformer, (batch, n_tokens, width) to the same, with CAF between them.

    With blocks counted from 0, before block l >= 2 the tokens and the input of block l - 2 (before
    that one's own fusion, as in the published code) are fused: a convolution with kernel (1, 2)
    over (width, {tokens, skip}) whose channels are the tokens, so that it mixes tokens as well.
    """

    def __init__(self, shape: EncoderShape, n_tokens: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(shape.block() for _ in range(shape.n_blocks))
        n_fusions = max(shape.n_blocks - 2, 0) if shape.fusion == "caf" else 0
        self.fusions = nn.ModuleList(
            nn.Conv2d(n_tokens, n_tokens, (1, 2)) for _ in range(n_fusions)
        )

    def forward(self, tokens: Tensor, n_kept: int | None = None) -> Tensor:
        """Tokens (batch, n, width) after the last block; in evaluation only ``n_kept`` of them."""
        # While training all are, for dropout draws its numbers for all of them.
        last = None if self.training else n_kept
        inputs: list[Tensor] = []
        for layer, block in enumerate(self.blocks):
            inputs.append(tokens)
            if self.fusions and layer >= 2:
                pair = torch.stack([tokens, inputs[layer - 2]], dim=-1)
                tokens = self.fusions[layer - 2](pair).squeeze(-1)
            tokens = block(tokens, last if layer == len(self.blocks) - 1 else None)
        return tokens[:, :n_kept]
