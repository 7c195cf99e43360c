"""Figures of an experiment show the numbers of its cells, one look for one method."""

import json
from dataclasses import replace
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread

from fake_experiment import SHAPE, fake_labels, fake_split, write_fake_experiment
from hsidiff.evaluation.comparison import PairedDifference
from hsidiff.evaluation.experiment.folder import Cell, ExperimentFolder
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.leakage import measure_leakage
from hsidiff.report.drawing import POSITION, Drawing, columns_of, figure_name, method_styles
from hsidiff.report.elements import NONE
from hsidiff.report.experiment.figures import (
    draw_accuracies,
    draw_learning_curves,
    draw_seconds,
    learning_curves,
)
from hsidiff.report.experiment.leakage import draw_leakage, mean_histogram
from hsidiff.report.experiment.maps import (
    RIGHT_COLOR,
    WRONG_COLOR,
    MappedSplit,
    all_labels,
    draw_class_maps,
    error_picture,
    map_drawings,
)
from hsidiff.report.experiment.matrices import (
    confusion_drawings,
    draw_confusion,
    draw_differences,
    row_shares,
)
from hsidiff.report.map_sheet import DPI, shown_part
from hsidiff.report.pictures import rgba
from hsidiff.report.style import INK, METHOD_COLORS, MUTED
from hsidiff.report.tables.seed_means import position_accuracy, seed_mean

SCENE, RANDOM, BLOCKS = "indian-pines", "random-10%", "blocks-30"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return ExperimentFolder.read(write_fake_experiment(tmp_path_factory.mktemp("experiment")))


def without_leakage(folder):
    return with_results(folder, lambda result: {**result, "leakage": None})


def with_results(folder, change):
    cells = tuple(replace(cell, result=change(cell.result)) for cell in folder.cells)
    return replace(folder, cells=cells)


def texts(drawing):
    return [artist.get_text() for artist in drawing.figure.findobj(mpl.text.Text)]


def points_of(axes, style):
    """Positions of the large markers of one method."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0])
        for line in axes.lines
        if line.get_color() == style.color and line.get_marker() == style.marker
        if line.get_markersize() == style.full["markersize"]
    ]


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
    assert not seed_mean(cells[:1]).has_interval
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
@settings(max_examples=20, deadline=None)
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


def test_splits_that_differ_in_the_number_of_labels_alone_make_a_curve(folder):
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


def test_error_maps_mark_right_wrong_and_training_pixels(folder):
    split = fake_split(SCENE, RANDOM, 0)
    class_map = np.where(np.indices(SHAPE)[1] < 25, fake_labels(SCENE).values, 0)
    picture = error_picture(split, class_map)
    is_test, is_left = split.test.values > 0, np.indices(SHAPE)[1] < 25

    def painted(color):
        return (picture == rgba(color)).all(axis=-1)

    np.testing.assert_array_equal(painted(RIGHT_COLOR), is_test & is_left)
    np.testing.assert_array_equal(painted(WRONG_COLOR), is_test & ~is_left)
    np.testing.assert_array_equal(painted(INK), split.train.values > 0)


def test_no_training_pixel_is_lost_in_a_reduced_error_map(folder):
    split = fake_split(SCENE, RANDOM, 0)
    picture = error_picture(split, fake_labels(SCENE).values, step=7)
    rows, cols = np.nonzero(split.train.values)
    assert (picture[rows // 7, cols // 7] == rgba(INK)).all()
    assert picture.shape == (9, 8, 4)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_map_is_at_most_800_pixels_wide_and_high(rows, cols):
    fit = shown_part((rows, cols))
    shown = [-(-size // fit.step) * fit.zoom for size in (rows, cols)]
    assert max(shown) <= 800
    assert fit.step == 1 or max(rows, cols) > 800


def test_the_truth_holds_labels_that_the_guard_of_one_split_leaves_out(folder):
    truth = all_labels(folder, SCENE)
    np.testing.assert_array_equal(truth, fake_labels(SCENE).values)
    blocks = fake_split(SCENE, BLOCKS, 0)
    assert np.count_nonzero(truth) > blocks.train.n_labelled + blocks.test.n_labelled


def test_class_maps_are_drawn_pixel_by_pixel_in_the_colours_of_the_legend(folder, tmp_path):
    mapped = MappedSplit.first_seed(folder, SCENE, RANDOM, all_labels(folder, SCENE))
    drawing = draw_class_maps(mapped)
    (tmp_path / "maps.png").write_bytes(drawing.content())
    image = np.round(imread(tmp_path / "maps.png")[:, :, :3] * 255).astype(int)
    zoom = mapped.fit.zoom
    n_key_px = round((0.2 * DPI) ** 2)
    for land_class in mapped.classes:
        here = (image == rgba(land_class.color)[:3]).all(axis=-1).sum()
        maps = [mapped.truth, *(cell.class_map() for cell in mapped.cells)]
        n_pixels = sum(int((class_map == land_class.id).sum()) for class_map in maps)
        assert 0 < here - n_pixels * zoom**2 < n_key_px


def test_maps_are_those_of_the_first_seed_and_say_their_accuracy(folder):
    truth = all_labels(folder, SCENE)
    drawings = list(map_drawings(folder, SCENE, RANDOM, truth))
    assert [drawing.name.split("-")[0] for drawing in drawings] == ["maps", "errors", "confidence"]
    accuracy = folder.of(SCENE, RANDOM, "svm")[0].result["overall_accuracy"]
    assert f"svm {100 * accuracy:.1f} %" in drawings[0].alternative
    assert f"svm\nOA {100 * accuracy:.1f} %" in texts(drawings[0])
    assert all("Seed 0." in drawing.caption for drawing in drawings)


def test_the_same_folder_gives_the_same_files(folder):
    assert draw_accuracies(folder, SCENE).content() == draw_accuracies(folder, SCENE).content()


def test_nothing_global_is_touched(folder):
    before = json.dumps({key: str(value) for key, value in mpl.rcParams.items()})
    draw_leakage(folder, SCENE).content()
    assert json.dumps({key: str(value) for key, value in mpl.rcParams.items()}) == before
