"""Confusion matrices, and differences of methods in pairs."""

import numpy as np
from drawings import texts

from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.labels.label_map import LandClass
from hsidiff.report.amounts import NO_PIXEL
from hsidiff.report.matrices import draw_confusion, draw_differences, row_shares


def test_a_confusion_matrix_holds_shares_of_the_true_class():
    # 2 of 10 pixels of the first class were mapped as no class; the third has no test pixel.
    shares = row_shares(np.array([[5, 3, 0], [0, 4, 0], [0, 0, 0]]), np.array([10, 4, 0]))
    np.testing.assert_allclose(shares[:2], [[0.5, 0.3, 0], [0, 1, 0]])
    assert np.isnan(shares[2]).all()


def draw(counts, n_test):
    classes = [LandClass(i, f"class {i}", "#112233") for i in range(1, len(n_test) + 1)]
    return draw_confusion(("s", "x", "m"), "m, x", classes, np.array(counts), np.array(n_test))


def written(drawing):
    """The texts by (column, row)."""
    artists = drawing.figure.axes[0].texts
    return {tuple(np.round(artist.get_position())): artist.get_text() for artist in artists}


def test_a_confusion_matrix_names_the_classes_and_tells_nothing_from_very_little():
    drawing = draw([[997, 3, 0], [0, 10, 0], [0, 0, 0]], [1000, 10, 0])
    assert {f"class {i}  {i}" for i in (1, 2, 3)} <= set(texts(drawing))
    shown = written(drawing)
    assert [shown[col, 0] for col in range(3)] == ["100", "<1", NO_PIXEL]
    assert f"{NO_PIXEL} is no pixel, <1 are fewer than 0.5 %" in drawing.caption
    assert "An outlined row has no test pixel." in drawing.caption
    assert "Right: class 1 100 %, class 2 100 %. Most confused" in drawing.alternative


def test_the_margins_of_a_confusion_matrix_hold_pixels():
    drawing = draw([[5, 3], [0, 4]], [10, 4])
    shown = written(drawing)
    assert [shown[3, row] for row in range(3)] == ["10", "4", "14"]
    assert [shown[col, 2] for col in range(2)] == ["5", "7"]
    assert "outlined" not in drawing.caption


def difference(value, low, high):
    return PairedDifference(value, low, high, None, 10)


def test_differences_are_marked_where_the_interval_leaves_zero_out():
    differences = {
        ("a", "b"): difference(0.1, 0.02, 0.2),
        ("a", "c"): difference(-0.15, -0.3, 0.1),
        ("b", "c"): difference(-0.2, None, None),
    }
    drawing = draw_differences("s", "x", ["a", "b", "c", "alone"], differences)
    artists = drawing.figure.axes[0].texts
    minus = "\N{MINUS SIGN}"
    # Places are (column, row): the first line is a against b and c.
    weights = {artist.get_position(): artist.get_fontweight() for artist in artists}
    assert {place for place, weight in weights.items() if weight == "bold"} == {(1, 0), (0, 1)}
    written = {artist.get_position(): artist.get_text() for artist in artists}
    assert (written[1, 0], written[0, 1]) == ("+10.0", f"{minus}10.0")
    assert (written[2, 1], written[1, 2]) == (f"{minus}20.0", "+20.0")
    assert "The interval leaves 0 out: a minus b +10.0." in drawing.alternative
    assert f"a minus c {minus}15.0, b minus c {minus}20.0" in drawing.alternative
    assert "alone" not in texts(drawing)
    assert draw_differences("s", "x", ["a"], {}) is None
