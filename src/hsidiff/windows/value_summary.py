"""What a look at a sample of a scene says of its values."""

from dataclasses import dataclass

import numpy as np

from hsidiff.scenes.scene import Scene
from hsidiff.windows.flat_fill import FlatFill
from hsidiff.windows.partial_fill import PartialFill
from hsidiff.windows.seen_values import MAX_PIXELS, MAX_TILES, QUANTILES, TILE_PX
from hsidiff.windows.tiles import sampled_tile_windows


@dataclass(frozen=True)
class ValueSummary:
    """Values of the usable bands of a sample of a scene, after scale and offset.

    Attributes:
        low: the 1 % quantile over all sampled values, None if no pixel is valid.
        median: the median.
        high: the 99 % quantile.
        share_without_value: share of the sampled pixels that are invalid, 0 to 1.
        n_pixels: how many pixels were sampled.
        is_whole: whether these are all pixels of the scene.
    """

    low: float | None
    median: float | None
    high: float | None
    share_without_value: float
    n_pixels: int
    is_whole: bool


def summarise_values(scene: Scene) -> ValueSummary:
    """Look at a scene in a bounded number of windows, all of it if it is small.

    Warns:
        HsidiffWarning: if a number that seems to mean "no value" stands in some bands of pixels, or
            in all bands of many.
    """
    windows = sampled_tile_windows(scene.shape, TILE_PX, MAX_TILES, 0)
    n_pixels = sum(window.n_rows * window.n_cols for window in windows)
    step = max(1, n_pixels // MAX_PIXELS)
    n_valid, kept, fills = 0, [], (FlatFill(scene), PartialFill(scene))
    for window in windows:
        spectra = scene.read(window)
        valid = spectra[np.isfinite(spectra).all(axis=-1)]
        n_valid += len(valid)
        for fill in fills:
            fill.update(valid)
        kept.append(valid[::step])
    is_whole = n_pixels == scene.shape[0] * scene.shape[1]
    for fill in fills:
        fill.warn("" if is_whole else " of those that were looked at")
    values = np.concatenate(kept)
    low, median, high = np.quantile(values, QUANTILES).tolist() if values.size else [None] * 3
    return ValueSummary(
        low,
        median,
        high,
        share_without_value=1 - n_valid / n_pixels,
        n_pixels=n_pixels,
        is_whole=is_whole,
    )
