"""The reference classes that people give to a sample, and those of the map."""

import difflib
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.class_colors import class_colors
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.matching import plain_name


def reference_classes(
    legend: Sequence[LandClass], texts: pd.Series, name: str
) -> tuple[tuple[LandClass, ...], np.ndarray]:
    """All classes, and the class id of each text.

    Args:
        legend: the classes of the map.
        texts: (points,) a name of a class, a name alike but for case and blanks, or an id.
        name: what to call the sample in messages.

    Returns:
        The classes of the map and those that only the texts name, by increasing id; and the ids,
        (points,) int.

    Raises:
        LabelError: if a number is no class id of the map.

    Warns:
        HsidiffWarning: if the map does not know a name.
    """
    ids = {str(c.id): c.id for c in legend}
    ids |= {plain_name(c.name): c.id for c in legend}
    ids |= {c.name: c.id for c in legend}
    known = [ids.get(text, ids.get(plain_name(text), 0)) for text in texts]
    unknown = sorted({text for text, number in zip(texts, known, strict=True) if not number})
    numbers = [text for text in unknown if text.lstrip("-").isdigit()]
    if numbers:
        raise LabelError(
            f"{name}: reference class {numbers[0]} is no class id of the map, which has "
            f"{', '.join(f'{c.id} {c.name}' for c in legend)}"
        )
    classes = list(legend)
    for text in unknown:
        new_id = max((c.id for c in classes), default=0) + 1
        ids[text] = new_id
        given = {place: c.color for place, c in enumerate(classes)}
        *_, color = class_colors([*(c.name for c in classes), text], given)
        classes.append(LandClass(new_id, text, color))
    if unknown:
        warnings.warn(_about_unknown(unknown, texts, legend, name), HsidiffWarning, stacklevel=3)
    reference = [ids.get(text, ids.get(plain_name(text), 0)) for text in texts]
    return tuple(classes), np.array(reference)


def _about_unknown(
    unknown: Sequence[str], texts: pd.Series, legend: Sequence[LandClass], name: str
) -> str:
    told = []
    for text in unknown:
        near = difflib.get_close_matches(text, [c.name for c in legend], n=1)
        hint = f", did you mean {near[0]!r}?" if near else ""
        told.append(f"{text!r} ({(texts == text).sum()} points{hint})")
    return (
        f"{name}: the map has no class {'; '.join(told)}: these points count as errors of the map"
    )
