"""How often 95 % intervals of areas and accuracies hold the truth, on maps whose truth is known.

    python experiments/area_coverage.py docs/results/area-coverage.csv

Draws stratified random samples of maps with known errors, as `hsidiff sample --by-class` does, and
counts how often each interval holds what it should. The usual interval, estimate plus and minus
1.96 standard errors, stands beside it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from hsidiff.assessment.assess import Assessment, assess_sample
from hsidiff.assessment.draw import allocate, draw
from hsidiff.assessment.intervals import Estimate, Z
from hsidiff.labels.label_map import LandClass

N_SAMPLES, N_RUNS, SHAPE = 300, 500, (400, 500)
# Share of the map, then for each class of the map what its pixels are on the ground.
MAPS = {
    "with a rare class": (
        (0.01, 0.29, 0.30, 0.40),
        (
            (0.850, 0.100, 0.030, 0.020),
            (0.003, 0.900, 0.050, 0.047),
            (0.001, 0.040, 0.920, 0.039),
            (0.0005, 0.03, 0.02, 0.9495),
        ),
    ),
    "with an accurate class": (
        (0.20, 0.35, 0.30, 0.15),
        (
            (0.995, 0.005, 0.000, 0.000),
            (0.002, 0.880, 0.070, 0.048),
            (0.001, 0.060, 0.890, 0.049),
            (0.002, 0.080, 0.070, 0.848),
        ),
    ),
    "accurate throughout": (
        (0.50, 0.30, 0.15, 0.05),
        (
            (0.990, 0.005, 0.003, 0.002),
            (0.010, 0.980, 0.005, 0.005),
            (0.010, 0.010, 0.970, 0.010),
            (0.020, 0.020, 0.000, 0.960),
        ),
    ),
    "with many errors": (
        (0.35, 0.25, 0.25, 0.15),
        (
            (0.60, 0.20, 0.10, 0.10),
            (0.20, 0.60, 0.10, 0.10),
            (0.10, 0.20, 0.60, 0.10),
            (0.10, 0.20, 0.20, 0.50),
        ),
    ),
}
CLASSES = tuple(LandClass(i, name, "#000000") for i, name in enumerate("ABCD", start=1))


def map_and_truth(shares: tuple, on_the_ground: tuple, shape: tuple) -> tuple:
    """Class ids (rows, cols) of a map and of the ground; places do not matter to a random draw."""
    n = shape[0] * shape[1]
    counts = np.round(n * np.array(shares)[:, None] * np.array(on_the_ground)).astype(int)
    counts[-1, -1] += n - counts.sum()
    rows, cols = np.indices(counts.shape) + 1
    return tuple(
        np.repeat(ids, counts.ravel()).reshape(shape) for ids in (rows.ravel(), cols.ravel())
    )


def assessments(mapped: np.ndarray, truth: np.ndarray, n: int, n_runs: int) -> Iterator[Assessment]:
    """What ``n_runs`` samples of ``n`` pixels say of a map."""
    pixels = np.array([(mapped == c.id).sum() for c in CLASSES])
    sizes = allocate(n, pixels.tolist(), [c.name for c in CLASSES])
    for seed in range(n_runs):
        drawn = draw(mapped - 1, sizes, seed)
        place = (drawn.rows, drawn.cols)
        yield assess_sample(
            CLASSES, drawn.strata, mapped[place], truth[place], pixels, are_map_classes=True
        )


def coverage(mapped: np.ndarray, truth: np.ndarray, n: int, n_runs: int) -> pd.DataFrame:
    """Shares of the samples whose interval holds the truth, by quantity and class."""
    is_right = mapped == truth
    rows = []
    for found in assessments(mapped, truth, n, n_runs):
        rows.append(("overall accuracy", "", *_judged(found.overall_accuracy, is_right.mean())))
        for c, entry in zip(CLASSES, found.per_class, strict=True):
            of_class = truth == c.id
            known = {
                "area": (entry.area_share, of_class.mean()),
                "user's accuracy": (entry.users_accuracy, is_right[mapped == c.id].mean()),
                "producer's accuracy": (entry.producers_accuracy, is_right[of_class].mean()),
            }
            for quantity, (estimate, value) in known.items():
                rows.append((quantity, c.name, *_judged(estimate, value)))
    columns = ["quantity", "class", "truth", "coverage", "usual_interval", "width"]
    table = pd.DataFrame(rows, columns=columns)
    return table.groupby(["quantity", "class"], sort=False).mean().reset_index()


def _judged(estimate: Estimate | None, value: float) -> tuple[float, float, float, float]:
    """The truth; whether the interval holds it; whether the usual one does; the width."""
    if estimate is None:
        return value, np.nan, np.nan, np.nan
    holds = estimate.low - 1e-12 <= value <= estimate.high + 1e-12
    usual = abs(estimate.value - value) <= Z * estimate.standard_error
    return value, float(holds), float(usual), estimate.high - estimate.low


def main(path: str) -> None:
    """Write the table of all maps, and print it."""
    parts = []
    for name, (shares, on_the_ground) in MAPS.items():
        part = coverage(*map_and_truth(shares, on_the_ground, SHAPE), N_SAMPLES, N_RUNS)
        part.insert(0, "map", name)
        parts.append(part)
        print(part.round(3).to_string(index=False), flush=True)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pd.concat(parts).round(4).to_csv(path, index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
