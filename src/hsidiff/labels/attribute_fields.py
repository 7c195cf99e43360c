"""Which field of a vector file holds the classes, and the class id of each feature."""

import difflib
import logging
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import numpy as np
import pandas as pd

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.columns import (
    CLASS_NAMES,
    ID_NAMES,
    MAP_CLASS,
    MEASURE_NAMES,
    REFERENCE,
    Columns,
    check_names_differ,
    id_field_of,
    names_of_ids,
    numbers_beside,
    plain_title,
    stem,
    usable_columns,
)
from hsidiff.labels.hex_colors import hex_color
from hsidiff.labels.legend import ZERO_MEANS, means_no_class, warn_of_raised_ids

logger = logging.getLogger(__name__)


MAX_CLASS_ID = 65535
"""Maps are stored with at most two bytes per pixel."""

MAX_GUESSED_CLASSES = 255
"""A field with more distinct values is never taken for the classes unless it is named."""


@dataclass(frozen=True)
class FeatureClasses:
    """The class of each feature.

    Attributes:
        ids: (features,) int64, the class id, 0 = none.
        names: class id to name, for the classes that have a name.
        colors: class id to ``#rrggbb``, for the classes that have a colour.
    """

    ids: np.ndarray
    names: dict[int, str]
    colors: dict[int, str] = dataclass_field(default_factory=dict)


def read_classes(
    table: pd.DataFrame,
    field: str | None,
    name: str,
    *,
    multi_part: bool,
    zero: str = ZERO_MEANS[0],
) -> FeatureClasses:
    """Read the class of each feature from its attributes.

    Whole numbers are class ids (0 and missing: no class), named by the text field that maps to
    them one to one, if there is one. Text is named classes: their ids come from the field of whole
    numbers that belongs to it (``Level_2_ID`` to ``Level_2``, ``Classvalue`` to ``Classname``), and
    otherwise count from 1 in alphabetical order. Text that holds digits only (``41``, ``41.0``) is
    read as whole numbers. Where 0 is the id of a class with a name, or ``zero`` says that it is a
    class, all ids are raised by 1.
    Colours come from ``RED``, ``GREEN``, ``BLUE``.

    Args:
        table: (features, fields) attributes, without the geometry.
        field: name of the field; None finds it: of points that ``hsidiff sample`` or ``suggest``
            drew it is ``reference``, never what the map says.
        name: what to call the labels in messages.
        multi_part: whether some feature has several parts. Then a field whose values are all
            distinct may be the class, one feature per class; otherwise it is taken for an id.
        zero: what the id 0 means, one of ``ZERO_MEANS``.

    Raises:
        LabelError: if the field does not exist or holds no classes, no field or several fit, two
            have one name, or an id is not in 1..65535.

    Warns:
        HsidiffWarning: if ids were raised by 1.
    """
    table = table.rename(columns=str)
    check_names_differ(table, name)
    columns = usable_columns(table)
    if field is None and {REFERENCE, MAP_CLASS} <= set(table.columns):
        field = REFERENCE
        _refuse_nothing_filled_in(table, name)
    elif field is None:
        field = _guessed_field(columns, len(table), name, multi_part)
        logger.info("%s: classes from the field %r", name, field)
    elif field not in table.columns:
        raise LabelError(f"{name}: no field {field!r}{nearest(field, table.columns)}")
    if field in columns.texts:
        classes = _classes_of_text(columns, field, name, zero)
        return replace(classes, colors=_colors(columns, classes.ids))
    if field in columns.numbers:
        texts = names_of_ids(columns, field)
        classes = _classes_of_numbers(columns.numbers[field], texts, field, name, zero)
        return replace(classes, colors=_colors(columns, classes.ids))
    raise LabelError(
        f"{name}: field {field!r} holds neither text nor whole numbers: "
        f"choose one of {_listed(columns.n_distinct())}"
    )


def nearest(given: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, and all of them."""
    known = list(known)
    lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(given.lower(), lower, n=1)
    hint = f", did you mean {lower[close[0]]!r}?" if close else ":"
    return f"{hint} known are {', '.join(map(repr, known)) or 'none'}"


def _guessed_field(columns: Columns, n_features: int, name: str, multi_part: bool) -> str:
    """The one field that can hold classes: one with a usual name, or the only one that fits."""
    n_distinct = {
        key: count
        for key, count in columns.n_distinct().items()
        if 2 <= count <= MAX_GUESSED_CLASSES and plain_title(key) not in ID_NAMES | MEASURE_NAMES
    }
    paired = {id_field_of(columns, text) for text in n_distinct if text in columns.texts}
    fields = [key for key in n_distinct if key not in paired]
    usual = [key for key in fields if stem(key) in CLASS_NAMES]
    fitting = [key for key in fields if multi_part or n_distinct[key] < n_features]
    for choice in (usual, fitting):
        if len(choice) == 1:
            return choice[0]
    if not fitting:
        _refuse_single_values(columns, name)
        raise LabelError(
            f"{name}: no field of text or whole numbers looks like classes "
            f"({_listed(columns.n_distinct())}): name it with --field"
        )
    raise LabelError(
        f"{name}: several fields can be the classes: {_listed({k: n_distinct[k] for k in fields})}:"
        " choose one with --field"
    )


def _refuse_nothing_filled_in(table: pd.DataFrame, name: str) -> None:
    if table[REFERENCE].isna().all() or (table[REFERENCE] == "").all():
        raise LabelError(
            f"{name}: no point has a class in {REFERENCE!r} yet: fill in names or ids of classes"
        )


def _refuse_single_values(columns: Columns, name: str) -> None:
    """Say of labels of one class that they are of one class.

    Raises:
        LabelError: if a field with a usual name holds one value, or every field but the ids does.
    """
    others = ID_NAMES | MEASURE_NAMES
    counts = {k: n for k, n in columns.n_distinct().items() if plain_title(k) not in others}
    usual = {k: n for k, n in counts.items() if n == 1 and stem(k) in CLASS_NAMES}
    single = usual or (counts if set(counts.values()) == {1} else {})
    if single:
        raise LabelError(
            f"{name}: a single value in the field {', '.join(map(repr, single))}, labels need at "
            "least two classes: label a second class, or name another field with --field"
        )


def _classes_of_text(columns: Columns, field: str, name: str, zero: str) -> FeatureClasses:
    texts = columns.texts[field]
    id_field = id_field_of(columns, field)
    if id_field is not None:
        return _classes_of_numbers(columns.numbers[id_field], texts, id_field, name, zero)
    _warn_of_numbers(columns, field, name)
    names = sorted(texts.dropna().unique(), key=lambda text: (text.casefold(), text))
    numbers = {text: number for number, text in enumerate(names, start=1)}
    ids = np.array([numbers.get(text, 0) for text in texts], dtype=np.int64)
    return FeatureClasses(ids, {number: text for text, number in numbers.items()})


def _warn_of_numbers(columns: Columns, field: str, name: str) -> None:
    """Note fields that number the classes as well, though not by their names.

    Warns:
        HsidiffWarning: naming them.
    """
    others = numbers_beside(columns, field)
    if others:
        warnings.warn(
            f"{name}: classes of the field {field!r} are numbered from 1 by the alphabet; "
            f"{' and '.join(map(repr, others))} would number them, too: to keep those ids, give "
            f"field={others[0]!r} (--field {others[0]})",
            HsidiffWarning,
            stacklevel=5,
        )


def _classes_of_numbers(
    numbers: pd.Series, texts: pd.Series | None, field: str, name: str, zero: str
) -> FeatureClasses:
    """Classes by their ids, with the names that go with them, if any do."""
    first = None if texts is None else _class_zero(numbers, texts)
    if zero == "class" and (numbers == 0).any():
        first = first or "class 0"
        if texts is None:
            texts = numbers.map(lambda number: f"class {number}", na_action="ignore")
            texts = texts.astype(object).where(texts.notna(), None)
    if first is not None:
        warn_of_raised_ids(name, first)
        numbers = numbers + 1
    ids = _checked_ids(numbers, field, name)
    return FeatureClasses(ids, {} if texts is None else _pairs(ids, texts))


def _class_zero(numbers: pd.Series, texts: pd.Series) -> str | None:
    """The name that goes with the id 0, if it is one and names a class."""
    names = texts[(numbers == 0).fillna(False).to_numpy(dtype=bool)].dropna().unique()
    is_class = len(names) == 1 and not means_no_class(names[0])
    return str(names[0]) if is_class else None


def _colors(columns: Columns, ids: np.ndarray) -> dict[int, str]:
    """Colours by class id, from three fields of numbers, where each class has one colour."""
    parts = {plain_title(key): column for key, column in columns.numbers.items()}
    if not {"red", "green", "blue"} <= parts.keys():
        return {}
    rgb = np.column_stack(
        [parts[p].fillna(-1).to_numpy(np.int64) for p in ("red", "green", "blue")]
    )
    colors = {}
    for number in np.unique(ids[ids > 0]):
        of_class = np.unique(rgb[ids == number], axis=0)
        if len(of_class) == 1 and ((of_class >= 0) & (of_class <= 255)).all():
            colors[int(number)] = hex_color(*of_class[0])
    return colors


def _pairs(ids: np.ndarray, texts: pd.Series) -> dict[int, str]:
    pairs = zip(ids.tolist(), texts, strict=True)
    return {number: text for number, text in pairs if number and text is not None}


def _checked_ids(numbers: pd.Series, field: str, name: str) -> np.ndarray:
    ids = numbers.fillna(0).to_numpy(np.int64)
    wrong = ids[(ids < 0) | (ids > MAX_CLASS_ID)]
    if wrong.size:
        raise LabelError(
            f"{name}: field {field!r} holds the class id {wrong[0]}: ids must be 1 to "
            f"{MAX_CLASS_ID}, or 0 for no label"
        )
    return ids


def _listed(n_distinct: dict[str, int]) -> str:
    counted = (f"{key} ({n} value{'s' * (n != 1)})" for key, n in n_distinct.items())
    return ", ".join(counted) or "none"
