"""The pictures of pages and viewer in docs: ``python -m benchmarks.screenshots``.

Needs chromium. The embedded scene is labelled and mapped in a browser that nobody sees, and the
pages of its map and of the map's assessment are opened on a screen and on a telephone.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from playwright.sync_api import sync_playwright

from hsidiff.cli.demo import write_demo_inputs
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import per_class_split
from hsidiff.labels.read import read_labels
from hsidiff.scenes.open import open_scene
from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
QUALITY = 82
PAGE_WIDTHS_PX, PAGE_HEIGHT_PX, PAGE_QUALITY = (1200, 400), 1200, 50


def main() -> None:
    """Take all pictures."""
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox"]
        )
        _pages(browser, Path(folder), options)
        if options.pages_only:
            return
        session = _labelled_session(Path(folder))
        with serving(session) as address:
            page = browser.new_page(viewport={"width": options.width, "height": options.height})
            page.goto(address)
            _label(page, options.out)
            _map(page, options.out, options.method)
        browser.close()


def _pages(browser: Any, folder: Path, options: argparse.Namespace) -> None:
    """What ``hsidiff map`` and ``hsidiff evaluate`` say of the embedded scene, at two widths."""
    scene, labels = write_demo_inputs(folder / "inputs")
    out, sample = folder / "out", folder / "sample.gpkg"
    _run("map", scene, labels, "--method", options.method, "--samples-per-class", 30, "-o", out)
    _run("sample", out / "map.tif", "-n", 600, "-o", sample)
    _fill(sample, read_labels(labels, open_scene(scene)))
    _run("evaluate", out / "map.tif", sample, "-o", folder / "accuracy")
    _take_page(browser, out / "report.html", "page-of-a-map", options.out)
    _take_page(browser, folder / "accuracy" / "accuracy.html", "page-of-an-assessment", options.out)


def _run(*words: object) -> None:
    program = [sys.executable, "-c", "from hsidiff.cli import main; main()"]
    subprocess.run([*program, *map(str, words)], check=True)


def _fill(sample: Path, labels: LabelMap) -> None:
    """Give each point of a sample the class of its label; most pixels of the scene have one."""
    points = geopandas.read_file(sample, layer=sample.stem)
    names = {0: None} | {c.id: c.name for c in labels.classes}
    places = np.array([points["x"], points["y"], np.ones(len(points))])
    assert labels.transform is not None
    cols, rows = np.floor(~labels.transform @ places)[:2].astype(int)
    points["reference"] = [names[class_id] for class_id in labels.values[rows, cols].tolist()]
    points.to_file(sample, layer=sample.stem)


def _take_page(browser: Any, path: Path, name: str, out: Path) -> None:
    for width in PAGE_WIDTHS_PX:
        page = browser.new_page(viewport={"width": width, "height": PAGE_HEIGHT_PX})
        page.goto(path.as_uri())
        page.screenshot(path=out / f"{name}-{width}.jpg", type="jpeg", quality=PAGE_QUALITY)
        page.close()


def _labelled_session(folder: Path) -> Session:
    scene_path, labels_path = write_demo_inputs(folder)
    scene = open_scene(scene_path)
    labels = read_labels(labels_path, scene)
    return Session(SceneSource(scene_path), folder / "view", _few_fields(labels))


def _few_fields(labels: LabelMap) -> LabelMap:
    """Forty labels of each class, as somebody may have clicked them."""
    return per_class_split(labels, samples_per_class=40, random_state=0).train


def _label(page: Any, out: Path) -> None:
    """Labels and the spectrum of a pixel; then the live map, and what it suggests to label."""
    page.wait_for_selector("#tools button")
    page.evaluate("document.querySelector('#folder').textContent = 'demo_scene-view'")
    page.select_option("#choice", "Colour infrared")
    _wait_until_drawn(page)  # a map that is not drawn yet takes no click
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.48, box["y"] + box["height"] * 0.4)
    page.wait_for_selector("#spectrum svg")
    _take(page, out / "viewer-label.jpg")
    page.check("#live")
    page.wait_for_selector("text=/last fit took/", timeout=600_000)
    page.click("#suggest")
    page.wait_for_selector("text=/1 of 10: /")
    page.wait_for_selector("#accuracy[data-of^='live/']")
    page.evaluate("document.querySelector('#suggestion').scrollIntoView({ block: 'center' })")
    _take(page, out / "viewer-suggest.jpg")
    page.uncheck("#live")


def _map(page: Any, out: Path, method: str) -> None:
    """A trained map with its scores, and its confusion matrix."""
    page.wait_for_selector("#train:not([disabled])")
    page.select_option("#method", method)
    page.click("#train")
    page.wait_for_selector("#accuracy[data-of='1/0']", timeout=600_000)
    page.check("#swipe")
    page.evaluate("document.querySelector('#results').scrollIntoView()")
    _take(page, out / "viewer-map.jpg")
    page.click("#show-details")
    _take(page, out / "viewer-matrix.jpg")


def _take(page: Any, path: Path) -> None:
    """A picture of the page once all tiles of its map are drawn."""
    _wait_until_drawn(page)
    page.screenshot(path=path, type="jpeg", quality=QUALITY)


def _wait_until_drawn(page: Any) -> None:
    page.wait_for_load_state("load")
    page.evaluate(
        """() => new Promise((drawn) => {
          hsidiffMap.once('rendercomplete', drawn);
          hsidiffMap.render();
        })"""
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    parser.add_argument("--method", default="lda", help="what is trained")
    parser.add_argument("--width", type=int, default=1366)
    parser.add_argument("--height", type=int, default=768)
    parser.add_argument("--pages-only", action="store_true", help="leave out the viewer")
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder of the pictures")
    return parser


if __name__ == "__main__":
    main()
