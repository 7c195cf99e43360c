"""Spectra as lines: in the order of their wavelengths, broken where bands are missing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from hsidiff.evaluation.label_spectra import LabelSpectra
from hsidiff.report.amounts import count
from hsidiff.report.drawing import Drawing, columns_of, look, name_below, new_figure, panels
from hsidiff.report.style import INK, WRONG
from hsidiff.scenes.scene import Scene

GAP_STEPS = 3.0
"""Bands farther apart than so many usual steps have a gap between them."""
MOST_LINES = 8
_SUSPICIOUS: Any = {"color": WRONG, "linestyle": (0, (4, 2)), "linewidth": 1.0}


def band_places(scene: Scene) -> np.ndarray:
    """Where the usable bands lie on the axis: (n_bands,) wavelengths in nm, or band numbers."""
    places = scene.wavelengths_nm
    return scene.band_indices + 1 if places is None else places


def band_runs(places: np.ndarray, removed: np.ndarray | None = None) -> list[np.ndarray]:
    """Positions of the bands in the order of their places, parted where something is missing.

    Detectors that overlap are listed one after the other in many files: by place they are one.

    Args:
        places: (n_bands,) wavelengths or band numbers.
        removed: places of bands that are not used; a line between two bands must not cross them.
    """
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    steps = np.diff(ordered)
    is_gap = steps > GAP_STEPS * np.median(steps) if len(steps) else np.zeros(0, dtype=bool)
    if removed is not None and len(removed):
        before = np.searchsorted(np.sort(removed), ordered)
        is_gap = is_gap | (np.diff(before) > 0)
    return np.split(order, np.flatnonzero(is_gap) + 1)


def removed_places(scene: Scene) -> np.ndarray:
    """Where the bands lie that are not used."""
    unused = ~scene.good_bands
    if scene.file_wavelengths_nm is None:
        return np.flatnonzero(unused) + 1
    return scene.file_wavelengths_nm[unused]


def plot_spectrum(
    axes: Axes, places: np.ndarray, values: np.ndarray, runs: list[np.ndarray], **line: Any
) -> None:
    """Draw one spectrum (n_bands,), run by run; a run of one band is a dot."""
    for run in runs:
        alone = {"marker": ".", "markersize": 3} if len(run) == 1 else {}
        axes.plot(places[run], values[run], **line | alone)


def draw_label_spectra(measured: LabelSpectra, scene: Scene) -> Drawing:
    """A panel per class: its median, where most of its spectra lie, and the suspicious ones."""
    places, runs = band_places(scene), band_runs(band_places(scene), removed_places(scene))
    n_columns = columns_of(len(measured.classes), 3)
    with look():
        n_rows = -(-len(measured.classes) // n_columns)
        figure = new_figure(3.5 * max(n_columns, 2) + 0.4, 2.3 * n_rows + 0.4)
        grid = panels(figure, len(measured.classes), n_columns, sharex="all")
        words = [
            _draw_class(axes, measured, place, (places, runs)) for place, axes in enumerate(grid)
        ]
        axis = "band" if scene.wavelengths_nm is None else "wavelength (nm)"
        name_below(grid, n_columns, axis)
    return Drawing(
        "label-spectra",
        figure,
        f"Spectra of {len(measured.classes)} classes. Suspicious pixels: {', '.join(words)}.",
        "Line: median of the class; shade: 10 to 90 % of its pixels; orange dashes: suspicious "
        f"pixels, of a class the {MOST_LINES} farthest. Values in the scene's units; lines are "
        "broken where bands are missing.",
    )


def _draw_class(
    axes: Axes, measured: LabelSpectra, place: int, band: tuple[np.ndarray, list[np.ndarray]]
) -> str:
    """Draw one class; gives its name and how many of its pixels are suspicious."""
    (places, runs), land_class = band, measured.classes[place]
    is_of_class = measured.samples.class_ids == land_class.id
    spectra = measured.samples.values[is_of_class]
    low, high = np.percentile(spectra, (10, 90), axis=0)
    for run in runs:
        axes.fill_between(
            places[run], low[run], high[run], color=land_class.color, alpha=0.35, lw=0
        )
    for spectrum in _farthest(measured, is_of_class):
        plot_spectrum(axes, places, spectrum, runs, **_SUSPICIOUS)
    plot_spectrum(axes, places, measured.medians[place], runs, color=INK, linewidth=1.3)
    n_suspicious = int((measured.is_suspicious & is_of_class).sum())
    axes.set_title(f"{land_class.name} ({count(len(spectra))} px)")
    axes.grid(visible=True)
    return f"{land_class.name} {n_suspicious}"


def _farthest(measured: LabelSpectra, is_of_class: np.ndarray) -> Iterator[np.ndarray]:
    chosen = np.flatnonzero(measured.is_suspicious & is_of_class)
    for sample in chosen[np.argsort(-measured.distances[chosen])][:MOST_LINES]:
        yield measured.samples.values[sample]
