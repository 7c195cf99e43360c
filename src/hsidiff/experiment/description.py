"""The file that describes an experiment: TOML, checked before anything runs.

::

    seeds = [0, 1, 2, 3, 4]
    methods = ["svm", "position", "spectraldiff", "own.py:MyMethod"]
    validation_fraction = 0.25         # of the training labels, for [choose.LABEL]
    map = "all"                        # or "labelled": only around labels; scores are the same

    [[scenes]]                         # or: embedded = true; or: benchmark = "indian-pines"
    name = "salinas-a"
    path = "${HSIDIFF_DATA}/SalinasA_corrected.mat"
    labels = "SalinasA_gt.mat"         # relative to this file
    # With test_labels = "..." these are the training labels of the split "published".
    # class_names = ["..."] names the ids 1, 2, ... where the labels' file does not.

    [[splits]]                         # of all scenes, unless scenes = [...] says which
    kind = "blocks"
    samples_per_class = 30

    [settings.spectraldiff]            # of a label in methods
    profile = "fast"
    [grid.spectraldiff]                # each combination becomes a method of its own
    timesteps = [[5], [100, 200]]
    [choose.svm]                       # each cell chooses a combination on validation pixels
    n_folds = [3, 5]
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from hsidiff.errors import LARGEST_RANDOM_STATE, MissingFileError, SettingError
from hsidiff.experiment.checked_table import (
    Distinct,
    Setting,
    Several,
    Table,
    check_distinct,
    refuse,
)
from hsidiff.experiment.folder import file_name
from hsidiff.experiment.method_recipe import FindClassifier, MethodRecipe, read_methods
from hsidiff.experiment.scene_source import SceneSource
from hsidiff.experiment.split_recipe import SplitRecipe
from hsidiff.files import is_special


def _check_folders(labels: Sequence[str]) -> None:
    """Refuse two names that differ in case only: they are one folder on some systems."""
    check_distinct([file_name(label).casefold() for label in labels])


def _named_apart(tables: tuple[Any, ...]) -> tuple[Any, ...]:
    _check_folders([table.name for table in tables])
    return tables


NamedApart = AfterValidator(_named_apart)


class _File(Table):
    """The keys of the file."""

    seeds: Distinct[Annotated[int, Field(ge=0, le=LARGEST_RANDOM_STATE)]]
    methods: Distinct[str]
    scenes: Annotated[Several[SceneSource], NamedApart]
    splits: Annotated[Several[SplitRecipe], NamedApart]
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.25
    map: Literal["all", "labelled"] = "all"
    settings: dict[str, dict[str, Setting]] = Field(default_factory=dict)
    grid: dict[str, dict[str, Distinct[Setting]]] = Field(default_factory=dict)
    choose: dict[str, dict[str, Distinct[Setting]]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """What the file says, checked.

    Attributes:
        text: the file as it is.
        seeds: of splits and methods.
        methods: with the combinations of a grid as methods of their own.
        scenes: in the file's order.
        splits: in the file's order.
        validation_fraction: share of the training labels on which methods with candidates choose.
        map: which pixels are mapped, "all" or "labelled" and those around; scores do not depend on
            it, seconds do.
    """

    text: str
    seeds: tuple[int, ...]
    methods: tuple[MethodRecipe, ...]
    scenes: tuple[SceneSource, ...]
    splits: tuple[SplitRecipe, ...]
    validation_fraction: float
    map: str


def read_experiment(path: str | Path, find: FindClassifier) -> Experiment:
    """Read and check the file of an experiment; no scene is opened.

    Args:
        path: the file.
        find: gives the class of a method.

    Raises:
        MissingFileError: if there is no such file.
        SettingError: if it is no TOML, or a key or value in it is unknown or of the wrong type.
    """
    path = Path(path)
    folder = path.absolute().parent
    try:
        if is_special(path):
            raise ValueError("it is a pipe or a device")
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise MissingFileError(f"{path}: there is no such experiment file") from error
    except OSError as error:
        raise SettingError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingError(f"{path} is not readable as TOML: {error}") from error
    try:
        return _checked(text, content, folder, find)
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error


def _checked(text: str, content: dict[str, Any], folder: Path, find: FindClassifier) -> Experiment:
    """What the file says, checked; paths in it are relative to its folder."""
    try:
        file = _File.model_validate(content, context={"folder": folder})
    except ValidationError as error:
        refuse(error, content)
    tables = {"settings": file.settings, "grid": file.grid, "choose": file.choose}
    methods = read_methods(file.methods, tables, folder, find)
    _check_folders([method.label for method in methods])
    splits = tuple(split.of_scenes(file.scenes) for split in file.splits)
    fraction = file.validation_fraction
    return Experiment(text, file.seeds, methods, file.scenes, splits, fraction, file.map)
