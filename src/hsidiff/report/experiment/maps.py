"""Maps of an experiment: classes, errors and confidence of all methods on one scene and split."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import matplotlib as mpl
import numpy as np

from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.split import Split
from hsidiff.report.drawing import Drawing, figure_name
from hsidiff.report.elements import count, percent
from hsidiff.report.map_sheet import PIXELS_PER_PAGE_PX, Panel, draw_sheet, shown_part
from hsidiff.report.pictures import CONFIDENCE_COLORS, EMPTY_COLOR, Enlargement, class_colours, rgba
from hsidiff.report.style import INK, RIGHT, WRONG

RIGHT_COLOR, WRONG_COLOR = ("#" + bytes(color).hex() for color in (RIGHT, WRONG))


@dataclass(frozen=True)
class MappedSplit:
    """The maps of one scene and split, of the first seed that has any.

    Attributes:
        scene: its name.
        name: name of the split.
        seed: the seed that is shown.
        split: its training and test labels.
        truth: (rows, cols) int32, every label that any split of the experiment holds.
        classes: the legend.
        cells: one finished cell per method.
    """

    scene: str
    name: str
    seed: int
    split: Split
    truth: np.ndarray
    classes: tuple[LandClass, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def first_seed(
        cls, folder: ExperimentFolder, scene: str, split: str, truth: np.ndarray
    ) -> "MappedSplit | None":
        """The maps to show; ``truth`` of :func:`all_labels`. None where no cell is finished."""
        finished = [
            cell
            for cell in folder.cells
            if cell.done and (cell.scene, cell.split) == (scene, split)
        ]
        if not finished:
            return None
        seed = min(cell.seed for cell in finished)
        cells = tuple(cell for cell in finished if cell.seed == seed)
        labels = folder.split_of(cells[0])
        return cls(scene, split, seed, labels, truth, folder.classes_of(scene), cells)

    @property
    def fit(self) -> Enlargement:
        """How the scene fits a panel."""
        return shown_part(self.truth.shape)

    @property
    def place(self) -> str:
        """Scene, split and seed in words."""
        return f"{self.scene}, split {self.name}, seed {self.seed}"


def all_labels(folder: ExperimentFolder, scene: str) -> np.ndarray:
    """Labels of all splits of a scene together, (rows, cols) int32.

    A guard band leaves some labels out of each split, but rarely the same ones out of all.
    """
    cells = {(c.split, c.seed): c for c in folder.cells if c.done and c.scene == scene}
    truth: np.ndarray | int = 0
    for cell in cells.values():
        split = folder.split_of(cell)
        truth = np.maximum(truth, np.maximum(split.train.values, split.test.values))
    return np.asarray(truth)


def map_drawings(
    folder: ExperimentFolder, scene: str, split: str, truth: np.ndarray
) -> Iterator[Drawing]:
    """Class maps, error maps and confidence maps of one scene and split, one after the other."""
    mapped = MappedSplit.first_seed(folder, scene, split, truth)
    if mapped is not None:
        yield draw_class_maps(mapped)
        yield draw_error_maps(mapped)
        yield draw_confidence_maps(mapped)


def draw_class_maps(mapped: MappedSplit) -> Drawing:
    """The truth and each method's map side by side, as the papers print them."""
    fit = mapped.fit
    truth = class_colours(_shown(mapped.truth, fit), mapped.classes, rgba(EMPTY_COLOR))
    sheet = [Panel("all labels", f"{count(int(np.count_nonzero(mapped.truth)))} pixels", truth)]
    for cell in mapped.cells:
        colours = class_colours(_shown(cell.class_map(), fit), mapped.classes)
        sheet.append(Panel(cell.method, f"OA {_accuracy(cell)}", colours))
    key = [(c.color, c.name) for c in mapped.classes] + [(EMPTY_COLOR, "no label")]
    numbers = ", ".join(f"{cell.method} {_accuracy(cell)}" for cell in mapped.cells)
    names = ", ".join(land_class.name for land_class in mapped.classes)
    return _drawing(
        "maps",
        mapped,
        sheet,
        key,
        f"Classification maps of {mapped.place}, beside all labels. Overall accuracy: {numbers}. "
        f"Classes: {names}.",
        f"All labels, and the map of each method with its overall accuracy (OA) on the test "
        f"pixels. Seed {mapped.seed}.",
    )


def draw_error_maps(mapped: MappedSplit) -> Drawing:
    """Which test pixels each method has right and wrong, and where the training pixels lie."""
    sheet, numbers = [], []
    for cell in mapped.cells:
        is_test, class_map = mapped.split.test.values > 0, cell.class_map()
        n_wrong = int(np.count_nonzero(is_test & (class_map != mapped.split.test.values)))
        picture = error_picture(mapped.split, class_map, mapped.fit.step)
        sheet.append(Panel(cell.method, f"{count(n_wrong)} wrong", picture))
        numbers.append(f"{cell.method} {n_wrong} wrong")
    n_train, n_test = mapped.split.train.n_labelled, mapped.split.test.n_labelled
    key = [
        (RIGHT_COLOR, "right"),
        (WRONG_COLOR, "wrong"),
        (INK, "training pixel"),
        (EMPTY_COLOR, "not scored"),
    ]
    return _drawing(
        "errors",
        mapped,
        sheet,
        key,
        f"Error maps of {mapped.place}, with {n_train} training pixels. Of {n_test} test pixels: "
        f"{', '.join(numbers)}.",
        f"Right and wrong among {count(n_test)} test pixels, and the {count(n_train)} training "
        f"pixels. Seed {mapped.seed}.",
    )


def error_picture(split: Split, class_map: np.ndarray, step: int = 1) -> np.ndarray:
    """Right and wrong test pixels, and training pixels over them, as colours.

    In a picture of every n-th pixel a label is drawn at the nearest shown pixel. Of several test
    pixels that fall together the last one is drawn, right or wrong, so neither is favoured.

    Args:
        split: training and test labels.
        class_map: (rows, cols) int, the map.
        step: every ``step``-th pixel is shown, in rows and columns.

    Returns:
        (ceil(rows / step), ceil(cols / step), 4) uint8.
    """
    shape = [ceil(size / step) for size in class_map.shape]
    picture = np.full((*shape, 4), rgba(EMPTY_COLOR), dtype=np.uint8)
    colors = np.array([rgba(WRONG_COLOR), rgba(RIGHT_COLOR)], dtype=np.uint8)
    rows, cols = np.nonzero(split.test.values)
    is_right = class_map[rows, cols] == split.test.values[rows, cols]
    picture[rows // step, cols // step] = colors[is_right.astype(int)]
    rows, cols = np.nonzero(split.train.values)
    picture[rows // step, cols // step] = rgba(INK)
    return picture


def draw_confidence_maps(mapped: MappedSplit) -> Drawing:
    """The largest probability of each pixel, and its mean over the test pixels beside the OA."""
    fit, sheet, numbers = mapped.fit, [], []
    is_test = mapped.split.test.values > 0
    for cell in mapped.cells:
        confidence = cell.confidence()
        picture = mpl.colormaps[CONFIDENCE_COLORS](_shown(confidence, fit), bytes=True)
        picture[_shown(cell.class_map(), fit) == 0] = 0
        mean = percent(float(confidence[is_test].mean()))
        sheet.append(Panel(cell.method, f"mean {mean}, OA {_accuracy(cell)}", picture))
        numbers.append(f"{cell.method} {mean} (overall accuracy {_accuracy(cell)})")
    return _drawing(
        "confidence",
        mapped,
        sheet,
        None,
        f"Confidence maps of {mapped.place}. Mean confidence on the test pixels: "
        f"{', '.join(numbers)}.",
        "Confidence: the probability of the class that the map shows, as the method itself gives "
        "it. A mean on the test pixels far above the overall accuracy (OA) is overconfidence. "
        f"Seed {mapped.seed}.",
    )


def _drawing(
    kind: str,
    mapped: MappedSplit,
    sheet: list[Panel],
    key: list[tuple[str, str]] | None,
    alternative: str,
    caption: str,
) -> Drawing:
    fit = mapped.fit
    figure = draw_sheet(sheet, fit, key)
    every = "" if fit.step == 1 else f" One of {fit.step} rows and columns is shown."
    return Drawing(
        figure_name(kind, mapped.scene, mapped.name),
        figure,
        alternative,
        caption + every,
        "png",
        round(figure.get_figwidth() * figure.dpi / PIXELS_PER_PAGE_PX),
    )


def _shown(values: np.ndarray, fit: Enlargement) -> np.ndarray:
    return values[:: fit.step, :: fit.step]


def _accuracy(cell: Cell) -> str:
    return percent(cell.result["overall_accuracy"])
