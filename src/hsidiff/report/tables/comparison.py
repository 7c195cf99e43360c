"""Tables of what the splits give away, and of which methods differ."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from hsidiff.evaluation.comparison import Spread, spread
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.experiment.pairwise import MethodPair
from hsidiff.report.tables.entries import mean_entry, percent_text
from hsidiff.report.tables.formats import UNKNOWN, Column, Entry, Table, file_stem

_SURE = 0.05


_LEAKAGE_COLUMNS = (
    ("OA", ("overall_accuracy",)),
    ("position OA", ("leakage", "position_overall_accuracy")),
    ("sees training px", ("leakage", "receptive_field_share")),
    ("OA apart", ("overall_accuracy_apart",)),
    ("position OA apart", ("leakage", "position_overall_accuracy_apart")),
)


def leakage_table(folder: ExperimentFolder) -> Table:
    """What each split gives away to each method, and the score where it gives nothing away."""
    rows, numbers = [], []
    places = dict.fromkeys((c.scene, c.split, c.method) for c in folder.cells if c.done)
    for place in places:
        cells = folder.of(*place)
        window_px = (cells[0].result.get("leakage") or {}).get("receptive_field_px")
        found = {title: _spread_of(cells, path) for title, path in _LEAKAGE_COLUMNS}
        apart = _spread_of(cells, ("n_test_apart",))
        rows.append((
            *map(Entry, place),
            Entry(UNKNOWN if window_px is None else str(window_px)),
            *(mean_entry(entry) for entry in found.values()),
            Entry(UNKNOWN if apart is None else f"{apart.mean:.0f}"),
        ))  # fmt: skip
        numbers.append(
            dict(zip(("scene", "split", "method"), place, strict=True))
            | {"n_seeds": len(cells), "receptive_field_px": window_px}
            | {"_".join(path): _mean_of(found[title]) for title, path in _LEAKAGE_COLUMNS}
            | {"n_test_apart": _mean_of(apart)}
        )
    names = [Column(title) for title in ("scene", "split", "method")]
    right = ["window px", *(title for title, _ in _LEAKAGE_COLUMNS), "px apart"]
    return Table(
        name="leakage",
        title="What the splits give away",
        columns=(*names, *(Column(title, "right") for title in right)),
        rows=tuple(rows),
        numbers=pd.DataFrame(numbers),
        notes=(
            "In per cent: mean and standard deviation over the seeds. position OA: of a "
            "classifier that sees row and column only, and no spectrum. sees training px: share "
            "of the test pixels with a training pixel in the window that the method looks at. "
            "OA apart: on the other test pixels alone, of which px apart is the mean number.",
        ),
    )


def _spread_of(cells: Sequence[Cell], path: tuple[str, ...]) -> Spread | None:
    """A number of the results over the seeds, by its keys."""

    def value(cell: Cell) -> float | None:
        content: Any = cell.result
        for key in path:
            content = (content or {}).get(key)
        return content

    return spread(value(cell) for cell in cells)


def _mean_of(found: Spread | None) -> float | None:
    return None if found is None else found.mean


def pairwise_table(scene: str, split: str, pairs: Sequence[MethodPair]) -> Table:
    """Which methods differ on a split, by a bootstrap over places and by McNemar's test.

    Args:
        scene: name of the scene.
        split: name of the split.
        pairs: what :func:`hsidiff.evaluation.pairwise.compare_methods` gives, at least one.
    """
    units = pairs[0].units
    columns = ("first", "second", "points", "95 % interval", "p", "p, corrected")
    return Table(
        name=file_stem("pairs", scene, split),
        title=f"{scene}, {split}: methods in pairs",
        columns=(
            *(Column(title, "left" if title in columns[:2] else "right") for title in columns),
            Column("units", "right"),
            Column("McNemar p < 0.05", "right"),
        ),
        rows=tuple(_pair_entries(pair) for pair in pairs),
        numbers=pd.DataFrame([row for pair in pairs for row in _pair_numbers(scene, split, pair)]),
        notes=(
            "points: overall accuracy of the first minus that of the second, in per cent of the "
            "test pixels of all seeds that both have. Interval and p: bootstrap over "
            f"{units}, each drawn with its pixels of all seeds; corrected for the "
            f"{len(pairs)} pairs (Holm), bold below 0.05. McNemar's test takes pixels for "
            "independent, which neighbours are not, and so finds differences too easily: in how "
            "many of the seeds.",
        ),
    )


def _pair_entries(pair: MethodPair) -> tuple[Entry, ...]:
    found = pair.bootstrap
    interval = UNKNOWN
    if found.low is not None and found.high is not None:
        interval = f"{_signed(found.low)} to {_signed(found.high)}"
    n_sure = sum(test.p_value < _SURE for test in pair.per_seed)
    is_sure = pair.corrected_p_value is not None and pair.corrected_p_value < _SURE
    return (
        Entry(pair.first),
        Entry(pair.second),
        Entry(_signed(found.difference), bold=is_sure),
        Entry(interval),
        Entry(_p_text(found.p_value)),
        Entry(_p_text(pair.corrected_p_value)),
        Entry(str(found.n_units)),
        Entry(f"{n_sure} of {len(pair.per_seed)}"),
    )


def _signed(fraction: float) -> str:
    text = percent_text(fraction)
    return f"+{text}" if fraction > 0 else text


def _p_text(p_value: float | None) -> str:
    if p_value is None:
        return UNKNOWN
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _pair_numbers(scene: str, split: str, pair: MethodPair) -> list[dict[str, Any]]:
    names = {"scene": scene, "split": split, "first": pair.first, "second": pair.second}
    found = pair.bootstrap
    bootstrap = {
        "test": f"bootstrap over {pair.units}",
        "seeds": " ".join(map(str, pair.seeds)),
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "corrected_p_value": pair.corrected_p_value,
        "n_units": found.n_units,
    }
    per_seed = [
        {
            "test": "McNemar",
            "seeds": str(seed),
            "p_value": test.p_value,
            "n_only_first": test.n_only_first,
            "n_only_second": test.n_only_second,
        }
        for seed, test in zip(pair.seeds, pair.per_seed, strict=True)
    ]
    return [names | row for row in (bootstrap, *per_seed)]
