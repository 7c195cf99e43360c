"""Maps of an experiment: classes, errors and confidence of all methods on one scene and split."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hsidiff.amounts import count, percent
from hsidiff.experiment.folder import Cell, ExperimentFolder
from hsidiff.labels.hex_colors import rgba
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.split import Split
from hsidiff.report.drawing import Drawing, figure_name
from hsidiff.report.map_sheet import NO_DATA, Key, Panel, draw_sheet, page_width_px, shown_part
from hsidiff.report.marks import FEW_POINTS
from hsidiff.report.pictures import (
    EMPTY_COLOR,
    Enlargement,
    Points,
    class_colours,
    confidence_colours,
    least_confidence,
    points_picture,
)
from hsidiff.report.seed_means import finished
from hsidiff.report.style import INK, RIGHT_PIXEL, WRONG_PIXEL


@dataclass(frozen=True)
class MappedSplit:
    """The maps of one scene and split, of the first seed that has any.

    Attributes:
        split: the training and test labels.
        truth: (rows, cols) int32, every label that any split of the experiment holds.
        classes: the legend.
        cells: one finished cell per method, all of one seed.
    """

    split: Split
    truth: np.ndarray
    classes: tuple[LandClass, ...]
    cells: tuple[Cell, ...]

    @classmethod
    def first_seed(
        cls, folder: ExperimentFolder, scene: str, split: str, truth: np.ndarray
    ) -> "MappedSplit | None":
        """The maps to show; ``truth`` of :func:`all_labels`. None where no cell is finished."""
        every_seed = finished(folder, scene, split)
        cells = tuple(c for c in every_seed if c.seed == min(cell.seed for cell in every_seed))
        if not cells:
            return None
        return cls(folder.split_of(cells[0]), truth, folder.classes_of(scene), cells)

    @property
    def fit(self) -> Enlargement:
        """How the scene fits a panel."""
        return shown_part(self.truth.shape)

    def drawing(self, kind: str, shown: list[Panel], key: Key, words: str, caption: str) -> Drawing:
        """A sheet of maps; ``words`` is what it shows, apart from whose maps they are."""
        figure, first, step = draw_sheet(shown, self.fit, key), self.cells[0], self.fit.step
        every = "" if step == 1 else f" One of {step} rows and columns is shown."
        place = f"{first.scene}, split {first.split}, seed {first.seed}"
        return Drawing(
            figure_name(kind, first.scene, first.split),
            figure,
            f"{kind.capitalize()} of {place}. {words}",
            f"{caption} Seed {first.seed}.{every}",
            "png",
            page_width_px(figure),
        )


def all_labels(folder: ExperimentFolder, scene: str) -> np.ndarray:
    """Labels of all splits of a scene together, (rows, cols) int32.

    A guard band leaves some labels out of each split, but rarely the same ones out of all.
    """
    cells = {(c.split, c.seed): c for c in folder.cells if c.done and c.scene == scene}
    splits = [folder.split_of(cell) for cell in cells.values()]
    return np.maximum.reduce([s.values for split in splits for s in (split.train, split.test)])


def map_drawings(
    folder: ExperimentFolder, scene: str, split: str, truth: np.ndarray
) -> Iterator[Drawing]:
    """Class, error and confidence maps of one scene and split; ``truth`` (rows, cols) class ids."""
    mapped = MappedSplit.first_seed(folder, scene, split, truth)
    if mapped is not None:
        yield draw_class_maps(mapped)
        yield draw_error_maps(mapped)
        yield draw_confidence_maps(mapped)


def draw_class_maps(mapped: MappedSplit) -> Drawing:
    """The truth and each method's map side by side, as the papers print them."""
    fit = mapped.fit
    truth = class_colours(fit.thinned(mapped.truth), mapped.classes, rgba(EMPTY_COLOR))
    shown = [Panel("all labels", f"{count(int(np.count_nonzero(mapped.truth)))} pixels", truth)]
    for cell in mapped.cells:
        colours = class_colours(fit.thinned(cell.class_map()), mapped.classes)
        shown.append(Panel(cell.method, f"OA {_accuracy(cell)}", colours))
    key = [(c.color, c.name) for c in mapped.classes]
    key.append((EMPTY_COLOR, "no label"))
    if not all(panel.picture[..., 3].all() for panel in shown):
        key.append(NO_DATA)
    numbers = ", ".join(f"{cell.method} {_accuracy(cell)}" for cell in mapped.cells)
    names = ", ".join(land_class.name for land_class in mapped.classes)
    words = f"Beside all labels, with overall accuracy: {numbers}. Classes: {names}."
    caption = "All labels, and each method's map with its overall accuracy (OA) on the test pixels."
    return mapped.drawing("maps", shown, key, words, caption)


def draw_error_maps(mapped: MappedSplit) -> Drawing:
    """Which test pixels each method has right and wrong, and where the training pixels lie."""
    shown, numbers, test = [], [], mapped.split.test.values
    for cell in mapped.cells:
        class_map = cell.class_map()
        n_wrong = int(np.count_nonzero((test > 0) & (class_map != test)))
        picture = error_picture(mapped.split, class_map, mapped.fit.step)
        shown.append(Panel(cell.method, f"{count(n_wrong)} wrong", picture))
        numbers.append(f"{cell.method} {count(n_wrong)} wrong")
    n_train, n_test = mapped.split.train.n_labelled, mapped.split.test.n_labelled
    colors = (RIGHT_PIXEL, WRONG_PIXEL, INK, EMPTY_COLOR)
    key = list(zip(colors, ("right", "wrong", "training pixel", "not scored"), strict=True))
    words = (
        f"With {count(n_train)} training pixels. Of {count(n_test)} test pixels: "
        f"{', '.join(numbers)}."
    )
    caption = (
        f"Right and wrong among {count(n_test)} test pixels, and {count(n_train)} training pixels."
    )
    return mapped.drawing("errors", shown, key, words, caption)


def error_picture(split: Split, class_map: np.ndarray, step: int = 1) -> np.ndarray:
    """Right and wrong test pixels of a map (rows, cols), and training pixels over them, as colours.

    Of several test pixels that fall together in a picture of every ``step``-th pixel the last one
    is drawn, right or wrong, so neither is favoured.
    """
    test, train = split.test.values, split.train.values
    is_right = class_map == test
    points: list[Points] = [(train > 0, rgba(INK), "square")]
    if split.test.n_labelled + split.train.n_labelled <= FEW_POINTS:
        points = [
            ((test > 0) & is_right, rgba(RIGHT_PIXEL), "plus"),
            ((test > 0) & ~is_right, rgba(WRONG_PIXEL), "cross"),
            *points,
        ]
    else:
        colors = np.array([rgba(WRONG_PIXEL), rgba(RIGHT_PIXEL)], dtype=np.uint8)
        points.insert(0, (test > 0, colors[is_right[test > 0].astype(int)], "plus"))
    return points_picture(class_map.shape, points, step)


def draw_confidence_maps(mapped: MappedSplit) -> Drawing:
    """The largest probability of each pixel, and its mean over the test pixels beside the OA."""
    fit, shown, numbers, n_classes = mapped.fit, [], [], len(mapped.classes)
    for cell in mapped.cells:
        confidence = cell.confidence()
        known = np.where(cell.class_map() > 0, confidence, np.nan)
        picture = confidence_colours(fit.thinned(known), n_classes)
        mean = percent(float(confidence[mapped.split.test.values > 0].mean()))
        shown.append(Panel(cell.method, f"mean {mean}, OA {_accuracy(cell)}", picture))
        numbers.append(f"{cell.method} {mean} (overall accuracy {_accuracy(cell)})")
    words = f"Mean confidence on the test pixels: {', '.join(numbers)}."
    caption = (
        "Confidence: the probability of the class that the map shows, as the method itself gives "
        "it. A mean on the test pixels far above the overall accuracy (OA) is overconfidence."
    )
    return mapped.drawing("confidence", shown, least_confidence(n_classes), words, caption)


def _accuracy(cell: Cell) -> str:
    return percent(cell.result["overall_accuracy"])
