"""Give labels the class ids of another legend.

Text labels that come without numbers count from 1 in alphabetical order, so the same name has
another id in a file that lacks one of the classes. Labels of two files are compared by name.
"""

import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import replace

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.label_map import LabelMap, LandClass


def with_ids_of(
    labels: LabelMap,
    legend: Sequence[LandClass],
    legend_name: str,
    own_name: str = "the labels",
    way_out: str = "leave the class out (--ignore-class)",
) -> LabelMap:
    """Labels whose classes have the ids that their names have in another legend.

    A class without a name of its own, or with a name that the legend does not know, keeps its id. A
    name that differs from one of the legend by case or blanks only is taken for it.

    Args:
        labels: the labels.
        legend: the classes whose ids count.
        legend_name: what to call the legend's owner in messages: ``"the map"``.
        own_name: what to call the labels in messages.
        way_out: what a message offers beside naming classes alike.

    Returns:
        The labels; colours of shared classes are those of ``labels``.

    Raises:
        LabelError: if a class would keep an id that another class has.

    Warns:
        HsidiffWarning: if names differ by case or blanks only.
    """
    labels = _with_names_of(labels, legend, legend_name)
    id_of_name = {c.name: c.id for c in legend if not has_no_name(c)}
    name_of_id = {c.id: c.name for c in legend if not has_no_name(c)}
    if not id_of_name:
        _warn_of_numbers_by_the_alphabet(labels, legend_name, own_name)
    new_ids: dict[int, int] = {}
    for c in labels.used_classes:
        new_ids[c.id] = id_of_name.get(c.name, c.id)
        other = name_of_id.get(new_ids[c.id], c.name)
        if other != c.name and not has_no_name(c):
            raise LabelError(
                f"class {c.name!r} of {own_name} has id {c.id}, which is {other!r} in "
                f"{legend_name}, whose classes are {', '.join(id_of_name)}: name classes alike, or "
                f"{way_out}"
            )
    if len(set(new_ids.values())) < len(new_ids):
        raise LabelError(
            f"two classes of {own_name} would have the same id in {legend_name}: name all classes "
            "or none"
        )
    classes = (replace(c, id=new_ids[c.id]) for c in labels.used_classes)
    return labels.renumbered(new_ids, sorted(classes, key=lambda c: c.id))


def _warn_of_numbers_by_the_alphabet(labels: LabelMap, legend_name: str, own_name: str) -> None:
    """Note ids that names were given by the alphabet, where a legend without names is compared.

    Warns:
        HsidiffWarning: if the ids of at least two named classes look as if.
    """
    named = [c for c in labels.classes if not has_no_name(c)]
    in_order = sorted(named, key=lambda c: (c.name.casefold(), c.name))
    if len(named) < 2 or [c.id for c in in_order] != list(range(1, len(named) + 1)):
        return
    listed = ", ".join(f"{c.id} {c.name}" for c in in_order[:12])
    warnings.warn(
        f"classes of {legend_name} have no names and are compared by id with those of {own_name}, "
        f"which are numbered by the alphabet ({listed}): if {legend_name} numbers them otherwise, "
        "give a table of classes (--classes) or a field of ids (--field)",
        HsidiffWarning,
        stacklevel=3,
    )


def _with_names_of(labels: LabelMap, legend: Sequence[LandClass], legend_name: str) -> LabelMap:
    """The labels with the names of a legend where theirs differ by case or blanks only."""
    known = {c.name for c in legend}
    named = {plain_name(c.name): c.name for c in legend if not has_no_name(c)}
    new = {c: named.get(plain_name(c.name), c.name) for c in labels.classes if c.name not in known}
    changed = [f"{c.name!r} for {name!r}" for c, name in new.items() if name != c.name]
    if not changed:
        return labels
    warnings.warn(
        f"names of classes differ by case or blanks from those of {legend_name}: "
        f"{', '.join(changed)}: they are taken for the same classes",
        HsidiffWarning,
        stacklevel=3,
    )
    return replace(
        labels, classes=tuple(replace(c, name=new.get(c, c.name)) for c in labels.classes)
    )


def plain_name(name: str) -> str:
    """A name without regard to case, blanks, hyphens, underscores and how accents are stored."""
    return re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name).casefold())


def has_no_name(land_class: LandClass) -> bool:
    """Whether the name is the stand-in that label maps give to a class without one."""
    return land_class.name == f"class {land_class.id}"
