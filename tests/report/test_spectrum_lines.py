import numpy as np
from matplotlib.figure import Figure

from hsidiff.evaluation.label_spectra import measure_label_spectra
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.spectrum_lines import (
    MOST_LINES,
    band_places,
    band_runs,
    draw_label_spectra,
    plot_spectrum,
    removed_places,
)
from hsidiff.scenes.scene import ArraySource, Scene
from small_scenes import scene_of


def runs_of(places: list[float], removed: list[float] | None = None) -> list[list[int]]:
    found = band_runs(np.array(places, float), None if removed is None else np.array(removed))
    return [run.tolist() for run in found]


def test_overlapping_detectors_are_one_line_in_the_order_of_wavelengths() -> None:
    assert runs_of([900, 910, 920, 905, 915, 925]) == [[0, 3, 1, 4, 2, 5]]


def test_a_line_is_broken_where_bands_were_removed_or_never_were() -> None:
    assert runs_of([400, 410, 430, 440], [420]) == [[0, 1], [2, 3]]
    assert runs_of([400, 410, 420, 600, 610]) == [[0, 1, 2], [3, 4]]
    assert runs_of([400, 410, 420], [300, 900]) == [[0, 1, 2]]
    assert runs_of([5]) == [[0]]


def test_removed_bands_of_a_scene_break_its_spectra() -> None:
    good = np.array([True, True, False, True, True])
    pixels = ArraySource(np.ones((2, 2, 5), dtype=np.float32))
    for wavelengths in (None, np.array([400.0, 410, 420, 430, 440])):
        scene = Scene("s", pixels, good, wavelengths)
        runs = band_runs(band_places(scene), removed_places(scene))
        assert [run.tolist() for run in runs] == [[0, 1], [2, 3]]


def test_a_spectrum_is_drawn_run_by_run() -> None:
    axes = Figure().add_subplot()
    places = np.array([400.0, 410, 420, 600])
    plot_spectrum(axes, places, np.arange(4.0), band_runs(places), color="red")
    assert [line.get_xdata().tolist() for line in axes.lines] == [[400, 410, 420], [600]]
    assert axes.lines[1].get_marker() == "."


def test_a_class_has_a_figure_of_its_median_its_middle_and_its_farthest_pixels() -> None:
    values = np.repeat([1, 2], 50).reshape(10, 10)
    values[9, 7:] = 3
    cube = np.random.default_rng(0).normal(0, 0.01, (10, 10, 6)) + 0.2 * values[..., None]
    cube[0] += 5  # ten pixels of class 1
    labels = LabelMap.from_array(values, {1: "grass", 2: "roof", 3: "pond"})
    measured = measure_label_spectra(scene_of(cube.astype(np.float32)), labels)
    drawings = draw_label_spectra(measured, scene_of(cube.astype(np.float32)))
    assert [drawing.caption for drawing in drawings] == [
        "grass: 50 pixels, 10 suspicious",
        "roof: 47 pixels, 0 suspicious",
        "pond: 3 pixels, too few to be judged",
    ]
    (axes,) = drawings[0].figure.axes
    assert len(axes.lines) == MOST_LINES + 1  # the farthest, and the median
    median = np.median(cube[values == 1], axis=0)
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), median, rtol=1e-5)
    assert all(drawing.picture().width_px <= 340 for drawing in drawings)
