"""From labels to a map with its scores: what the button *Train* starts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.catalog import find_classifier
from hsidiff.contract import SceneClassifier
from hsidiff.errors import LabelError, SplitError
from hsidiff.evaluation.results import Stopwatch, describe_run
from hsidiff.evaluation.scored_map import describe_map, score_and_fit
from hsidiff.evaluation.validation import Plan, Validation, default_plan, plan_of_nothing
from hsidiff.files import write_json, write_whole_folder
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.maps.abstaining import Counts, risk_and_coverage
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.doubt import NO_DOUBT
from hsidiff.maps.geotiff import write_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.report.map_accuracy import areas_of_file
from hsidiff.report.map_page import write_report
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.smoothed import build_classifier

LABEL_RASTER = "labels.tif"


def train_map(
    task: dict[str, Any], notes: list[str], tell_fits: Callable[[int], None] = lambda _: None
) -> None:
    """Score a method on held-out labels, fit it to all labels, map the scene.

    The folder that appears is one as ``hsidiff map`` writes it, with the labels.

    Args:
        task: ``scene`` (arguments of :func:`open_scene`), ``labels`` (file of
            :func:`save_labels`), ``classes``, ``method``, ``settings``, ``seed``, ``label_file``
            (a GeoPackage to keep beside the map), ``out`` (the folder that appears).
        notes: the warnings given so far; the list grows while this runs.
        tell_fits: called with the number of fits, once it is known.

    Raises:
        LabelError: if there are too few labels.
    """
    scene = open_scene(**task["scene"])
    labels = without_invalid_pixels(_load_labels(task, scene), scene)
    stopwatch = Stopwatch()
    # 1. Score on held-out labels, and learn from all.
    plan, model, validation = _scored_and_fitted(task, scene, labels, stopwatch, tell_fits)

    # 2. Map, and write everything.
    with write_whole_folder(task["out"]) as folder:
        with stopwatch.stage("map"):
            drawn = _draw(model, scene, folder)
        model.save(folder / "model")
        _keep_labels(task, labels, folder)
        if plan.split is not None:
            plan.split.save(folder / "split.npz")
        if validation is not None:
            validation.held_out.save(folder / "held_out.npz")
        result = describe_map(model, scene, plan, validation, stopwatch, notes)
        write_json(folder / "result.json", {**result, **drawn})
        write_json(folder / "run.json", describe_run(model, _inputs(task, result)))
        write_report(folder, scene, labels=plan.learned)


def _scored_and_fitted(
    task: dict[str, Any],
    scene: Scene,
    labels: LabelMap,
    stopwatch: Stopwatch,
    tell_fits: Callable[[int], None],
) -> tuple[Plan, SceneClassifier, Validation | None]:
    """A fitted model, and its scores; labels that allow none are no reason to draw no map."""
    model = _new_model(task)
    try:
        plan = default_plan(labels, model.receptive_field_px, task["seed"])
        tell_fits(sum(map(len, plan.repeats)) + 1)
        return plan, *score_and_fit(model, scene, plan, stopwatch)
    except (SplitError, LabelError) as error:
        plan = plan_of_nothing(f"no label could be held out: {error}", labels)
        tell_fits(1)
        return plan, *score_and_fit(_new_model(task), scene, plan, stopwatch)


def _draw(model: SceneClassifier, scene: Scene, folder: Path) -> dict[str, Any]:
    """Draw the map into a folder; say of it, as JSON values, what ``hsidiff map`` does."""
    path, confidence_path = folder / "map.tif", folder / "confidence.tif"
    predict_to_file(
        model,
        scene,
        path,
        probabilities_path=folder / "probabilities.tif",
        layers=(ConfidenceLayer(confidence_path),),
    )
    counts = Counts.of_map(model, NO_DOUBT, path, confidence_path)
    return {
        "areas": [area.to_json() for area in areas_of_file(path, model.classes_)],
        "risk_and_coverage": risk_and_coverage(model, counts, None),
    }


def _keep_labels(task: dict[str, Any], labels: LabelMap, folder: Path) -> None:
    """The labels as they are now, for a GIS and for this program."""
    grid = (labels.crs, labels.transform)
    write_class_map(labels.values, labels.classes, folder / LABEL_RASTER, *grid)
    (folder / "labels.gpkg").write_bytes(Path(task["label_file"]).read_bytes())


def _inputs(task: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """What was read, as :mod:`hsidiff.cli.job` says it."""
    source, *options = task["scene"].items()
    return {
        "scene": {"path": source[1], "sha256": result["scene"]["sha256"]},
        "scene_options": dict(options),
        "labels": [{"path": str(Path(task["out"]) / LABEL_RASTER)}],
        "label_options": {},
        "split": result.get("split"),
    }


def save_labels(labels: LabelMap, path: Path) -> None:
    """Keep labels, which say which feature each came from, for :func:`train_map`."""
    assert labels.sample_ids is not None
    np.savez_compressed(path, values=labels.values, sample_ids=labels.sample_ids)


def _load_labels(task: dict[str, Any], scene: Scene) -> LabelMap:
    arrays = np.load(task["labels"], allow_pickle=False)
    return LabelMap(
        arrays["values"],
        tuple(LandClass(**land_class) for land_class in task["classes"]),
        sample_ids=arrays["sample_ids"],
        unit="fields",
        crs=scene.crs,
        transform=scene.transform,
    )


def _new_model(task: dict[str, Any]) -> SceneClassifier:
    classifier = find_classifier(task["method"])
    known = classifier().get_params(deep=False)
    seed = {"random_state": task["seed"]} if "random_state" in known else {}
    return build_classifier(classifier, {**seed, **task["settings"]})
