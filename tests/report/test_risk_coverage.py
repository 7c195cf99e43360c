"""The table of thresholds on the page of a map."""

from hsidiff.report.blocks import Bold
from hsidiff.report.risk_coverage import risk_coverage_blocks

TOLD = {
    "asked": 0.8, "unsure": 0.9, "advised": 0.5, "source": "near folds", "n_held_out": 1234,
    "share_right": 0.7,
    "thresholds": [
        {"threshold": 0.4, "unsure": 0.05, "n_held_out": 1200, "share_right": 0.71},
        {"threshold": 0.5, "unsure": 0.2, "n_held_out": 1000, "share_right": 0.8},
        {"threshold": 0.8, "unsure": 0.9, "n_held_out": 9, "share_right": None},
    ],
}  # fmt: skip


def test_each_threshold_has_a_row_and_those_that_are_named_are_bold() -> None:
    words, table = risk_coverage_blocks(TOLD)
    assert (
        "labels that were held out with those near them from the map's own model 70.0 %"
        in (words.content[0])
    )
    rows = table.content.rows
    assert [list(map(str, row)) for row in rows] == [
        ["0.40", "5.0", "1\u202f200", "71.0"],
        ["0.50", "20.0", "1\u202f000", "80.0"],
        ["0.80", "90.0", "9", "\N{EN DASH}"],
    ]
    odd = TOLD | {"thresholds": [TOLD["thresholds"][0] | {"threshold": 0.4321}]}
    assert risk_coverage_blocks(odd)[1].content.rows[0][0] == "0.4321"
    assert [isinstance(row[0], Bold) for row in rows] == [False, True, True]
    assert "In bold: what this map was asked for and the highest" in table.content.notes[0]


def test_a_map_without_held_out_labels_says_so() -> None:
    told = TOLD | {"n_held_out": 0, "share_right": None, "asked": None, "advised": None}
    words, table = risk_coverage_blocks(told)
    assert "No label was held out" in words.content[0]
    assert "bold" not in table.content.notes[0]


def test_nothing_is_told_of_results_that_know_nothing() -> None:
    assert risk_coverage_blocks(None) == []
    assert risk_coverage_blocks(TOLD | {"thresholds": []}) == []
