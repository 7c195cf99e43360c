"""A scene as tiles, each with the context (halo) that a network needs around it."""

from math import ceil

import numpy as np

from hsidiff.errors import check_whole_number
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window


def tile_windows(shape: tuple[int, int], tile_size_px: int) -> list[Window]:
    """Cut a scene into tiles that cover each pixel exactly once, row by row.

    Args:
        shape: rows and columns of the scene.
        tile_size_px: side of a tile; tiles at the right and lower edge may be smaller.

    Raises:
        SettingError: if the size is not at least 1.
    """
    check_whole_number("tile_size", tile_size_px, 1)
    return cut(shape, (tile_size_px, tile_size_px))


def even_tile_windows(shape: tuple[int, int], max_size_px: int) -> list[Window]:
    """As :func:`tile_windows`, with tiles of nearly one size, which is ``max_size_px`` at most.

    Each tile costs its surroundings too, and a narrow one as much of them as a wide one.
    """
    check_whole_number("tile_size", max_size_px, 1)
    n_down, n_across = ceil(shape[0] / max_size_px), ceil(shape[1] / max_size_px)
    return cut(shape, (ceil(shape[0] / n_down), ceil(shape[1] / n_across)))


def cut(shape: tuple[int, int], sides: tuple[int, int]) -> list[Window]:
    """Windows of ``sides`` (rows, cols) that cover a scene, row by row; the last are smaller."""
    return [
        Window(row, col, *sides).clipped(shape)
        for row in range(0, shape[0], sides[0])
        for col in range(0, shape[1], sides[1])
    ]


def sampled_tile_windows(
    shape: tuple[int, int],
    tile_size_px: int,
    max_tiles: int,
    random_state: int,
    region: np.ndarray | None = None,
) -> list[Window]:
    """At most ``max_tiles`` tiles of a scene, drawn without replacement, in row-by-row order.

    What is learned from them costs the same on a scene of any size. Only tiles that hold a pixel of
    ``region``, (rows, cols) bool, are drawn; None allows all.
    """
    draw = np.random.default_rng(random_state)
    if region is not None:
        windows = [w for w in tile_windows(shape, tile_size_px) if region[w.slices].any()]
        if len(windows) <= max_tiles:
            return windows
        return [windows[i] for i in sorted(draw.choice(len(windows), max_tiles, replace=False))]
    n_across = ceil(shape[1] / tile_size_px)
    n_tiles = n_across * ceil(shape[0] / tile_size_px)
    if n_tiles <= max_tiles:
        return tile_windows(shape, tile_size_px)
    # Of a huge scene the tiles alone would fill memory: none but those drawn are made.
    places = (divmod(int(i), n_across) for i in sorted(draw.choice(n_tiles, max_tiles, False)))
    size = (tile_size_px, tile_size_px)
    return [Window(r * tile_size_px, c * tile_size_px, *size).clipped(shape) for r, c in places]


def read_with_halo(scene: Scene, window: Window, halo_px: int) -> np.ndarray:
    """Read a window and ``halo_px`` pixels around it; beyond the scene its edge is repeated.

    Returns:
        (window.n_rows + 2 halo_px, window.n_cols + 2 halo_px, n_bands) float32; NaN in all bands of
        an invalid pixel.
    """
    wanted = window.grown(halo_px)
    inside = wanted.clipped(scene.shape)
    before = (inside.row - wanted.row, inside.col - wanted.col)
    after = (
        wanted.n_rows - inside.n_rows - before[0],
        wanted.n_cols - inside.n_cols - before[1],
    )
    padding = ((before[0], after[0]), (before[1], after[1]), (0, 0))
    return np.pad(scene.read(inside), padding, mode="edge")


def without_margin(values: np.ndarray, margin_px: int) -> np.ndarray:
    """``values`` (rows, cols, ...) without ``margin_px`` pixels on each side."""
    rows, cols = values.shape[:2]
    return values[margin_px : rows - margin_px, margin_px : cols - margin_px]
