"""Charts, and the overview picture. Matplotlib through its objects: nothing global is touched."""

import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from hsidiff.files import write_whole
from hsidiff.report.drawing import axes_of_pixels, plain_figure
from hsidiff.report.pictures import Enlargement, class_picture, false_colour
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.style import ACCENT, INK, LINE
from hsidiff.scenes.scene import Scene

DPI = 100
PANEL_PX = 480
MARGIN_PX, TITLE_PX = 16, 34
LEGEND_ROW_PX, LEGEND_LETTER_PX = 22, 8


def draw_overview(folder: str | Path, scene: Scene, path: str | Path) -> None:
    """Draw false colour, map and legend side by side into one PNG file.

    Args:
        folder: a result folder.
        scene: the scene that was mapped.
        path: where to write, ``*.png``.

    Raises:
        MissingFileError: if the folder holds no result.
    """
    results = ResultFolder.read(folder)
    classes = results.classes
    fit = Enlargement.to_fit(scene.shape, PANEL_PX, PANEL_PX)
    pictures = {
        "false colour": fit.apply(false_colour(scene, fit.step)),
        "map": fit.apply(class_picture(results.map_path, classes, fit.step)),
    }
    height, width = next(iter(pictures.values())).shape[:2]
    # A narrow scene would cut its own title off.
    column = max(width, LEGEND_LETTER_PX * max(len(title) for title in pictures))
    longest = max((len(land_class.name) for land_class in classes), default=0)
    total_width = 2 * column + 48 + LEGEND_LETTER_PX * longest + 4 * MARGIN_PX
    total_height = max(height, LEGEND_ROW_PX * len(classes)) + TITLE_PX + MARGIN_PX
    figure = plain_figure(total_width, total_height, DPI)
    top = total_height - TITLE_PX
    for position, (title, picture) in enumerate(pictures.items()):
        left = MARGIN_PX + position * (column + MARGIN_PX)
        box = (left, top - height, width, height)
        axes = axes_of_pixels(figure, box, (total_width, total_height))
        axes.imshow(picture, interpolation="none", aspect="auto")
        axes.set_title(title, fontsize=10, color=INK, loc="left")
    figure.legend(
        handles=[Patch(facecolor=c.color, edgecolor=LINE, label=c.name) for c in classes],
        loc="upper left",
        bbox_to_anchor=((2 * column + 3 * MARGIN_PX) / total_width, top / total_height),
        frameon=False,
        fontsize=10,
        labelcolor=INK,
        borderaxespad=0,
        handlelength=1.2,
        handleheight=1.2,
    )
    with write_whole(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def distance_histogram(edges_px: Sequence[int], counts: Sequence[int]) -> bytes:
    """Draw how far test pixels lie from the nearest training pixel, as the bytes of an SVG file.

    Args:
        edges_px: n + 1 edges of the bins in pixels; a bin holds its lower edge, not its upper one.
        counts: n numbers of test pixels.
    """
    names = [
        f"{low}" if high - low == 1 else f"{low} to {high - 1}" for low, high in pairwise(edges_px)
    ]
    figure = Figure(figsize=(5.2, 2.3), layout="constrained")
    axes = figure.add_subplot()
    bars = axes.bar(range(len(counts)), counts, width=0.85, color=ACCENT)
    axes.bar_label(bars, [f"{number:,}".replace(",", "\u202f") for number in counts], color=INK)
    axes.set_xticks(range(len(counts)), names, color=INK)
    axes.set_xlabel("distance to the nearest training pixel (px)", color=INK)
    axes.set_yticks([])
    axes.margins(y=0.15)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return stream.getvalue()
