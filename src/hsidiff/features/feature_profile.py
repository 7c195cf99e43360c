"""What a profile of the methods with a denoising U-Net fixes, and the one for a laptop."""

from dataclasses import dataclass
from typing import Literal

from hsidiff.features.pretraining import Denoising
from hsidiff.networks.spectral_unet import UNetShape
from hsidiff.training.loop import Recipe

HEAD_RECIPE = Recipe(n_steps=1, learning_rate=1e-3, max_gradient_norm=15.0)
"""How SpectralDiff's code trains its transformer."""


@dataclass(frozen=True, kw_only=True)
class FeatureProfile:
    """What a profile fixes. Settings of a classifier with the same name replace it.

    Attributes:
        denoising: how the scene is learned.
        unet: shape of the denoiser.
        timesteps: where features are taken.
        layers: which layers of the decoder they are taken from.
        extraction: the denoiser sees one draw of noise ("noisy") or none ("clean").
        n_components: principal components that are kept of each timestep and layer.
        whiten: whether components are scaled to unit variance, after scaling each channel to 0..1.
        head: "transformer" (the paper's) or "linear".
        head_patch_px: side of the patch that the transformer sees, odd; here and below the defaults
            are those of SpectralDiff: its code's, and for the epochs its paper's.
        head_recipe: how the transformer is trained; its steps follow from the epochs.
        head_batch_size: patches per step of it.
        head_epochs: passes of it over the training labels.
    """

    denoising: Denoising
    unet: UNetShape
    timesteps: tuple[int, ...]
    layers: tuple[int, ...]
    extraction: Literal["noisy", "clean"]
    n_components: int
    whiten: bool
    head: Literal["transformer", "linear"]
    head_patch_px: int = 13
    head_recipe: Recipe = HEAD_RECIPE
    head_batch_size: int = 64
    head_epochs: int = 20

    @property
    def patch_px(self) -> int:
        """Side of the patch that the head sees."""
        return self.head_patch_px if self.head == "transformer" else 1

    @property
    def features_halo_px(self) -> int:
        """The context of the features."""
        return max(self.unet.halo_px(layer) for layer in self.layers)


FAST_DENOISING = Denoising(
    space="whitened",
    target="v",
    loss="l2",
    crop_px=16,
    crops="random",
    batch_size=4,
    recipe=Recipe(
        n_steps=400,
        learning_rate=2e-3,
        rate="cosine",
        max_gradient_norm=1.0,
        ema_decay=0.99,
        bfloat16=True,
        n_threads=1,
    ),
)
"""Ten seconds on a laptop; docs/decisions/0010 says how it was found."""

FAST_UNET = UNetShape(
    widths=(8, 16, 32),
    first_kernel=(1, 3, 3),
    second_kernel=(3, 1, 1),
    stride_kernel=(4, 1, 1),
    out_kernel=(3, 1, 1),
)
"""A denoiser of factorised kernels that sees 9 x 9 pixels."""

FAST = FeatureProfile(
    denoising=FAST_DENOISING,
    unet=FAST_UNET,
    timesteps=(200, 350),
    layers=(1,),
    extraction="clean",
    n_components=48,
    whiten=False,
    head="linear",
)
"""SpectralDiff's ``fast`` profile, which its controls share."""
