"""Tables of what the splits give away, of which methods differ, and of what has no score."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from hsidiff.amounts import UNKNOWN, count
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.experiment.pairwise import MethodPair
from hsidiff.report.blocks import Bold
from hsidiff.report.seed_means import cells_not_run, spread_of, value_of
from hsidiff.report.tables.score_texts import mean_text, percent_text
from hsidiff.report.tables.table import Column, Table, columns, file_stem

SURE = 0.05
_LEAKAGE_COLUMNS = {
    "OA": ("overall_accuracy",),
    "position OA": ("leakage", "position_overall_accuracy"),
    "sees training px": ("leakage", "receptive_field_share"),
    "OA apart": ("overall_accuracy_apart",),
    "position OA apart": ("leakage", "position_overall_accuracy_apart"),
}


def leakage_table(folder: ExperimentFolder) -> Table:
    """What each split gives away to each method, and the score where it gives nothing away."""
    rows, numbers = [], []
    for place in dict.fromkeys((c.scene, c.split, c.method) for c in folder.cells if c.done):
        cells = folder.of(*place)
        window_px = value_of(cells[0], "leakage", "receptive_field_px")
        scores = {keys: spread_of(cells, *keys) for keys in _LEAKAGE_COLUMNS.values()}
        apart = spread_of(cells, "n_test_apart")
        rows.append((
            *place,
            UNKNOWN if window_px is None else str(window_px),
            *map(mean_text, scores.values()),
            count(None if apart is None else round(apart.mean)),
        ))  # fmt: skip
        numbers.append(
            dict(zip(("scene", "split", "method"), place, strict=True))
            | {"n_seeds": len(cells), "receptive_field_px": window_px}
            | {"_".join(keys): score and score.mean for keys, score in scores.items()}
            | {"n_test_apart": apart and apart.mean}
        )
    return Table(
        name="leakage",
        title="What each split gives away to each method",
        columns=columns(["scene", "split", "method"], ["window px", *_LEAKAGE_COLUMNS, "px apart"]),
        rows=rows,
        numbers=pd.DataFrame(numbers),
        notes=(
            "In per cent: mean and standard deviation over the seeds. position OA: of a "
            "classifier that sees row and column only, and no spectrum. sees training px: share "
            "of the test pixels with a training pixel in the window that the method looks at. "
            "OA apart: on the other test pixels alone, of which px apart is the mean number.",
        ),
    )


def pairwise_table(scene: str, split: str, pairs: Sequence[MethodPair]) -> Table:
    """Which methods differ on a split; ``pairs`` of ``compare_methods``, at least one."""
    titles = ["points", "95 % interval", "p", "p, corrected", "units", "McNemar p < 0.05"]
    return Table(
        name=file_stem("pairs", scene, split),
        title=f"{scene}, {split}: methods in pairs",
        columns=columns(["first", "second"], titles),
        rows=[_pair_texts(pair) for pair in pairs],
        numbers=pd.DataFrame([row for pair in pairs for row in _pair_numbers(scene, split, pair)]),
        notes=(
            "points: overall accuracy of the first minus that of the second, in per cent of the "
            "test pixels of all seeds that both have. Interval and p: bootstrap over "
            f"{pairs[0].units}, each drawn with its pixels of all seeds; corrected for the "
            f"{len(pairs)} pairs (Holm), bold below {SURE}. McNemar's test takes pixels for "
            "independent, which neighbours are not, and so finds differences too easily: in how "
            "many of the seeds.",
        ),
        place=(scene, split),
    )


def _pair_texts(pair: MethodPair) -> tuple[str, ...]:
    drawn, corrected = pair.bootstrap, pair.corrected_p_value
    interval, points = UNKNOWN, _signed(drawn.difference)
    if drawn.low is not None and drawn.high is not None:
        interval = f"{_signed(drawn.low)} to {_signed(drawn.high)}"
    n_sure = sum(test.p_value < SURE for test in pair.per_seed)
    return (
        pair.first,
        pair.second,
        Bold(points) if corrected is not None and corrected < SURE else points,
        interval,
        _p_text(drawn.p_value),
        _p_text(corrected),
        str(drawn.n_units),
        f"{n_sure} of {len(pair.per_seed)}",
    )


def _signed(fraction: float) -> str:
    return "+" * (fraction > 0) + percent_text(fraction)


def _p_text(p_value: float | None) -> str:
    if p_value is None:
        return UNKNOWN
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _pair_numbers(scene: str, split: str, pair: MethodPair) -> list[dict[str, Any]]:
    names = {"scene": scene, "split": split, "first": pair.first, "second": pair.second}
    drawn = vars(pair.bootstrap)
    seeds = {"test": f"bootstrap over {pair.units}", "seeds": " ".join(map(str, pair.seeds))}
    corrected = {"corrected_p_value": pair.corrected_p_value}
    bootstrap = seeds | {name: drawn[name] for name in ("difference", "low", "high", "p_value")}
    bootstrap |= corrected | {"n_units": drawn["n_units"]}
    per_seed = [
        {"test": "McNemar", "seeds": str(seed), "p_value": test.p_value}
        | {"n_only_first": test.n_only_first, "n_only_second": test.n_only_second}
        for seed, test in zip(pair.seeds, pair.per_seed, strict=True)
    ]
    return [names | row for row in (bootstrap, *per_seed)]


def unscored_table(folder: ExperimentFolder) -> Table | None:
    """The cells without scores, failed or not yet run, and why; None if all have scores."""
    silent = "failed without a message"
    places = [
        *(
            (c.scene, c.split, c.method, c.seed, c.result.get("error") or silent)
            for c in folder.failed
        ),
        *((*place, "not run yet") for place in cells_not_run(folder)),
    ]
    if not places:
        return None
    titles = ("scene", "split", "method", "seed", "why")
    return Table(
        name="without-scores",
        title="Cells without scores",
        columns=(*columns(titles[:3], titles[3:4]), Column("why", "text")),
        rows=[tuple(map(str, place)) for place in places],
        numbers=pd.DataFrame(places, columns=list(titles)),
        notes=("Means leave these out and say over how many seeds they are.",),
    )
