"""From labels to a map with its scores: what the button *Train* starts."""

from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.catalog import find_classifier
from hsidiff.contract import SceneClassifier
from hsidiff.errors import LabelError, SplitError
from hsidiff.evaluation.metrics import score
from hsidiff.evaluation.results import Stopwatch, describe_result
from hsidiff.experiment.split_recipe import split_labels
from hsidiff.files import write_json, write_whole_folder
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.split import Split
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.maps.geotiff import write_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.report.map_page import write_report
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.smoothed import build_classifier

HELD_OUT_NOTE = (
    "The scores are of a model that was fitted without the held-out labels; the map is of one "
    "that was fitted to all labels with the same settings."
)


def train_map(task: dict[str, Any]) -> None:
    """Score a method on held-out labels, fit it to all labels, map the scene.

    Args:
        task: ``scene`` (arguments of :func:`open_scene`), ``labels`` (file of
            :func:`save_labels`), ``classes``, ``method``, ``settings``, ``seed``, ``label_file``
            (a GeoPackage to keep beside the map), ``out`` (the folder that appears).

    Raises:
        LabelError: if there are too few labels.
    """
    scene = open_scene(**task["scene"])
    labels = without_invalid_pixels(_load_labels(task, scene), scene)
    stopwatch = Stopwatch()
    with write_whole_folder(task["out"]) as folder:
        scores = _score(task, scene, labels, folder, stopwatch)
        model = _new_model(task)
        with stopwatch.stage("learn"):
            model.fit(scene, labels)
        with stopwatch.stage("map"):
            predict_to_file(
                model, scene, folder / "map.tif", probabilities_path=folder / "probabilities.tif"
            )
        model.save(folder / "model")
        grid = (scene.crs, scene.transform)
        write_class_map(labels.values, labels.classes, folder / "labels.tif", *grid)
        (folder / "labels.gpkg").write_bytes(Path(task["label_file"]).read_bytes())
        about = {
            **model.description(),
            "classes": [vars(land_class) for land_class in model.classes_],
            "n_labels": labels.n_labelled,
            "seconds": stopwatch.to_json()["total"],
            "scores": scores,
        }
        write_json(folder / "layer.json", about)
        if scores.get("overall_accuracy") is not None:
            write_report(folder, scene)


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


def _score(
    task: dict[str, Any], scene: Scene, labels: LabelMap, folder: Path, stopwatch: Stopwatch
) -> dict[str, Any]:
    """Scores on labels that were held out, or why there are none."""
    model = _new_model(task)
    try:
        split = split_labels(
            "blocks",
            labels,
            None,
            {},
            receptive_field_px=model.receptive_field_px,
            seed=task["seed"],
        )
        with stopwatch.stage("learn"):
            model.fit(scene, split.train)
    except (SplitError, LabelError) as error:
        return {"reason": f"No scores: {error}"}
    with stopwatch.stage("score"):
        scores = score(_map_at(model, scene, split.test), split.test)
        leakage = measure_leakage(split, model.receptive_field_px)
    notes = [HELD_OUT_NOTE]
    result = describe_result(model, scene, split, scores, leakage, stopwatch, notes)
    write_json(folder / "result.json", result)
    split.save(folder / "split.npz")
    return _in_short(result, split)


def _map_at(model: SceneClassifier, scene: Scene, labels: LabelMap) -> np.ndarray:
    """The map (rows, cols) of the tiles that hold labels; 0 elsewhere."""
    class_map = np.zeros(scene.shape, dtype=np.int32)
    scene = model.check_scene(scene)
    windows = model.map_windows(scene)
    wanted = [window for window in windows if labels.values[window.slices].any()]
    for window, probabilities in model.predict_proba_windows(scene, wanted):
        class_map[window.slices] = model.most_probable(probabilities)
    return class_map


def _in_short(result: dict[str, Any], split: Split) -> dict[str, Any]:
    """What the page shows of a result."""
    names = ("overall_accuracy", "average_accuracy", "kappa", "n_train", "n_scored")
    leakage = result["leakage"]
    return {
        **{name: result[name] for name in names},
        "split": split.kind,
        "receptive_field_share": leakage["receptive_field_share"],
        "position_overall_accuracy": leakage["position_overall_accuracy"],
    }
