"""Scores of a map on test labels.

Source of the definitions: Congalton (1991), Remote Sensing of Environment 37, 35-46 (overall and
average accuracy, kappa); Garcia-Garcia et al. (2017), arXiv 1704.06857 (intersection over union,
mean and weighted by frequency).
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from hsidiff.amounts import count, percent
from hsidiff.errors import LabelError
from hsidiff.labels.label_map import LabelMap, as_text


@dataclass(frozen=True)
class ClassScores:
    """Scores of one class, as fractions; None where one is not defined.

    Attributes:
        id: class id.
        name: class name.
        n_test: test pixels of the class.
        accuracy: share of its test pixels that the map has right (recall, producer's accuracy).
        precision: share of the test pixels mapped as this class that are of it (user's accuracy);
            None if no test pixel is mapped as it.
        f1: harmonic mean of the two, 2 TP / (2 TP + FP + FN).
        iou: intersection over union, TP / (TP + FP + FN).
    """

    id: int
    name: str
    n_test: int
    accuracy: float | None
    precision: float | None
    f1: float | None
    iou: float | None


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of a map on test labels, as fractions. Means run over the classes with test pixels.

    Attributes:
        overall_accuracy: share of the test pixels that the map has right.
        average_accuracy: mean of the classes' accuracies (recalls).
        kappa: Cohen's kappa; None where chance alone would agree in each pixel.
        macro_f1: mean F1.
        mean_iou: mean intersection over union.
        frequency_weighted_iou: intersection over union weighted by the classes' test pixels.
        per_class: one entry per class of the legend, in its order.
        confusion_matrix: (n_classes, n_classes) int, truth in rows, map in columns, both in the
            order of the legend.
        n_scored: number of test pixels.
        n_not_mapped: test pixels where the map holds 0 or a class that the legend does not know.
            They count as errors and stand in no column of the matrix.
        is_right: (n_scored,) bool, whether the map has each test pixel right; row by row.
    """

    overall_accuracy: float
    average_accuracy: float
    kappa: float | None
    macro_f1: float
    mean_iou: float
    frequency_weighted_iou: float
    per_class: tuple[ClassScores, ...]
    confusion_matrix: np.ndarray = field(repr=False)
    n_scored: int
    n_not_mapped: int
    is_right: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        """The main scores, and a table of the classes."""
        kappa = "-" if self.kappa is None else f"{self.kappa:.3f}"
        rows = [(e.id, e.name, e.n_test, *map(percent, (e.accuracy, e.precision, e.f1)))
                for e in self.per_class]  # fmt: skip
        heads = ["id", "class", "test pixels", "accuracy", "precision", "F1"]
        return (
            f"Scores: overall accuracy {percent(self.overall_accuracy)}, average accuracy "
            f"{percent(self.average_accuracy)}, kappa {kappa}, {count(self.n_scored)} test pixels\n"
            f"{as_text(pd.DataFrame(rows, columns=heads))}"
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values, without ``is_right``: single pixels stand in the map."""
        content = asdict(self) | {
            "per_class": [asdict(entry) for entry in self.per_class],
            "confusion_matrix": self.confusion_matrix.tolist(),
        }
        del content["is_right"]
        return content


def score(predicted: np.ndarray, test_labels: LabelMap) -> Scores:
    """Score a map on test labels.

    Args:
        predicted: (rows, cols) int, the class id of each pixel, 0 = not mapped.
        test_labels: the test labels, of the same shape. Other pixels are not looked at.

    Raises:
        LabelError: if shapes differ or there is no test pixel.

    Example:
        >>> import hsidiff, numpy
        >>> truth = hsidiff.LabelMap.from_array(numpy.array([[1, 1, 2, 0]]))
        >>> scores = hsidiff.score(numpy.array([[1, 2, 2, 2]]), truth)
        >>> scores.n_scored, scores.average_accuracy
        (3, 0.75)
    """
    predicted = np.asarray(predicted)
    if predicted.shape != test_labels.shape:
        raise LabelError(
            f"the map is {predicted.shape} (rows, cols), the test labels are {test_labels.shape}: "
            "score on labels of the map's grid"
        )
    if test_labels.n_labelled == 0:
        raise LabelError("there is no test pixel: label some pixels that were not trained on")
    is_test = test_labels.values > 0
    truth, mapped = test_labels.values[is_test], predicted[is_test]
    ids = [land_class.id for land_class in test_labels.classes]

    # 1. Count. Pixels mapped as none of the ids stand in no column.
    matrix = confusion_matrix(truth, mapped, labels=ids)
    n_right, n_mapped = np.diag(matrix), matrix.sum(axis=0)
    n_test = np.array(list(test_labels.counts().values()))

    # 2. Score each class.
    recall, precision, f1, iou = _class_fractions(n_right, n_test, n_mapped)

    # 3. Average over the classes with test pixels.
    overall_accuracy = float(n_right.sum() / truth.size)
    return Scores(
        overall_accuracy=overall_accuracy,
        average_accuracy=float(np.nanmean(recall)),
        kappa=_kappa(overall_accuracy, n_test, n_mapped),
        macro_f1=float(np.nanmean(f1)),
        mean_iou=float(np.nanmean(iou)),
        frequency_weighted_iou=float(np.nansum(n_test * iou) / truth.size),
        per_class=tuple(
            ClassScores(c.id, c.name, int(n), *(_or_none(x) for x in fractions))
            for c, n, *fractions in zip(
                test_labels.classes, n_test, recall, precision, f1, iou, strict=True
            )
        ),
        confusion_matrix=matrix,
        n_scored=int(truth.size),
        n_not_mapped=int(truth.size - matrix.sum()),
        is_right=truth == mapped,
    )


def _class_fractions(
    n_right: np.ndarray, n_test: np.ndarray, n_mapped: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Recall, precision, F1 and IoU of each class; NaN where it has no test pixel.

    TP = n_right, FN = n_test - TP, FP = n_mapped - TP.
    """
    n_test_or_nan = np.where(n_test > 0, n_test, np.nan)
    recall = n_right / n_test_or_nan
    precision = n_right / np.where(n_mapped > 0, n_mapped, np.nan)
    f1 = 2 * n_right / (n_test_or_nan + n_mapped)
    iou = n_right / (n_test_or_nan + n_mapped - n_right)
    return recall, precision, f1, iou


def _kappa(overall_accuracy: float, n_test: np.ndarray, n_mapped: np.ndarray) -> float | None:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e); p_e is the agreement that chance alone would give.

    Not scikit-learn's function: it knows no "not mapped" and warns where kappa is not defined.

    Args:
        overall_accuracy: p_o.
        n_test: (n_classes,) test pixels of each class.
        n_mapped: (n_classes,) test pixels mapped as each class.
    """
    chance = float((n_test / n_test.sum()) @ (n_mapped / n_test.sum()))
    return None if chance == 1 else (overall_accuracy - chance) / (1 - chance)


def _or_none(fraction: float) -> float | None:
    """A plain float; None for NaN, which JSON does not know."""
    return None if np.isnan(fraction) else float(fraction)
