"""What a page says of the confidence."""

import pytest

from hsidiff.report.reliability import draw_reliability, reliability_blocks

BINS = {"n_pixels": [10, 30], "mean_confidence": [0.5, 0.9], "share_right": [0.6, 0.7]}
MEASURED = {
    "n_pixels": 40,
    "before": {"expected_calibration_error": 0.175, **BINS},
    "after": {"expected_calibration_error": 0.031, **BINS},
}


def test_each_diagram_has_a_dot_for_each_bin_and_says_its_error() -> None:
    drawings = draw_reliability(MEASURED)
    assert [drawing.caption for drawing in drawings] == [
        "As the method says it: off by 17.5 points", "Calibrated: off by 3.1 points",
    ]  # fmt: skip
    for drawing in drawings:
        assert drawing.alternative == f"Reliability diagram, {drawing.caption}"
        ((dots,),) = (axes.collections for axes in drawing.figure.axes)
        assert dots.get_offsets().tolist() == [[50, 60], [90, 70]]
        assert not dots.get_clip_on()  # or half of a dot at 0 or 100 % would be cut off
        small, large = dots.get_sizes()
        assert small < large


def test_the_sentence_says_both_errors_and_each_diagram_fits_a_telephone() -> None:
    words, pictures, how_to_read = reliability_blocks(MEASURED)
    assert "off by 3.1 percentage points on average, 17.5 before" in words.content[0]
    assert "below it the map is too sure" in how_to_read.content[0]
    assert len(pictures.content) == 2
    assert all(picture.width_px <= 340 for picture in pictures.content)


@pytest.mark.parametrize(
    ("source", "words"),
    [("near folds", "near them from the map's own model"), ("score", "labels that score the map")],
)
def test_the_sentence_says_where_the_held_out_labels_come_from(source: str, words: str) -> None:
    assert words in reliability_blocks(MEASURED | {"source": source})[0].content[0]


def test_nothing_is_said_where_nothing_was_measured() -> None:
    assert reliability_blocks(None) == []
    assert reliability_blocks({}) == []
