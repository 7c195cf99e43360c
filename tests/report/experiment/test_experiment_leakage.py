"""The leakage figure: methods against position, distances and shares, and a legend with room."""

from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from drawings import points_of, with_results

from fake_experiment import fake_split
from hsidiff.labels.leakage import measure_leakage
from hsidiff.report.drawing import Drawing, method_styles
from hsidiff.report.experiment.leakage import draw_leakage, mean_histogram
from hsidiff.report.tables.seed_means import position_accuracy, seed_mean

SCENE, RANDOM, BLOCKS = "indian-pines", "random-10%", "blocks-30"


def without_leakage(folder):
    return with_results(folder, lambda result: {**result, "leakage": None})


def test_the_leakage_figure_sets_methods_against_position(folder):
    drawing = draw_leakage(folder, SCENE)
    style = method_styles(folder.methods)["svm"]
    expected = [
        (position_accuracy(folder, SCENE, split), seed_mean(folder.of(SCENE, split, "svm")).value)
        for split in (RANDOM, BLOCKS)
    ]
    assert points_of(drawing.figure.axes[0], style) == expected
    position = [
        measure_leakage(fake_split(SCENE, RANDOM, seed), 1).position_overall_accuracy
        for seed in (0, 1, 2)
    ]
    assert f"{RANDOM}: position only {100 * np.mean(position):.1f} %" in drawing.alternative
    assert draw_leakage(without_leakage(folder), SCENE) is None


@pytest.mark.parametrize(("n_methods", "n_splits"), [(1, 1), (2, 2), (3, 2), (8, 2), (8, 6)])
def test_the_legend_of_the_leakage_figure_is_inside_and_below_the_axis(folder, n_methods, n_splits):
    methods = ["svm", *(f"a method with a long name {number}" for number in range(1, n_methods))]
    position = [{"position_overall_accuracy": 0.44 + number / 6} for number in range(n_splits)]
    cells = tuple(
        replace(
            cell, method=method, split=f"{'random' if number else 'blocks'} {number}",
            result=cell.result | {
                "overall_accuracy": 0.6 + 0.05 * number,
                "leakage": cell.result["leakage"] | position[number],
            },
        )
        for number in range(n_splits)
        for method in methods
        for cell in folder.of(SCENE, (RANDOM, BLOCKS)[number % 2], "svm")
    )  # fmt: skip
    splits = dict.fromkeys(cell.split for cell in cells)
    about = {**folder.about, "methods": dict.fromkeys(methods), "splits": splits}
    figure = draw_leakage(replace(folder, about=about, cells=cells), SCENE).figure
    Drawing("leakage", figure, "", "").content()
    (legend,) = figure.findobj(mpl.legend.Legend)
    # Where they were drawn: another layout would be another picture.
    figure.set_layout_engine("none")
    figure.draw_without_rendering()
    box, of_axis = (part.get_window_extent() for part in (legend, figure.axes[0].xaxis.label))
    assert 0 <= box.y0 < box.y1 <= of_axis.y0
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_histograms_of_seeds_are_averaged_as_shares():
    near = {"bin_edges_px": [1, 2, 4], "bin_counts": [3, 1]}
    far = {"bin_edges_px": [1, 2, 4, 8], "bin_counts": [0, 50, 50]}
    assert mean_histogram([near, far]) == ([1, 2, 4, 8], [0.375, 0.375, 0.25])


def test_names_of_splits_close_together_do_not_cover_each_other(folder):
    cells = tuple(
        replace(cell, split=f"split {number}")
        for number in range(6)
        for cell in folder.cells
        if cell.scene == SCENE and cell.split == RANDOM
    )
    about = {**folder.about, "splits": dict.fromkeys(cell.split for cell in cells)}
    drawing = draw_leakage(replace(folder, about=about, cells=cells), SCENE)
    annotations = drawing.figure.axes[0].findobj(mpl.text.Annotation)
    places = sorted(annotation.xyann[0] for annotation in annotations)
    assert len(places) == 6
    assert all(right - left > 0.07 for left, right in pairwise(places))
    assert places[-1] <= 1
