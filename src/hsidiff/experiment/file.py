"""The file of an experiment: TOML, checked before anything runs.

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
from dataclasses import dataclass
from pathlib import Path

from hsidiff.errors import (
    LARGEST_RANDOM_STATE,
    MissingFileError,
    SettingError,
    check_choice,
    check_whole_number,
)
from hsidiff.experiment.folder import file_name
from hsidiff.experiment.method import (
    SETTING_TABLES,
    FindClassifier,
    MethodRecipe,
    read_methods,
)
from hsidiff.experiment.scene import SceneSource, read_source
from hsidiff.experiment.split import SplitRecipe, read_split
from hsidiff.experiment.toml_table import NUMBER, Types, check_distinct, check_table

DEFAULT_VALIDATION_FRACTION = 0.25
_KEYS: dict[str, Types] = {
    "seeds": list,
    "methods": list,
    "scenes": list,
    "splits": list,
    "validation_fraction": NUMBER,
    "map": str,
    **dict.fromkeys(SETTING_TABLES, dict),
}


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
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise MissingFileError(f"{path}: there is no such experiment file") from error
    except ValueError as error:
        raise SettingError(f"{path} is not readable as TOML: {error}") from error
    check_table("the file", content, _KEYS, ("seeds", "methods", "scenes", "splits"))
    for seed in content["seeds"]:
        check_whole_number("seeds", seed, 0, LARGEST_RANDOM_STATE)
    fraction = content.get("validation_fraction", DEFAULT_VALIDATION_FRACTION)
    if not 0 < fraction < 1:
        raise SettingError(f"validation_fraction={fraction}: must lie strictly between 0 and 1")
    mapped = check_choice("map", content.get("map", "all"), ("all", "labelled"))
    folder = path.absolute().parent
    scenes = tuple(read_source(table, folder) for table in content["scenes"])
    splits = tuple(read_split(table, scenes) for table in content["splits"])
    methods = read_methods(content, folder, find)
    check_distinct("seeds", content["seeds"])
    for what, names in (
        ("names of scenes", [scene.name for scene in scenes]),
        ("names of splits", [split.name for split in splits]),
        ("methods", [method.label for method in methods]),
    ):
        # Two names that differ in case only are one folder on some systems.
        check_distinct(what, [file_name(name).casefold() for name in names])
    seeds = tuple(content["seeds"])
    return Experiment(text, seeds, methods, scenes, splits, float(fraction), mapped)
