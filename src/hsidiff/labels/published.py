"""Training and test labels that somebody published, in one file or two."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hsidiff.errors import LabelError
from hsidiff.labels.class_table import read_class_table
from hsidiff.labels.label_files import label_errors_of
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.matching import with_ids_of
from hsidiff.labels.read import read_labels
from hsidiff.labels.vector_file import VECTOR_SUFFIXES
from hsidiff.scenes.formats.arrays import ARRAY_SUFFIXES, list_arrays
from hsidiff.scenes.scene import Scene


def read_test_labels(
    test: Path,
    train: Path,
    train_labels: LabelMap,
    scene: Scene,
    options: Mapping[str, Any],
    *,
    test_variable: str | None = None,
    test_layer: str | None = None,
) -> LabelMap:
    """Read the test labels that belong to training labels, with the same class ids.

    Args:
        test: the file of the test labels; it may be that of the training labels.
        train: the file of the training labels.
        train_labels: the training labels, whose ids count.
        scene: the scene they label.
        options: how the training labels were read, the options of :func:`read_labels`. They count
            here too, where they apply; a ``variable`` of another file only if it has one.
        test_variable: name of the array of the test labels; None takes that of the training labels
            or, in the same file, the only other one.
        test_layer: name of the layer of the test labels; None takes that of the training labels.

    Raises:
        LabelError: as :func:`read_labels`, or if it is left open which labels of a file they are.
        MissingFileError: if there is no such file.
    """
    own = dict(options)
    if isinstance(own.get("class_names"), str):  # a table; test labels may lack some classes
        own["class_names"] = replace(read_class_table(own["class_names"]), needs_all=False)
    is_same = test.exists() and train.exists() and test.samefile(train)
    suffix = test.suffix.lower()
    if suffix not in VECTOR_SUFFIXES:
        own["field"] = None
    own["layer"] = test_layer or (None if suffix not in VECTOR_SUFFIXES else own.get("layer"))
    own["variable"] = test_variable
    if test_variable is None and suffix in ARRAY_SUFFIXES and test.exists():
        variable = options.get("variable")
        own["variable"] = (
            _other_variable(test, scene, variable) if is_same else _if_there(test, variable)
        )
    elif is_same and test_variable is None and own["layer"] == options.get("layer"):
        raise LabelError(
            f"{test.name} is the file of the training labels, too: say which layer holds the test "
            "labels with test_layer= (--test-layer), or name another file"
        )
    return with_ids_of(read_labels(test, scene, **own), train_labels.classes, "the training labels")


def _other_variable(path: Path, scene: Scene, variable: str | None) -> str | None:
    """The only array of the scene's shape beside that of the training labels."""
    with label_errors_of(path):
        arrays = [array.name for array in list_arrays(path) if array.shape == scene.shape]
    others = [name for name in arrays if name != variable]
    if variable is None or variable not in arrays or len(others) != 1:
        raise LabelError(
            f"{path.name} holds the label arrays {', '.join(arrays) or 'none'}: name those of the "
            "training labels with variable= (--labels-variable) and those of the test labels with "
            "test_variable= (--test-labels-variable)"
        )
    return others[0]


def _if_there(path: Path, variable: str | None) -> str | None:
    """A variable's name, if the file has an array of that name."""
    with label_errors_of(path):
        names = {array.name for array in list_arrays(path)}
    return variable if variable in names else None
