"""Labels to split, and a split of every kind."""

from collections.abc import Callable

import numpy as np

from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    Split,
    block_split,
    field_split,
    per_class_split,
    published_split,
    random_split,
)

CLASS_IDS = (2, 5, 9)


def scattered_labels(rows: int, cols: int, seed: int) -> LabelMap:
    """Classes 2, 5 and 9 and unlabelled pixels at random, two pixels of each class at least."""
    values = np.random.default_rng(seed).choice([0, *CLASS_IDS], (rows, cols))
    values.flat[:6] = [2, 5, 9, 2, 5, 9]
    return LabelMap.from_array(values)


def stripes(rows: int = 48, cols: int = 64) -> LabelMap:
    """Three classes as stripes of rows that run through all blocks of a row of blocks."""
    return LabelMap.from_array(np.repeat(np.array(CLASS_IDS), rows // 3)[:, None].repeat(cols, 1))


def some_published(labels: LabelMap, random_state: int) -> Split:
    half = random_split(labels, 0.5, random_state=random_state)
    return published_split(half.train, half.test)


KINDS: dict[str, Callable[[LabelMap, int], Split]] = {
    "blocks": lambda labels, seed: block_split(labels, block_px=3, random_state=seed),
    "fields": lambda labels, seed: field_split(labels, random_state=seed),
    "random": lambda labels, seed: random_split(labels, 0.3, random_state=seed),
    "per-class": lambda labels, seed: per_class_split(labels, 4, random_state=seed),
    "published": some_published,
}
