"""Pictures of a reconstruction show the states, bands and pixels that they name."""

import io

import matplotlib as mpl
import numpy as np
import pytest

from hsidiff.report.map_sheet import GAP_PX, NARROWEST_COLUMN_PX
from hsidiff.report.pictures import stretch_limits, stretched
from hsidiff.report.reconstruction import (
    PANEL_PX,
    Reconstruction,
    ShownPixel,
    draw_angles,
    draw_reconstruction,
    draw_spectra,
    draw_strip,
)
from hsidiff.report.style import HATCH, MUTED, PAPER

BANDS = (3, 0, 2)
PIXELS = (ShownPixel(1, 2, "corn"), ShownPixel(0, 4, "grass"), ShownPixel(3, 3, "roof"))


def made(shape: tuple[int, int] = (8, 10), wavelengths: np.ndarray | None = None) -> Reconstruction:
    draw = np.random.default_rng(0)
    scene = draw.uniform(0.1, 0.6, (*shape, 4)).astype(np.float32)
    scene[0, 0] = np.nan
    noise = draw.normal(0, 1, scene.shape).astype(np.float32)
    states = {t: scene + t / 100 * noise for t in (0, 50, 300)}
    angles = {300: 0.5, 200: 0.4, 50: 0.2, 0: 0.0}
    return Reconstruction(scene, states, angles, 0.01, BANDS, wavelengths, PIXELS)


def pixels_of(content: bytes) -> np.ndarray:
    """(rows, cols, 3) uint8 of a PNG file."""
    return np.round(255 * mpl.image.imread(io.BytesIO(content))[:, :, :3]).astype(np.uint8)


def panel(content: bytes, place: int, shape: tuple[int, int]) -> np.ndarray:
    """One pixel of the file for each pixel of the scene, of the panel at ``place``."""
    picture = pixels_of(content)
    zoom = PANEL_PX // max(shape)
    height, width = shape[0] * zoom, shape[1] * zoom
    left = GAP_PX + place * (max(width, NARROWEST_COLUMN_PX) + GAP_PX)
    bottom = len(picture) - GAP_PX
    return picture[bottom - height : bottom, left : left + width][
        zoom // 2 :: zoom, zoom // 2 :: zoom
    ]


def test_the_strip_runs_from_noise_to_the_scene_in_the_colours_of_the_scene() -> None:
    states = made()
    drawing = draw_strip(states)
    titles = [axes.get_title(loc="left") for axes in drawing.figure.axes]
    assert titles == ["t = 300", "t = 50", "t = 0", "scene"]
    content = drawing.content()
    limits = stretch_limits(states.scene[:, :, list(BANDS)])
    valid = np.isfinite(states.scene).all(axis=-1)
    for place, values in enumerate(
        (states.states[300], states.states[50], states.scene, states.scene)
    ):
        expected = stretched(values[:, :, list(BANDS)], limits)[:, :, :3]
        shown = panel(content, place, (8, 10))
        assert (shown[valid] == expected[valid]).all(), place
        hatched = {tuple(bytes.fromhex(c[1:])) for c in (HATCH, PAPER, MUTED)}
        assert {tuple(color) for color in shown[~valid].tolist()} <= hatched
    assert "timestep 300" in drawing.alternative
    assert drawing.kind == "png"


@pytest.mark.parametrize("shape", [(700, 330), (6, 400), (1, 5)])
def test_a_strip_of_any_shape_is_drawn(shape: tuple[int, int]) -> None:
    draw = np.random.default_rng(0)
    scene = draw.uniform(size=(*shape, 4)).astype(np.float32)
    states = Reconstruction(scene, {0: scene}, {0: 0.0}, 0.0, BANDS, None, PIXELS)
    height, width = pixels_of(draw_strip(states).content()).shape[:2]
    assert height <= PANEL_PX + 100
    assert width <= 2 * (NARROWEST_COLUMN_PX + GAP_PX) + GAP_PX


@pytest.mark.parametrize("wavelengths", [None, np.array([450.0, 1400.0, 900.0, 2200.0])])
def test_spectra_are_those_of_the_named_pixels(wavelengths: np.ndarray | None) -> None:
    states = made(wavelengths=wavelengths)
    drawing = draw_spectra(states)
    assert len(drawing.figure.axes) == len(PIXELS)
    order = [0, 1, 2, 3] if wavelengths is None else [0, 2, 1, 3]
    places = np.arange(1, 5) if wavelengths is None else wavelengths[order]
    for axes, pixel in zip(drawing.figure.axes, PIXELS, strict=True):
        assert axes.get_title(loc="left") == pixel.name
        spectra = [states.states[t] for t in (300, 50, 0)] + [states.scene]
        for line, values in zip(axes.get_lines(), spectra, strict=True):
            assert line.get_xdata() == pytest.approx(places)
            assert line.get_ydata() == pytest.approx(values[pixel.row, pixel.col][order])
        low, high = axes.get_ylim()
        spectrum = states.scene[pixel.row, pixel.col]
        assert low < spectrum.min() < spectrum.max() < high
    (legend,) = drawing.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "t = 300",
        "t = 50",
        "t = 0",
        "scene",
    ]
    names = {axes.get_xlabel() for axes in drawing.figure.axes} - {""}
    assert names == {"band" if wavelengths is None else "wavelength (nm)"}


def test_angles_stand_at_their_timesteps_and_time_runs_to_the_scene() -> None:
    drawing = draw_angles(made())
    (axes,) = drawing.figure.axes
    line, least = axes.get_lines()
    assert list(line.get_xdata()) == [0, 50, 200, 300]
    assert list(line.get_ydata()) == [0.0, 0.2, 0.4, 0.5]
    assert set(least.get_ydata()) == {0.01}
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    assert "0.500 rad at timestep 300" in drawing.alternative


def test_all_three_become_files_that_are_the_same_each_time() -> None:
    drawings = draw_reconstruction(made())
    assert [drawing.name for drawing in drawings] == ["strip", "spectra", "angles"]
    again = [drawing.content() for drawing in draw_reconstruction(made())]
    for drawing, content in zip(drawings, again, strict=True):
        assert drawing.content() == content
        assert content.startswith(b"\x89PNG")
        assert drawing.alternative
        assert drawing.caption
