"""From a noisy window back to a clean one, whatever denoiser estimates the clean values."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from hsidiff.diffusion.sampling import ancestral_steps
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.values.denoiser_input import DenoiserInput


@torch.inference_mode()
def way_back(
    scene: Scene,
    window: Window,
    start: int,
    keep: tuple[int, ...],
    shown: DenoiserInput,
    estimate_clean: Callable[[Tensor, Tensor], Tensor],
) -> Mapping[int, np.ndarray]:
    """Add the noise of timestep ``start`` to a window and remove it step by step.

    Args:
        scene: the scene.
        window: the part of it.
        start: timestep of the noisy window.
        keep: timesteps to return, 0 for the reconstruction; those above ``start`` are left out.
        shown: the transform, the schedule, and the noise of the pixels.
        estimate_clean: from x_t (1, channels, rows, cols) and t (1,) to an estimate of x_0.

    Returns:
        For each timestep of ``keep`` up to ``start`` an array (rows, cols, n_bands) float32 in the
        scene's units; NaN where the scene is invalid.

    Raises:
        SettingError: if a timestep is out of range.
    """
    schedule = shown.denoising.schedule
    schedule.check((start, *(t for t in keep if t != 0)))
    cube = scene.read(window)
    corner, shape = np.array([[window.row, window.col]]), (window.n_rows, window.n_cols)

    def noise(timestep: int) -> Tensor:
        return shown.noise(corner, shape, timestep)

    def spectra(x: Tensor) -> np.ndarray:
        values = shown.transform.invert(x[0].permute(1, 2, 0).cpu().numpy())
        return np.where(np.isfinite(cube), values, np.nan).astype(np.float32)

    x_0 = shown.clean(cube)
    at = torch.tensor([start], device=x_0.device)
    x_t = schedule.add_noise(x_0, at, noise(start))
    states = {start: x_t} if start in keep else {}
    steps = track(range(start, 0, -1), "reconstruct", start)
    for timestep, x in ancestral_steps(schedule, estimate_clean, x_t, steps, noise):
        if timestep in keep:
            states[timestep] = x
    return {timestep: spectra(x) for timestep, x in states.items()}
