"""``hsidiff map``: from a scene and a few labels to a map."""

from pathlib import Path
from typing import Annotated, Any

from hsidiff.amounts import count, in_bytes, percent
from hsidiff.assessment.areas import ClassArea
from hsidiff.catalog import quicker_than
from hsidiff.cli import console
from hsidiff.cli.areas import tell_areas
from hsidiff.cli.classifiers import MethodOptions
from hsidiff.cli.doubt import DoubtOptions, confidence_in_words
from hsidiff.cli.draw_maps import DrawingOptions
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.job import check_is_new, outputs_of, run_job
from hsidiff.cli.options import (
    AreaOption,
    JsonOption,
    LabelsArgument,
    MemoryOption,
    MinSizeOption,
    MoreScenesArgument,
    OverwriteOption,
    SceneArgument,
    TileSizeOption,
    out_option,
)
from hsidiff.cli.outputs import check_output_folder
from hsidiff.cli.several import check_held_out, pairs_of, read_several
from hsidiff.cli.split_options import SplitOptions
from hsidiff.cli.validation import ValidationOptions
from hsidiff.evaluation.results import Stopwatch
from hsidiff.evaluation.validation import hint_for_few_labels
from hsidiff.maps.tile_plan import DEFAULT_TILE_SIZE_PX
from hsidiff.memory import limited_to
from hsidiff.report.validation import validation_in_words


def map_scene(
    scene: SceneArgument,
    labels: LabelsArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    split_options: SplitOptions,
    validation_options: ValidationOptions,
    method_options: MethodOptions,
    doubt_options: DoubtOptions,
    out: Annotated[Path, out_option("FOLDER", "Folder for all that is written.")],
    overwrite: OverwriteOption = False,
    area: AreaOption = None,
    min_size: MinSizeOption = None,
    tile_size: TileSizeOption = DEFAULT_TILE_SIZE_PX,
    memory: MemoryOption = None,
    as_json: JsonOption = False,
    more: MoreScenesArgument = None,
) -> None:
    """Map a scene from labels of it, and score the map on labels held out.

    Example: hsidiff map scene.tif labels.gpkg --field class -o out

    First a copy of the model that lacks some labels is scored on these; then the map's own
    model learns from all labels. A command that was stopped, started again, goes on.

    The folder then holds report.html (start there), map.tif with its legend,
    confidence.tif (how sure the map is of each pixel), probabilities.tif, styles
    for QGIS (.qml), result.json (scores), held_out.npz (what was predicted of
    held-out labels), run.json, model/ and, if one split scored the map, split.npz.

    One model may learn from several scenes (flight lines, dates), each followed by
    its labels: the score is of them all, and each has a map of its own in scene-maps/.
    """
    model, doubt = method_options.make(), doubt_options.make()
    check_output_folder(out)
    check_is_new(out, overwrite)
    pairs = pairs_of(scene, labels, more, None)
    stopwatch = Stopwatch()
    with console.at_work() as notes, limited_to(memory):
        with stopwatch.stage("read"):
            inputs = read_several(
                pairs, scene_options, label_options, model.receptive_field_px, area
            )
            check_held_out(inputs, split_options.split)
        if validation_options.validate in (None, "groups") and not split_options.given():
            quick = quicker_than(method_options.method)
            hint = hint_for_few_labels(inputs.labels.n_labelled, quick and f"--method {quick}")
            if hint:
                console.show_note(f"{hint} (docs/results.md, few labels)")
        result = run_job(
            inputs,
            model,
            split_options,
            validation_options,
            out,
            drawing=DrawingOptions(doubt, tile_size, min_size),
            seed=method_options.seed,
            stopwatch=stopwatch,
            notes=notes,
        )
    if as_json:
        console.answer_json(result)
    else:
        tell_result(result, out)


def tell_result(result: dict[str, Any], out: Path) -> None:
    """Print what a person wants to know first."""
    profile = f" ({result['profile']})" if result["profile"] else ""
    console.say(
        f"{result['method']}{profile} on {result['scene']['name']}: the map learned from "
        f"{count(result['n_labels'])} labels"
    )
    if "overall_accuracy" in result:
        _tell_scores(result)
    else:
        console.say("  no score         nothing was held out (--validate none)")
    for line in confidence_in_words(result):
        console.say(f"  {line}")
    console.say(f"  time              {result['seconds']['total']:.1f} s on {result['device']}")
    console.say(f"  peak memory       {in_bytes(result['peak_memory_bytes'])}")
    for scene in result.get("scenes", []):
        console.say(f"{scene['name']}:")
        tell_areas([ClassArea(**entry) for entry in scene["areas"]])
    if "scenes" in result:
        console.say("all scenes (ground that several show counts in each):")
    tell_areas([ClassArea(**entry) for entry in result["areas"]])
    if small := result["small_patches"]:
        console.say(
            f"{count(small['n_pixels'])} pixels lay in patches of fewer than "
            f"{small['min_size_px']} pixels"
        )
    console.say_written(outputs_of(out))


def _tell_scores(result: dict[str, Any]) -> None:
    """The scores with their intervals, how they were made, and what position alone reaches."""
    intervals, leakage = result["validation"]["intervals"], result["leakage"]
    for line in validation_in_words(result):
        console.say(f"  {line}")
    for name in ("overall_accuracy", "average_accuracy"):
        low, high = intervals[name]
        title = name.replace("_", " ")
        console.say(
            f"  {title}  {percent(result[name]):>8}   95 % interval {percent(low)} to "
            f"{percent(high)}"
        )
    if result["kappa"] is None:
        console.say("  kappa             -")
    else:
        low, high = intervals["kappa"]
        console.say(
            f"  kappa             {result['kappa']:8.3f}   95 % interval {low:.3f} to {high:.3f}"
        )
    console.say(
        f"  leakage           {percent(leakage['receptive_field_share'])} of the scored pixels "
        "see a training pixel;"
    )
    console.say(
        f"                    position alone, without spectra, reaches "
        f"{percent(leakage['position_overall_accuracy'])}"
    )
