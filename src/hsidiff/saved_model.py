"""A fitted classifier as files: JSON and safetensors, never pickle.

``config.json`` says which classifier, ``preprocess.json`` what a scene must be like and what was
chosen, ``learned.safetensors`` holds the arrays.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Any, Self

import numpy as np
from safetensors.numpy import load_file, save_file

from hsidiff.errors import MissingFileError, ModelError
from hsidiff.files import write_json, write_whole_folder
from hsidiff.labels.label_map import LandClass
from hsidiff.windows.seen_bands import SeenBands
from hsidiff.windows.seen_values import SeenValues

CONFIG, PREPROCESS, LEARNED = "config.json", "preprocess.json", "learned.safetensors"
INNER = "inner"
"""The folder inside that holds the model which another one stands around."""
SEEN = "seen_values."
"""What the names of arrays begin with that hold the values learned from."""
_ADVICE = "save the model again, or copy the whole folder"


@dataclass(frozen=True)
class Learned:
    """What a classifier has learned, in a form that can be written without pickle.

    Attributes:
        arrays: names to arrays, stored as safetensors.
        facts: names to JSON values.
    """

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


@dataclass(frozen=True)
class SavedModel:
    """Everything that a fitted classifier is made of.

    Attributes:
        method: its name.
        settings: its settings by name, JSON values.
        n_bands: usable bands of the scenes that it takes.
        bands: which those are.
        classes: the order of the probabilities.
        learned: what it learned.
        seen_values: what other scenes' values are compared with, if it is known.
    """

    method: str
    settings: dict[str, Any]
    n_bands: int
    bands: SeenBands
    classes: tuple[LandClass, ...]
    learned: Learned
    seen_values: SeenValues | None = None

    def write(self, folder: str | Path, write_inner: Callable[[Path], None] | None = None) -> None:
        """Write the model; an older one of that name is replaced when the new one is complete.

        Args:
            folder: where.
            write_inner: writes the model that this one stands around into a folder inside.

        Raises:
            ModelError: if there is something else of that name.
        """
        check_model_folder(folder)
        config = {"method": self.method, "settings": self.settings, "hsidiff": version("hsidiff")}
        preprocess = {
            "n_bands": self.n_bands,
            **self.bands.to_json(),
            "classes": [asdict(land_class) for land_class in self.classes],
            "facts": self.learned.facts,
        }
        seen = {} if self.seen_values is None else self.seen_values.arrays(SEEN)
        both = self.learned.arrays | seen
        arrays = {key: np.ascontiguousarray(array) for key, array in both.items()}
        with write_whole_folder(folder) as new:
            write_json(new / CONFIG, config)
            write_json(new / PREPROCESS, preprocess)
            save_file(arrays, new / LEARNED)
            # safetensors lets the owner alone read its file; the umask decides, as of the others.
            shutil.copymode(new / CONFIG, new / LEARNED)
            if write_inner is not None:
                write_inner(new / INNER)

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises:
            MissingFileError: if a file is missing.
            ModelError: if a file may not be read, or is broken.
        """
        config = read_config(folder)
        with _whole_file(Path(folder) / PREPROCESS) as path:
            about = json.loads(path.read_text(encoding="utf-8"))
            n_bands, facts = about["n_bands"], about["facts"]
            bands = SeenBands.from_json(about)
            classes = tuple(LandClass(**entry) for entry in about["classes"])
        # Python opens it first: safetensors calls a file that may not be read a missing one.
        with _whole_file(Path(folder) / LEARNED) as path, path.open("rb"):
            arrays = load_file(path)
            seen_values = SeenValues.from_arrays(SEEN, arrays)
            own = {name: array for name, array in arrays.items() if not name.startswith(SEEN)}
        learned = Learned(own, facts)
        return cls(
            config["method"], config["settings"], n_bands, bands, classes, learned, seen_values
        )


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give the path of one file of a model; say of whatever goes wrong with it that it is broken.

    Raises:
        MissingFileError: if there is no such file.
        ModelError: if it may not be read, or is broken.
    """
    try:
        yield path
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{path} is missing: {_ADVICE}") from error
    except PermissionError as error:
        raise ModelError(f"{path} may not be read: ask its owner to allow it") from error
    except Exception as error:  # JSON, safetensors and a wrong content each have their own
        raise ModelError(f"{path} is broken: {_ADVICE}") from error


@contextmanager
def whole_model(folder: str | Path) -> Iterator[None]:
    """Say of whatever else goes wrong while a model is read that its files do not fit together.

    Raises:
        MissingFileError: if a file is missing.
        ModelError: if one is broken, or does not fit the others.
    """
    try:
        yield
    except (MissingFileError, ModelError):
        raise
    except Exception as error:  # settings, networks and estimators each have their own
        reason = shorten(f"{type(error).__name__}: {error}", 160, placeholder=" ...")
        raise ModelError(
            f"{folder} is broken, or of another version of hsidiff ({reason}): {_ADVICE}"
        ) from error


def check_model_folder(folder: str | Path) -> None:
    """Refuse a folder whose content is not a saved model's: saving would replace it.

    Raises:
        ModelError: if it is a file, or holds other things.
    """
    folder = Path(folder)
    files = {CONFIG, PREPROCESS, LEARNED, INNER}
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= files:
        return
    if folder.exists():
        raise ModelError(
            f"{folder} holds something else than a saved model, which would be lost: "
            "give the name of a new folder"
        )


def read_config(folder: str | Path) -> dict[str, Any]:
    """Read ``config.json`` of a saved classifier: its method's name, settings, version.

    Raises:
        MissingFileError: if there is none; names a folder nearby that has one.
        ModelError: if it may not be read, or is broken.
    """
    try:
        with _whole_file(Path(folder) / CONFIG) as path:
            config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(config["method"], str) or not isinstance(config["settings"], dict):
                raise TypeError("the method is a word, its settings go by name")
            return config
    except MissingFileError as error:
        raise MissingFileError(_no_model(Path(folder))) from error


def _no_model(folder: Path) -> str:
    """What to say of a folder without ``config.json``."""
    if (folder / PREPROCESS).exists() or (folder / LEARNED).exists():
        return f"{folder / CONFIG} is missing: {_ADVICE}"
    # ``hsidiff map`` writes model/ into its folder; or a file of the model was named.
    near = folder.parent if folder.is_file() else folder / "model"
    is_model = (near / CONFIG).is_file()
    advice = f"did you mean {near}?" if is_model else "give the folder that a model was saved to"
    return f"{folder}: no saved model here ({CONFIG} is missing): {advice}"
