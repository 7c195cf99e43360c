"""A table as HTML."""

from hsidiff.report.elements import scrolling, text
from hsidiff.report.tables.formats import Alignment, Entry, Table

_KINDS: dict[Alignment, str] = {"left": "", "right": "number", "text": "wrapped"}


def to_html(table: Table, heading: str = "h3") -> str:
    """The table below its title; the first column names the rows."""
    head = "".join(
        f'<th scope="col"{_kind(column.alignment)}>{text(column.title)}</th>'
        for column in table.columns
    )
    rows = "".join(
        f"<tr{_ruled(position in table.rules_before)}>{_cells(table, row)}</tr>"
        for position, row in enumerate(table.rows)
    )
    body = f'<table class="data"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    note = f'<p class="note">{text(" ".join(table.notes))}</p>' if table.notes else ""
    title = f"<{heading}>{text(table.title)}</{heading}>"
    return title + scrolling(body, f"Table: {table.title}") + note


def _cells(table: Table, row: tuple[Entry, ...]) -> str:
    first, *others = zip(table.columns, row, strict=True)
    cells = [f'<th scope="row"{_kind(first[0].alignment)}>{_entry(first[1])}</th>']
    cells += [f"<td{_kind(column.alignment)}>{_entry(entry)}</td>" for column, entry in others]
    return "".join(cells)


def _entry(entry: Entry) -> str:
    shown = f"<b>{text(entry.text)}</b>" if entry.bold else text(entry.text)
    return text(entry.before) + shown + text(entry.after)


def _kind(alignment: Alignment) -> str:
    return f' class="{_KINDS[alignment]}"' if _KINDS[alignment] else ""


def _ruled(is_ruled: bool) -> str:
    return ' class="ruled"' if is_ruled else ""
