"""Confusion matrices, and differences of methods in pairs."""

import re

import numpy as np
import pytest

from hsidiff.amounts import MINUS, NO_PIXEL
from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.experiment.pairwise import MethodPair
from hsidiff.labels.label_map import LandClass
from hsidiff.report.blocks import Bold
from hsidiff.report.style import RIGHT, WRONG, shade
from hsidiff.report.tables.all_tables import make_tables
from hsidiff.report.tables.matrix_tables import confusion_table, differences_table, row_shares
from hsidiff.report.tables.table import Table


def matrix(counts: list[list[int]], n_test: list[int]) -> Table:
    classes = [LandClass(i, f"class {i}", "#112233") for i in range(1, len(n_test) + 1)]
    return confusion_table(("s", ""), "m", classes, np.array(counts), np.array(n_test))


def test_a_confusion_matrix_holds_shares_of_the_true_class() -> None:
    # 2 of 10 pixels of the first class were mapped as no class; the third has no test pixel.
    shares = row_shares(np.array([[5, 3, 0], [0, 4, 0], [0, 0, 0]]), np.array([10, 4, 0]))
    np.testing.assert_allclose(shares[:2], [[0.5, 0.3, 0], [0, 1, 0]])
    assert np.isnan(shares[2]).all()


def test_a_confusion_matrix_has_names_and_totals_and_tells_nothing_from_very_little() -> None:
    table = matrix([[997, 3, 0], [0, 10, 0], [0, 0, 0]], [1000, 10, 0])
    assert table.rows == [
        ["1 class 1", "100", "<1", NO_PIXEL, "1\u202f000", "99.7"],
        ["2 class 2", NO_PIXEL, "100", NO_PIXEL, "10", "100.0"],
        ["3 class 3", NO_PIXEL, NO_PIXEL, NO_PIXEL, "0", "\u2013"],
        ["mapped px", "997", "13", "0", "1\u202f010", ""],
        ["user's accuracy, %", "100.0", "76.9", "\u2013", "", "99.7"],
    ]
    names = ["1 class 1", "2 class 2", "3 class 3"]
    totals = ["test px", "producer's accuracy, %"]
    assert [column.title for column in table.columns][1:] == names + totals
    assert table.numbers["class 2"].tolist() == [3, 10, 0]
    assert table.rule_before == 3


def test_right_is_blue_wrong_is_orange_and_a_row_without_data_is_outlined() -> None:
    styles = matrix([[5, 5], [0, 0]], [10, 0]).styles
    assert styles[0][1:3] == [shade(0.5, RIGHT), shade(0.5, WRONG)]
    assert all(style.startswith("outline:") for style in styles[1][1:3])


def test_the_matrix_of_a_method_is_of_all_its_seeds(folder: ExperimentFolder) -> None:
    tables = {table.name: table for table in make_tables(folder, {})}
    table = tables["confusion-field-a-blocks-30-spectraldiff-fast"]
    assert table.title == "field_a, blocks-30: what spectraldiff fast takes for what"
    cells = folder.of("field_a", "blocks-30", "spectraldiff fast")
    assert len(cells) == 2
    assert table.numbers.iloc[:, 1:].to_numpy().sum() == sum(c.result["n_test"] for c in cells)
    assert [row[0] for row in table.rows[:-2]] == ["2 bare soil", "5 meadow", "9 water"]


def pair(a: str, b: str, value: float, low: float | None, high: float | None) -> MethodPair:
    difference = PairedDifference(value, low, high, None, 10)
    return MethodPair(a, b, (0,), "fields", difference, None, ())


def test_differences_are_bold_where_the_interval_leaves_zero_out() -> None:
    pairs = [
        pair("a", "b", 0.1, 0.02, 0.2),
        pair("a", "c", -0.15, -0.3, 0.1),
        pair("b", "c", -0.2, None, None),
    ]
    table = differences_table("s", "x", ["a", "b", "c", "alone"], pairs)
    assert table.rows == [
        ["a", "", "+10.0", f"{MINUS}15.0"],
        ["b", f"{MINUS}10.0", "", f"{MINUS}20.0"],
        ["c", "+15.0", "+20.0", ""],
    ]
    bold = [[isinstance(text, Bold) for text in row] for row in table.rows]
    assert np.argwhere(bold).tolist() == [[0, 2], [1, 1]]
    # What is not sure has a quarter of its colour.
    assert table.styles[2][1] == shade(15 / 30 / 4, RIGHT)
    assert table.styles[1][1] == shade(10 / 30, WRONG)


@pytest.mark.parametrize("color", [RIGHT, WRONG])
def test_numbers_can_be_read_on_every_shade(color: str) -> None:
    for share in np.linspace(0, 1, 201):
        inks = re.findall("#([0-9a-f]{6})", shade(share, color))
        low, high = sorted(luminance(bytes.fromhex(ink)) for ink in inks)
        assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2.1, 1.4.3, level AA


def luminance(rgb: bytes) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = np.array(list(rgb)) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
