"""How large the parts of a map may be that are computed, by what a small one was seen to take."""

import numpy as np

from hsidiff.amounts import in_bytes
from hsidiff.contract import WINDOW_PX, SceneClassifier
from hsidiff.errors import NotEnoughMemoryError
from hsidiff.memory import allowed_bytes, held_bytes, peak_of
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import sampled_tile_windows

SIZES_PX = (WINDOW_PX, 96, 80, 64, 48, 32, 24, 16, 8)
AMPLE_BYTES, AMPLE_BYTES_ALONE = 5 * 10**8, 4 * 10**9
"""With so much for each tile nothing is measured. A tile of SpectralDiff's ``fast`` took 0.14 GB
(docs/performance.md); what networks take that see all bands, one tile at a time, is assumed."""
MEASURED_PX = 32
_MAX_LOOKS = 16
_LEAST_COPIES = 6
"""So many float32 copies of its spectra a tile holds, whatever is made of them."""
_BESIDE_BYTES = 30 * 10**6
"""What writing and GDAL hold beside the tiles."""


def part_size_within_memory(model: SceneClassifier, scene: Scene) -> int:
    """The largest tile size, up to the default one, that the memory allowed suffices for.

    Where little is allowed, one small tile is computed and watched; what it took for each pixel,
    surroundings included, is what a larger one takes as well.

    Args:
        model: a fitted classifier.
        scene: a scene as :meth:`~hsidiff.contract.SceneClassifier.check_scene` gives it.

    Raises:
        NotEnoughMemoryError: if it does not suffice for the smallest tile.
    """
    allowed, n_at_once = allowed_bytes(), model._n_at_once
    ample = AMPLE_BYTES if model.small_tiles else AMPLE_BYTES_ALONE
    if allowed is None or allowed >= n_at_once * ample:
        return WINDOW_PX
    per_pixel = bytes_per_pixel(model, scene)
    allowed = allowed_bytes() or 0
    needed = {size: _needed(size, per_pixel, n_at_once, model.halo_px) for size in SIZES_PX}
    for size, n_bytes in needed.items():
        if n_bytes <= allowed:
            return size
    raise NotEnoughMemoryError(
        f"{model.name} on {scene.name} needs about {in_bytes(held_bytes() + needed[SIZES_PX[-1]])} "
        f"for tiles of {SIZES_PX[-1]} pixels, the smallest: allow more (--memory), leave out bands "
        "(--drop-bands), or take a lighter method or --profile fast"
    )


def _needed(size_px: int, per_pixel: float, n_at_once: int, halo_px: int) -> int:
    """Bytes of the tiles that are computed at once, and of one more that waits."""
    n_tiles = n_at_once + (n_at_once > 1)
    return int(n_tiles * per_pixel * (size_px + 2 * halo_px) ** 2) + _BESIDE_BYTES


def bytes_per_pixel(model: SceneClassifier, scene: Scene) -> float:
    """What a tile takes at its peak, divided by its pixels and those of its surroundings.

    It counts what the first call loads as well, so it is rather too much than too little.
    """
    window = _window_with_values(scene)
    _, peak = peak_of(lambda: model.predict_proba_window(scene, window))
    n_pixels = (window.n_rows + 2 * model.halo_px) * (window.n_cols + 2 * model.halo_px)
    return max(peak / n_pixels, 4 * _LEAST_COPIES * scene.n_bands)


def _window_with_values(scene: Scene) -> Window:
    """A small window with a valid pixel; any, if none is found soon."""
    windows = sampled_tile_windows(scene.shape, MEASURED_PX, _MAX_LOOKS, 0)
    for window in windows:
        if np.isfinite(scene.read(window)).all(axis=-1).any():
            return window
    return windows[0]
