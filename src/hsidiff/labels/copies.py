"""Labels on a map that shows measured pixels several times, as that of EMIT's swath does.

About a third of the cells of such a map are copies. A copy of a training pixel says nothing about a
map when it is scored, and copies of one pixel are no more samples than one.
"""

import warnings
from dataclasses import replace

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning
from hsidiff.labels.label_map import LabelMap


def without_copies(
    labels: LabelMap, source_pixels: np.ndarray | None, name: str = "labels"
) -> LabelMap:
    """The labels with one of each measured pixel: the first cell with a label, row by row.

    A measured pixel whose copies have labels of several classes gets none.

    Args:
        labels: the labels.
        source_pixels: (rows, cols) int, :meth:`hsidiff.scenes.scene.Scene.source_pixels`; None
            gives the labels back as they are.
        name: what to call the labels in messages.

    Warns:
        HsidiffWarning: once, with the counts.
    """
    if source_pixels is None:
        return labels
    labels = replace(labels, source_pixels=source_pixels)
    cells = np.flatnonzero((labels.values > 0) & (source_pixels >= 0))
    pixels, class_ids = source_pixels.flat[cells], labels.values.flat[cells]
    _, first, which = np.unique(pixels, return_index=True, return_inverse=True)
    contested = np.zeros(first.size, dtype=bool)
    np.logical_or.at(contested, which, class_ids != class_ids[first][which])
    kept = np.zeros(cells.size, dtype=bool)
    kept[first[~contested]] = True
    if kept.all():
        return labels
    mask = np.ones(labels.shape, dtype=bool)
    mask.flat[cells[~kept]] = False
    warnings.warn(
        _what_is_left_out(name, labels.n_labelled, first.size, int(contested.sum())),
        HsidiffWarning,
        stacklevel=2,
    )
    return labels.keeping(mask, labels.region)


def _what_is_left_out(name: str, n_labels: int, n_pixels: int, n_contested: int) -> str:
    text = (
        f"{name}: {count(n_labels)} labels lie on {count(n_pixels)} measured pixels, of which the "
        "map shows some several times: each counts once"
    )
    if n_contested:
        text += f"; {count(n_contested)} with labels of several classes are left out"
    return text


def without_copies_of(labels: LabelMap, others: LabelMap) -> LabelMap:
    """The labels that lie on no measured pixel that others have a label on.

    Args:
        labels: the labels, those of the test, say.
        others: those of the training.

    Warns:
        HsidiffWarning: with the number of labels that are left out.
    """
    if labels.shape != others.shape:  # a mistake of its own
        return labels
    shared = shared_pixels(labels, others) & (others.values == 0)
    if not shared.any():
        return labels
    warnings.warn(
        f"{count(int(shared.sum()))} test labels lie on copies of measured pixels that train, "
        "and are left out",
        HsidiffWarning,
        stacklevel=3,
    )
    return labels.keeping(~shared, labels.region)


def shared_pixels(labels: LabelMap, others: LabelMap) -> np.ndarray:
    """(rows, cols) bool: labels on a measured pixel that others have a label on, on any cell."""
    if labels.source_pixels is None or others.source_pixels is None:
        return np.zeros(labels.shape, dtype=bool)
    theirs = others.source_pixels[others.values > 0]
    shared = np.isin(labels.source_pixels, theirs[theirs >= 0])
    return shared & (labels.values > 0)
