"""The report: one page that stands alone, from whatever the result folder holds."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from matplotlib.image import imread
from pages import Page

from hsidiff.errors import MissingFileError, SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.report.map_page import write_report
from hsidiff.report.map_sheet import draw_overview
from hsidiff.scenes.scene import ArraySource, Scene

NAMES = {1: "meadow <script>&", 2: 'roof "red"', 7: "water"}
COLORS = {1: "#228833", 2: "#cc6677", 7: "#4477aa"}


def make_scene(shape=(20, 30)):
    values = np.random.default_rng(0).random((*shape, 6)).astype(np.float32)
    return Scene("made & <b>", ArraySource(values), np.ones(6, dtype=bool))


def write_raster(path, values, **profile):
    count, height, width = values.shape
    place = {"crs": "EPSG:32633", "transform": Affine(10, 0, 5e5, 0, -10, 5e6)}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=count,
        dtype="uint8",
        **place,
        **profile,
    ) as dataset:
        dataset.write(values)
        dataset.scales = [1 / 250 if count > 1 else 1.0] * count


def small_result():
    per_class = [{"id": i, "name": NAMES[i], "color": COLORS[i]} for i in NAMES]
    return {"method": "spectraldiff", "per_class": per_class}


def full_result(kind="blocks"):
    result = small_result()
    counts = ((4, 10, 0.9), (5, 12, 0.75), (6, 0, None))
    for entry, (n_train, n_test, accuracy) in zip(result["per_class"], counts, strict=True):
        entry.update(n_train=n_train, n_test=n_test, accuracy=accuracy)
    shares = {"1": 0.0, "3": 0.125, "9": 0.5, "13": None}
    nearest = {"minimum": 1, "quartiles": [2.0, 3.0, 5.0], "mean": 3.4, "maximum": 7}
    return result | {
        "profile": "fast",
        "seed": 3,
        "split": {"kind": kind, "parameters": {"guard_px": 4}, "sha256": "5" * 64},
        "scene": {"path": "a/b.mat", "sha256": "a" * 64, "shape": [20, 30], "n_bands": 6},
        "n_train": 15,
        "n_test": 22222,
        "n_scored": 22222,
        "overall_accuracy": 0.8512,
        "average_accuracy": 0.825,
        "kappa": 0.7654,
        "macro_f1": 0.811,
        "confusion_matrix": [[9, 1, 0], [3, 9, 0], [0, 0, 0]],
        "leakage": {
            "window_shares": shares,
            "receptive_field_px": 9,
            "nearest_training_px": nearest
            | {"bin_edges_px": [1, 2, 4, 8], "bin_counts": [3, 9, 10]},
            "position_overall_accuracy": 0.4321,
        },
        "seconds": {"pretrain": 61.0, "map": 4.0, "total": 65.0},
        "peak_memory_bytes": 3 * 2**30,
        "transductive": True,
        "warnings": ["few pixels of <water>"],
        "versions": {"torch": "2.13.0"},
        "device": "cpu",
    }


def make_folder(folder, result, shape=(20, 30)):
    folder.mkdir(exist_ok=True)
    values = np.random.default_rng(1).choice([0, 1, 2, 7], size=(1, *shape)).astype(np.uint8)
    write_raster(folder / "map.tif", values, nodata=0)
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    return folder


def add_the_optional_files(folder, shape=(20, 30)):
    rng = np.random.default_rng(2)
    write_raster(
        folder / "probabilities.tif", rng.integers(0, 251, (3, *shape), np.uint8), nodata=255
    )
    (folder / "run.json").write_text('{"settings": {"timesteps": "<all>"}}', encoding="utf-8")
    labels = LabelMap.from_array(rng.choice([0, 1, 2, 7], size=shape), NAMES, COLORS)
    train = rng.random(shape) < 0.3
    Split(labels.keeping(train), labels.keeping(~train), "blocks").save(folder / "split.npz")
    return folder


@pytest.fixture
def full_page(tmp_path):
    folder = add_the_optional_files(make_folder(tmp_path / "result", full_result()))
    return Page(write_report(folder, make_scene()))


def test_the_page_names_files_and_no_folder(tmp_path):
    result = full_result()
    result["scene"]["path"] = "/home/eva/meadows/b.mat"
    result["warnings"] = ["/home/eva/meadows/b.mat: a tag is ignored"]
    folder = add_the_optional_files(make_folder(tmp_path / "result", result))
    run = {"command": ["hsidiff", "map", "/home/eva/meadows/b.mat"], "directory": "/home/eva"}
    (folder / "run.json").write_text(json.dumps(run))
    text = write_report(folder, make_scene()).read_text()
    assert "/home" not in text
    assert "<dd>b.mat</dd>" in text
    assert "b.mat: a tag is ignored." in text
    assert "home/eva/meadows" in (folder / "result.json").read_text()


def test_the_page_lies_in_the_folder_and_is_well_formed(tmp_path):
    folder = make_folder(tmp_path / "result", full_result())
    path = write_report(folder, make_scene())
    assert path == folder / "report.html"
    assert Page(path).open_tags == []
    assert {file.name for file in folder.iterdir()} == {"map.tif", "report.html", "result.json"}


def test_names_are_shown_and_cannot_act_as_html(full_page):
    for name in [*NAMES.values(), "made & <b>", "Few pixels of <water>", "<all>"]:
        assert name in full_page.text
    tags = {tag for tag, _ in full_page.tags}
    assert not tags & {"script", "water", "all"}
    assert "<script" not in full_page.source


def test_every_image_is_inside_the_page_and_has_a_text_alternative(full_page):
    assert len(full_page.all("img")) == 4  # scene, map, confidence, labels
    for image in full_page.all("img"):
        assert image["alt"].strip()
        assert image["src"].startswith("data:image/")
        base64.b64decode(image["src"].split(",")[1], validate=True)


def test_the_page_needs_no_network(full_page):
    without_images = re.sub(r"base64,[^\"]*", "", full_page.source.lower())
    assert not re.search(r"https?:|//|@import|url\(", without_images)
    assert not any("href" in attributes for _, attributes in full_page.tags)


@pytest.mark.parametrize(
    "shown",
    [
        "85.1 %",
        "82.5 %",
        "0.765",
        "22\u202f222",
        "12.5 %",
        "43.2 %",
        "9 \N{MULTIPLICATION SIGN} 9 px, what spectraldiff sees",
        "median 3 px",
        "3.2 GB",
        "1 min 5 s",
        "5" * 64,
        "a" * 64,
        "torch 2.13.0",
        "guard band of 4 px",
        "seed 3",
        "\N{MIDDLE DOT} is no pixel",
    ],
)
def test_the_page_shows_the_numbers_of_the_result(full_page, shown):
    assert shown in full_page.text


@pytest.mark.parametrize(
    ("n_apart", "accuracy", "shown"),
    [
        (1234, 0.6543, "On the 1\u202f234 scored pixels with no training pixel within what"),
        (1234, 0.6543, "of them the overall accuracy is 65.4 %"),
        (0, None, "there always is a training pixel"),
        (22222, 0.8512, "there never is a training pixel"),
    ],
)
def test_the_page_says_what_the_score_is_apart_from_training(tmp_path, n_apart, accuracy, shown):
    result = full_result() | {"n_test_apart": n_apart, "overall_accuracy_apart": accuracy}
    page = Page(write_report(make_folder(tmp_path, result), make_scene()))
    assert shown in page.text


def test_every_score_shows_its_interval(tmp_path):
    result = full_result()
    per_class = [[0.71, 0.97], [0.4, 0.95], None]
    intervals = {"overall_accuracy": [0.7, 0.9], "average_accuracy": [0.65, 0.88]}
    intervals |= {"kappa": [0.61, 0.834], "per_class": per_class}
    result["validation"] = {"kind": "split", "why": "so", "intervals": intervals}
    page = Page(write_report(make_folder(tmp_path, result), make_scene()))
    text = page.text.replace("\xa0", " ")
    for shown in ("70.0 % to 90.0 %", "65.0 % to 88.0 %", "0.610 to 0.834"):
        assert f"95 % interval {shown}" in text
    assert "90.0 % (71.0 to 97.0)" in text
    assert "75.0 % (40.0 to 95.0)" in text


def test_the_page_says_that_no_score_is_of_undecided_pixels(tmp_path):
    doubt = [{"id": 8, "name": "not sure", "color": "#cccccc", "n_pixels": 5}]
    page = Page(write_report(make_folder(tmp_path, full_result() | {"doubt": doubt}), make_scene()))
    assert "most probable class, also where the map shows 'not sure'." in page.text


@pytest.mark.parametrize(("ids", "is_named"), [([0, 1, 2, 7], True), ([1, 2, 7], False)])
def test_no_data_is_explained_where_there_is_some(tmp_path, ids, is_named):
    folder = make_folder(tmp_path, full_result())
    values = np.random.default_rng(1).choice(ids, size=(1, 20, 30)).astype(np.uint8)
    write_raster(folder / "map.tif", values, nodata=0)
    assert ("no data" in Page(write_report(folder, make_scene())).text) == is_named


def test_a_long_name_may_break_after_its_underscores(tmp_path):
    folder = make_folder(tmp_path, full_result())
    page = Page(write_report(folder, replace(make_scene(), name="EnMAP_<b>_2009")))
    assert "<h1>EnMAP_<wbr>&lt;b&gt;_<wbr>2009: land-cover map</h1>" in page.source


def test_a_class_without_test_pixels_shows_a_dash(full_page):
    row = full_page.source.split('<table class="scores">')[1].split("</tr>")[3]
    assert "water" in row
    assert "\N{EN DASH}" in row


@pytest.mark.parametrize(
    ("kind", "warns"), [("random", True), ("per-class", True), ("blocks", False)]
)
def test_a_split_of_neighbours_is_cautioned_against(tmp_path, kind, warns):
    page = Page(write_report(make_folder(tmp_path, full_result(kind)), make_scene()))
    assert ("from the same fields" in page.text) == warns


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (0.95, "lies does better than spectraldiff"),
        (0.84, "lies does about as well as spectraldiff"),
        (0.80, None),
    ],
)
def test_a_position_as_good_as_the_method_is_cautioned_against(tmp_path, position, words):
    result = full_result()
    result["leakage"]["position_overall_accuracy"] = position
    page = Page(write_report(make_folder(tmp_path, result), make_scene()))
    assert ("only where a pixel lies" in page.text) == (words is not None)
    assert words is None or words in page.text


@pytest.mark.parametrize(
    ("learned", "shown"),
    [
        (
            {"head": "linear", "held_out_log_loss": {"linear": 0.412, "transformer": 0.77}},
            "linear, by the log loss on held-out training labels: linear 0.412, transformer 0.770",
        ),
        (
            {"head": "linear", "held_out_log_loss": {"linear": None, "transformer": None}},
            "linear, untried: no training label could be held out",
        ),
        ({"held_out_log_loss": 0.4}, None),
        ({}, None),
    ],
)
def test_the_page_says_which_head_was_chosen_and_why(tmp_path, learned, shown):
    result = full_result() | {"learned": learned}
    page = Page(write_report(make_folder(tmp_path, result), make_scene()))
    assert ("head, chosen" in page.text) == (shown is not None)
    assert shown is None or shown in page.text


def test_the_least_result_makes_a_page(tmp_path):
    page = Page(write_report(make_folder(tmp_path, small_result()), make_scene()))
    assert all(name in page.text for name in NAMES.values())
    assert "None" not in page.text


@pytest.mark.parametrize("absence", ["missing", "null"])
@pytest.mark.parametrize("field", sorted(full_result()))
def test_no_field_of_the_result_is_needed(tmp_path, field, absence):
    result = full_result()
    if absence == "null":
        result[field] = None
    else:
        del result[field]
    page = Page(write_report(make_folder(tmp_path, result), make_scene()))
    assert "None" not in page.text


@pytest.mark.parametrize(
    "field", ["window_shares", "nearest_training_px", "position_overall_accuracy"]
)
def test_no_field_of_the_leakage_is_needed(tmp_path, field):
    result = full_result()
    result["leakage"][field] = None
    assert "None" not in Page(write_report(make_folder(tmp_path, result), make_scene())).text


@pytest.mark.parametrize("color", ["#0;//xy", "#gghhii", "#abc", "red;background:url(//x)", None])
def test_what_is_no_colour_gets_a_default_one(tmp_path, color):
    result = small_result()
    result["per_class"][0]["color"] = color
    page = Page(write_report(make_folder(tmp_path, result), make_scene()))
    assert "background:#a7e25e" in page.source  # that of a meadow
    assert f"background:{color}" not in page.source


def test_a_scene_larger_than_the_page_is_shown_in_steps(tmp_path):
    shape = (40, 2500)
    folder = add_the_optional_files(make_folder(tmp_path, full_result(), shape), shape)
    page = Page(write_report(folder, make_scene(shape)))
    assert [int(image["width"]) for image in page.all("img")][:4] == [834] * 4
    assert "One of 3 rows and columns" in page.text


def test_a_broken_folder_gets_one_clear_line(tmp_path):
    with pytest.raises(MissingFileError, match=r"no result\.json here"):
        write_report(tmp_path, make_scene())
    folder = make_folder(tmp_path, small_result())
    (folder / "result.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(SettingError, match="not a result"):
        write_report(folder, make_scene())
    (folder / "result.json").write_text("{", encoding="utf-8")
    with pytest.raises(SettingError, match="not readable JSON"):
        write_report(folder, make_scene())
    assert not (folder / "report.html").exists()


def test_the_overview_shows_scene_map_and_legend(tmp_path):
    folder = make_folder(tmp_path / "result", full_result())
    draw_overview(folder, make_scene(), tmp_path / "overview.png")
    image = np.round(imread(tmp_path / "overview.png")[:, :, :3] * 255).astype(int)
    with rasterio.open(folder / "map.tif") as dataset:
        class_ids = dataset.read(1)
    for class_id, color in COLORS.items():
        here = (image == tuple(bytes.fromhex(color[1:]))).all(axis=-1)
        # A pixel of the map is a square of 17 x 17 pixels of the file, not blurred; the key below
        # holds a patch more.
        n_key_px = here.sum() - (class_ids == class_id).sum() * 17 * 17
        assert 50 < n_key_px < 3000
