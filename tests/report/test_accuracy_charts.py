"""Figures of an experiment show the numbers of its cells, one look for one method."""

import json
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from drawings import points_of, texts, with_results
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.report.accuracy_charts import (
    draw_accuracies,
    draw_learning_curves,
    draw_seconds,
    learning_curves,
)
from hsidiff.report.drawing import POSITION, columns_of, figure_name, method_styles
from hsidiff.report.seed_means import seed_mean
from hsidiff.report.style import METHOD_COLORS, MUTED

SCENE, RANDOM, BLOCKS = "indian-pines", "random-10%", "blocks-30"


@given(st.lists(st.text(min_size=1), max_size=90, unique=True))
def test_no_two_methods_look_the_same(labels):
    styles = method_styles(labels)
    assert list(styles) == labels
    assert len(set(styles.values())) == len(labels)


def test_the_control_takes_no_colour_from_the_methods():
    without, beside = method_styles(["svm", "cnn"]), method_styles(["svm", POSITION, "cnn"])
    assert beside["svm"] == without["svm"]
    assert beside["cnn"] == without["cnn"]
    assert beside[POSITION].color == MUTED
    assert MUTED not in METHOD_COLORS


@given(st.text(), st.text())
def test_names_of_files_are_safe_in_links(scene, split):
    assert set(figure_name("maps", scene, split)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-"
    )


@given(st.integers(1, 60), st.integers(1, 9))
def test_panels_fill_their_rows_evenly(n, most):
    n_columns = columns_of(n, most)
    n_rows = -(-n // most)
    assert n_columns <= most
    assert n_rows * (n_columns - 1) < n <= n_rows * n_columns


def test_a_mean_over_seeds_has_the_interval_of_students_t(folder):
    cells = folder.of(SCENE, RANDOM, "svm")
    values = 100 * np.array([cell.result["overall_accuracy"] for cell in cells])
    mean = seed_mean(cells)
    assert mean.value == pytest.approx(values.mean())
    # 4.3027 is the 97.5 % quantile of Student's t with two degrees of freedom.
    assert mean.low == pytest.approx(values.mean() - 4.3027 * values.std(ddof=1) / 3**0.5, abs=1e-3)
    assert seed_mean(cells[:1]) is not None
    assert str(mean) == f"{values.mean():.1f} \N{PLUS-MINUS SIGN} {values.std(ddof=1):.1f}"
    assert seed_mean(cells[:1]).deviation is None
    assert "\N{PLUS-MINUS SIGN}" not in str(seed_mean(cells[:1]))
    assert seed_mean([]) is None


def test_an_interval_ends_at_100_per_cent(folder):
    cells = [
        replace(cell, result={"overall_accuracy": accuracy})
        for cell, accuracy in zip(folder.cells, (0.9, 1.0), strict=False)
    ]
    assert seed_mean(cells).high == 100
    assert seed_mean(cells).low < 90


def test_the_accuracy_figure_shows_every_seed_and_the_means(folder):
    drawing = draw_accuracies(folder, SCENE)
    styles = method_styles(folder.methods)
    assert [axes.get_title("left") for axes in drawing.figure.axes] == [RANDOM, BLOCKS]
    for axes, split in zip(drawing.figure.axes, (RANDOM, BLOCKS), strict=True):
        assert [t.get_text() for t in drawing.figure.axes[0].get_yticklabels()] == list(styles)
        for row, (label, style) in enumerate(styles.items()):
            cells = folder.of(SCENE, split, label)
            seeds = next(line.get_xdata() for line in axes.lines if line.get_color() == style.color)
            assert sorted(seeds) == sorted(100 * c.result["overall_accuracy"] for c in cells)
            assert points_of(axes, style) == [(seed_mean(cells).value, row)]
            assert f"{label} {seed_mean(cells)} %" in drawing.alternative


def test_a_method_without_a_finished_cell_keeps_its_row(folder):
    cells = tuple(c for c in folder.cells if (c.method, c.split) != ("svm", BLOCKS))
    drawing = draw_accuracies(replace(folder, cells=cells), SCENE)
    assert texts(drawing).count("\N{EN DASH}") == 1
    assert f"{BLOCKS}: position" in drawing.alternative


def test_a_wild_interval_does_not_flatten_the_figure(folder):
    def far_apart(result):
        if result["label"] == "svm" and result["status"] == "done":
            return {**result, "overall_accuracy": 0.1 + 0.8 * (result["seed"] == 0)}
        return result

    wild = with_results(folder, far_apart)
    assert seed_mean(wild.of(SCENE, RANDOM, "svm")).low < -70
    low, high = draw_accuracies(wild, SCENE).figure.axes[0].get_xlim()
    assert low > -7  # position alone reaches a few per cent on blocks
    assert high < 108


def test_seconds_are_drawn_on_a_logarithmic_scale(folder):
    drawing = draw_seconds(folder, SCENE)
    axes, style = drawing.figure.axes[0], method_styles(folder.methods)["svm"]
    assert axes.get_xscale() == "log"
    # Seeds 0, 1 and 2 take 2, 3 and 4 seconds.
    assert points_of(axes, style) == [(3.0, seed_mean(folder.of(SCENE, RANDOM, "svm")).value)]
    assert draw_seconds(with_results(folder, lambda r: {**r, "seconds": None}), SCENE) is None


@given(st.floats(0.01, 1e4), st.floats(1, 1e4))
@settings(max_examples=20)
def test_the_axis_of_seconds_has_two_numbers_at_least_and_not_too_many(folder, fastest, ratio):
    def timed(result):
        seconds = fastest * (ratio if result["label"] == "svm" else 1)
        return {**result, "seconds": {"total": seconds}}

    drawing = draw_seconds(with_results(folder, timed), SCENE)
    for axes in drawing.figure.axes:
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert 2 <= len(ticks) <= 7


def test_seconds_that_differ_by_a_factor_of_two_can_be_told_apart(folder):
    def timed(result):
        return {**result, "seconds": {"total": 0.8 if result["label"] == "svm" else 0.4}}

    axes = draw_seconds(with_results(folder, timed), SCENE).figure.axes[0]
    axes.figure.draw_without_rendering()
    numbers = [label.get_text() for label in axes.get_xticklabels()]
    assert {"0.5", "1"} <= set(numbers)


def test_pixel_split_that_differ_in_the_number_of_labels_alone_make_a_curve(folder):
    assert learning_curves(folder, SCENE) == []
    about = {
        **folder.about,
        "splits": {
            "few": {"kind": "per-class", "samples_per_class": 5},
            "many": {"kind": "per-class", "samples_per_class": 50},
            "guarded": {"kind": "blocks", "samples_per_class": 5, "guard_px": 3},
            "more guarded": {"kind": "blocks", "samples_per_class": 9, "guard_px": 4},
            "tenth": {"kind": "random", "train_fraction": 0.1, "scenes": [SCENE]},
            "default": {"kind": "random", "scenes": []},
        },
    }
    made_with = [
        ("many", {"samples_per_class": 50}),
        ("few", {"samples_per_class": 5}),
        ("guarded", {"samples_per_class": 5, "train_fraction": 0.5}),
        ("more guarded", {"samples_per_class": 9, "train_fraction": 0.5}),
        ("tenth", {"train_fraction": 0.1}),
        ("default", {"train_fraction": 0.5, "samples_per_class": None}),
    ]
    cells = tuple(
        replace(cell, split=name, result={**cell.result, "split": {"parameters": parameters}})
        for name, parameters in made_with
        for cell in folder.cells
        if cell.scene == SCENE and cell.split == RANDOM
    )
    several = replace(folder, about=about, cells=cells)
    assert learning_curves(several, SCENE) == [
        ("samples_per_class", [(5, "few"), (50, "many")]),
        ("train_fraction", [(10, "tenth"), (50, "default")]),
    ]
    first, second = draw_learning_curves(several, SCENE)
    assert "training pixels per class" in first.alternative
    assert "share of the labels" in second.alternative
    assert f"svm: {seed_mean(folder.of(SCENE, RANDOM, 'svm'))} % at 5" in first.alternative


def test_the_same_folder_gives_the_same_files(folder):
    assert draw_accuracies(folder, SCENE).content() == draw_accuracies(folder, SCENE).content()


def test_nothing_global_is_touched(folder):
    before = json.dumps({key: str(value) for key, value in mpl.rcParams.items()})
    draw_seconds(folder, SCENE).content()
    assert json.dumps({key: str(value) for key, value in mpl.rcParams.items()}) == before
