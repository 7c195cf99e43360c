"""What the papers' tables compare and no method of the package is: extractors under a transformer.

The head of all is SpectralDiff's transformer of ``fast``, which sees 5 x 5 pixels, as one network:
``fast`` itself averages three, which takes three times as long. The paper has one, too.
``extractors_of_the_papers.py:ThreeLayers`` is a method for the file of an experiment beside it.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from hsidiff.about import About
from hsidiff.heads.head import Head
from hsidiff.heads.regularisation import Regularisation
from hsidiff.methods.diffcrn.contrastive_pretraining import Contrast
from hsidiff.methods.diffcrn.diffcrn import FAST_STAGES
from hsidiff.methods.diffcrn.stage_values import StageValues
from hsidiff.methods.fast_denoiser import FAST_UNET
from hsidiff.methods.spectraldiff import FAST_HEAD, FAST_VALUES
from hsidiff.two_step import TwoStepClassifier
from hsidiff.values.spectra import Spectra
from hsidiff.values.values import Values

ONE_TRANSFORMER = replace(FAST_HEAD, regularisation=Regularisation())
THREE_LEVELS = replace(FAST_VALUES, unet=replace(FAST_UNET, widths=(8, 16, 32, 64)))
CONTRAST_ALONE = Contrast(weight=1e3, cluster_weight=5e2)
"""As in DiffCRN to each other; the loss of the denoising, about 1, is next to nothing beside it."""


@dataclass(repr=False, eq=False)
class ThreeLayers(TwoStepClassifier):
    """SpectralDiff's ``fast`` with a U-Net of three levels, as many as the paper's has.

    The spectrum of 32 values is halved three times, so there are layers 0, 1 and 2, which see
    9 x 9, 11 x 11 and 13 x 13 pixels. ``fast`` itself has two levels.

    Attributes:
        timesteps, layers, extraction: as of SpectralDiff; by default the paper's for Indian Pines.
        noise_timesteps: those that the denoiser learns at; None takes all. One makes it
            an autoencoder.
        trained: whether the denoiser learns; False leaves it the weights that it starts from.
    """

    timesteps: tuple[int, ...] = (5,)
    layers: tuple[int, ...] = (1,)
    extraction: str = "noisy"
    noise_timesteps: tuple[int, ...] | None = None
    trained: bool = True

    name: ClassVar[str] = "three-layers"
    about: ClassVar[About] = About("method", "Chen et al., IEEE TGRS", 2023)

    def _parts(self) -> tuple[Values, Head]:
        levels = None if self.noise_timesteps is None else tuple(self.noise_timesteps)
        values = replace(
            THREE_LEVELS,
            denoising=replace(THREE_LEVELS.denoising, noise_timesteps=levels),
            timesteps=tuple(self.timesteps),
            layers=tuple(self.layers),
            extraction=self.extraction,
            trained=self.trained,
        )
        return values, replace(ONE_TRANSFORMER)


@dataclass(repr=False, eq=False)
class SpectraAlone(TwoStepClassifier):
    """The transformer on spectra, each band scaled to -1..1 over the scene, as in Table V."""

    name: ClassVar[str] = "spectra-alone"
    about: ClassVar[About] = About("control", "Chen et al., IEEE TGRS", 2023)

    def _parts(self) -> tuple[Values, Head]:
        return Spectra(denoising=FAST_VALUES.denoising), replace(ONE_TRANSFORMER)


@dataclass(repr=False, eq=False)
class ContrastAlone(TwoStepClassifier):
    """DiffCRN's staged network, which learned by contrast alone, under SpectralDiff's transformer.

    Five fixed timesteps of the clean scene are added with equal weights, so no label takes part.
    """

    name: ClassVar[str] = "contrast-alone"
    about: ClassVar[About] = About("control", "Zhu and Xu, IEEE TGRS", 2025)

    def _parts(self) -> tuple[Values, Head]:
        stages = replace(
            FAST_STAGES,
            denoising=replace(FAST_STAGES.denoising, crop_px=FAST_STAGES.shape.patch_px),
            contrast=CONTRAST_ALONE,
            timesteps="fixed",
            fusion="mean",
        )
        return StageValues(stages=stages), replace(ONE_TRANSFORMER)
