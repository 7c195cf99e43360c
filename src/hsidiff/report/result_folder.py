"""What the page of a map reads: the files of a result folder, and nothing else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.errors import MissingFileError, SettingError
from hsidiff.evaluation.held_out_labels import HeldOut
from hsidiff.files import readable_json
from hsidiff.labels.hex_colors import is_hex_color
from hsidiff.labels.label_map import LandClass, with_colors
from hsidiff.labels.split import Split
from hsidiff.scenes.window import Window

SCENES = "scene-maps"
"""The folder that holds a folder for each of several scenes."""
_AGAIN = "make the result again"


@dataclass(frozen=True)
class SceneMap:
    """The map of one scene.

    Attributes:
        name: of the scene; empty if it is the only one.
        path: the folder that holds ``map.tif`` and perhaps ``probabilities.tif``.
        place: where the scene lies among all that were learned from; None if it is the only one.
    """

    name: str
    path: Path
    place: Window | None = None

    @property
    def map_path(self) -> Path:
        """The class map."""
        return self.path / "map.tif"

    @property
    def probabilities_path(self) -> Path | None:
        """The probabilities, or None if they were not written."""
        path = self.path / "probabilities.tif"
        return path if path.is_file() else None

    def part_of(self, values: np.ndarray) -> np.ndarray:
        """What belongs to this scene of an array (rows, cols) of all."""
        return values if self.place is None else values[self.place.slices]


@dataclass(frozen=True)
class ResultFolder:
    """The files of one result.

    Attributes:
        path: the folder; it holds ``map.tif`` and perhaps ``probabilities.tif`` or, of several
            scenes, a folder for each.
        result: the content of ``result.json``: scores, counts, leakage, seconds, hashes.
        run: the content of ``run.json``, or None.
        split: the training and test labels of ``split.npz``, or None.
        held_out: the held-out labels and what was predicted of them, of ``held_out.npz``, or None.
    """

    path: Path
    result: dict[str, Any]
    run: Any
    split: Split | None
    held_out: HeldOut | None = None

    @classmethod
    def read(cls, path: str | Path) -> "ResultFolder":
        """Read a result folder.

        Raises:
            MissingFileError: if ``result.json`` or ``map.tif`` is missing.
            SettingError: if a JSON file of the folder or ``held_out.npz`` is broken.
            SplitError: if ``split.npz`` is broken.
        """
        path = Path(path)
        _check_is_there(path, path / "result.json")
        result, run_path = path / "result.json", path / "run.json"
        split_path, held_out_path = path / "split.npz", path / "held_out.npz"
        content = readable_json(result, _AGAIN)
        if not isinstance(content, dict):
            raise SettingError(f"{result} is not a result: expected a JSON object")
        run = readable_json(run_path, _AGAIN) if run_path.is_file() else None
        split = Split.load(split_path) if split_path.is_file() else None
        held_out = HeldOut.load(held_out_path) if held_out_path.is_file() else None
        results = cls(path, content, run, split, held_out)
        for one in results.maps:
            _check_is_there(path, one.map_path)
        return results

    @property
    def maps(self) -> tuple[SceneMap, ...]:
        """The map of each scene.

        Raises:
            SettingError: if result.json does not describe its scenes.
        """
        scenes = self.result.get("scenes")
        if not scenes:
            return (SceneMap("", self.path),)
        try:
            return tuple(
                # Only the last part: a file that somebody changed leads nowhere else.
                SceneMap(
                    str(one["name"]),
                    self.path / SCENES / Path(one["folder"]).name,
                    Window(*map(int, one["place"])),
                )
                for one in scenes
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise SettingError(
                f"{self.path}: the scenes of its result.json are not described: make it again"
            ) from error

    @property
    def map_path(self) -> Path:
        """The class map of the first scene."""
        return self.maps[0].map_path

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The legend: ``classes`` of the result or, without it, the classes that have scores.

        After them come the map's values that are no class, such as "not sure".
        """
        entries = self.result.get("classes") or self.result.get("per_class") or []
        return _land_classes(entries, self.result.get("doubt") or [])

    @property
    def scored_classes(self) -> tuple[LandClass, ...]:
        """The classes that have scores, in the order of the confusion matrix."""
        return _land_classes(self.result.get("per_class") or [])

    def facts(self, name: str) -> dict[str, Any]:
        """The group ``name`` of the result, such as ``"split"``; empty if absent or null."""
        return self.result.get(name) or {}


def _check_is_there(folder: Path, path: Path) -> None:
    if not path.is_file():
        raise MissingFileError(
            f"{folder}: no {path.relative_to(folder)} here: give the output folder of 'hsidiff map'"
        )


def _land_classes(*lists: list[dict[str, Any]]) -> tuple[LandClass, ...]:
    """Classes as the result describes them; what it does not say gets a default."""
    are_lists = all(isinstance(one, list) for one in lists)
    entries = [entry for one in lists for entry in one] if are_lists else []
    if not are_lists or not all(isinstance(entry, dict) for entry in entries):
        raise SettingError("the classes of the result are no list of objects: make it again")
    classes, colors = [], {}
    for place, entry in enumerate(entries):
        number, color = entry.get("id", place + 1), str(entry.get("color"))
        class_id = number if isinstance(number, int) else place + 1
        classes.append(LandClass(class_id, str(entry.get("name", f"class {class_id}")), ""))
        if is_hex_color(color):
            colors[class_id] = color
    return with_colors(classes, colors)
