"""Features of a trained denoiser, for any window of a scene, and their principal components."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.diffusion.objectives import clean_from
from hsidiff.diffusion.sampling import ancestral_steps
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SceneError
from hsidiff.networks.denoiser import Denoiser
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device
from hsidiff.training.precision import bfloat16_where_fast, without_tf32
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import PrincipalComponents, StreamingMoments
from hsidiff.windows.tiles import read_with_halo, sampled_tile_windows, without_margin

FEATURE_TILE_PX = 64
MAX_PROJECTION_TILES = 256

Extraction = Literal["noisy", "mean", "clean", "distilled"]
"""What the denoiser sees when features are taken:

* "noisy": the scene with one draw of noise, as in the papers;
* "mean": with ``N_DRAWS`` draws, one after the other, and the features are averaged;
* "clean": the scene scaled as at the timestep, without noise;
* "distilled": the scene as it is, and the denoiser is an extractor that was taught to give the
  features of all timesteps at once, see :mod:`hsidiff.features.distillation`.
"""
EXTRACTIONS = get_args(Extraction)
N_DRAWS = 8


@dataclass(frozen=True)
class DenoiserFeatures:
    """How the features of a pixel are computed.

    Attributes:
        transform: from spectra to what the denoiser sees.
        denoiser: in evaluation mode.
        schedule: the noise schedule it was trained with.
        target: what it predicts, see :mod:`hsidiff.diffusion.objectives`.
        timesteps: where features are taken.
        layers: which of the denoiser's layers they are taken from.
        extraction: what the denoiser sees, see :data:`Extraction`.
        bfloat16: whether to compute in bfloat16 where the device is fast with it. It moves features
            by up to a few hundredths of their spread.
        limit: what it sees is cut at plus and minus this.
        halo_px: the context that features need.
        seed: of the noise, if any.
        device: where to compute.
    """

    transform: SpectralTransform
    denoiser: Denoiser
    schedule: NoiseSchedule
    target: str
    timesteps: tuple[int, ...]
    layers: tuple[int, ...]
    extraction: Extraction
    bfloat16: bool
    limit: float
    halo_px: int
    seed: int
    device: str

    @torch.inference_mode()
    def of(self, cube: np.ndarray, window: Window) -> list[np.ndarray]:
        """Features of a window at each timestep and layer.

        Args:
            cube: (rows + 2 halo_px, cols + 2 halo_px, n_bands); NaN where invalid.
            window: where it lies in the scene, without the halo.

        Returns:
            Arrays (rows, cols, n) float32: timesteps in order, in each the layers in order.
        """
        x_0 = self._seen(cube)
        features: list[np.ndarray] = []
        for timestep in self.timesteps:
            taps = self._taps(x_0, window.grown(self.halo_px), timestep)
            features += (tap[0].permute(1, 2, 0).cpu().numpy() for tap in taps)
        return features

    def projected(
        self,
        cube: np.ndarray,
        window: Window,
        projections: Sequence[PrincipalComponents],
        with_spectra: bool,
    ) -> np.ndarray:
        """Principal components of a window's features, stacked in the order of :meth:`of`.

        Args:
            cube: as in :meth:`of`.
            window: as there.
            projections: what :meth:`principal_components` found.
            with_spectra: whether what the denoiser saw and the spectrum (0 where invalid) follow.

        Returns:
            (rows, cols, n_values) float32.
        """
        found = zip(projections, self.of(cube, window), strict=True)
        values = [projection.project(features) for projection, features in found]
        if with_spectra:
            spectra = without_margin(np.nan_to_num(cube, nan=0.0), self.halo_px)
            values += [self.transform.apply(spectra), spectra]
        return np.concatenate(values, axis=-1)

    def principal_components(
        self,
        scene: Scene,
        n_components: int,
        *,
        whiten: bool,
        region: np.ndarray | None = None,
    ) -> tuple[PrincipalComponents, ...]:
        """Find the principal components of a scene's features in one streaming pass.

        Args:
            scene: where to take features; of a large scene a sample of tiles is used.
            n_components: how many to keep of each timestep and layer.
            whiten: whether components are scaled to unit variance; then each feature is first
                scaled to 0..1.
            region: (rows, cols) bool, the pixels that may be used, as context too; None allows all.

        Returns:
            Those of each timestep and layer, in the order of :meth:`of`.

        Raises:
            SceneError: if there is no pixel to take features of.
        """
        moments: list[StreamingMoments] = []
        windows = sampled_tile_windows(
            scene.shape, FEATURE_TILE_PX, MAX_PROJECTION_TILES, self.seed, region
        )
        for window in track(windows, "take features", len(windows)):
            cube = read_with_halo(scene, window, self.halo_px)
            if region is not None:
                cube[~_region_with_halo(region, window, self.halo_px)] = np.nan
            used = np.isfinite(without_margin(cube, self.halo_px)).all(axis=-1)
            if used.any():
                found = self.of(cube, window)
                moments = moments or [StreamingMoments() for _ in found]
                for seen, values in zip(moments, found, strict=True):
                    seen.update(values[used])
        if not moments:
            raise SceneError(f"{scene.name}: no valid pixel to learn from in {len(windows)} tiles")
        return tuple(
            PrincipalComponents.from_moments(seen, n_components, whiten=whiten, unit_range=whiten)
            for seen in moments
        )

    @torch.inference_mode()
    def reconstruct(
        self, scene: Scene, window: Window, start: int, keep: tuple[int, ...]
    ) -> Mapping[int, np.ndarray]:
        """Add the noise of timestep ``start`` to a window and remove it step by step.

        Returns:
            For each timestep in ``keep`` up to ``start`` (0 is the reconstruction) an array (rows,
            cols, n_bands) float32 in the scene's units; NaN where the scene is invalid.
        """
        self.schedule.check((start, *(t for t in keep if t != 0)))
        cube = scene.read(window)
        x_0 = self._seen(cube)
        t = torch.tensor([start], device=x_0.device)
        x_t = self.schedule.add_noise(x_0, t, self._noise(window, start))
        steps = track(range(start, 0, -1), "reconstruct", start)
        noise = partial(self._noise, window)
        walked = ancestral_steps(self.schedule, self._estimate_clean, x_t, steps, noise)
        found = {}
        for timestep, values in chain([(start, x_t)], walked):
            if timestep in keep:
                spectra = self.transform.invert(values[0].permute(1, 2, 0).cpu().numpy())
                found[timestep] = np.where(np.isfinite(cube), spectra, np.nan).astype(np.float32)
        return found

    def _taps(self, x_0: Tensor, window: Window, timestep: int) -> list[Tensor]:
        """Features of each layer at a timestep, (1, n, rows, cols) float32.

        Args:
            x_0: of a window with its halo.
            window: that window with its halo; the features are those without it.
            timestep: where features are taken.
        """
        t = torch.tensor([timestep], device=x_0.device)
        if self.extraction == "distilled":
            return self._taps_of(x_0, t, self.halo_px)
        if self.extraction == "clean":
            return self._taps_of(self.schedule.without_noise(x_0, t), t, self.halo_px)
        n_draws = N_DRAWS if self.extraction == "mean" else 1
        noises = (self._noise(window, timestep, i) for i in range(n_draws))
        draws = [
            self._taps_of(self.schedule.add_noise(x_0, t, noise), t, self.halo_px)
            for noise in noises
        ]
        return [torch.stack(layer).mean(dim=0) for layer in zip(*draws, strict=True)]

    def _taps_of(self, x_t: Tensor, t: Tensor, margin_px: int = 0) -> list[Tensor]:
        """Features of ``x_t`` without ``margin_px`` pixels on each side."""
        with without_tf32(x_t.device), bfloat16_where_fast(self.bfloat16, x_t.device):
            taps = self.denoiser.taps_inside(x_t, t, self.layers, margin_px)
            return [tap.float() for tap in taps]

    def _estimate_clean(self, x_t: Tensor, t: Tensor) -> Tensor:
        said = self.denoiser(x_t, t)
        x_0 = clean_from(self.target, self.schedule, x_t, t, said)
        return x_0.clamp(-self.limit, self.limit)

    def _seen(self, cube: np.ndarray) -> Tensor:
        """What the denoiser sees without noise, (1, channels, rows, cols); 0 where invalid."""
        device = torch.device(pick_device(self.device))
        self.denoiser.to(device)
        seen = np.nan_to_num(self.transform.apply(cube), nan=0.0)
        x_0 = torch.from_numpy(seen).permute(2, 0, 1)[None].to(device)
        return x_0.clamp(-self.limit, self.limit)

    def _noise(self, window: Window, timestep: int, draw: int = 0) -> Tensor:
        corner, side = np.array([[window.row, window.col]]), (window.n_rows, window.n_cols)
        return self._noise_at(corner, side, timestep, draw)

    def _noise_at(
        self, corners: np.ndarray, sides: tuple[int, int], timestep: int, draw: int = 0
    ) -> Tensor:
        """Noise (n, channels, *sides) of windows whose upper left pixels are ``corners`` (n, 2)."""
        device = pick_device(self.device)
        # Apple's GPUs have no float64, which the noise is computed in.
        first = torch.from_numpy(corners).to("cpu" if device == "mps" else device)
        rows, cols = (
            start[:, None] + torch.arange(n, device=first.device)
            for start, n in zip(first.T, sides, strict=True)
        )
        # Timesteps of further draws lie beyond those of the schedule.
        key = timestep + draw * (self.schedule.n_timesteps + 1)
        return pixel_noise(rows, cols, self.transform.n_outputs, key, self.seed).to(device)


def _region_with_halo(region: np.ndarray, window: Window, halo_px: int) -> np.ndarray:
    """``region`` under a window with its halo; beyond the scene its edge is repeated."""
    wanted = window.grown(halo_px)
    rows = np.arange(wanted.row, wanted.row + wanted.n_rows).clip(0, region.shape[0] - 1)
    cols = np.arange(wanted.col, wanted.col + wanted.n_cols).clip(0, region.shape[1] - 1)
    return region[np.ix_(rows, cols)]
