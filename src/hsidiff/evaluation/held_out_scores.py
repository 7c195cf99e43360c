"""Scores of held-out labels, with intervals from the spread between fields."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hsidiff.evaluation.group_intervals import GroupInterval, mean_interval, share_interval
from hsidiff.evaluation.held_out_labels import HeldOut
from hsidiff.evaluation.metrics import Scores, score


@dataclass(frozen=True, eq=False)
class HeldOutScores:
    """Scores of held-out predictions, with 95 % intervals from the spread between groups.

    Attributes:
        scores: the scores.
        overall: interval of the overall accuracy.
        average: interval of the average accuracy.
        kappa: interval of kappa, from that of the overall accuracy with the agreement by chance
            held fixed; None where kappa is not defined.
        per_class: interval of each class's accuracy, in the order of the legend; None without
            test labels.
        n_groups: the groups that the scored labels lie in.
        groups: what a group is, ``"fields"`` or ``"blocks of 16 px"``.
    """

    scores: Scores
    overall: GroupInterval
    average: GroupInterval
    kappa: GroupInterval | None
    per_class: tuple[GroupInterval | None, ...]
    n_groups: int
    groups: str

    def to_json(self) -> dict[str, Any]:
        """The intervals as JSON values."""
        return {
            "overall_accuracy": self.overall.to_json(),
            "average_accuracy": self.average.to_json(),
            "kappa": None if self.kappa is None else self.kappa.to_json(),
            "per_class": [None if i is None else i.to_json() for i in self.per_class],
            "n_groups": self.n_groups,
            "groups": self.groups,
        }


def score_held_out(held_out: HeldOut, units: np.ndarray, groups: str) -> HeldOutScores:
    """Score held-out predictions.

    Args:
        held_out: labels and predictions.
        units: (rows, cols) int, the group of each label.
        groups: what a group is.
    """
    scores = score(held_out.class_map, held_out.labels)
    is_labelled = held_out.labels.values > 0
    truth, of_pixel = held_out.labels.values[is_labelled], units[is_labelled]
    overall = share_interval(scores.is_right, of_pixel)
    per_class = [
        share_interval(scores.is_right[truth == entry.id], of_pixel[truth == entry.id])
        if entry.n_test
        else None
        for entry in scores.per_class
    ]
    known = [
        (entry.accuracy, interval)
        for entry, interval in zip(scores.per_class, per_class, strict=True)
        if entry.accuracy is not None and interval is not None
    ]
    return HeldOutScores(
        scores=scores,
        overall=overall,
        average=mean_interval([share for share, _ in known], [i for _, i in known]),
        kappa=_kappa_interval(scores, overall),
        per_class=tuple(per_class),
        n_groups=len(np.unique(of_pixel)),
        groups=groups,
    )


def _kappa_interval(scores: Scores, overall: GroupInterval) -> GroupInterval | None:
    if scores.kappa is None:
        return None
    n_test = np.array([entry.n_test for entry in scores.per_class])
    chance = float(n_test @ scores.confusion_matrix.sum(axis=0)) / scores.n_scored**2
    low, high = ((end - chance) / (1 - chance) for end in (overall.low, overall.high))
    return GroupInterval(low, high)
