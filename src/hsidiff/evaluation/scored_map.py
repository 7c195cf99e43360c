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
    """The fitted classifier, calibrated on held-out labels; without any, as it is."""
    if validation is None:
        return model
    assert plan.units is not None
    held_out = validation.held_out
    ids = [land_class.id for land_class in held_out.labels.classes]
    columns = [ids.index(land_class.id) for land_class in model.classes_]
    is_scored = held_out.labels.values > 0
    truth, groups = held_out.labels.values[is_scored], plan.units[is_scored]
    known = np.isin(truth, [land_class.id for land_class in model.classes_])
    said = held_out.probabilities[known][:, columns]
    classes = np.searchsorted([land_class.id for land_class in model.classes_], truth[known])
    return Calibrated.around(
        model, scene, plan.all_labels(), HeldOutProba(said, classes), groups[known]
    )


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
        **describe_held_out(plan, validation, model.receptive_field_px),
    }


def describe_held_out(
    plan: Plan, validation: Validation | None, receptive_field_px: int
) -> dict[str, Any]:
    """The part of ``result.json`` that speaks of labels: scores, and what the map learned from."""
    n_labels = plan.learned.counts()
    if validation is None:
        scores = {"per_class": [asdict(land_class) for land_class in plan.learned.classes]}
    else:
        scores = validation.to_json(receptive_field_px)
    for entry in scores["per_class"]:
        entry["n_labels"] = n_labels[entry["id"]]
    reliability = None
    if validation is not None and plan.units is not None:
        reliability = measure_reliability(validation.held_out, plan.units)
    return {
        **scores,
        "reliability": reliability,
        "n_labels": plan.learned.n_labelled,
        "validation": describe_validation(plan, validation),
    }
