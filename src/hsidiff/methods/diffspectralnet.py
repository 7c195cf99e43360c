"""DiffSpectralNet: features of several timesteps and layers feed a transformer of grouped tokens.

Paper: N. Sigger, Q.-T. Vien, S. V. Nguyen, G. Tozzi, T. T. Nguyen, "Unveiling the potential of
diffusion model-based framework with transformer for hyperspectral image classification", Scientific
Reports 14:8438 (2024), doi 10.1038/s41598-024-58125-4; preprint arXiv 2312.12441.

What is special: a pixel is described by what a denoising U-Net sees of it at several noise levels
and at several depths, low and high, and a transformer classifies that.

| step                         | shape (Indian Pines, 200 bands), profile ``paper``          |
|------------------------------|-------------------------------------------------------------|
| scene, scaled per band       | rows x cols x 200 in -1..1                                  |
| layers 0, 1, 2 of the U-Net  | rows x cols x 3200, 6400, 6400; at t = 5, 10, 50, 100 each  |
| principal components         | rows x cols x 768: 64 of each (timestep, layer)             |
| patch around a pixel         | 7 x 7 x 768                                                 |
| tokens                       | 768 of 3 x 7 x 7 values and a class token, x 64             |
| class scores                 | 16                                                          |

The abstract settles two steps: a diffusion model learns cropped patches without labels; a
transformer is trained with labels on features of its U-Net from several timesteps and depths.
Summaries of the paper add skips across the layers of the transformer. No code is public. All else
is chosen here, part by part, and the published scores, whose splits are not known, are no target:

* Scene and denoiser: those of SpectralDiff (bands scaled to -1..1, a 3-D U-Net that keeps the
  spectral axis, no reduction before it), so that the two methods differ in what follows.
* Diffusion: T = 500, linear from 1e-4 to 0.02, the mean square of the error of the noise (the
  standard loss), Adam with 1e-4, 30,000 steps as in SpectralDiff.
* Timesteps: 5, 10, 50, 100, since small ones do best in SpectralDiff's Table VI, and four differ
  enough in noise to complement each other. Layers: all three; layer 0 is the bottleneck, once.
* Combination: 64 whitened principal components of each (timestep, layer), side by side. A second
  projection of all 768 to about 200 would be cheaper, but it mixes the pairs, and neighbouring
  tokens would have nothing in common. So there is none; ``n_components=16`` gives that length, 192.
* Tokens: SpectralFormer groups neighbouring bands, and components are no bands. In order (timestep,
  layer, component) neighbours in a pair are directions of similar variance of the same features; a
  group of three never holds two pairs, the pair's end component is repeated instead.
* Classifier: SpectralFormer's: its cross-layer adaptive fusion (CAF) is such a skip, and its code
  is public (:mod:`hsidiff.networks.spectral_transformer`). Its settings for Indian Pines: patch 7,
  group 3, 5 blocks, 4 heads x 16, MLP 8, dropout 0.1; Adam with 5e-4 that falls to nine tenths ten
  times, L2 penalty 5e-3, batch 64, 300 epochs.

As in SpectralDiff here, timesteps count from 1, batch normalisation is in evaluation mode when
features are taken, features are taken densely, noise belongs to the pixel, and beyond the scene its
edge is repeated.

``fast`` keeps several timesteps and layers and shrinks the rest as SpectralDiff's ``fast`` does,
whose denoiser and whose head it shares: experts on all (timestep, layer) pairs together, on
spectra and on means around the pixel. With ``head="transformer"`` the transformer above sees the
same 96 components, not whitened, of 5 x 5 pixels, and is trained for fewer epochs, in which
(timestep, layer) pairs are left out at random.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn

from hsidiff.about import About
from hsidiff.errors import SettingError, check_choice, check_whole_numbers
from hsidiff.heads.head import Head
from hsidiff.heads.patch_head import PatchHead
from hsidiff.heads.regularisation import Regularisation
from hsidiff.methods.fast_denoiser import FAST_DENOISING, FAST_UNET
from hsidiff.networks.spectral_transformer import (
    EncoderShape,
    NeighbouringBands,
    SpectralTransformer,
)
from hsidiff.networks.spectral_unet import UNetShape
from hsidiff.training.loop import Recipe
from hsidiff.two_step import Profile, TwoStepClassifier
from hsidiff.values.pretraining import Denoising
from hsidiff.values.unet_values import UNetValues
from hsidiff.values.values import Values

GROUP_SIZE = 3
"""Components in a token: the component and its neighbours."""
FUSIONS = ("caf", "none")


class ComponentTokens(nn.Module):
    """Patches (batch, components, rows, cols) to a token per component, with its neighbours.

    Tokens are (batch, components, group_size * rows * cols). Neighbours come from the same timestep
    and layer; beyond the ends of its components the end component is repeated.
    """

    def __init__(self, n_components: tuple[int, ...], group_size: int) -> None:
        super().__init__()
        self.n_components = n_components
        self.group = NeighbouringBands(group_size)

    def forward(self, patches: Tensor) -> Tensor:
        """Tokens, in the order of the components."""
        return torch.cat([self.group(pair) for pair in patches.split(self.n_components, 1)], dim=1)


def grouped_transformer(
    fusion: str, widths: tuple[int, ...], patch_px: int, n_classes: int
) -> nn.Module:
    """The paper's head: a token for each component of each (timestep, layer)."""
    tokens, n_values = ComponentTokens(widths, GROUP_SIZE), GROUP_SIZE * patch_px**2
    encoder = EncoderShape(fusion=fusion)  # type: ignore[arg-type]
    return nn.Sequential(tokens, SpectralTransformer(encoder, sum(widths), n_values, n_classes))


PAPER_VALUES = UNetValues(
    denoising=Denoising(
        recipe=Recipe(n_steps=30_000, learning_rate=1e-4, bfloat16=True), loss="l2"
    ),
    unet=UNetShape(),
    timesteps=(5, 10, 50, 100),
    layers=(0, 1, 2),
    extraction="noisy",
    n_components=64,
    whiten=True,
    bfloat16=True,
    apart=True,
)
FAST_VALUES = UNetValues(
    denoising=FAST_DENOISING,
    unet=FAST_UNET,
    timesteps=(200, 350),
    layers=(0, 1),
    extraction="clean",
    n_components=24,  # with the transformer 96 tokens: its cost grows with their square
    bfloat16=True,
    apart=True,
)
PAPER_HEAD = PatchHead(
    make_network=partial(grouped_transformer, "caf"),
    patch_px=7,
    recipe=Recipe(
        n_steps=1,
        learning_rate=5e-4,
        rate="steps",
        fall_factor=0.9,
        weight_decay=5e-3,
        optimizer="adam",
        n_threads=1,
    ),
    batch_size=64,
    n_epochs=300,
    n_falls=10,  # to nine tenths (SpectralFormer's code)
)
FAST_HEAD = replace(
    PAPER_HEAD,
    patch_px=5,
    n_epochs=20,
    regularisation=Regularisation(dropped_pairs=0.5),  # several networks would take a minute
)

PROFILES: Mapping[str, Profile] = {
    "paper": Profile(PAPER_VALUES, PAPER_HEAD, "transformer"),
    "fast": Profile(FAST_VALUES, FAST_HEAD, "weighed"),
}


@dataclass(repr=False, eq=False)
class DiffSpectralNet(TwoStepClassifier):
    """DiffSpectralNet under the common contract. ``None`` leaves a setting to the profile.

    Attributes:
        profile: "paper" or "fast".
        pretrain_steps, budget, head, head_epochs: as of SpectralDiff.
        timesteps, layers, extraction, n_components: as of SpectralDiff.
        fusion: skips across the transformer's layers: "caf" (cross-layer adaptive fusion) or
            "none".
    """

    profile: str = "fast"
    pretrain_steps: int | None = None
    budget: str | None = None
    timesteps: tuple[int, ...] | None = None
    layers: tuple[int, ...] | None = None
    extraction: str | None = None
    n_components: int | None = None
    head: str | None = None
    head_epochs: int | None = None
    fusion: str = "caf"

    name: ClassVar[str] = "diffspectralnet"
    about: ClassVar[About] = About("method", "Sigger et al., Scientific Reports", 2024)
    profiles: ClassVar[Mapping[str, Profile]] = PROFILES

    def _parts(self) -> tuple[Values, Head]:
        for name in ("timesteps", "layers"):
            numbers = getattr(self, name)
            if numbers is None:
                continue
            check_whole_numbers(name, numbers)
            if len(set(numbers)) < len(numbers):
                raise SettingError(f"{name}={tuple(numbers)}: must name each once")
        check_choice("fusion", self.fusion, FUSIONS)
        profile = PROFILES[check_choice("profile", self.profile, PROFILES)]
        network = partial(grouped_transformer, self.fusion)
        profile = replace(profile, transformer=replace(profile.transformer, make_network=network))
        return profile.parts_of(self)
