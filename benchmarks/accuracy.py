"""Accuracy and seconds of methods, from the CSV files of ``docs/results``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hsidiff.errors import SettingError

GENERATED = "embedded"
"""The scene that is not real."""


@dataclass(frozen=True)
class MethodPoint:
    """One method, its means over scenes of its means over seeds.

    Attributes:
        method: its label.
        seconds: to fit and map.
        overall_accuracy: in per cent.
    """

    method: str
    seconds: float
    overall_accuracy: float


def read_points(
    files: Sequence[Path], split: str, scenes: Sequence[str] | None = None
) -> list[MethodPoint]:
    """One point per method, the most accurate first.

    Args:
        files: ``cells.csv`` as ``hsidiff report`` writes it: one row per scene, split, method and
            seed. A method that several files hold is taken from the last.
        split: name of the split.
        scenes: which scenes; None takes every real one.

    Raises:
        SettingError: if nothing is left, or if a method lacks a scene that another has, since
            means over different scenes cannot be compared.
    """
    points: dict[str, MethodPoint] = {}
    for file in files:
        cells = pd.read_csv(file)
        cells = cells[(cells["split"] == split) & cells["overall_accuracy"].notna()]
        wanted = set(scenes or set(cells["scene"]) - {GENERATED})
        for method in dict.fromkeys(cells["method"]):
            of_method = cells[(cells["method"] == method) & cells["scene"].isin(wanted)]
            lacking = wanted - set(of_method["scene"])
            if lacking:
                raise SettingError(
                    f"{file}: {method!r} has no result on {', '.join(sorted(lacking))} under "
                    f"{split!r}: name the scenes that all methods have (--scenes)"
                )
            means = of_method.groupby("scene")[["seconds", "overall_accuracy"]].mean().mean()
            points[method] = MethodPoint(
                method, float(means["seconds"]), 100 * float(means["overall_accuracy"])
            )
    if not points:
        names = ", ".join(map(str, files))
        raise SettingError(f"{names}: no result under {split!r}: give the name of a split in them")
    return sorted(points.values(), key=lambda point: -point.overall_accuracy)
