"""A fitted classifier as files: JSON and safetensors, never pickle.

``config.json`` says which classifier, ``preprocess.json`` what a scene must be like and what was
chosen, ``learned.safetensors`` holds the arrays.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from safetensors.numpy import load_file, save_file

from hsidiff.errors import MissingFileError, ModelError
from hsidiff.files import write_json, write_whole_folder
from hsidiff.labels.label_map import LandClass

CONFIG, PREPROCESS, LEARNED = "config.json", "preprocess.json", "learned.safetensors"


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
        wavelengths_nm: (n_bands,) their centres, if they are known.
        classes: the order of the probabilities.
        learned: what it learned.
    """

    method: str
    settings: dict[str, Any]
    n_bands: int
    wavelengths_nm: np.ndarray | None
    classes: tuple[LandClass, ...]
    learned: Learned

    def write(self, folder: str | Path) -> None:
        """Write the model; an older one of that name is replaced when the new one is complete.

        Raises:
            ModelError: if there is something else of that name.
        """
        check_model_folder(folder)
        wavelengths = None if self.wavelengths_nm is None else self.wavelengths_nm.tolist()
        config = {"method": self.method, "settings": self.settings, "hsidiff": version("hsidiff")}
        preprocess = {
            "n_bands": self.n_bands,
            "wavelengths_nm": wavelengths,
            "classes": [asdict(land_class) for land_class in self.classes],
            "facts": self.learned.facts,
        }
        arrays = {key: np.ascontiguousarray(array) for key, array in self.learned.arrays.items()}
        with write_whole_folder(folder) as new:
            write_json(new / CONFIG, config)
            write_json(new / PREPROCESS, preprocess)
            save_file(arrays, new / LEARNED)

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read what :meth:`write` wrote; inside :func:`whole_model`, which names what is wrong."""
        config = read_config(folder)
        about = json.loads((Path(folder) / PREPROCESS).read_text(encoding="utf-8"))
        wavelengths = about["wavelengths_nm"]
        return cls(
            method=config["method"],
            settings=config["settings"],
            n_bands=about["n_bands"],
            wavelengths_nm=None if wavelengths is None else np.array(wavelengths),
            classes=tuple(LandClass(**entry) for entry in about["classes"]),
            learned=Learned(load_file(Path(folder) / LEARNED), about["facts"]),
        )


@contextmanager
def whole_model(folder: str | Path) -> Iterator[None]:
    """Say of whatever goes wrong while a model is read that the model is not whole.

    Raises:
        MissingFileError: if a file is missing.
        ModelError: if one is broken, or does not fit the others.
    """
    try:
        yield
    except FileNotFoundError as error:
        # safetensors names the file in its message only.
        missing = f"{error.filename} is missing" if error.filename else error
        raise MissingFileError(f"{folder}: {missing}") from error
    except Exception as error:  # whatever is wrong with a file, the model is not whole
        raise ModelError(f"{folder} is not a complete model: {error!r}") from error


def check_model_folder(folder: str | Path) -> None:
    """Refuse a folder whose content is not a saved model's: saving would replace it.

    Raises:
        ModelError: if it is a file, or holds other things.
    """
    folder = Path(folder)
    files = {CONFIG, PREPROCESS, LEARNED}
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
        MissingFileError: if there is none.
        ModelError: if it is broken.
    """
    path = Path(folder) / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return {"method": config["method"], "settings": config["settings"], **config}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{folder}: no saved model here ({path.name} is missing)") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is not the configuration of a saved model: {error}") from error
