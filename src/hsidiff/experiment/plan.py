"""The plan of an experiment: read its scenes, split their labels, list its cells."""

import glob
import json
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hsidiff.errors import HsidiffWarning, MissingFileError, SettingError, SplitError
from hsidiff.experiment.cell import CellTask, SplitFile, collecting_notes
from hsidiff.experiment.description import Experiment
from hsidiff.experiment.folder import read_json_object, split_path
from hsidiff.experiment.method_recipe import FindClassifier, MethodRecipe
from hsidiff.experiment.scene_source import SceneSource, all_labels
from hsidiff.experiment.split_recipe import SplitRecipe
from hsidiff.files import json_text
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.progress import track
from hsidiff.scenes.scene import Scene


@dataclass
class Plan:
    """What an experiment will do.

    Attributes:
        tasks: its cells; those of one scene together, so that a process reads a scene once.
        scenes: name of a scene to facts about it, as JSON values.
    """

    tasks: list[CellTask] = field(default_factory=list)
    scenes: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Labelled:
    """A scene that has been read, with its labels.

    Attributes:
        source: where it comes from.
        labels: all labels, or published training labels.
        test_labels: published test labels, or None.
        meaning: what the results depend on, as JSON values.
        notes: warnings that reading gave.
    """

    source: SceneSource
    labels: LabelMap
    test_labels: LabelMap | None
    meaning: dict[str, Any]
    notes: list[str]


def plan_experiment(experiment: Experiment, out: Path, find: FindClassifier) -> Plan:
    """Read every scene, write every split, and list the cells.

    Args:
        experiment: what to run.
        out: the folder of the experiment; splits are written to it.
        find: gives the class of a method.

    Raises:
        MissingFileError: if a scene or its labels are missing.
        SceneError: if a scene cannot be read.
        LabelError: if labels cannot be read.
        SettingError: if an argument of a split is out of range, or a split that finished cells
            share would change.

    Warns:
        HsidiffWarning: what is doubtful about the labels of a scene or a split, once for each.
    """
    receptive_field_px = max(method.receptive_field_px(find) for method in experiment.methods)
    # A scene that has to be fetched is told of before the others are worked on.
    sources = [source.verified() for source in experiment.scenes]
    plan = Plan()
    for source in track(sources, "split labels", len(sources)):
        labelled, plan.scenes[source.name] = _read(source)
        for recipe in experiment.splits:
            if source.name in recipe.scenes:
                splits = _splits(experiment, labelled, recipe, receptive_field_px, out)
                plan.tasks += _tasks(experiment, labelled, splits, out / "networks")
    return plan


def _tasks(
    experiment: Experiment, labelled: _Labelled, splits: dict[int, SplitFile], networks: Path
) -> Iterator[CellTask]:
    """The cells of one split of one scene; ``splits`` maps a seed to its split."""
    fraction = experiment.validation_fraction
    for seed, split in splits.items():
        for method in experiment.methods:
            meaning = _meaning(labelled, split, method, fraction)
            yield CellTask(
                labelled.source, split, method, seed, fraction, meaning, networks, experiment.map
            )


def _read(source: SceneSource) -> tuple[_Labelled, dict[str, Any]]:
    """Read a scene and its labels; give them, and facts about them."""
    with collecting_notes() as notes:
        scene = source.open()
        labels, test_labels = source.read_labels(scene)
        legend = all_labels(labels, test_labels).classes
    _tell(f"scene {source.name!r}", notes)
    sha256 = scene.sha256()
    meaning = {
        "scene": sha256,
        "bands of the scene": _band_numbers(scene),
        "variable of the scene": source.variable,
    }
    facts = {
        "path": None if source.path is None else str(source.path),
        "labels": None if source.labels is None else str(source.labels),
        "sha256": sha256,
        "shape": list(scene.shape),
        "n_bands": scene.n_bands,
        "classes": [asdict(land_class) for land_class in legend],
    }
    return _Labelled(source, labels, test_labels, meaning, notes), facts


def _band_numbers(scene: Scene) -> list[int]:
    """Numbers, from 1, of the bands of the file that are used."""
    return (scene.band_indices + 1).tolist()


def _splits(
    experiment: Experiment,
    labelled: _Labelled,
    recipe: SplitRecipe,
    receptive_field_px: int,
    out: Path,
) -> dict[int, SplitFile]:
    """Split the labels of a scene with every seed, and write the splits."""
    splits = {}
    for seed in experiment.seeds:
        path = split_path(out, labelled.source.name, recipe.name, seed)
        sha256 = error = None
        with collecting_notes() as notes:
            try:
                split = recipe.make(
                    labelled.labels,
                    labelled.test_labels,
                    receptive_field_px=receptive_field_px,
                    seed=seed,
                )
                sha256 = split.sha256
                _save(split, path, out)
            except SplitError as refusal:
                error = str(refusal)
        splits[seed] = SplitFile(recipe.name, path, sha256, error, (*labelled.notes, *notes))
    of_all_seeds = dict.fromkeys(note for split in splits.values() for note in split.notes)
    own = [note for note in of_all_seeds if note not in labelled.notes]
    _tell(f"scene {labelled.source.name!r}, split {recipe.name!r}", own)
    return splits


def _save(split: Split, path: Path, out: Path) -> None:
    """Write a split, unless it is there.

    Raises:
        SettingError: if another one is there and a cell was finished with it.
    """
    try:
        stored = Split.load(path)
    except (MissingFileError, SplitError):  # not there, or spoilt: the same labels give it again
        split.save(path)
        return
    if stored.sha256 != split.sha256:
        _check_unused(path, out)
    if (stored.sha256, stored.parameters) != (split.sha256, split.parameters):
        split.save(path)


def _check_unused(path: Path, out: Path) -> None:
    """Refuse to replace a split with which a cell was finished."""
    place = path.relative_to(out / "splits")
    pattern = f"{glob.escape(str(place.parent))}/*/{place.stem}/result.json"
    for result in (out / "cells").glob(pattern):
        if read_json_object(result).get("status") == "done":
            raise SettingError(
                f"{path} is another split than the file now asks for, and {result} was made with "
                "it: give another folder, or the split another name; the default guard of a block "
                "split follows the method with the largest receptive field (receptive_field_px or "
                "guard_px hold it)"
            )


def _meaning(
    labelled: _Labelled, split: SplitFile, method: MethodRecipe, validation_fraction: float
) -> dict[str, Any]:
    """What the result of a cell depends on, as it will be read again from JSON."""
    choice = {"validation_fraction": validation_fraction} if method.candidates else {}
    meaning = {**labelled.meaning, "split": split.sha256, **method.to_json(), **choice}
    read_again: dict[str, Any] = json.loads(json_text(meaning))
    return read_again


def _tell(where: str, notes: list[str]) -> None:
    """Warn once of several notes."""
    if notes:
        text = f"{where}: {notes[0]}"
        more = f" (and {len(notes) - 1} more of other seeds)" if len(notes) > 1 else ""
        warnings.warn(text + more, HsidiffWarning, stacklevel=4)
