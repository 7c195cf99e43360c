"""The page of one map: it carries all its pictures and opens without a network."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_hex

from hsidiff.assessment.areas import NO_HECTARES
from hsidiff.evaluation.held_out_labels import HeldOut
from hsidiff.files import write_whole
from hsidiff.report import pictures
from hsidiff.report.accuracy_page import COUNTED
from hsidiff.report.amounts import count, decimal, percent
from hsidiff.report.blocks import Block, Picture, Section, render_page, sentence
from hsidiff.report.leakage import leakage_blocks
from hsidiff.report.map_accuracy import areas_of_file
from hsidiff.report.marks import hatched
from hsidiff.report.pictures import Enlargement
from hsidiff.report.provenance import costs, map_provenance
from hsidiff.report.reliability import reliability_blocks
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.style import HATCH_CSS
from hsidiff.report.tables.accuracy_tables import area_table
from hsidiff.report.tables.matrix_tables import confusion_table
from hsidiff.report.validation import validation_in_words
from hsidiff.scenes.scene import Scene

# Two pictures stand side by side; a scene that is too wide for that gets a row of its own.
HALF_PAGE_PX, WHOLE_PAGE_PX = (540, 640), (1100, 1400)
_FURTHER_SCORES = {
    "macro_f1": "macro F1",
    "mean_iou": "mean IoU",
    "frequency_weighted_iou": "frequency-weighted IoU",
}


def write_report(folder: str | Path, scene: Scene) -> Path:
    """Write ``report.html`` into a result folder, from the files of the folder and the scene.

    Args:
        folder: holds ``result.json`` and ``map.tif``, and perhaps ``probabilities.tif``,
            ``run.json``, ``split.npz`` and ``held_out.npz``.
        scene: the scene that was mapped, for the false-colour picture.

    Returns:
        The path of the page.

    Raises:
        MissingFileError: if ``result.json`` or ``map.tif`` is missing.
        SettingError: if a JSON file of the folder or ``held_out.npz`` is broken.
        SplitError: if ``split.npz`` is broken.
    """
    results = ResultFolder.read(folder)
    path = results.path / "report.html"
    with write_whole(path) as temporary:
        temporary.write_text(_page(results, scene), encoding="utf-8")
    return path


def _page(results: ResultFolder, scene: Scene) -> str:
    result = results.result
    fit = Enlargement.to_fit(scene.shape, *HALF_PAGE_PX)
    if fit.step > 1:
        fit = Enlargement.to_fit(scene.shape, *WHOLE_PAGE_PX)
    split, leakage = results.facts("split"), results.facts("leakage")
    method, accuracy = result.get("method"), result.get("overall_accuracy")
    profile, seed = result.get("profile"), result.get("seed")
    about = (method, profile and f"profile {profile}", None if seed is None else f"seed {seed}")
    warnings = [sentence(message, "caution") for message in result.get("warnings") or []]
    is_scored = (result.get("validation") or {}).get("kind") != "none"
    told = leakage_blocks(split, leakage, method or "the method", accuracy) if is_scored else []
    return render_page(
        f"{scene.name}: land-cover map",
        " · ".join(filter(None, about)),
        _scores(result),
        (
            Section("Worth knowing before you trust it", warnings),
            Section("Scene and map", _scene_and_map(results, scene, fit)),
            Section("Areas", _areas(results)),
            Section("Confidence and labels", _confidence_and_labels(results, fit)),
            Section(
                "How far to trust the confidence", reliability_blocks(result.get("reliability"))
            ),
            Section("Scores per class", _class_scores(results)),
            Section("What is taken for what", _confusion(results, scene.name)),
            Section("What the held-out labels give away", told),
            Section("Time and memory", costs(result)),
            Section("Where these numbers come from", map_provenance(results)),
        ),
        "Made by hsidiff from map.tif, result.json and the files beside them.",
    )


def _scores(result: dict[str, Any]) -> list[Block]:
    overall, average = result.get("overall_accuracy"), result.get("average_accuracy")
    intervals = (result.get("validation") or {}).get("intervals") or {}
    learned = f"held out from models that learned from {count(result.get('n_train'))} others"
    small_counts = "mean over the classes: a small class counts as much as a large one"
    beyond_chance = "agreement beyond chance: 0 is chance, 1 is perfect"
    if (result.get("validation") or {}).get("kind") == "none":
        return [sentence(words) for words in validation_in_words(result)]
    tiles = (
        (
            "Overall accuracy",
            percent(overall),
            _with_interval("of the scored pixels have the right class", intervals, "overall"),
        ),
        ("Average accuracy", percent(average), _with_interval(small_counts, intervals, "average")),
        ("Kappa", decimal(result.get("kappa")), beyond_chance),
        ("Pixels scored", count(result.get("n_test")), learned),
    )
    further = " · ".join(
        f"{name} {decimal(result[key])}"
        for key, name in _FURTHER_SCORES.items()
        if result.get(key) is not None
    )
    words = [*validation_in_words(result), _intervals_in_words(intervals)]
    words += [_apart_in_words(result), further]
    return [Block("tiles", tiles), *[sentence(text, "more") for text in words if text]]


def _with_interval(words: str, intervals: dict[str, Any], name: str) -> str:
    """What a score means, and its interval if it is known."""
    interval = intervals.get(f"{name}_accuracy")
    if not interval:
        return words
    low, high = (percent(end) for end in interval)
    return f"{words}; 95 % interval {low} to {high}".replace(" %", "\N{NO-BREAK SPACE}%")


def _intervals_in_words(intervals: dict[str, Any]) -> str:
    """What the intervals were made from."""
    if not intervals:
        return ""
    return (
        f"The 95 % intervals come from the spread between {count(intervals.get('n_groups'))} "
        f"{intervals.get('groups')}, whose labels are right or wrong together. They say what other "
        "such labels could have given, not what other training labels could."
    )


def _apart_in_words(result: dict[str, Any]) -> str:
    """The score on the test pixels that the method maps without seeing a training pixel."""
    n_apart, accuracy = result.get("n_test_apart"), result.get("overall_accuracy_apart")
    if n_apart is None:
        return ""
    if n_apart in (0, result.get("n_test")):
        often = "always" if n_apart == 0 else "never"
        return f"Within what the method sees of a scored pixel there {often} is a training pixel."
    return (
        f"On the {count(n_apart)} scored pixels with no training pixel within what the method sees "
        f"of them the overall accuracy is {percent(accuracy)}."
    )


def _scene_and_map(results: ResultFolder, scene: Scene, fit: Enlargement) -> list[Block]:
    classes = results.classes
    every = f" One of {fit.step} rows and columns is shown." if fit.step > 1 else ""
    names = ", ".join(land_class.name for land_class in classes)
    shown = (
        _picture(
            pictures.false_colour(scene, fit.step),
            fit,
            f"The scene {scene.name} in false colour",
            f"The scene in false colour: {pictures.bands_in_words(scene)}.{every}",
        ),
        _picture(
            pictures.class_picture(results.map_path, classes, fit.step),
            fit,
            f"Land-cover map with the classes {names}",
            f"The map.{every}",
        ),
    )
    legend = [(c.color, c.name) for c in classes] + [(HATCH_CSS, "no data")]
    return [Block("pictures", shown), Block("legend", legend)]


def _areas(results: ResultFolder) -> list[Block]:
    areas = areas_of_file(results.map_path, results.classes)
    notes = [sentence(COUNTED)]
    if areas and areas[0].hectares is None:
        notes.append(sentence(f"{NO_HECTARES[:1].upper()}{NO_HECTARES[1:]}."))
    return [*notes, Block("table", area_table(areas))] if areas else []


def _confidence_and_labels(results: ResultFolder, fit: Enlargement) -> list[Block]:
    shown, probabilities, split = [], results.probabilities_path, results.split
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
        n_train, n_test = split.train.n_labelled, split.test.n_labelled
        sides = [(pictures.TRAIN_COLOR, "training"), (pictures.TEST_COLOR, "test")]
        shown.append(
            _picture(
                pictures.split_picture(split, fit.step),
                fit,
                f"Where the {n_train} training and {n_test} test pixels lie",
                f"The split that scored the map: {count(n_train)} labels to learn from, "
                f"{count(n_test)} to test with. The map itself learned from all.",
                Block("legend", sides),
            )
        )
    if results.held_out is not None:
        shown.append(_held_out(results.held_out, fit))
    return [Block("pictures", shown)] if shown else []


def _held_out(held_out: HeldOut, fit: Enlargement) -> Picture:
    """Where held-out labels were predicted right and wrong; the map's own errors are unknown."""
    right, wrong = held_out.is_right, (held_out.labels.values > 0) & ~held_out.is_right
    n_right, n_wrong = int(right.sum()), int(wrong.sum())
    return _picture(
        pictures.right_and_wrong_picture(right, wrong, fit.step),
        fit,
        f"Where {n_right} held-out labels were predicted right and {n_wrong} wrong",
        f"Held-out labels: {count(n_right)} predicted right, {count(n_wrong)} wrong (crosses, if "
        "they are few), by models that had not learned from them.",
        Block("legend", [(pictures.RIGHT_COLOR, "right"), (pictures.WRONG_COLOR, "wrong")]),
    )


def _calibration_in_words(results: ResultFolder) -> str:
    """Whether the confidence was compared with labels."""
    calibration = results.facts("learned").get("calibration") or {}
    if n_held_out := calibration.get("n_held_out"):
        return f"It is calibrated on {count(n_held_out)} labels that were held out."
    return "It is what the model believes, not what was checked."


def _picture(
    pixels: np.ndarray, fit: Enlargement, alternative: str, caption: str, *key: Block
) -> Picture:
    shown = hatched(fit.apply(pixels))
    content, width_px = pictures.png(shown), shown.shape[1]
    return Picture("", content, alternative, caption, "png", width_px, is_pixels=True, key=key)


def _class_scores(results: ResultFolder) -> list[Block]:
    colors = {land_class.id: land_class.color for land_class in results.classes}
    rows = [
        (colors.get(e.get("id"), "#ffffff"), *map(e.get, ("name", "n_train", "n_test", "accuracy")))
        for e in results.result.get("per_class") or []
    ]
    words = (
        "Accuracy of a class: the share of its held-out labels that were predicted as this class."
    )
    return [sentence(words), Block("class_scores", rows)] if rows else []


def _confusion(results: ResultFolder, scene: str) -> list[Block]:
    counts, entries = results.result.get("confusion_matrix"), results.result.get("per_class") or []
    if not counts or len(counts) != len(entries):
        return []
    n_test = np.array([entry.get("n_test") or 0 for entry in entries])
    method = results.result.get("method") or "the method"
    classes = results.scored_classes
    table = confusion_table((scene, ""), method, classes, np.array(counts), n_test)
    return [Block("table", table)]
