"""A classifier that maps a scene: scored on held-out labels, fitted to all, calibrated."""

from dataclasses import asdict
from typing import Any

import numpy as np

from hsidiff.calibrated import Calibrated
from hsidiff.calibration import HeldOutProba
from hsidiff.contract import SceneClassifier
from hsidiff.evaluation.reliability import measure_reliability
from hsidiff.evaluation.results import Stopwatch, describe_work
from hsidiff.evaluation.validation import Plan, Validation, describe_validation
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import usual_split
from hsidiff.scenes.scene import Scene


def score_and_fit(
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
    """The fitted classifier, calibrated on held-out labels; where nothing scores it, as it is.

    Copies that score it learn from fewer labels than it, so it predicts folds of its own. Labels of
    other sources were predicted by itself, and where a fit takes long those that score it must do.
    """
    if validation is None:
        return model
    held_out = None
    if plan.kind == "labels" or model.n_held_out_folds == 1:
        ids = [land_class.id for land_class in model.classes_]
        held_out = _held_out_proba(plan, validation, ids)
    return Calibrated.around(model, scene, plan.all_labels(), held_out, near_unit(plan.learned))


def near_unit(labels: LabelMap) -> str:
    """What is held out as a whole to calibrate a map: "blocks" or "fields", as its labels say.

    Points say "fields" (:attr:`hsidiff.labels.label_map.LabelMap.unit`), and are held out in
    blocks: a point is a field by itself, and those beside it would remain.
    """
    return "fields" if labels.unit == usual_split(labels) == "fields" else "blocks"


def _held_out_proba(plan: Plan, validation: Validation, ids: list[int]) -> HeldOutProba:
    """What was said of labels that score a map, of those of the classes ``ids``, in their order."""
    assert plan.units is not None
    held_out = validation.held_out
    known_ids = [land_class.id for land_class in held_out.labels.classes]
    columns = [known_ids.index(class_id) for class_id in ids]
    is_scored = held_out.labels.values > 0
    truth, groups = held_out.labels.values[is_scored], plan.units[is_scored]
    known = np.isin(truth, ids) & held_out.probabilities.any(axis=1)
    said = held_out.probabilities[known][:, columns]
    return HeldOutProba(said, np.searchsorted(ids, truth[known]), groups[known])


def describe_map(
    model: SceneClassifier,
    scene: Scene,
    plan: Plan,
    validation: Validation | None,
    stopwatch: Stopwatch,
    notes: list[str],
) -> dict[str, Any]:
    """The content of ``result.json``: scores of held-out labels, and the map's own model.

    ``n_train`` counts the labels that the scored model learned from, ``n_labels`` those that the
    map's model did.
    """
    return {
        **describe_work(model, scene, stopwatch, notes),
        **describe_held_out(plan, validation, model.receptive_field_px, model),
    }


def describe_held_out(
    plan: Plan,
    validation: Validation | None,
    receptive_field_px: int,
    model: SceneClassifier | None = None,
) -> dict[str, Any]:
    """The part of ``result.json`` that speaks of labels: scores, and what the map learned from.

    The confidence is judged on what calibrated ``model``, or on the labels that score a map whose
    model is not at hand.
    """
    n_labels = plan.learned.counts()
    if validation is None:
        scores = {"per_class": [asdict(land_class) for land_class in plan.learned.classes]}
    else:
        scores = validation.to_json(receptive_field_px)
    for entry in scores["per_class"]:
        entry["n_labels"] = n_labels[entry["id"]]
    return {
        **scores,
        "reliability": _reliability(plan, validation, model),
        "n_labels": plan.learned.n_labelled,
        "validation": describe_validation(plan, validation),
    }


def _reliability(
    plan: Plan, validation: Validation | None, model: SceneClassifier | None
) -> dict[str, Any] | None:
    """How right held-out labels are where their predictions say how sure they are."""
    if isinstance(model, Calibrated):
        return measure_reliability(model.by_groups_, model.source_)
    if validation is None:
        return None
    ids = [land_class.id for land_class in validation.held_out.labels.classes]
    return measure_reliability(_held_out_proba(plan, validation, ids), "score")
