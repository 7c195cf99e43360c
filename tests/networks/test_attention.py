import pytest
import torch

from hsidiff.networks.attention import AttentionBlock
from hsidiff.networks.spectral_transformer import EncoderShape, FusedEncoder


def tokens(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("n_kept", [1, 3, 7])
def test_the_kept_tokens_are_those_of_all(n_kept: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = AttentionBlock(8, n_heads=2, head_width=6, mlp_width=5)
    kept = block(tokens(2, 7, 8), n_kept)
    torch.testing.assert_close(kept, block(tokens(2, 7, 8))[:, :n_kept])


@pytest.mark.parametrize("training", [False, True])
def test_an_encoder_keeps_the_first_tokens(training: bool) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        shape = EncoderShape(width=8, n_blocks=3, n_heads=2, head_width=4, dropout=0.0)
        encoder = FusedEncoder(shape, 7).train(training)
    kept = encoder(tokens(2, 7, 8), n_kept=1)
    torch.testing.assert_close(kept, encoder(tokens(2, 7, 8))[:, :1])
