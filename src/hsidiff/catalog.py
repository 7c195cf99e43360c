"""All classifiers of the package by name, and the way back from a saved folder."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from hsidiff.baselines import BASELINES
from hsidiff.calibrated import Calibrated
from hsidiff.contract import SceneClassifier
from hsidiff.errors import MissingFileError, ModelError, SettingError, check_choice
from hsidiff.methods import METHODS
from hsidiff.saved_model import INNER, read_config
from hsidiff.smoothed import Smoothed
from hsidiff.wrapped import Wrapped

CLASSIFIERS: dict[str, type[SceneClassifier]] = {**METHODS, **BASELINES}
WRAPPERS: dict[str, type[Wrapped]] = {one.name: one for one in (Smoothed, Calibrated)}
DEFAULT_METHOD = "spectraldiff"
"""What is taken if none is named."""
QUICK_METHOD = "lda"
"""Right at least as often on the few labels that were measured (docs/results.md)."""


def quicker_than(method: str) -> str | None:
    """A method that takes seconds, for a method by name that does not; None for one that does."""
    return QUICK_METHOD if method == DEFAULT_METHOD else None


def find_classifier(name: str) -> type[SceneClassifier]:
    """The class that a name stands for.

    Args:
        name: a key of :data:`CLASSIFIERS`, or ``path/file.py:Class`` for one of your own.

    Raises:
        SettingError: if there is no such method, or the class does not keep the contract.
        MissingFileError: if there is no such file.
    """
    path, colon, class_name = name.rpartition(":")
    if name.endswith(".py"):
        raise SettingError(f"method={name!r}: say which class of the file, as in {name}:MyMethod")
    if not (colon and path.endswith(".py")):
        return CLASSIFIERS[check_choice("method", name, CLASSIFIERS)]
    if not Path(path).is_file():
        raise MissingFileError(f"method={name!r}: there is no file {path}")
    chosen = getattr(_import_file(Path(path)), class_name, None)
    if not (isinstance(chosen, type) and issubclass(chosen, SceneClassifier)):
        raise SettingError(f"method={name!r}: {class_name} is not a SceneClassifier in {path}")
    own_name = getattr(chosen, "name", None)
    if own_name is None or own_name in (*CLASSIFIERS, *WRAPPERS):
        taken = "has no name" if own_name is None else f"has the taken name {own_name!r}"
        raise SettingError(f"method={name!r}: {class_name} {taken}: give it one of its own (name)")
    return chosen


def _import_file(path: Path) -> ModuleType:
    """Run a file of Python as a module; what lies beside it can be imported."""
    spec = spec_from_file_location(f"own_classifier_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # last, so that no file there hides a library
    # Dataclasses look their module up there.
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def load_classifier(
    folder: str | Path, own: type[SceneClassifier] | None = None
) -> SceneClassifier:
    """Read a fitted classifier that :meth:`hsidiff.contract.SceneClassifier.save` wrote.

    Args:
        folder: the folder that was given to ``save``.
        own: its class, if that is one of your own.

    Raises:
        MissingFileError: if the folder or a file in it is missing.
        ModelError: if a file is broken, or ``own`` is another class.
        SettingError: if it holds a method that this version does not know.
    """
    method = read_config(folder)["method"]
    if method in WRAPPERS:
        if (Path(folder) / INNER).is_symlink():
            raise ModelError(
                f"{Path(folder) / INNER} is a link: save the model again, or copy the whole folder"
            )
        inner = load_classifier(Path(folder) / INNER, own)
        return WRAPPERS[method].load_around(inner, folder)
    if own is not None:
        return own.load(folder)
    if method not in CLASSIFIERS:
        raise SettingError(
            f"{folder} holds a model of method={method!r}, which is none of "
            f"{', '.join(CLASSIFIERS)}: load it with its class (--method path/file.py:Class)"
        )
    return CLASSIFIERS[method].load(folder)
