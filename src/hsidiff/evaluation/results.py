"""What a result says: scores, and everything that is needed to trust or repeat them."""

import os
import platform
import re
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from hsidiff.contract import SceneClassifier
from hsidiff.evaluation.metrics import Scores
from hsidiff.labels.leakage import Leakage, apart_from_training, share_right
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene

_version = cache(version)  # which reads folders
_REPORTED_PACKAGES = ("hsidiff", "numpy", "scipy", "scikit-learn", "torch", "rasterio")


@dataclass
class Stopwatch:
    """Seconds of each named stage, in the order in which they began."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block and add it to the stage ``name``."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - began

    def to_json(self) -> dict[str, float]:
        """Seconds by stage, and their ``total``."""
        stages = {name: round(seconds, 3) for name, seconds in self.seconds.items()}
        return {**stages, "total": round(sum(self.seconds.values()), 3)}


def describe_result(
    model: SceneClassifier,
    scene: Scene,
    split: Split,
    scores: Scores,
    leakage: Leakage,
    stopwatch: Stopwatch,
    notes: list[str],
) -> dict[str, Any]:
    """The content of ``result.json`` of a classifier that was fitted to one side of a split.

    Args:
        model: the fitted classifier.
        scene: the scene that was mapped.
        split: the labels it was fitted to and scored on.
        scores: on the test labels.
        leakage: what the split gives away to this classifier.
        stopwatch: seconds per stage.
        notes: warnings that were given on the way.
    """
    return {
        **describe_work(model, scene, stopwatch, notes),
        "split": describe_split(split),
        **describe_scores((split,), scores, leakage),
    }


def describe_work(
    model: SceneClassifier, scene: Scene, stopwatch: Stopwatch, notes: list[str]
) -> dict[str, Any]:
    """What was learned, of which scene, at which cost, without any score."""
    return {
        **model.description(),
        "learned": model.learned_facts(),
        "cost": asdict(model.cost(scene.n_bands, len(model.classes_))),
        "scene": {
            "path": str(scene.files[0]) if scene.files else None,
            "name": scene.name,
            "sha256": scene.sha256(),
            "shape": list(scene.shape),
            "n_bands": scene.n_bands,
            "notes": list(scene.notes),
        },
        "transductive": model.transductive,
        "seconds": stopwatch.to_json(),
        "peak_memory_bytes": peak_memory_bytes(),
        "device": model.compute_device,
        "versions": versions(),
        "warnings": notes,
    }


def describe_split(split: Split) -> dict[str, Any]:
    """How a split was made, and the hash of its pixels."""
    return {"kind": split.kind, "parameters": split.parameters, "sha256": split.sha256}


def describe_scores(splits: Sequence[Split], scores: Scores, leakage: Leakage) -> dict[str, Any]:
    """Scores on test labels, and how many labels were learned from.

    Args:
        splits: the split or, of a cross-validation, its folds. Of folds the numbers of training
            labels are rounded means.
        scores: on the test labels, those of all folds together.
        leakage: what the splits give away.
    """
    counts = [split.train.counts() for split in splits]
    n_train = {i: round(mean(one[i] for one in counts)) for i in counts[0]}
    per_class = [
        {**asdict(land_class), "n_train": n_train[land_class.id], **asdict(class_scores)}
        for land_class, class_scores in zip(splits[0].train.classes, scores.per_class, strict=True)
    ]
    return {
        "n_train": round(mean(split.train.n_labelled for split in splits)),
        "n_test": sum(split.test.n_labelled for split in splits),
        **scores.to_json(),
        **_scores_apart(splits, scores, leakage.receptive_field_px),
        "per_class": per_class,
        "leakage": leakage.to_json(),
    }


def _scores_apart(
    splits: Sequence[Split], scores: Scores, receptive_field_px: int
) -> dict[str, Any]:
    """The score on the test pixels that the method maps without seeing a training pixel."""
    is_test, is_apart = (np.zeros(splits[0].test.shape, dtype=bool) for _ in range(2))
    for split in splits:
        of_split = split.test.values > 0
        is_test |= of_split
        is_apart[of_split] = apart_from_training(split, receptive_field_px)
    apart = is_apart[is_test]
    return {
        "n_test_apart": int(apart.sum()),
        "overall_accuracy_apart": share_right(scores.is_right[apart]),
    }


def describe_run(model: SceneClassifier, inputs: dict[str, Any]) -> dict[str, Any]:
    """The content of ``run.json``: what was run, where, to run it again.

    Args:
        model: the classifier.
        inputs: the files that were read, with their hashes, and other arguments.
    """
    return {
        "command": sys.argv,
        "directory": str(Path.cwd()),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "inputs": inputs,
        **model.description(),
        "machine": {**machine(), "device": model.compute_device},
        "versions": versions(),
    }


def machine() -> dict[str, Any]:
    """The machine that this runs on."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "n_cpus": os.cpu_count(),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    return {
        "python": platform.python_version(),
        **{name: _version(name) for name in _REPORTED_PACKAGES},
    }


def peak_memory_bytes() -> int:
    """The most memory that this program has held so far.

    On Linux ``ru_maxrss`` of a new process starts at the peak of the one that started it, so the
    high-water mark of the program's own memory is read where there is one (``man 5 proc``).
    """
    status = Path("/proc/self/status")
    if sys.platform == "linux" and status.exists():
        match = re.search(r"^VmHWM:\s*(\d+) kB$", status.read_text(), flags=re.MULTILINE)
        if match:
            return int(match[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak if sys.platform == "darwin" else peak * 1024
