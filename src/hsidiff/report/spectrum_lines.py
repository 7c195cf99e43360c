"""Spectra as lines: in the order of their wavelengths, broken where bands are missing."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from hsidiff.amounts import count
from hsidiff.evaluation.label_spectra import LabelSpectra
from hsidiff.report.drawing import Drawing, look, new_figure
from hsidiff.report.style import INK, MUTED, WRONG
from hsidiff.scenes.scene import Scene

GAP_STEPS = 3.0
"""Bands farther apart than so many usual steps have a gap between them."""
MOST_LINES = 8
HOW_TO_READ = (
    "Line: median of the class; shade: 10 to 90 % of its pixels; orange dashes: suspicious pixels, "
    f"the {MOST_LINES} farthest at most. Values in the scene's units; lines are broken where bands "
    "are missing."
)
FEW = "too few to be judged"
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
    """(n,) where the bands lie that are not used: nm, or numbers in the file from 1."""
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


def draw_label_spectra(measured: LabelSpectra, scene: Scene) -> list[Drawing]:
    """Of each class its median, where most of its spectra lie, and the suspicious ones.

    One small figure per class: a wide page sets them side by side, a telephone below each other.
    """
    places, runs = band_places(scene), band_runs(band_places(scene), removed_places(scene))
    axis = "band" if scene.wavelengths_nm is None else "wavelength (nm)"
    return [
        _draw_class(measured, place, (places, runs), axis) for place in range(len(measured.classes))
    ]


def _draw_class(
    measured: LabelSpectra, place: int, band: tuple[np.ndarray, list[np.ndarray]], axis: str
) -> Drawing:
    (places, runs), land_class = band, measured.classes[place]
    is_of_class = measured.samples.class_ids == land_class.id
    spectra = measured.samples.values[is_of_class]
    low, high = np.percentile(spectra, (10, 90), axis=0)
    with look():
        figure = new_figure(3.4, 2.3)
        axes = figure.subplots()
        shade: Any = {
            "facecolor": to_rgba(land_class.color, 0.35),
            "edgecolor": to_rgba(MUTED, 0.6),
            "linewidth": 0.5,
        }
        for run in runs:
            # Of a pale class the outline alone shows where the shade ends.
            axes.fill_between(places[run], low[run], high[run], **shade)
        for spectrum in _farthest(measured, is_of_class):
            plot_spectrum(axes, places, spectrum, runs, **_SUSPICIOUS)
        plot_spectrum(axes, places, measured.medians[place], runs, color=INK, linewidth=1.3)
        axes.set(xlabel=axis)
        axes.grid(visible=True)
    n_suspicious = int((measured.is_suspicious & is_of_class).sum())
    judged = f"{count(n_suspicious)} suspicious" if np.isfinite(measured.limits[place]) else FEW
    told = f"{land_class.name}: {count(len(spectra))} pixels, {judged}"
    return Drawing(f"label-spectra-{land_class.id}", figure, f"Spectra of {told}", told)


def _farthest(measured: LabelSpectra, is_of_class: np.ndarray) -> Iterator[np.ndarray]:
    chosen = np.flatnonzero(measured.is_suspicious & is_of_class)
    for sample in chosen[np.argsort(-measured.distances[chosen])][:MOST_LINES]:
        yield measured.samples.values[sample]
