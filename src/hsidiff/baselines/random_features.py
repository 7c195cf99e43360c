"""The control for learning: features of the same denoiser, which was never trained.

A network of random weights is already a bank of filters over space and spectrum, and a good head
makes much of it (Saxe, Koh, Chen, Bhand, Suresh and Ng, "On Random Weights and Unsupervised Feature
Learning", ICML 2011). So what a method gains over raw spectra is not yet what it gains by learning
to denoise; what it gains over this control is.

All else is SpectralDiff's ``fast`` profile: whitening, timesteps, layer, principal components and
head. Whitening and components are learned from the scene without labels, so this control, too, is
transductive. The weights are those that SpectralDiff's training starts from with the same
``random_state``.

Batch normalisation is never trained either. In evaluation mode it divides by statistics that are
gathered in training; here they stay what they are before it, mean 0 and variance 1, so it passes
values on as they are. Statistics of the scene would be a kind of training.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hsidiff.about import About
from hsidiff.baselines.feature_control import FeatureControl
from hsidiff.features.feature_profile import FeatureProfile
from hsidiff.networks.spectral_unet import SpectralUNet
from hsidiff.scenes.scene import Scene
from hsidiff.training.loop import seeded
from hsidiff.windows.normalise import SpectralTransform


@dataclass(repr=False, eq=False)
class RandomFeatures(FeatureControl):
    """Features of an untrained denoiser. Settings of how long it would learn stay None."""

    name: ClassVar[str] = "random-features"
    about: ClassVar[About] = About("control", "Saxe et al., ICML", 2011)

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range, or training is asked for.
        """
        self._refuse_length(f"{self.name} is never trained")
        return super().settings()

    def _learn_scene(
        self, scene: Scene, transform: SpectralTransform, region: np.ndarray | None
    ) -> SpectralUNet:
        with seeded(self.random_state):
            denoiser = SpectralUNet(self.settings().unet)
        return denoiser.eval()
