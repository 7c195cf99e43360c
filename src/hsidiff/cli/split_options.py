"""The options of a split, which of them go together, and the split that they describe."""

from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Annotated, Any

from hsidiff.cli.inputs import Inputs
from hsidiff.cli.options import SPLIT_PANEL, option
from hsidiff.errors import SettingError, check_choice
from hsidiff.experiment.split_recipe import split_arguments, split_labels
from hsidiff.labels.field_split import SINGLE_FIELD
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    USUAL_SPLITS,
    block_split,
    random_split,
    usual_split,
)
from hsidiff.labels.split import Split

_OF_BLOCKS, _OF_RANDOM = signature(block_split).parameters, signature(random_split).parameters
_TRAIN_FRACTIONS = (
    f"{_OF_BLOCKS['train_fraction'].default} of the blocks or fields; with --split random "
    f"{_OF_RANDOM['train_fraction'].default} of the labels"
)

_TEST_FILE = {"test_labels": True, "test_labels_variable": False, "test_layer": False}
_OPTIONS = {kind: split_arguments(kind) for kind in SPLIT_KINDS} | {"published": _TEST_FILE}
"""Of each kind of split its options, and whether it needs them."""


@dataclass(frozen=True)
class SplitOptions:
    """The split that the options describe.

    Raises:
        SettingError: if the kind is unknown, an option is not one of it, or one is missing.
    """

    split: Annotated[
        str | None,
        option(
            SPLIT_PANEL,
            "KIND",
            f"How labels are split: {', '.join(SPLIT_KINDS)}.",
            "--split",
            show_default="fields for polygons, else blocks",
        ),
    ] = None
    train_fraction: Annotated[
        float | None,
        option(
            SPLIT_PANEL,
            "SHARE",
            "Share that trains, between 0 and 1: of the blocks, of the labelled pixels of each "
            "class (fields), or of the labels (random).",
            show_default=_TRAIN_FRACTIONS,
        ),
    ] = None
    samples_per_class: Annotated[
        int | None,
        option(
            SPLIT_PANEL,
            "N",
            "Training labels per class, drawn in the training blocks or fields; with --split "
            "per-class, anywhere.",
            show_default="all labels of the training blocks or fields",
        ),
    ] = None
    block_px: Annotated[
        int | None,
        option(
            SPLIT_PANEL,
            "PIXELS",
            "Side of a block of --split blocks.",
            show_default=str(_OF_BLOCKS["block_px"].default),
        ),
    ] = None
    single_field: Annotated[
        str | None,
        option(
            SPLIT_PANEL,
            "|".join(SINGLE_FIELD),
            "With --split fields, a class that lies in one field is cut in two, or left out.",
            show_default=SINGLE_FIELD[0],
        ),
    ] = None
    guard_px: Annotated[
        int | None,
        option(
            SPLIT_PANEL,
            "PIXELS",
            "Test labels nearer than this to a training label are left out.",
            show_default="the receptive field; less where a class would lose its test labels",
        ),
    ] = None
    test_labels: Annotated[
        Path | None,
        option(
            SPLIT_PANEL,
            "FILE",
            "Test labels of --split published; LABELS are then the training labels.",
        ),
    ] = None
    test_labels_variable: Annotated[
        str | None,
        option(SPLIT_PANEL, "NAME", "Array of the .mat or .npz file that holds the test labels."),
    ] = None
    test_layer: Annotated[
        str | None, option(SPLIT_PANEL, "NAME", "Layer of the file that holds the test labels.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse what does not go together before anything is read."""
        if self.split is not None:
            check_choice("split", self.split, SPLIT_KINDS)
        for name in self._given():
            if not any(name in _OPTIONS[kind] for kind in self._asked()):
                kinds = [kind for kind, names in _OPTIONS.items() if name in names]
                raise SettingError(
                    f"{as_option(name)} is no option of --split {' or '.join(self._asked())}: "
                    f"leave it out, or take --split {' or '.join(kinds)}"
                )
        if not self._possible():
            names = " and ".join(as_option(name) for name in self._given())
            raise SettingError(f"{names} are no options of one --split: leave one of them out")
        for name, is_needed in _OPTIONS[self._asked()[0]].items():
            if is_needed and name not in self._given():
                raise SettingError(f"--split {self.split} needs {as_option(name)}")

    def kind_for(self, labels: LabelMap) -> str:
        """The kind that was named or, if none was, that goes with the labels and the options."""
        usual, possible = usual_split(labels), self._possible()
        return usual if usual in possible else possible[0]

    def _asked(self) -> tuple[str, ...]:
        """The kind that was named, or those that may be taken where none was."""
        return USUAL_SPLITS if self.split is None else (self.split,)

    def _possible(self) -> list[str]:
        """Those of them that know all options given."""
        return [kind for kind in self._asked() if _OPTIONS[kind].keys() >= self._given().keys()]

    def given(self) -> dict[str, Any]:
        """All options that were given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def _given(self) -> dict[str, Any]:
        """Those beside the kind."""
        return {name: value for name, value in self.given().items() if name != "split"}

    def make(self, inputs: Inputs, receptive_field_px: int, seed: int) -> Split:
        """Split the labels.

        Raises:
            SettingError: if an option is out of range.
            SplitError: if the labels do not allow this split.
        """
        path, given = self.test_labels, self._given()
        return split_labels(
            self.kind_for(inputs.labels),
            inputs.labels,
            None
            if path is None
            else inputs.read_test_labels(path, self.test_labels_variable, self.test_layer),
            given,
            receptive_field_px=receptive_field_px,
            seed=seed,
        )


def as_option(name: str) -> str:
    """How a parameter is called on the command line."""
    return "--" + name.replace("_", "-")
