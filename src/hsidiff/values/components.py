"""Principal components of features that are too many to be kept."""

from collections.abc import Callable

import numpy as np

from hsidiff.errors import SceneError
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.statistics import PrincipalComponents, StreamingMoments
from hsidiff.windows.tiles import read_with_halo, sampled_tile_windows, without_margin

FEATURE_TILE_PX = 64
MAX_TILES = 256

Features = Callable[[np.ndarray, Window], list[np.ndarray]]
"""From a cube with its halo, and its window, to arrays (rows, cols, n): one for each layer."""


def principal_components(
    scene: Scene,
    features_of: Features,
    halo_px: int,
    n_components: int,
    *,
    whiten: bool = False,
    region: np.ndarray | None = None,
    random_state: int = 0,
) -> tuple[PrincipalComponents, ...]:
    """Find the principal components of a scene's features in one streaming pass.

    Args:
        scene: where to take features; of a large scene a sample of tiles is used.
        features_of: takes them.
        halo_px: how far around a pixel they see.
        n_components: how many to keep of each array.
        whiten: whether components are scaled to unit variance; then each feature is first scaled
            to 0..1.
        region: (rows, cols) bool, the pixels that may be used, as context too; None allows all.
        random_state: of the sample of tiles.

    Returns:
        Those of each array, in order.

    Raises:
        SceneError: if there is no pixel to take features of.
    """
    moments: list[StreamingMoments] = []
    windows = sampled_tile_windows(scene.shape, FEATURE_TILE_PX, MAX_TILES, random_state, region)
    for window in track(windows, "take features", len(windows)):
        cube = read_with_halo(scene, window, halo_px)
        if region is not None:
            cube[~_region_with_halo(region, window, halo_px)] = np.nan
        used = np.isfinite(without_margin(cube, halo_px)).all(axis=-1)
        if used.any():
            arrays = features_of(cube, window)
            moments = moments or [StreamingMoments() for _ in arrays]
            for seen, values in zip(moments, arrays, strict=True):
                seen.update(values[used])
    if not moments:
        raise SceneError(f"{scene.name}: no valid pixel to learn from in {len(windows)} tiles")
    return tuple(
        PrincipalComponents.from_moments(seen, n_components, whiten=whiten, unit_range=whiten)
        for seen in moments
    )


def _region_with_halo(region: np.ndarray, window: Window, halo_px: int) -> np.ndarray:
    """``region`` under a window with its halo; beyond the scene its edge is repeated."""
    wanted = window.grown(halo_px)
    rows = np.arange(wanted.row, wanted.row + wanted.n_rows).clip(0, region.shape[0] - 1)
    cols = np.arange(wanted.col, wanted.col + wanted.n_cols).clip(0, region.shape[1] - 1)
    return region[np.ix_(rows, cols)]
