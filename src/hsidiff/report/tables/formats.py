"""A table as Markdown and as LaTeX (booktabs)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

FIGURE_SPACE = "\N{FIGURE SPACE}"
"""As wide as a digit, so that numbers of a column stand below each other."""

PLUS_MINUS, UNKNOWN = "\N{PLUS-MINUS SIGN}", "\N{EN DASH}"

Alignment = Literal["left", "right", "text"]

_LATEX_COLUMN = {"left": "l", "right": "r", "text": r"p{0.25\linewidth}"}
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After the end of a row these would be taken for its options.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    PLUS_MINUS: r"$\pm$",
    UNKNOWN: "--",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{GREEK SMALL LETTER KAPPA}": r"$\kappa$",
    "\N{MINUS SIGN}": "$-$",
    FIGURE_SPACE: r"\phantom{0}",
    "\N{NARROW NO-BREAK SPACE}": r"\,",
}


@dataclass(frozen=True)
class Entry:
    """What stands in one place of a table.

    Attributes:
        text: in plain characters.
        bold: whether it is set in bold.
        before: plain text before it, space for alignment say.
        after: plain text after it, never bold.
    """

    text: str
    bold: bool = False
    before: str = ""
    after: str = ""

    @property
    def plain(self) -> str:
        """The whole text."""
        return self.before + self.text + self.after


@dataclass(frozen=True)
class Column:
    """The head of a column.

    Attributes:
        title: in plain characters.
        alignment: ``left``, ``right``, or ``text`` for sentences, which LaTeX breaks.
    """

    title: str
    alignment: Alignment = "left"


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: of its files, without suffix: lower-case letters, digits, hyphens.
        title: what it shows.
        columns: their heads.
        rows: one entry per column each.
        numbers: the same numbers and more, as fractions and without rounding, for CSV.
        notes: sentences below it.
        rules_before: rows that a line stands above, by position.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Entry, ...], ...]
    numbers: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()
    rules_before: frozenset[int] = frozenset()


def to_markdown(table: Table, heading: str = "##") -> str:
    """The table below its title, in columns that line up in plain text too."""
    head = [_markdown_escaped(column.title) for column in table.columns]
    rows = [[_markdown_entry(entry) for entry in row] for row in table.rows]
    widths = [max(3, *map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = [_markdown_rule(c, width) for c, width in zip(table.columns, widths, strict=True)]
    lines = [_markdown_row(row, table.columns, widths) for row in (head, rule, *rows)]
    title = f"{heading} {_markdown_escaped(table.title)}"
    parts = (title, "\n".join(lines), _markdown_escaped(" ".join(table.notes)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_rule(column: Column, width: int) -> str:
    if column.alignment == "right":
        return "-" * (width - 1) + ":"
    return ":" + "-" * (width - 1)


def _markdown_row(texts: Sequence[str], columns: tuple[Column, ...], widths: list[int]) -> str:
    padded = (
        text.rjust(width) if column.alignment == "right" else text.ljust(width)
        for text, column, width in zip(texts, columns, widths, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _markdown_entry(entry: Entry) -> str:
    before, text, after = map(_markdown_escaped, (entry.before, entry.text, entry.after))
    return f"{before}**{text}**{after}" if entry.bold else before + text + after


def _markdown_escaped(text: str) -> str:
    return _MARKDOWN_SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def to_latex(table: Table) -> str:
    r"""The table as a float to ``\input``; needs the packages booktabs and adjustbox.

    Letters beyond ASCII stay as they are: LaTeX reads UTF-8, but pdfLaTeX knows European alphabets
    only.
    """
    column_kinds = "".join(_LATEX_COLUMN[column.alignment] for column in table.columns)
    lines = [
        r"% needs \usepackage{booktabs,adjustbox}",
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{{_latex_escaped(' '.join((f'{table.title}.', *table.notes)))}}}",
        rf"\label{{tab:{table.name}}}",
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{{column_kinds}}}",
        r"\toprule",
        _latex_row([_latex_escaped(column.title) for column in table.columns]),
        r"\midrule",
    ]
    for position, row in enumerate(table.rows):
        if position in table.rules_before:
            lines.append(r"\midrule")
        lines.append(_latex_row([_latex_entry(entry) for entry in row]))
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{adjustbox}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _latex_row(texts: list[str]) -> str:
    return rf"{' & '.join(texts)} \\"


def _latex_entry(entry: Entry) -> str:
    before, text, after = map(_latex_escaped, (entry.before, entry.text, entry.after))
    return rf"{before}\textbf{{{text}}}{after}" if entry.bold else before + text + after


def _latex_escaped(text: str) -> str:
    return "".join(_LATEX_SPECIAL.get(letter, letter) for letter in text.replace("\n", " "))


def file_stem(*parts: str, taken: Sequence[str] = ()) -> str:
    """A name for the files of a table that LaTeX and all file systems take.

    Args:
        parts: words of any characters.
        taken: names that are given away already; a number keeps the new one apart.
    """
    plain = (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)
    stem = "-".join(part for part in plain if part) or "table"
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name
