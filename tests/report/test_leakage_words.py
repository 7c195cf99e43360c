"""Leakage is told once: the same words and numbers on the pages and on the screen."""

import pytest

from hsidiff.report.leakage import (
    POSITION_IS_NEARLY_ALL,
    distance_shares,
    leakage_blocks,
    leakage_in_words,
    mean_leakage,
    window_shares,
)

NEAR = {"bin_edges_px": [1, 2, 4], "bin_counts": [3, 1]}
FAR = {"bin_edges_px": [1, 2, 4, 8], "bin_counts": [0, 50, 50]}


def leakage(position, share=0.5, nearest=NEAR, **further):
    return {
        "window_shares": {"1": 0.0, "13": 1.0, "7": share},
        "receptive_field_px": 7,
        "receptive_field_share": share,
        "n_test_apart": 10,
        "position_overall_accuracy": position,
        "nearest_training_px": nearest,
    } | further


def test_means_over_draws_leave_out_what_a_draw_lacks():
    mean = mean_leakage([leakage(0.5, 0.25), leakage(0.7, 0.75, FAR)])
    assert mean["position_overall_accuracy"] == pytest.approx(0.6)
    assert mean["position_overall_accuracy_deviation"] == pytest.approx(0.1 * 2**0.5)
    assert mean["window_shares"]["7"] == pytest.approx(0.5)
    assert mean["position_average_accuracy"] is None
    assert mean["nearest_training_px"] == {
        "bin_edges_px": [1, 2, 4, 8],
        "bin_counts": [3, 51, 50],
    }
    assert mean_leakage([leakage(0.5)])["position_overall_accuracy_deviation"] is None
    assert mean_leakage([leakage(0.5), leakage(None)])["position_overall_accuracy"] is None


def test_shares_are_in_order_and_very_little_is_told_from_nothing():
    shares = window_shares(leakage(0.5))
    assert [one.name for one in shares] == [
        f"{n} \N{MULTIPLICATION SIGN} {n} px" for n in (1, 7, 13)
    ]
    assert [one.text for one in shares] == ["0.0 %", "50.0 %", "100.0 %"]
    far = distance_shares({"nearest_training_px": {**FAR, "bin_counts": [0, 1, 999]}})
    assert [one.name for one in far] == ["1 px", "2 to 3 px", "4 to 7 px"]
    assert [one.text for one in far] == ["0 %", "< 1 %", "100 %"]


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (leakage(POSITION_IS_NEARLY_ALL), "90.0 %: this split cannot show what a method has"),
        (leakage(0.5), "50.0 %: a score counts only by how far it lies above that."),
        (leakage(0.5, 0), "No test pixel has a training pixel within 7 \N{MULTIPLICATION SIGN} 7"),
        (
            leakage(0.5, position_overall_accuracy_apart=0.2),
            "sees a training pixel beside 50.0 % of the test pixels. The other 10 lie apart from "
            "training; there position alone reaches 20.0 %.",
        ),
    ],
)
def test_what_numbers_mean_is_said_in_words(measured, expected):
    assert expected in " ".join(leakage_in_words(measured))


@pytest.mark.parametrize(
    ("kind", "accuracy", "n_cautions"),
    [("blocks", 0.9, 0), ("random", 0.9, 1), ("per-class", 0.5, 2), ("blocks", None, 0)],
)
def test_cautions_are_of_neighbours_and_of_position(kind, accuracy, n_cautions):
    blocks = leakage_blocks({"kind": kind}, leakage(0.5), "svm", accuracy)
    cautions = [block.content for block in blocks if block.content[1:] == ("caution",)]
    assert len(cautions) == n_cautions


def test_what_was_not_measured_is_not_told():
    assert leakage_in_words({}) == window_shares({}) == distance_shares({}) == []
    (made, unknown) = leakage_blocks({}, {}, "svm", None)
    assert made.content[0] == "Kind of split: unknown."
    assert unknown.content[0] == "Leakage was not measured."
