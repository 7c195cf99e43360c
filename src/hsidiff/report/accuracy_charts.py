"""Charts of an experiment: accuracy per method, over the number of labels, and against seconds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from hsidiff.amounts import PLUS_MINUS, UNKNOWN
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report import drawing
from hsidiff.report.drawing import Drawing, figure_name, look, method_legend, method_styles
from hsidiff.report.seed_means import (
    finished,
    mean_seconds,
    position_accuracy,
    seed_mean,
    splits_with_cells,
    value_of,
)
from hsidiff.report.style import MUTED

PANELS_PER_ROW = 3
# An interval of few seeds may reach below 0 %; so much of it is shown, the axis ends there.
LONGEST_HALF_INTERVAL = 15.0
# Ticks at 1, 2 and 5 of each decade: a range of 6 always holds two of them. From two decades on,
# two powers of ten are always among the ticks, and ticks between would crowd.
LEAST_SECONDS_RATIO, MOST_SECONDS_RATIO_WITH_2_AND_5 = 6.0, 100.0
# What a split may differ in and still be a point of the same learning curve.
AMOUNTS = {
    "samples_per_class": "training pixels per class",
    "train_fraction": "share of the labels to train on (%)",
}
_POSITION_LINE: Any = {"color": MUTED, "linestyle": (0, (4, 2)), "linewidth": 1.4}
_POSITION_HANDLE = Line2D([], [], label="position only: sees no spectrum", **_POSITION_LINE)


def draw_accuracies(folder: ExperimentFolder, scene: str) -> Drawing | None:
    """Overall accuracy of each method: all seeds, mean and 95 % interval, split beside split.

    None if the scene has no finished cell.
    """
    splits, styles = splits_with_cells(folder, scene), method_styles(folder.methods)

    def draw(axes: Axes, split: str) -> str:
        words = []
        for row, (label, style) in enumerate(styles.items()):
            cells = folder.of(scene, split, label)
            seeds, mean = [100 * c.result["overall_accuracy"] for c in cells], seed_mean(cells)
            # Seeds stand a little below their mean, so that neither hides the other.
            axes.plot(seeds, [row + 0.26] * len(cells), **style.open)
            if mean is not None:
                axes.hlines(row, mean.low, mean.high, colors=style.color, linewidth=2)
                axes.plot([mean.value], [row], **style.full)
                words.append(f"{label} {mean} %")
            place: Any = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 9}
            axes.text(1.03, row, str(mean or UNKNOWN), **place)
        position = position_accuracy(folder, scene, split)
        if position is not None:
            axes.axvline(position, **_POSITION_LINE)
        axes.grid(axis="x")
        axes.tick_params(length=0)
        return f"{split}: {', '.join(words) or 'no finished cell'}."

    if not splits:
        return None
    with look():
        size = (1.6, 3.1), (0.6, 0.36 * len(styles) + 0.65)
        figure, grid, words = _panel_per_split(splits, draw, size, "overall accuracy (%)")
        grid[0].set_yticks(range(len(styles)), list(styles))
        grid[0].set(ylim=(len(styles) - 0.4, -0.6), xlim=_limits(folder, scene, splits))
        method_legend(figure, {}, [_POSITION_HANDLE])
    return Drawing(
        figure_name("accuracy", scene),
        figure,
        f"Overall accuracy on {scene}, mean and 95 % interval over the seeds. {words}",
        "Small dots are seeds; the large marker is their mean, the line its 95 % interval, "
        f"{PLUS_MINUS} their standard deviation. A method left of the dashed line does worse than "
        "one that knows only where a pixel lies.",
    )


def draw_seconds(folder: ExperimentFolder, scene: str) -> Drawing | None:
    """Overall accuracy against the seconds of fit and map; None without any time."""
    every_split = splits_with_cells(folder, scene)
    splits = [split for split in every_split if mean_seconds(finished(folder, scene, split))]
    styles, every_time = method_styles(folder.methods), []

    def draw(axes: Axes, split: str) -> str:
        words = []
        for label, style in styles.items():
            cells = folder.of(scene, split, label)
            seconds, mean = mean_seconds(cells), seed_mean(cells)
            if seconds is not None and mean is not None:
                axes.vlines(seconds, mean.low, mean.high, colors=style.color, linewidth=1.6)
                axes.plot([seconds], [mean.value], **style.full)
                words.append(f"{label} {mean.value:.1f} % in {seconds:.3g} s")
                every_time.append(seconds)
        axes.grid()
        return f"{split}: {', '.join(words)}."

    if not splits:
        return None
    with look():
        size = (1, 3.3), (1.2, 2.8)
        figure, grid, words = _panel_per_split(splits, draw, size, "seconds to fit and map")
        grid[0].set_ylim(_limits(folder, scene, splits))
        _set_seconds(grid, min(every_time) / 1.5, max(every_time) * 1.5)
        figure.supylabel("overall accuracy (%)", fontsize=10)
        timed = {cell.method for split in splits for cell in finished(folder, scene, split)}
        method_legend(figure, {label: styles[label] for label in styles if label in timed})
    return Drawing(
        figure_name("seconds", scene),
        figure,
        f"Overall accuracy on {scene} against the seconds to fit and map. {words}",
        "Mean seconds of one cell, fit and map together, on a logarithmic scale; accuracy with its "
        "95 % interval. The upper left corner is the best place to be.",
    )


def _panel_per_split(
    splits: Sequence[str],
    draw: Callable[[Axes, str], str],
    size: tuple[tuple[float, float], tuple[float, float]],
    axis: str,
) -> tuple[Figure, list[Axes], str]:
    """Panels that share their axes, and what they show; ``size``: margin, panel; width, height."""
    n_columns = drawing.columns_of(len(splits), PANELS_PER_ROW)
    (margin, width), (margin_below, height) = size
    height = margin_below + height * ceil(len(splits) / n_columns)
    figure = drawing.new_figure(margin + width * max(n_columns, 2), height)
    grid = drawing.panels(figure, len(splits), n_columns, sharex="all", sharey="all")
    words = [draw(axes, split) for axes, split in zip(grid, splits, strict=True)]
    for axes, split in zip(grid, splits, strict=True):
        axes.set_title(split, fontweight="bold")
        axes.tick_params(labelbottom=True)
    drawing.name_below(grid, n_columns, axis)
    return figure, grid, " ".join(words)


def _set_seconds(grid: Sequence[Axes], low: float, high: float) -> None:
    """Give all panels one logarithmic axis of seconds, with two numbers on it at least."""
    widening = max(LEAST_SECONDS_RATIO / (high / low), 1.0) ** 0.5
    low, high = low / widening, high * widening
    is_short = high / low < MOST_SECONDS_RATIO_WITH_2_AND_5
    for axes in grid:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_short else (1,)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    grid[0].set_xlim(low, high)


def draw_learning_curves(folder: ExperimentFolder, scene: str) -> Iterator[Drawing]:
    """Overall accuracy over the number of labels, for splits that differ in nothing else."""
    for amount, splits in learning_curves(folder, scene):
        with look():
            figure = drawing.new_figure(9.6, 4.8)
            words = _draw_learning_curve(figure.add_subplot(), folder, scene, splits)
            figure.axes[0].set(xlabel=AMOUNTS[amount], ylabel="overall accuracy (%)")
            method_legend(figure, method_styles(folder.methods), [_POSITION_HANDLE], place="right")
        names = [split for _, split in splits]
        yield Drawing(
            figure_name("learning-curve", scene, names[0], "to", names[-1]),
            figure,
            f"Overall accuracy on {scene} over {AMOUNTS[amount]}, mean and 95 % interval over the "
            f"seeds. {words}.",
            f"How much more labels help: the splits {', '.join(names)}, mean and 95 % interval "
            "over the seeds. The number of labels is drawn on a logarithmic scale; at each number "
            "the methods stand a little apart.",
        )


def _draw_learning_curve(
    axes: Axes, folder: ExperimentFolder, scene: str, splits: list[tuple[float, str]]
) -> str:
    words, styles = [], method_styles(folder.methods)
    for place, (label, style) in enumerate(styles.items()):
        means = {x: seed_mean(folder.of(scene, split, label)) for x, split in splits}
        known = {x: mean for x, mean in means.items() if mean is not None}
        # Side by side, or the intervals of the methods would cover each other.
        xs = [x * 1.012 ** (place - len(styles) / 2) for x in known]
        axes.plot(xs, [mean.value for mean in known.values()], linewidth=1.3, **style.full)
        ends = [m.low for m in known.values()], [m.high for m in known.values()]
        axes.vlines(xs, *ends, colors=style.color)
        at = ", ".join(f"{mean} % at {x:g}" for x, mean in known.items())
        words += [f"{label}: {at}"] if known else []
    position = {x: position_accuracy(folder, scene, split) for x, split in splits}
    measured = {x: accuracy for x, accuracy in position.items() if accuracy is not None}
    axes.plot(list(measured), list(measured.values()), **_POSITION_LINE)
    axes.set_xscale("log")
    axes.set_xticks([x for x, _ in splits], [f"{x:g}" for x, _ in splits])
    axes.minorticks_off()
    axes.set_ylim(_limits(folder, scene, [split for _, split in splits]))
    axes.grid()
    return "; ".join(words)


def learning_curves(
    folder: ExperimentFolder, scene: str
) -> list[tuple[str, list[tuple[float, str]]]]:
    """Splits that differ in the amount of labels alone: a key of ``AMOUNTS``, (amount, split)s."""
    groups: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for split in splits_with_cells(folder, scene):
        made_with = value_of(finished(folder, scene, split)[0], "split", "parameters") or {}
        # Of both, samples_per_class decides how many pixels are drawn.
        amount = next((key for key in AMOUNTS if made_with.get(key) is not None), None)
        if amount is not None:
            value = made_with[amount] * (1 if amount == "samples_per_class" else 100)
            about = folder.about.get("splits", {}).get(split, {}).items()
            others = sorted(item for item in about if item[0] not in (amount, "name", "scenes"))
            groups.setdefault((amount, repr(others)), []).append((value, split))
    return [(key[0], sorted(pts)) for key, pts in groups.items() if len({x for x, _ in pts}) > 1]


def _limits(folder: ExperimentFolder, scene: str, splits: Iterable[str]) -> tuple[float, float]:
    """One range of accuracy for all panels: every seed, the position line, and most intervals."""
    values: list[float] = []
    for split in splits:
        position = position_accuracy(folder, scene, split)
        values += [] if position is None else [position]
        values += [100 * c.result["overall_accuracy"] for c in finished(folder, scene, split)]
        for mean in (seed_mean(folder.of(scene, split, label)) for label in folder.methods):
            if mean is not None:
                values.append(max(mean.low, mean.value - LONGEST_HALF_INTERVAL, 0.0))
                values.append(min(mean.high, mean.value + LONGEST_HALF_INTERVAL))
    gap = 0.06 * max(max(values) - min(values), 2.0)
    return min(values) - gap, max(values) + gap
