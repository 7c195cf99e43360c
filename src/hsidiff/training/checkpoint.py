"""How far a training has come, in a file: started again, it goes on to the very same weights."""

import hashlib
import json
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from hsidiff.errors import HsidiffWarning
from hsidiff.files import write_errors_of, write_whole
from hsidiff.training.ema import WeightAverage
from hsidiff.training.pace import Pace

SECONDS_BETWEEN = 60.0
"""So much work is lost at most when a training is killed."""
_NETWORK, _AVERAGE, _OPTIMIZER, _GENERATOR = "network.", "average.", "optimizer.", "generator"


@dataclass
class TrainingState:
    """All that the next step of a training depends on.

    Attributes:
        network: what is trained.
        optimizer: of its weights.
        average: of its weights, or None.
        generator: what batches are drawn with, or None.
        pace: how far it is.
    """

    network: nn.Module
    optimizer: torch.optim.Optimizer
    average: WeightAverage | None
    generator: torch.Generator | None
    pace: Pace

    def tensors(self) -> dict[str, Tensor]:
        """Everything but the pace, by name, on the CPU."""
        found = {_NETWORK + name: value for name, value in self.network.state_dict().items()}
        if self.generator is not None:
            found[_GENERATOR] = self.generator.get_state()
        if self.average is not None:
            averaged = self.average.network.state_dict()
            found |= {_AVERAGE + name: value for name, value in averaged.items()}
        for number, values in self.optimizer.state_dict()["state"].items():
            found |= {f"{_OPTIMIZER}{number}.{name}": value for name, value in values.items()}
        return {name: value.detach().cpu().contiguous() for name, value in found.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Become the state that :meth:`tensors` was taken of; the pace stays as it is.

        Raises:
            RuntimeError: if they are those of another network.
        """
        self.network.load_state_dict(_below(_NETWORK, tensors))
        if self.generator is not None:
            self.generator.set_state(tensors[_GENERATOR])
        if self.average is not None:
            self.average.network.load_state_dict(_below(_AVERAGE, tensors))
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(_OPTIMIZER, tensors).items():
            number, _, name = key.partition(".")
            state.setdefault(int(number), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})

    def everything(self) -> tuple[dict[str, Tensor], int, float]:
        """What :meth:`become` takes in another process."""
        return self.tensors(), self.pace.n_taken, self.pace.elapsed_s

    def become(self, tensors: dict[str, Tensor], n_taken: int, elapsed_s: float) -> None:
        """Stand where the state of which these were taken stood.

        Raises:
            RuntimeError: if they are those of another network.
        """
        self.restore(tensors)
        self.go_on(n_taken, elapsed_s)

    def go_on(self, n_taken: int, elapsed_s: float) -> None:
        """Stand where so many steps and seconds are over."""
        self.pace.go_on(n_taken, elapsed_s)
        if self.average is not None:
            self.average.n_updates = n_taken


@dataclass
class Checkpoint:
    """The file of a training that may be stopped at any moment.

    Attributes:
        path: the file, ``*.safetensors``; it appears whole or not at all. None keeps nothing.
        state: what it holds.
    """

    path: Path | None
    state: TrainingState
    _saved_at: float = field(init=False, default_factory=time.monotonic)

    def resume(self) -> None:
        """Go on where the file says; begin anew if there is none, or a broken one.

        Warns:
            HsidiffWarning: if it is broken.
        """
        if self.path is None or not self.path.exists():
            return
        untouched = self.state.tensors()
        try:
            tensors, facts = _read(self.path)
            self.state.become(tensors, int(facts["n_taken"]), float(facts["elapsed_s"]))
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RuntimeError):
            self.state.restore(untouched)
            warnings.warn(
                f"{self.path}: the checkpoint is broken: the training begins anew",
                HsidiffWarning,
                stacklevel=2,
            )

    @property
    def is_due(self) -> bool:
        """Whether so much time has passed that the state should be kept."""
        waited_s = time.monotonic() - self._saved_at
        return self.path is not None and waited_s >= SECONDS_BETWEEN

    def save_if_due(self) -> None:
        """Write the state, if it is time."""
        if self.path is None or not self.is_due:
            return
        tensors, n_taken, elapsed_s = self.state.everything()
        facts = {"n_taken": n_taken, "elapsed_s": elapsed_s, "sha256": _hash(tensors)}
        with write_whole(self.path) as new, write_errors_of(self.path, SafetensorError):
            save_file(tensors, new, {name: json.dumps(value) for name, value in facts.items()})
        self._saved_at = time.monotonic()

    def remove(self) -> None:
        """Delete the file: the training is over."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of a file.

    Raises:
        ValueError: if it was changed since it was written.
    """
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        facts = {name: json.loads(text) for name, text in (file.metadata() or {}).items()}
    if facts["sha256"] != _hash(tensors):
        raise ValueError(f"{path} was changed")
    return tensors, facts


def _hash(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those whose name begins so, without that beginning."""
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): tensors[name] for name in names}
