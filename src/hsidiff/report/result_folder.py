"""What the page of a map reads: the files of a result folder, and nothing else."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hsidiff.errors import MissingFileError, SettingError
from hsidiff.evaluation.held_out_labels import HeldOut
from hsidiff.files import read_json
from hsidiff.labels.label_map import LandClass, with_colors
from hsidiff.labels.split import Split


@dataclass(frozen=True)
class ResultFolder:
    """The files of one result.

    Attributes:
        path: the folder; it holds ``map.tif`` and perhaps ``probabilities.tif``.
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
        for name in ("result.json", "map.tif"):
            if not (path / name).is_file():
                raise MissingFileError(
                    f"{path}: no {name} here: give the output folder of 'hsidiff map'"
                )
        result, run_path = path / "result.json", path / "run.json"
        split_path, held_out_path = path / "split.npz", path / "held_out.npz"
        content = _read_json(result)
        if not isinstance(content, dict):
            raise SettingError(f"{result} is not a result: expected a JSON object")
        run = _read_json(run_path) if run_path.is_file() else None
        split = Split.load(split_path) if split_path.is_file() else None
        held_out = HeldOut.load(held_out_path) if held_out_path.is_file() else None
        return cls(path, content, run, split, held_out)

    @property
    def map_path(self) -> Path:
        """The class map."""
        return self.path / "map.tif"

    @property
    def probabilities_path(self) -> Path | None:
        """The probabilities, or None if they were not written."""
        path = self.path / "probabilities.tif"
        return path if path.is_file() else None

    @property
    def classes(self) -> tuple[LandClass, ...]:
        """The legend: ``classes`` of the result or, without it, the classes that have scores.

        After them come the map's values that are no class, such as "not sure".
        """
        entries = self.result.get("classes") or self.result.get("per_class") or []
        return _land_classes([*entries, *(self.result.get("doubt") or [])])

    @property
    def scored_classes(self) -> tuple[LandClass, ...]:
        """The classes that have scores, in the order of the confusion matrix."""
        return _land_classes(self.result.get("per_class") or [])

    def facts(self, name: str) -> dict[str, Any]:
        """The group ``name`` of the result, such as ``"split"``; empty if absent or null."""
        return self.result.get(name) or {}


def _land_classes(entries: list[dict[str, Any]]) -> tuple[LandClass, ...]:
    """Classes as the result describes them; what it does not say gets a default."""
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingError("the classes of the result are no list of objects: make it again")
    classes, colors = [], {}
    for place, entry in enumerate(entries):
        number, color = entry.get("id", place + 1), str(entry.get("color"))
        class_id = number if isinstance(number, int) else place + 1
        classes.append(LandClass(class_id, str(entry.get("name", f"class {class_id}")), ""))
        if re.fullmatch("#[0-9a-fA-F]{6}", color):
            colors[class_id] = color
    return with_colors(classes, colors)


def _read_json(path: Path) -> Any:
    try:
        return read_json(path)
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError(
            f"{path} is not readable JSON: {reason}: make the result again"
        ) from error
