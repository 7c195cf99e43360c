"""A fitted classifier as files: JSON and safetensors, never pickle.

``config.json`` says which classifier, ``preprocess.json`` what a scene must be like and what was
chosen, ``learned.safetensors`` holds the arrays.
"""

import math
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Any, Self

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from hsidiff.errors import MissingFileError, ModelError
from hsidiff.files import read_json, write_errors_of, write_json, write_whole_folder
from hsidiff.labels.label_map import LandClass, classes_of_entries
from hsidiff.scenes.formats.pixels import MOST_BANDS
from hsidiff.windows.seen_bands import SeenBands
from hsidiff.windows.seen_values import SeenValues

CONFIG, PREPROCESS, LEARNED = "config.json", "preprocess.json", "learned.safetensors"
INNER = "inner"
"""The folder inside that holds the model which another one stands around."""
_MOST_NUMBERS = 2**32
"""Of a model; those of the papers have some millions, training spectra a thousand times more."""
_CONFIG_KEYS = ("method", "settings", "hsidiff")
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
        seen = {} if self.seen_values is None else self.seen_values.arrays(SEEN)
        both = self.learned.arrays | seen
        arrays = {key: np.ascontiguousarray(array) for key, array in both.items()}
        with write_whole_folder(folder) as new:
            write_json(new / CONFIG, config)
            write_json(new / PREPROCESS, self._preprocess())
            with write_errors_of(Path(folder) / LEARNED, SafetensorError):
                save_file(arrays, new / LEARNED)
            # safetensors lets the owner alone read its file; the umask decides, as of the others.
            shutil.copymode(new / CONFIG, new / LEARNED)
            if write_inner is not None:
                write_inner(new / INNER)

    def _preprocess(self) -> dict[str, Any]:
        """The content of ``preprocess.json``."""
        return {
            "n_bands": self.n_bands,
            **self.bands.to_json(),
            "classes": [asdict(land_class) for land_class in self.classes],
            "facts": self.learned.facts,
        }

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises:
            MissingFileError: if a file is missing.
            ModelError: if a file may not be read, is broken, lies elsewhere, or holds what no model
                does.
        """
        config = read_config(folder)
        with _whole_file(Path(folder) / PREPROCESS) as path:
            about = read_json(path)
            n_bands, facts = about["n_bands"], about["facts"]
            if not isinstance(n_bands, int) or not 0 < n_bands <= MOST_BANDS:
                raise ValueError("the number of bands is none")
            bands = SeenBands.from_json(about)
            bands.check(n_bands)
            classes = classes_of_entries(about["classes"])
        # Python opens it first: safetensors calls a file that may not be read a missing one.
        with _whole_file(Path(folder) / LEARNED) as path, path.open("rb"):
            _check_sizes(path)
            arrays = load_file(path)
            seen_values = SeenValues.from_arrays(SEEN, arrays)
            if seen_values is not None:
                seen_values.check(n_bands)
            own = {name: array for name, array in arrays.items() if not name.startswith(SEEN)}
        learned = Learned(own, facts)
        saved = cls(
            config["method"], config["settings"], n_bands, bands, classes, learned, seen_values
        )
        _check_keys(Path(folder) / PREPROCESS, about, saved._preprocess())
        return saved


def _check_keys(path: Path, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a file with a key that nothing reads: it is of another version, or tampered with.

    Raises:
        ModelError: naming the key.
    """
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ModelError(
            f"{path} holds {shorten(repr(unknown[0]), 40)}, which this version of hsidiff does not "
            "know: save the model again, or load it with the version that wrote it"
        )


def _check_sizes(path: Path) -> None:
    """Refuse arrays that are too large for any model before they are read.

    Raises:
        ValueError: if they are.
    """
    with safe_open(path, framework="numpy") as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    if sum(math.prod(shape) for shape in shapes) > _MOST_NUMBERS or any(
        side > _MOST_NUMBERS for shape in shapes for side in shape
    ):
        raise ValueError("it holds more numbers than any model has learned")


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Give the path of one file of a model; say of whatever goes wrong with it that it is broken.

    Raises:
        MissingFileError: if there is no such file.
        ModelError: if it may not be read, or is broken.
    """
    try:
        if path.exists() and (not path.is_file() or not _lies_in(path, path.parent)):
            raise ValueError("it is no file, or a link to one that lies elsewhere")
        yield path
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{path} is missing: {_ADVICE}") from error
    except PermissionError as error:
        raise ModelError(f"{path} may not be read: ask its owner to allow it") from error
    except ModelError:
        raise
    except Exception as error:  # JSON, safetensors and a wrong content each have their own
        raise ModelError(f"{path} is broken: {_ADVICE}") from error


def _lies_in(path: Path, folder: Path) -> bool:
    """Whether a file, and what it may link to, lies in a folder."""
    return path.resolve().parent == folder.resolve()


def check_restored(model: Learned, saved: Learned) -> None:
    """Compare what a classifier has taken from a file with what stood there.

    Raises:
        ValueError: if an array or a fact is of no use to it, is missing, or has another shape.
    """
    for kind, ours, theirs in (
        ("array", model.arrays, saved.arrays),
        ("fact", model.facts, saved.facts),
    ):
        if odd := sorted(set(ours) ^ set(theirs)):
            raise ValueError(f"the {kind} {odd[0]!r} is unknown or missing")
    for name, array in model.arrays.items():
        if np.shape(array) != saved.arrays[name].shape:
            raise ValueError(f"the array {name!r} has another shape than {np.shape(array)}")


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
            config: dict[str, Any] = read_json(path)
            if not isinstance(config["method"], str) or not isinstance(config["settings"], dict):
                raise TypeError("the method is a word, its settings go by name")
            _check_keys(path, config, _CONFIG_KEYS)
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
