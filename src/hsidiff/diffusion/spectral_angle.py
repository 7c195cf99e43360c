"""The angle between spectra, pixel by pixel: how different they are, brightness apart."""

import torch
from torch import Tensor
from torch.nn import functional

LARGEST_COSINE = 1 - 1e-6
"""The gradient of the arc cosine has no bound at 1. Angles below 0.0015 all become 0.0014."""


def spectral_angle(a: Tensor, b: Tensor) -> Tensor:
    """Angle between the spectra of two images, pixel by pixel (spectral angle mapping).

        theta = arccos( sum_c a_c b_c / (|a| |b|) ),   the argument cut at +-(1 - 1e-6)

    Values should be physical ones, or shifted to start at 0: around a mean of 0, as whitened values
    are, the angle is another one. Pixels of zeros have no direction: they are at a right angle to
    everything, and to each other.

    Source: Kruse et al., "The spectral image processing system (SIPS)", Remote Sensing of
    Environment 44 (1993).

    Args:
        a: (batch, channels, ...) spectra along axis 1.
        b: as ``a``.

    Returns:
        (batch, ...) radians, 0.0014 to pi - 0.0014; at least float32, whatever the input.
    """
    at_least_float32 = torch.promote_types(a.dtype, torch.float32)
    a, b = a.to(at_least_float32), b.to(at_least_float32)
    cosine = functional.cosine_similarity(a, b, dim=1)
    return cosine.clamp(-LARGEST_COSINE, LARGEST_COSINE).arccos()
