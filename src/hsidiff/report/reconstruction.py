"""Pictures of a scene on its way back from noise: a strip, spectra, and how far they are off.

After Figs. 9 to 11 of SpectralDiff (Chen et al., arXiv 2304.05961).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hsidiff.report.drawing import (
    Drawing,
    columns_of,
    look,
    name_below,
    new_figure,
    panels,
)
from hsidiff.report.map_sheet import Panel, draw_sheet, page_width_px
from hsidiff.report.pictures import Enlargement, stretch_limits, stretched
from hsidiff.report.spectrum_lines import band_runs, plot_spectrum
from hsidiff.report.style import ACCENT, METHOD_COLORS, MUTED

PANEL_PX = 320
# From noise to scene: light to dark, and still visible on white.
COLORS, LIGHTEST = "viridis_r", 0.12
# The scene itself: vermilion, which stays apart from these for colour-blind readers, too.
SCENE_LINE: Any = {"color": METHOD_COLORS[1], "linestyle": (0, (4, 2)), "linewidth": 1.3}
# Noise leaves the range of the spectrum; beyond so much of it on either side, lines are cut.
SHOWN_BEYOND = 0.25


@dataclass(frozen=True)
class ShownPixel:
    """A pixel whose spectra are drawn: its place in the window, and what to call it."""

    row: int
    col: int
    name: str


@dataclass(frozen=True)
class Reconstruction:
    """A part of a scene, and its states on the way from noise to the reconstruction.

    Attributes:
        scene: (rows, cols, n_bands) float32, NaN at invalid pixels.
        states: timestep to (rows, cols, n_bands), in the scene's units; 0 is the reconstruction.
        angles_rad: timestep to the mean spectral angle between that state and the scene.
        least_angle_rad: the angle that one timestep of noise leaves: what the denoiser is not
            shown, such as single bands where it sees averages.
        bands: positions of the bands that are drawn as red, green and blue.
        wavelengths_nm: (n_bands,), or None.
        pixels: whose spectra are drawn.
    """

    scene: np.ndarray = field(repr=False)
    states: Mapping[int, np.ndarray] = field(repr=False)
    angles_rad: Mapping[int, float]
    least_angle_rad: float
    bands: tuple[int, ...]
    wavelengths_nm: np.ndarray | None
    pixels: tuple[ShownPixel, ...]

    @property
    def timesteps(self) -> list[int]:
        """The timesteps that are drawn, from noise to the reconstruction."""
        return sorted(self.states, reverse=True)


def draw_reconstruction(states: Reconstruction) -> list[Drawing]:
    """The strip, the spectra of some pixels, and the spectral angle over the timesteps."""
    return [draw_strip(states), draw_spectra(states), draw_angles(states)]


def draw_strip(states: Reconstruction) -> Drawing:
    """False colour at each timestep, then of the scene, all in the stretch of the scene."""
    bands = list(states.bands)
    limits = stretch_limits(states.scene[:, :, bands])
    shown = {f"t = {t}": states.states[t] for t in states.timesteps} | {"scene": states.scene}
    fit = Enlargement.to_fit(states.scene.shape[:2], PANEL_PX, PANEL_PX)
    figure = draw_sheet(
        [
            Panel(title, "", stretched(fit.thinned(values)[:, :, bands], limits))
            for title, values in shown.items()
        ],
        fit,
        key=(),
    )
    return Drawing(
        "strip",
        figure,
        f"False colour of the scene with the noise of timestep {states.timesteps[0]}, of "
        f"{len(shown) - 2} states on the way back, and of the scene itself.",
        "All in the colours of the scene: what noise pushes out of its range is cut.",
        "png",
        page_width_px(figure),
    )


def draw_spectra(states: Reconstruction) -> Drawing:
    """The spectrum of each shown pixel at each timestep, and the one of the scene."""
    timesteps, pixels = states.timesteps, states.pixels
    shades = mpl.colormaps[COLORS](np.linspace(LIGHTEST, 1, len(timesteps)))
    colors = dict(zip(timesteps, shades, strict=True))
    n_columns = columns_of(len(pixels), 2)
    n_rows = -(-len(pixels) // n_columns)
    with look():
        figure = new_figure(4.6 * n_columns + 0.4, 2.7 * n_rows + 0.6)
        grid = panels(figure, len(pixels), n_columns, sharex="all")
        for axes, pixel in zip(grid, pixels, strict=True):
            _draw_pixel(axes, states, pixel, colors)
        name_below(grid, n_columns, "band" if states.wavelengths_nm is None else "wavelength (nm)")
        handles = [Line2D([], [], color=colors[t], label=f"t = {t}") for t in timesteps]
        handles.append(Line2D([], [], label="scene", **SCENE_LINE))
        close = {"fontsize": 9, "handlelength": 1.4, "columnspacing": 1.2}
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), **close)
    return Drawing(
        "spectra",
        figure,
        f"Spectra of {len(pixels)} pixels on the way back from noise: "
        f"{', '.join(pixel.name for pixel in pixels)}.",
        "Values in the scene's units. Lines are cut where noise leaves the panel.",
        "png",
    )


def _draw_pixel(
    axes: Axes, states: Reconstruction, pixel: ShownPixel, colors: Mapping[int, np.ndarray]
) -> None:
    spectrum, places = states.scene[pixel.row, pixel.col], states.wavelengths_nm
    if places is None:
        places = np.arange(1, len(spectrum) + 1)
    runs = band_runs(places)
    for timestep, color in colors.items():
        values = states.states[timestep][pixel.row, pixel.col]
        plot_spectrum(axes, places, values, runs, color=color, linewidth=1.1)
    plot_spectrum(axes, places, spectrum, runs, **SCENE_LINE)
    low, high = float(spectrum.min()), float(spectrum.max())
    if high > low:
        beyond = SHOWN_BEYOND * (high - low)
        axes.set_ylim(low - beyond, high + beyond)
    axes.set_title(pixel.name)
    axes.grid(visible=True)


def draw_angles(states: Reconstruction) -> Drawing:
    """The mean spectral angle to the scene over the timesteps, from noise to reconstruction."""
    angles, least = dict(sorted(states.angles_rad.items())), states.least_angle_rad
    first, highest = max(angles), max(angles.values())
    with look():
        figure = new_figure(5.6, 3.2)
        axes = figure.add_subplot()
        axes.plot(list(angles), list(angles.values()), color=ACCENT, marker="o", markersize=4)
        axes.axhline(least, color=MUTED, linestyle="--", linewidth=1)
        words: Any = {"textcoords": "offset points", "va": "top", "fontsize": 9, "color": MUTED}
        axes.annotate("left by one timestep of noise", (first, least), (0, -4), **words)
        axes.set_ylim(-0.06 * highest, 1.06 * highest)
        axes.invert_xaxis()  # time runs from noise to scene, as in the strip
        axes.set(xlabel="timestep", ylabel="mean spectral angle (rad)")
        axes.grid(visible=True)
    return Drawing(
        "angles",
        figure,
        f"Mean spectral angle to the scene: {angles[first]:.3f} rad at timestep {first}, "
        f"{angles[min(angles)]:.3f} rad at timestep {min(angles)}.",
        "The dashed line is what the denoiser cannot give back, since it is not shown it.",
        "png",
    )
