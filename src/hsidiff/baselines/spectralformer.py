"""SpectralFormer: the bands of a patch are the tokens of a transformer.

Paper: D. Hong, Z. Han, J. Yao, L. Gao, B. Zhang, A. Plaza, J. Chanussot, "SpectralFormer:
Rethinking Hyperspectral Image Classification With Transformers", IEEE TGRS 60 (2022), doi
10.1109/TGRS.2021.3130716.

What is special: a token holds a band together with its neighbouring bands, and each block also
sees what entered the block before last (:mod:`hsidiff.networks.spectral_transformer`).

The settings are the published code's for Indian Pines, for every scene. The authors train longer on
others (480 and 600 epochs) and take 7 neighbouring bands on Pavia University; here nothing is
chosen per scene.

Where we differ: bands are scaled by the training pixels, not by the scene; beyond the scene its
edge is repeated, not mirrored; beyond the ends of the spectrum the end band is repeated.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from torch import nn

from hsidiff.about import About
from hsidiff.baselines.patch_network import NetworkBaseline, half_patch
from hsidiff.errors import SettingError, check_choice, check_whole_number
from hsidiff.networks.spectral_transformer import (
    EncoderShape,
    NeighbouringBands,
    SpectralTransformer,
)
from hsidiff.training.loop import Recipe

RATE_FALLS = 10
"""The rate falls to nine tenths ten times during the training (published code)."""


@dataclass(repr=False, eq=False)
class SpectralFormer(NetworkBaseline):
    """SpectralFormer on patches or on single pixels.

    Attributes:
        patch_px: side of the patch, odd.
        input: "patch" sees ``patch_px`` squared, "pixel" one spectrum.
        band_patch: bands in a token, odd: the band and its neighbours.
        fusion: "caf" (cross-layer adaptive fusion) or "none".
        weight_decay: factor of an L2 penalty on the weights.
    """

    n_epochs: int = 300
    batch_size: int = 64
    learning_rate: float = 5e-4
    weight_decay: float = 5e-3
    patch_px: int = 7
    input: Literal["patch", "pixel"] = "patch"
    band_patch: int = 3
    fusion: Literal["caf", "none"] = "caf"

    name: ClassVar[str] = "spectralformer"
    about: ClassVar[About] = About("baseline", "Hong et al., IEEE TGRS", 2022)

    @property
    def halo_px(self) -> int:
        """Half the patch; 0 for single pixels."""
        return 0 if self.input == "pixel" else half_patch(self.patch_px)

    def _check_settings(self) -> None:
        super()._check_settings()
        check_choice("input", self.input, ("patch", "pixel"))
        check_choice("fusion", self.fusion, ("caf", "none"))
        check_whole_number("band_patch", self.band_patch, 1)
        if self.band_patch % 2 == 0:
            raise SettingError(
                f"band_patch={self.band_patch}: must be odd, the band with as many on either side"
            )

    def _network(self, n_bands: int, n_classes: int) -> nn.Module:
        n_values = self.band_patch * self.input_px**2
        shape = EncoderShape(fusion=self.fusion)
        return nn.Sequential(
            NeighbouringBands(self.band_patch),
            SpectralTransformer(shape, n_bands, n_values, n_classes),
        )

    def _recipe(self, n_steps: int) -> Recipe:
        return replace(
            super()._recipe(n_steps),
            rate="steps",
            fall_every=max(n_steps // RATE_FALLS, 1),
            fall_factor=0.9,
            optimizer="adam",
        )
