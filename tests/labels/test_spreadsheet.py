"""Names of classes in tables that a spreadsheet opens."""

from pathlib import Path

import numpy as np
import pandas as pd

from hsidiff.labels.class_table import read_class_table, write_class_table
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.spreadsheet import unmarked, without_formulas, write_spreadsheet


def test_no_text_of_a_csv_is_a_formula_and_numbers_stay(tmp_path: Path) -> None:
    names = ["=1+1", "@cmd", "+a", "-a", " =x", "-", "a=b", "water"]
    frame = pd.DataFrame({"class": names, "=head": [-1.5] * 8, "n": [-1] * 8})
    without_formulas(frame).to_csv(tmp_path / "table.csv", index=False)
    read = pd.read_csv(tmp_path / "table.csv")
    shown = ["'=1+1", "'@cmd", "'+a", "'-a", "' =x", "-", "a=b", "water"]
    assert read["class"].tolist() == shown
    assert list(read.columns) == ["class", "'=head", "n"]
    assert (read["'=head"] == -1.5).all()
    assert read["n"].tolist() == [-1] * 8


def test_a_mark_is_taken_back_and_other_apostrophes_stay() -> None:
    names = ["=1+1", "@cmd", " -a", "-", "a=b", "'s-Hertogenbosch", "'"]
    marked = without_formulas(pd.DataFrame({"name": names}))["name"]
    assert [unmarked(text) for text in marked] == names
    assert marked[5] == names[5]


def test_a_table_of_classes_whose_names_are_formulas_changes_nothing(tmp_path: Path) -> None:
    names = {1: "=HYPERLINK(1)", 2: "-9"}
    labels = LabelMap.from_array(np.array([[1, 2, 0]]), names)
    write_class_table(labels, tmp_path / "classes.csv")
    assert "'=HYPERLINK(1)" in (tmp_path / "classes.csv").read_text(encoding="utf-8")
    read = read_class_table(tmp_path / "classes.csv").apply(labels)
    assert {c.id: c.name for c in read.classes} == names


def test_sums_have_no_digits_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "areas.csv"
    write_spreadsheet(pd.DataFrame({"hectares": [1105.920000000044, 5805900.05]}), path)
    assert path.read_text(encoding="utf-8-sig").split() == ["hectares", "1105.92", "5805900.05"]
