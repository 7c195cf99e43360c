"""What a page says of the confidence."""

from hsidiff.report.reliability import draw_reliability, reliability_blocks

BINS = {"n_pixels": [10, 30], "mean_confidence": [0.5, 0.9], "share_right": [0.6, 0.7]}
MEASURED = {
    "n_pixels": 40,
    "before": {"expected_calibration_error": 0.175, **BINS},
    "after": {"expected_calibration_error": 0.031, **BINS},
}


def test_the_figure_has_both_diagrams_with_a_dot_for_each_bin() -> None:
    drawing = draw_reliability(MEASURED)
    assert [axes.get_title(loc="left") for axes in drawing.figure.axes] == [
        "as the method says it", "calibrated",
    ]  # fmt: skip
    for axes in drawing.figure.axes:
        (dots,) = axes.collections
        assert dots.get_offsets().tolist() == [[50, 60], [90, 70]]
        small, large = dots.get_sizes()
        assert small < large
    assert "off by 17.5 points" in drawing.alternative
    assert "off by 3.1 points" in drawing.alternative


def test_the_sentence_says_both_errors() -> None:
    words, pictures = reliability_blocks(MEASURED)
    assert "off by 3.1 percentage points on average, 17.5 before" in words.content[0]
    assert pictures.macro == "pictures"


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert reliability_blocks(None) == []
    assert reliability_blocks({}) == []
