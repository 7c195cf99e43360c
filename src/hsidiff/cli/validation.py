"""The options that say how the score of a map is made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from hsidiff.cli.inputs import Inputs
from hsidiff.cli.options import option
from hsidiff.cli.split_options import SplitOptions, as_option
from hsidiff.errors import SettingError, check_choice
from hsidiff.evaluation.validation import (
    FEW_LABELS,
    Plan,
    default_kind,
    plan_of_groups,
    plan_of_labels,
    plan_of_nothing,
    plan_of_split,
)
from hsidiff.labels.group_folds import GROUPS

VALIDATIONS = ("split", "groups", "none")
SCORE_PANEL = "Score"


@dataclass(frozen=True)
class ValidationOptions:
    """What scores a map. The map itself learns from all labels."""

    validate: Annotated[
        str | None,
        option(
            SCORE_PANEL,
            "|".join(VALIDATIONS),
            "What scores the map: one split, folds over whole fields (blocks with --split blocks), "
            "or nothing.",
            show_default=f"groups below {FEW_LABELS} labels, else split",
        ),
    ] = None
    validation_labels: Annotated[
        Path | None,
        option(SCORE_PANEL, "FILE", "Labels that score the map and are never learned from."),
    ] = None
    validation_layer: Annotated[
        str | None,
        option(SCORE_PANEL, "NAME", "Layer of the file that holds them."),
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
    ) -> Plan:
        """Say which labels score the map, and which the map learns from.

        Raises:
            SettingError: if options of the split do not go with this way to score.
            SplitError: if the labels do not allow it.
        """
        kind, why = self._kind(split_options, inputs.labels.n_labelled)
        refuse_options(kind, split_options)
        if kind == "none":
            return plan_of_nothing(why, inputs.labels)
        if kind == "labels":
            assert self.validation_labels is not None
            given = inputs.read_test_labels(self.validation_labels, None, self.validation_layer)
            return plan_of_labels(why, inputs.labels, given)
        if kind == "split":
            split = split_options.make(inputs, receptive_field_px, seed)
            return plan_of_split(why, inputs.labels, split)
        options = {n: v for n, v in split_options.given().items() if n != "split"}
        groups = split_options.split or ("blocks" if "block_px" in options else "fields")
        options["groups"] = groups
        return plan_of_groups(why, inputs.labels, options, receptive_field_px, seed)

    def _kind(self, split_options: SplitOptions, n_labelled: int) -> tuple[str, str]:
        """The way to score, and why, in one line."""
        if self.validation_labels is not None:
            return "labels", f"labels of {self.validation_labels.name}"
        if self.validate is not None:
            return self.validate, "as was asked for"
        if split_options.given():
            return "split", "options of a split were given"
        return default_kind(n_labelled)


def refuse_options(kind: str, split_options: SplitOptions) -> None:
    """Refuse options of a split that another way to score has no use for.

    Raises:
        SettingError: if one was given.
    """
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
