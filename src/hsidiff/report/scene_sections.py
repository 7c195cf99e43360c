"""What the page of a map shows of each scene: pictures, areas, confidence, labels."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

from hsidiff.amounts import count, percent
from hsidiff.assessment.areas import NO_HECTARES, ClassArea, areas_together
from hsidiff.evaluation.held_out_labels import HeldOut
from hsidiff.labels.label_map import LabelMap
from hsidiff.report import pictures
from hsidiff.report.accuracy_page import COUNTED
from hsidiff.report.blocks import Block, Picture, Section, sentence
from hsidiff.report.label_spectra import label_spectra_blocks
from hsidiff.report.map_accuracy import areas_of_file
from hsidiff.report.marks import hatched
from hsidiff.report.pictures import Enlargement
from hsidiff.report.result_folder import ResultFolder, SceneMap
from hsidiff.report.style import HATCH_CSS, RIGHT_PIXEL, WRONG_PIXEL
from hsidiff.report.tables.accuracy_tables import area_table
from hsidiff.scenes.scene import Scene

# Two pictures stand side by side; a scene that is too wide for that gets a row of its own.
HALF_PAGE_PX, WHOLE_PAGE_PX = (540, 640), (1100, 1400)


def scene_sections(
    results: ResultFolder, mapped: SceneMap, scene: Scene, labels: LabelMap | None = None
) -> list[Section]:
    """The sections of one scene; their headings name it where there are several.

    Args:
        results: the result folder.
        mapped: the map of the scene.
        scene: the scene.
        labels: what the map learned from, those of all scenes; None if they are not known.
    """
    fit = Enlargement.to_fit(scene.shape, *HALF_PAGE_PX)
    if fit.step > 1:
        fit = Enlargement.to_fit(scene.shape, *WHOLE_PAGE_PX)
    of = f" of {mapped.name}" if mapped.name else ""
    return [
        Section(
            f"Scene and map{of and f': {mapped.name}'}",
            _scene_and_map(results, mapped, scene, fit),
        ),
        Section(f"Areas{of}", _areas(results, mapped)),
        Section(f"Confidence and labels{of}", _confidence_and_labels(results, mapped, fit)),
        Section(f"Spectra of the labels{of}", label_spectra_blocks(labels, mapped, scene)),
    ]


def _scene_and_map(
    results: ResultFolder, mapped: SceneMap, scene: Scene, fit: Enlargement
) -> list[Block]:
    classes = results.classes
    every = f" One of {fit.step} rows and columns is shown." if fit.step > 1 else ""
    names = ", ".join(land_class.name for land_class in classes)
    scene_picture = pictures.false_colour(scene, fit.step)
    map_picture = pictures.class_picture(mapped.map_path, classes, fit.step)
    shown = (
        _picture(
            scene_picture,
            fit,
            f"The scene {scene.name} in false colour",
            f"The scene in false colour: {pictures.bands_in_words(scene)}.{every}",
        ),
        _picture(
            map_picture,
            fit,
            f"Land-cover map with the classes {names}",
            f"The map.{every}",
        ),
    )
    legend = [(c.color, c.name) for c in classes]
    if not (scene_picture[..., 3].all() and map_picture[..., 3].all()):
        legend.append((HATCH_CSS, "no data"))
    return [Block("pictures", shown), Block("legend", legend)]


def _areas(results: ResultFolder, mapped: SceneMap) -> list[Block]:
    return _area_blocks(areas_of_file(mapped.map_path, results.classes))


def areas_of_all(results: ResultFolder) -> list[Block]:
    """Areas of several scenes together; nothing of a single one."""
    if len(results.maps) == 1:
        return []
    each = [areas_of_file(mapped.map_path, results.classes) for mapped in results.maps]
    together = areas_together(each)
    return [sentence("Ground that several scenes show counts in each."), *_area_blocks(together)]


def _area_blocks(areas: Sequence[ClassArea]) -> list[Block]:
    notes = [sentence(COUNTED)]
    if areas and areas[0].hectares is None:
        notes.append(sentence(f"{NO_HECTARES[:1].upper()}{NO_HECTARES[1:]}."))
    return [*notes, Block("table", area_table(areas))] if areas else []


def _confidence_and_labels(
    results: ResultFolder, mapped: SceneMap, fit: Enlargement
) -> list[Block]:
    shown, probabilities, split = [], mapped.probabilities_path, results.split
    if probabilities is not None:
        colors = mpl.colormaps[pictures.CONFIDENCE_COLORS](np.linspace(0, 1, 9))
        n_classes = len(results.classes) - len(results.result.get("doubt") or [])
        lowest = percent(pictures.least_confidence(n_classes), 0)
        shown.append(
            _picture(
                pictures.confidence_picture(probabilities, fit.step),
                fit,
                "Probability of the most probable class at each pixel",
                "Confidence: the probability of the class that the map shows. "
                + _calibration_in_words(results),
                Block("ramp", (lowest, [to_hex(color) for color in colors])),
            )
        )
    if split is not None:
        n_train, n_test = (
            int(np.count_nonzero(mapped.part_of(side.values))) for side in (split.train, split.test)
        )
        sides = [(pictures.TRAIN_COLOR, "training"), (pictures.TEST_COLOR, "test")]
        shown.append(
            _picture(
                pictures.split_picture(split, fit.step, mapped.place),
                fit,
                f"Where the {count(n_train)} training and {count(n_test)} test pixels lie",
                f"The split that scored the map: {count(n_train)} labels to learn from, "
                f"{count(n_test)} to test with. The map itself learned from all.",
                Block("legend", sides),
            )
        )
    if results.held_out is not None:
        shown.append(_held_out(results.held_out, mapped, fit))
    return [Block("pictures", shown)] if shown else []


def _held_out(held_out: HeldOut, mapped: SceneMap, fit: Enlargement) -> Picture:
    """Where held-out labels were predicted right and wrong; the map's own errors are unknown."""
    right = mapped.part_of(held_out.is_right)
    wrong = mapped.part_of(held_out.labels.values > 0) & ~right
    n_right, n_wrong = int(right.sum()), int(wrong.sum())
    return _picture(
        pictures.right_and_wrong_picture(right, wrong, fit.step),
        fit,
        f"Where {count(n_right)} held-out labels were predicted right and {count(n_wrong)} wrong",
        f"Held-out labels: {count(n_right)} predicted right, {count(n_wrong)} wrong (crosses, if "
        "they are few), by models that had not learned from them.",
        Block("legend", [(RIGHT_PIXEL, "right"), (WRONG_PIXEL, "wrong")]),
    )


def _calibration_in_words(results: ResultFolder) -> str:
    """Whether the confidence was compared with labels."""
    calibration = results.facts("learned").get("calibration") or {}
    if n_held_out := calibration.get("n_held_out"):
        near = " with those near them" if calibration.get("source") == "near folds" else ""
        return f"It is calibrated on {count(n_held_out)} labels that were held out{near}."
    return "It is what the model believes, not what was checked."


def _picture(
    pixels: np.ndarray, fit: Enlargement, alternative: str, caption: str, *key: Block
) -> Picture:
    shown = hatched(fit.apply(pixels))
    content, width_px = pictures.png(shown), shown.shape[1]
    return Picture("", content, alternative, caption, "png", width_px, is_pixels=True, key=key)
