"""The spectrum of a pixel as a denoiser would see it, without any denoiser."""

from dataclasses import dataclass, field, replace

import numpy as np

from hsidiff.about import Cost
from hsidiff.kinds import DENOISER_INPUT, SCALED_SPECTRUM, SPECTRUM, Kinds
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.values.pretraining import Denoising
from hsidiff.values.values import Values
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments


@dataclass(kw_only=True, repr=False, eq=False)
class Spectra(Values):
    """What a denoiser would see of a pixel, its spectrum, and that scaled to -1..1 over the scene.

    Attributes:
        denoising: of the denoiser that is left out.
        transform_: from spectra to what it would see.
        scaling_: from spectra to -1..1, as the denoiser of a published size sees them.
    """

    denoising: Denoising

    transform_: SpectralTransform = field(init=False)
    scaling_: SpectralTransform = field(init=False)

    @property
    def uses_device(self) -> bool:
        """Nothing is computed by a network."""
        return False

    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        """Learn the scaling of the bands."""
        moments = scene_moments(scene, region)
        self.transform_ = self.denoising.transform_of(moments)
        self.scaling_ = replace(self.denoising, space="range").transform_of(moments)

    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """The denoiser's input, the spectrum, and the scaled spectrum; 0 where invalid."""
        spectra = np.nan_to_num(cube, nan=0.0)
        # The matrix is diagonal: a product with it would cost more than all else.
        factors = np.diagonal(self.scaling_.matrix).astype(np.float64)
        scaled = np.nan_to_num((cube - self.scaling_.shift) * factors, nan=0.0).astype(np.float32)
        return np.concatenate([self.transform_.apply(spectra), spectra, scaled], axis=-1)

    def kinds(self, n_bands: int) -> Kinds:
        """The three, in their order."""
        n_seen = self.denoising.n_seen(n_bands)
        return {DENOISER_INPUT: (n_seen,), SPECTRUM: (n_bands,), SCALED_SPECTRUM: (n_bands,)}

    def cost(self, n_bands: int) -> Cost:
        """That of both scalings."""
        return Cost.of_projection(n_bands, self.denoising.n_seen(n_bands) + 1)

    def learned(self) -> Learned:
        """Both scalings."""
        arrays = self.transform_.arrays("transform.") | self.scaling_.arrays("scaling.")
        return Learned(arrays, {})

    def restore(self, learned: Learned) -> None:
        """Become the values that were stored."""
        self.transform_ = SpectralTransform.from_arrays("transform.", learned.arrays)
        self.scaling_ = SpectralTransform.from_arrays("scaling.", learned.arrays)
