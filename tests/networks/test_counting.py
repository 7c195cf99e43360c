import pytest
import torch
from torch import nn

from hsidiff.about import Cost
from hsidiff.methods.spectraldiff import PROFILES, RELEASED_TRANSFORMER
from hsidiff.networks.counting import cost_of
from hsidiff.networks.pixel_transformer import PixelTransformer, TransformerShape
from hsidiff.networks.spectral_unet import SpectralUNet


def test_a_linear_layer_multiplies_once_per_weight() -> None:
    found = cost_of(lambda: nn.Linear(7, 5), lambda layer: layer(torch.empty(3, 7)), n_pixels=3)
    assert found == Cost(n_parameters=7 * 5 + 5, macs_per_pixel=7 * 5)


def test_a_convolution_multiplies_its_kernel_at_each_pixel() -> None:
    found = cost_of(
        lambda: nn.Conv2d(4, 6, 3, padding=1), lambda layer: layer(torch.empty(1, 4, 8, 9)), 8 * 9
    )
    assert found == Cost(4 * 6 * 9 + 6, 4 * 6 * 9)


def test_the_published_denoiser_takes_44_gmac_for_a_patch_of_16_pixels() -> None:
    # Worked out layer by layer from the released code, 200 bands.
    found = cost_of(
        lambda: SpectralUNet(PROFILES["released"].values.unet),
        lambda denoiser: denoiser(torch.empty(1, 200, 16, 16), torch.empty(1)),
    )
    assert found.n_parameters == 4_299_633
    assert found.macs_per_pixel == pytest.approx(44.02e9, rel=1e-3)


def test_attention_is_counted() -> None:
    found = cost_of(
        lambda: PixelTransformer(RELEASED_TRANSFORMER, 13, 1200, 16),
        lambda head: head(torch.empty(1, 1200, 13, 13)),
    )
    tokens, width, inner = 13**2 + 1, 64, 20 * 64
    embedding = 13**2 * 1200 * width * 9
    first = tokens * width * 4 * inner + 2 * tokens**2 * inner + 2 * tokens * width * 8
    # Of the last block the class token alone is wanted: keys and values of all, the rest of one.
    last = (2 * tokens + 2) * width * inner + 2 * tokens * inner + 2 * width * 8
    head = width * 128 + 128 * 16
    expected = embedding + first + last + head
    assert found == Cost(1_371_169, expected)


def test_counting_draws_nothing() -> None:
    before = torch.get_rng_state()
    cost_of(
        lambda: PixelTransformer(TransformerShape(), 3, 4, 2),
        lambda head: head(torch.empty(1, 4, 3, 3)),
    )
    assert torch.equal(torch.get_rng_state(), before)


def test_batch_normalisation_counts_as_in_a_map() -> None:
    # In training mode it would refuse a batch of one.
    cost_of(lambda: nn.BatchNorm1d(4), lambda norm: norm(torch.empty(1, 4)))
