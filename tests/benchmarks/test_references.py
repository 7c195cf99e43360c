"""The references compute what ours computes, where that is meant to be so."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.references import (
    PlainUNet,
    features_of_pixels,
    features_of_tile,
    tile_corners,
    training_step,
)
from benchmarks.scene import embedded
from benchmarks.scene_features import LAYER, TIMESTEP, build, noisy_scene
from benchmarks.sizes import TINY
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import read_with_halo

SIZES = replace(TINY, n_bands=12, widths=(4, 4, 8))
SHAPE = UNetShape(widths=SIZES.widths)
HALO_PX = SHAPE.halo_px(LAYER)
TILE_PX = 64


@pytest.fixture(scope="module")
def both() -> tuple[np.ndarray, PlainUNet, Tensor]:
    """Our features (rows, cols, n) of a scene, the reference with its weights, the noisy scene."""
    scene, _ = embedded(SIZES)
    values, network = build(scene, SIZES)
    whole = Window.whole(scene.shape)
    ours = values.features(read_with_halo(scene, whole, values.halo_px), whole)[0]
    return ours, network, noisy_scene(values, scene)


def spread(features: np.ndarray) -> np.ndarray:
    """(n,) how much each feature differs between pixels."""
    found: np.ndarray = features.reshape(-1, features.shape[-1]).std(axis=0)
    return found


# In bfloat16, which ours may use, features move by a hundredth of their spread.
def agree(ours: np.ndarray, theirs: np.ndarray, scale: np.ndarray) -> bool:
    return bool(np.sqrt(np.mean((ours - theirs) ** 2)) < 0.02 * np.sqrt(np.mean(scale**2)))


def test_tiles_agree_with_ours_where_their_edge_is_not_seen(
    both: tuple[np.ndarray, PlainUNet, Tensor],
) -> None:
    ours, network, x_t = both
    theirs = features_of_tile(network, x_t, (0, 0), TILE_PX, TIMESTEP)[LAYER].transpose(1, 2, 0)
    inside = slice(HALO_PX, TILE_PX - HALO_PX)
    scale = spread(ours)
    assert scale.max() > 0.01
    assert agree(ours[inside, inside], theirs[inside, inside], scale)
    assert not agree(ours[inside, :5], theirs[inside, :5], scale)  # zeros beyond the edge


def test_a_patch_that_holds_the_context_agrees_with_ours(
    both: tuple[np.ndarray, PlainUNet, Tensor],
) -> None:
    ours, network, x_t = both
    pixels = np.array([[40, 50], [33, 29]])
    theirs, cut = (
        features_of_pixels(network, x_t, pixels, patch_px, TIMESTEP, LAYER)
        for patch_px in (2 * HALO_PX + 2, 4)
    )
    expected = ours[tuple(pixels.T)]
    assert agree(expected, theirs, spread(ours))
    assert not agree(expected, cut, spread(ours))


@pytest.mark.parametrize("n_bands", [8, 12])
def test_the_prediction_is_that_of_our_network(n_bands: int) -> None:
    torch.manual_seed(0)
    network, ours = PlainUNet(SHAPE).eval(), SpectralUNet(SHAPE).eval()
    ours.load_state_dict(network.state_dict())
    x_t, t = torch.randn(2, n_bands, 5, 6), torch.tensor([3, 400])
    with torch.no_grad():
        torch.testing.assert_close(network(x_t, t)[0], ours(x_t, t), rtol=1e-4, atol=1e-5)


def test_the_published_size_has_as_many_weights_as_was_counted() -> None:
    with torch.device("meta"):
        network = PlainUNet(UNetShape())
    # 4,299,633 with the 1 x 1 x 1 output convolution of the code (16 + 1), 3 x 3 x 3 in the paper.
    n_weights = sum(weights.numel() for weights in network.parameters())
    assert n_weights in (4_299_633, 4_299_633 + 16 * 26)


@pytest.mark.parametrize("n", [64, 65, 145])
def test_tiles_cover_the_scene_and_stay_inside(n: int) -> None:
    corners = tile_corners((n, 2 * n), TILE_PX)
    assert len(corners) == -(-n // TILE_PX) * -(-2 * n // TILE_PX)
    covered = np.zeros((n, 2 * n), dtype=bool)
    for row, col in corners:
        assert 0 <= row <= n - TILE_PX
        assert 0 <= col <= 2 * n - TILE_PX
        covered[row : row + TILE_PX, col : col + TILE_PX] = True
    assert covered.all()


class Scaling(nn.Module):
    """Predicts the noise as a multiple of what it sees; keeps the timesteps."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.zeros(()))
        self.timesteps: list[int] = []

    def forward(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, list[Tensor]]:
        self.timesteps += t.tolist()
        return self.factor * x_t, []


def test_a_training_step_learns_the_noise() -> None:
    torch.manual_seed(0)
    network = Scaling()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    schedule, x_0 = NoiseSchedule.linear(500), torch.zeros(200, 8, 3, 3)
    loss = training_step(network, optimizer, schedule, x_0)  # type: ignore[arg-type]
    # It said 0: the mean absolute error is that of a standard normal number.
    assert loss == pytest.approx((2 / np.pi) ** 0.5, abs=0.02)
    # x_t is the noise times a positive factor here, and Adam's first step is its rate.
    assert network.factor.item() == pytest.approx(0.01, rel=1e-3)
    assert min(network.timesteps) >= 1
    assert 450 < max(network.timesteps) <= 500
