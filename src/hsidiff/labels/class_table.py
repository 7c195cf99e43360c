"""A table that merges, renames and colours classes: ``class,name,colour``, a row per class."""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.colors import to_hex

from hsidiff.errors import HsidiffWarning, LabelError, MissingFileError
from hsidiff.labels.attribute_fields import nearest
from hsidiff.labels.columns import plain_title
from hsidiff.labels.label_map import LabelMap, LandClass, own_colors, with_colors
from hsidiff.labels.matching import has_no_name
from hsidiff.labels.point_table import read_table
from hsidiff.labels.spreadsheet import write_spreadsheet

_TITLES = {
    "class": ("class", "id", "value", "code", "klasse", "old"),
    "name": ("name", "newname", "new", "mergeinto", "label"),
    "colour": ("colour", "color", "farbe", "hex"),
}
_WITHOUT_MEANING = ("pixels", "hectares")


@dataclass(frozen=True)
class ClassRow:
    """What a table says of one class.

    Attributes:
        given: the class as the table has it: its id, in digits, or its name.
        name: its new name; None leaves it.
        color: its new colour, ``#rrggbb``; None, or the one it has, leaves that to the name.
    """

    given: str
    name: str | None = None
    color: str | None = None


@dataclass(frozen=True)
class ClassTable:
    """New names and colours of classes. Classes of one name become one class.

    Attributes:
        file: name of the file, for messages.
        rows: what it says.
        needs_all: whether a class of the table that is missing is a mistake.
    """

    file: str
    rows: tuple[ClassRow, ...]
    needs_all: bool = True

    def legend(self, classes: Sequence[LandClass]) -> tuple[tuple[LandClass, ...], dict[int, int]]:
        """The classes that come of these, and the new id of each old one.

        A merged class has the id of the one that had its name before, or else the lowest.

        Raises:
            LabelError: if the table names a class that is not there, or one twice, or gives a
                merged class two colours.
        """
        rows = self._rows_by_id(classes)
        chosen = {c.id: row.color for c in classes if (row := rows.get(c.id)) and row.color}
        # A colour that the class has anyway changes nothing: a new name may bring another.
        given = {c.id: chosen[c.id] for c in classes if chosen.get(c.id, c.color) != c.color}
        names = {c.id: rows[c.id].name or c.name if c.id in rows else c.name for c in classes}
        members: dict[str, list[int]] = {}
        for class_id, name in names.items():
            members.setdefault(name, []).append(class_id)
        changed = {name for class_id, name in names.items() if class_id in rows}
        old_ids = {c.name: c.id for c in reversed(classes)}
        new_ids, merged = {}, {}
        for name, ids in members.items():
            # Classes that shared a name before, and that the table does not touch, stay apart.
            together = ids if name in changed else []
            new = old_ids[name] if old_ids.get(name) in ids else min(ids)
            for class_id in ids:
                new_ids[class_id] = new if together else class_id
                merged[new_ids[class_id]] = LandClass(new_ids[class_id], name, "")
        # Several classes under a name that none of them had are a new one: no old colour is its.
        kept = {
            c: color
            for c, color in own_colors(classes).items()
            if new_ids[c] == c and (old_ids.get(names[c]) == c or len(members[names[c]]) == 1)
        }
        legend = [merged[class_id] for class_id in sorted(merged)]
        return with_colors(legend, kept | self._colors(given, new_ids, names)), new_ids

    def apply(self, labels: LabelMap) -> LabelMap:
        """Labels with the classes of the table; raises as :meth:`legend`."""
        classes, new_ids = self.legend(labels.classes)
        return labels.renumbered(new_ids, classes)

    def _rows_by_id(self, classes: Sequence[LandClass]) -> dict[int, ClassRow]:
        known = {str(c.id): c.id for c in classes} | {c.name: c.id for c in classes}
        rows: dict[int, ClassRow] = {}
        for row in self.rows:
            if row.given in known:
                if known[row.given] in rows:
                    raise LabelError(f"{self.file}: class {row.given!r} stands there twice")
                rows[known[row.given]] = row
            elif self.needs_all:
                names = [c.name for c in classes]
                raise LabelError(f"{self.file}: no class {row.given!r}{nearest(row.given, names)}")
        return rows

    def _colors(
        self, given: Mapping[int, str], new_ids: Mapping[int, int], names: Mapping[int, str]
    ) -> dict[int, str]:
        """The colours that the table gives, by old id, as colours by new id."""
        colors: dict[int, str] = {}
        for class_id, color in given.items():
            first = colors.setdefault(new_ids[class_id], color)
            if first != color:
                raise LabelError(
                    f"{self.file}: {names[class_id]!r} has two colours, {first} and {color}: "
                    "give one of them"
                )
        return colors


def read_class_table(path: str | Path) -> ClassTable:
    """Read a table of classes: CSV in UTF-8, columns separated by commas, semicolons or tabs.

    Columns: ``class`` (id or name), ``name`` (the new one; classes of one name become one) and
    ``colour`` (``#rrggbb``, or a CSS name such as ``forestgreen``). An empty cell changes nothing.

    Raises:
        LabelError: if columns are missing, there is no row, or a colour is none.
        MissingFileError: if there is no such file.

    Warns:
        HsidiffWarning: if there are columns of other names.
    """
    path = Path(path)
    if not path.is_file():
        raise MissingFileError(f"{path}: there is no such table of classes")
    table = read_table(path, "class")
    columns = _columns(list(map(str, table.columns)), path)
    rows = []
    for place in range(len(table)):
        cells = {key: _text(table[title].iloc[place]) for key, title in columns.items()}
        if cells["class"] is None and any(cells.values()):
            raise LabelError(f"{path.name}: row {place + 1} names no class: give its id or name")
        if cells["class"] is not None:
            color = _color(cells.get("colour"), path)
            rows.append(ClassRow(cells["class"], cells.get("name"), color))
    if not rows:
        raise LabelError(f"{path.name}: there is no row: expected a row per class")
    return ClassTable(path.name, tuple(rows))


def write_class_table(labels: LabelMap, path: str | Path) -> None:
    """Write the classes of labels or of a map as a table to edit; whole or not at all."""
    counts = labels.counts()
    names = [c.name for c in labels.classes]
    rows = [
        (
            c.id if has_no_name(c) or names.count(c.name) > 1 else c.name,
            c.name,
            c.color,
            counts[c.id],
        )
        for c in labels.classes
    ]
    table = pd.DataFrame(rows, columns=["class", "name", "colour", "pixels"])
    write_spreadsheet(table, Path(path))


def _columns(titles: list[str], path: Path) -> dict[str, str]:
    """Which column holds what; ``class`` and one more must be there."""
    found: dict[str, str] = {}
    unused = []
    for title in titles:
        plain = plain_title(title)
        key = next((key for key, known in _TITLES.items() if plain in known), None)
        if key is None and plain in _WITHOUT_MEANING:
            continue
        if key is None or key in found:
            unused.append(title)
        else:
            found[key] = title
    if "class" not in found or len(found) < 2:
        raise LabelError(
            f"{path.name} has the columns {', '.join(titles)}: expected class (id or name), and "
            "name or colour or both"
        )
    if unused:
        warnings.warn(
            f"{path.name}: columns without a use: {', '.join(unused)}", HsidiffWarning, stacklevel=3
        )
    return found


def _text(cell: object) -> str | None:
    """A cell as text, None if empty; a column of ids with gaps comes as 1.0, 2.0."""
    if cell is None or pd.isna(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _color(text: str | None, path: Path) -> str | None:
    """``#rrggbb`` of whatever the table has.

    Raises:
        LabelError: if it is no colour.
    """
    if text is None:
        return None
    plain = text.strip().lower()
    try:
        # matplotlib takes numbers for shades of grey, which nobody means here.
        if not re.fullmatch(r"#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]{3,}", plain):
            raise ValueError(text)
        return str(to_hex(plain))
    except ValueError as error:
        raise LabelError(
            f"{path.name}: {text!r} is no colour: give #rrggbb or a name such as forestgreen"
        ) from error
