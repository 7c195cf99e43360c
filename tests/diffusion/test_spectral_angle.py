import math

import pytest
import torch

from hsidiff.diffusion.spectral_angle import spectral_angle


def one_pixel(*spectrum: float) -> torch.Tensor:
    return torch.tensor(spectrum)[None, :, None, None]


@pytest.mark.parametrize(
    ("b", "angle"),
    [((2, 0), 0), ((3, 3), math.pi / 4), ((0, 5), math.pi / 2), ((-1, 0), math.pi)],
)
def test_known_angles(b: tuple[float, float], angle: float) -> None:
    found = spectral_angle(one_pixel(1, 0), one_pixel(*b))
    # The argument is cut where the gradient would have no bound: 0.0014 from 0 and from pi.
    assert found.item() == pytest.approx(angle, abs=0.0015)


def test_between_the_cuts_the_angle_is_exact() -> None:
    a, b = one_pixel(1, 2, 2).double(), one_pixel(2, 0, 0).double()
    assert spectral_angle(a, b).item() == pytest.approx(math.acos(1 / 3), rel=1e-12)


def test_every_pixel_has_its_own_angle_and_brightness_does_not_count() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(2, 6, 3, 4, generator=generator)
    b = torch.rand(2, 6, 3, 4, generator=generator)
    brightness = 0.5 + torch.rand(2, 1, 3, 4, generator=generator)
    angles = spectral_angle(a, b)
    assert angles.shape == (2, 3, 4)
    torch.testing.assert_close(spectral_angle(a * brightness, b), angles)
    cosine = a[1, :, 2, 3] @ b[1, :, 2, 3] / a[1, :, 2, 3].norm() / b[1, :, 2, 3].norm()
    torch.testing.assert_close(angles[1, 2, 3], cosine.arccos())


def test_a_spectrum_of_zeros_is_at_a_right_angle_to_everything() -> None:
    zero = one_pixel(0, 0)
    for other in (one_pixel(1, 2), zero):
        assert spectral_angle(zero, other).item() == pytest.approx(math.pi / 2)


@pytest.mark.parametrize(
    ("a", "b"), [((1, 0), (2, 0)), ((1, 0), (-2, 0)), ((1, 2), (0, 0)), ((0, 0), (0, 0))]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_are_finite_at_the_ends_and_at_zero(
    a: tuple[float, float], b: tuple[float, float], dtype: torch.dtype
) -> None:
    first = one_pixel(*a).to(dtype).requires_grad_()
    second = one_pixel(*b).to(dtype).requires_grad_()
    spectral_angle(first, second).sum().backward()
    for spectrum in (first, second):
        assert spectrum.grad is not None
        assert torch.isfinite(spectrum.grad).all()


def test_half_precision_is_no_excuse() -> None:
    a, b = one_pixel(1, 0).bfloat16(), one_pixel(3, 3).bfloat16()
    assert spectral_angle(a, b).item() == pytest.approx(math.pi / 4, abs=1e-6)
