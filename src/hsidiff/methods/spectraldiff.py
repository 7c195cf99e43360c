"""SpectralDiff: features of a denoising 3-D U-Net feed a transformer over the pixels of a patch.

Paper: N. Chen, J. Yue, L. Fang, S. Xia, "SpectralDiff: A Generative Framework for Hyperspectral
Image Classification With Diffusion Models", IEEE TGRS 61 (2023), arXiv 2304.05961.

What is special: the denoiser convolves over the spectrum as over space and halves the spectrum
only, so that every pixel keeps its place; one (timestep, layer) gives the features.

| step                        | shape (Indian Pines, 200 bands)       |
|-----------------------------|---------------------------------------|
| scene, scaled per band      | rows x cols x 200 in -1..1            |
| denoiser's layer 1          | rows x cols x 6400 (128 channels x 50)|
| principal components        | rows x cols x 1200                    |
| patch around a pixel        | 13 x 13 x 1200                        |
| tokens                      | 169 pixels and a class token, x 64    |
| class scores                | 16                                    |

Profiles: ``paper`` follows the article, ``released`` the authors' code, which is another experiment
(order of normalisation, last convolution, tile size, transformer); ``fast`` is ours, for a laptop.

What the paper leaves open, and where we differ, in every profile:

* T and the variances are the code's: T = 500, linear from 1e-4 to 0.02. Timesteps count from 1; the
  code counts from 0, hence ``released`` says 6 where its configuration says 5.
* Batch normalisation is in evaluation mode when features are taken. The code leaves it in training
  mode, so that features depend on which tiles share a batch.
* Features are taken densely, each tile with the context its features see. The code cuts the scene
  into tiles whose zero padding reaches every feature.
* Noise, where there is any, belongs to the pixel (:mod:`hsidiff.diffusion.noise`). The paper draws
  once per tile.
* Bands are padded to a multiple of 8 by repeating the first and last (paper: last, or zeros); the
  classifier sees the scene's edge repeated (code: zeros).
* The optimal (timestep, layer, number of components) were chosen per scene on test pixels there
  (Table VI). Here they are those of Indian Pines for any scene, unless the user says otherwise.
* Networks compute in bfloat16 where the device is fast with it (docs/decisions/0020), the code in
  float32.
* ``paper`` takes 30,000 steps, what 30,000 epochs of one batch come to on Indian Pines.

``fast`` keeps the ideas and shrinks the rest: the spectrum is averaged to 32 whitened values, the
kernels are factorised, the network sees the clean scene at two timesteps instead of one draw of
noise (compare CleanDIFT, arXiv 2412.03439), and a linear head chosen by cross-validation inside
the training labels takes features and spectra together, since a transformer overfits few labels.
With ``head="transformer"`` it sees 5 x 5 pixels and is guarded against that (docs/decisions/0019).
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from torch import nn

from hsidiff.about import About
from hsidiff.feature_classifier import FeatureClassifier
from hsidiff.features.feature_profile import FAST, FeatureProfile
from hsidiff.features.pretraining import Denoising
from hsidiff.networks.pixel_transformer import PixelTransformer, TransformerShape
from hsidiff.networks.spectral_unet import UNetShape
from hsidiff.training.loop import Recipe


@dataclass(frozen=True, kw_only=True)
class Profile(FeatureProfile):
    """What a profile of SpectralDiff fixes.

    Attributes:
        transformer: shape of the paper's head.
    """

    transformer: TransformerShape


PAPER = Profile(
    denoising=Denoising(recipe=Recipe(n_steps=30_000, learning_rate=1e-4, bfloat16=True)),
    unet=UNetShape(),
    timesteps=(5,),
    layers=(1,),
    extraction="noisy",
    bfloat16=True,
    n_components=1200,
    whiten=True,
    head="transformer",  # its patch and training are the defaults of FeatureProfile
    transformer=TransformerShape(),
)

PROFILES = {
    "paper": PAPER,
    "released": replace(
        PAPER,
        denoising=replace(PAPER.denoising, crop_px=64, batch_size=20),
        unet=UNetShape(order="act-norm", out_kernel=(1, 1, 1)),
        timesteps=(6,),
        layers=(2,),
        head_epochs=30,
        transformer=TransformerShape(
            embedding="convolution", n_blocks=2, n_heads=20, head_width=64
        ),
    ),
    "fast": Profile(**vars(FAST), transformer=PAPER.transformer),
}


@dataclass(repr=False, eq=False)
class SpectralDiff(FeatureClassifier):
    """SpectralDiff under the common contract; its settings are those of its parents."""

    name: ClassVar[str] = "spectraldiff"
    about: ClassVar[About] = About("method", "Chen et al., IEEE TGRS", 2023)
    profiles: ClassVar[dict[str, Profile]] = PROFILES

    def _make_transformer(self, n_components: tuple[int, ...], n_classes: int) -> nn.Module:
        profile = self.profiles[self.profile]
        return PixelTransformer(
            profile.transformer, profile.head_patch_px, sum(n_components), n_classes
        )
