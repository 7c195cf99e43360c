"""Random crops of a scene, for learning without labels."""

import warnings
from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from torch import Tensor

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.memory import allowed_bytes
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.tiles import read_with_halo, sampled_tile_windows, without_margin

POOL_TILE_PX = 128
MAX_POOL_TILES = 64
"""A scene of more tiles is represented by a sample of them, so that memory stays bounded."""
POOL_SHARE = 0.5
"""Of the memory that is allowed, when it is read."""


@dataclass(frozen=True)
class CropPool:
    """Transformed pixels of (a sample of) a scene, and the places where a crop may lie.

    Attributes:
        values: (n_tiles, channels, rows, cols) float32, tiles with a margin of half a crop; 0 where
            a pixel is invalid or must not be seen.
        valid: (n_tiles, rows, cols) bool, False there and beyond the scene.
        corners: (n_places, 3) int64: the tile and the upper left corner of each crop that may be
            drawn.
        crop_px: side of a crop.
    """

    values: Tensor
    valid: Tensor
    corners: Tensor
    crop_px: int

    @classmethod
    def from_scene(
        cls,
        scene: Scene,
        transform: SpectralTransform,
        crop_px: int,
        *,
        region: np.ndarray | None = None,
        centres: np.ndarray | None = None,
        random_state: int = 0,
    ) -> "CropPool":
        """Read the pool.

        Args:
            scene: the scene.
            transform: from spectra to what the network sees.
            crop_px: side of a crop.
            region: (rows, cols) bool, the pixels that may be seen; None allows all.
            centres: (rows, cols) bool, where the centre of a crop lies, if the crop holds any
                pixel to learn from; None takes every such pixel as a centre.
            random_state: chooses the tiles of a scene that is larger than the pool.

        Raises:
            SceneError: if there is no pixel to learn from.
        """
        margin = crop_px // 2
        side = min(POOL_TILE_PX, max(scene.shape)) + 2 * margin
        n_tiles = _tiles_within_memory(side**2 * (4 * transform.n_outputs + 1))
        windows = sampled_tile_windows(scene.shape, POOL_TILE_PX, n_tiles, random_state, region)
        if len(windows) == n_tiles < min(MAX_POOL_TILES, _n_tiles(scene.shape)):
            warnings.warn(
                f"{scene.name}: memory allows {n_tiles} tiles of {POOL_TILE_PX} pixels to learn "
                f"from, in place of {MAX_POOL_TILES}: what is learned may differ from what more "
                "memory gives",
                HsidiffWarning,
                stacklevel=2,
            )
        values = torch.zeros(len(windows), transform.n_outputs, side, side)
        valid = torch.zeros(len(windows), side, side, dtype=torch.bool)
        corners = []
        for i, window in enumerate(track(windows, "read crops", len(windows))):
            spectra = read_with_halo(scene, window, margin)
            allowed = _with_margin(scene.shape, region, window, margin)
            allowed &= np.isfinite(spectra).all(axis=-1)
            rows, cols = allowed.shape
            tile = np.where(allowed[..., None], transform.apply(spectra), 0)
            values[i, :, :rows, :cols] = torch.from_numpy(tile).permute(2, 0, 1)
            valid[i, :rows, :cols] = torch.from_numpy(allowed)
            if centres is None:
                places = np.argwhere(without_margin(allowed, margin))
            else:
                places = _crops_with_pixels(allowed, np.argwhere(centres[window.slices]), crop_px)
            corners.append(np.insert(places, 0, i, axis=1))
        if not any(map(len, corners)):
            raise SceneError(f"{scene.name}: no valid pixel to learn from in {len(windows)} tiles")
        return cls(values, valid, torch.from_numpy(np.concatenate(corners)), crop_px)

    @property
    def n_pixels(self) -> int:
        """How many pixels there are to learn from."""
        margin = self.crop_px // 2
        rows, cols = self.valid.shape[1:]
        return int(self.valid[:, margin : rows - margin, margin : cols - margin].sum())

    def sample(
        self, n: int, generator: torch.Generator, distinct: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Draw ``n`` crops.

        Args:
            n: how many; of distinct ones no more than there are.
            generator: on the CPU.
            distinct: draw no crop twice, so that as many as there are make a whole pass.

        Returns:
            Crops (n, channels, crop_px, crop_px) and their validity (n, crop_px, crop_px).
        """
        if distinct:
            chosen = torch.randperm(len(self.corners), generator=generator)[:n]
        else:
            chosen = torch.randint(len(self.corners), (n,), generator=generator)
        tile, row, col = self.corners[chosen].T[:, :, None, None]
        steps = torch.arange(self.crop_px)
        rows, cols = row + steps[:, None], col + steps
        crops = self.values.permute(0, 2, 3, 1)[tile, rows, cols].permute(0, 3, 1, 2)
        return crops.contiguous(), self.valid[tile, rows, cols]


def turned(crops: Tensor, valid: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Turn and flip a batch of crops and their validity at random.

    One turn serves the whole batch: over many steps every crop meets every orientation.

    Args:
        crops: (batch, bands, side, side).
        valid: (batch, side, side).
        generator: what the turn is drawn with.
    """
    n_turns = int(torch.randint(4, (), generator=generator))
    crops, valid = (torch.rot90(x, n_turns, (-2, -1)) for x in (crops, valid))
    if torch.rand((), generator=generator) < 0.5:
        crops, valid = crops.flip(-1), valid.flip(-1)
    return crops, valid


def grid_centres(shape: tuple[int, int], crop_px: int) -> np.ndarray:
    """Centres of the crops that cut a scene into a grid, (rows, cols) bool.

    Source: SpectralDiff's code (``light_split``): the last row and column of crops are shifted back
    into the scene and overlap the ones before.
    """
    centres = np.zeros(shape, dtype=bool)
    rows, cols = (
        {min(start, max(n - crop_px, 0)) + min(crop_px, n) // 2 for start in range(0, n, crop_px)}
        for n in shape
    )
    centres[np.ix_(sorted(rows), sorted(cols))] = True
    return centres


def _n_tiles(shape: tuple[int, int]) -> int:
    return ceil(shape[0] / POOL_TILE_PX) * ceil(shape[1] / POOL_TILE_PX)


def _tiles_within_memory(bytes_per_tile: int) -> int:
    """How many tiles a pool may have; it leaves room for the training."""
    allowed = allowed_bytes()
    if allowed is None:
        return MAX_POOL_TILES
    return max(min(int(POOL_SHARE * allowed / bytes_per_tile), MAX_POOL_TILES), 1)


def _with_margin(
    shape: tuple[int, int], region: np.ndarray | None, window: Window, margin_px: int
) -> np.ndarray:
    """The part of ``region`` under a window with its margin; False beyond the scene."""
    wanted = window.grown(margin_px)
    inside = wanted.clipped(shape)
    allowed = np.zeros((wanted.n_rows, wanted.n_cols), dtype=bool)
    allowed[inside.within(wanted)] = True if region is None else region[inside.slices]
    return allowed


def _crops_with_pixels(allowed: np.ndarray, corners: np.ndarray, crop_px: int) -> np.ndarray:
    """Those of the ``corners`` (n, 2) whose crop holds any allowed pixel."""
    holds = [allowed[row : row + crop_px, col : col + crop_px].any() for row, col in corners]
    return corners[np.array(holds, dtype=bool)]
