"""Labels on pixels without value: nobody can learn from them, and no map is right there."""

import warnings

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window

_WINDOW_PX = 256


def without_invalid_pixels(labels: LabelMap, scene: Scene, name: str = "labels") -> LabelMap:
    """The labels that lie on pixels with a value in every usable band of a scene.

    Made for the time before a split: afterwards such labels would be counted as training or as test
    pixels, and the test pixels among them as errors. The legend stays as it is.

    Args:
        labels: labels of the scene.
        scene: the scene; only the windows with labels are read.
        name: what to call the labels in messages.

    Raises:
        LabelError: if no label lies on a pixel with values.

    Warns:
        HsidiffWarning: once, with counts by class; names the classes that lose all labels.
    """
    lost = (labels.values > 0) & ~_valid_at_labels(labels, scene)
    if not lost.any():
        return labels
    kept = labels.keeping(~lost, labels.region)
    if kept.n_labelled == 0:
        raise LabelError(
            f"{name}: none of the {count(labels.n_labelled)} labels lies on a pixel of "
            f"{scene.name} with values in all bands: label other pixels, or "
            "drop bands that lack values there (--drop-bands)"
        )
    warnings.warn(_what_is_lost(labels, kept, name), HsidiffWarning, stacklevel=2)
    return kept


def _valid_at_labels(labels: LabelMap, scene: Scene) -> np.ndarray:
    """(rows, cols) bool, whether a pixel has all its values; True where nothing was read."""
    valid = np.ones(labels.shape, dtype=bool)
    for row in range(0, labels.shape[0], _WINDOW_PX):
        for col in range(0, labels.shape[1], _WINDOW_PX):
            window = Window(row, col, _WINDOW_PX, _WINDOW_PX).clipped(labels.shape)
            rows, cols = np.nonzero(labels.values[window.slices])
            if not rows.size:
                continue
            around = Window(
                row + int(rows.min()),
                col + int(cols.min()),
                int(np.ptp(rows)) + 1,
                int(np.ptp(cols)) + 1,
            )
            valid[around.slices] = np.isfinite(scene.read(around)).all(axis=-1)
    return valid


def _what_is_lost(labels: LabelMap, kept: LabelMap, name: str) -> str:
    before, after = labels.counts(), kept.counts()
    losing = [c for c in labels.classes if after[c.id] < before[c.id]]
    counted = [f"{c.name} {before[c.id] - after[c.id]} of {before[c.id]}" for c in losing]
    gone = [c.name for c in losing if after[c.id] == 0]
    n_lost = labels.n_labelled - kept.n_labelled
    text = (
        f"{name}: {count(n_lost)} of {count(labels.n_labelled)} labels lie on pixels without value "
        f"and are left out: {', '.join(counted)}"
    )
    return text + (f"; no label is left of {', '.join(gone)}" if gone else "")
