"""A checkpoint that is cut anywhere is not taken, a clock that goes back stops nothing."""

import itertools
import re
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import hsidiff
from command_line import Run, SmallFiles
from hsidiff.errors import HsidiffWarning
from hsidiff.training import checkpoint
from hsidiff.training.checkpoint import Checkpoint, TrainingState
from hsidiff.training.loop import Recipe, train
from hsidiff.training.pace import Pace

KB = 1024


def state_of(seed: int) -> TrainingState:
    """A training of 3,600 weights, some steps on its way."""
    torch.manual_seed(seed)
    network = nn.Linear(90, 40)
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(seed):
        network(torch.ones(1, 90)).sum().backward()
        optimizer.step()
    return TrainingState(network, optimizer, None, torch.Generator(), Pace(100))


def test_a_checkpoint_cut_at_any_kilobyte_begins_the_training_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    path = tmp_path / "state.safetensors"
    Checkpoint(path, state_of(3)).save_if_due()
    whole = path.read_bytes()
    assert len(whole) > 40 * KB
    state = state_of(0)
    untouched = {name: value.clone() for name, value in state.tensors().items()}
    for size in range(0, len(whole), KB):
        path.write_bytes(whole[:size])
        with pytest.warns(HsidiffWarning, match="the checkpoint is broken: the training begins"):
            Checkpoint(path, state).resume()
        assert state.pace.n_taken == 0
        found = state.tensors()
        assert all(torch.equal(found[name], value) for name, value in untouched.items())
    path.write_bytes(whole)
    Checkpoint(path, state).resume()
    assert not torch.equal(state.tensors()["network.weight"], untouched["network.weight"])


def test_no_decision_is_taken_by_the_clock_on_the_wall() -> None:
    asks = re.compile(r"time\.time\(|datetime\.(now|utcnow|today)|st_[mc]time")
    source = Path(hsidiff.__file__).parent
    found = {path.name for path in source.rglob("*.py") if asks.search(path.read_text())}
    assert found == {"hdf5_heaps.py", "map_order.py"}  # which ask if a file is the same, not when


@pytest.mark.parametrize("seconds", [None, 0.2])
def test_a_clock_that_goes_back_neither_stops_a_training_nor_its_checkpoints(
    seconds: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    times, path, n_seen = itertools.count(1e9, -3600.0), tmp_path / "state.safetensors", 0
    monkeypatch.setattr(time, "time", lambda: next(times))

    def loss_of(model: nn.Module, device: torch.device) -> torch.Tensor:
        nonlocal n_seen
        n_seen += path.exists()
        return model(torch.ones(1, 2)).sum()

    recipe = Recipe(n_steps=8, learning_rate=0.01, seconds=seconds)
    trained = train(nn.Linear(2, 1), loss_of, recipe, "cpu", "test", torch.Generator(), path)
    assert n_seen == trained.steps - 1
    assert seconds is not None or trained.steps == 8
    assert not path.exists()


def test_values_beyond_all_numbers_stop_a_fit_with_the_step_and_keep_what_was_learned(
    run: Run, small_files: SmallFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0.0)
    n_asked = 0

    def loss_is_lost(kind: str, error: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        nonlocal n_asked
        n_asked += 1
        # The first is a trial that says how much memory a batch takes.
        return error.mean() * (1.0 if n_asked <= 5 else float("nan"))

    monkeypatch.setattr("hsidiff.values.pretraining.mean_loss", loss_is_lost)
    settings = ("--set", "pretrain_steps=20", "--set", "head=linear")
    ended = run("fit", *small_files.paths, *settings, "-o", tmp_path / "model")
    assert ended.exit_code == 2
    assert "learn the scene: the loss is nan at step 5: look for values" in ended.error
    assert not (tmp_path / "model").exists()
    (kept,) = (tmp_path / ".model.unfinished").glob("*.unfinished.safetensors")
    tensors, facts = checkpoint._read(kept)
    assert facts["n_taken"] == 4
    assert all(bool(torch.isfinite(value.float()).all()) for value in tensors.values())
