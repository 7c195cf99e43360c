"""What share of a map each threshold of "not sure" leaves without a class, and what is right above.

The two belong together: risk and coverage of El-Yaniv and Wiener, JMLR 11 (2010).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from hsidiff.amounts import percent
from hsidiff.calibrated import LEAST_HELD_OUT, Calibrated
from hsidiff.calibration import tempered
from hsidiff.contract import SceneClassifier
from hsidiff.maps.confidence import NO_CONFIDENCE
from hsidiff.maps.doubt import Doubt, describe_doubt
from hsidiff.maps.geotiff import READ_SIZE_PX
from hsidiff.scenes.formats.gdal import of_rasterio, open_raster
from hsidiff.windows.tiles import tile_windows

MOSTLY_UNSURE = 0.5
"""From this share of "not sure" on, the map is more gap than map, and another number is named."""
ADVISED_UNSURE = 0.25
"""The number to try leaves no more than this share out."""
LEAST_GAIN = 0.01
"""If so much more of what is left is right, leaving out is worth while."""
SHOWN_UNSURE = (0.05, 0.1, 0.5, 0.75, 0.9)
"""Thresholds are told that leave about these shares out: confidences may lie close together."""


@dataclass(frozen=True)
class Counts:
    """How sure the pixels of a map are, or of several together.

    Attributes:
        percents: (101,) int64, pixels with a confidence of 0, 1, ..., 100 %.
        n_unsure: pixels that the map shows as "not sure".
    """

    percents: np.ndarray
    n_unsure: int

    @classmethod
    def of_map(
        cls, model: SceneClassifier, doubt: Doubt, map_path: Path, confidence_path: Path
    ) -> Self:
        """Count those of a map as it was drawn: one that was sieved shows other classes.

        Args:
            model: the classifier that drew it.
            doubt: what it was drawn with.
            map_path: the map.
            confidence_path: its :class:`~hsidiff.maps.confidence.ConfidenceLayer`.
        """
        percents = np.zeros(NO_CONFIDENCE + 1, dtype=np.int64)
        with open_raster(confidence_path, "GTiff") as dataset:
            for window in tile_windows(dataset.shape, READ_SIZE_PX):
                values = dataset.read(1, window=of_rasterio(window))
                percents += np.bincount(values.ravel(), minlength=len(percents))
        entries = describe_doubt(Doubt(doubt.abstain), model, map_path)
        return cls(percents[:101], sum(entry["n_pixels"] for entry in entries))

    @classmethod
    def of_all(cls, counts: Sequence[Self]) -> Self:
        """Add those of several maps."""
        percents = sum((one.percents for one in counts), np.zeros(101, dtype=np.int64))
        return cls(percents, sum(one.n_unsure for one in counts))


def risk_and_coverage(
    model: SceneClassifier, counts: Counts, asked: float | None
) -> dict[str, Any]:
    """What thresholds leave of a map, and how right held-out labels are above them.

    Args:
        model: the classifier that drew the map; a calibrated one knows held-out labels.
        counts: of the map.
        asked: the threshold of "not sure" that it was drawn with, or None.

    Returns:
        JSON values: ``asked``; ``unsure``, the share of the map that it leaves; ``advised``, the
        number to try where most of the map is "not sure", None where it is not, or no number
        leaves some pixels out and not too many; ``source`` of the held-out labels, ``n_held_out``,
        and ``share_right`` of all; ``thresholds``, some whole per cents and those named so far,
        each with the share of the map below it, the held-out labels that are at least as sure, and
        the share of them that is right, None of fewer than ten.
    """
    n_classes, n_pixels = len(model.classes_), int(counts.percents.sum())
    below = {
        hundredths / 100: _share_below(counts.percents, hundredths, n_classes)
        for hundredths in range(1, 100)
        if n_pixels
    }
    unsure = counts.n_unsure / n_pixels if asked is not None and n_pixels else None
    if asked is not None and unsure is not None:
        below[asked] = unsure
    quarter = _highest(below, ADVISED_UNSURE)
    advised = quarter if unsure is not None and unsure >= MOSTLY_UNSURE else None
    confidence, is_right = _held_out(model)
    named = {threshold for threshold in (asked, quarter) if threshold in below}
    return {
        "asked": asked,
        "unsure": unsure,
        "advised": advised,
        "source": model.source_ if isinstance(model, Calibrated) else None,
        "n_held_out": len(is_right),
        "share_right": _share_right(is_right),
        "thresholds": [
            {
                "threshold": threshold,
                "unsure": below[threshold],
                "n_held_out": int((confidence >= threshold).sum()),
                "share_right": _share_right(is_right[confidence >= threshold]),
            }
            for threshold in sorted(_shown(below) | named)
        ],
    }


def caution_of(told: dict[str, Any]) -> str | None:
    """That most of a map is "not sure", and which number to try, in one line.

    Args:
        told: what :func:`risk_and_coverage` gives.

    Returns:
        The line; None if less than half of the map is below the threshold that was asked for.
    """
    if told["unsure"] is None or told["unsure"] < MOSTLY_UNSURE:
        return None
    unsure = percent(told["unsure"])
    return f"--abstain {told['asked']} leaves {unsure} of the map 'not sure': {_advice(told)}"


def _advice(told: dict[str, Any]) -> str:
    row = next((r for r in told["thresholds"] if r["threshold"] == told["advised"]), None)
    if row is None:
        return (
            "no number leaves out some pixels and not too many, for their confidences are nearly "
            "alike: leave --abstain out"
        )
    number, right, of_all = f"{row['threshold']:g}", row["share_right"], told["share_right"]
    if right is None or of_all is None:
        return f"try --abstain {number}, which leaves {percent(row['unsure'])}"
    labels = f"of the held-out labels that are at least so sure {percent(right)} are right"
    if right - of_all >= LEAST_GAIN:
        return (
            f"try --abstain {number}, which leaves {percent(row['unsure'])}; {labels}, of all "
            f"{percent(of_all)}"
        )
    return (
        f"--abstain {number} would leave {percent(row['unsure'])}, but {labels}, and of all "
        f"{percent(of_all)}: that helps little here, so leave --abstain out"
    )


def _share_below(percents: np.ndarray, hundredths: int, n_classes: int) -> float:
    """Share of the pixels below a threshold in per cent, of a map that has some.

    What is stored as 60 % lies on either side of 0.6, so half of it counts: the share is that of
    the map to within half the pixels of one per cent.
    """
    if hundredths * n_classes <= 100:  # no pixel can be less sure than a guess
        return 0.0
    n_below = percents[:hundredths].sum() + percents[hundredths] / 2
    return float(n_below / percents.sum())


def _highest(below: dict[float, float], most: float) -> float | None:
    """The highest threshold that leaves some pixels out, and no more than a share."""
    return max((t for t, share in below.items() if 0 < share <= most), default=None)


def _shown(below: dict[float, float]) -> set[float]:
    """Few thresholds that leave out different shares, where any leaves some out and not all."""
    some = {threshold: share for threshold, share in below.items() if 0 < share < 1}
    return {
        min(some, key=lambda threshold: abs(some[threshold] - wanted))
        for wanted in SHOWN_UNSURE
        if some
    }


def _held_out(model: SceneClassifier) -> tuple[np.ndarray, np.ndarray]:
    """Confidence (n,) of held-out labels, as the map says it, and where they are right."""
    if not (isinstance(model, Calibrated) and model.is_calibrated):
        return np.empty(0), np.empty(0, dtype=bool)
    held_out = model.by_groups_
    said = tempered(held_out.proba, model.temperature_)
    return said.max(axis=1), held_out.is_right


def _share_right(is_right: Sequence[bool] | np.ndarray) -> float | None:
    return float(np.mean(is_right)) if len(is_right) >= LEAST_HELD_OUT else None
