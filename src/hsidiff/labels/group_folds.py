"""Folds of whole fields or blocks: every label is predicted by a model that never saw its field.

One split of few labels scores a handful of them, and which ones is luck. Here they take turns.
Labels of a field stay together, and training labels near to held-out ones are left out.

Sources: Roberts et al. (2017), Ecography 40, 913-929 (cross-validation by blocks); Burman, Chow and
Nolan (1994), Biometrika 81, 351-358 (leaving out what lies near to the held-out data).
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from hsidiff.errors import HsidiffWarning, SettingError, SplitError, check_choice
from hsidiff.labels.field_split import SINGLE_FIELD, split_single_fields
from hsidiff.labels.ground import blocks_on, classes_by_place
from hsidiff.labels.guard import Guards, check_guard, distance_to_px
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.split import Split, named

GROUPS = ("fields", "blocks")
_MAX_DRAWS = 30

Fold = tuple[np.ndarray, np.ndarray]
"""Positions of the labelled pixels inside and outside of a fold, row by row."""


@dataclass(frozen=True, eq=False)
class GroupFolds:
    """Repeated folds over the groups of labels.

    Attributes:
        repeats: of each repeat its folds, as splits: ``test`` is what is held out. Over the
            folds of a repeat each scored label is held out once.
        units: (rows, cols) int, the group of each labelled pixel, from 1; 0 where unlabelled.
        parameters: names to JSON values, everything that made them.
    """

    repeats: tuple[tuple[Split, ...], ...]
    units: np.ndarray
    parameters: dict[str, Any]


@dataclass(frozen=True)
class GroupFolding:
    """How the groups of labels are dealt out to folds, several times.

    Each fold holds about the same share of each class. A class of one group has nobody to learn it
    from when it is held out: it is never scored, and one warning names it.

    Training labels nearer than the guard to a held-out label are left out of that fold's training.
    By default the guard is the receptive field; in a fold in which it would take more than half of
    a class's training labels, that class has the widest guard that leaves it half, and one warning
    says so.

    Attributes:
        groups: "fields" (see :func:`hsidiff.labels.ground.fields_of`) or square "blocks".
        n_folds: folds of a repeat, at least 2; fewer where there are fewer groups.
        n_repeats: how often the groups are dealt out anew, at least 1.
        block_px: side of a block in pixels.
        single_field: a class of one field is cut into two ("halve") or left out ("drop").
        guard_px: the guard in pixels; None takes the receptive field, narrowed as said.
    """

    groups: str = "fields"
    n_folds: int = 5
    n_repeats: int = 3
    block_px: int = 16
    single_field: str = "halve"
    guard_px: int | None = None

    def __post_init__(self) -> None:
        """Refuse settings that are unknown or out of range with a SettingError."""
        check_choice("groups", self.groups, GROUPS)
        check_choice("single_field", self.single_field, SINGLE_FIELD)
        check_guard(self.guard_px, 1)
        for name, least in (("n_folds", 2), ("n_repeats", 1), ("block_px", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"{name}={getattr(self, name)}: must be at least {least}")

    def fold(self, labels: LabelMap, receptive_field_px: int, random_state: int = 0) -> GroupFolds:
        """Deal out the groups of labels.

        Args:
            labels: all labels.
            receptive_field_px: side of the square that the method looks at to map one pixel.
            random_state: seed of the draws.

        Raises:
            SplitError: if fewer than two classes lie in several groups.
        """
        # 1. Number the groups; find the classes that lie in several of them.
        labels, units = self._grouped(replace(labels, unit=self.groups))
        is_scored = _in_several_groups(labels, units)

        # 2. Deal the groups out.
        generator = np.random.default_rng(random_state)
        is_labelled = labels.values > 0
        by_place = {class_id: i for i, class_id in enumerate(classes_by_place(labels.values))}
        classes = np.array([by_place[i] for i in labels.values[is_labelled].tolist()])
        groups, scored = units[is_labelled], is_scored[is_labelled]
        n_groups = len(np.unique(groups))
        n_folds = min(self.n_folds, n_groups, int(np.bincount(classes).max()))
        dealt = [_deal(classes, groups, scored, n_folds, generator) for _ in range(self.n_repeats)]

        # 3. Make a split of each fold, with a guard between its sides.
        made = [
            [
                _split_of(labels, fold, is_scored, self.guard_px, receptive_field_px)
                for fold in folds
            ]
            for folds in dealt
        ]
        narrower = _narrowest([guards for repeat in made for _, guards in repeat])
        narrower.warn(receptive_field_px, "training", stacklevel=2)
        own = "single_field" if self.groups == "fields" else "block_px"
        parameters = {
            "groups": self.groups,
            "n_groups": n_groups,
            "n_folds": n_folds,
            "n_repeats": self.n_repeats,
            own: getattr(self, own),
            "guard_px": narrower.wanted_px,
            "narrower_guards_px": narrower.to_json(),
            "receptive_field_px": receptive_field_px,
            "random_state": random_state,
        }
        repeats = tuple(tuple(split for split, _ in repeat) for repeat in made)
        return GroupFolds(repeats, units, parameters)

    def _grouped(self, labels: LabelMap) -> tuple[LabelMap, np.ndarray]:
        """The labels that take part, and (rows, cols) int, the group of each."""
        if self.groups == "fields":
            return split_single_fields(labels, self.single_field, stacklevel=3)
        return labels, np.where(labels.values > 0, blocks_on(labels, self.block_px), 0)


def _in_several_groups(labels: LabelMap, units: np.ndarray) -> np.ndarray:
    """(rows, cols) bool, the labelled pixels of classes that can be scored.

    Raises:
        SplitError: if there are fewer than two such classes.
    """
    alone = []
    for land_class in labels.classes:
        of_class = units[labels.values == land_class.id]
        if of_class.size and np.ptp(of_class) == 0:
            alone.append(land_class)
    if len(labels.used_classes) - len(alone) < 2:
        raise SplitError(
            "fewer than two classes lie in several fields or blocks, so nothing can be held out: "
            "label more of them, or map without a score (--validate none)"
        )
    if alone:
        names = ", ".join(map(named, alone))
        text = f"classes of one group are never scored, for nothing else shows them: {names}"
        warnings.warn(text, HsidiffWarning, stacklevel=3)
    return (labels.values > 0) & ~np.isin(labels.values, [c.id for c in alone])


def _deal(
    classes: np.ndarray,
    groups: np.ndarray,
    is_scored: np.ndarray,
    n_folds: int,
    generator: np.random.Generator,
) -> list[Fold]:
    """Folds in which every held-out class is known to the training side, as far as draws go."""
    best: list[Fold] = []
    fewest = len(classes) + 1
    for _ in range(_MAX_DRAWS):
        folds = list(_draw(classes, groups, n_folds, int(generator.integers(2**31))))
        folds = [(inside, outside) for inside, outside in folds if is_scored[outside].any()]
        n_unknown = sum(
            int((is_scored[outside] & ~np.isin(classes[outside], classes[inside])).sum())
            for inside, outside in folds
        )
        if n_unknown < fewest:
            best, fewest = folds, n_unknown
        if n_unknown == 0:
            break
    return best


def _draw(
    classes: np.ndarray, groups: np.ndarray, n_folds: int, random_state: int
) -> Iterator[Fold]:
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # Classes of fewer labels than folds are usual here.
        warnings.filterwarnings("ignore", message="The least populated class")
        yield from splitter.split(classes, classes, groups)


def _split_of(
    labels: LabelMap,
    fold: Fold,
    is_scored: np.ndarray,
    guard_px: int | None,
    receptive_field_px: int,
) -> tuple[Split, Guards]:
    """A fold as a split, and the guard between its sides."""
    inside, outside = (np.zeros(labels.shape, dtype=bool) for _ in range(2))
    places = np.flatnonzero(labels.values)
    inside.flat[places[fold[0]]], outside.flat[places[fold[1]]] = True, True
    distance_px = distance_to_px(outside, labels.overlap)
    guards = Guards.of(labels.keeping(inside), distance_px, guard_px, receptive_field_px)
    region = distance_px > distance_to_px(inside, labels.overlap)
    train = labels.keeping(inside & guards.outside(labels.values, distance_px), region)
    test = labels.keeping(outside & is_scored, ~region)
    return Split(train, test, kind="groups"), guards


def _narrowest(guards: list[Guards]) -> Guards:
    """Of each class the narrowest guard of all folds."""
    widths: dict[LandClass, int] = {}
    for land_class, guard_px in (entry for one in guards for entry in one.narrower):
        widths[land_class] = min(guard_px, widths.get(land_class, guard_px))
    in_order = sorted(widths.items(), key=lambda entry: entry[0].id)
    return Guards(guards[0].wanted_px, tuple(in_order))
