"""How the ``fast`` profiles learn a scene on a laptop, and the U-Net that two of them share.

Ten seconds of training; docs/decisions/0010 says how it was found.
"""

from hsidiff.networks.spectral_unet import UNetShape
from hsidiff.training.loop import Recipe
from hsidiff.values.pretraining import Denoising

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
"""The spectrum is averaged to 32 whitened values; random crops are turned and flipped."""

FAST_UNET = UNetShape(
    widths=(8, 16, 32),
    first_kernel=(1, 3, 3),
    second_kernel=(3, 1, 1),
    stride_kernel=(4, 1, 1),
    out_kernel=(3, 1, 1),
)
"""Factorised kernels; a pixel's features at layer 1 see 9 x 9 pixels."""
