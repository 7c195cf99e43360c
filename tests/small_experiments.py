"""Small experiments on the embedded scene, and classifiers that go wrong on purpose."""

import json
from pathlib import Path
from typing import Any

import numpy as np

SCENE = """
[[scenes]]
name = "tiny"
embedded = true
shape = [96, 96]
n_bands = 8
n_classes = 8
"""
BLOCKS = """
[[splits]]
kind = "blocks"
samples_per_class = 10
"""
RANDOM = """
[[splits]]
kind = "random"
train_fraction = 0.1
"""
VARIES = ("seconds", "seconds_reused", "peak_memory_bytes")
"""What differs between two runs of the same cell."""

OWN_CLASSES = '''
"""Classifiers for tests: the nearest training pixel, and something else."""

import os
import time
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from hsidiff.baselines.position import PositionOnly
from hsidiff.errors import HsidiffWarning


@dataclass(repr=False, eq=False)
class Raises(PositionOnly):
    """Fails with the seed that is told."""

    name: ClassVar[str] = "raises"
    seed: int = 1

    def _fit(self, scene, labels):
        if self.random_state == self.seed:
            raise ZeroDivisionError("one\\ntwo")
        super()._fit(scene, labels)


@dataclass(repr=False, eq=False)
class Dies(PositionOnly):
    """Takes its process with it, with the seed that is told."""

    name: ClassVar[str] = "dies"
    seed: int = 1

    def _fit(self, scene, labels):
        if self.random_state == self.seed:
            os._exit(7)
        super()._fit(scene, labels)


@dataclass(repr=False, eq=False)
class Slow(PositionOnly):
    """Waits with seed 2 for as long as a file "wait" lies beside this one."""

    name: ClassVar[str] = "slow"

    def _fit(self, scene, labels):
        warnings.warn("slow", HsidiffWarning)
        while self.random_state == 2 and Path(__file__).with_name("wait").exists():
            time.sleep(0.05)
        super()._fit(scene, labels)


@dataclass(repr=False, eq=False)
class Spy(PositionOnly):
    """Writes down which labels it has seen; with the better of two settings it is right."""

    name: ClassVar[str] = "spy"
    log: str = ""
    shift: int = 0
    context_px: int = 0

    @property
    def halo_px(self):
        return self.context_px

    def _fit(self, scene, labels):
        np.save(Path(self.log) / f"{uuid.uuid4()}.npy", labels.values)
        super()._fit(scene, labels)

    def _predict_proba_tile(self, cube, window):
        halo = self.context_px
        inner = cube[halo : halo + window.n_rows, halo : halo + window.n_cols]
        return np.roll(super()._predict_proba_tile(inner, window), self.shift, axis=-1)
'''


def write_experiment(
    folder: Path,
    methods: list[str],
    text: str = "",
    *,
    seeds: tuple[int, ...] = (0, 1),
    **parts: str,
) -> Path:
    """Write the file of an experiment; ``parts`` may replace its scenes and splits."""
    path = folder / "experiment.toml"
    head = f"seeds = {list(seeds)}\nmethods = {json.dumps(methods)}\n{parts.get('head', '')}"
    tables = parts.get("scenes", SCENE) + parts.get("splits", BLOCKS + RANDOM)
    path.write_text(head + tables + text, encoding="utf-8")
    return path


def write_own_classes(folder: Path) -> Path:
    path = folder / "own.py"
    path.write_text(OWN_CLASSES, encoding="utf-8")
    return path


def contents_of_cells(folder: Path) -> dict[str, tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """Everything that the cells of an experiment hold and that must not vary, by path."""
    found = {}
    for path in sorted((folder / "cells").glob("*/*/*/*/result.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        for key in VARIES:
            result.pop(key, None)
        arrays = {}
        if (path.parent / "map.npz").exists():
            with np.load(path.parent / "map.npz") as stored:
                arrays = {name: stored[name].tolist() for name in stored}
        found[str(path.parent.relative_to(folder))] = (result, arrays)
    return found
