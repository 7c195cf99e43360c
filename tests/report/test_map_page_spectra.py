"""The spectra of the labels on the page of a map, and labels to look at again."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from pages import Page
from test_map_page import make_folder, small_result

import hsidiff.report.label_spectra as page_part
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.map_page import write_report
from hsidiff.report.spectra_page import suspicious_table
from hsidiff.scenes.scene import ArraySource, Scene

SHAPE = (20, 30)
PLACE = Affine(10, 0, 5e5, 0, -10, 5e6)


def labelled_scene() -> tuple[Scene, LabelMap]:
    """Two classes far apart; the pixel (3, 5) of the first shows the second."""
    values = np.where(np.arange(SHAPE[1]) < 15, 1, 2) * np.ones((SHAPE[0], 1), dtype=int)
    cube = np.random.default_rng(0).normal(0, 0.01, (*SHAPE, 6)) + 0.2 * values[..., None]
    cube[3, 5] = 0.4
    source, good = ArraySource(cube.astype(np.float32)), np.ones(6, dtype=bool)
    return Scene("s", source, good, transform=PLACE), LabelMap.from_array(
        values, {1: "grass", 2: "roof"}
    )


def page_of(folder: Path, labels: LabelMap | None, *scenes: Scene) -> Page:
    return Page(write_report(make_folder(folder / "r", small_result()), *scenes, labels=labels))


def test_the_page_names_a_mislabelled_pixel_with_its_place_and_class(tmp_path: Path) -> None:
    scene, labels = labelled_scene()
    page = page_of(tmp_path, labels, scene)
    assert "Spectra of the labels" in page.text
    assert "grass: 300 pixels, 1 suspicious" in page.text
    assert "1 labelled pixel that looks unlike its class" in page.text
    row = page.source.split("looks like")[1].split("<tr>")[1]
    for shown in ("grass", "roof", ">3<", ">5<", "500055.0", "4999965.0"):
        assert shown in row


def test_labels_that_are_not_known_or_not_here_have_no_spectra(tmp_path: Path) -> None:
    scene, labels = labelled_scene()
    nothing = labels.keeping(np.zeros(SHAPE, dtype=bool))
    for one in (None, nothing):
        assert "Spectra of the labels" not in page_of(tmp_path, one, scene).text


def test_a_page_looks_at_so_many_labels_and_shows_so_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, labels = labelled_scene()
    cube = scene.read()
    cube[5:19, 2] += 1
    scene = Scene("s", ArraySource(cube), np.ones(6, dtype=bool))
    page = page_of(tmp_path, labels, scene)
    assert "15 labelled pixels that look unlike" in page.text
    assert "5 more: hsidiff spectra SCENE LABELS" in page.text
    monkeypatch.setattr(page_part, "MOST_PER_CLASS", 40)
    assert (
        "Of a class with more labels these are 40, drawn at random"
        in page_of(tmp_path, labels, scene).text
    )


def test_each_of_several_scenes_shows_its_own_labels(tmp_path: Path) -> None:
    scene, labels = labelled_scene()
    both = LabelMap(np.concatenate([labels.values, 0 * labels.values]), labels.classes)
    folder = make_folder(tmp_path / "r", small_result())
    places = {"one": [0, 0, *SHAPE], "two": [SHAPE[0], 0, *SHAPE]}
    for name in places:
        make_folder(folder / "scene-maps", small_result())
        make_folder(folder / "scene-maps" / name, small_result())
    result = small_result() | {
        "scenes": [{"name": n, "folder": n, "place": place} for n, place in places.items()]
    }
    (folder / "result.json").write_text(json.dumps(result))
    page = Page(write_report(folder, scene, scene, labels=both))
    assert "Spectra of the labels of one" in page.text
    assert "Spectra of the labels of two" not in page.text


def test_a_pixel_unlike_its_class_and_all_others_says_so() -> None:
    far = {"row": 1, "col": 2, "distance": 9.0, "limit": 2.5, "class": "roof"}
    found = pd.DataFrame([far | {"looks_like": "roof"}, far | {"looks_like": "soil"}])
    table = suspicious_table(found, 10, "")
    assert [row[1] for row in table.rows] == ["no other", "soil"]
