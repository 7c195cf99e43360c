"""Confusion matrices, and differences of methods in pairs."""

import numpy as np
from drawings import texts

from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.experiment.folder import Cell
from hsidiff.labels.label_map import LandClass
from hsidiff.report.elements import NONE
from hsidiff.report.experiment.matrices import (
    confusion_drawings,
    draw_confusion,
    draw_differences,
    row_shares,
)

SCENE, RANDOM, BLOCKS = "indian-pines", "random-10%", "blocks-30"


def test_a_confusion_matrix_holds_shares_of_the_true_class():
    def cell(seed, matrix, n_test):
        result = {"confusion_matrix": matrix, "per_class": [{"n_test": n} for n in n_test]}
        return Cell("s", "x", "m", seed, None, result)

    # 2 of 10 pixels of the first class were mapped as no class; the third has no test pixel.
    first = cell(0, [[5, 3, 0], [0, 4, 0], [0, 0, 0]], (10, 4, 0))
    second = cell(1, [[10, 0, 0], [4, 0, 0], [0, 0, 0]], (10, 4, 0))
    shares = row_shares([first, second])
    np.testing.assert_allclose(shares[:2], [[0.75, 0.15, 0], [0.5, 0.5, 0]])
    assert np.isnan(shares[2]).all()


def test_confusion_matrices_show_every_class_by_name(folder):
    drawings = list(confusion_drawings(folder, SCENE, RANDOM))
    assert len(drawings) == len(folder.methods)
    for drawing in drawings:
        for land_class in folder.classes_of(SCENE):
            assert any(land_class.name in text for text in texts(drawing))
            assert land_class.name in drawing.alternative


def test_a_confusion_matrix_tells_nothing_from_very_little():
    result = {
        "confusion_matrix": [[997, 3, 0], [0, 10, 0], [0, 0, 0]],
        "per_class": [{"n_test": n} for n in (1000, 10, 0)],
    }
    cells = [Cell("s", "x", "m", 0, None, result)]
    classes = [LandClass(number, f"class {number}", "#112233") for number in (1, 2, 3)]
    drawing = draw_confusion(cells, classes)
    written = [artist.get_text() for artist in drawing.figure.axes[0].texts]
    assert written == ["100", "<1", NONE, NONE, "100", NONE, NONE, NONE, NONE]
    assert f"{NONE} is no pixel, <1 are fewer than 0.5 %" in drawing.caption


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
