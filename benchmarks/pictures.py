"""Pictures of measured speed: ratios, scaling, and accuracy against seconds."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, FixedLocator, FuncFormatter, NullFormatter

from benchmarks.accuracy import MethodPoint
from hsidiff.report.drawing import (
    Drawing,
    look,
    method_legend,
    method_styles,
    new_figure,
    panels,
)
from hsidiff.report.style import ACCENT, INK, MUTED

PAPER_FLOP = 7.9e17
"""SpectralDiff's pretraining on Indian Pines: 30,000 steps of 100 crops of 16 x 16 x 200, each of
44.02 G multiply-accumulates, three times as many with the way back, of two operations."""
H200_FLOP_PER_S = 989e12
"""Dense bf16 peak of an NVIDIA H200 (SXM), from its data sheet."""
DAY_S = 86_400


def draw_ratios(rows: Mapping[str, Any]) -> Drawing | None:
    """How many times faster ours is than each plain reference; None without such a row."""
    ratios = _ratios(rows)
    if not ratios:
        return None
    with look():
        figure = new_figure(8.4, 0.9 + 0.42 * len(ratios))
        axes = panels(figure, 1, 1)[0]
        beyond = [value - 1 for value in ratios.values()]
        axes.barh(list(ratios), beyond, left=1, height=0.62, color=ACCENT)
        for row, value in enumerate(ratios.values()):
            # To the right of the line in any case: to the left stand the names.
            axes.text(1.05 * max(value, 1.0), row, f"{value:.3g}", va="center", color=INK)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(min(1.0, *ratios.values()) / 1.15, 1.6 * max(ratios.values()))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.axvline(1, color=MUTED, linewidth=1)
        axes.set_xlabel("times faster than the plain reference (logarithmic)")
        axes.grid(axis="x")
        axes.tick_params(length=0)
    words = ", ".join(f"{name} {value:.3g}" for name, value in ratios.items())
    return Drawing(
        "performance-ratios",
        figure,
        f"How many times faster than the plain reference: {words}.",
        "Seconds of the reference divided by seconds of ours, both from one run.",
    )


def _ratios(rows: Mapping[str, Any]) -> dict[str, float]:
    """What is drawn as a bar: name to ratio."""
    steps = rows.get("training-step", {})
    ratios = {f"training step, {name}": step["ratio"] for name, step in steps.items()}
    features = rows.get("scene-features")
    if features:
        ratios["scene features, against tiles"] = features["ratio_to_tiled"]
        ratios["scene features, against patches"] = features["ratio_to_patches"]
    return ratios


def draw_scaling(rows: Mapping[str, Any]) -> Drawing | None:
    """Seconds per pixel and peak memory against the number of pixels; None without that row."""
    if "scaling" not in rows:
        return None
    sizes = rows["scaling"]["sizes"]
    pixels = [size["n_pixels"] for size in sizes]
    speed = [1e6 * size["s_per_pixel"] for size in sizes]
    memory = [size["peak_memory_bytes"] / 2**20 for size in sizes]
    with look():
        figure = new_figure(9.2, 3.2)
        left, right = panels(figure, 2, 2)
        _line(left, pixels, speed, "µs per pixel")
        _line(right, pixels, memory, "peak memory (MiB)")
    words = "; ".join(
        f"{n:,} pixels: {s:.3g} µs per pixel, {m:.0f} MiB"
        for n, s, m in zip(pixels, speed, memory, strict=True)
    )
    return Drawing(
        "performance-scaling",
        figure,
        f"Seconds per pixel and peak memory of mapping. {words}.",
        "A fitted model maps scenes on disk, each size in a process of its own.",
    )


def _line(axes: Axes, pixels: Sequence[int], values: Sequence[float], name: str) -> None:
    axes.plot(pixels, values, color=ACCENT, marker="o", linewidth=1.6, markersize=6)
    axes.set_xscale("log")
    axes.set_ylim(0, 1.25 * max(values))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("pixels of the scene")
    axes.set_ylabel(name)
    axes.grid()


def papers_recipe(fp32_flop_per_s: float, processor: str) -> dict[str, float]:
    """How long the paper's pretraining takes where every operation runs at the peak, in seconds.

    Args:
        fp32_flop_per_s: measured peak of a machine.
        processor: its name.
    """
    return {
        f"the paper's recipe at the fp32 peak of {processor}": PAPER_FLOP / fp32_flop_per_s,
        "the paper's recipe at the bf16 peak of an H200": PAPER_FLOP / H200_FLOP_PER_S,
    }


def draw_accuracy(
    name: str, points: Sequence[MethodPoint], split: str, marks: Mapping[str, float]
) -> Drawing:
    """Overall accuracy against seconds.

    Args:
        name: of the drawing.
        points: the methods, or one method with different settings.
        split: name of the split.
        marks: what to mark on the time axis, and its seconds.
    """
    styles = method_styles([point.method for point in points])
    with look():
        figure = new_figure(9.6, 5.0)
        axes = panels(figure, 1, 1)[0]
        for point in points:
            axes.plot([point.seconds], [point.overall_accuracy], **styles[point.method].full)
        for mark, seconds in marks.items():
            _mark(axes, seconds, f"{mark}: {_duration(seconds)}")
        _time_axis(axes, [*(point.seconds for point in points), *marks.values()])
        axes.set_xlabel("seconds to fit and map (logarithmic)")
        axes.set_ylabel("overall accuracy (%)")
        axes.grid()
        method_legend(figure, styles, place="right")
    words = [
        ", ".join(f"{p.method} {p.overall_accuracy:.1f} % in {p.seconds:.3g} s" for p in points),
        *(f"{mark}: {_duration(seconds)}" for mark, seconds in marks.items()),
    ]
    dashed = (
        " Dashed: how long the pretraining of SpectralDiff's paper takes on Indian Pines if every "
        "operation ran at the machine's peak; no accuracy belongs to it."
    )
    return Drawing(
        name,
        figure,
        f"Overall accuracy against seconds, {split}. {'. '.join(words)}.",
        f"Means over scenes and seeds.{dashed if marks else ''}",
    )


def _mark(axes: Axes, seconds: float, text: str) -> None:
    """A dashed line at a time, with its meaning along it, and a mark on the time axis."""
    axes.axvline(seconds, color=MUTED, linestyle=(0, (4, 2)), linewidth=1.3)
    foot: Any = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    axes.plot([seconds], [0], color=MUTED, marker="^", markersize=9, **foot)
    axes.text(
        seconds / 1.12, 0.5, text, rotation=90, ha="right", va="center", fontsize=8.5, color=MUTED,
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip


def _time_axis(axes: Axes, seconds: Sequence[float]) -> None:
    """A logarithmic axis in units that people think in."""
    named = {
        0.01: "10 ms", 0.1: "0.1 s", 1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min",
        3600: "1 h", DAY_S: "1 day", 10 * DAY_S: "10 days", 100 * DAY_S: "100 days",
    }  # fmt: skip
    axes.set_xscale("log")
    low, high = min(seconds) / 2, max(seconds) * 2
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator([s for s in named if low <= s <= high]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: named[s]))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _duration(seconds: float) -> str:
    """Seconds in a unit that gives a number people can picture."""
    for unit, length_s in (("days", DAY_S), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length_s:
            return f"{_rounded(seconds / length_s)} {unit}"
    return f"{_rounded(seconds)} seconds"


def _rounded(number: float) -> str:
    """Two significant digits, without an exponent."""
    return f"{round(number, 1 - int(log10(number))):g}"
