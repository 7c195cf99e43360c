"""Charts of an experiment: accuracy per method, over the number of labels, and against seconds."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.report.drawing import (
    Drawing,
    MethodStyle,
    columns_of,
    figure_name,
    look,
    method_legend,
    method_styles,
    name_below,
    new_figure,
    panels,
)
from hsidiff.report.style import MUTED
from hsidiff.report.tables.seed_means import (
    SeedMean,
    position_accuracy,
    seed_mean,
    splits_with_cells,
)

PANELS_PER_ROW = 3
# An interval of few seeds may reach below 0 %; so much of it is shown, the axis ends there.
LONGEST_HALF_INTERVAL = 15.0
# Ticks at 1, 2 and 5 of each decade: a range of 5 always holds two of them.
LEAST_SECONDS_RATIO = 6.0
# From two decades on, two powers of ten are always among the ticks, and ticks between would crowd.
MOST_SECONDS_RATIO_WITH_2_AND_5 = 100.0
# What a split may differ in and still be a point of the same learning curve.
AMOUNTS = {
    "samples_per_class": "training pixels per class",
    "train_fraction": "share of the labels to train on (%)",
}
_NAMES = {"name", "scenes"}


def draw_accuracies(folder: ExperimentFolder, scene: str) -> Drawing | None:
    """Overall accuracy of each method: all seeds, mean and 95 % interval, split beside split.

    None if the scene has no finished cell.
    """
    splits = splits_with_cells(folder, scene)
    if not splits:
        return None
    styles = method_styles(folder.methods)
    with look():
        n_columns = columns_of(len(splits), PANELS_PER_ROW)
        n_rows = ceil(len(splits) / n_columns)
        height = n_rows * (0.36 * len(styles) + 0.65) + 0.6
        figure = new_figure(1.6 + 3.1 * max(n_columns, 2), height)
        grid = panels(figure, len(splits), n_columns, sharex="all", sharey="all")
        sentences = [
            _draw_accuracy_panel(axes, folder, scene, split, styles)
            for axes, split in zip(grid, splits, strict=True)
        ]
        grid[0].set_yticks(range(len(styles)), list(styles))
        grid[0].set_ylim(len(styles) - 0.4, -0.6)
        grid[0].set_xlim(_limits(folder, scene, splits))
        name_below(grid, n_columns, "overall accuracy (%)")
        method_legend(figure, {}, [_position_handle()])
    return Drawing(
        figure_name("accuracy", scene),
        figure,
        f"Overall accuracy on {scene}, mean and 95 % interval over the seeds. "
        + " ".join(sentences),
        "Small dots are seeds; the large marker is their mean, the line its 95 % interval. "
        "A method left of the dashed line does worse than one that knows only where a pixel lies.",
    )


def _draw_accuracy_panel(
    axes: Axes, folder: ExperimentFolder, scene: str, split: str, styles: dict[str, MethodStyle]
) -> str:
    """One split; give it back in words."""
    words = []
    for row, (label, style) in enumerate(styles.items()):
        cells = folder.of(scene, split, label)
        # Seeds stand a little below their mean, so that neither hides the other.
        axes.plot([_percent(cell) for cell in cells], [row + 0.26] * len(cells), **style.open)
        mean = seed_mean(cells)
        if mean is not None:
            axes.hlines(row, mean.low, mean.high, colors=style.color, linewidth=2)
            axes.plot([mean.value], [row], **style.full)
            words.append(f"{label} {mean} %")
        axes.text(
            1.03, row, "\N{EN DASH}" if mean is None else str(mean), va="center", fontsize=9,
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
    position = position_accuracy(folder, scene, split)
    if position is not None:
        axes.axvline(position, **_position_line())
    axes.set_title(split, fontweight="bold")
    axes.grid(axis="x")
    axes.tick_params(labelbottom=True, length=0)
    return f"{split}: {', '.join(words) or 'no finished cell'}."


def draw_learning_curves(folder: ExperimentFolder, scene: str) -> Iterator[Drawing]:
    """Overall accuracy over the number of labels, for splits that differ in nothing else."""
    for amount, splits in learning_curves(folder, scene):
        with look():
            yield _draw_learning_curve(folder, scene, amount, splits)


def _draw_learning_curve(
    folder: ExperimentFolder, scene: str, amount: str, splits: list[tuple[float, str]]
) -> Drawing:
    styles = method_styles(folder.methods)
    figure = new_figure(9.6, 4.8)
    axes = panels(figure, 1, 1)[0]
    sentences = []
    for place, (label, style) in enumerate(styles.items()):
        points = [(x, seed_mean(folder.of(scene, split, label))) for x, split in splits]
        found = [(x, mean) for x, mean in points if mean is not None]
        if found:
            # Side by side, or the intervals of the methods would cover each other.
            xs = [x * 1.012 ** (place - len(styles) / 2) for x, _ in found]
            axes.plot(xs, [mean.value for _, mean in found], linewidth=1.3, **style.full)
            axes.vlines(
                xs, [m.low for _, m in found], [m.high for _, m in found], colors=style.color
            )
            sentences.append(f"{label}: " + ", ".join(f"{mean} % at {x:g}" for x, mean in found))
    position = [(x, position_accuracy(folder, scene, split)) for x, split in splits]
    known = [(x, accuracy) for x, accuracy in position if accuracy is not None]
    axes.plot([x for x, _ in known], [accuracy for _, accuracy in known], **_position_line())
    axes.set_xscale("log")
    axes.set_xticks([x for x, _ in splits], [f"{x:g}" for x, _ in splits])
    axes.minorticks_off()
    axes.set_xlabel(AMOUNTS[amount])
    axes.set_ylabel("overall accuracy (%)")
    names = [split for _, split in splits]
    axes.set_ylim(_limits(folder, scene, names))
    axes.grid()
    method_legend(figure, styles, [_position_handle()], place="right")
    return Drawing(
        figure_name("learning-curve", scene, names[0], "to", names[-1]),
        figure,
        f"Overall accuracy on {scene} over {AMOUNTS[amount]}, mean and 95 % interval over the "
        f"seeds. {'; '.join(sentences)}.",
        f"How much more labels help: the splits {', '.join(names)}, mean and 95 % interval over "
        "the seeds. The number of labels is drawn on a logarithmic scale; at each number the "
        "methods stand a little apart.",
    )


def learning_curves(
    folder: ExperimentFolder, scene: str
) -> list[tuple[str, list[tuple[float, str]]]]:
    """Splits that differ in the amount of labels alone: a key of ``AMOUNTS``, (amount, split)s."""
    groups: dict[tuple[str, str], list[tuple[float, str]]] = {}
    facts: dict[str, dict[str, Any]] = folder.about.get("splits", {})
    for split in splits_with_cells(folder, scene):
        cell = next(c for c in folder.cells if c.done and (c.scene, c.split) == (scene, split))
        made_with = (cell.result.get("split") or {}).get("parameters") or {}
        # Of both, samples_per_class decides how many pixels are drawn.
        amount = next((key for key in AMOUNTS if made_with.get(key) is not None), None)
        if amount is not None:
            value = made_with[amount] * (1 if amount == "samples_per_class" else 100)
            rest = {k: v for k, v in facts.get(split, {}).items() if k not in _NAMES | {amount}}
            groups.setdefault((amount, repr(sorted(rest.items()))), []).append((value, split))
    return [
        (amount, sorted(points))
        for (amount, _), points in groups.items()
        if len({x for x, _ in points}) > 1
    ]


def draw_seconds(folder: ExperimentFolder, scene: str) -> Drawing | None:
    """Overall accuracy against the seconds of fit and map; None without any time."""
    splits = [
        split
        for split in splits_with_cells(folder, scene)
        if any(mean_seconds(folder.of(scene, split, label)) for label in folder.methods)
    ]
    if not splits:
        return None
    styles = method_styles(folder.methods)
    with look():
        n_columns = columns_of(len(splits), PANELS_PER_ROW)
        n_rows = ceil(len(splits) / n_columns)
        figure = new_figure(1 + 3.3 * max(n_columns, 2), 2.8 * n_rows + 1.2)
        grid = panels(figure, len(splits), n_columns, sharex="all", sharey="all")
        sentences = [
            _draw_seconds_panel(axes, folder, scene, split, styles)
            for axes, split in zip(grid, splits, strict=True)
        ]
        grid[0].set_ylim(_limits(folder, scene, splits))
        _set_seconds(grid, *_limits_of_seconds(folder, scene, splits))
        figure.supylabel("overall accuracy (%)", fontsize=10)
        name_below(grid, n_columns, "seconds to fit and map")
        method_legend(figure, styles)
    return Drawing(
        figure_name("seconds", scene),
        figure,
        f"Overall accuracy on {scene} against the seconds to fit and map. " + " ".join(sentences),
        "Mean seconds of one cell, fit and map together, on a logarithmic scale; accuracy with its "
        "95 % interval. The upper left corner is the best place to be.",
    )


def _draw_seconds_panel(
    axes: Axes, folder: ExperimentFolder, scene: str, split: str, styles: dict[str, MethodStyle]
) -> str:
    """One split; give it back in words."""
    words = []
    for label, style in styles.items():
        cells = folder.of(scene, split, label)
        seconds, mean = mean_seconds(cells), seed_mean(cells)
        if seconds is not None and mean is not None:
            axes.vlines(seconds, mean.low, mean.high, colors=style.color, linewidth=1.6)
            axes.plot([seconds], [mean.value], **style.full)
            words.append(f"{label} {mean.value:.1f} % in {seconds:.3g} s")
    axes.set_title(split, fontweight="bold")
    axes.grid()
    axes.tick_params(labelbottom=True)
    return f"{split}: {', '.join(words)}."


def _set_seconds(grid: Sequence[Axes], low: float, high: float) -> None:
    """Give all panels one logarithmic axis of seconds, with two numbers on it at least."""
    is_short = high / low < MOST_SECONDS_RATIO_WITH_2_AND_5
    for axes in grid:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_short else (1,)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    grid[0].set_xlim(low, high)


def mean_seconds(cells: Iterable[Cell]) -> float | None:
    """Mean of the total seconds of finished cells; None where none was timed."""
    totals = [(cell.result.get("seconds") or {}).get("total") for cell in cells]
    known = [total for total in totals if total]
    return float(np.mean(known)) if known else None


def _limits(folder: ExperimentFolder, scene: str, splits: Iterable[str]) -> tuple[float, float]:
    """One range of accuracy for all panels: every seed, the position line, and most intervals."""
    values: list[float] = []
    for split in splits:
        position = position_accuracy(folder, scene, split)
        values += [] if position is None else [position]
        for label in folder.methods:
            cells = folder.of(scene, split, label)
            mean = seed_mean(cells)
            values += [_percent(cell) for cell in cells] + _ends(mean)
    low, high = min(values), max(values)
    gap = 0.06 * max(high - low, 2.0)
    return low - gap, high + gap


def _limits_of_seconds(
    folder: ExperimentFolder, scene: str, splits: Iterable[str]
) -> tuple[float, float]:
    """One range of seconds for all panels; wide enough for two ticks with numbers."""
    every = [mean_seconds(folder.of(scene, split, m)) for split in splits for m in folder.methods]
    known = [seconds for seconds in every if seconds is not None]
    low, high = min(known) / 1.5, max(known) * 1.5
    widening = max(LEAST_SECONDS_RATIO / (high / low), 1.0) ** 0.5
    return low / widening, high * widening


def _ends(mean: SeedMean | None) -> list[float]:
    if mean is None:
        return []
    return [
        max(mean.low, mean.value - LONGEST_HALF_INTERVAL, 0.0),
        min(mean.high, mean.value + LONGEST_HALF_INTERVAL),
    ]


def _percent(cell: Cell) -> float:
    return 100 * float(cell.result["overall_accuracy"])


def _position_line() -> dict[str, Any]:
    """Look of the line of position alone."""
    return {"color": MUTED, "linestyle": (0, (4, 2)), "linewidth": 1.4}


def _position_handle() -> Line2D:
    return Line2D([], [], label="position only: sees no spectrum", **_position_line())
