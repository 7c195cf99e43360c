"""How the score of a map is made: which labels are held out, and from whom."""

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from hsidiff.cli.inputs import Inputs, SplitOptions, as_option
from hsidiff.cli.options import option
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning, SettingError, SplitError, check_choice
from hsidiff.evaluation.comparison import spatial_units_of
from hsidiff.evaluation.held_out_labels import HeldOut, held_out_of
from hsidiff.evaluation.held_out_scores import HeldOutScores, score_held_out
from hsidiff.evaluation.predict_held_out import predict_held_out, probabilities_at
from hsidiff.evaluation.results import describe_scores, describe_split
from hsidiff.labels.group_folds import GROUPS, GroupFolding
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.pixel_split import published_split
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene

VALIDATIONS = ("split", "groups", "none")
FEW_LABELS = 500
"""Fewer labels than this are scored by folds, in which all take turns."""
VERY_FEW_LABELS, N_REPEATS = 100, 3
"""Folds of so few labels are dealt out several times; of more once, as each fit costs time."""
FEW_SCORED = 30
SCORE_PANEL = "Score"


@dataclass(frozen=True)
class ValidationOptions:
    """What scores a map. The map itself learns from all labels."""

    validate: Annotated[
        str | None,
        option(
            SCORE_PANEL,
            "|".join(VALIDATIONS),
            "Score on a split, by folds over whole fields (or blocks, --split blocks), or not.",
            show_default=f"groups below {FEW_LABELS} labels, else split",
        ),
    ] = None
    validation_labels: Annotated[
        Path | None,
        option(SCORE_PANEL, "FILE", "Labels that score the map and are never learned from."),
    ] = None
    validation_layer: Annotated[
        str | None, option(SCORE_PANEL, "NAME", "Layer of the file that holds these labels.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse what does not go together before anything is read."""
        if self.validate is not None:
            check_choice("validate", self.validate, VALIDATIONS)
            if self.validation_labels is not None:
                raise SettingError(
                    f"--validate {self.validate} and --validation-labels: give one of them"
                )
        if self.validation_layer is not None and self.validation_labels is None:
            raise SettingError("--validation-layer needs --validation-labels")

    def plan(
        self,
        inputs: Inputs,
        split_options: SplitOptions,
        receptive_field_px: int,
        seed: int,
    ) -> "Plan":
        """Say which labels score the map, and which the map learns from.

        Raises:
            SettingError: if options of the split do not go with this way to score.
            SplitError: if the labels do not allow it.
        """
        kind, why = self._kind(split_options, inputs.labels.n_labelled)
        refuse_options(kind, split_options)
        if kind == "none":
            return Plan(kind, why, inputs.labels)
        if kind == "labels":
            assert self.validation_labels is not None
            given = inputs.read_test_labels(self.validation_labels, None, self.validation_layer)
            return _plan_of_labels(why, inputs.labels, given)
        if kind == "split":
            split = split_options.make(inputs, receptive_field_px, seed)
            units, groups = spatial_units_of(inputs.labels)
            learned = _joined(split) if split.kind == "published" else inputs.labels
            return Plan(kind, why, learned, ((split,),), describe_split(split), units, groups)
        options = {n: v for n, v in split_options.given().items() if n != "split"}
        groups = split_options.split or ("blocks" if "block_px" in options else "fields")
        n_repeats = N_REPEATS if inputs.labels.n_labelled < VERY_FEW_LABELS else 1
        folding = GroupFolding(groups, n_repeats=n_repeats, **options)
        folds = folding.fold(inputs.labels, receptive_field_px, seed)
        about = {
            "kind": "groups",
            "parameters": folds.parameters,
            "sha256": _hash_of(folds.repeats),
        }
        return Plan(kind, why, inputs.labels, folds.repeats, about, folds.units, groups)

    def _kind(self, split_options: SplitOptions, n_labelled: int) -> tuple[str, str]:
        """The way to score, and why, in one line."""
        if self.validation_labels is not None:
            return "labels", f"labels of {self.validation_labels.name}"
        if self.validate is not None:
            return self.validate, "as was asked for"
        if split_options.given():
            return "split", "options of a split were given"
        if n_labelled < FEW_LABELS:
            return "groups", f"{n_labelled} labels are few, below {FEW_LABELS}"
        return "split", f"{n_labelled} labels are many, {FEW_LABELS} or more"


def refuse_options(kind: str, split_options: SplitOptions) -> None:
    """Refuse options of a split that another way to score has no use for."""
    allowed = {"split": None, "groups": ("split", "block_px", "guard_px", "single_field")}
    names = allowed.get(kind, ())
    if names is None:
        return
    way = "--validation-labels" if kind == "labels" else f"--validate {kind}"
    for name in split_options.given():
        if name not in names:
            raise SettingError(f"{as_option(name)} does not go with {way}: leave one of them out")
    if split_options.split not in (None, *GROUPS):
        raise SettingError(
            f"--split {split_options.split} does not go with {way}: groups are "
            f"{' or '.join(GROUPS)}"
        )


def _plan_of_labels(why: str, labels: LabelMap, given: LabelMap) -> "Plan":
    """Independent labels score a map that learns from all others."""
    learned = labels.keeping(given.values == 0, labels.region)
    n_shared = labels.n_labelled - learned.n_labelled
    if learned.n_labelled == 0:
        raise SplitError("every label is a validation label, too: give other labels to learn from")
    if n_shared:
        warnings.warn(
            f"{n_shared} labels lie on pixels of validation labels: they are not learned from",
            HsidiffWarning,
            stacklevel=2,
        )
    split = published_split(learned, given)
    units, groups = spatial_units_of(split.test)
    about = {"kind": "validation-labels", "parameters": {}, "sha256": split.sha256}
    return Plan("labels", why, split.train, ((split,),), about, units, groups)


def _joined(split: Split) -> LabelMap:
    """Both sides of a split."""
    values = split.train.values + split.test.values
    return replace(split.train, values=values, sample_ids=None, region=None)


def _hash_of(repeats: Sequence[Sequence[Split]]) -> str:
    """One hash of the pixels of all folds."""
    hashes = "".join(split.sha256 for repeat in repeats for split in repeat)
    return hashlib.sha256(hashes.encode()).hexdigest()


def _tested(splits: Sequence[Split]) -> LabelMap:
    """The test labels of all folds."""
    values = np.sum([split.test.values for split in splits], axis=0)
    return replace(splits[0].test, values=values, sample_ids=None)


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

    def scored_in(self, inputs: Inputs) -> "Plan":
        """The same plan, with the labels that score the map in the area of interest alone.

        Raises:
            LabelError: if there is none.
        """
        if inputs.area is None or not self.repeats:
            return self
        inputs.in_area(_tested(self.repeats[0]))
        repeats = tuple(
            tuple(
                replace(split, test=inputs.in_area(split.test))
                for split in splits
                if (split.test.values[inputs.area] > 0).any()
            )
            for splits in self.repeats
        )
        return replace(self, repeats=repeats)

    def all_labels(self) -> LabelMap:
        """What the map's own classifier learns from; it may see the whole scene.

        It chooses by the units that were held out from its score, if there are any.
        """
        unit = self.repeats[0][0].train.unit if self.repeats else self.learned.unit
        return replace(self.learned, region=np.ones(self.learned.shape, dtype=bool), unit=unit)

    def score(self, model: SceneClassifier, scene: Scene) -> "Validation":
        """Score copies of a classifier on labels that they did not learn from.

        Args:
            model: the classifier. Independent labels are scored on itself, so it must be fitted.
            scene: the scene.
        """
        assert self.units is not None
        if self.kind == "labels":
            given = self.repeats[0][0].test
            held_out = [held_out_of(given, probabilities_at(model, scene, given))]
        else:
            held_out = [predict_held_out(model, scene, splits) for splits in self.repeats]
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
                f"{interval.low:.0%} to {interval.high:.0%}; label more before you trust it",
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
