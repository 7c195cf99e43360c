import pytest
import torch

from hsidiff.networks.pixel_transformer import PixelTransformer, TransformerShape

PAPER = TransformerShape()
RELEASED = TransformerShape(embedding="convolution", n_blocks=2, n_heads=20, head_width=64)
SMALL = TransformerShape(width=8, n_blocks=2, n_heads=2, head_width=4)


def seeded_transformer(shape: TransformerShape, n_channels: int, n_classes: int):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        patch_px = 3 if shape is SMALL else 13
        return PixelTransformer(shape, patch_px, n_channels, n_classes).eval()


def patches(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("n_channels", "n_classes", "n_parameters"), [(1200, 16, 1_371_169), (600, 9, 1_024_666)]
)
def test_the_released_shape_has_the_published_number_of_parameters(
    n_channels: int, n_classes: int, n_parameters: int
) -> None:
    network = PixelTransformer(RELEASED, 13, n_channels, n_classes)
    assert sum(parameter.numel() for parameter in network.parameters()) == n_parameters


@pytest.mark.parametrize("shape", [PAPER, RELEASED], ids=["paper", "released"])
def test_a_patch_gives_one_score_per_class(shape: TransformerShape) -> None:
    network = seeded_transformer(shape, 5, 4)
    assert network(patches(2, 5, 13, 13)).shape == (2, 4)


def test_the_scores_of_a_patch_do_not_depend_on_its_batch() -> None:
    network, batch = seeded_transformer(SMALL, 5, 4), patches(6, 5, 3, 3)
    torch.testing.assert_close(network(batch)[2:3], network(batch[2:3]))


def test_every_pixel_of_the_patch_counts() -> None:
    batch = patches(1, 5, 3, 3).requires_grad_()
    seeded_transformer(SMALL, 5, 4)(batch).abs().sum().backward()
    assert batch.grad is not None
    assert (batch.grad.abs().sum(dim=1) > 0).all()


def test_the_place_of_a_pixel_counts_by_the_position_scale() -> None:
    network, batch = seeded_transformer(SMALL, 5, 4), patches(1, 5, 3, 3)
    turned = batch.rot90(1, (-2, -1))
    assert not torch.allclose(network(batch), network(turned))
    torch.nn.init.zeros_(network.position_scale)
    torch.testing.assert_close(network(batch), network(turned))


def test_the_position_scale_starts_at_a_hundredth() -> None:
    assert PixelTransformer(SMALL, 3, 5, 4).position_scale.item() == pytest.approx(0.01)


def test_a_block_is_attention_and_mlp_before_normalisation() -> None:
    """The same block written out, head by head."""
    block = seeded_transformer(SMALL, 5, 4).blocks[0]
    tokens = patches(2, 10, 8)
    query, key, value = block.query_key_value(block.norm1(tokens)).chunk(3, dim=-1)
    heads = []
    for head in (slice(0, 4), slice(4, 8)):
        affinity = query[..., head] @ key[..., head].transpose(1, 2) / 4**0.5
        heads.append(affinity.softmax(dim=-1) @ value[..., head])
    attended = tokens + block.merge(torch.cat(heads, dim=-1))
    expected = attended + block.mlp(block.norm2(attended))
    torch.testing.assert_close(block(tokens), expected)
