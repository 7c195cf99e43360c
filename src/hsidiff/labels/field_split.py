"""The split by whole fields: every field trains or tests, so no test pixel lies in a field learned.

Blocks cut fields: in the next block lies the rest of the field that was learned. Here a field goes
to one side as a whole. What a field is, :func:`hsidiff.labels.ground.fields_of` says.
"""

import warnings
from dataclasses import replace

import numpy as np

from hsidiff.errors import HsidiffWarning, check_choice
from hsidiff.labels.ground import classes_by_place, fields_in_two
from hsidiff.labels.guard import Guards, check_sides, distance_to_px
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.overlap import Overlap
from hsidiff.labels.split import (
    Split,
    check_can_be_split,
    named,
    warn_of_one_sided_classes,
    with_samples_per_class,
)

SINGLE_FIELD = ("halve", "drop")
"""What may happen to a class that lies in one field."""
_MAX_DRAWS = 30
_NEAR_ENOUGH = 0.1
"""A draw of fields is taken whose share of training pixels lies so near to the one asked for."""


def field_split(
    labels: LabelMap,
    *,
    train_fraction: float = 0.5,
    samples_per_class: int | None = None,
    single_field: str = "halve",
    guard_px: int | None = None,
    receptive_field_px: int = 1,
    random_state: int = 0,
) -> Split:
    """Split by whole fields: no field has pixels on both sides.

    A field is a connected part of one class (diagonal neighbours connect) or, of labels that came
    as points or polygons, one of those, and what of its class touches it
    (:func:`hsidiff.labels.ground.fields_of`). Of each class fields are drawn at random until about
    ``train_fraction`` of its pixels train; each side gets one field at least. Of up to 30
    draws the first is taken that is within a tenth of the share, or the nearest.

    A class that lies in one field is cut into halves across its longer axis, or left out; one
    warning names all such classes.

    Test pixels nearer than ``guard_px`` (Chebyshev distance) to a training pixel are left out, as
    of a block split, but each class for itself: see ``guard_px``.

    ``sample_ids`` of both sides are the numbers of the fields, so that what is drawn inside a field
    is still known to belong together.

    ``train.region`` marks all pixels, labelled or not, that lie nearer to a training field than to
    a test field, ``test.region`` the others outside the guard.

    Args:
        labels: all labels.
        train_fraction: share of the labelled pixels of each class that trains, in (0, 1).
        samples_per_class: draw so many pixels of each class in its training fields (all, if there
            are fewer); None takes all.
        single_field: what happens to a class that lies in one field, "halve" or "drop".
        guard_px: width of the guard in pixels. None takes the method's receptive field; for a class
            that it would leave fewer than half of its test pixels, the widest guard that leaves it
            half, and one warning says for which. A number is obeyed.
        receptive_field_px: side of the square that the method looks at to map one pixel.
        random_state: seed of the draws.

    Raises:
        SettingError: if a setting is out of range.
        SplitError: if the labels are too few, or no test pixel is left.

    Example:
        >>> import hsidiff
        >>> labels = hsidiff.read_labels("labels.gpkg", hsidiff.open_scene("scene.tif"))
        >>> split = hsidiff.field_split(labels, samples_per_class=20, receptive_field_px=5)
        >>> split.train.counts()
        {1: 20, 2: 20, 3: 20}
    """
    check_sides(train_fraction, samples_per_class, guard_px, receptive_field_px)
    check_choice("single_field", single_field, SINGLE_FIELD)
    generator = np.random.default_rng(random_state)

    # 1. Find the fields; classes of one field are halved or left out.
    used, fields = split_single_fields(labels, single_field, stacklevel=2)
    check_can_be_split(used)
    used = replace(used, sample_ids=fields.astype(np.int32), unit="fields")

    # 2. Draw which fields are for training, and the training pixels inside them.
    in_training = _draw_fields(used.values, fields, train_fraction, generator)
    region = _nearer(in_training, (used.values > 0) & ~in_training, labels.overlap)
    train = used.keeping(in_training, region)
    train = with_samples_per_class(train, samples_per_class, generator)

    # 3. Leave out the test pixels too near to them.
    distance_px = distance_to_px(train.values > 0, labels.overlap)
    guards = Guards.of(used.keeping(~in_training), distance_px, guard_px, receptive_field_px)
    guards.warn(receptive_field_px, "test", stacklevel=2)
    outside = guards.outside(used.values, distance_px) & ~region
    parameters = {
        "train_fraction": train_fraction,
        "samples_per_class": samples_per_class,
        "single_field": single_field,
        "guard_px": guards.wanted_px,
        "narrower_guards_px": guards.to_json(),
        "receptive_field_px": receptive_field_px,
        "random_state": random_state,
    }
    test = used.keeping(outside & ~in_training, outside)
    split = Split(train, test, kind="fields", parameters=parameters)
    warn_of_one_sided_classes(split)
    return split


def split_single_fields(
    labels: LabelMap, single_field: str, stacklevel: int = 1
) -> tuple[LabelMap, np.ndarray]:
    """Number the fields, and see to it that each class lies in two at least.

    Args:
        labels: all labels.
        single_field: "halve" or "drop".
        stacklevel: of the warning.

    Returns:
        The labels without classes that are left out, and (rows, cols) int, the fields from 1. The
        second half of a field has a number of its own. A class of one pixel stays as it is.
    """
    fields, alone = fields_in_two(labels)
    if single_field == "halve":  # one pixel has no halves
        counts = labels.counts()
        alone = [class_id for class_id in alone if counts[class_id] > 1]
    if not alone:
        return labels, fields
    names = ", ".join(named(c) for c in labels.classes if c.id in alone)
    what = (
        "they are cut in two, so training and test pixels of them lie in the same field "
        '(single_field="drop", --single-field drop leaves them out)'
        if single_field == "halve"
        else "they are left out, and no score speaks of them"
    )
    text = f"classes of one field, which cannot lie on two sides: {names}: {what}"
    warnings.warn(text, HsidiffWarning, stacklevel=stacklevel + 1)
    if single_field == "halve":
        return labels, fields
    is_used = ~np.isin(labels.values, alone)
    return labels.keeping(is_used, labels.region), np.where(is_used, fields, 0)


def _draw_fields(
    values: np.ndarray, fields: np.ndarray, train_fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """Draw the fields that train, class by class: (rows, cols) bool, their pixels.

    A field of several classes (one place, several dates) is drawn with the first of them.
    """
    sizes = np.bincount(fields.ravel())
    is_training, is_drawn = (np.zeros(len(sizes), dtype=bool) for _ in range(2))
    for class_id in classes_by_place(values):
        of_class = np.unique(fields[values == class_id])
        rest = of_class[~is_drawn[of_class]]
        if len(rest) == 1 and len(of_class) > 1:
            is_training[rest] = not is_training[of_class].any()
        elif len(rest):
            is_training[_balanced_draw(rest, sizes[rest], train_fraction, generator)] = True
        is_drawn[of_class] = True
    return is_training[fields] & (fields > 0)


def _balanced_draw(
    fields: np.ndarray, sizes: np.ndarray, train_fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """Some of the fields (n,) of ``sizes`` pixels: at least one, not all, about the share."""
    best, least = fields, np.inf
    for _ in range(_MAX_DRAWS):
        order = generator.permutation(len(fields))
        off = np.abs(np.cumsum(sizes[order])[:-1] / sizes.sum() - train_fraction)
        n_fields = int(np.argmin(off)) + 1
        if off[n_fields - 1] < least:
            best, least = fields[order[:n_fields]], off[n_fields - 1]
        if least <= _NEAR_ENOUGH:
            break
    return best


def _nearer(first: np.ndarray, second: np.ndarray, overlap: Overlap | None) -> np.ndarray:
    """(rows, cols) bool, the pixels nearer to one of ``first`` than to one of ``second``."""
    return distance_to_px(first, overlap) < distance_to_px(second, overlap)
