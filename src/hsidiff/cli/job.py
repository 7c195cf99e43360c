"""The main job: split, learn, map, score, and write it all down."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from hsidiff.cli.inputs import Inputs, SplitOptions
from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.evaluation.metrics import score
from hsidiff.evaluation.results import Stopwatch, describe_result, describe_run
from hsidiff.files import sha256_of_files, write_json, write_together
from hsidiff.labels.leakage import measure_leakage
from hsidiff.labels.split import Split
from hsidiff.maps.geotiff import read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.report.map_page import write_report
from hsidiff.saved_model import check_model_folder

SHAPEFILE_PARTS = (".cpg", ".dbf", ".prj", ".shp", ".shx")


def run_job(
    inputs: Inputs,
    model: SceneClassifier,
    split_options: SplitOptions,
    out: Path,
    *,
    seed: int,
    tile_size: int,
    stopwatch: Stopwatch,
    notes: list[str],
) -> dict[str, Any]:
    """Map a scene and score the map.

    Args:
        inputs: the scene and its labels.
        model: the classifier, not fitted yet.
        split_options: how the labels are split.
        out: the folder to write to; it gets everything when all is done, or nothing.
        seed: of the split.
        tile_size: largest side of a tile in pixels.
        stopwatch: has timed the reading, and goes on.
        notes: the warnings given so far; the list grows while this runs.

    Returns:
        The content of ``result.json``.

    Raises:
        SettingError: if the scene or the labels are files that this would overwrite.
        ModelError: if there is a folder ``model`` that holds something else.
    """
    with stopwatch.stage("split"):
        split = split_options.make(inputs, model.receptive_field_px, seed)
        split = replace(split, test=inputs.in_area(split.test))
    _check_nothing_is_overwritten(inputs, out)
    with stopwatch.stage("learn"):
        model.fit(inputs.scene, split.train)
    with write_together(out) as folder:
        with stopwatch.stage("map"):
            predict_to_file(
                model,
                inputs.scene,
                folder / "map.tif",
                probabilities_path=folder / "probabilities.tif",
                tile_size=tile_size,
                area=inputs.area,
            )
        with stopwatch.stage("score"):
            scores = score(read_class_map(folder / "map.tif"), split.test)
            leakage = measure_leakage(split, model.receptive_field_px)
        model.save(folder / "model")
        split.save(folder / "split.npz")
        result = describe_result(model, inputs.scene, split, scores, leakage, stopwatch, notes)
        scene_sha256 = result["scene"]["sha256"]
        write_json(folder / "result.json", result)
        run = describe_run(model, describe_inputs(inputs, scene_sha256, split))
        write_json(folder / "run.json", run)
        write_report(folder, inputs.scene)
    return result


def _check_nothing_is_overwritten(inputs: Inputs, out: Path) -> None:
    check_model_folder(out / "model")
    if (out / "experiment.json").exists():
        raise SettingError(f"--out {out} holds an experiment: give the name of another folder")
    written = {path.resolve() for path in outputs_of(out)}
    for path in (*inputs.scene.files, *inputs.label_files):
        if path.resolve() in written:
            raise SettingError(f"{path} would be overwritten: give another --out than {out}")


def describe_inputs(inputs: Inputs, scene_sha256: str, split: Split) -> dict[str, Any]:
    """Which files were read, with their hashes."""
    labels = [
        {"path": str(path), "sha256": sha256_of_files(_with_companions(path))}
        for path in inputs.label_files
    ]
    return {
        "scene": {"path": str(inputs.scene_path), "sha256": scene_sha256},
        "labels": labels,
        "label_options": inputs.label_options.arguments(),
        "split": {"kind": split.kind, "parameters": split.parameters, "sha256": split.sha256},
    }


def _with_companions(path: Path) -> list[Path]:
    """A label file and the files of its name that belong to it: a shapefile is several files."""
    if path.suffix.lower() != ".shp":
        return [path]
    return sorted(
        path.with_suffix(end) for end in SHAPEFILE_PARTS if path.with_suffix(end).exists()
    )


def outputs_of(out: Path) -> list[Path]:
    """What the job has written, the most wanted first."""
    names = ("report.html", "map.tif", "probabilities.tif", "map.qml", "result.json", "run.json")
    return [out / name for name in (*names, "split.npz", "model")]
