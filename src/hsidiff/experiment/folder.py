"""The folder of an experiment: where its files lie, and the way to read them.

::

    DIR/
      experiment.toml     the file as it was given
      experiment.json     what it says, resolved: scenes, splits, methods, seeds, versions, machine
      splits/SCENE/SPLIT/seed-0.npz                the split that all methods of it share
      cells/SCENE/SPLIT/METHOD/seed-0/result.json  scores, or why there are none
      cells/SCENE/SPLIT/METHOD/seed-0/map.npz      class_map int32, confidence uint8 in percent
      networks/                                    what was learned without labels, shared by cells

The folder of a cell appears whole, when the cell has ended, or not at all.
A method is named by its label in the file: two labels may be one method with two settings.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any
from urllib.parse import quote

import numpy as np

from hsidiff.errors import HsidiffError, LabelError, MissingFileError, SettingError
from hsidiff.files import readable_json
from hsidiff.labels.label_map import LandClass, classes_of_entries
from hsidiff.labels.split import Split
from hsidiff.scenes.formats.numpy_file import read_npz

_PLAIN_CHARACTERS = " []()=,+@'"
_LONGEST_NAME = 120
_PERCENT = 100


@dataclass(frozen=True)
class Cell:
    """One method on one split of one scene with one seed.

    Attributes:
        scene: name of the scene in the experiment's file.
        split: name of the split there.
        method: label of the method there.
        seed: of the split and of the method.
        folder: holds ``result.json`` and ``map.npz``.
        result: the content of ``result.json``.
    """

    scene: str
    split: str
    method: str
    seed: int
    folder: Path
    result: dict[str, Any]

    @property
    def done(self) -> bool:
        """Whether it has scores; if not, ``result["error"]`` says why."""
        return self.result["status"] == "done"

    def class_map(self) -> np.ndarray:
        """(rows, cols) int32, class ids; 0 at invalid pixels.

        Raises:
            MissingFileError: if the cell has no map.
            SettingError: if it is broken.
        """
        return self._array("class_map")

    def confidence(self) -> np.ndarray:
        """(rows, cols) float32 in 0..1, the largest probability, rounded to 0.01.

        Raises:
            MissingFileError: if the cell has no map.
            SettingError: if it is broken.
        """
        return self._array("confidence").astype(np.float32) / _PERCENT

    def _array(self, name: str) -> np.ndarray:
        path = self.folder / "map.npz"
        if not path.is_file():
            raise MissingFileError(f"{path} is missing: run the experiment again without this cell")
        try:
            array = read_npz(path)[name]
            if array.ndim != 2 or array.dtype.kind not in "iu":
                raise ValueError(f"{name} is no map")
            return array
        except Exception as error:  # a broken file makes NumPy raise nearly anything
            raise SettingError(
                f"{path} is no map of a cell, or a broken one: delete the folder {self.folder}, "
                "run again"
            ) from error


@dataclass(frozen=True)
class ExperimentFolder:
    """What an experiment has written so far.

    Attributes:
        path: the folder.
        about: the content of ``experiment.json``; ``scenes``, ``splits`` and ``methods`` map a
            name or label to facts.
        cells: those that have a result, done or failed, in the order of the experiment's file;
            cells of methods, seeds and so on that the file no longer holds are left out.
    """

    path: Path
    about: dict[str, Any]
    cells: tuple[Cell, ...]

    @classmethod
    def read(cls, path: str | Path) -> "ExperimentFolder":
        """Read the folder of an experiment, finished or not.

        Raises:
            MissingFileError: if there is no experiment in it.
            SettingError: if a JSON file of it is broken.
        """
        path = Path(path)
        if not (path / "experiment.json").is_file():
            raise MissingFileError(
                f"{path}: no experiment.json here: give the output folder of 'hsidiff experiment'"
            )
        about = read_json_object(path / "experiment.json")
        _check_about(path / "experiment.json", about)
        orders = [list(about.get(key, ())) for key in ("scenes", "splits", "methods", "seeds")]

        def names(cell: Cell) -> tuple[Any, ...]:
            return (cell.scene, cell.split, cell.method, cell.seed)

        def position(cell: Cell) -> tuple[int, ...]:
            return tuple(o.index(name) for o, name in zip(orders, names(cell), strict=True))

        every = [_read_cell(file) for file in path.glob("cells/*/*/*/seed-*/result.json")]
        # A cell of a method or seed that has left the file since is not of this experiment.
        cells = [c for c in every if all(n in o for n, o in zip(names(c), orders, strict=True))]
        return cls(path, about, tuple(sorted(cells, key=position)))

    @property
    def scenes(self) -> tuple[str, ...]:
        """Names of the scenes that have a cell, in the file's order."""
        return tuple(dict.fromkeys(cell.scene for cell in self.cells))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits that have a cell, in the file's order."""
        present = {cell.split for cell in self.cells}
        return tuple(name for name in self.about.get("splits", {}) if name in present)

    @property
    def methods(self) -> tuple[str, ...]:
        """Labels of the methods that have a cell, in the file's order."""
        present = {cell.method for cell in self.cells}
        return tuple(name for name in self.about.get("methods", {}) if name in present)

    @property
    def failed(self) -> tuple[Cell, ...]:
        """The cells that have no scores, and say why."""
        return tuple(cell for cell in self.cells if not cell.done)

    def of(self, scene: str, split: str, method: str) -> list[Cell]:
        """The finished cells of one method on one split of one scene, by seed."""
        wanted = (scene, split, method)
        cells = [c for c in self.cells if c.done and (c.scene, c.split, c.method) == wanted]
        return sorted(cells, key=lambda cell: cell.seed)

    def split_of(self, cell: Cell) -> Split:
        """The training and test labels of a cell.

        Raises:
            MissingFileError: if the file of the split is missing.
            SplitError: if it is broken.
        """
        return Split.load(split_path(self.path, cell.scene, cell.split, cell.seed))

    def classes_of(self, scene: str) -> tuple[LandClass, ...]:
        """The legend of a scene, by increasing id.

        Raises:
            SettingError: if the experiment has no such scene, or its legend is broken.
        """
        facts = self.about.get("scenes", {}).get(scene)
        if facts is None:
            raise SettingError(f"{self.path}: the experiment has no scene {scene!r}")
        try:
            return classes_of_entries(facts["classes"])
        except (KeyError, TypeError, LabelError) as error:
            raise SettingError(
                f"{self.path / 'experiment.json'}: the classes of {scene!r} are broken ({error}): "
                "run again"
            ) from error


@contextmanager
def whole_results(path: Path) -> Iterator[None]:
    """Say of whatever goes wrong while results are put together that one of them is not whole.

    Raises:
        SettingError: in place of an error that speaks of no file.
    """
    try:
        yield
    except HsidiffError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = shorten(f"{type(error).__name__}: {error}", 160, placeholder=" ...")
        raise SettingError(
            f"{path}: a result in it is broken, or of another version of hsidiff ({reason}): run "
            "the experiment again"
        ) from error


def split_path(folder: Path, scene: str, split: str, seed: int) -> Path:
    """The file of a split."""
    return folder / "splits" / file_name(scene) / file_name(split) / f"seed-{seed}.npz"


def cell_folder(folder: Path, scene: str, split: str, method: str, seed: int) -> Path:
    """The folder of a cell."""
    names = (file_name(name) for name in (scene, split, method))
    return Path(folder, "cells", *names, f"seed-{seed}")


def file_name(label: str) -> str:
    """A label as the name of a folder: what file systems do not take is written as ``%2F``."""
    name = quote(label, safe=_PLAIN_CHARACTERS).replace("%25", "%") or "%"
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > _LONGEST_NAME:
        name = f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
    return name


def read_json_object(path: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object.

    Raises:
        SettingError: if it is broken, or holds something else.
    """
    content = readable_json(path, "delete it, run again")
    if not isinstance(content, dict):
        raise SettingError(f"{path} is not a JSON object: delete it and run again")
    return content


def _check_about(path: Path, about: dict[str, Any]) -> None:
    """Refuse what ``hsidiff experiment`` never writes.

    Raises:
        SettingError: naming the key.
    """
    for key in ("scenes", "splits", "methods"):
        facts = about.get(key, {})
        if not isinstance(facts, dict) or not all(isinstance(f, dict) for f in facts.values()):
            raise SettingError(f"{path}: {key!r} must hold an object for each: run again")
    seeds = about.get("seeds", [])
    if not isinstance(seeds, list) or not all(isinstance(seed, int) for seed in seeds):
        raise SettingError(f"{path}: 'seeds' must be a list of whole numbers: run again")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _read_cell(path: Path) -> Cell:
    """The cell whose result lies at ``path``."""
    result = read_json_object(path)
    try:
        scene, split, method = (_text(result[k]) for k in ("scene_name", "split_name", "label"))
        seed = int(path.parent.name.removeprefix("seed-"))
        _text(result["status"])
    except (KeyError, ValueError) as error:
        raise SettingError(f"{path} is not the result of a cell: delete it, run again") from error
    return Cell(scene, split, method, seed, path.parent, result)
