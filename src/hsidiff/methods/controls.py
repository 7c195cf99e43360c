"""Controls: SpectralDiff's ``fast`` profile with one thing left out.

What the method gains over a control, the thing that is left out is worth. All else is the same:
scaling, timesteps, layer, principal components and head; all of them are transductive as well.

* ``raw``: no denoiser. The head sees spectra, and what the denoiser would see. The paper's ablation
  (Chen et al., IEEE TGRS 2023, Table V) feeds its transformer spectra in place of features and does
  not say how they are scaled; here ``head="transformer"`` sees each band scaled to -1..1 over the
  scene, as the denoiser of the ``paper`` profile would.
* ``random-features``: the denoiser was never trained. A network of random weights is already a bank
  of filters over space and spectrum, and a good head makes much of it (Saxe, Koh, Chen, Bhand,
  Suresh and Ng, "On Random Weights and Unsupervised Feature Learning", ICML 2011). The weights are
  those that training starts from. Batch normalisation is never trained either: it stays at mean 0
  and variance 1, since statistics of the scene would be a kind of training.
* ``denoising-autoencoder``: the denoiser was trained at one level of noise (Vincent, Larochelle,
  Bengio and Manzagol, ICML 2008), with as many steps. The level is timestep 250, where the noise
  has 1.6 times the deviation of the signal. It was chosen as the timesteps of ``fast`` were
  (docs/decisions/0010): by the held-out log loss of the head on training labels of the embedded
  scene, without a test label (``experiments/choose_timesteps.py``). It is 0.273 for timestep 100,
  0.240 for 155, 0.225 for 200, 0.187 for 250 and 0.181 for 350; of the last two, which are alike,
  the one with less noise was taken. The network says v as in that profile; at one level that is an
  autoencoder with a skip connection, since v = (alpha x_t - x_0) / sigma for fixed alpha and sigma.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from hsidiff.about import About
from hsidiff.errors import SettingError, check_whole_numbers
from hsidiff.heads.head import Head
from hsidiff.methods.spectraldiff import PROFILES
from hsidiff.two_step import TwoStepClassifier
from hsidiff.values.spectra import Spectra
from hsidiff.values.values import Values

FAST = PROFILES["fast"]
LEVEL = 250
"""Timestep of the noise of the denoising autoencoder, of 500."""


@dataclass(repr=False, eq=False)
class RawSpectra(TwoStepClassifier):
    """The heads of SpectralDiff on spectra, without any denoiser.

    Attributes:
        head, head_epochs: as of SpectralDiff.
    """

    head: str | None = None
    head_epochs: int | None = None

    name: ClassVar[str] = "raw"
    about: ClassVar[About] = About("control", "Chen et al., IEEE TGRS", 2023)

    def _parts(self) -> tuple[Values, Head]:
        values = Spectra(denoising=FAST.values.denoising)
        return FAST.parts(values, self.head, self.head_epochs)


@dataclass(repr=False, eq=False)
class RandomFeatures(TwoStepClassifier):
    """Features of an untrained denoiser.

    Attributes:
        timesteps, layers, extraction, head, head_epochs: as of SpectralDiff.
    """

    timesteps: tuple[int, ...] | None = None
    layers: tuple[int, ...] | None = None
    extraction: str | None = None
    head: str | None = None
    head_epochs: int | None = None

    name: ClassVar[str] = "random-features"
    about: ClassVar[About] = About("control", "Saxe et al., ICML", 2011)

    def _parts(self) -> tuple[Values, Head]:
        return FAST.parts_of(self, trained=False)


@dataclass(repr=False, eq=False)
class DenoisingAutoencoder(TwoStepClassifier):
    """Features of a denoiser of one level of noise.

    Attributes:
        timesteps: the level, one timestep.
        pretrain_steps, budget, layers, extraction, head, head_epochs: as of SpectralDiff.
    """

    pretrain_steps: int | None = None
    budget: str | None = None
    timesteps: tuple[int, ...] = (LEVEL,)
    layers: tuple[int, ...] | None = None
    extraction: str | None = None
    head: str | None = None
    head_epochs: int | None = None

    name: ClassVar[str] = "denoising-autoencoder"
    about: ClassVar[About] = About("control", "Vincent et al., ICML", 2008)

    def _parts(self) -> tuple[Values, Head]:
        check_whole_numbers("timesteps", self.timesteps)
        if len(self.timesteps) != 1:
            raise SettingError(
                f"timesteps={tuple(self.timesteps)}: {self.name} has one level of noise; give one "
                f"timestep, such as ({LEVEL},)"
            )
        level = tuple(self.timesteps)
        denoising = replace(FAST.values.denoising, noise_timesteps=level)
        profile = replace(FAST, values=replace(FAST.values, denoising=denoising))
        return profile.parts_of(self, timesteps=level)
