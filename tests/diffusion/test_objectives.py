import math

import pytest
import torch

from hsidiff.diffusion.objectives import LOSSES, TARGETS, clean_from, mean_loss, target_of
from hsidiff.diffusion.schedule import NoiseSchedule

SCHEDULE = NoiseSchedule.linear(500)


@pytest.fixture
def x_0() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 3, 2, 2, generator=generator, dtype=torch.float64)


@pytest.fixture
def eps() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(4, 3, 2, 2, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("kind", TARGETS)
def test_a_perfect_prediction_gives_back_the_clean_values(
    kind: str, x_0: torch.Tensor, eps: torch.Tensor
) -> None:
    t = torch.tensor([1, 80, 250, 500])
    x_t = SCHEDULE.add_noise(x_0, t, eps)
    target = target_of(kind, SCHEDULE, x_0, t, eps)
    torch.testing.assert_close(clean_from(kind, SCHEDULE, x_t, t, target), x_0)


def test_targets_equal_hand_values() -> None:
    quarter = NoiseSchedule(torch.tensor([1.0, 0.25], dtype=torch.float64))
    x_0, eps, t = torch.tensor([[2.0]]), torch.tensor([[3.0]]), torch.tensor([1])
    assert target_of("eps", quarter, x_0, t, eps).item() == 3
    assert target_of("x0", quarter, x_0, t, eps).item() == 2
    v = 0.5 * 3 - 0.75**0.5 * 2
    assert target_of("v", quarter, x_0, t, eps).item() == pytest.approx(v)


def test_v_has_the_spread_of_the_values_at_every_timestep(
    x_0: torch.Tensor, eps: torch.Tensor
) -> None:
    # x_t and v are a rotation of x_0 and eps.
    t = torch.tensor([1, 80, 250, 500])
    x_t, v = SCHEDULE.add_noise(x_0, t, eps), target_of("v", SCHEDULE, x_0, t, eps)
    torch.testing.assert_close(x_t**2 + v**2, x_0**2 + eps**2)


@pytest.mark.parametrize(("kind", "cost"), [("l1", (1 + 2 + 3 + 0) / 4), ("l2", (1 + 4 + 9) / 4)])
def test_the_loss_is_the_mean_over_bands_of_valid_pixels(kind: str, cost: float) -> None:
    # One crop of 2 bands and 1 x 3 pixels, the last one invalid.
    error = torch.tensor([[[[1.0, -2.0, 100.0]], [[3.0, 0.0, 100.0]]]])
    valid = torch.tensor([[[True, True, False]]])
    assert mean_loss(kind, error, valid).item() == pytest.approx(cost)


@pytest.mark.parametrize(
    ("kind", "error", "cost"),
    [
        ("lae", 0.0, 0.0),
        ("lae", 1.0, math.log(2)),
        ("lae", -3.0, math.log(4)),
        ("weighted", -3.0, 3 * math.log(4)),
        ("logcosh", -2.0, math.log(math.cosh(2))),
        ("logcosh", 1000.0, 1000 - math.log(2)),
    ],
)
def test_losses_of_one_error_equal_hand_values(kind: str, error: float, cost: float) -> None:
    found = LOSSES[kind](torch.tensor(error, dtype=torch.float64))
    assert found.item() == pytest.approx(cost, rel=1e-12, abs=1e-12)


def test_log_mean_is_the_logarithm_of_the_mean_but_for_a_constant() -> None:
    error = torch.tensor([1.0, -2.0, 6.0], dtype=torch.float64).view(1, 3, 1, 1)
    found = mean_loss("log_mean", error, torch.ones(1, 1, 1, dtype=torch.bool))
    assert found.item() == pytest.approx(math.log(3 + 1e-3) - math.log(1e-3))


def gradient_of(kind: str, *errors: float) -> list[float]:
    """What each of a pixel's errors would pull, were its loss the sum over the bands."""
    error = torch.tensor(errors, dtype=torch.float64).view(1, -1, 1, 1).requires_grad_()
    mean_loss(kind, error, torch.ones(1, 1, 1, dtype=torch.bool)).backward()
    assert error.grad is not None
    return (error.grad * len(errors)).flatten().tolist()


@pytest.mark.parametrize(
    ("kind", "gradients"),
    [
        ("lae", (1 / 1.5, -1 / 2, 1 / 10)),
        ("weighted", (math.log(1.5) + 0.5 / 1.5, -math.log(2) - 1 / 2, math.log(10) + 9 / 10)),
        ("logcosh", (math.tanh(0.5), math.tanh(-1), math.tanh(9))),
        ("log_mean", (1 / 3.501, -1 / 3.501, 1 / 3.501)),
    ],
)
def test_gradients_equal_hand_values(kind: str, gradients: tuple[float, ...]) -> None:
    # The mean of the three absolute errors is 3.5.
    assert gradient_of(kind, 0.5, -1.0, 9.0) == pytest.approx(gradients)


@pytest.mark.parametrize("kind", LOSSES)
def test_losses_know_no_sign_and_are_0_where_there_is_no_error(kind: str) -> None:
    valid = torch.ones(1, 1, 1, dtype=torch.bool)
    error = torch.tensor([0.3, 4.0]).view(1, 2, 1, 1)
    assert mean_loss(kind, -error, valid) == mean_loss(kind, error, valid) > 0
    assert mean_loss(kind, 0 * error, valid).item() == pytest.approx(0, abs=1e-7)
    assert gradient_of(kind, 0.0) == [0]


@pytest.mark.parametrize("kind", LOSSES)
def test_the_loss_of_no_valid_pixel_is_0(kind: str) -> None:
    error = torch.ones(2, 3, 4, 4, requires_grad=True)
    loss = mean_loss(kind, error, torch.zeros(2, 4, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert error.grad is not None
    assert not error.grad.any()


def test_invalid_pixels_give_no_gradient() -> None:
    error = torch.ones(1, 2, 2, 2, requires_grad=True)
    valid = torch.tensor([[[True, False], [True, True]]])
    mean_loss("l2", error, valid).backward()
    assert error.grad is not None
    assert torch.equal(error.grad[0, 0] != 0, valid[0])
