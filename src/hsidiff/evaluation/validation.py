"""How the score of a map is made: which labels are held out, from whom, and what comes of it."""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hsidiff.amounts import count, percent
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning, LabelError, SplitError
from hsidiff.evaluation.comparison import spatial_units
from hsidiff.evaluation.held_out_labels import HeldOut, held_out_of
from hsidiff.evaluation.held_out_scores import HeldOutScores, score_held_out
from hsidiff.evaluation.predict_held_out import predict_held_out, probabilities_at
from hsidiff.evaluation.results import describe_scores, describe_split
from hsidiff.labels.group_folds import GroupFolding
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.pixel_split import block_split, field_split, published_split, usual_split
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene

FEW_LABELS = 500
"""Fewer labels than this are scored by folds, in which all take turns."""
VERY_FEW_LABELS, N_REPEATS = 100, 3
"""Folds of so few labels are dealt out several times; of more once, as each fit costs time."""
FEW_SCORED = 30


def default_kind(n_labelled: int) -> tuple[str, str]:
    """How so many labels are scored if nobody says how, "groups" or "split", and why."""
    if n_labelled < FEW_LABELS:
        return "groups", f"{count(n_labelled)} labels are few, below {FEW_LABELS}"
    return "split", f"{count(n_labelled)} labels are many, {FEW_LABELS} or more"


def default_plan(labels: LabelMap, receptive_field_px: int, seed: int) -> "Plan":
    """How labels are scored if nobody says how.

    Raises:
        SplitError: if too few labels, or too close to each other, allow no score.
    """
    kind, why = default_kind(labels.n_labelled)
    if kind == "groups":
        return plan_of_groups(why, labels, {}, receptive_field_px, seed)
    by_unit = field_split if usual_split(labels) == "fields" else block_split
    split = by_unit(labels, receptive_field_px=receptive_field_px, random_state=seed)
    return plan_of_split(why, labels, split)


def hint_for_few_labels(n_labelled: int, quick: str | None) -> str:
    """What a person may want to know before a slow method is scored on very few labels; or nothing.

    Args:
        n_labelled: labels in all.
        quick: what takes seconds, and was right as often on the few labels that were measured;
            None if the method itself is quick.
    """
    if quick is None or not 0 < n_labelled < VERY_FEW_LABELS:
        return ""
    n_fits = N_REPEATS * GroupFolding.n_folds
    return (
        f"{n_labelled} labels are few: {n_fits} fits score the map, which takes minutes with this "
        f"method; {quick} takes seconds and did as well on the few labels that were measured"
    )


def plan_of_nothing(why: str, labels: LabelMap) -> "Plan":
    """No label scores the map; ``why`` says why."""
    return Plan("none", why, labels)


def plan_of_split(why: str, labels: LabelMap, split: Split) -> "Plan":
    """One split scores the map, which learns from all labels."""
    units, groups = spatial_units(labels)
    learned = split.both_sides() if split.kind == "published" else labels
    return Plan("split", why, learned, ((split,),), describe_split(split), units, groups)


def plan_of_groups(
    why: str, labels: LabelMap, options: dict[str, Any], receptive_field_px: int, seed: int
) -> "Plan":
    """Folds over whole groups score the map, which learns from all labels.

    Args:
        why: why it is done so.
        labels: all labels.
        options: settings of :class:`~hsidiff.labels.group_folds.GroupFolding` that were chosen.
        receptive_field_px: what the method looks at.
        seed: of the draws.
    """
    n_repeats = N_REPEATS if labels.n_labelled < VERY_FEW_LABELS else 1
    folding = GroupFolding(**{"n_repeats": n_repeats, **options})
    folds = folding.fold(labels, receptive_field_px, seed)
    about = {
        "kind": "groups",
        "parameters": folds.parameters,
        "sha256": _hash_of(folds.repeats),
    }
    return Plan("groups", why, labels, folds.repeats, about, folds.units, folding.groups)


def plan_of_labels(why: str, labels: LabelMap, given: LabelMap) -> "Plan":
    """Independent labels score a map that learns from all others.

    Raises:
        SplitError: if none is left to learn from.

    Warns:
        HsidiffWarning: if labels lie on pixels of validation labels.
    """
    learned = labels.keeping(given.values == 0, labels.region)
    n_shared = labels.n_labelled - learned.n_labelled
    if learned.n_labelled == 0:
        raise SplitError("every label is a validation label, too: give other labels to learn from")
    if n_shared:
        warnings.warn(
            f"{count(n_shared)} labels lie on pixels of validation labels: they are not "
            "learned from",
            HsidiffWarning,
            stacklevel=2,
        )
    split = published_split(learned, given)
    units, groups = spatial_units(split.test)
    about = {"kind": "validation-labels", "parameters": {}, "sha256": split.sha256}
    return Plan("labels", why, split.train, ((split,),), about, units, groups)


def _hash_of(repeats: Sequence[Sequence[Split]]) -> str:
    """One hash of the pixels of all folds."""
    hashes = "".join(split.sha256 for repeat in repeats for split in repeat)
    return hashlib.sha256(hashes.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Plan:
    """Which labels score a map, and which the map learns from.

    Attributes:
        kind: "split", "groups", "labels" (independent ones) or "none".
        why: why it is this kind, in words.
        learned: all labels that the map learns from.
        repeats: of each repeat its splits: training and test labels.
        about: kind, parameters and hash of what holds out.
        units: (rows, cols) int, which labels are right or wrong together.
        groups: what a unit is.
    """

    kind: str
    why: str
    learned: LabelMap
    repeats: tuple[tuple[Split, ...], ...] = ()
    about: dict[str, Any] | None = None
    units: np.ndarray | None = None
    groups: str = ""

    @property
    def split(self) -> Split | None:
        """The one split that scores the map, if it is one."""
        return self.repeats[0][0] if self.kind in ("split", "labels") else None

    def scored_in(self, area: np.ndarray | None) -> "Plan":
        """The same plan, with the labels that score the map in an area of interest alone.

        Args:
            area: (rows, cols) bool; None is everywhere.

        Raises:
            LabelError: if there is none.
        """
        if area is None or not self.repeats:
            return self
        repeats = tuple(
            tuple(
                replace(split, test=split.test.keeping(area, split.test.region))
                for split in splits
                if (split.test.values[area] > 0).any()
            )
            for splits in self.repeats
        )
        if not all(repeats):
            raise LabelError("no test label lies in the area of interest: enlarge it (--area)")
        return replace(self, repeats=repeats)

    def all_labels(self) -> LabelMap:
        """What the map's own classifier learns from; it may see the whole scene.

        It chooses by the units that were held out for its score, if there are any.
        """
        unit = self.repeats[0][0].train.unit if self.repeats else self.learned.unit
        return replace(self.learned, region=np.ones(self.learned.shape, dtype=bool), unit=unit)

    def score(self, model: SceneClassifier, scene: Scene) -> "Validation":
        """Score copies of a classifier on labels that they did not learn from.

        Args:
            model: the classifier. Independent labels are scored on itself, so it must be fitted.
            scene: the scene.
        """
        if self.kind == "labels":
            given = self.repeats[0][0].test
            return self.scored_by(
                lambda _: held_out_of(given, probabilities_at(model, scene, given))
            )
        return self.scored_by(lambda splits: predict_held_out(model, scene, splits))

    def scored_by(self, predict: Callable[[Sequence[Split]], HeldOut]) -> "Validation":
        """Score what ``predict`` gives: predictions of the test sides of a repeat's splits."""
        assert self.units is not None
        held_out = [predict(splits) for splits in self.repeats]
        scored = [score_held_out(one, self.units, self.groups) for one in held_out]
        accuracies = [one.scores.overall_accuracy for one in scored]
        told = int(np.argsort(accuracies, kind="stable")[(len(scored) - 1) // 2])
        return Validation(self, held_out[told], scored[told], told, tuple(accuracies))


@dataclass(frozen=True, eq=False)
class Validation:
    """Held-out predictions and their scores.

    Of several repeats the one with the median overall accuracy is told, so that all figures come
    from one prediction of each label; the accuracies of the others stand beside it.

    Attributes:
        plan: what was held out.
        held_out: the predictions of the repeat that is told.
        scored: its scores, with intervals.
        told: which repeat it is.
        accuracies: overall accuracy of each repeat.
    """

    plan: Plan
    held_out: HeldOut
    scored: HeldOutScores
    told: int
    accuracies: tuple[float, ...]

    def warn_if_few(self) -> None:
        """Caution where so few labels are scored that the score is hardly more than luck."""
        n_scored, interval = self.scored.scores.n_scored, self.scored.overall
        if n_scored < FEW_SCORED:
            warnings.warn(
                f"only {n_scored} labels are scored: the overall accuracy may be anything from "
                f"{percent(interval.low, 0)} to {percent(interval.high, 0)}; label more before you "
                "trust it",
                HsidiffWarning,
                stacklevel=2,
            )

    def to_json(self, receptive_field_px: int) -> dict[str, Any]:
        """The part of ``result.json`` that speaks of scores."""
        splits = self.plan.repeats[self.told]
        leakage = measure_leakage(splits, receptive_field_px)
        return {
            "split": self.plan.about,
            **describe_scores(splits, self.scored.scores, leakage),
        }


def describe_validation(plan: Plan, validation: Validation | None) -> dict[str, Any]:
    """How a map was scored, what it learned from, and how sure the scores are."""
    about: dict[str, Any] = {
        "kind": plan.kind,
        "why": plan.why,
        "map_learned_from": "all labels" if plan.kind != "labels" else "all other labels",
    }
    if validation is None:
        return about
    return about | {
        "scored_model": "of the map"
        if plan.kind == "labels"
        else "another, fitted to the training labels of each fold or split",
        "repeats": list(validation.accuracies),
        "intervals": validation.scored.to_json(),
    }
