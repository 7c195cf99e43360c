"""The report: one page that carries all its pictures and opens without a network."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.colors import to_hex

from hsidiff.files import write_whole
from hsidiff.labels.label_map import LandClass
from hsidiff.report.elements import count, document, legend, paragraph, percent, picture, section
from hsidiff.report.leakage import what_the_split_gives_away
from hsidiff.report.pictures import (
    CONFIDENCE_COLORS,
    TEST_COLOR,
    TRAIN_COLOR,
    Enlargement,
    class_picture,
    confidence_picture,
    false_colour,
    false_colour_bands,
    png,
    split_picture,
)
from hsidiff.report.provenance import cost, provenance
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.scores import class_scores, confusion, score_tiles
from hsidiff.scenes.scene import Scene

# Two pictures stand side by side; a scene that is too wide for that gets a row of its own.
HALF_WIDTH_PX, WHOLE_WIDTH_PX, HEIGHT_PX = 540, 1100, 1400
HALF_HEIGHT_PX = 640


def write_report(folder: str | Path, scene: Scene) -> Path:
    """Write ``report.html`` into a result folder, from the files of the folder and the scene.

    Args:
        folder: holds ``result.json`` and ``map.tif``, and perhaps ``probabilities.tif``,
            ``run.json`` and ``split.npz``.
        scene: the scene that was mapped, for the false-colour picture.

    Returns:
        The path of the page.

    Raises:
        MissingFileError: if ``result.json`` or ``map.tif`` is missing.
        SettingError: if a JSON file of the folder is broken.
        SplitError: if ``split.npz`` is broken.
    """
    results = ResultFolder.read(folder)
    path = results.path / "report.html"
    with write_whole(path) as temporary:
        temporary.write_text(_page(results, scene), encoding="utf-8")
    return path


def _page(results: ResultFolder, scene: Scene) -> str:
    result = results.result
    fit = _enlargement(scene.shape)
    title = f"{scene.name}: land-cover map"
    about = [result.get("method"), result.get("profile") and f"profile {result['profile']}"]
    about += [f"seed {result['seed']}" if result.get("seed") is not None else None]
    body = (
        _warnings(result.get("warnings") or []),
        _scene_and_map(results, scene, fit),
        _confidence_and_labels(results, fit),
        class_scores(results),
        confusion(result),
        what_the_split_gives_away(result),
        cost(result),
        provenance(results),
    )
    return document(
        title,
        paragraph(" · ".join(str(part) for part in about if part), "subtitle"),
        score_tiles(result),
        *body,
        "<footer>Made by hsidiff from map.tif, result.json and the files beside them.</footer>",
    )


def _enlargement(shape: tuple[int, int]) -> Enlargement:
    """Side by side if every pixel can be shown that way, else as large as the page is wide."""
    side_by_side = Enlargement.to_fit(shape, HALF_WIDTH_PX, HALF_HEIGHT_PX)
    if side_by_side.step == 1:
        return side_by_side
    return Enlargement.to_fit(shape, WHOLE_WIDTH_PX, HEIGHT_PX)


def _warnings(messages: list[str]) -> str:
    return section(
        "Worth knowing before you trust it", *(paragraph(m, "caution") for m in messages)
    )


def _scene_and_map(results: ResultFolder, scene: Scene, fit: Enlargement) -> str:
    every = "" if fit.step == 1 else f" One of {fit.step} rows and columns is shown."
    classes = results.classes
    scene_picture = fit.apply(false_colour(scene, fit.step))
    map_picture = fit.apply(class_picture(results.map_path, classes, fit.step))
    names = ", ".join(land_class.name for land_class in classes)
    figures = picture(
        png(scene_picture),
        f"The scene {scene.name} in false colour",
        f"The scene in false colour: {_bands_in_words(scene)}.{every}",
        scene_picture.shape[1],
    ) + picture(
        png(map_picture),
        f"Land-cover map with the classes {names}",
        f"The map. White: no class, because the pixel has no valid value.{every}",
        map_picture.shape[1],
    )
    return section("Scene and map", f'<div class="pictures">{figures}</div>', legend(classes))


def _bands_in_words(scene: Scene) -> str:
    numbers = [int(scene.band_indices[position]) + 1 for position in false_colour_bands(scene)]
    if scene.wavelengths_nm is None:
        return "bands " + ", ".join(str(number) for number in numbers) + " as red, green, blue"
    centres = [scene.wavelengths_nm[position] for position in false_colour_bands(scene)]
    return ", ".join(f"{centre:.0f} nm" for centre in centres) + " as red, green, blue"


def _confidence_and_labels(results: ResultFolder, fit: Enlargement) -> str:
    figures = ""
    if results.probabilities_path is not None:
        confidence = fit.apply(confidence_picture(results.probabilities_path, fit.step))
        figures += picture(
            png(confidence),
            "Probability of the most probable class at each pixel",
            "Confidence: the probability of the class that the map shows. It is what the model "
            "believes, not what was checked.",
            confidence.shape[1],
            _confidence_ramp(),
        )
    if results.split is not None:
        labels = fit.apply(split_picture(results.split, fit.step))
        sides = (LandClass(1, "training", TRAIN_COLOR), LandClass(2, "test", TEST_COLOR))
        n_train, n_test = results.split.train.n_labelled, results.split.test.n_labelled
        figures += picture(
            png(labels),
            f"Where the {n_train} training and {n_test} test pixels lie",
            f"Labels: {count(n_train)} pixels to learn from, {count(n_test)} to test with.",
            labels.shape[1],
            legend(sides),
        )
    if not figures:
        return ""
    return section("Confidence and labels", f'<div class="pictures">{figures}</div>')


def _confidence_ramp() -> str:
    colors = mpl.colormaps[CONFIDENCE_COLORS]
    stops = ", ".join(to_hex(colors(part / 8)) for part in range(9))
    return (
        f'<p class="ramp">{percent(0, 0)}<i style="background:linear-gradient(90deg, {stops})">'
        f"</i>{percent(1, 0)} probability</p>"
    )
