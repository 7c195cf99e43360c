"""A training that is stopped at any moment goes on to the very same weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from hsidiff.errors import HsidiffWarning, TrainingError
from hsidiff.training import checkpoint, pace
from hsidiff.training.loop import Recipe, seeded, train
from hsidiff.training.pace import Trained

RECIPE = Recipe(n_steps=40, learning_rate=0.01, rate="cosine", ema_decay=0.9, weight_decay=0.1)


class PowerCut(BaseException):
    """Nobody catches it, as nobody catches a SIGKILL."""


@pytest.fixture(autouse=True)
def _every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)


def training(
    path: Path | None, stop_at: int | None = None, recipe: Recipe = RECIPE
) -> tuple[nn.Module, Trained]:
    """Learn a sum with batch normalisation; stop before a step, if asked to."""
    with seeded(3):
        network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    generator = torch.Generator().manual_seed(5)
    n_asked = 0

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        nonlocal n_asked
        if n_asked == stop_at:
            raise PowerCut
        n_asked += 1
        x = torch.randn(8, 3, generator=generator)
        return (model(x)[:, 0] - x.sum(dim=1)).square().mean()

    return network, train(network, loss_of, recipe, "cpu", "test", generator, path)


def equal(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("stops", [(1,), (7, 11), (39,), (0, 3, 1, 0, 20)])
def test_stopped_and_gone_on_it_ends_with_the_same_weights(
    stops: tuple[int, ...], tmp_path: Path
) -> None:
    path = tmp_path / "state.safetensors"
    for stop in stops:
        with pytest.raises(PowerCut):
            training(path, stop)
    network, trained = training(path)
    expected, uninterrupted = training(None)
    assert equal(network, expected)
    assert trained.steps == uninterrupted.steps == RECIPE.n_steps
    assert list(tmp_path.iterdir()) == []


def test_of_a_time_that_is_over_in_part_only_the_rest_is_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0

    def clock() -> float:
        nonlocal now_s
        now_s += 0.125
        return now_s

    monkeypatch.setattr(pace, "clock", clock)
    recipe = Recipe(n_steps=10, learning_rate=0.01, seconds=10)
    path = tmp_path / "state.safetensors"
    with pytest.raises(PowerCut):
        training(path, 12, recipe)
    now_s += 1000.0
    _, trained = training(path, recipe=recipe)
    assert trained.steps < 100
    assert trained.stopped == "budget"
    assert trained.seconds == pytest.approx(10, abs=0.5)


@pytest.mark.parametrize(
    "broken",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:7],
        lambda content: b"",
        lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
        lambda content: b"\x80\x04K\x01." + content,
    ],
    ids=["half", "begin", "empty", "a bit", "a pickle"],
)
def test_a_broken_checkpoint_is_said_and_the_training_begins_anew(
    broken: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    path = tmp_path / "state.safetensors"
    with pytest.raises(PowerCut):
        training(path, 9)
    path.write_bytes(broken(path.read_bytes()))
    with pytest.warns(HsidiffWarning, match="the checkpoint is broken: the training begins anew"):
        network, _ = training(path)
    assert equal(network, training(None)[0])


def test_the_checkpoint_of_another_network_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    network = nn.Linear(2, 2)
    generator = torch.Generator()

    def stopped(model: nn.Module, device: torch.device) -> Tensor:
        if path.exists():
            raise PowerCut
        return model(torch.ones(1, 2)).sum()

    with pytest.raises(PowerCut):
        train(network, stopped, RECIPE, "cpu", "test", generator, path)
    with pytest.warns(HsidiffWarning, match="begins anew"):
        trained, _ = training(path)
    assert equal(trained, training(None)[0])


def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_last_good_state(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.safetensors"
    network, generator = nn.Linear(2, 1), torch.Generator()
    n_asked = 0

    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        nonlocal n_asked
        n_asked += 1
        return model(torch.ones(1, 2)).sum() * (1.0 if n_asked <= 5 else float("nan"))

    with pytest.raises(TrainingError, match="test: the loss is nan at step 6"):
        train(network, loss_of, RECIPE, "cpu", "test", generator, path)
    tensors, facts = checkpoint._read(path)
    assert facts["n_taken"] == 5
    assert all(bool(torch.isfinite(value.float()).all()) for value in tensors.values())


def test_a_loss_that_is_no_number_is_noticed_at_the_end_at_the_latest() -> None:
    def loss_of(model: nn.Module, device: torch.device) -> Tensor:
        return model(torch.full((1, 2), float("inf"))).sum()

    with pytest.raises(TrainingError, match="test: the loss is nan at step 3"):
        train(nn.Linear(2, 1), loss_of, Recipe(n_steps=3, learning_rate=0.01), "cpu", "test")
