"""The main job: score on held-out labels, learn from all, map, and write it all down."""

from pathlib import Path
from typing import Any

from hsidiff.cli.draw_maps import AS_IT_IS, DrawingOptions, draw_maps
from hsidiff.cli.inputs import Inputs, hash_of_labels
from hsidiff.cli.split_options import SplitOptions
from hsidiff.cli.unfinished import going_on
from hsidiff.cli.validation import ValidationOptions
from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.evaluation.results import Stopwatch, describe_run
from hsidiff.evaluation.scored_map import describe_map, score_and_fit
from hsidiff.files import write_json, write_together
from hsidiff.half_written import clear_up
from hsidiff.report.map_page import write_report
from hsidiff.report.result_folder import SCENES
from hsidiff.saved_model import check_model_folder
from hsidiff.scenes.formats.address import shown

_MAP_FILES = ("map.tif", "confidence.tif", "probabilities.tif")
_STYLES = ("map.qml", "confidence.qml")
NOT_ALWAYS_WRITTEN = (
    "split.npz", "held_out.npz", SCENES, *_MAP_FILES, *_STYLES, "map.tif.aux.xml",
)  # fmt: skip
"""Of an earlier run such a file would speak of another map."""


def run_job(
    inputs: Inputs,
    model: SceneClassifier,
    split_options: SplitOptions,
    validation_options: ValidationOptions,
    out: Path,
    *,
    seed: int,
    stopwatch: Stopwatch,
    notes: list[str],
    drawing: DrawingOptions = AS_IT_IS,
) -> dict[str, Any]:
    """Score a classifier on held-out labels, fit it to all labels, and map the scene, or each.

    Args:
        inputs: the scene and its labels, or several.
        model: the classifier, not fitted yet; the one that is saved is calibrated.
        split_options: how the labels are split.
        validation_options: what scores the map.
        out: the folder to write to; it gets everything when all is done, or nothing.
        seed: of the split.
        stopwatch: has timed the reading, and goes on.
        notes: the warnings given so far; the list grows while this runs.
        drawing: how the maps are drawn.

    Returns:
        The content of ``result.json``.

    Raises:
        SettingError: if the scene or the labels are files that this would overwrite.
        ModelError: if there is a folder ``model`` that holds something else.
    """
    scene = inputs.scene
    # 1. Decide which labels score the map, and which it learns from.
    with stopwatch.stage("split"):
        plan = validation_options.plan(inputs, split_options, model.receptive_field_px, seed)
        plan = plan.scored_in(inputs.area)
    if plan.kind == "none" and drawing.doubt.false_alarms is not None:
        raise SettingError("--none-of-these needs held-out labels: leave out --validate none")
    _check_nothing_is_overwritten(inputs, out)

    with going_on(out):
        # 2. Score on held-out labels, and learn from all.
        model, validation = score_and_fit(model, scene, plan, stopwatch)

        # 3. Map, and write everything.
        with write_together(out, gone=NOT_ALWAYS_WRITTEN) as folder:
            with stopwatch.stage("map"):
                maps = draw_maps(model, inputs, drawing, folder)
            model.save(folder / "model")
            if plan.split is not None:
                plan.split.save(folder / "split.npz")
            if validation is not None:
                validation.held_out.save(folder / "held_out.npz")
            result = describe_map(model, scene, plan, validation, stopwatch, notes) | maps
            write_json(folder / "result.json", result)
            write_json(folder / "run.json", describe_run(model, describe_inputs(inputs, result)))
            scenes = (part.scene for part in inputs.parts or (inputs,))
            write_report(folder, *scenes, labels=plan.learned)
    return result


def _check_nothing_is_overwritten(inputs: Inputs, out: Path) -> None:
    check_model_folder(out / "model")
    if (out / "experiment.json").exists():
        raise SettingError(f"--out {out} holds an experiment: give the name of another folder")
    written = {path.resolve() for path in outputs_of(out)}
    for path in (*inputs.scene.files, *inputs.label_files):
        if written & {path.resolve(), *path.resolve().parents}:
            raise SettingError(f"{path} would be overwritten: give another --out than {out}")


def check_is_new(out: Path, overwrite: bool) -> None:
    """Refuse, before the work, a folder that holds a result, unless it may be replaced.

    Raises:
        SettingError: if it holds one.
    """
    clear_up(out)
    found = [path.name for path in outputs_of(out) if path.exists()]
    if found and not overwrite:
        raise SettingError(
            f"--out {out} holds an earlier result ({found[0]}): give the name of another folder, "
            "or --overwrite to replace it"
        )


def describe_inputs(inputs: Inputs, result: dict[str, Any]) -> dict[str, Any]:
    """Which files were read, with their hashes; ``result`` holds those of the scenes."""
    labels = [{"path": shown(path), "sha256": hash_of_labels(path)} for path in inputs.label_files]
    about: dict[str, Any] = {
        "scene": {"path": shown(inputs.scene_path), "sha256": result["scene"]["sha256"]}
    }
    if inputs.parts:
        names = ("path", "sha256", "folder")
        scenes = [{name: scene[name] for name in names} for scene in result["scenes"]]
        about = {"scenes": scenes}
    return {
        **about,
        "scene_options": inputs.scene_options.arguments(),
        "labels": labels,
        "label_options": inputs.label_options.arguments(),
        "split": result.get("split"),
    }


def outputs_of(out: Path) -> list[Path]:
    """What the job may write, the most wanted first."""
    facts = ("result.json", "run.json", "held_out.npz", "split.npz", "model")
    return [out / name for name in ("report.html", SCENES, *_MAP_FILES, *_STYLES, *facts)]
