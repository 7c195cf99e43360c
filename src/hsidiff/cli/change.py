"""``hsidiff change``: what changed between two maps."""

from pathlib import Path
from typing import Annotated, Any

import pandas as pd

from hsidiff.amounts import count, in_hectares, percent
from hsidiff.cli import console
from hsidiff.cli.options import (
    OUTPUT_PANEL,
    JsonOption,
    MapArgument,
    argument,
    option,
    out_option,
)
from hsidiff.cli.outputs import check_output_file
from hsidiff.errors import SettingError
from hsidiff.labels.spreadsheet import write_spreadsheet
from hsidiff.maps.change import Change, class_totals, compare_maps
from hsidiff.maps.geotiff import write_class_map
from hsidiff.maps.read_map import read_map


def change(
    before: MapArgument,
    after: Annotated[Path, argument("LATER", "A later map of the same grid.")],
    out: Annotated[
        Path | None, out_option("FILE", "Table to write, .csv: a row per pair of classes.")
    ] = None,
    change_map: Annotated[
        Path | None,
        option(OUTPUT_PANEL, "FILE", "Map of the changes to write, .tif: a class per pair."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed between two maps: pixels and hectares from class to class.

    Errors of both maps count as change, too: of two maps that are right in 90 % of the
    pixels, up to 20 % seem to have changed where nothing did.
    """
    for path, endings in ((out, (".csv",)), (change_map, (".tif", ".tiff"))):
        if path is not None:
            check_output_file(path, endings, (before, after))
    with console.at_work():
        names = (
            (before.name, after.name) if before.name != after.name else (str(before), str(after))
        )
        found = compare_maps(read_map(before), read_map(after), names)
        if change_map is not None and not found.classes:
            raise SettingError("nothing changed between the two maps: leave --change-map out")
        if out is not None:
            write_spreadsheet(found.table, out)
        if change_map is not None:
            write_class_map(found.values, found.classes, change_map, found.crs, found.transform)
    if as_json:
        console.answer_json(_as_json(found))
        return
    _say(found)
    for path in (out, change_map):
        if path is not None:
            console.say(f"written: {path}")


def _as_json(found: Change) -> dict[str, Any]:
    """The same as JSON values; None for hectares where the place is not known."""
    tables = {"pairs": found.table, "classes": class_totals(found)}
    return {
        name: table.astype(object).where(table.notna(), None).to_dict("records")
        for name, table in tables.items()
    }


def _say(found: Change) -> None:
    table = found.table
    changed = table[table["changed"]].sort_values("pixels", ascending=False)
    both = table[table["compared"]]
    n_both, n_changed = int(both["pixels"].sum()), int(changed["pixels"].sum())
    share = n_changed / n_both if n_both else 0.0
    console.say(f"changed: {_amount(changed)}, {percent(share)} of what both maps show")
    for _, row in changed.iterrows():
        console.say(f"  {row['from']} to {row['to']}: {_amount(row)}")
    console.say("classes, before and after:")
    for _, row in class_totals(found).iterrows():
        ends = (_amount(row, "_before"), _amount(row, "_after"))
        console.say(f"  {row['class']}: {ends[0]}, then {ends[1]}")
    n_one_side = int(table["pixels"].sum() - n_both - table[_is_empty(table)]["pixels"].sum())
    if n_one_side:
        console.say(
            f"{count(n_one_side)} pixels have a class in one map only, and are not compared"
        )


def _is_empty(table: pd.DataFrame) -> pd.Series:
    return (table["from_id"] == 0) & (table["to_id"] == 0)


def _amount(rows: pd.DataFrame | pd.Series, when: str = "") -> str:
    """Pixels and, where known, hectares of one row or the sum of several."""
    pixels, hectares = rows[f"pixels{when}"], rows[f"hectares{when}"]
    if isinstance(rows, pd.DataFrame):
        pixels, hectares = pixels.sum(), hectares.sum(skipna=False)
    ground = "" if pd.isna(hectares) else f" ({in_hectares(float(hectares))} ha)"
    return f"{count(int(pixels))} pixels{ground}"
