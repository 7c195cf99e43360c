"""All classifiers of the package by name, and the way back from a saved folder."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from hsidiff.baselines import BASELINES
from hsidiff.classifier import SceneClassifier
from hsidiff.errors import MissingFileError, SettingError, check_choice
from hsidiff.methods import METHODS
from hsidiff.saved_model import read_config

CLASSIFIERS: dict[str, type[SceneClassifier]] = {**METHODS, **BASELINES}


def find_classifier(name: str) -> type[SceneClassifier]:
    """The class that a name stands for.

    Args:
        name: a key of :data:`CLASSIFIERS`, or ``path/file.py:Class`` for one of your own.

    Raises:
        SettingError: if there is no such method, or the class does not keep the contract.
        MissingFileError: if there is no such file.
    """
    path, colon, class_name = name.rpartition(":")
    if not (colon and path.endswith(".py")):
        return CLASSIFIERS[check_choice("method", name, CLASSIFIERS)]
    if not Path(path).is_file():
        raise MissingFileError(f"method={name!r}: there is no file {path}")
    found = getattr(_import_file(Path(path)), class_name, None)
    if not (isinstance(found, type) and issubclass(found, SceneClassifier)):
        raise SettingError(f"method={name!r}: {class_name} is not a SceneClassifier in {path}")
    return found


def _import_file(path: Path) -> ModuleType:
    """Run a file of Python as a module."""
    spec = spec_from_file_location(f"own_classifier_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # Dataclasses look their module up there.
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def load_classifier(folder: str | Path) -> SceneClassifier:
    """Read a fitted classifier that :meth:`hsidiff.classifier.SceneClassifier.save` wrote.

    Args:
        folder: the folder that was given to ``save``.

    Raises:
        MissingFileError: if the folder or a file in it is missing.
        ModelError: if a file is broken.
        SettingError: if it holds a method that this version does not know.
    """
    method = read_config(folder)["method"]
    if method not in CLASSIFIERS:
        raise SettingError(
            f"{folder} holds a model of method={method!r}, which is none of "
            f"{', '.join(CLASSIFIERS)}: load it with its class (--method path/file.py:Class)"
        )
    return CLASSIFIERS[method].load(folder)
