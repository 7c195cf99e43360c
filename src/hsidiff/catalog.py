"""All classifiers of the package by name, and the way back from a saved folder."""

from pathlib import Path

from hsidiff.baselines import BASELINES
from hsidiff.classifier import SceneClassifier, read_config
from hsidiff.errors import check_choice
from hsidiff.methods import METHODS

CLASSIFIERS: dict[str, type[SceneClassifier]] = {**METHODS, **BASELINES}


def load_classifier(folder: str | Path) -> SceneClassifier:
    """Read a fitted classifier that :meth:`hsidiff.classifier.SceneClassifier.save` wrote.

    Args:
        folder: the folder that was given to ``save``.

    Raises:
        MissingFileError: if the folder or a file in it is missing.
        ModelError: if a file is broken.
        SettingError: if it holds a method that this version does not know.
    """
    method = check_choice("method", read_config(folder)["method"], CLASSIFIERS)
    return CLASSIFIERS[method].load(folder)
