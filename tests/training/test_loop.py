import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hsidiff.errors import SettingError
from hsidiff.progress import listen
from hsidiff.training import pace
from hsidiff.training.loop import Recipe, pick_device, seeded, train


class OneWeight(nn.Module):
    """A network of a single number, whose path through the training can be followed by hand."""

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([start]))

    def forward(self) -> Tensor:
        return self.weight.sum()


def path_of(recipe: Recipe, gradients: list[float] | None = None) -> list[float]:
    """The weight at each step, and at the end, when the loss is the weight times ``gradients``."""
    network, path = OneWeight(), []
    factors: Iterator[float] = iter(gradients or [1.0] * recipe.n_steps)

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        path.append(network.weight.item())
        return model() * next(factors)

    train(network, loss_of, recipe, "cpu", "test")
    return [*path, network.weight.item()]


def linear_problem(recipe: Recipe, seed: int) -> nn.Module:
    with seeded(seed):
        network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    generator = torch.Generator().manual_seed(seed)

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        x = torch.randn(8, 3, generator=generator)
        return (model(x)[:, 0] - x.sum(dim=1)).square().mean()

    train(network, loss_of, recipe, "cpu", "test")
    return network


def test_a_constant_gradient_moves_adam_by_the_learning_rate() -> None:
    path = path_of(Recipe(n_steps=5, learning_rate=0.1))
    np.testing.assert_allclose(np.diff(path), -0.1, rtol=1e-4)


def test_the_rate_warms_up_and_falls_as_a_cosine() -> None:
    n_steps = 60
    path = path_of(Recipe(n_steps=n_steps, learning_rate=0.1, rate="cosine"))
    step = np.arange(n_steps)
    warm_up = np.minimum(1, (step + 1) / 3)
    expected = 0.1 * warm_up * (1 + np.cos(np.pi * step / n_steps)) / 2
    np.testing.assert_allclose(-np.diff(path), expected, atol=1e-5)


def test_the_rate_falls_in_steps_as_that_of_pytorch() -> None:
    by_hand, rates = torch.optim.Adam(OneWeight().parameters(), lr=0.1), []
    schedule = torch.optim.lr_scheduler.StepLR(by_hand, step_size=3, gamma=0.5)
    for _ in range(8):
        rates.append(by_hand.param_groups[0]["lr"])
        by_hand.step()
        schedule.step()
    recipe = Recipe(n_steps=8, learning_rate=0.1, rate="steps", fall_every=3, fall_factor=0.5)
    np.testing.assert_allclose(-np.diff(path_of(recipe)), rates, rtol=1e-4)
    assert rates[0] == 4 * rates[-1]


def test_gradients_are_clipped_to_the_norm() -> None:
    recipe = Recipe(n_steps=2, learning_rate=0.1, max_gradient_norm=1.0)
    clipped = path_of(recipe, gradients=[1.0, -1000.0])
    assert clipped == pytest.approx(path_of(recipe, gradients=[1.0, -1.0]), abs=1e-5)
    free = path_of(Recipe(n_steps=2, learning_rate=0.1), gradients=[1.0, -1000.0])
    assert free[-1] != pytest.approx(clipped[-1], abs=1e-3)


def test_without_weight_decay_the_optimiser_is_plain_adam() -> None:
    gradients = [1.0, -3.0, 0.5, 2.0]
    by_hand = OneWeight()
    adam = torch.optim.Adam(by_hand.parameters(), lr=0.1)
    for gradient in gradients:
        adam.zero_grad()
        (by_hand() * gradient).backward()
        adam.step()
    path = path_of(Recipe(n_steps=4, learning_rate=0.1), gradients)
    assert path[-1] == pytest.approx(by_hand.weight.item(), rel=1e-6)


def test_weight_decay_pulls_towards_0() -> None:
    network = OneWeight(start=1.0)
    recipe = Recipe(n_steps=1, learning_rate=0.1, weight_decay=0.5)
    train(network, lambda model, _: 0 * model(), recipe, "cpu", "test")
    assert network.weight.item() == pytest.approx(1 - 0.1 * 0.5)


def test_weight_decay_of_adam_is_an_l2_penalty() -> None:
    by_decay, by_penalty = OneWeight(start=1.0), OneWeight(start=1.0)
    recipe = Recipe(n_steps=5, learning_rate=0.1, weight_decay=0.5, optimizer="adam")
    train(by_decay, lambda model, _: 2 * model(), recipe, "cpu", "test")
    plain = Recipe(n_steps=5, learning_rate=0.1)
    train(
        by_penalty,
        lambda model, _: 2 * model() + 0.5 / 2 * model().square(),
        plain,
        "cpu",
        "test",
    )
    assert by_decay.weight.item() == pytest.approx(by_penalty.weight.item(), rel=1e-6)
    assert by_decay.weight.item() < 0.51


def test_an_average_of_the_weights_replaces_the_last_step() -> None:
    path = path_of(Recipe(n_steps=3, learning_rate=0.1, ema_decay=0.5))
    average = 0.0
    for n, weight in enumerate([-0.1, -0.2, -0.3], start=1):
        decay = min(0.5, (1 + n) / (10 + n))
        average = decay * average + (1 - decay) * weight
    assert path[-1] == pytest.approx(average, rel=1e-4)


@pytest.mark.parametrize("ema_decay", [None, 0.9])
def test_the_same_seed_gives_the_same_weights(ema_decay: float | None) -> None:
    recipe = Recipe(n_steps=6, learning_rate=0.01, ema_decay=ema_decay)
    first, again, other = (linear_problem(recipe, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_training_ends_in_evaluation_mode_with_learned_weights() -> None:
    network = linear_problem(Recipe(n_steps=400, learning_rate=0.05), seed=0)
    assert not network.training
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(9))
    error = network(x)[:, 0] - x.sum(dim=1)
    assert error.abs().mean() < 0.4 * x.sum(dim=1).abs().mean()


@pytest.mark.parametrize(("fast", "computed"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_is_computed_in_where_it_is_fast_and_weights_stay_float32(
    fast: bool, computed: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hsidiff.training.loop.has_fast_bfloat16", lambda device: fast)
    network, seen = nn.Linear(3, 2), []

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        output = model(torch.ones(1, 3))
        seen.append(network.weight.dtype)
        return output.sum()

    recipe = Recipe(n_steps=1, learning_rate=0.1, bfloat16=True)
    network.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    train(network, loss_of, recipe, "cpu", "test")
    assert seen == [computed, torch.float32]


def test_no_global_random_state_is_used_or_changed() -> None:
    recipe = Recipe(n_steps=3, learning_rate=0.01, ema_decay=0.9, rate="cosine")
    torch.manual_seed(5)
    first = linear_problem(recipe, seed=0).state_dict()
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    second = linear_problem(recipe, seed=0).state_dict()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert random.getstate() == states[2]
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_progress_is_reported_step_by_step() -> None:
    heard: list[tuple[str, int, int]] = []
    with listen(lambda *report: heard.append(report)):
        path_of(Recipe(n_steps=2, learning_rate=0.1))
    assert heard == [("test", 0, 2), ("test", 1, 2), ("test", 2, 2)]


def test_seeded_gives_the_same_draws_and_leaves_the_state_alone() -> None:
    before = torch.get_rng_state()
    with seeded(3):
        first = torch.rand(4)
    with seeded(3):
        assert torch.equal(torch.rand(4), first)
    with seeded(4):
        assert not torch.equal(torch.rand(4), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_auto_takes_a_device_that_exists() -> None:
    assert pick_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert pick_device("cpu") == "cpu"


def test_an_unknown_device_is_refused_with_the_choices() -> None:
    with pytest.raises(SettingError, match="device='gpu': expected auto, cpu, cuda or mps"):
        pick_device("gpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_the_machine_lacks_is_refused(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(SettingError, match="this machine has none; use device='auto'"):
        pick_device(device)


def test_time_ends_the_training_and_the_rate_falls_over_its_elapsed_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, network, path = [0.0], OneWeight(), []
    monkeypatch.setattr(pace, "clock", lambda: now_s[0])

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        path.append(network.weight.item())
        now_s[0] += 0.5
        return model()

    recipe = Recipe(n_steps=7, learning_rate=0.1, rate="cosine", seconds=20)
    trained = train(network, loss_of, recipe, "cpu", "test")
    assert (trained.steps, trained.seconds, trained.stopped) == (40, 20, "budget")
    rates = -np.diff([*path, network.weight.item()])
    expected = 0.1 * (1 + np.cos(np.pi * np.arange(40) / 40)) / 2
    np.testing.assert_allclose(rates, expected, atol=1e-5)
    assert rates[-1] < 0.002 * 0.1


def test_rates_in_steps_fall_at_the_same_shares_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, network, path = [0.0], OneWeight(), []
    monkeypatch.setattr(pace, "clock", lambda: now_s[0])

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        path.append(network.weight.item())
        now_s[0] += 1
        return model()

    # Falls after 3, 6 and 9 of 10 steps: after 30, 60 and 90 % of the time.
    falls = {"rate": "steps", "fall_every": 3, "fall_factor": 0.5}
    recipe = Recipe(n_steps=10, learning_rate=0.1, seconds=20, **falls)  # type: ignore[arg-type]
    train(network, loss_of, recipe, "cpu", "test")
    rates = -np.diff([*path, network.weight.item()])
    expected = [0.1] * 6 + [0.05] * 6 + [0.025] * 6 + [0.0125] * 2
    np.testing.assert_allclose(rates, expected, rtol=1e-3)
