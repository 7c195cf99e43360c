"""What tables, charts and pages ask of the cells of an experiment: numbers over its seeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hsidiff.amounts import PLUS_MINUS
from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.experiment.folder import Cell, ExperimentFolder


@dataclass(frozen=True)
class SeedMean:
    """Overall accuracy of one method over its seeds, in per cent, as charts and pages show it.

    Attributes:
        value: the mean.
        low: lower end of its 95 % interval; the mean itself for a single seed.
        high: upper end, at most 100: no accuracy lies beyond.
        deviation: standard deviation over the seeds, as in the tables; None for a single seed.
    """

    value: float
    low: float
    high: float
    deviation: float | None

    def __str__(self) -> str:
        """The mean and its deviation."""
        beside = "" if self.deviation is None else f" {PLUS_MINUS} {self.deviation:.1f}"
        return f"{self.value:.1f}{beside}"


def value_of(cell: Cell, *keys: str) -> Any:
    """What a result holds at a path of keys; None where it ends early."""
    content: Any = cell.result
    for key in keys:
        content = (content or {}).get(key)
    return content


def spread_of(cells: Iterable[Cell], *keys: str) -> Spread | None:
    """The numbers of several results at a path of keys; None if none has it."""
    return spread(value_of(cell, *keys) for cell in cells)


def seed_mean(cells: Iterable[Cell]) -> SeedMean | None:
    """Mean overall accuracy of finished cells; None if there are none."""
    accuracy = spread_of(cells, "overall_accuracy")
    if accuracy is None:
        return None
    value = 100 * accuracy.mean
    if accuracy.low is None or accuracy.high is None or accuracy.deviation is None:
        return SeedMean(value, value, value, None)
    low, high = 100 * accuracy.low, min(100 * accuracy.high, 100.0)
    return SeedMean(value, low, high, 100 * accuracy.deviation)


def mean_seconds(cells: Iterable[Cell]) -> float | None:
    """Mean of the total seconds of cells; None where none was timed."""
    seconds = spread(value_of(cell, "seconds", "total") or None for cell in cells)
    return None if seconds is None else seconds.mean


def finished(folder: ExperimentFolder, scene: str, split: str) -> list[Cell]:
    """The finished cells of all methods on one split of one scene."""
    return [c for c in folder.cells if c.done and (c.scene, c.split) == (scene, split)]


def splits_with_cells(folder: ExperimentFolder, scene: str) -> list[str]:
    """The splits of a scene on which at least one cell is finished, in the file's order."""
    return [split for split in folder.splits if finished(folder, scene, split)]


def scenes_and_splits(folder: ExperimentFolder) -> list[tuple[str, str]]:
    """Each scene with each of its splits on which at least one cell is finished."""
    return [(scene, split) for scene in folder.scenes for split in splits_with_cells(folder, scene)]


def position_accuracy(folder: ExperimentFolder, scene: str, split: str) -> float | None:
    """What position alone reaches, in per cent, mean over the seeds; None if not measured."""
    # Every method's cell holds it, measured from the split alone: one value per seed.
    by_seed = {cell.seed: cell for cell in finished(folder, scene, split)}
    accuracy = spread_of(by_seed.values(), "leakage", "position_overall_accuracy")
    return None if accuracy is None else 100 * accuracy.mean


def n_seeds(folder: ExperimentFolder) -> int:
    """The number of seeds that the experiment asks for."""
    return len(folder.about.get("seeds") or {cell.seed for cell in folder.cells})


def cells_not_run(folder: ExperimentFolder) -> list[tuple[str, str, str, int]]:
    """Scene, split, method and seed of the cells without any result, on splits that have some."""
    present = {(c.scene, c.split, c.method, c.seed) for c in folder.cells}
    wanted = [
        (*place, method, seed)
        for place in dict.fromkeys((cell.scene, cell.split) for cell in folder.cells)
        for method in folder.about.get("methods", {})
        for seed in folder.about.get("seeds") or []
    ]
    return [place for place in wanted if place not in present]
