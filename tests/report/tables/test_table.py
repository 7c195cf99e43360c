"""Tables as Markdown and LaTeX, whatever the names in them hold."""

import re
from dataclasses import replace
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.blocks import Bold
from hsidiff.report.tables.all_tables import make_tables
from hsidiff.report.tables.table import (
    Table,
    columns,
    file_stem,
    to_latex,
    to_markdown,
)

FIELD, BLOCKS, RANDOM = "field_a", "blocks-30", "random-10%"


def markdown_rows(text: str) -> list[list[str]]:
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line[:1] == "|"]


def small_table(*rows: tuple[str, ...]) -> Table:
    return Table("small", "small", columns(["name"], ["number"]), rows)


def test_markdown_tables_are_rectangular_and_line_up(out: Path) -> None:
    for part in (out / "tables.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = markdown_rows(part)
        assert len({len(row) for row in rows}) == 1, part
        assert len({tuple(map(len, row)) for row in rows}) == 1, part


def test_markdown_shows_names_as_they_are() -> None:
    text = to_markdown(small_table(("a|b_c*<i>&amp;", Bold("1"))))
    assert r"| a\|b\_c\*\<i\>\&amp; |    **1** |" in text


@example("*a star or [a bracket after a row would be its option")
@example("[")
@settings(max_examples=25)
@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=30))
def test_latex_holds_no_open_brace_and_no_loose_special_character(name: str) -> None:
    text = to_latex(small_table((Bold(name), "2"), (name, "3")))
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    loose = re.sub(r"\\[{}&#_%$]", "", body)
    assert not re.search(r"[#%$~^<>|_]", loose)
    assert loose.count("&") == 2  # one per row
    assert loose.count("{") == loose.count("}")
    assert body.count("\\\\\n") == 2
    assert not re.search(r"\\\\\s*[*\[]", body)


def test_latex_is_set_with_booktabs(out: Path) -> None:
    for path in out.glob("*.tex"):
        text = path.read_text(encoding="utf-8")
        assert [text.count(rule) for rule in (r"\toprule", r"\bottomrule")] == [1, 1]
        opened, closed = (re.findall(rf"\\{w}\{{(\w+)\}}", text) for w in ("begin", "end"))
        assert opened == closed[::-1] == ["table", "adjustbox", "tabular"]
        assert text.isascii(), path
    text = (out / "scores-field-a-blocks-30.tex").read_text(encoding="utf-8")
    assert r"{[}89.77, 100.00{]} (n = 2)" in text
    assert r"\bfseries 97.65 $\pm$ 0.88 {[}89.77" in text
    assert r"\label{tab:scores-field-a-blocks-30}" in text


def test_names_of_files_are_plain_and_apart() -> None:
    assert file_stem("scores", "My Scene/2", "random-10%") == "scores-my-scene-2-random-10"
    assert file_stem("a", "10%", taken=["a-10"]) == "a-10-2"
    assert file_stem("%") == "table"


def test_scenes_whose_names_look_alike_have_files_of_their_own(
    folder: ExperimentFolder,
) -> None:
    twins = [cell for cell in folder.cells if cell.scene == FIELD]
    cells = (*twins, *(replace(cell, scene="field a") for cell in twins))
    about = {
        **folder.about,
        "scenes": dict.fromkeys((FIELD, "field a"), folder.about["scenes"][FIELD]),
    }
    both = replace(folder, about=about, cells=cells)
    names = [table.name for table in make_tables(both, pairs={})]
    assert len(set(names)) == len(names)
    assert {"summary-field-a", "summary-field-a-2"} <= set(names)
