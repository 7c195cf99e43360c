"""One legend for the labels of several scenes: a class is known by its name."""

import warnings
from collections.abc import Sequence
from dataclasses import replace

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.matching import has_no_name, plain_name


def with_one_legend(label_maps: Sequence[LabelMap], names: Sequence[str]) -> list[LabelMap]:
    """Labels of several scenes with the same ids for the same classes.

    Classes of one name are one class, whatever their ids; the first scene that has it decides. Of
    text labels without numbers the ids only count names, so a new name gets the next free id.
    Elsewhere an id with two names is refused. A class without a name is the one of its id.

    Args:
        label_maps: the labels of each scene.
        names: what to call them in messages.

    Raises:
        LabelError: if an id has two names, or two classes of one scene become one; names both.

    Warns:
        HsidiffWarning: if names differ by case or blanks only.
    """
    legend: dict[int, LandClass] = {}
    owners: dict[int, str] = {}
    ids_of_maps = []
    for labels, name in zip(label_maps, names, strict=True):
        used = labels.used_classes
        new_ids = {c.id: _id_in(legend, owners, c, labels, name) for c in used}
        if len(set(new_ids.values())) < len(new_ids):
            raise LabelError(
                f"{name}: two of its classes would be one class of {names[0]}: name all or none"
            )
        for c in used:
            new = new_ids[c.id]
            if new not in legend or has_no_name(legend[new]):
                legend[new] = replace(c, id=new)
                owners.setdefault(new, name)
        ids_of_maps.append(new_ids)
    classes = tuple(legend[i] for i in sorted(legend))
    return [
        labels.renumbered(new_ids, classes)
        for labels, new_ids in zip(label_maps, ids_of_maps, strict=True)
    ]


def _id_in(
    legend: dict[int, LandClass],
    owners: dict[int, str],
    land_class: LandClass,
    labels: LabelMap,
    name: str,
) -> int:
    """The id that a class of some labels has in the legend of all."""
    if has_no_name(land_class):
        return land_class.id
    for known in legend.values():
        if not has_no_name(known) and plain_name(known.name) == plain_name(land_class.name):
            _warn_of_spelling(known, land_class, name)
            return known.id
    holder = legend.get(land_class.id)
    if holder is None or has_no_name(holder):
        return land_class.id
    if _are_counted(labels):
        taken = {*legend, *(c.id for c in labels.classes)}
        return max(taken) + 1 + _place(land_class, labels, legend)
    raise LabelError(
        f"class id {land_class.id} is {holder.name!r} in {owners[holder.id]} and "
        f"{land_class.name!r} in {name}: give each class one id and one name, or leave one out "
        "(--ignore-class)"
    )


def _place(land_class: LandClass, labels: LabelMap, legend: dict[int, LandClass]) -> int:
    """Which of the new names of these labels it is, from 0: each gets an id of its own."""
    known = {plain_name(c.name) for c in legend.values()}
    new = [c.id for c in labels.used_classes if plain_name(c.name) not in known]
    return new.index(land_class.id)


def _are_counted(labels: LabelMap) -> bool:
    """Whether ids only count the names of points or polygons, from 1 in alphabetical order."""
    names = [c.name for c in labels.classes]
    ids = [c.id for c in labels.classes]
    return (
        labels.sample_ids is not None
        and names == sorted(names)
        and ids == list(range(1, len(ids) + 1))
    )


def _warn_of_spelling(known: LandClass, land_class: LandClass, name: str) -> None:
    if known.name != land_class.name:
        warnings.warn(
            f"{name}: class {land_class.name!r} is taken for {known.name!r}, which differs by case "
            "or blanks only",
            HsidiffWarning,
            stacklevel=4,
        )
