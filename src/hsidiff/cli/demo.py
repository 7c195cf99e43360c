"""``hsidiff demo``: the main job on the embedded scene."""

import shlex
from pathlib import Path
from typing import Annotated

from hsidiff.catalog import DEFAULT_METHOD
from hsidiff.cli import console
from hsidiff.cli.classifiers import MethodOptions
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.inputs import read_inputs
from hsidiff.cli.job import check_is_new, run_job
from hsidiff.cli.map import tell_result
from hsidiff.cli.options import JsonOption, OverwriteOption, SeedOption, out_option
from hsidiff.cli.outputs import check_output_folder
from hsidiff.cli.split_options import SplitOptions
from hsidiff.cli.validation import ValidationOptions
from hsidiff.evaluation.results import Stopwatch
from hsidiff.files import write_together
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import write_class_map
from hsidiff.report.map_sheet import draw_overview
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.synthetic import make_synthetic_scene

DEMO_SCENE = "demo_scene.tif"
"""A folder that holds it is the demo's own, which it may replace."""


def demo(
    out: Annotated[Path, out_option("FOLDER", "Folder to write to.", show_default=True)] = Path(
        "demo-output"
    ),
    seed: SeedOption = 0,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Map the embedded scene, a generated farming landscape.

    Takes up to 3 minutes, and writes what hsidiff map does, beside the scene and its labels.
    """
    model = MethodOptions(DEFAULT_METHOD, "fast", seed=seed).make()
    check_output_folder(out)
    check_is_new(out, overwrite or (out / DEMO_SCENE).exists())
    stopwatch = Stopwatch()
    with console.at_work() as notes:
        with stopwatch.stage("generate"):
            scene_path, labels_path = write_demo_inputs(out)
        with stopwatch.stage("read"):
            inputs = read_inputs(scene_path, labels_path, SceneOptions(), LabelOptions())
        result = run_job(
            inputs,
            model,
            SplitOptions("blocks", samples_per_class=30),
            ValidationOptions("split"),
            out,
            seed=seed,
            stopwatch=stopwatch,
            notes=notes,
        )
        draw_overview(out, inputs.scene, out / "overview.png")
    if as_json:
        console.answer_json(result)
        return
    tell_result(result, out)
    console.say(f"  {out / 'overview.png'}")
    words = ("--samples-per-class", "30", "--seed", str(seed), "-o", str(out), "--overwrite")
    command = shlex.join(("hsidiff", "map", str(scene_path), str(labels_path), *words))
    console.say(f"the same again: {command}")


def write_demo_inputs(out: Path) -> tuple[Path, Path]:
    """Write the embedded scene and its labels as GeoTIFF; give their paths."""
    made = make_synthetic_scene()
    labels = LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
    with write_together(out) as folder:
        write_geotiff(made.scene, folder / DEMO_SCENE)
        write_class_map(
            labels.values,
            labels.classes,
            folder / "demo_labels.tif",
            made.scene.crs,
            made.scene.transform,
        )
    return out / DEMO_SCENE, out / "demo_labels.tif"
