from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
from affine import Affine
from numpy.testing import assert_array_equal

from hsidiff.errors import LabelError
from hsidiff.labels.class_colors import class_colors
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.read import read_labels
from hsidiff.scenes.scene import Scene
from hsidiff.viewer.label_store import MAX_FEATURES, LabelStore
from small_scenes import small_labels, small_scene

ROTATED = Affine.translation(380_000.25, 5_810_000.75) @ Affine.rotation(23) @ Affine.scale(30, -30)
NO_PLACE = replace(small_scene(), crs=None, transform=None)
SCENES = [small_scene(), replace(small_scene(), transform=ROTATED), NO_PLACE]
IDS = ["map coordinates", "rotated", "pixel coordinates"]


def labelled(scene: Scene, path: Path) -> LabelStore:
    store = LabelStore(scene, path)
    store.add_polygon(1, [(2.2, 2.1), (15, 3), (9, 14.4)])
    store.paint(2, [(8, 8), (30, 30.5)], 3)
    store.add_point(1, (20.5, 20.5))
    store.erase([(12, 12)], 2)
    return store


@pytest.mark.parametrize("scene", SCENES, ids=IDS)
def test_what_was_labelled_is_there_when_the_file_is_opened_again(
    scene: Scene, tmp_path: Path
) -> None:
    store = labelled(scene, tmp_path / "labels.gpkg")
    again = LabelStore(scene, tmp_path / "labels.gpkg")
    assert again.now.classes == store.now.classes
    assert_array_equal(again.label_map().values, store.label_map().values)
    assert store.label_map().values[20, 20] == 1
    assert store.label_map().values[12, 12] == 0
    assert store.label_map().values[28, 28] == 2


@pytest.mark.parametrize("scene", SCENES[:2], ids=IDS[:2])
def test_the_file_is_read_as_labels_by_all_commands(scene: Scene, tmp_path: Path) -> None:
    store = labelled(scene, tmp_path / "labels.gpkg")
    store.change_class(2, "Wood", "#117733")
    read = read_labels(tmp_path / "labels.gpkg", scene)
    assert_array_equal(read.values, store.label_map().values)
    assert read.classes == store.now.classes


def test_a_file_without_labels_keeps_its_classes(tmp_path: Path) -> None:
    LabelStore(small_scene(), tmp_path / "labels.gpkg").add_class("Roof")
    again = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    assert [c.name for c in again.now.classes] == ["Class 1", "Class 2", "Roof"]
    assert again.now.features == ()


def test_the_file_has_the_crs_of_the_scene_and_says_nothing_where_there_is_none(
    tmp_path: Path,
) -> None:
    labelled(SCENES[0], tmp_path / "placed.gpkg")
    labelled(NO_PLACE, tmp_path / "unplaced.gpkg")
    assert geopandas.read_file(tmp_path / "placed.gpkg", layer="labels").crs.to_epsg() == 32633
    table = geopandas.read_file(tmp_path / "unplaced.gpkg", layer="labels")
    assert table.geometry[table.geometry.geom_type == "Point"].x.iloc[0] == 20.5


def test_no_pixel_has_two_classes_and_the_last_word_counts(tmp_path: Path) -> None:
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    store.paint(1, [(10, 10)], 5)
    store.add_point(2, (10.5, 10.5))
    store.add_point(1, (10.5, 10.5))
    store.add_polygon(2, [(8, 8), (12, 8), (12, 12), (8, 12)])
    values = store.label_map().values
    assert (values[8:12, 8:12] == 2).all()
    assert values[7, 10] == 1
    assert read_labels(store.path, small_scene()).counts() == store.label_map().counts()


def test_strokes_of_one_class_that_touch_become_one_area(tmp_path: Path) -> None:
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    store.paint(1, [(5, 5), (10, 5)], 2)
    store.paint(1, [(9, 5), (15, 5)], 2)
    store.paint(1, [(30, 30)], 2)
    assert len(store.now.features) == 2


def test_every_change_can_be_undone_and_done_again(tmp_path: Path) -> None:
    store = labelled(small_scene(), tmp_path / "labels.gpkg")
    new_id = store.add_class("Roof")
    store.change_class(new_id, "Tiled roof", "#AA0000")
    store.remove_class(2)
    after = store.now
    for _ in range(7):
        store.undo()
    assert store.now.features == ()
    assert not store.to_json()["can_undo"]
    store.undo()
    for _ in range(7):
        store.redo()
    assert store.now == after
    assert LabelStore(small_scene(), store.path).now.classes == after.classes
    assert after.classes[-1].color == "#aa0000"


def test_a_change_that_cannot_be_saved_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = labelled(small_scene(), tmp_path / "labels.gpkg")
    before, stored = store.now, store.path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hsidiff.viewer.label_file.pyogrio.write_dataframe", fail)
    with pytest.raises(OSError, match="No space"):
        store.add_point(1, (1, 1))
    assert store.now == before
    assert store.path.read_bytes() == stored
    assert [path.name for path in tmp_path.iterdir()] == ["labels.gpkg"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\tb\x00", "CLASS 1"])
def test_names_that_nobody_could_read_or_tell_apart_are_refused(name: str, tmp_path: Path) -> None:
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    with pytest.raises(LabelError):
        store.add_class(name)


@pytest.mark.parametrize(
    "name",
    [
        '"Reed" & <b>bog</b>',
        "it's; DROP TABLE classes;--",
        "\U0001f332 \U0001f469\u200d\U0001f33e",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u68ee",
        "\xe9" * 80,
        "=1+1",
        "../a/b",
    ],
)
def test_names_of_any_language_and_with_any_marks_come_back(name: str, tmp_path: Path) -> None:
    scene, path = small_scene(), tmp_path / "labels.gpkg"
    store = LabelStore(scene, path)
    class_id = store.add_class(name)
    store.add_point(class_id, (3.5, 3.5))
    store.add_point(1, (8.5, 8.5))
    assert LabelStore(scene, path).now.classes == store.now.classes
    read = read_labels(path, scene)
    assert {c.id: c.name for c in read.classes}[class_id] == name


def test_a_class_of_a_file_keeps_its_name_however_long_when_it_is_recoloured(
    tmp_path: Path,
) -> None:
    first = LabelMap.from_array(small_labels().values, {1: "x" * 300})
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg", first)
    long = store.now.classes[0]
    store.change_class(long.id, long.name, "#102030")
    assert store.now.classes[0].name == "x" * 300
    with pytest.raises(LabelError, match="1 to 80 characters"):
        store.change_class(long.id, "y" * 300, "#102030")


@pytest.mark.parametrize("color", ["red", "#12345", "#12345g", "#1234567", "url(x)"])
def test_colours_are_six_digits(color: str, tmp_path: Path) -> None:
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    with pytest.raises(LabelError, match="#rrggbb"):
        store.change_class(1, "Wood", color)


def test_labels_of_a_raster_come_back_pixel_by_pixel(tmp_path: Path) -> None:
    first = small_labels(ids=(3, 7, 200))
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg", first)
    again = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    for opened in (store, again):
        assert_array_equal(opened.label_map().values, first.values)
        assert opened.now.classes == first.classes


def test_of_very_many_labels_neighbours_of_a_class_become_one_feature(tmp_path: Path) -> None:
    scattered = np.indices((110, 110)).sum(axis=0) % 2 * 2 + 1
    scene = small_scene((110, 110), n_bands=3)
    store = LabelStore(scene, tmp_path / "labels.gpkg", LabelMap.from_array(scattered))
    assert_array_equal(store.label_map().values, scattered)
    assert 1000 < len(store.now.features) <= MAX_FEATURES
    sides = [shape.shape.bounds for shape in store.now.features]
    assert max(right - left for left, _, right, _ in sides) <= 5
    again = LabelStore(scene, tmp_path / "labels.gpkg")
    assert_array_equal(again.label_map().values, scattered)
    again.add_point(1, (0.5, 1.5))
    assert again.label_map().values[1, 0] == 1


def test_another_file_of_that_name_is_no_labels(tmp_path: Path) -> None:
    (tmp_path / "labels.gpkg").write_text("no labels")
    with pytest.raises(LabelError, match="give another --out"):
        LabelStore(small_scene(), tmp_path / "labels.gpkg")
    assert (tmp_path / "labels.gpkg").read_text() == "no labels"


def colors_of(store: LabelStore) -> dict[str, str]:
    return {land_class.name: land_class.color for land_class in store.now.classes}


def test_a_class_that_is_named_gets_the_colour_of_what_it_means(tmp_path: Path) -> None:
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    plain = colors_of(store)
    store.change_class(1, "Forest", plain["Class 1"])
    store.change_class(2, "Thing", plain["Class 2"])
    store.change_class(2, "Water", colors_of(store)["Thing"])
    assert colors_of(store) == {
        "Forest": class_colors(["Forest"])[0],
        "Water": class_colors(["Water"])[0],
    }
    store.change_class(2, "Roof", colors_of(store)["Water"])
    assert colors_of(store)["Roof"] == class_colors(["Roof"])[0]


def test_a_colour_that_somebody_chose_stays_with_every_name(tmp_path: Path) -> None:
    store = LabelStore(small_scene(), tmp_path / "labels.gpkg")
    store.change_class(1, "Class 1", "#123456")
    store.change_class(1, "Water", "#123456")
    assert colors_of(store)["Water"] == "#123456"
    store.change_class(2, "Wood", "#654321")
    assert colors_of(store)["Wood"] == "#654321"
