"""The pieces of ground that labels come from, and an order of classes that follows from the ground.

Nothing here depends on the ids or the names of classes, so that renaming them changes no split.
"""

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from hsidiff.labels.label_map import LabelMap

_TOUCHING = np.ones((3, 3), dtype=bool)
UNIT_PX = 16
"""Side of the blocks that are held out together where no fields are."""
NEAR_PX = 8
"""Side of those by which a map is calibrated (docs/decisions/0048-the-maps-own-folds.md)."""


def classes_by_place(values: np.ndarray) -> list[int]:
    """Class ids in the order in which a walk row by row meets the first pixel of each.

    Draws take one class after the other in this order, which follows from where labels lie.

    Args:
        values: (rows, cols) int, 0 = unlabelled.
    """
    ids, first = np.unique(values, return_index=True)
    return [int(class_id) for class_id in ids[np.argsort(first)] if class_id]


def fields_of(labels: LabelMap) -> np.ndarray:
    """Number the fields of labels.

    A field is what must not lie on both sides of a split: pixels of one class that touch,
    diagonally too, and, of labels that came as points or polygons, all pixels of one of them. So
    polygons of a class that touch are one field, the parts of a multipolygon are one, and a point
    that touches no other of its class is a field of its own. What labels of several scenes say of
    one place is one field, whatever its class on each date.

    Returns:
        (rows, cols) int, from 1 in the order in which a walk row by row meets them; 0 where
        unlabelled.
    """
    touching, n_parts = _touching(labels.values)
    if labels.sample_ids is not None:
        joined = _joined_by_samples(labels, touching, n_parts)
        touching = np.append(joined + 1, 0)[touching - 1]
    if labels.overlap is not None:
        pairs = labels.overlap.pairs(touching) - 1
        touching = np.append(_joined(pairs, int(touching.max(initial=0))) + 1, 0)[touching - 1]
    return _numbered_by_place(touching)


def fields_in_two(labels: LabelMap) -> tuple[np.ndarray, list[int]]:
    """The fields, where a class of one field is cut in two across its longer axis.

    Returns:
        (rows, cols) int, as of :func:`fields_of`; the second half of a field has a number of its
        own. And the ids of the classes of one field. A class of one pixel stays as it is.
    """
    fields, (rows, cols) = fields_of(labels), _places(labels)
    n_fields, alone = int(fields.max(initial=0)), []
    for class_id in classes_by_place(labels.values):
        of_class = labels.values == class_id
        if np.ptp(fields[of_class]) == 0:
            alone.append(class_id)
            half = _second_half(rows[of_class], cols[of_class])
            n_fields += len(half) > 0
            fields.flat[np.flatnonzero(of_class)[half]] = n_fields
    return fields, alone


def held_out_units(
    labels: LabelMap, rows: np.ndarray, cols: np.ndarray, block_px: int = UNIT_PX
) -> np.ndarray:
    """Which labels stay together where some are held out, as ``labels.unit`` says.

    Blocks of ``block_px`` pixels, or fields (those of :func:`fields_in_two`, so that each class
    of several pixels can be held out without being lost).

    Args:
        labels: the labels.
        rows: (n,) int, the row of each labelled pixel that is asked about.
        cols: (n,) int, its column.
        block_px: side of a block, where the unit is one.

    Returns:
        (n,) int, from 0; the same number for those of one unit.
    """
    if labels.unit == "fields":
        return _from_zero(fields_in_two(labels)[0][rows, cols])
    if labels.overlap is not None:
        rows, cols = (of[rows, cols] for of in _places(labels))
    return blocks_at(rows, cols, block_px)


def blocks_at(rows: np.ndarray, cols: np.ndarray, block_px: int = UNIT_PX) -> np.ndarray:
    """Number the blocks of ``block_px`` pixels that pixels at (rows, cols) lie in, from 0."""
    return _from_zero(np.stack([rows // block_px, cols // block_px], axis=1))


def as_many_equal(sizes: np.ndarray) -> float:
    """How many units of equal size are as sure as these: (sum n)^2 / sum n^2 (Kish, 1965)."""
    return float(sizes.sum() ** 2 / max((sizes.astype(float) ** 2).sum(), 1.0))


def _from_zero(units: np.ndarray) -> np.ndarray:
    """The same units, (n,) or (n, d), by their positions in order: (n,) int."""
    numbered: np.ndarray = np.unique(units, axis=0, return_inverse=True)[1].ravel()
    return numbered


def _places(labels: LabelMap) -> tuple[np.ndarray, np.ndarray]:
    """Row and column (rows, cols) of each pixel, in the first scene that shows its ground."""
    rows, cols = np.indices(labels.shape)
    if labels.overlap is None:
        return rows, cols
    return labels.overlap.as_in_the_first(rows), labels.overlap.as_in_the_first(cols)


def _second_half(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """The pixels of a field beyond the middle of its longer axis; none of a field of one pixel.

    They are given by their positions among the pixels.

    The axis is that of the largest variance of the pixels' places, so that fields that lie aslant
    are cut across as well. Equally far pixels count row by row.
    """
    places = np.stack([rows, cols], axis=1) - [rows.mean(), cols.mean()]
    longer_axis = np.linalg.eigh(places.T @ places)[1][:, -1]
    order = np.argsort(np.round(places @ longer_axis, 6), kind="stable")
    return order[(len(order) + 1) // 2 :]


def blocks_on(labels: LabelMap, block_px: int) -> np.ndarray:
    """The blocks of labels (:func:`blocks_of`); ground that several scenes show is in one block."""
    blocks = blocks_of(labels.shape, block_px)
    return blocks if labels.overlap is None else labels.overlap.as_in_the_first(blocks)


def blocks_of(shape: tuple[int, int], block_px: int) -> np.ndarray:
    """Number the square blocks of ``block_px`` pixels of a grid: (rows, cols) int, from 1."""
    rows, cols = (np.arange(length) // block_px for length in shape)
    return rows[:, None] * (int(cols[-1]) + 1) + cols + 1


def _touching(values: np.ndarray) -> tuple[np.ndarray, int]:
    """Number the parts of touching pixels of one class, from 1; their number."""
    parts, n_parts = np.zeros(values.shape, dtype=np.int64), 0
    for class_id in classes_by_place(values):
        of_class, n_of_class = ndimage.label(values == class_id, _TOUCHING)
        parts[of_class > 0] = of_class[of_class > 0] + n_parts
        n_parts += n_of_class
    return parts, n_parts


def _joined_by_samples(labels: LabelMap, parts: np.ndarray, n_parts: int) -> np.ndarray:
    """Which parts belong together because a point or polygon lies on both: (n_parts,) int."""
    assert labels.sample_ids is not None
    known = (labels.values > 0) & (labels.sample_ids > 0)
    of_class = np.stack([labels.values[known], labels.sample_ids[known]], axis=1)
    samples, sample = np.unique(of_class, axis=0, return_inverse=True)
    # A graph of parts and samples, with an edge where they share a pixel.
    edges = np.stack([parts[known] - 1, n_parts + sample.ravel()], axis=1)
    return _joined(edges, n_parts + len(samples))[:n_parts]


def _joined(pairs: np.ndarray, n: int) -> np.ndarray:
    """(n,) int: one number for all of n things that pairs (pairs, 2) of them hold together."""
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    joined: np.ndarray = connected_components(graph, directed=False)[1]
    return joined


def _numbered_by_place(numbers: np.ndarray) -> np.ndarray:
    """The same pieces, numbered from 1 in the order of their first pixels; 0 stays 0."""
    used, first, of_pixel = np.unique(numbers, return_index=True, return_inverse=True)
    first[used == 0] = -1
    place = np.empty(len(used), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(used)) + (0 if used[0] == 0 else 1)
    return place[of_pixel].reshape(numbers.shape)
