"""Values and labels of labelled pixels, gathered together so that they can never come apart."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import read_with_halo, tile_windows

READ_SIZE_PX = 256


@dataclass(frozen=True)
class Samples:
    """Labelled pixels, one per row, in row-by-row order of the tiles they were read from.

    Attributes:
        values: (n, n_bands) spectra or (n, patch_px, patch_px, n_bands) patches, float32.
        class_ids: (n,) int, their labels.
        rows: (n,) int, their row in the scene.
        cols: (n,) int, their column in the scene.
        sample_ids: (n,) int, which polygon or point each came from, or None.
    """

    values: np.ndarray
    class_ids: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    sample_ids: np.ndarray | None = None

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.class_ids)


def gather_spectra(scene: Scene, labels: LabelMap) -> Samples:
    """Gather the spectra of all labelled, valid pixels. See :func:`gather_patches`."""
    samples = gather_patches(scene, labels, patch_px=1)
    return Samples(
        samples.values[:, 0, 0],
        samples.class_ids,
        samples.rows,
        samples.cols,
        samples.sample_ids,
    )


def gather_patches(
    scene: Scene,
    labels: LabelMap,
    patch_px: int,
    values_of: Callable[[Window, int], np.ndarray] | None = None,
    read_size_px: int = READ_SIZE_PX,
) -> Samples:
    """Gather the patches around all labelled, valid pixels; only tiles with labels are read.

    Beyond the scene its edge is repeated, so no border pixel is lost. A label on an invalid pixel
    is left out; invalid pixels inside a patch are NaN.

    Args:
        scene: where to read.
        labels: which pixels to gather.
        patch_px: side of a patch, odd.
        values_of: from a window and a margin in pixels to values (rows + 2 margin, cols + 2 margin,
            channels), features for example; None gathers the spectra.
        read_size_px: no larger window than this is asked for.
    """
    if values_of is None:
        values_of = partial(read_with_halo, scene)
    half = patch_px // 2
    values, ids, rows, cols = [], [], [], []
    for window in tile_windows(scene.shape, read_size_px):
        row, col = np.nonzero(labels.values[window.slices])
        if row.size == 0:
            continue
        used = _around(window, row, col)
        cube = values_of(used, half)
        row, col = row + window.row - used.row, col + window.col - used.col
        patches = cut_patches(cube, row, col, patch_px)
        valid = np.isfinite(patches[:, half, half]).all(axis=-1)
        values.append(patches[valid])
        rows.append(row[valid] + used.row)
        cols.append(col[valid] + used.col)
        ids.append(labels.values[rows[-1], cols[-1]])
    if not values:
        empty = np.empty(0, dtype=np.int64)
        shape = (0, patch_px, patch_px, scene.n_bands)
        no_ids = None if labels.sample_ids is None else empty
        return Samples(np.empty(shape, np.float32), empty, empty, empty, no_ids)
    all_rows, all_cols = np.concatenate(rows), np.concatenate(cols)
    sample_ids = None if labels.sample_ids is None else labels.sample_ids[all_rows, all_cols]
    return Samples(np.concatenate(values), np.concatenate(ids), all_rows, all_cols, sample_ids)


def _around(window: Window, row: np.ndarray, col: np.ndarray) -> Window:
    """The smallest part of ``window`` that holds the pixels ``row``, ``col`` (relative to it)."""
    height, width = int(np.ptp(row)) + 1, int(np.ptp(col)) + 1
    return Window(window.row + int(row.min()), window.col + int(col.min()), height, width)


def cut_patches(cube: np.ndarray, rows: np.ndarray, cols: np.ndarray, patch_px: int) -> np.ndarray:
    """Cut patches whose upper left corners are ``rows``, ``cols`` out of ``cube``.

    Args:
        cube: (rows, cols, channels).
        rows: (n,) first row of each patch.
        cols: (n,) first column of each patch.
        patch_px: side of a patch.

    Returns:
        (n, patch_px, patch_px, channels), a copy.
    """
    views = np.lib.stride_tricks.sliding_window_view(cube, (patch_px, patch_px), axis=(0, 1))
    return np.moveaxis(views[rows, cols], 1, -1).copy()
