"""The splits of an experiment: how the labels of its scenes are divided."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hsidiff.errors import SettingError, check_choice
from hsidiff.experiment.scene import SceneSource, all_labels
from hsidiff.experiment.toml_table import NUMBER, Types, check_table, check_type
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    block_split,
    per_class_split,
    published_split,
    random_split,
)
from hsidiff.labels.split import Split

_MAKERS: dict[str, Callable[..., Split]] = {
    "blocks": block_split,
    "random": random_split,
    "per-class": per_class_split,
}
_ARGUMENTS: dict[str, dict[str, Types]] = {
    "blocks": {
        "train_fraction": NUMBER,
        "samples_per_class": int,
        "block_px": int,
        "guard_px": int,
        "receptive_field_px": int,
    },
    "random": {"train_fraction": NUMBER, "stratified": bool},
    "per-class": {"samples_per_class": int},
    "published": {},
}


@dataclass(frozen=True)
class SplitRecipe:
    """One ``[[splits]]`` table.

    Attributes:
        name: what the experiment calls it.
        kind: one of ``SPLIT_KINDS``.
        arguments: of the function that splits, without the seed.
        scenes: names of the scenes that are split so.
    """

    name: str
    kind: str
    arguments: dict[str, Any]
    scenes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, without the name."""
        return {"kind": self.kind, **self.arguments, "scenes": list(self.scenes)}

    def make(
        self,
        labels: LabelMap,
        test_labels: LabelMap | None,
        *,
        receptive_field_px: int,
        seed: int,
    ) -> Split:
        """Split the labels of a scene.

        Args:
            labels: all labels or, where there are ``test_labels``, the published training labels.
            test_labels: published test labels, or None.
            receptive_field_px: the guard of a block split is made for it, unless the table says
                otherwise.
            seed: of the draws.

        Raises:
            SettingError: if an argument is out of range.
            SplitError: if the labels do not allow this split.
        """
        if self.kind == "published":
            assert test_labels is not None
            return published_split(labels, test_labels)
        arguments = dict(self.arguments)
        if self.kind == "blocks":
            arguments.setdefault("receptive_field_px", receptive_field_px)
        labels = all_labels(labels, test_labels)
        return _MAKERS[self.kind](labels, **arguments, random_state=seed)


def read_split(table: Any, scenes: tuple[SceneSource, ...]) -> SplitRecipe:
    """One ``[[splits]]`` table of the file.

    Raises:
        SettingError: if a key or a scene is unknown, or a scene lacks what the split needs.
    """
    check_type("[[splits]]", table, dict)
    if "kind" not in table:
        raise SettingError(f"a [[splits]] table has no kind: add one of {', '.join(SPLIT_KINDS)}")
    kind = check_choice("kind of split", table["kind"], SPLIT_KINDS)
    keys: dict[str, Types] = {"kind": str, "name": str, "scenes": list, **_ARGUMENTS[kind]}
    required = ("samples_per_class",) if kind == "per-class" else ()
    check_table(f"[[splits]] of kind {kind}", table, keys, required)
    arguments = {key: table[key] for key in _ARGUMENTS[kind] if key in table}
    name = table.get("name", _default_name(kind, arguments))
    names = [scene.name for scene in scenes]
    wanted = tuple(table.get("scenes", names))
    for scene_name in wanted:
        check_choice(f"scene of split {name!r}", scene_name, names)
    for scene in scenes:
        if kind == "published" and scene.name in wanted and scene.test_labels is None:
            raise SettingError(
                f"split {name!r} is a published one, and scene {scene.name!r} has no test_labels: "
                "add them, or name the scenes of this split (scenes = [...])"
            )
    return SplitRecipe(name, kind, arguments, wanted)


def _default_name(kind: str, arguments: dict[str, Any]) -> str:
    """The kind and what distinguishes it: ``blocks-30``, ``random-10%``, ``published``."""
    if "samples_per_class" in arguments:
        return f"{kind}-{arguments['samples_per_class']}"
    if "train_fraction" in arguments:
        return f"{kind}-{100 * arguments['train_fraction']:g}%"
    return kind
