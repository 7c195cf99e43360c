import pytest
import torch
from torch import nn

from hsidiff.networks.spectral_transformer import (
    EncoderShape,
    FusedEncoder,
    NeighbouringBands,
    SpectralTransformer,
)

SMALL = EncoderShape(width=8, n_blocks=5, n_heads=2, head_width=4, mlp_width=6)
N_TOKENS = 7


def values(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def make_encoder(shape: EncoderShape = SMALL) -> FusedEncoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FusedEncoder(shape, N_TOKENS).eval()


def make_transformer() -> SpectralTransformer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SpectralTransformer(SMALL, 5, 4, 3).eval()


@torch.no_grad()
def set_fusion(encoder: FusedEncoder, of_tokens: float, of_skip: float) -> None:
    """Let each fusion be ``of_tokens * tokens + of_skip * skip``, without mixing tokens."""
    for fusion in encoder.fusions:
        fusion.weight.zero_()
        fusion.weight[:, :, 0, 0] = of_tokens * torch.eye(N_TOKENS)
        fusion.weight[:, :, 0, 1] = of_skip * torch.eye(N_TOKENS)
        fusion.bias.zero_()


# Cross-layer adaptive fusion


def test_each_block_from_the_third_on_has_a_fusion_over_tokens_and_skip() -> None:
    fusions = make_encoder().fusions
    assert [tuple(fusion.weight.shape) for fusion in fusions] == 3 * [(N_TOKENS, N_TOKENS, 1, 2)]
    assert len(FusedEncoder(EncoderShape(n_blocks=2), N_TOKENS).fusions) == 0
    assert len(FusedEncoder(EncoderShape(fusion="none"), N_TOKENS).fusions) == 0


@pytest.mark.parametrize("n_blocks", [1, 2, 3, 5])
@pytest.mark.parametrize("fusion", ["caf", "none"])
def test_the_encoder_keeps_the_shape_of_the_tokens(n_blocks: int, fusion: str) -> None:
    encoder = make_encoder(EncoderShape(n_blocks=n_blocks, fusion=fusion))
    assert encoder(values(2, N_TOKENS, 64)).shape == (2, N_TOKENS, 64)


def test_fusion_that_takes_the_tokens_alone_is_no_fusion() -> None:
    encoder, tokens = make_encoder(), values(3, N_TOKENS, 8)
    expected = nn.Sequential(*encoder.blocks)(tokens)
    assert not torch.allclose(encoder(tokens), expected)
    set_fusion(encoder, 1, 0)
    torch.testing.assert_close(encoder(tokens), expected)


def test_fusion_that_takes_the_skip_alone_goes_back_to_the_input_of_the_block_before_last() -> None:
    encoder, x_0 = make_encoder(), values(3, N_TOKENS, 8)
    set_fusion(encoder, 0, 1)
    block = list(encoder.blocks)
    # Block 2 sees the input of block 0. Block 3 that of block 1. Block 4 that of block 2, as it
    # was before its own fusion: the output of block 1.
    x_1 = block[0](x_0)
    x_2 = block[1](x_1)
    torch.testing.assert_close(encoder(x_0), block[4](x_2))
    three = make_encoder(EncoderShape(8, 3, 2, 4, 6))
    set_fusion(three, 0, 1)
    torch.testing.assert_close(three(x_0), three.blocks[2](x_0))
    four = make_encoder(EncoderShape(8, 4, 2, 4, 6))
    set_fusion(four, 0, 1)
    torch.testing.assert_close(four(x_0), four.blocks[3](four.blocks[0](x_0)))


def test_a_fusion_is_its_formula() -> None:
    """out[i] = bias[i] + sum over tokens j of w[i, j, 0] tokens[j] + w[i, j, 1] skip[j]."""
    encoder, x_0 = make_encoder(EncoderShape(8, 3, 2, 4, 6)), values(2, N_TOKENS, 8)
    tokens = encoder.blocks[1](encoder.blocks[0](x_0))
    weight, bias = encoder.fusions[0].weight[:, :, 0], encoder.fusions[0].bias
    fused = torch.einsum("ij,bjc->bic", weight[..., 0], tokens)
    fused += torch.einsum("ij,bjc->bic", weight[..., 1], x_0) + bias[:, None]
    torch.testing.assert_close(encoder(x_0), encoder.blocks[2](fused))


# The whole


def parameters_by_hand(n_tokens: int, n_values: int, n_classes: int, *, caf: bool) -> int:
    embed = n_values * 64 + 64
    class_token_and_positions = 64 + (n_tokens + 1) * 64
    attention = 2 * 64 + 64 * 3 * 64 + (64 * 64 + 64)
    mlp = 2 * 64 + (64 * 8 + 8) + (8 * 64 + 64)
    fusion = 2 * (n_tokens + 1) ** 2 + (n_tokens + 1)
    head = 2 * 64 + 64 * n_classes + n_classes
    blocks = 5 * (attention + mlp) + 3 * fusion * caf
    return embed + class_token_and_positions + blocks + head


@pytest.mark.parametrize("fusion", ["caf", "none"])
def test_the_papers_shape_has_the_published_number_of_parameters(fusion: str) -> None:
    network = SpectralTransformer(EncoderShape(fusion=fusion), 200, 3 * 7 * 7, 16)
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert n_parameters == parameters_by_hand(200, 147, 16, caf=fusion == "caf")
    if fusion == "caf":
        assert n_parameters == pytest.approx(0.356e6, abs=500)


def test_the_scores_of_a_sample_do_not_depend_on_its_batch() -> None:
    network, batch = make_transformer(), values(6, 5, 4)
    assert network(batch).shape == (6, 3)
    torch.testing.assert_close(network(batch)[2:3], network(batch[2:3]))


def test_every_token_counts_and_so_does_its_place() -> None:
    network, batch = make_transformer(), values(2, 5, 4)
    batch.requires_grad_()
    network(batch).abs().sum().backward()
    assert batch.grad is not None
    assert (batch.grad.abs().sum(dim=2) > 0).all()
    assert not torch.allclose(network(batch), network(batch.flip(1)))


def test_dropout_acts_in_training_only() -> None:
    network, batch = make_transformer(), values(2, 5, 4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.equal(network.train()(batch), network(batch))
    assert torch.equal(network.eval()(batch), network(batch))


def test_a_block_is_attention_and_mlp_before_normalisation() -> None:
    """The same block written out, head by head."""
    block, tokens = SMALL.block().eval(), values(2, N_TOKENS, 8)
    query, key, value = block.query_key_value(block.norm1(tokens)).chunk(3, dim=-1)
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        affinity = query[..., head] @ key[..., head].transpose(1, 2) / 4**0.5
        heads.append(affinity.softmax(dim=-1) @ value[..., head])
    attended = tokens + block.merge(torch.cat(heads, dim=-1))
    torch.testing.assert_close(block(tokens), attended + block.mlp(block.norm2(attended)))


# Neighbouring bands


def test_a_token_holds_its_band_and_its_neighbours_and_repeats_the_end_band() -> None:
    spectrum = torch.tensor([1.0, 2, 3, 4]).view(1, 4, 1, 1)
    tokens = NeighbouringBands(3)(spectrum)
    assert tokens[0].tolist() == [[1, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 4]]
    assert NeighbouringBands(1)(spectrum)[0].tolist() == [[1], [2], [3], [4]]


def test_a_token_holds_all_pixels_of_the_patch_in_each_of_its_bands() -> None:
    patches = values(2, 6, 3, 3)
    tokens = NeighbouringBands(5)(patches)
    assert tokens.shape == (2, 6, 5 * 9)
    for band in range(6):
        near = [min(max(band + step, 0), 5) for step in (-2, -1, 0, 1, 2)]
        torch.testing.assert_close(tokens[:, band], patches[:, near].flatten(1))


@pytest.mark.parametrize("n_bands", [1, 2, 500])
def test_any_number_of_bands_makes_as_many_tokens(n_bands: int) -> None:
    assert NeighbouringBands(7)(values(1, n_bands, 1, 1)).shape == (1, n_bands, 7)
