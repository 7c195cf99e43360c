"""How the live map does on labels that its head did not learn from: scored as ``hsidiff map``."""

from dataclasses import replace
from typing import Any

import numpy as np

from hsidiff.errors import LabelError, SplitError, hear_warnings
from hsidiff.evaluation.predict_held_out import predictions_of
from hsidiff.evaluation.scored_map import describe_held_out
from hsidiff.evaluation.validation import default_plan, plan_of_nothing
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.viewer.fitted_head import FittedHead
from hsidiff.viewer.kept_values import KeptValues

METHOD = "live map"


def score_live(kept: KeptValues, labels: LabelMap) -> dict[str, Any]:
    """Hold out labels, fit heads to the others, score them.

    Args:
        kept: what is known of each pixel.
        labels: all labels.

    Returns:
        What ``result.json`` says of scores.
    """
    labels = replace(_on_valid_pixels(kept, labels), region=np.ones(labels.shape, dtype=bool))
    notes: list[str] = []
    with hear_warnings(notes.append):
        plan, validation = plan_of_nothing("", labels), None
        try:
            plan = default_plan(labels, kept.receptive_field_px, seed=0)
            validation = plan.scored_by(
                lambda splits: predictions_of(splits, lambda split: _predicted(kept, split))
            )
            validation.warn_if_few()
        except (SplitError, LabelError) as error:
            plan = plan_of_nothing(f"no label could be held out: {error}", labels)
        scores = describe_held_out(plan, validation, kept.receptive_field_px)
    return {"method": METHOD, "warnings": notes, **scores}


def _predicted(kept: KeptValues, split: Split) -> np.ndarray:
    """Probabilities (n, n_classes) of the test labels by a head fitted to the training labels."""
    head = FittedHead(kept, split.train)
    ids = [land_class.id for land_class in split.test.classes]
    columns = [ids.index(land_class.id) for land_class in head.classes]
    found = np.zeros((split.test.n_labelled, len(ids)), dtype=np.float32)
    found[:, columns] = head.probabilities_at(np.argwhere(split.test.values > 0))
    return found


def _on_valid_pixels(kept: KeptValues, labels: LabelMap) -> LabelMap:
    places = np.argwhere(labels.values > 0)
    is_valid = np.zeros(labels.shape, dtype=bool)
    valid = places[np.isfinite(kept.at(places)).all(axis=1)]
    is_valid[valid[:, 0], valid[:, 1]] = True
    return labels.keeping(is_valid)
