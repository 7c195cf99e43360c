"""``hsidiff map``: from a scene and a few labels to a map."""

from pathlib import Path
from typing import Annotated, Any

from hsidiff.cli import console
from hsidiff.cli.classifiers import MethodOptions
from hsidiff.cli.inputs import SplitOptions, check_output_folder, read_inputs
from hsidiff.cli.job import outputs_of, run_job
from hsidiff.cli.options import (
    AreaOption,
    JsonOption,
    LabelOptions,
    LabelsArgument,
    SceneArgument,
    SceneOptions,
    TileSizeOption,
    out_option,
)
from hsidiff.contract import DEFAULT_TILE_SIZE_PX
from hsidiff.evaluation.results import Stopwatch


def map_scene(
    scene: SceneArgument,
    labels: LabelsArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    split_options: SplitOptions,
    method_options: MethodOptions,
    out: Annotated[Path, out_option("FOLDER", "Folder for all that is written.")],
    area: AreaOption = None,
    tile_size: TileSizeOption = DEFAULT_TILE_SIZE_PX,
    as_json: JsonOption = False,
) -> None:
    """Map a scene: read, split the labels, learn, map, score.

    The folder then holds report.html (start there), map.tif with its legend,
    probabilities.tif, map.qml (style for QGIS), result.json (scores),
    run.json, split.npz and model/.
    """
    model = method_options.make()
    check_output_folder(out)
    stopwatch = Stopwatch()
    with console.at_work() as notes:
        with stopwatch.stage("read"):
            inputs = read_inputs(scene, labels, scene_options, label_options, area)
        result = run_job(
            inputs,
            model,
            split_options,
            out,
            seed=method_options.seed,
            tile_size=tile_size,
            stopwatch=stopwatch,
            notes=notes,
        )
    if as_json:
        console.answer_json(result)
    else:
        tell_result(result, out)


def tell_result(result: dict[str, Any], out: Path) -> None:
    """Print what a person wants to know first."""
    kappa, seconds = result["kappa"], result["seconds"]["total"]
    split, leakage = result["split"], result["leakage"]
    profile = f" ({result['profile']})" if result["profile"] else ""
    console.say(
        f"{result['method']}{profile} on {result['scene']['name']}: "
        f"{result['n_train']} training pixels, {result['n_scored']} scored"
    )
    console.say(f"  overall accuracy  {result['overall_accuracy']:7.1%}")
    console.say(f"  average accuracy  {result['average_accuracy']:7.1%}")
    console.say(f"  kappa             {'-' if kappa is None else format(kappa, '7.3f')}")
    console.say(
        f"  split             {split['kind']}: {leakage['receptive_field_share']:.1%} of the "
        "scored pixels see a training pixel;"
    )
    console.say(
        f"                    position alone, without spectra, reaches "
        f"{leakage['position_overall_accuracy']:.1%}"
    )
    console.say(f"  time              {seconds:.1f} s on {result['device']}")
    console.say(f"  peak memory       {result['peak_memory_bytes'] / 1e9:.1f} GB")
    console.say("written:")
    for path in outputs_of(out):
        console.say(f"  {path}")
