"""One cell of an experiment: one method on one split of one scene with one seed."""

import json
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.errors import HsidiffError, hear_warnings, one_line
from hsidiff.evaluation.drawn_map import draw_map
from hsidiff.evaluation.metrics import score
from hsidiff.evaluation.results import Stopwatch, describe_result
from hsidiff.experiment.choice import TrainingLabels, carve_validation, choose_settings
from hsidiff.experiment.method_recipe import FindClassifier, MethodRecipe
from hsidiff.experiment.scene_source import SceneSource, open_once
from hsidiff.files import json_text
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene
from hsidiff.training.reuse import reuse_networks

_FORGET_PEAK_MEMORY = Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class SplitFile:
    """A split that the methods of an experiment share.

    Attributes:
        name: what the experiment calls it.
        path: where it lies.
        sha256: its hash; None if the labels do not allow this split.
        error: why not, or None.
        notes: warnings that reading the labels and splitting them gave.
    """

    name: str
    path: Path
    sha256: str | None
    error: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CellTask:
    """What a process needs to run a cell; can be pickled.

    Attributes:
        source: where the scene comes from.
        split: the labels.
        method: the method with its settings.
        seed: of split and method.
        validation_fraction: share of the training labels to choose settings on.
        meaning: what the result depends on, as JSON values; ``scene`` is the hash of the scene.
        networks: folder of the networks that were trained without labels; cells share them.
        map: "all" pixels are mapped, or tiles that hold "labelled" ones.
    """

    source: SceneSource
    split: SplitFile
    method: MethodRecipe
    seed: int
    validation_fraction: float
    meaning: dict[str, Any]
    networks: Path
    map: str


@dataclass(frozen=True)
class CellAnswer:
    """What a cell gave.

    Attributes:
        result: the content of ``result.json``.
        arrays: the content of ``map.npz``: ``class_map`` (rows, cols) int32 and ``confidence``
            (rows, cols) uint8 in percent; empty if the cell failed.
    """

    result: dict[str, Any]
    arrays: dict[str, np.ndarray]


def run_cell(task: CellTask, find: FindClassifier) -> CellAnswer:
    """Choose, learn, map and score; whatever goes wrong becomes a failed result.

    Args:
        task: the cell.
        find: gives the class of a method.
    """
    if task.split.error is not None:
        return failed_cell(task, task.split.error)
    try:
        return _run(task, find)
    except HsidiffError as error:
        return failed_cell(task, str(error))
    except Exception as error:  # whatever a method does, the other cells go on
        message = f"{type(error).__name__}: {error}"
        return failed_cell(task, message, traceback=traceback.format_exc())


def failed_cell(task: CellTask, message: str, **facts: Any) -> CellAnswer:
    """The answer of a cell that has no scores; ``message`` says why."""
    names = {**_names(task, "failed"), "method": task.method.method}
    error = {"error": one_line(message), **facts}
    return CellAnswer({**names, **error, "meaning": task.meaning}, {})


def _names(task: CellTask, status: str) -> dict[str, Any]:
    return {
        "status": status,
        "label": task.method.label,
        "scene_name": task.source.name,
        "split_name": task.split.name,
        "seed": task.seed,
    }


def _run(task: CellTask, find: FindClassifier) -> CellAnswer:
    stopwatch = Stopwatch()
    with collecting_notes(task.split.notes) as notes, reuse_networks(task.networks) as reuse:
        # 1. Read.
        scene = open_once(task.source, task.meaning["scene"])
        split = Split.load(task.split.path)
        _forget_peak_memory()

        # 2. Choose settings on a part of the training labels, and learn from all of them.
        choice: dict[str, Any] = {}
        if task.method.candidates:
            with stopwatch.stage("choose"):
                source = TrainingLabels(split.train, split.kind, split.parameters)
                choice = _choose(task, find, scene, source)
        model = task.method.make(find, task.seed, choice.get("chosen"))
        with stopwatch.stage("learn"):
            model.fit(scene, split.train)
        # A network that another cell trained is charged as if this cell had done it.
        stopwatch.seconds["learn"] += reuse.seconds_saved

        # 3. Map all pixels.
        with stopwatch.stage("map"):
            wanted = None if task.map == "all" else split.test.values > 0
            arrays = draw_map(model, scene, wanted)

        # 4. Score on the test labels.
        with stopwatch.stage("score"):
            scores = score(arrays["class_map"], split.test)
            leakage = measure_leakage(split, model.receptive_field_px)
        result = describe_result(model, scene, split, scores, leakage, stopwatch, notes)
    names = _names(task, "done")
    extra = {"seconds_reused": round(reuse.seconds_saved, 3)}
    chosen = {"choice": choice} if choice else {}
    result = {**names, **result, "seed": task.seed, **extra, **chosen, "meaning": task.meaning}
    # As it will be read again; what is no JSON is this cell's failure, not the experiment's.
    return CellAnswer(json.loads(json_text(result)), arrays)


def _choose(
    task: CellTask, find: FindClassifier, scene: Scene, labels: TrainingLabels
) -> dict[str, Any]:
    """Choose among the candidates of the method; give what was chosen, and why."""
    with collecting_notes() as notes:
        validation = carve_validation(
            labels,
            task.validation_fraction,
            receptive_field_px=task.method.receptive_field_px(find),
            random_state=task.seed,
        )
        make = partial(task.method.make, find, task.seed)
        choice = choose_settings(scene, validation, task.method.candidates, make)
    return {**choice, "warnings": notes}


@contextmanager
def collecting_notes(earlier: Iterable[str] = ()) -> Iterator[list[str]]:
    """Keep the warnings of the ``with`` block, each text once; other libraries' are silenced.

    Args:
        earlier: notes to begin with.

    Yields:
        The texts; the list grows.
    """
    notes = list(earlier)

    def keep(text: str) -> None:
        if text not in notes:
            notes.append(text)

    with hear_warnings(keep):
        yield notes


def _forget_peak_memory() -> None:
    """Let the peak of this process begin anew, so that a cell is not charged with earlier ones.

    Linux only (``man 5 proc``, ``clear_refs``); elsewhere the largest cell so far counts for all
    that follow in its process.
    """
    if _FORGET_PEAK_MEMORY.exists():
        with suppress(OSError):  # some containers forbid it
            _FORGET_PEAK_MEMORY.write_text("5", encoding="ascii")
