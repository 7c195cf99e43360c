"""What a profile of the methods with a denoising U-Net fixes, and the one for a laptop."""

from dataclasses import dataclass, replace
from typing import Literal

from hsidiff.features.denoiser_features import Extraction
from hsidiff.features.pretraining import Denoising
from hsidiff.networks.spectral_unet import UNetShape
from hsidiff.training.loop import Recipe
from hsidiff.training.regularisation import Regularisation

HEAD_RECIPE = Recipe(n_steps=1, learning_rate=1e-3, max_gradient_norm=15.0)
"""How SpectralDiff's code trains its transformer."""
UNGUARDED = Regularisation()
FEW_LABELS = Regularisation(dropped_pairs=0.5, n_networks=3)
"""What few labels need most, found on validation pixels; docs/decisions/0019 has the figures."""

FAST_RECIPE = Recipe(
    n_steps=400,
    learning_rate=2e-3,
    rate="cosine",
    max_gradient_norm=1.0,
    ema_decay=0.99,
    bfloat16=True,
    n_threads=1,
)
"""Ten seconds on a laptop; docs/decisions/0010 says how it was found."""
DISTILLATION = replace(FAST_RECIPE, n_steps=300, learning_rate=1e-3)
"""How an extractor is taught: about as long as its denoiser learns in ``fast``."""


@dataclass(frozen=True, kw_only=True)
class FeatureProfile:
    """What a profile fixes. Settings of a classifier with the same name replace it.

    Attributes:
        denoising: how the scene is learned.
        unet: shape of the denoiser.
        timesteps: where features are taken.
        layers: which layers of the decoder they are taken from.
        extraction: what the denoiser sees then, see
            :data:`hsidiff.features.denoiser_features.Extraction`.
        distillation: how the extractor is taught, with the extraction "distilled".
        bfloat16: whether features are computed in bfloat16 where the device is fast with it.
        n_components: principal components that are kept of each timestep and layer.
        whiten: whether components are scaled to unit variance, after scaling each channel to 0..1.
        head: "transformer" (the paper's), "linear", or "chosen", which takes the one of them that
            predicts held-out training labels better.
        head_patch_px: side of the patch that the transformer sees, odd; here and below the defaults
            are those of SpectralDiff: its code's, and for the epochs its paper's.
        head_recipe: how the transformer is trained; its steps follow from the epochs.
        head_regularisation: what guards it against few labels.
        head_batch_size: patches per step of it.
        head_epochs: passes of it over the training labels.
    """

    denoising: Denoising
    unet: UNetShape
    timesteps: tuple[int, ...]
    layers: tuple[int, ...]
    extraction: Extraction
    n_components: int
    whiten: bool
    head: Literal["transformer", "linear", "chosen"]
    distillation: Recipe = DISTILLATION
    bfloat16: bool = False
    head_patch_px: int = 13
    head_recipe: Recipe = HEAD_RECIPE
    head_regularisation: Regularisation = UNGUARDED
    head_batch_size: int = 64
    head_epochs: int = 20

    @property
    def patch_px(self) -> int:
        """Side of the patch that the head sees."""
        return 1 if self.head == "linear" else self.head_patch_px

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
    recipe=FAST_RECIPE,
)
"""How the denoiser of ``fast`` learns."""

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
    bfloat16=True,
    n_components=48,
    whiten=False,
    head="linear",
    head_patch_px=5,
    head_recipe=replace(HEAD_RECIPE, rate="cosine", n_threads=1),
    head_regularisation=FEW_LABELS,
)
"""SpectralDiff's ``fast`` profile, which its controls share."""
