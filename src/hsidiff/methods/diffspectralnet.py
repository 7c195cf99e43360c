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
* Tokens (``token_mode``): SpectralFormer groups neighbouring bands, and components are no bands. In
  order (timestep, layer, component) neighbours in a pair are directions of similar variance of the
  same features; a group never holds two pairs, the pair's end component is repeated instead.
  "pixel" makes a token of all components of one pixel of the patch, "timestep" of all that belongs
  to one timestep.
* Classifier: SpectralFormer's: its cross-layer adaptive fusion (CAF) is such a skip, and its code
  is public (:mod:`hsidiff.networks.spectral_transformer`). Its settings for Indian Pines: patch 7,
  group 3, 5 blocks, 4 heads x 16, MLP 8, dropout 0.1; Adam with 5e-4 that falls to nine tenths ten
  times, L2 penalty 5e-3, batch 64, 300 epochs.

As in SpectralDiff here, timesteps count from 1, batch normalisation is in evaluation mode when
features are taken, features are taken densely, noise belongs to the pixel, and beyond the scene its
edge is repeated.

``fast`` keeps several timesteps and layers and shrinks the rest as SpectralDiff's ``fast`` does,
whose denoiser it shares; its linear head weighs experts on each (timestep, layer) and on the
spectra inside the training labels. With ``head="transformer"`` the transformer above sees the same
96 components, not whitened, of 5 x 5 pixels, and is trained for fewer epochs, in which (timestep,
layer) pairs are left out at random; ``head="chosen"`` takes the better of the two heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.about import About
from hsidiff.errors import SettingError, check_choice, check_whole_number
from hsidiff.feature_classifier import FeatureClassifier
from hsidiff.features.feature_profile import FAST, FeatureProfile
from hsidiff.features.pretraining import Denoising
from hsidiff.networks.spectral_transformer import (
    EncoderShape,
    NeighbouringBands,
    SpectralTransformer,
)
from hsidiff.networks.spectral_unet import UNetShape
from hsidiff.training.loop import Recipe
from hsidiff.training.regularisation import Regularisation

RATE_FALLS = 10
"""The rate falls to nine tenths ten times during the training (SpectralFormer's code)."""

PAPER = FeatureProfile(
    denoising=Denoising(
        recipe=Recipe(n_steps=30_000, learning_rate=1e-4, bfloat16=True), loss="l2"
    ),
    unet=UNetShape(),
    timesteps=(5, 10, 50, 100),
    layers=(0, 1, 2),
    extraction="noisy",
    bfloat16=True,
    n_components=64,
    whiten=True,
    head="transformer",
    head_patch_px=7,
    head_recipe=Recipe(
        n_steps=1,
        learning_rate=5e-4,
        rate="steps",
        fall_factor=0.9,
        weight_decay=5e-3,
        optimizer="adam",
        n_threads=1,
    ),
    head_batch_size=64,
    head_epochs=300,
)

PROFILES = {
    "paper": PAPER,
    "fast": replace(
        FAST,
        layers=(0, 1),
        n_components=24,  # with the transformer 96 tokens: its cost grows with their square
        head_recipe=PAPER.head_recipe,
        head_regularisation=Regularisation(dropped_pairs=0.5),  # several would take a minute
        head_batch_size=PAPER.head_batch_size,
        head_epochs=20,
    ),
}


@dataclass(repr=False, eq=False)
class DiffSpectralNet(FeatureClassifier):
    """DiffSpectralNet under the common contract.

    Attributes:
        token_mode: what a token of the transformer holds of the patch: one component with its
            neighbours ("component"), all components of one pixel ("pixel"), or all layers'
            components of one timestep ("timestep").
        group_size: components in a token of the first kind, odd: the component and its neighbours.
        fusion: "caf" (cross-layer adaptive fusion) or "none".
    """

    token_mode: Literal["component", "pixel", "timestep"] = "component"
    group_size: int = 3
    fusion: Literal["caf", "none"] = "caf"

    name: ClassVar[str] = "diffspectralnet"
    about: ClassVar[About] = About("method", "Sigger et al., Scientific Reports", 2024)
    profiles: ClassVar[dict[str, FeatureProfile]] = PROFILES

    def settings(self) -> FeatureProfile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range.
        """
        profile = super().settings()
        for name in ("timesteps", "layers"):
            numbers = getattr(profile, name)
            if len(set(numbers)) < len(numbers):
                raise SettingError(f"{name}={tuple(numbers)}: must name each once")
        check_choice("token_mode", self.token_mode, ("component", "pixel", "timestep"))
        check_choice("fusion", self.fusion, ("caf", "none"))
        check_whole_number("group_size", self.group_size, 1)
        if self.group_size % 2 == 0:
            raise SettingError(
                f"group_size={self.group_size}: must be odd, the component with as many on either "
                "side"
            )
        return profile

    def _feature_widths(self) -> Mapping[str, int]:
        """Each timestep and layer is a kind of its own."""
        pairs = product(self.features_.timesteps, self.features_.layers)
        names = [f"t={timestep} layer {layer}" for timestep, layer in pairs]
        return dict(zip(names, self._n_components(), strict=True))

    def _head_recipe(self, profile: FeatureProfile, n_steps: int) -> Recipe:
        recipe = super()._head_recipe(profile, n_steps)
        return replace(recipe, fall_every=max(n_steps // RATE_FALLS, 1))

    def _make_transformer(self, n_components: tuple[int, ...], n_classes: int) -> nn.Module:
        profile = self.settings()
        n_pixels = profile.head_patch_px**2
        tokens: ComponentTokens | PixelTokens | TimestepTokens
        if self.token_mode == "component":
            tokens = ComponentTokens(n_components, self.group_size)
            n_tokens, n_values = sum(n_components), self.group_size * n_pixels
        elif self.token_mode == "pixel":
            tokens = PixelTokens()
            n_tokens, n_values = n_pixels, sum(n_components)
        else:
            tokens = TimestepTokens(n_components, len(profile.layers))
            n_tokens, n_values = len(tokens.widths), max(tokens.widths) * n_pixels
        encoder = EncoderShape(fusion=self.fusion)
        return nn.Sequential(tokens, SpectralTransformer(encoder, n_tokens, n_values, n_classes))


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


class PixelTokens(nn.Module):
    """Patches (batch, components, rows, cols) to a token per pixel, row by row, of its components.

    Tokens are (batch, rows * cols, components).
    """

    def forward(self, patches: Tensor) -> Tensor:
        """Tokens, row by row."""
        return patches.flatten(2).transpose(1, 2)


class TimestepTokens(nn.Module):
    """Patches (batch, components, rows, cols) to a token per timestep, of all its layers.

    Tokens are (batch, timesteps, values). A timestep whose layers have fewer components than those
    of another is filled up with zeros.

    Attributes:
        widths: components of each timestep.
    """

    def __init__(self, n_components: tuple[int, ...], n_layers: int) -> None:
        super().__init__()
        ends = range(0, len(n_components) + 1, n_layers)
        self.widths = [sum(n_components[first:last]) for first, last in pairwise(ends)]

    def forward(self, patches: Tensor) -> Tensor:
        """Tokens, in the order of the timesteps."""
        steps = [step.flatten(1) for step in patches.split(self.widths, dim=1)]
        longest = max(step.shape[1] for step in steps)
        filled = [functional.pad(step, (0, longest - step.shape[1])) for step in steps]
        return torch.stack(filled, dim=1)
