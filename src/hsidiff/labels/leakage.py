"""How much a split gives away: what position alone reveals about the test pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import KDTree

from hsidiff.errors import LabelError, SettingError
from hsidiff.labels.guard import distance_to_px
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split


@dataclass(frozen=True)
class DistanceSummary:
    """Chebyshev distances from each test pixel to its nearest training pixel, in pixels.

    Attributes:
        minimum: the nearest.
        quartiles: lower quartile, median, upper quartile.
        mean: the mean.
        maximum: the farthest.
        bin_edges_px: (n_bins + 1,) edges of the histogram; a bin holds its lower edge and not its
            upper one.
        bin_counts: (n_bins,) test pixels per bin.
    """

    minimum: int
    quartiles: tuple[float, float, float]
    mean: float
    maximum: int
    bin_edges_px: tuple[int, ...]
    bin_counts: tuple[int, ...]

    @classmethod
    def from_distances(cls, distances_px: np.ndarray) -> "DistanceSummary":
        """Summarise distances (n,) of at least 1; the histogram's edges are 1, 2, 4, 8, ..."""
        lower, median, upper = (float(q) for q in np.quantile(distances_px, (0.25, 0.5, 0.75)))
        n_bins = int(distances_px.max()).bit_length()
        edges = [2**power for power in range(n_bins + 1)]
        counts, _ = np.histogram(distances_px, edges)
        return cls(
            minimum=int(distances_px.min()),
            quartiles=(lower, median, upper),
            mean=float(distances_px.mean()),
            maximum=int(distances_px.max()),
            bin_edges_px=tuple(edges),
            bin_counts=tuple(counts.tolist()),
        )

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in vars(self).items()}


@dataclass(frozen=True)
class Leakage:
    """What a split gives away.

    Attributes:
        window_shares: side of a square window, in pixels, to the share of test pixels that have a
            training pixel inside the window centred on them.
        receptive_field_px: the window that the method looks at; one of those of ``window_shares``.
        nearest_training_px: how far test pixels are from training pixels.
        position_overall_accuracy: overall accuracy on the test pixels of a classifier that sees
            only row and column.
        position_average_accuracy: mean over the classes of its accuracy on their test pixels.
        n_test_apart: test pixels apart from training, see :func:`apart_from_training`.
        position_overall_accuracy_apart: its overall accuracy on those; None if there are none.
    """

    window_shares: dict[int, float]
    receptive_field_px: int
    nearest_training_px: DistanceSummary
    position_overall_accuracy: float
    position_average_accuracy: float
    n_test_apart: int
    position_overall_accuracy_apart: float | None

    @property
    def receptive_field_share(self) -> float:
        """Share of test pixels whose input holds a training pixel; 0 for a clean split."""
        return self.window_shares[self.receptive_field_px]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "window_shares": {str(side): share for side, share in self.window_shares.items()},
            "receptive_field_px": self.receptive_field_px,
            "receptive_field_share": self.receptive_field_share,
            "nearest_training_px": self.nearest_training_px.to_json(),
            "position_overall_accuracy": self.position_overall_accuracy,
            "position_average_accuracy": self.position_average_accuracy,
            "n_test_apart": self.n_test_apart,
            "position_overall_accuracy_apart": self.position_overall_accuracy_apart,
        }


def measure_leakage(
    split: Split | Sequence[Split],
    receptive_field_px: int,
    windows_px: Sequence[int] = (1, 3, 7, 13),
) -> Leakage:
    """Measure how much the position of a test pixel gives away.

    Random pixel splits of the benchmark scenes let position alone reach 97 % overall accuracy, so
    a method's own figure says little there.

    Args:
        split: the split; or the folds of a cross-validation, whose test pixels are taken together.
        receptive_field_px: side of the square that the method looks at, odd.
        windows_px: sides of further windows, odd.

    Raises:
        SettingError: if a window is not odd and positive.
    """
    sides = sorted({*windows_px, receptive_field_px})
    for side in sides:
        _check_window(side)
    splits = [split] if isinstance(split, Split) else split
    truth = np.concatenate([one.test.values[one.test.values > 0] for one in splits])
    distances_px = np.concatenate([distances_to_training_px(one) for one in splits])
    is_right = np.concatenate([_position_is_right(one) for one in splits])
    is_apart = np.concatenate([apart_from_training(one, receptive_field_px) for one in splits])
    return Leakage(
        window_shares={side: float((distances_px <= side // 2).mean()) for side in sides},
        receptive_field_px=receptive_field_px,
        nearest_training_px=DistanceSummary.from_distances(distances_px),
        position_overall_accuracy=float(is_right.mean()),
        position_average_accuracy=float(
            np.mean([is_right[truth == class_id].mean() for class_id in np.unique(truth)])
        ),
        n_test_apart=int(is_apart.sum()),
        position_overall_accuracy_apart=share_right(is_right[is_apart]),
    )


def _position_is_right(split: Split) -> np.ndarray:
    """(n_test,) bool, whether the nearest training pixel has the class; row by row."""
    rows, cols = np.nonzero(split.test.values)
    nearest = NearestTrainingClass.from_labels(split.train).at(rows, cols)
    return nearest == split.test.values[rows, cols]


def distances_to_training_px(split: Split) -> np.ndarray:
    """Chebyshev distance of each test pixel to its nearest training pixel.

    Returns:
        (n_test,) int, in pixels, at least 1; test pixels row by row.
    """
    distance_px = distance_to_px(split.train.values > 0, split.train.overlap)
    return distance_px[split.test.values > 0]


def apart_from_training(split: Split, receptive_field_px: int) -> np.ndarray:
    """Which test pixels a method maps without a training pixel in its receptive field.

    The receptive field is the square that is centred on the test pixel. It may still overlap with
    what the method has seen around a training pixel; only a guard band prevents that.

    Args:
        split: the split.
        receptive_field_px: side of the square that the method looks at, odd.

    Returns:
        (n_test,) bool; test pixels row by row, as in ``Scores.is_right``.

    Raises:
        SettingError: if the side is not odd and positive.
    """
    _check_window(receptive_field_px)
    return distances_to_training_px(split) > receptive_field_px // 2


def share_right(is_right: np.ndarray) -> float | None:
    """Overall accuracy from (n,) bool, whether each pixel is right; None if there is no pixel."""
    return float(is_right.mean()) if is_right.size else None


def _check_window(side_px: int) -> None:
    if side_px < 1 or side_px % 2 == 0:
        raise SettingError(f"window of {side_px} px: must be odd and at least 1")


class NearestTrainingClass:
    """The class of the nearest training pixel: what one can say without looking at the scene.

    Nearest by the straight line between pixel centres. Of several at the same distance one is
    taken, always the same one for the same training pixels.

    Attributes:
        rows: (n,) rows of the training pixels.
        cols: (n,) their columns.
        class_ids: (n,) int32, their classes.
    """

    def __init__(self, rows: np.ndarray, cols: np.ndarray, class_ids: np.ndarray) -> None:
        if rows.size == 0:
            raise LabelError(
                "there is no training label: label some pixels of at least two classes"
            )
        self.rows, self.cols, self.class_ids = rows, cols, class_ids
        self._tree = KDTree(np.column_stack([rows, cols]))

    @classmethod
    def from_labels(cls, train: LabelMap) -> "NearestTrainingClass":
        """Take the training pixels of a label map.

        Raises:
            LabelError: if there is no training label.
        """
        rows, cols = np.nonzero(train.values)
        return cls(rows, cols, train.values[rows, cols])

    def at(self, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        """Class ids, int32, for pixels in ``rows`` and ``cols`` (both of one shape)."""
        _, nearest = self._tree.query(np.stack([rows, cols], axis=-1))
        return self.class_ids[nearest]
