"""The columns of a table of labels: which hold numbers or text, and which belong together."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hsidiff.errors import LabelError

_LARGEST_WHOLE = 2.0**62
_NUMBERED = re.compile("(id|code|nr|num|number|value|val)$")
_DIGITS = re.compile(r"(\d{1,18})(\.0*|,0{1,2})?")
"""Whole numbers, also as a spreadsheet shows them: ``3.0``, ``3,0``; ``3,000`` may be thousands."""


ID_NAMES = frozenset({"fid", "id", "gid", "oid", "uid", "uuid", "objectid", "ogcfid", "scpuid"})


MEASURE_NAMES = frozenset(
    {
        "count", "npixels", "area", "length", "perimeter", "shapearea", "shapelength", "shapeleng",
        "red", "green", "blue", "alpha", "color", "colour", "classclrs", "x", "y", "z", "lon",
        "lat", "elevation", "accuracy",
    }
)  # fmt: skip
"""Fields that say something else of a feature, in tables of ArcGIS, QGIS, ENVI and GRASS."""


CLASS_NAMES = frozenset(
    {
        "class", "classes", "label", "labels", "landcover", "landuse", "lulc", "category",
        "macroclass", "mc", "c", "klasse", "klassen", "classe", "clase",
    }
)  # fmt: skip
"""What classes are called; ``macroclass``, ``mc`` and ``c`` by SCP, which has two levels."""


NUMBER_NAMES = frozenset({"value", "code", "gridcode", "gridvalue", "pixelvalue", "dn", "cat"})
"""What the numbers of classes are called where the name says nothing of the class."""
COUNTING_NAMES = frozenset({"id", "nr", "no", "num", "number", "key"})
"""The same, if they repeat: otherwise they count the features."""


REFERENCE, MAP_CLASS = "reference", "map_class"
"""Of points to be labelled: the field to fill in, and what a map says, which is no label."""


@dataclass(frozen=True)
class Columns:
    """The columns that could hold classes; a missing value is NA.

    Attributes:
        numbers: columns of whole numbers, as Int64.
        texts: columns of text, as objects.
    """

    numbers: dict[str, pd.Series]
    texts: dict[str, pd.Series]

    def n_distinct(self) -> dict[str, int]:
        """Distinct values of each column, numbers and texts."""
        return {key: column.nunique() for key, column in (self.texts | self.numbers).items()}


def check_names_differ(table: pd.DataFrame, name: str) -> None:
    """Refuse a table of two columns of one name, of which none can be chosen.

    Raises:
        LabelError: naming one.
    """
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise LabelError(f"{name}: two fields are called {str(twice[0])!r}: rename one of them")


def usable_columns(table: pd.DataFrame) -> Columns:
    """Sort columns into whole numbers and text; others (dates, fractions) cannot be classes."""
    numbers, texts = {}, {}
    for key in table.columns:
        column = table[key].astype(object)
        column = column.where(column.notna(), None)
        values = column.dropna()
        if values.empty or values.map(lambda value: isinstance(value, bool | np.bool_)).any():
            continue
        if values.map(lambda value: isinstance(value, str)).all():
            column = column.map(lambda value: (value or "").strip() or None)
            if column.dropna().map(_DIGITS.fullmatch).notna().all():
                digits = column.map(lambda text: int(re.split("[.,]", text)[0]), na_action="ignore")
                numbers[key] = digits.astype("Int64")
            else:
                texts[key] = column
        elif _are_whole(values):
            numbers[key] = column.astype("Int64")
    return Columns(numbers, texts)


def _are_whole(values: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(values.infer_objects()):
        return False
    numbers = values.to_numpy(np.float64)
    return bool((np.abs(numbers) < _LARGEST_WHOLE).all() and (numbers == np.round(numbers)).all())


def id_field_of(columns: Columns, text_field: str) -> str | None:
    """The field of whole numbers that belongs to a text field: one to one, complete, and named so.

    Named so is one of the same stem, or else the only one with a name that numbers of classes have.
    """
    texts = columns.texts[text_field]
    fitting = _one_to_one_with(columns, text_field)
    related = [key for key in fitting if stem(key) == stem(text_field)]
    repeats = texts.dropna().duplicated().any()
    names = NUMBER_NAMES | COUNTING_NAMES if repeats else NUMBER_NAMES
    numbering = [
        key for key in numbers_beside(columns, text_field) if _NUMBERED.search(plain_title(key))
    ]
    general = [key for key in fitting if plain_title(key) in names or key in numbering]
    if related:
        return related[0]
    return general[0] if len(general) == 1 else None


def _one_to_one_with(columns: Columns, text_field: str) -> list[str]:
    """The fields of whole numbers that go with a text field, one to one and complete."""
    texts = columns.texts[text_field]
    return [
        key
        for key, numbers in columns.numbers.items()
        if numbers[texts.notna()].notna().all()
        and (numbers.dropna() >= 0).all()
        and _one_to_one(numbers, texts)
    ]


def numbers_beside(columns: Columns, text_field: str) -> list[str]:
    """Fields that number the values of a text field that repeats: each has one, 0 among them.

    Only numbers of classes do so, whatever they are called.
    """
    texts = columns.texts[text_field]
    if not texts.dropna().duplicated().any():
        return []
    known = ID_NAMES | MEASURE_NAMES
    return [
        key
        for key in _one_to_one_with(columns, text_field)
        if plain_title(key) not in known
        and columns.numbers[key][texts.notna()].nunique() == texts.nunique()
    ]


def names_of_ids(columns: Columns, field: str) -> pd.Series | None:
    """The text field that maps one to one to ids; of several, the one of the same stem."""
    numbers = columns.numbers[field]
    fitting = [key for key, texts in columns.texts.items() if _one_to_one(numbers, texts)]
    named = [key for key in fitting if plain_title(key) not in MEASURE_NAMES]
    related = [key for key in named if stem(key) == stem(field)]
    chosen = related or named
    return columns.texts[chosen[0]] if len(chosen) == 1 else None


def _one_to_one(numbers: pd.Series, texts: pd.Series) -> bool:
    """Whether each id above 0 goes with one text, and each text with one id."""
    pairs = pd.DataFrame({"number": numbers, "text": texts}).dropna().drop_duplicates()
    pairs = pairs[pairs["number"] > 0]
    return bool(len(pairs) and pairs["number"].is_unique and pairs["text"].is_unique)


def plain_title(field: str) -> str:
    """The name of a field in lower case, without blanks and marks."""
    return re.sub(r"[\W_]", "", field.lower())


def stem(field: str) -> str:
    """A field's name without a last word that says id or name: ``Level_2_ID`` -> ``level2``."""
    return re.sub(
        r"(?<=.)(id|code|nr|no|num|number|value|val|names?|text|info|label|descr?|description)$",
        "",
        plain_title(field),
    )
