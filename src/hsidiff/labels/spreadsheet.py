"""Tables of text that a spreadsheet opens: a name of a class must not be computed there."""

from pathlib import Path
from typing import Any

import pandas as pd

from hsidiff.files import write_whole

_BEGINS_A_FORMULA = ("=", "+", "-", "@")
_MARK = "'"


def write_spreadsheet(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV whose texts no spreadsheet takes for a formula; whole or not at all."""
    with write_whole(path) as temporary:
        # The mark at its start tells spreadsheets that it is UTF-8. Sums of pixels' hectares end in
        # digits that are none: 1105.920000000044.
        without_formulas(table).to_csv(
            temporary, index=False, encoding="utf-8-sig", float_format="%.10g"
        )


def without_formulas(frame: pd.DataFrame) -> pd.DataFrame:
    """A table for CSV whose texts no spreadsheet takes for a formula.

    A name of a class such as ``=HYPERLINK(...)`` comes from a file of labels. Spreadsheets would
    compute it; after an apostrophe they show it. Numbers stay as they are.
    Source: https://owasp.org/www-community/attacks/CSV_Injection
    """
    return frame.rename(columns=_marked).map(_marked)


def _marked(cell: Any) -> Any:
    return f"{_MARK}{cell}" if isinstance(cell, str) and _is_formula(cell) else cell


def _is_formula(text: str) -> bool:
    plain = text.strip()
    return len(plain) > 1 and plain.startswith(_BEGINS_A_FORMULA)


def unmarked(text: str) -> str:
    """A text as it was before :func:`without_formulas`."""
    rest = text.removeprefix(_MARK)
    return rest if rest != text and _is_formula(rest) else text
