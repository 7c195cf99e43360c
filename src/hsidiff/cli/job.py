"""The main job: score on held-out labels, learn from all, map, and write it all down."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.calibrated import Calibrated
from hsidiff.calibration import HeldOut
from hsidiff.cli.inputs import Inputs, SplitOptions
from hsidiff.cli.unfinished import going_on
from hsidiff.cli.validation import Plan, Validation, ValidationOptions, describe_validation
from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.evaluation.reliability import measure_reliability
from hsidiff.evaluation.results import Stopwatch, describe_run, describe_work
from hsidiff.files import sha256_of_files, write_json, write_together
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.doubt import NO_DOUBT, Doubt, describe_doubt
from hsidiff.maps.predict import predict_to_file
from hsidiff.report.map_accuracy import areas_of_file
from hsidiff.report.map_page import write_report
from hsidiff.saved_model import check_model_folder
from hsidiff.scenes.scene import Scene

NOT_ALWAYS_WRITTEN = ("split.npz", "held_out.npz")
"""Of an earlier run such a file would speak of another map."""
SHAPEFILE_PARTS = (".cpg", ".dbf", ".prj", ".shp", ".shx")


def run_job(
    inputs: Inputs,
    model: SceneClassifier,
    split_options: SplitOptions,
    validation_options: ValidationOptions,
    out: Path,
    *,
    seed: int,
    tile_size: int,
    stopwatch: Stopwatch,
    notes: list[str],
    doubt: Doubt = NO_DOUBT,
) -> dict[str, Any]:
    """Score a classifier on held-out labels, fit it to all labels, and map the scene.

    Args:
        inputs: the scene and its labels.
        model: the classifier, not fitted yet; the one that is saved is calibrated.
        split_options: how the labels are split.
        validation_options: what scores the map.
        out: the folder to write to; it gets everything when all is done, or nothing.
        seed: of the split.
        tile_size: largest side of a tile in pixels.
        stopwatch: has timed the reading, and goes on.
        notes: the warnings given so far; the list grows while this runs.
        doubt: which pixels get no class.

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
        plan = plan.scored_in(inputs)
    if plan.kind == "none" and doubt.false_alarms is not None:
        raise SettingError("--none-of-these needs held-out labels: leave out --validate none")
    _check_nothing_is_overwritten(inputs, out)

    with going_on(out):
        # 2. Score on held-out labels, and learn from all.
        model, validation = _scored_and_fitted(model, scene, plan, stopwatch)

        # 3. Map, and write everything.
        with write_together(out, gone=NOT_ALWAYS_WRITTEN) as folder:
            with stopwatch.stage("map"):
                predict_to_file(
                    model,
                    scene,
                    folder / "map.tif",
                    probabilities_path=folder / "probabilities.tif",
                    layers=(ConfidenceLayer(folder / "confidence.tif"),),
                    doubt=doubt,
                    tile_size=tile_size,
                    area=inputs.area,
                )
            model.save(folder / "model")
            if plan.split is not None:
                plan.split.save(folder / "split.npz")
            if validation is not None:
                validation.held_out.save(folder / "held_out.npz")
            result = describe_map(model, inputs, plan, validation, stopwatch, notes)
            legend = (*model.classes_, *doubt.classes(model))
            areas = areas_of_file(folder / "map.tif", legend)
            result["areas"] = [area.to_json() for area in areas]
            result["doubt"] = describe_doubt(doubt, model, folder / "map.tif")
            write_json(folder / "result.json", result)
            read = describe_inputs(inputs, result["scene"]["sha256"], plan)
            write_json(folder / "run.json", describe_run(model, read))
            write_report(folder, scene)
    return result


def _scored_and_fitted(
    model: SceneClassifier, scene: Scene, plan: Plan, stopwatch: Stopwatch
) -> tuple[SceneClassifier, Validation | None]:
    """The classifier, fitted to all labels and calibrated, and what scores it.

    No label takes part in learning the scene, so what a denoiser learned of it serves all fits.
    """
    validation = None
    if plan.kind in ("split", "groups"):
        with stopwatch.stage("validate"):
            validation = plan.score(model, scene)
    with stopwatch.stage("learn"):
        model.fit(scene, plan.all_labels())
    if plan.kind == "labels":
        with stopwatch.stage("validate"):
            validation = plan.score(model, scene)
    if validation is not None:
        validation.warn_if_few()
    with stopwatch.stage("calibrate"):
        return _calibrated(model, scene, plan, validation), validation


def _calibrated(
    model: SceneClassifier, scene: Scene, plan: Plan, validation: Validation | None
) -> SceneClassifier:
    """The fitted classifier, calibrated on held-out labels; without any, as it is."""
    if validation is None:
        return model
    held_out = validation.held_out
    ids = [land_class.id for land_class in held_out.labels.classes]
    columns = [ids.index(land_class.id) for land_class in model.classes_]
    truth = held_out.labels.values[held_out.labels.values > 0]
    known = np.isin(truth, [land_class.id for land_class in model.classes_])
    said = held_out.probabilities[known][:, columns]
    classes = np.searchsorted([land_class.id for land_class in model.classes_], truth[known])
    return Calibrated.around(model, scene, plan.all_labels(), HeldOut(said, classes))


def describe_map(
    model: SceneClassifier,
    inputs: Inputs,
    plan: Plan,
    validation: Validation | None,
    stopwatch: Stopwatch,
    notes: list[str],
) -> dict[str, Any]:
    """The content of ``result.json``: scores of held-out labels, and the map's own model.

    ``n_train`` counts the labels that the scored model learned from, ``n_labels`` those that the
    map's model did.
    """
    n_labels = plan.learned.counts()
    if validation is None:
        scores = {"per_class": [asdict(land_class) for land_class in plan.learned.classes]}
    else:
        scores = validation.to_json(model.receptive_field_px)
    for entry in scores["per_class"]:
        entry["n_labels"] = n_labels[entry["id"]]
    reliability = None
    if validation is not None and plan.units is not None:
        reliability = measure_reliability(validation.held_out, plan.units)
    return {
        **describe_work(model, inputs.scene, stopwatch, notes),
        **scores,
        "reliability": reliability,
        "n_labels": plan.learned.n_labelled,
        "validation": describe_validation(plan, validation),
    }


def _check_nothing_is_overwritten(inputs: Inputs, out: Path) -> None:
    check_model_folder(out / "model")
    if (out / "experiment.json").exists():
        raise SettingError(f"--out {out} holds an experiment: give the name of another folder")
    written = {path.resolve() for path in outputs_of(out)}
    for path in (*inputs.scene.files, *inputs.label_files):
        if path.resolve() in written:
            raise SettingError(f"{path} would be overwritten: give another --out than {out}")


def check_is_new(out: Path, overwrite: bool) -> None:
    """Refuse, before the work, a folder that holds a result, unless it may be replaced.

    Raises:
        SettingError: if it holds one.
    """
    found = [path.name for path in outputs_of(out) if path.exists()]
    if found and not overwrite:
        raise SettingError(
            f"--out {out} holds an earlier result ({found[0]}): give the name of another folder, "
            "or --overwrite to replace it"
        )


def describe_inputs(inputs: Inputs, scene_sha256: str, plan: Plan) -> dict[str, Any]:
    """Which files were read, with their hashes."""
    labels = [
        {"path": str(path), "sha256": sha256_of_files(_with_companions(path))}
        for path in inputs.label_files
    ]
    return {
        "scene": {"path": str(inputs.scene_path), "sha256": scene_sha256},
        "labels": labels,
        "label_options": inputs.label_options.arguments(),
        "split": plan.about,
    }


def _with_companions(path: Path) -> list[Path]:
    """A label file and the files of its name that belong to it: a shapefile is several files."""
    if path.suffix.lower() != ".shp":
        return [path]
    return sorted(
        path.with_suffix(end) for end in SHAPEFILE_PARTS if path.with_suffix(end).exists()
    )


def outputs_of(out: Path) -> list[Path]:
    """What the job may write, the most wanted first."""
    names = ("report.html", "map.tif", "confidence.tif", "probabilities.tif")
    facts = ("map.qml", "confidence.qml", "result.json", "run.json", "held_out.npz", "split.npz")
    return [out / name for name in (*names, *facts, "model")]
