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

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (batch, n_tokens, width) to the same."""
        tokens = tokens + self._attend(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))

    def _attend(self, tokens: Tensor) -> Tensor:
        joint = self.query_key_value(tokens).unflatten(-1, (3, self.n_heads, -1))
        query, key, value = joint.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.merge(attended.transpose(1, 2).flatten(2))
