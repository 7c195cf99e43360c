"""The methods of an experiment: labels, settings, grids, and settings that a cell chooses."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError, check_choice
from hsidiff.smoothed import SMOOTHING, build_classifier

FindClassifier: TypeAlias = Callable[[str], type[SceneClassifier]]
"""From the name of a method to its class; can be pickled."""
Tables: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Tables of settings by label."""

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
        classifier = find(self.method)
        seeded: dict[str, Any] = {_SEED: seed} if _SEED in _defaults(classifier) else {}
        return build_classifier(classifier, {**seeded, **self.settings, **(chosen or {})})

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
    labels: Sequence[str],
    tables: Mapping[str, Tables],
    folder: Path,
    find: FindClassifier,
) -> tuple[MethodRecipe, ...]:
    """The methods of the file; a grid gives several for one label.

    Args:
        labels: those of the file.
        tables: what the file's ``settings``, ``grid`` and ``choose`` hold.
        folder: what paths of classes are relative to.
        find: gives the class of a method.

    Raises:
        SettingError: if a label, a method or a setting is unknown.
        MissingFileError: if a class of one's own lies in a file that does not exist.
    """
    for group, of_labels in tables.items():
        for label in of_labels:
            check_choice(f"LABEL of [{group}.LABEL]", label, labels)
    recipes: list[MethodRecipe] = []
    for label in labels:
        own = {group: dict(of_labels.get(label, {})) for group, of_labels in tables.items()}
        recipes += _recipes(label, own, folder, find)
    return tuple(recipes)


def _recipes(
    label: str, tables: dict[str, dict[str, Any]], folder: Path, find: FindClassifier
) -> Iterator[MethodRecipe]:
    """The methods of one label: one, or as many as its grid has combinations."""
    settings, grid, choose = (tables[group] for group in ("settings", "grid", "choose"))
    method = _located(str(settings.pop("method", label)), folder)
    _check_names(label, tables, _defaults(find(method)))
    candidates = tuple(_combinations(choose)) if choose else ()
    for combination in _combinations(grid):  # of no grid, one that is empty
        words = [f"{key}={_as_word(value)}" for key, value in combination.items()]
        name = " ".join([label, *words])
        yield MethodRecipe(name, method, {**settings, **combination}, candidates)


def _located(method: str, folder: Path) -> str:
    """The name of a method; the file of one of your own is relative to the experiment's file."""
    path, colon, class_name = method.rpartition(":")
    return f"{folder / path}:{class_name}" if colon and path.endswith(".py") else method


def _defaults(classifier: type[SceneClassifier]) -> dict[str, Any]:
    return classifier().get_params(deep=False)


def _check_names(label: str, tables: dict[str, dict[str, Any]], known: Mapping[str, Any]) -> None:
    """Refuse settings that the method does not have, or that stand in two tables."""
    place: dict[str, str] = {}
    for group, table in tables.items():
        where = f"[{group}.{label}]"
        if _SEED in table:
            raise SettingError(f"{where}: {_SEED} is given by the seeds of the file: leave it out")
        for key in table:
            check_choice(f"setting in {where}", key, _allowed(known))
            if place.setdefault(key, where) != where:
                raise SettingError(f"{key} is in {place[key]} and {where}: leave it in one of them")


def _allowed(known: Mapping[str, Any]) -> list[str]:
    """The settings that a table may hold: the classifier's, and that of the smoothing."""
    return [*(name for name in known if name != _SEED), SMOOTHING]


def _combinations(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the values of a table, the last key changing fastest."""
    return [dict(zip(table, row, strict=True)) for row in itertools.product(*table.values())]


def _as_word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
