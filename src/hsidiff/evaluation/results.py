"""What a result says: scores, and everything that is needed to trust or repeat them."""

import os
import platform
import re
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hsidiff.contract import SceneClassifier
from hsidiff.evaluation.metrics import Scores
from hsidiff.labels.leakage import Leakage, apart_from_training, share_right
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene

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
    """The content of ``result.json``.

    Args:
        model: the fitted classifier.
        scene: the scene that was mapped.
        split: the labels it was fitted to and scored on.
        scores: on the test labels.
        leakage: what the split gives away to this classifier.
        stopwatch: seconds per stage.
        notes: warnings that were given on the way.
    """
    n_train = split.train.counts()
    per_class = [
        {**asdict(land_class), "n_train": n_train[land_class.id], **asdict(class_scores)}
        for land_class, class_scores in zip(split.train.classes, scores.per_class, strict=True)
    ]
    return {
        **model.description(),
        "learned": model.learned_facts(),
        "cost": asdict(model.cost(scene.n_bands, len(model.classes_))),
        "split": {"kind": split.kind, "parameters": split.parameters, "sha256": split.sha256},
        "scene": {
            "path": str(scene.files[0]) if scene.files else None,
            "name": scene.name,
            "sha256": scene.sha256(),
            "shape": list(scene.shape),
            "n_bands": scene.n_bands,
            "notes": list(scene.notes),
        },
        "n_train": split.train.n_labelled,
        "n_test": split.test.n_labelled,
        **scores.to_json(),
        **_scores_apart(split, scores, leakage.receptive_field_px),
        "per_class": per_class,
        "leakage": leakage.to_json(),
        "transductive": model.transductive,
        "seconds": stopwatch.to_json(),
        "peak_memory_bytes": peak_memory_bytes(),
        "device": model.compute_device,
        "versions": versions(),
        "warnings": notes,
    }


def _scores_apart(split: Split, scores: Scores, receptive_field_px: int) -> dict[str, Any]:
    """The score on the test pixels that the method maps without seeing a training pixel."""
    is_apart = apart_from_training(split, receptive_field_px)
    return {
        "n_test_apart": int(is_apart.sum()),
        "overall_accuracy_apart": share_right(scores.is_right[is_apart]),
    }


def describe_run(model: SceneClassifier, inputs: dict[str, Any]) -> dict[str, Any]:
    """The content of ``run.json``: what was run, where, to run it again.

    Args:
        model: the classifier.
        inputs: the files that were read, with their hashes, and other arguments.
    """
    return {
        "command": sys.argv,
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
        **{name: version(name) for name in _REPORTED_PACKAGES},
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
