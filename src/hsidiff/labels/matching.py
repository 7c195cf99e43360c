"""Give labels the class ids of another legend.

Text labels that come without numbers count from 1 in alphabetical order, so the same name has
another id in a file that lacks one of the classes. Labels of two files are compared by name.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hsidiff.errors import LabelError
from hsidiff.labels.label_map import LabelMap, LandClass


def with_ids_of(labels: LabelMap, legend: Sequence[LandClass], legend_name: str) -> LabelMap:
    """Labels whose classes have the ids that their names have in another legend.

    A class without a name of its own, or with a name that the legend does not know, keeps its id.

    Args:
        labels: the labels.
        legend: the classes whose ids count.
        legend_name: what to call the legend's owner in messages: ``"the map"``.

    Returns:
        The labels; colours of shared classes are those of ``labels``.

    Raises:
        LabelError: if a class would keep an id that another class has.
    """
    id_of_name = {c.name: c.id for c in legend if not has_no_name(c)}
    name_of_id = {c.id: c.name for c in legend if not has_no_name(c)}
    counts = labels.counts()
    used = [c for c in labels.classes if counts[c.id]]
    new_ids: dict[int, int] = {}
    for c in used:
        new_ids[c.id] = id_of_name.get(c.name, c.id)
        other = name_of_id.get(new_ids[c.id], c.name)
        if other != c.name and not has_no_name(c):
            raise LabelError(
                f"class {c.name!r} of the labels has id {c.id}, which is {other!r} in "
                f"{legend_name}, whose classes are {', '.join(id_of_name)}: name classes alike, or "
                "leave the class out (--ignore-class)"
            )
    if len(set(new_ids.values())) < len(new_ids):
        raise LabelError(
            f"two classes of the labels would have the same id in {legend_name}: name all classes "
            "or none"
        )
    lookup = np.zeros(max(counts, default=0) + 1, dtype=np.int32)
    lookup[list(new_ids)] = list(new_ids.values())
    classes = sorted((replace(c, id=new_ids[c.id]) for c in used), key=lambda c: c.id)
    return replace(labels, values=lookup[labels.values], classes=tuple(classes))


def has_no_name(land_class: LandClass) -> bool:
    """Whether the name is the stand-in that label maps give to a class without one."""
    return land_class.name == f"class {land_class.id}"
