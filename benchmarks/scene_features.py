"""Row (b): features of a whole scene at one timestep and layer of the paper's network."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.flops import count_flops
from benchmarks.references import (
    PlainUNet,
    features_of_pixels,
    features_of_tile,
    tile_corners,
)
from benchmarks.scene import embedded
from benchmarks.sizes import Sizes
from benchmarks.timing import Timing, interleaved, timed
from hsidiff.diffusion.noise import pixel_noise
from hsidiff.methods.spectraldiff import PROFILES
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.values.unet_values import UNetValues
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo

TIMESTEP, LAYER = 5, 1
"""The published choice for Indian Pines (SpectralDiff, Table VI)."""


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds of a scene's features: tile by tile, patch by patch, and ours.

    Tiles cost the same and patches, too: the seconds of one tile and of some patches are measured
    and multiplied. Ours is measured on the whole scene.
    """
    scene, _ = embedded(sizes)
    values, network = build(scene, sizes)
    whole = Window.whole(scene.shape)
    x_t = noisy_scene(values, scene)
    corners = tile_corners(scene.shape, sizes.tile_px)
    pixels = np.random.default_rng(0).integers(scene.shape, size=(sizes.n_patches, 2))

    def tile() -> list[np.ndarray]:
        return features_of_tile(network, x_t, corners[0], sizes.tile_px, TIMESTEP)

    def patches() -> np.ndarray:
        return features_of_pixels(network, x_t, pixels, sizes.patch_px, TIMESTEP, LAYER)

    def ours() -> np.ndarray:
        cube = read_with_halo(scene, whole, values.halo_px)
        return values.features(cube, whole)[0]

    # The warm-up of all three.
    patches()
    difference = _difference(ours(), tile()[LAYER], corners[0], values.halo_px)
    runs = {"tile": timed(tile), "ours": timed(ours), "patches": timed(patches)}
    found = interleaved(runs, sizes.n_scene_repeats)
    row = _row(found, len(corners), scene.shape[0] * scene.shape[1], sizes)
    _count(row, values, scene.shape, sizes)
    return {
        "shape": [*scene.shape, scene.n_bands],
        "timestep": TIMESTEP,
        "layer": LAYER,
        **row,
        "relative_difference": difference,
    }


def build(scene: Scene, sizes: Sizes, device: str = "cpu") -> tuple[UNetValues, PlainUNet]:
    """Ours and the reference with the same weights; their first ones, for time does not tell."""
    paper = PROFILES["paper"].values
    # As the classifier takes them: whatever it does to be fast is measured.
    values = replace(
        paper,
        unet=replace(paper.unet, widths=sizes.widths),
        timesteps=(TIMESTEP,),
        layers=(LAYER,),
        device=device,
    )
    values.transform_ = values.denoising.transform_of(scene_moments(scene))
    torch.manual_seed(0)
    network = PlainUNet(values.unet)
    _settle(network, np.nan_to_num(values.transform_.apply(scene.read(_middle(scene)))))
    values.denoiser_ = SpectralUNet(values.unet).eval()
    values.denoiser_.load_state_dict(network.state_dict())
    return values, network


@torch.no_grad()
def _settle(network: PlainUNet, values: np.ndarray) -> None:
    """Take the statistics of batch normalisation from values (rows, cols, bands), then keep them.

    Without it the features of a network that nothing has trained hardly differ between pixels, and
    two ways to compute them would agree whatever they do.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm3d)]
    for norm in norms:
        norm.momentum = 1.0
    x_0 = torch.from_numpy(values).permute(2, 0, 1)[None]
    network.train()
    network(x_0, torch.tensor([TIMESTEP]))
    network.eval()


def _middle(scene: Scene) -> Window:
    """A few pixels in the middle of a scene."""
    rows, cols = scene.shape
    return Window(rows // 2, cols // 2, 24, 24)


def noisy_scene(values: UNetValues, scene: Scene) -> Tensor:
    """x_t (bands, rows, cols) of the whole scene, with the noise that ours draws."""
    whole, denoising = Window.whole(scene.shape), values.denoising
    seen = np.nan_to_num(values.transform_.apply(scene.read(whole)), nan=0.0)
    x_0 = torch.from_numpy(seen).permute(2, 0, 1).clamp(-denoising.limit, denoising.limit)
    rows, cols = (torch.arange(n) for n in scene.shape)
    eps = pixel_noise(rows, cols, x_0.shape[0], TIMESTEP, values.random_state)
    return denoising.schedule.add_noise(x_0[None], torch.tensor([TIMESTEP]), eps[None])[0]


def _difference(ours: np.ndarray, tile: np.ndarray, corner: tuple[int, int], halo: int) -> float:
    """How far ours is from the reference, relative to the spread of each feature over the pixels.

    Compared where the tile's edge is not seen.

    Args:
        ours: (rows, cols, n) of the scene.
        tile: (n, tile_px, tile_px) of the tile.
        corner: where the tile lies.
        halo: how far a feature sees.
    """
    inside = slice(halo, tile.shape[1] - halo)
    expected = tile[:, inside, inside].transpose(1, 2, 0)
    row, col = corner
    found = ours[row:, col:][inside, inside]
    spread = expected - expected.mean(axis=(0, 1))
    return float(np.linalg.norm(found - expected) / np.linalg.norm(spread))


def _row(found: dict[str, Timing], n_tiles: int, n_pixels: int, sizes: Sizes) -> dict[str, Any]:
    """Seconds, and what they come to for the scene."""
    tile, ours, patches = (found[name] for name in ("tile", "ours", "patches"))
    tiled_s = tile.fastest * n_tiles
    pixel_s = patches.fastest / sizes.n_patches
    return {
        "tiled_reference": {
            **tile.to_json(),
            "measured": f"one of {n_tiles} equal tiles, times {n_tiles}",
            "tile_px": sizes.tile_px,
            "n_tiles": n_tiles,
            "scene_s": tiled_s,
        },
        "patch_reference": {
            **patches.to_json(),
            "measured": f"{sizes.n_patches} of {n_pixels} equal patches",
            "patch_px": sizes.patch_px,
            "s_per_pixel": pixel_s,
            "scene_s": pixel_s * n_pixels,
        },
        "ours": {**ours.to_json(), "measured": "the whole scene", "scene_s": ours.fastest},
        "ratio_to_tiled": tiled_s / ours.fastest,
        "ratio_to_patches": pixel_s * n_pixels / ours.fastest,
    }


def _count(row: dict[str, Any], values: UNetValues, shape: tuple[int, int], sizes: Sizes) -> None:
    """Add the operations of what was timed, in place."""
    unet, n_bands, side = values.unet, values.transform_.n_outputs, sizes.tile_px
    seen = [n + 2 * values.halo_px for n in shape]

    def plain(n: int, side_px: int) -> int:
        return count_flops(
            lambda: PlainUNet(unet).eval(),
            lambda network: network(torch.empty(n, n_bands, side_px, side_px), torch.empty(n)),
        )

    row["tiled_reference"]["flops"] = plain(1, side)
    row["patch_reference"]["flops"] = plain(sizes.n_patches, sizes.patch_px)
    row["ours"]["flops"] = count_features(unet, (1, n_bands, *seen), values.halo_px)


def count_features(unet: UNetShape, shape: tuple[int, ...], halo_px: int) -> int:
    """Operations of the features of one layer, of ``x_t`` of a shape, without its halo."""

    @torch.no_grad()
    def take(network: SpectralUNet) -> object:
        return network.taps_inside(torch.empty(shape), torch.empty(1), (LAYER,), halo_px)

    return count_flops(lambda: SpectralUNet(unet).eval(), take)
