"""``hsidiff predict``: map scenes with a saved model."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from hsidiff.assessment.areas import ClassArea
from hsidiff.cli import console
from hsidiff.cli.areas import tell_areas
from hsidiff.cli.classifiers import DeviceOption, ModelArgument, OwnClassOption, load_model
from hsidiff.cli.doubt import DoubtOptions, check_shares
from hsidiff.cli.input_options import SceneOptions
from hsidiff.cli.map_names import MapName, map_names
from hsidiff.cli.map_order import MapOrder, ModelOrder, extra_layers
from hsidiff.cli.map_work import Answer, MapWork, Wanted
from hsidiff.cli.options import (
    OUTPUT_PANEL,
    AreaOption,
    JsonOption,
    MemoryOption,
    SchedulerOption,
    TileSizeOption,
    argument,
    option,
    out_option,
)
from hsidiff.cli.unfinished import unfinished_folder
from hsidiff.contract import SceneClassifier
from hsidiff.evaluation.results import Stopwatch
from hsidiff.maps.abstaining import Counts, caution_of, risk_and_coverage
from hsidiff.maps.cluster import connected
from hsidiff.maps.confidence import confidence_files
from hsidiff.maps.geotiff import map_files, read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.maps.tile_plan import DEFAULT_TILE_SIZE_PX
from hsidiff.maps.unlikeness import measure_unlikeness
from hsidiff.memory import limited_to
from hsidiff.report.map_accuracy import areas_of_file
from hsidiff.scenes.scene import Scene
from hsidiff.windows.value_summary import summarise_values


def predict(
    model: ModelArgument,
    scenes: Annotated[
        list[Path],
        argument("SCENE...", "One scene or several, in any format that hsidiff map reads."),
    ],
    scene_options: SceneOptions,
    doubt_options: DoubtOptions,
    out: Annotated[
        Path, out_option("FILE", "The map to write, .tif; of several scenes, a folder for all.")
    ],
    probabilities: Annotated[
        Path | None,
        option(
            OUTPUT_PANEL,
            "FILE",
            "Write also the probabilities of the classes, .tif; of several scenes, a folder.",
        ),
    ] = None,
    area: AreaOption = None,
    sets: Annotated[
        float | None,
        option(
            OUTPUT_PANEL,
            "SHARE",
            "Write also which classes each pixel may be of, so that the true one is among them in "
            "this share of the pixels, such as 0.9: the map's name with -sets.",
        ),
    ] = None,
    tile_size: TileSizeOption = DEFAULT_TILE_SIZE_PX,
    memory: MemoryOption = None,
    scheduler: SchedulerOption = None,
    method: OwnClassOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map one scene or several with a saved model.

    Beside a map come its legend, a style for QGIS, and how sure it is of each
    pixel: the map's name with -confidence, in percent, calibrated if the model is.

    The model finds its bands by wavelength, and says how many pixels are unlike
    all that it learned from. All scenes are looked at before the first is mapped.

    A command that was stopped, started again, goes on where it was: what is done
    lies in the hidden folder .NAME.unfinished beside NAME, which is -o.
    """
    check_shares(sets=sets)
    names = map_names(scenes, out, probabilities)
    with console.at_work() as notes, limited_to(memory), ExitStack() as stack:
        client = None if scheduler is None else stack.enter_context(connected(scheduler))
        loaded = load_model(model, method, device)
        order = ModelOrder.of(model, method, device)
        wanted = Wanted(scene_options, area, doubt_options.make(), sets, order)
        _check_all(loaded, names, wanted)
        work = MapWork(loaded, tile_size, client, unfinished_folder(out), len(names) > 1)
        answers = [_map_one(work, name, wanted, notes) for name in names]
        work.end()
    if as_json:
        console.answer_json(answers[0] if len(names) == 1 else {"maps": answers})
        return
    for name, answer in zip(names, answers, strict=True):
        _tell(name, answer, len(names) > 1, area is not None)


def _check_all(model: SceneClassifier, names: list[MapName], wanted: Wanted) -> None:
    """Refuse scenes that cannot be mapped, or maps that cannot be written, before the work.

    Raises:
        HsidiffError: what is wrong with the first such scene.
    """
    scene_files: list[Path] = []
    for name in names:
        opened = wanted.open(name.scene)
        scene_files += opened.files
        if len(names) > 1:  # one scene is checked when it is mapped
            model.check_scene(opened)
            wanted.area(opened)
    for name in names:
        name.check(scene_files)


def _map_one(work: MapWork, name: MapName, wanted: Wanted, notes: list[str]) -> Answer:
    """Map one scene, unless this command has done so before it was stopped; say what of it."""
    scene = work.model.check_scene(wanted.open(name.scene))
    area = wanted.area(scene)
    order = wanted.order(name, scene, area)
    answer = work.once(order, lambda: _draw_and_describe(work, order, scene, area))
    unsure = caution_of(answer["risk_and_coverage"])
    of_map = f"{scene.name}: " if work.several else ""
    for caution in (answer["caution"], unsure and f"{of_map}{unsure}"):
        if caution is not None:
            notes.append(caution)
            console.show_note(caution)
    return {**answer, "map": str(name.map), "confidence": str(name.confidence)}


def _draw_and_describe(
    work: MapWork, order: MapOrder, scene: Scene, area: np.ndarray | None
) -> Answer:
    """Map one scene; give what there is to say of the map as JSON values."""
    stopwatch, model, name = Stopwatch(), work.model, order.name
    summarise_values(scene)  # tells of fill that is not declared, which would get a class
    with stopwatch.stage("map"):
        predict_to_file(
            model,
            scene,
            name.map,
            probabilities_path=name.probabilities,
            layers=extra_layers(name, order.coverage),
            doubt=order.doubt,
            tile_size=work.tile_size,
            area=area,
            unfinished=work.unfinished(order),
        )
    counts = Counts.of_map(model, order.doubt, name.map, name.confidence)
    unlike = measure_unlikeness(model, scene, partial(read_class_map, name.map))
    caution = None if unlike is None else unlike.caution(scene.name)
    legend = (*model.classes_, *order.doubt.classes(model))
    areas = areas_of_file(name.map, legend)
    return {
        "pixels": {area.name: area.pixels for area in areas},
        "areas": [area.to_json() for area in areas],
        "not_mapped": scene.shape[0] * scene.shape[1] - sum(area.pixels for area in areas),
        "risk_and_coverage": risk_and_coverage(model, counts, order.doubt.abstain),
        "unlike": None if unlike is None else unlike.to_json() | {"text": unlike.in_words()},
        "caution": caution,
        "seconds": stopwatch.to_json()["map"],
    }


def _tell(name: MapName, answer: dict[str, Any], with_name: bool, with_area: bool) -> None:
    """Print what a person wants to know of one map."""
    if with_name:
        console.say(f"{name.scene}:")
    reason = "(no value, or outside)" if with_area else "(no value in the scene)"
    tell_areas([ClassArea(**area) for area in answer["areas"]], answer["not_mapped"], reason)
    if answer["unlike"] is not None:
        console.say(f"unlike what was learned from: {answer['unlike']['text']}")
    others = (*confidence_files(name.confidence), name.probabilities, name.sets)
    console.say_written((*map_files(name.map), *filter(None, others)))
