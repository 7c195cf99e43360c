"""The page in a browser: what a person does, from a scene to an exported map."""

import subprocess
import sys
import zipfile
from pathlib import Path
from threading import Semaphore
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose
from page_in_browser import NEEDS_BROWSER, Page

from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import write_class_map
from hsidiff.scenes.formats.geotiff import GeotiffSource
from hsidiff.scenes.synthetic import SyntheticScene, make_synthetic_scene
from hsidiff.viewer import overview
from hsidiff.viewer.opened_run import open_run
from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session

WATER, MEADOW = 1, 5
pytestmark = NEEDS_BROWSER


def test_a_scene_is_seen_and_a_click_gives_its_spectrum(chromium: Any, session: Session) -> None:
    with serving(session) as address:
        page = Page(chromium, address)
        page.tab.wait_for_load_state()
        shown = page.tab.wait_for_function(
            """() => {
              const canvas = document.querySelector('#map canvas');
              if (!canvas || !canvas.width) return 0;
              const { width, height } = canvas;
              const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
              return new Set(new Uint32Array(data.buffer)).size > 500;
            }"""
        )
        assert shown.json_value()
        with page.tab.expect_response("**/api/spectrum**") as answered:
            page.click(40, 50)
        answer = answered.value.json()
        assert (answer["row"], answer["col"]) == (40, 50)
        expected = session.scene.read()[40, 50]
        good = np.array(answer["values"], dtype=float)[session.scene.good_bands]
        assert_allclose(good, expected, rtol=1e-6)
        line = page.tab.wait_for_selector('#spectrum path[data-name="clicked pixel"]')
        assert line.get_attribute("d").count("L") > 20
        assert "row 40, column 50" in page.tab.text_content("#spectrum-of")
        assert page.faults == []


def test_a_scene_that_takes_long_to_read_is_asked_for_until_it_is_whole(
    chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "QUICK_BYTES", 0)
    path, may_read = write_packed(tmp_path / "packed.tif"), Semaphore(0)
    read_nearest = GeotiffSource.read_nearest

    def slowly(self: GeotiffSource, *what: Any) -> np.ndarray:
        may_read.acquire()
        return read_nearest(self, *what)

    session = Session(SceneSource(path), tmp_path / "view")
    n_gaps = int(np.isnan(session.scene.read()[..., 0]).sum())
    monkeypatch.setattr(GeotiffSource, "read_nearest", slowly)
    with serving(session) as address:
        may_read.release(18)
        page = Page(chromium, address)
        page.tab.wait_for_selector("text='Reading the scene: 50 %'")
        assert page.n_empty_pixels() > 2 * n_gaps
        with page.tab.expect_response("**/tiles/scene/**") as tile:
            may_read.release(1000)
        assert tile.value.headers["x-share-read"] == "1"
        page.tab.wait_for_selector("#reading", state="hidden")
        assert page.n_empty_pixels() == n_gaps
        assert page.faults == []


def write_packed(path: Path) -> Path:
    """A scene of 36 blocks that hold all bands, packed."""
    scene = make_synthetic_scene(shape=(96, 96), n_bands=6).scene
    layout = {"tiled": True, "blockxsize": 16, "blockysize": 16, "interleave": "pixel"}
    grid = {"height": 96, "width": 96, "count": 6, "dtype": "float32", "compress": "deflate"}
    with rasterio.open(path, "w", "GTiff", **grid, **layout) as out:
        out.write(np.moveaxis(scene.read(), -1, 0))
    return path


def test_labels_are_drawn_undone_and_seen_in_a_second_tab(chromium: Any, session: Session) -> None:
    with serving(session) as address:
        page, second = Page(chromium, address), Page(chromium, address)
        page.wait_for_counts("0 px", "0 px")
        page.tab.keyboard.press("p")
        page.click(10, 60)
        page.wait_for_counts("1 px", "0 px")
        page.tab.keyboard.press("2")
        page.tab.keyboard.press("b")
        for _ in range(2):
            page.tab.keyboard.press("[")
        page.drag((50, 40), (50, 49))
        page.wait_for_counts("1 px", "10 px")
        page.tab.keyboard.press("a")
        for row, col in ((70, 20), (70, 30), (80, 30), (80, 20)):
            page.click(row - 0.5, col - 0.5)
        page.click(70 - 0.5, 20 - 0.5)
        page.wait_for_counts("1 px", "110 px")
        page.tab.keyboard.press("e")
        page.drag((75, 19), (75, 31))
        page.wait_for_counts("1 px", "100 px")
        second.wait_for_counts("1 px", "100 px")
        page.tab.keyboard.press("Control+z")
        second.wait_for_counts("1 px", "110 px")
        page.tab.keyboard.press("Control+y")
        page.tab.fill('#classes li:nth-child(2) input[type="text"]', "Wood <b>")
        page.tab.keyboard.press("Enter")
        second.tab.wait_for_selector('#classes li:nth-child(2) input[type="text"]')
        page.tab.reload()
        page.wait_for_counts("1 px", "100 px")
        name = page.tab.input_value('#classes li:nth-child(2) input[type="text"]')
        assert name == "Wood <b>"
        assert page.faults == second.faults == []


def swipe(page: Page) -> None:
    """Drag the line at which the map ends."""
    page.tab.check("#swipe")
    handle = page.tab.locator("#swipe-handle")
    before = handle.bounding_box()["x"]
    page.tab.mouse.move(before + 6, 400)
    page.tab.mouse.down()
    page.tab.mouse.move(before - 150, 400, steps=3)
    page.tab.mouse.up()
    assert handle.bounding_box()["x"] == pytest.approx(before - 156, abs=3)


def check_export(session: Session, path: Path) -> None:
    """An export is right at the labels, and lies and looks as it should."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent / "exported")
    labels = session.labels.label_map()
    with rasterio.open(path.parent / "exported" / "map.tif") as exported:
        class_map, palette = exported.read(1), exported.colormap(1)
        assert exported.crs == session.scene.crs
        assert exported.transform == session.scene.transform
    assert (class_map == labels.values)[labels.values > 0].all()
    for land_class in labels.classes:
        assert "#{:02x}{:02x}{:02x}".format(*palette[land_class.id][:3]) == land_class.color
    names = (path.parent / "exported" / "map.tif.aux.xml").read_text(encoding="utf-8")
    assert "Class 1" in names
    assert "Class 2" in names


def test_from_labels_to_an_exported_map(
    chromium: Any, session: Session, embedded: tuple[SyntheticScene, Path], tmp_path: Path
) -> None:
    made, _ = embedded
    draw = np.random.default_rng(0)
    valid = np.isfinite(session.scene.read()).all(axis=-1)
    with serving(session) as address:
        page = Page(chromium, address)
        page.tab.keyboard.press("p")
        for key, class_id in (("1", WATER), ("2", MEADOW)):
            page.tab.keyboard.press(key)
            pixels = np.argwhere((made.label_values == class_id) & valid)
            for row, col in draw.permutation(pixels)[:5]:
                page.click(row, col)
        page.wait_for_counts("5 px", "5 px")
        page.tab.wait_for_selector("#train:not([disabled])")
        page.tab.select_option("#method", "lda")
        page.tab.click("#train")
        page.tab.wait_for_selector("#job:not([hidden])")
        page.tab.reload()  # in the middle of it
        page.wait_for_counts("5 px", "5 px")
        page.tab.wait_for_function(
            "() => document.querySelector('#job-text').textContent.includes(' of ')"
        )
        page.tab.wait_for_selector("#results:not([hidden])")
        page.wait_for_accuracy("1/0")
        assert session.accuracy("1")["rows"][0] == tuple(page.scores()[0])
        assert page.tab.locator("#score-rows").bounding_box()["y"] < 500  # it came into sight
        with page.tab.expect_response("**/tiles/1/confidence/**") as tile:
            page.tab.select_option("#kind", "confidence")
        assert tile.value.status == 200
        page.tab.select_option("#kind", "map")
        swipe(page)
        with page.tab.expect_download() as download:
            page.tab.click("#exports a.main")
        download.value.save_as(tmp_path / "map.zip")
        assert page.faults == []
    check_export(session, tmp_path / "map.zip")


def test_suggested_pixels_are_visited_with_a_key_and_go_once_labelled(
    chromium: Any, session: Session
) -> None:
    with serving(session) as address:
        session.learn(pretrain_steps=1)
        page = Page(chromium, address)
        page.tab.click("#suggest")
        page.tab.wait_for_selector("text=/switch the live map on/")
        page.faults.clear()  # a browser logs every refusal
        page.tab.wait_for_selector("text=/Learning the scene: done/", timeout=120_000)
        page.tab.keyboard.press("b")
        page.drag((20, 20), (20, 26))
        page.tab.keyboard.press("2")
        page.drag((70, 70), (70, 76))
        page.tab.check("#live")
        page.tab.wait_for_selector("text=/last fit took/")
        with page.tab.expect_response("**/api/suggestions") as answered:
            page.tab.click("#suggest")
        row, col = (answered.value.json()[1][axis] for axis in ("row", "col"))
        page.tab.wait_for_selector("text=/1 of 10: /")
        page.tab.keyboard.press("n")
        page.tab.wait_for_selector("text=/2 of 10: /")
        page.tab.wait_for_selector(f"text=/row {row}, column {col}/")
        page.tab.wait_for_function("() => !hsidiffMap.getView().getAnimating()")
        page.tab.keyboard.press("p")
        page.click(row, col)
        page.tab.wait_for_selector("text=/9 suggested pixels left/")
        assert session.labels.label_map().values[row, col] > 0
        assert page.faults == []
        page.tab.uncheck("#live")  # tiles that are asked for just then are refused
        page.tab.wait_for_selector("#suggestion", state="hidden")


def test_scores_of_the_live_map_follow_the_labels(chromium: Any, session: Session) -> None:
    with serving(session) as address:
        session.learn(pretrain_steps=1)
        page = Page(chromium, address)
        page.tab.wait_for_selector("text=/Learning the scene: done/", timeout=120_000)
        page.tab.keyboard.press("b")
        for row in (20, 50):
            page.paint((row, 20), (row, 26))
        page.tab.keyboard.press("2")
        for row in (40, 70):
            page.paint((row, 70), (row, 76))
        page.tab.check("#live")
        page.tab.wait_for_selector("text=/last fit took/")
        page.wait_for_accuracy(f"live/{session.live.version}")
        told = session.accuracy("live")
        assert [tuple(row) for row in page.scores()] == told["rows"]
        leakage = page.tab.text_content("#leakage")
        assert leakage is not None
        assert "Position alone, without any spectrum, reaches" in leakage
        assert "Labels were held out fold by fold" in leakage
        version = session.live.version
        page.paint((80, 30), (80, 36))
        page.tab.wait_for_function(
            """before => {
              const [, version] = document.querySelector('#accuracy').dataset.of.split('/');
              return Number(version) > before;
            }""",
            arg=version,
        )
        assert [tuple(row) for row in page.scores()] == session.accuracy("live")["rows"]
        assert int(page.scores()[-1][1]) > int(told["rows"][-1].number)
        assert page.tab.is_visible("#no-export")
        assert page.faults == []


def test_a_map_made_elsewhere_opens_with_matrix_scores_and_layers(
    chromium: Any, embedded: tuple[SyntheticScene, Path], tmp_path: Path
) -> None:
    session = mapped_session(embedded, tmp_path)
    with serving(session) as address:
        page = Page(chromium, address)
        page.wait_for_accuracy("opened/0")
        assert page.tab.input_value("#layer") == "opened"
        assert page.tab.text_content("#layer option") == "run"
        assert [tuple(row) for row in page.scores()] == session.accuracy("opened")["rows"]
        # It is the map that was asked for, so it is in sight without scrolling.
        assert page.tab.locator("#score-rows").bounding_box()["y"] < 768
        page.tab.click("#show-details")
        matrix = page.tab.locator("#details-page table.matrix")
        matrix.wait_for()
        box, window = matrix.bounding_box(), page.tab.locator("#details").bounding_box()
        assert window["x"] <= box["x"]
        assert box["x"] + box["width"] <= window["x"] + window["width"]
        names = matrix.locator("tbody th").all_text_contents()
        assert "5 Meadow" in names
        page.tab.keyboard.press("b")  # keys of the page beneath rest
        page.tab.keyboard.press("Escape")
        page.tab.wait_for_selector("#details:not([open])", state="hidden")
        assert page.tab.get_attribute("#tools button:nth-child(1)", "aria-pressed") == "true"
        for kind in ("confidence", "held-out"):
            with page.tab.expect_response(f"**/tiles/opened/{kind}/**") as tile:
                page.tab.select_option("#kind", kind)
            assert tile.value.status == 200
        # Labels would cover the colours of right and wrong.
        assert not page.tab.is_checked("#show-labels")
        page.tab.select_option("#kind", "map")
        assert page.tab.is_checked("#show-labels")
        with page.tab.expect_download() as download:
            page.tab.click("#exports a.main")
        download.value.save_as(tmp_path / "map.zip")
        with zipfile.ZipFile(tmp_path / "map.zip") as archive:
            assert {"map.tif", "confidence.tif", "report.html"} <= set(archive.namelist())
        assert page.faults == []


def mapped_session(embedded: tuple[SyntheticScene, Path], folder: Path) -> Session:
    """A session of a map that ``hsidiff map`` made of some labels of the embedded scene."""
    made, scene_path = embedded
    values = np.where(np.arange(made.label_values.shape[1]) % 4 == 0, made.label_values, 0)
    labels = LabelMap.from_array(values, made.class_names, made.class_colors)
    grid = (made.scene.crs, made.scene.transform)
    write_class_map(values, labels.classes, folder / "labels.tif", *grid)
    words = ["map", scene_path, folder / "labels.tif", "--method", "lda", "-o", folder / "run"]
    program = "from hsidiff.cli import main; main()"
    subprocess.run([sys.executable, "-c", program, *map(str, words)], check=True)
    opened = open_run(folder / "run", None, None)
    first = opened.labels_if_there(opened.source.open(), pytest.fail)
    return Session(opened.source, folder / "view", first, opened.layer)
