"""``hsidiff reconstruct``: how the denoiser of a saved model finds a scene again under noise."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import numpy as np
import torch
import typer

from hsidiff.amounts import duration
from hsidiff.cli import console
from hsidiff.cli.classifiers import DeviceOption, ModelArgument, OwnClassOption, load_model
from hsidiff.cli.input_options import SceneOptions
from hsidiff.cli.options import (
    METHOD_PANEL,
    SCENE_PANEL,
    JsonOption,
    SceneArgument,
    out_option,
)
from hsidiff.cli.outputs import check_output_folder
from hsidiff.contract import SceneClassifier
from hsidiff.diffusion.spectral_angle import spectral_angle
from hsidiff.errors import ModelError, SceneError, SettingError
from hsidiff.evaluation.results import Stopwatch
from hsidiff.files import write_json, write_together
from hsidiff.report.pictures import false_colour_bands
from hsidiff.report.reconstruction import Reconstruction, ShownPixel, draw_reconstruction
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.two_step import SHOWN_TIMESTEPS, TwoStepClassifier
from hsidiff.wrapped import unwrapped

WORTH_A_FORECAST_S = 10
ANGLE_STEP = 25
"""Angles are taken at every so many timesteps, and at those that are shown."""
DEFAULT_WINDOW_PX = 64
MAX_PIXELS_SHOWN = 4


def reconstruct(
    model: ModelArgument,
    scene: SceneArgument,
    scene_options: SceneOptions,
    out: Annotated[Path, out_option("FOLDER", "Folder for the pictures.")],
    window: Annotated[
        str | None,
        typer.Option(
            metavar="ROW,COL,ROWS,COLS",
            rich_help_panel=SCENE_PANEL,
            show_default=f"{DEFAULT_WINDOW_PX} x {DEFAULT_WINDOW_PX} pixels in the middle",
            help="Part of the scene, in pixels; the upper left one is 0,0.",
        ),
    ] = None,
    timesteps: Annotated[
        str,
        typer.Option(
            metavar="T,T,...,0",
            rich_help_panel=METHOD_PANEL,
            help="Timesteps to show, falling. The noise of the first is added; the denoiser runs "
            "once for each timestep from there to 0.",
        ),
    ] = ",".join(map(str, SHOWN_TIMESTEPS)),
    method: OwnClassOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add noise to a scene, and let a saved model remove it.

    Writes the way back as a strip in false colour, spectra of some pixels, and
    the spectral angle to the scene. The higher the start, the less of the scene
    is left under the noise: from 400 the way leads to a scene of this kind, from
    100 to this one. The timesteps are those of SpectralDiff's Figs. 9 to 11.
    """
    check_output_folder(out)
    stopwatch = Stopwatch()
    with console.at_work():
        loaded = load_model(model, method, device)
        denoising = _with_denoiser(loaded, model)
        shown = _timesteps(timesteps, denoising)
        opened = scene_options.open(scene)
        part = _window(window, opened.shape)
        with stopwatch.stage("reconstruct"):
            walk = _reconstruction(denoising, opened, part, shown)
        answer = {
            "method": loaded.name,
            "scene": opened.name,
            "window": list(vars(part).values()),
            "start": shown[0],
            "timesteps": list(shown),
            "spectral_angles_rad": {str(t): angle for t, angle in walk.angles_rad.items()},
            "least_spectral_angle_rad": walk.least_angle_rad,
            "pixels": [
                {"row": part.row + pixel.row, "col": part.col + pixel.col, "name": pixel.name}
                for pixel in walk.pixels
            ],
            "seconds": stopwatch.to_json()["reconstruct"],
        }
        written = _write(walk, answer, out)
    if as_json:
        console.answer_json({**answer, "written": [str(path) for path in written]})
        return
    _tell(walk)
    for path in written:
        console.say(f"written: {path}")


def _with_denoiser(loaded: SceneClassifier, folder: Path) -> TwoStepClassifier:
    """The model, without what is wrapped around it, if its denoiser knows a way back.

    Raises:
        ModelError: if it has none.
    """
    loaded = unwrapped(loaded)
    if isinstance(loaded, TwoStepClassifier) and loaded.values_.last_reconstructed:
        return loaded
    raise ModelError(
        f"{folder} holds a {loaded.name!r} model, which cannot reconstruct a scene: give a model "
        "of a method with a denoiser (spectraldiff, diffspectralnet or diffcrn)"
    )


def _timesteps(text: str, model: TwoStepClassifier) -> tuple[int, ...]:
    """The timesteps that the option names, from the start down to 0.

    Raises:
        SettingError: if they are no falling numbers, or the model's schedule has no such start.
    """
    n_timesteps = model.values_.last_reconstructed or 0
    words = [word.strip() for word in text.split(",")]
    numbers = [int(word) if word.isascii() and word.isdigit() else -1 for word in words]
    falls = all(after < before for before, after in pairwise(numbers))
    if min(numbers) < 0 or not falls or not 1 <= numbers[0] <= n_timesteps:
        raise SettingError(
            f"--timesteps {text}: expected falling whole numbers such as 100,50,10,0; the first "
            f"must lie in 1..{n_timesteps}"
        )
    return tuple(dict.fromkeys((*numbers, 0)))


def _window(text: str | None, shape: tuple[int, int]) -> Window:
    """The window that the option names, or one in the middle of the scene.

    Raises:
        SettingError: if it is none, or leaves the scene.
    """
    if text is None:
        n_rows, n_cols = (min(size, DEFAULT_WINDOW_PX) for size in shape)
        return Window((shape[0] - n_rows) // 2, (shape[1] - n_cols) // 2, n_rows, n_cols)
    try:
        window = Window(*map(int, text.split(",")))
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"--window {text}: expected row,col,rows,cols such as 0,0,64,64"
        ) from error
    if window.clipped(shape) != window or min(window.n_rows, window.n_cols) < 1:
        raise SettingError(
            f"--window {text}: must lie in the scene, which has {shape[0]} rows and {shape[1]} "
            "columns"
        )
    return window


def _reconstruction(
    model: TwoStepClassifier, scene: Scene, window: Window, shown: tuple[int, ...]
) -> Reconstruction:
    """Walk from noise to the scene, and measure on the way.

    Raises:
        SceneError: if the window has no valid pixel.
    """
    scene = model.check_scene(scene)
    spectra = scene.read(window)
    if not np.isfinite(spectra).any():
        raise SceneError(f"{scene.name}: {window} has no valid pixel: choose another --window")
    start = shown[0]
    measured = {*shown, *range(0, start, ANGLE_STEP)}
    # One timestep of noise is next to none: what is lost is what the denoiser is not shown.
    began = monotonic()
    nearest = model.reconstruct(scene, window, 1, (0,))[0]
    _forecast(start * (monotonic() - began))
    states = model.reconstruct(scene, window, start, tuple(measured))
    return Reconstruction(
        scene=spectra,
        states={t: states[t] for t in shown},
        angles_rad={t: _mean_angle(states[t], spectra) for t in sorted(measured, reverse=True)},
        least_angle_rad=_mean_angle(nearest, spectra),
        bands=false_colour_bands(scene),
        wavelengths_nm=scene.wavelengths_nm,
        pixels=_pixels(model, scene, window),
    )


def _forecast(seconds: float) -> None:
    """Say how long the way back will take, if one waits for it."""
    if seconds > WORTH_A_FORECAST_S:
        console.show_note(
            f"the way back takes about {duration(seconds)}: a smaller --window or a lower "
            "first timestep take less"
        )


def _mean_angle(estimate: np.ndarray, spectra: np.ndarray) -> float:
    """Mean spectral angle, in radians, of the valid pixels of (rows, cols, n_bands)."""
    valid = np.isfinite(spectra).all(axis=-1)
    angles = spectral_angle(torch.from_numpy(estimate[valid]), torch.from_numpy(spectra[valid]))
    return float(angles.mean())


def _pixels(model: SceneClassifier, scene: Scene, window: Window) -> tuple[ShownPixel, ...]:
    """The surest pixel of each of the classes that cover most of the window."""
    probabilities = model.predict_proba_window(scene, window)
    mapped = model.most_probable(probabilities)
    covers = sorted(model.classes_, key=lambda land: -np.count_nonzero(mapped == land.id))
    pixels = []
    for land_class in covers[:MAX_PIXELS_SHOWN]:
        if (mapped == land_class.id).any():
            sureness = np.where(mapped == land_class.id, probabilities.max(axis=-1), -1)
            row, col = map(int, np.unravel_index(sureness.argmax(), sureness.shape))
            place = f"row {window.row + row}, column {window.col + col}"
            pixels.append(ShownPixel(row, col, f"{land_class.name} ({place})"))
    return tuple(pixels)


def _write(walk: Reconstruction, answer: Mapping[str, Any], out: Path) -> list[Path]:
    """Write the pictures and the numbers, all or nothing; give the paths."""
    with write_together(out) as new:
        for drawing in draw_reconstruction(walk):
            (new / f"{drawing.name}.{drawing.kind}").write_bytes(drawing.content())
        write_json(new / "reconstruction.json", answer)
        names = sorted(path.name for path in new.iterdir())
    return [out / name for name in names]


def _tell(walk: Reconstruction) -> None:
    """Print the angles at the timesteps that are shown."""
    console.say("timestep  mean spectral angle to the scene (rad)")
    for timestep in walk.timesteps:
        console.say(f"{timestep:>8}  {walk.angles_rad[timestep]:.4f}")
    console.say(f"   least  {walk.least_angle_rad:.4f}  (left by one timestep of noise)")
    start, end = walk.timesteps[0], walk.timesteps[-1]
    if walk.angles_rad[end] >= walk.angles_rad[start]:
        console.show_note(
            "the reconstruction is no nearer to the scene than the noise that it began with: the "
            "denoiser learned too little (--budget of hsidiff fit), or the first timestep leaves "
            "nothing to remove"
        )
