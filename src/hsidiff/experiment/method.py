"""The methods of an experiment: labels, settings, grids, and settings that a cell chooses."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from hsidiff.classifier import SceneClassifier
from hsidiff.errors import SettingError, check_choice
from hsidiff.experiment.toml_table import as_setting, check_distinct, check_type

FindClassifier: TypeAlias = Callable[[str], type[SceneClassifier]]
"""From the name of a method to its class; can be pickled."""

SETTING_TABLES = ("settings", "grid", "choose")
_SEED = "random_state"


@dataclass(frozen=True)
class MethodRecipe:
    """A method with its settings.

    Attributes:
        label: what the experiment calls it.
        method: a name that ``FindClassifier`` knows.
        settings: of the method, without the seed.
        candidates: settings beyond these, of which each cell chooses one on validation pixels;
            empty if there is nothing to choose.
    """

    label: str
    method: str
    settings: dict[str, Any]
    candidates: tuple[dict[str, Any], ...] = ()

    def make(
        self, find: FindClassifier, seed: int, chosen: Mapping[str, Any] | None = None
    ) -> SceneClassifier:
        """The classifier, not fitted; ``chosen`` are settings beyond :attr:`settings`."""
        found = find(self.method)
        seeded: dict[str, Any] = {_SEED: seed} if _SEED in _settings_of(found) else {}
        return found(**seeded, **self.settings, **(chosen or {}))

    def receptive_field_px(self, find: FindClassifier) -> int:
        """The receptive field, the largest one of all candidates.

        Raises:
            SettingError: if a setting that decides about it is out of range.
        """
        return max(
            self.make(find, 0, chosen).receptive_field_px for chosen in self.candidates or ({},)
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, without the label."""
        choice = {"candidates": list(self.candidates)} if self.candidates else {}
        path, colon, class_name = self.method.rpartition(":")
        # Where the file of a class of one's own lies on this machine does not matter.
        name = f"{Path(path).name}:{class_name}" if colon else self.method
        return {"method": name, "settings": self.settings, **choice}


def read_methods(
    content: Mapping[str, Any], folder: Path, find: FindClassifier
) -> tuple[MethodRecipe, ...]:
    """The methods of the file; a grid gives several for one label.

    Args:
        content: the whole file.
        folder: what paths in it are relative to.
        find: gives the class of a method.

    Raises:
        SettingError: if a label, a method or a setting is unknown.
        MissingFileError: if a class of one's own lies in a file that does not exist.
    """
    labels = content["methods"]
    for label in labels:
        check_type("methods", label, str)
    check_distinct("methods", labels)
    for group in SETTING_TABLES:
        for label, table in content.get(group, {}).items():
            check_choice(f"LABEL of [{group}.LABEL]", label, labels)
            check_type(f"[{group}.{label}]", table, dict)
    methods = [
        method
        for label in labels
        for method in _methods_of(
            label, [content.get(group, {}).get(label, {}) for group in SETTING_TABLES], folder, find
        )
    ]
    check_distinct("methods", [method.label for method in methods])
    return tuple(methods)


def _methods_of(
    label: str, tables: list[dict[str, Any]], folder: Path, find: FindClassifier
) -> Iterator[MethodRecipe]:
    """The methods of one label: one, or as many as its grid has combinations."""
    settings, grid, choose = tables
    method = _located(settings.get("method", label), folder)
    known = _settings_of(find(method))
    fixed = {key: as_setting(value) for key, value in settings.items() if key != "method"}
    for group, table in zip(SETTING_TABLES, (fixed, grid, choose), strict=True):
        _check_settings(f"[{group}.{label}]", table, known)
    for first, second in itertools.combinations((fixed, grid, choose), 2):
        for key in first.keys() & second.keys():
            raise SettingError(f"{key} is in two tables of {label!r}: leave it in one of them")
    candidates = tuple(_combinations(f"[choose.{label}]", choose)) if choose else ()
    if not grid:
        yield MethodRecipe(label, method, fixed, candidates)
        return
    for combination in _combinations(f"[grid.{label}]", grid):
        words = [f"{key}={_as_word(value)}" for key, value in combination.items()]
        name = " ".join([label, *words])
        yield MethodRecipe(name, method, {**fixed, **combination}, candidates)


def _located(method: str, folder: Path) -> str:
    """The name of a method; the file of one of your own is relative to the experiment's file."""
    path, colon, class_name = method.rpartition(":")
    return f"{folder / path}:{class_name}" if colon and path.endswith(".py") else method


def _settings_of(found: type[SceneClassifier]) -> dict[str, Any]:
    return found().get_params(deep=False)


def _check_settings(where: str, table: dict[str, Any], known: dict[str, Any]) -> None:
    if _SEED in table:
        raise SettingError(f"{where}: {_SEED} is given by the seeds of the file: leave it out")
    for key in table:
        check_choice(f"setting in {where}", key, [name for name in known if name != _SEED])


def _combinations(where: str, table: dict[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the values of a table, the last key changing fastest."""
    for key, values in table.items():
        check_type(f"{where}: {key}", values, list)
        check_distinct(f"{where}: {key}", values)
    columns = [[as_setting(value) for value in values] for values in table.values()]
    return [dict(zip(table, row, strict=True)) for row in itertools.product(*columns)]


def _as_word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
