"""The splits of an experiment: how the labels of its scenes are divided."""

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from typing import Any, Literal

from pydantic import Field

from hsidiff.errors import SettingError, check_choice
from hsidiff.experiment.checked_table import Distinct, Table
from hsidiff.experiment.scene_source import SceneSource, all_labels
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    block_split,
    field_split,
    per_class_split,
    published_split,
    random_split,
)
from hsidiff.labels.split import Split

_SPLITTERS: dict[str, Callable[..., Split]] = {
    "blocks": block_split,
    "fields": field_split,
    "random": random_split,
    "per-class": per_class_split,
}


def split_arguments(kind: str) -> dict[str, bool]:
    """The arguments of a kind of split, without labels and seed, and whether it needs them."""
    known = signature(_SPLITTERS[kind]).parameters if kind in _SPLITTERS else {}
    given = ("labels", "random_state")
    return {name: p.default is p.empty for name, p in known.items() if name not in given}


def split_labels(
    kind: str,
    labels: LabelMap,
    test_labels: LabelMap | None,
    arguments: Mapping[str, Any],
    *,
    receptive_field_px: int,
    seed: int,
) -> Split:
    """Split the labels of a scene.

    Args:
        kind: one of ``SPLIT_KINDS``.
        labels: all labels or, where there are ``test_labels``, the published training labels.
        test_labels: published test labels, or None.
        arguments: those of :func:`split_arguments` that are given.
        receptive_field_px: the guard of blocks and fields is made for it, unless ``arguments``
            say otherwise.
        seed: of the draws.

    Raises:
        SettingError: if an argument is out of range.
        SplitError: if the labels do not allow this split.
    """
    if kind == "published":
        assert test_labels is not None
        return published_split(labels, test_labels)
    has_guard = "receptive_field_px" in split_arguments(kind)
    guard = {"receptive_field_px": receptive_field_px} if has_guard else {}
    labels = all_labels(labels, test_labels)
    return _SPLITTERS[kind](labels, **{**guard, **arguments}, random_state=seed)


def _default_name(table: dict[str, Any]) -> str:
    """The kind and what distinguishes it: ``blocks-30``, ``random-10%``, ``published``."""
    if table["samples_per_class"] is not None:
        return f"{table['kind']}-{table['samples_per_class']}"
    if table["train_fraction"] is not None:
        return f"{table['kind']}-{100 * table['train_fraction']:g}%"
    return str(table["kind"])


class SplitRecipe(Table):
    """One ``[[splits]]`` table.

    Attributes:
        kind: one of ``SPLIT_KINDS``.
        scenes: names of the scenes that are split so; all, if the file does not say it.
        name: what the experiment calls it.

    The others are arguments of the function that splits, which checks their range.
    """

    kind: Literal["blocks", "fields", "random", "per-class", "published"]
    train_fraction: float | None = None
    samples_per_class: int | None = None
    stratified: bool | None = None
    block_px: int | None = None
    single_field: str | None = None
    guard_px: int | None = None
    receptive_field_px: int | None = None
    scenes: Distinct[str] = ()
    name: str = Field(default_factory=_default_name, min_length=1)

    @classmethod
    def keys_of(cls, table: Mapping[str, Any]) -> dict[str, bool]:
        """Name, scenes, and the arguments of the kind."""
        if table.get("kind") not in SPLIT_KINDS:  # a mistake of its own
            return super().keys_of(table)
        return {"kind": True, "name": False, "scenes": False, **split_arguments(table["kind"])}

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that the table gives."""
        return {
            name: value
            for name in split_arguments(self.kind)
            if (value := getattr(self, name)) is not None
        }

    def of_scenes(self, scenes: Sequence[SceneSource]) -> "SplitRecipe":
        """This split with the names of its scenes.

        Raises:
            SettingError: if a scene is unknown or lacks what the split needs.
        """
        names = [scene.name for scene in scenes]
        wanted = self.scenes or tuple(names)
        for name in wanted:
            check_choice(f"scene of split {self.name!r}", name, names)
        for scene in scenes:
            if self.kind == "published" and scene.name in wanted and scene.test_labels is None:
                raise SettingError(
                    f"split {self.name!r} is a published one, and scene {scene.name!r} has no "
                    "test_labels: add them, or name the scenes of this split (scenes = [...])"
                )
        return self.model_copy(update={"scenes": wanted})

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
        """Split the labels of a scene: :func:`split_labels` with what the table gives."""
        guard = {"receptive_field_px": receptive_field_px, "seed": seed}
        return split_labels(self.kind, labels, test_labels, self.arguments, **guard)
