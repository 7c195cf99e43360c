"""Networks that were trained before are read instead of trained again, where somebody asks for it.

A training that was stopped goes on where it was.

The cells of an experiment learn the same scene with the same seed many times over: no label takes
part, so the denoiser is the same for every split.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import nn

from hsidiff.files import write_errors_of, write_whole
from hsidiff.training.ranks import ranks
from hsidiff.training.weights import load_weights, weights

Train = Callable[[Path | None], dict[str, Any]]


@dataclass
class Reuse:
    """Where trained networks are kept, and what that saved.

    Attributes:
        folder: holds one file per network.
        seconds_saved: what training took the first time, of those that were read.
        seconds_trained: what training took of those that were not there yet.
    """

    folder: Path
    seconds_saved: float = 0.0
    seconds_trained: float = 0.0


_reuse: ContextVar[Reuse | None] = ContextVar("hsidiff_reuse", default=None)


@contextmanager
def reuse_networks(folder: Path) -> Iterator[Reuse]:
    """Keep networks that :func:`train_once` trains inside the ``with`` block in ``folder``."""
    reuse = Reuse(folder)
    token = _reuse.set(reuse)
    try:
        yield reuse
    finally:
        _reuse.reset(token)


def train_once(
    network: nn.Module, depends_on: Iterable[bytes | memoryview], train: Train
) -> dict[str, Any]:
    """Train a network in place, or read it if the very same training was done before.

    Without :func:`reuse_networks` around it this is ``train(None)``.

    Args:
        network: what ``train`` trains; its first weights tell one training from another.
        depends_on: everything else that the outcome follows from.
        train: the training, from a file that keeps how far it is, or None; gives facts about how it
            went, JSON values.

    Returns:
        The facts about the training, also where it was done before.
    """
    reuse = _reuse.get()
    if reuse is None:
        return train(None)
    path = reuse.folder / f"{_key(network, depends_on)}.safetensors"
    if path.exists():
        seconds, facts = _read(network, path)
        reuse.seconds_saved += seconds
        return facts
    began = time.perf_counter()
    facts = train(path.with_suffix(".unfinished.safetensors"))
    reuse.seconds_trained += time.perf_counter() - began
    if not ranks().is_first:
        return facts
    # What was done before it was stopped counts, too.
    seconds = max(time.perf_counter() - began, facts.get("seconds", 0.0))
    about = {"seconds": json.dumps(seconds), "facts": json.dumps(facts)}
    with write_whole(path) as new, write_errors_of(path, SafetensorError):
        save_file(weights("", network), new, about)
    return facts


def _key(network: nn.Module, depends_on: Iterable[bytes | memoryview]) -> str:
    """A name for a training: first weights, data, settings, versions."""
    digest = hashlib.sha256()
    for package in ("hsidiff", "torch"):
        digest.update(version(package).encode())
    for name, values in weights("", network).items():
        digest.update(name.encode() + values.tobytes())
    for part in depends_on:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:32]


def _read(network: nn.Module, path: Path) -> tuple[float, dict[str, Any]]:
    """Fill a network from a file; give the seconds that its training took, and its facts."""
    with safe_open(path, framework="numpy") as file:
        load_weights(network, "", {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        about = file.metadata()
        return float(json.loads(about["seconds"])), json.loads(about["facts"])
