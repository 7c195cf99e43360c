from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from hsidiff.training.loop import seeded
from hsidiff.training.reuse import reuse_networks, train_once


def network(seed: int = 0) -> nn.Module:
    with seeded(seed):
        return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


class Training:
    """Adds 1 to every weight, and counts how often it was called."""

    def __init__(self) -> None:
        self.n_calls = 0
        self.facts: dict[str, Any] = {}

    def of(self, trained: nn.Module, *depends_on: bytes) -> nn.Module:
        def train(unfinished: Path | None) -> dict[str, Any]:
            self.n_calls += 1
            with torch.no_grad():
                for parameter in trained.parameters():
                    parameter.add_(1)
            return {"steps": 7, "stopped": "flat", "held_out_loss": 0.25}

        self.facts = train_once(trained, depends_on, train)
        return trained


def test_without_a_folder_a_network_is_trained_every_time() -> None:
    training = Training()
    for _ in range(2):
        training.of(network(), b"crops")
    assert training.n_calls == 2


def test_the_same_training_is_done_once_and_gives_the_same_weights(tmp_path: Path) -> None:
    training = Training()
    with reuse_networks(tmp_path) as reuse:
        first = training.of(network(), b"crops", b"settings")
        assert reuse.seconds_saved == 0
        trained_s = reuse.seconds_trained
        assert trained_s > 0
        second = training.of(network(), b"crops", b"settings")
    assert training.n_calls == 1
    assert reuse.seconds_saved > 0
    assert reuse.seconds_trained <= trained_s
    assert not second.training
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name


@pytest.mark.parametrize(
    ("seed", "depends_on"),
    [(1, (b"crops", b"settings")), (0, (b"crops", b"others")), (0, (b"cropss", b"ettings"))],
)
def test_another_training_is_done(
    tmp_path: Path, seed: int, depends_on: tuple[bytes, bytes]
) -> None:
    training = Training()
    with reuse_networks(tmp_path):
        training.of(network(), b"crops", b"settings")
        training.of(network(seed), *depends_on)
    assert training.n_calls == 2


def test_facts_come_with_the_network_that_they_are_about(tmp_path: Path) -> None:
    facts = {"steps": 7, "stopped": "flat", "held_out_loss": 0.25}
    trained, read = Training(), Training()
    with reuse_networks(tmp_path):
        trained.of(network(), b"crops")
        read.of(network(), b"crops")
    assert (trained.n_calls, read.n_calls) == (1, 0)
    assert trained.facts == read.facts == facts
    alone = Training()
    alone.of(network(), b"crops")
    assert alone.facts == facts


def test_a_training_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(unfinished: Path | None) -> dict[str, Any]:
        raise KeyboardInterrupt

    with reuse_networks(tmp_path), pytest.raises(KeyboardInterrupt):
        train_once(network(), [b"crops"], fail)
    assert not list(tmp_path.iterdir())
