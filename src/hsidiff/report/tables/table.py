"""A table, and the way from there to Markdown and LaTeX, which pandas writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from hsidiff.amounts import MINUS, NO_PIXEL, PLUS_MINUS, TIMES, UNKNOWN
from hsidiff.report.blocks import Bold

FIGURE_SPACE = "\N{FIGURE SPACE}"
"""As wide as a digit, so that numbers of a column stand below each other."""
Alignment = Literal["left", "right", "text"]

_LATEX_ALIGNMENT = {"left": "l", "right": "r", "text": r"p{0.25\linewidth}"}
_MARKDOWN_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_LATEX_SPECIAL = {
    **{letter: rf"\{letter}" for letter in "{}$&#_%"},
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    # After the end of a row these would be taken for its options.
    "[": "{[}", "]": "{]}", "*": "{*}",
    PLUS_MINUS: r"$\pm$", UNKNOWN: "--", TIMES: r"$\times$", MINUS: "$-$", NO_PIXEL: r"$\cdot$",
    "↓": r"$\downarrow$", "→": r"$\rightarrow$", "\N{GREEK SMALL LETTER KAPPA}": r"$\kappa$",
    FIGURE_SPACE: r"\phantom{0}", "\N{NARROW NO-BREAK SPACE}": r"\,", "\n": " ",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """The head of a column; ``text`` is for sentences, which are broken into lines."""

    title: str
    alignment: Alignment = "left"


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: of its files, without suffix: lower-case letters, digits, hyphens.
        title: what it shows.
        columns: their heads.
        rows: one text per column each, ``Bold`` where it is set in bold.
        numbers: the same numbers and more, as fractions and without rounding, for CSV.
        notes: sentences below it.
        rule_before: the row that a line stands above, by position; None for no line.
        styles: CSS of the cells of a matrix; a row may be missing.
        place: scene and split that it is of; a part is empty where it is of several.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    numbers: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)
    notes: tuple[str, ...] = ()
    rule_before: int | None = None
    styles: Sequence[Sequence[str]] = ()
    place: tuple[str, str] = ("", "")


def columns(left: Sequence[str] = (), right: Sequence[str] = ()) -> tuple[Column, ...]:
    """Heads of columns: first those of texts, then those of numbers."""
    return (*map(Column, left), *(Column(title, "right") for title in right))


def to_markdown(table: Table) -> str:
    """The table below its title, in columns that line up in plain text too."""
    body = pd.DataFrame([[_in_markdown(text) for text in row] for row in table.rows]).to_markdown(
        index=False,
        headers=[_in_markdown(column.title) for column in table.columns],
        colalign=["right" if column.alignment == "right" else "left" for column in table.columns],
        disable_numparse=True,
    )
    parts = (f"## {_in_markdown(table.title)}", body, _in_markdown(" ".join(table.notes)))
    return "\n\n".join(filter(None, parts)) + "\n"


def to_text(table: Table) -> str:
    """The table for a terminal, without its title: columns that line up."""
    return pd.DataFrame(table.rows).to_markdown(
        index=False,
        headers=[column.title for column in table.columns],
        colalign=["right" if column.alignment == "right" else "left" for column in table.columns],
        disable_numparse=True,
        tablefmt="simple",
    )


def _in_markdown(text: str) -> str:
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\1", text.replace("\n", " "))
    return f"**{escaped}**" if isinstance(text, Bold) else escaped


def to_latex(table: Table) -> str:
    r"""The table as a float to ``\input``; needs the packages that its first line names.

    Letters beyond ASCII stay as they are: LaTeX reads UTF-8, but pdfLaTeX knows European alphabets
    only.
    """
    frame = pd.DataFrame(table.rows, dtype=object)
    looks = frame.map(lambda text: "font-weight:bold;" if isinstance(text, Bold) else "")
    for place, styles in enumerate(table.styles):
        looks.iloc[place] += list(styles)
    styler = frame.style.hide(axis="index").format(_in_latex).apply(lambda _: looks, axis=None)
    styler.relabel_index([_in_latex(column.title) for column in table.columns], axis="columns")
    lines = styler.to_latex(
        convert_css=True,
        column_format="".join(_LATEX_ALIGNMENT[column.alignment] for column in table.columns),
        caption=_in_latex(" ".join((f"{table.title}.", *table.notes))),
        label=f"tab:{table.name}",
        position_float="centering",
        hrules=True,
    ).splitlines()
    # What pandas has no words for: a rule between rows, and a table as wide as the page at most.
    if table.rule_before is not None:
        lines.insert(lines.index(r"\midrule") + 1 + table.rule_before, r"\midrule")
    start = next(place for place, line in enumerate(lines) if line.startswith(r"\begin{tabular}"))
    lines[start:start] = [r"\small", r"\begin{adjustbox}{max width=\linewidth}"]
    lines.insert(lines.index(r"\end{tabular}") + 1, r"\end{adjustbox}")
    colors = r"\usepackage[table]{xcolor}" if table.styles else ""
    return "\n".join([rf"% needs \usepackage{{booktabs,adjustbox}}{colors}", *lines]) + "\n"


def _in_latex(text: str) -> str:
    return "".join(_LATEX_SPECIAL.get(letter, letter) for letter in text)


def file_stem(*parts: str, taken: Sequence[str] = ()) -> str:
    """A name for files that LaTeX and all file systems take, apart from those that are taken."""
    plain = (re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts)
    stem = name = "-".join(part for part in plain if part) or "table"
    number = 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name
