"""Means over the seeds of an experiment, in per cent, as the figures draw and write them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hsidiff.evaluation.comparison import spread
from hsidiff.experiment.folder import Cell, ExperimentFolder


@dataclass(frozen=True)
class SeedMean:
    """Overall accuracy of one method over its seeds, in per cent.

    Attributes:
        value: the mean.
        low: lower end of its 95 % interval; the mean itself for a single seed.
        high: upper end, at most 100: no accuracy lies beyond.
        has_interval: whether there are two seeds or more.
    """

    value: float
    low: float
    high: float
    has_interval: bool

    def __str__(self) -> str:
        """The mean and half the width of its interval before any cut."""
        half = f" \N{PLUS-MINUS SIGN} {self.value - self.low:.1f}" if self.has_interval else ""
        return f"{self.value:.1f}{half}"


def seed_mean(cells: Sequence[Cell]) -> SeedMean | None:
    """Mean overall accuracy of finished cells; None if there are none."""
    found = spread(cell.result.get("overall_accuracy") for cell in cells)
    if found is None:
        return None
    value = 100 * found.mean
    if found.low is None or found.high is None:
        return SeedMean(value, value, value, False)
    return SeedMean(value, 100 * found.low, min(100 * found.high, 100.0), True)


def position_accuracy(folder: ExperimentFolder, scene: str, split: str) -> float | None:
    """What position alone reaches, in per cent, mean over the seeds; None if not measured.

    It is measured in the cell of every method, from the split alone: one value per seed.
    """
    by_seed = {
        cell.seed: (cell.result.get("leakage") or {}).get("position_overall_accuracy")
        for cell in folder.cells
        if cell.done and (cell.scene, cell.split) == (scene, split)
    }
    found = spread(by_seed.values())
    return None if found is None else 100 * found.mean


def splits_with_cells(folder: ExperimentFolder, scene: str) -> list[str]:
    """The splits of a scene on which at least one cell is finished, in the file's order."""
    done = {cell.split for cell in folder.cells if cell.done and cell.scene == scene}
    return [split for split in folder.splits if split in done]
