"""The kinds of split: blocks with a guard, whole fields, random, so many per class, published.

A random split of pixels leaks: a method that looks at patches sees training pixels around nearly
every test pixel. ``leakage.py`` measures how much. Where nobody names a kind, the product
takes fields for polygons and blocks for all other labels.
"""

from dataclasses import replace

import numpy as np

from hsidiff.errors import SplitError
from hsidiff.labels.block_split import block_split
from hsidiff.labels.copies import without_copies_of
from hsidiff.labels.field_split import field_split
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.matching import has_no_name
from hsidiff.labels.split import (
    Split,
    check_can_be_split,
    check_samples_per_class,
    check_train_fraction,
    draw_per_class,
    named,
    warn_of_one_sided_classes,
)

__all__ = [
    "SPLIT_KINDS",
    "USUAL_SPLITS",
    "Split",
    "block_split",
    "field_split",
    "per_class_split",
    "published_split",
    "random_split",
    "usual_split",
]

SPLIT_KINDS = ("blocks", "fields", "random", "per-class", "published")
USUAL_SPLITS = ("blocks", "fields")
"""One of these is taken where nobody names a kind."""


def usual_split(labels: LabelMap) -> str:
    """Which kind of split goes with the labels: "fields" for polygons, "blocks" for all others.

    A map from polygons is mostly asked about ground beyond them, and blocks would cut them. A point
    is a field by itself, so that whole fields of many points were a random split; the fields of a
    raster are often all there is, and few.

    Args:
        labels: all labels. Polygons they are, if most pixels came in samples of several pixels.
    """
    if labels.sample_ids is None:
        return "blocks"
    sizes = np.bincount(labels.sample_ids[labels.values > 0])
    in_polygons = sizes[1:][sizes[1:] > 1].sum()
    return "fields" if 2 * in_polygons > sizes.sum() else "blocks"


def random_split(
    labels: LabelMap,
    train_fraction: float = 0.1,
    *,
    stratified: bool = True,
    random_state: int = 0,
) -> Split:
    """Draw a share of the labelled pixels for training, wherever they lie; test on the rest.

    Args:
        labels: all labels.
        train_fraction: share of the labelled pixels, in (0, 1).
        stratified: True draws the share of each class, at least 1 and at most all but 1 of its
            pixels. False draws ``floor(train_fraction * n)`` of all n pixels, as the SpectralDiff
            paper does (Indian Pines 1024, Pavia University 2138, Houston 1502); a small class may
            then have no training pixel, which one warning says.
        random_state: seed of the draw.

    Raises:
        SettingError: if the fraction is out of range.
        SplitError: if the labels are too few.

    Example:
        >>> import hsidiff
        >>> labels = hsidiff.read_labels("labels.gpkg", hsidiff.open_scene("scene.tif"))
        >>> split = hsidiff.random_split(labels, 0.1)
        >>> labels.n_labelled, split.train.n_labelled, split.test.n_labelled
        (1979, 198, 1781)
    """
    check_train_fraction(train_fraction)
    check_can_be_split(labels)
    labels = replace(labels, unit="blocks")
    generator = np.random.default_rng(random_state)
    if stratified:
        wanted = {
            i: min(max(round(train_fraction * n), 1), n - 1)
            for i, n in labels.counts().items()
            if n
        }
        chosen = draw_per_class(labels.values, wanted, generator)
    else:
        # The small term keeps 0.29 * 100 = 28.999... at 29.
        n_train = int(train_fraction * labels.n_labelled + 1e-9)
        chosen = draw_per_class(labels.values > 0, {True: n_train}, generator)
    parameters = {
        "train_fraction": train_fraction,
        "stratified": stratified,
        "random_state": random_state,
    }
    split = Split(labels.keeping(chosen), labels.keeping(~chosen), "random", parameters)
    warn_of_one_sided_classes(split)
    return split


def per_class_split(labels: LabelMap, samples_per_class: int, *, random_state: int = 0) -> Split:
    """Draw the same number of training pixels from each class; test on the rest.

    A class of n pixels gives ``min(samples_per_class, n // 2)``, so that small classes keep half
    of their pixels for the test.

    Args:
        labels: all labels.
        samples_per_class: training pixels per class, at least 1.
        random_state: seed of the draw.

    Raises:
        SettingError: if the number is out of range.
        SplitError: if the labels are too few.

    Example:
        >>> import hsidiff
        >>> labels = hsidiff.read_labels("labels.gpkg", hsidiff.open_scene("scene.tif"))
        >>> hsidiff.per_class_split(labels, 30).train.counts()
        {1: 30, 2: 30, 3: 30}
    """
    check_samples_per_class(samples_per_class)
    check_can_be_split(labels)
    labels = replace(labels, unit="blocks")
    wanted = {i: min(samples_per_class, n // 2) for i, n in labels.counts().items()}
    chosen = draw_per_class(labels.values, wanted, np.random.default_rng(random_state))
    parameters = {"samples_per_class": samples_per_class, "random_state": random_state}
    return Split(labels.keeping(chosen), labels.keeping(~chosen), "per-class", parameters)


def published_split(train_labels: LabelMap, test_labels: LabelMap) -> Split:
    """Take training and test labels as somebody published them.

    The legends are joined: a class of one map only is in both afterwards, and a name such as
    ``class 3``, which stands for no name, gives way to a name.

    Args:
        train_labels: training labels.
        test_labels: test labels, of the same shape, on other pixels.

    Raises:
        SplitError: if shapes differ, a pixel is in both maps, the maps name a class differently, or
            the labels are too few.

    Example:
        >>> import hsidiff, numpy
        >>> train = hsidiff.LabelMap.from_array(numpy.array([[1, 2, 0, 0]]), {1: "corn"})
        >>> test = hsidiff.LabelMap.from_array(numpy.array([[0, 0, 1, 2]]), {2: "grass"})
        >>> [c.name for c in hsidiff.published_split(train, test).test.classes]
        ['corn', 'grass']
    """
    classes = _joined_legend(train_labels, test_labels)
    test_labels = without_copies_of(test_labels, train_labels)
    split = Split(
        replace(train_labels, classes=classes),
        replace(test_labels, classes=classes),
        kind="published",
        parameters={},
    )
    check_can_be_split(split.both_sides())
    warn_of_one_sided_classes(split)
    return split


def _joined_legend(train_labels: LabelMap, test_labels: LabelMap) -> tuple[LandClass, ...]:
    """One legend of two.

    Raises:
        SplitError: if both name a class, but differently.
    """
    joined = {c.id: c for c in train_labels.classes}
    for other in test_labels.classes:
        ours = joined.get(other.id)
        if ours is None or has_no_name(ours):
            joined[other.id] = other
        elif ours.name != other.name and not has_no_name(other):
            raise SplitError(
                f"class {named(ours)} of the training labels is {other.name!r} in the test "
                "labels: give both maps the same class ids"
            )
    return tuple(joined[i] for i in sorted(joined))
