"""The control for diffusion: the same denoiser, trained at one level of noise.

A denoising autoencoder (Vincent, Larochelle, Bengio and Manzagol, ICML 2008) learns to remove one
amount of noise; diffusion learns all amounts in one network and takes features at several. What a
method gains over this control is what the other levels are worth.

All else is SpectralDiff's ``fast`` profile, with as many steps of training, hence as many seconds.
Features are taken at the one level, without noise, as there. The level is timestep 250, where the
noise has 1.6 times the deviation of the signal. It was chosen as the timesteps of that profile were
(docs/decisions/0010): by the held-out log loss of the head on training labels of the embedded
scene, without a test label (``experiments/choose_timesteps.py``). It is 0.273 for timestep 100,
0.240 for 155, 0.225 for 200, 0.187 for 250 and 0.181 for 350; of the last two, which are alike, the
one with less noise was taken. The level is the same for every scene.

The network says v as in that profile. At one level that is an autoencoder with a skip connection,
since v = (alpha x_t - x_0) / sigma for the fixed factors alpha and sigma of signal and noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from hsidiff.about import About
from hsidiff.baselines.feature_control import FeatureControl
from hsidiff.errors import SettingError
from hsidiff.features.feature_profile import FAST, FeatureProfile

LEVEL = 250
"""Timestep of the noise, of 500."""


@dataclass(repr=False, eq=False)
class DenoisingAutoencoder(FeatureControl):
    """Features of a denoiser of one level; ``timesteps`` with one entry is another level."""

    name: ClassVar[str] = "denoising-autoencoder"
    about: ClassVar[About] = About("control", "Vincent et al., ICML", 2008)
    profiles: ClassVar[Mapping[str, FeatureProfile]] = {"fast": replace(FAST, timesteps=(LEVEL,))}

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range, or there are several levels.
        """
        profile = super().settings()
        if len(profile.timesteps) > 1:
            raise SettingError(
                f"timesteps={tuple(profile.timesteps)}: {self.name} has one level of noise; give "
                f"one timestep, such as ({LEVEL},)"
            )
        denoising = replace(profile.denoising, noise_timesteps=tuple(profile.timesteps))
        return replace(profile, denoising=denoising)
