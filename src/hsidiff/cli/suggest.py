"""``hsidiff suggest``: the next pixels to label."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from hsidiff.assessment.sample_file import check_sample_path, write_sample
from hsidiff.cli import console
from hsidiff.cli.classifiers import DeviceOption, ModelArgument, OwnClassOption, load_model
from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.options import (
    LABELS_PANEL,
    JsonOption,
    SceneArgument,
    option,
    out_option,
)
from hsidiff.cli.outputs import check_output_file
from hsidiff.labels.area import read_area
from hsidiff.labels.columns import REFERENCE
from hsidiff.scenes.pixel_places import pixel_centres
from hsidiff.scenes.scene import Scene
from hsidiff.suggestion.suggest import APART_PX, Suggestions, suggest_pixels

SUGGESTIONS_PANEL = "Suggestions"


def suggest(
    model: ModelArgument,
    scene: SceneArgument,
    scene_options: SceneOptions,
    label_options: LabelOptions,
    n: Annotated[int, option(SUGGESTIONS_PANEL, "N", "How many pixels.", "--pixels", "-n", min=1)],
    out: Annotated[Path, out_option("FILE", "File to write, .gpkg (with a style) or .csv.")],
    labels: Annotated[
        Path | None,
        option(
            LABELS_PANEL,
            "LABELS",
            "What is labelled already: nothing is suggested there, nor nearer than --apart.",
        ),
    ] = None,
    area: Annotated[
        Path | None,
        option(
            SUGGESTIONS_PANEL,
            "FILE",
            "Polygons in any CRS (.gpkg, .shp, .geojson), outside of which nothing is suggested.",
        ),
    ] = None,
    apart: Annotated[
        int,
        option(
            SUGGESTIONS_PANEL,
            "PIXELS",
            "Least distance between two of them, and to labels.",
            min=1,
        ),
    ] = APART_PX,
    seed: Annotated[int, option(SUGGESTIONS_PANEL, "N", "Another seed, other pixels.", min=0)] = 0,
    method: OwnClassOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Suggest which pixels to label next.

    Pixels between two classes, unlike each other and spread over the scene; each
    with the reason. Fill in the field reference, then hsidiff fit and map take the
    file as labels.
    """
    with console.at_work():
        check_sample_path(out)
        loaded = load_model(model, method, device)
        opened = scene_options.open(scene)
        check_output_file(out, (out.suffix.lower(),), opened.files)
        known = None if labels is None else label_options.read(labels, opened)
        found = suggest_pixels(
            loaded,
            opened,
            n,
            labels=known,
            area=None if area is None else read_area(area, opened),
            apart_px=apart,
            random_state=seed,
        )
        table = _table(found, opened)
        write_sample(table, out, opened.crs, opened.transform, loaded.classes_)
    if as_json:
        pixels = found.table().to_dict(orient="records")
        console.answer_json({"suggestions": str(out), "seed": seed, "pixels": pixels})
        return
    for row in table.itertuples():
        console.say(f"{row.id:>4}  row {row.row:>5}, column {row.col:>5}  {row.reason}")
    console.say(f"written: {out}")
    console.say(f"next: fill in the field {REFERENCE}, then: hsidiff fit {scene} {out} -o MODEL")


def _table(found: Suggestions, scene: Scene) -> pd.DataFrame:
    """The suggestions as points, with a field to fill in."""
    x, y = pixel_centres(scene.transform, found.rows, found.cols)
    empty = pd.Series([None] * len(found), dtype="string")
    table = found.table()
    table.insert(0, "id", np.arange(1, len(found) + 1))
    return table.assign(x=x, y=y, **{REFERENCE: empty})
