"""The block that every transformer of the package is made of."""

from torch import Tensor, nn
from torch.nn import functional


class AttentionBlock(nn.Module):
    """Self-attention and an MLP, each with normalisation before and a skip around it.

    The heads together may be wider than a token. Queries, keys and values have no bias.
    """

    def __init__(
        self, width: int, n_heads: int, head_width: int, mlp_width: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        inner = n_heads * head_width
        self.n_heads = n_heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * inner, bias=False)
        self.merge = nn.Sequential(nn.Linear(inner, width), nn.Dropout(dropout))
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp_width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(mlp_width, width),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Tensor, n_kept: int | None = None) -> Tensor:
        """Tokens (batch, n_tokens, width) to the same.

        Of the last block often one token only is wanted: the first ``n_kept`` are the same without
        the others, and cost less.
        """
        kept = tokens[:, :n_kept]
        kept = kept + self._attend(self.norm1(tokens), n_kept)
        return kept + self.mlp(self.norm2(kept))

    def _attend(self, tokens: Tensor, n_kept: int | None) -> Tensor:
        """What the first ``n_kept`` tokens take from all of them."""
        if n_kept is None:
            query, key, value = self._heads(self.query_key_value(tokens), 3)
        else:
            weights = self.query_key_value.weight
            inner = len(weights) // 3
            (query,) = self._heads(functional.linear(tokens[:, :n_kept], weights[:inner]), 1)
            key, value = self._heads(functional.linear(tokens, weights[inner:]), 2)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.merge(attended.transpose(1, 2).flatten(2))

    def _heads(self, values: Tensor, n_parts: int) -> Tensor:
        """(batch, n_tokens, parts of all heads) to (part, batch, head, token, channel)."""
        return values.unflatten(-1, (n_parts, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
