"""Scores as entries of a table: which is best, what its interval is, how numbers line up."""

import re
from dataclasses import replace

from hsidiff.amounts import UNKNOWN
from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.blocks import Bold
from hsidiff.report.tables.score_tables import class_table, summary_table
from hsidiff.report.tables.score_texts import score_texts
from hsidiff.report.tables.table import FIGURE_SPACE, Table

FIELD, BLOCKS, RANDOM = "field_a", "blocks-30", "random-10%"


def cells_of(table: Table, row: str) -> dict[str, str]:
    """The texts of the row whose first text is ``row``, by title of the column."""
    texts = next(texts for texts in table.rows if texts[0] == row)
    return {c.title: text for c, text in zip(table.columns, texts, strict=True)}


def test_the_best_of_a_row_is_bold_and_shows_its_interval() -> None:
    low, high = spread([0.90, 0.91]), spread([0.95, 0.96])
    (row,) = score_texts([[low, high, None]], "in rows", 2)
    assert [isinstance(text, Bold) for text in row] == [False, True, False]
    # 0.955 and s = 0.00707107: t(0.975, 1) = 12.7062 of any table, times 0.005.
    assert row[1] == "95.50 ± 0.71 [89.15, 100.00]"
    assert row[0] == "90.50 ± 0.71"
    assert row[2] == UNKNOWN


def test_an_interval_is_cut_where_scores_end_and_the_deviation_is_not() -> None:
    wide, low = spread([0.06, 0.46]), spread([0.05, 0.05])
    accuracies, kappas = score_texts([[wide, low], [wide, low]], "in rows", 2, kappa_row=1)
    # 0.26 and s = 0.282843: t(0.975, 1) = 12.7062 times 0.2 reaches from -2.28 to 2.80.
    assert accuracies[0] == "26.00 ± 28.28 [0.00, 100.00]"
    assert kappas[0] == "26.00 ± 28.28 [\N{MINUS SIGN}100.00, 100.00]"
    narrow = score_texts([[spread([0.1, 0.13]), low]], "in rows", 2, kappa_row=0)[0][0]
    assert narrow == "11.50 ± 2.12 [\N{MINUS SIGN}7.56, 30.56]"


def test_kappa_is_the_row_whose_interval_may_lie_below_zero(folder: ExperimentFolder) -> None:
    scores = ("overall_accuracy", "average_accuracy", "kappa")
    wild = [
        replace(cell, result=cell.result | dict.fromkeys(scores, 0.2 + 0.3 * cell.seed))
        for cell in folder.cells
        if cell.done
    ]
    rows = class_table(replace(folder, cells=tuple(wild)), FIELD, RANDOM).rows[-3:]
    intervals = [re.search(r"\[(.*?),", row[3]) for row in rows]
    assert [match and match[1] for match in intervals] == ["0.00", "0.00", "\N{MINUS SIGN}24.52"]


def test_the_best_of_a_column_is_found_by_column() -> None:
    worse, better = spread([0.5, 0.6]), spread([0.7, 0.8])
    entries = score_texts([[worse, better], [better, worse]], "in columns", 2)
    assert [[isinstance(text, Bold) for text in row] for row in entries] == [
        [False, True],
        [True, False],
    ]


def test_equal_scores_are_both_best_and_a_single_one_is_not() -> None:
    same = Spread(2, 0.9, 0.01, 0.88, 0.92)
    almost = replace(same, mean=0.900004)
    assert [isinstance(text, Bold) for text in score_texts([[same, almost]], "in rows", 2)[0]] == [
        True,
        True,
    ]
    assert not isinstance(score_texts([[same]], "in rows", 2)[0][0], Bold)
    assert not isinstance(score_texts([[same, None]], "in rows", 2)[0][0], Bold)


def test_numbers_of_a_column_line_up() -> None:
    column = [[spread([1.0, 1.0])], [spread([0.5, 0.8])], [spread([0.05, 0.05])]]
    texts = [row[0].split(" [")[0] for row in score_texts(column, "in rows", 2)]
    assert texts == [
        f"100.00 ± {FIGURE_SPACE}0.00",
        f"{FIGURE_SPACE}65.00 ± 21.21",
        f"{FIGURE_SPACE * 2}5.00 ± {FIGURE_SPACE}0.00",
    ]


def test_a_mean_over_fewer_seeds_says_so(folder: ExperimentFolder) -> None:
    texts = cells_of(class_table(folder, FIELD, BLOCKS), "OA")
    assert texts["spectraldiff fast"].endswith("(n = 2)")
    assert "n =" not in texts["svm"]
    texts = cells_of(summary_table(folder, FIELD), "spectraldiff fast")
    assert texts[f"OA, {BLOCKS}"].endswith("(n = 2)")
    assert "n =" not in texts[f"OA, {RANDOM}"]
    # (2 + 3 + 4 and 2 + 3) / 5: the seconds of the finished cells.
    assert texts["seconds"] == "2.8"
    assert texts["parameters"] == "123\u202f456"
    assert texts["MACs per pixel"] == "7\u202f890\u202f000"
    assert cells_of(summary_table(folder, FIELD), "svm")["MACs per pixel"] == UNKNOWN


def test_one_seed_has_a_score_and_no_deviation(folder: ExperimentFolder) -> None:
    cells = tuple(cell for cell in folder.cells if cell.seed == 0)
    single = replace(folder, about=folder.about | {"seeds": [0]}, cells=cells)
    table = class_table(single, FIELD, BLOCKS)
    assert re.fullmatch(r"\d\d\.\d\d", cells_of(table, "OA")["svm"])
    assert "One seed: neither deviation nor interval." in table.notes
