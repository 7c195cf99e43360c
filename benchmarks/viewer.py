"""How quick the viewer is, as its page in Chromium sees it: ``python -m benchmarks.viewer``.

Two figures of docs/viewer.md: from the end of a stroke to the live map of a scene of 145 x 145
pixels and 200 bands painted anew, and from opening the page to the first picture of a large
GeoTIFF (``--file``, or one of 2 GB, pixel-interleaved and not packed, that is written for it). The
server and the browser share this machine.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import rasterio
from playwright.sync_api import sync_playwright

from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.synthetic import make_synthetic_scene
from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session

SHAPE, N_BANDS, N_CLASSES = (145, 145), 200, 8
LARGE_SHAPE, LARGE_BANDS = (2048, 2200), 224
FEW_STEPS = 20
"""What is learned of the scene is not what is timed."""
STROKE_PX = 12
COUNT_SHOWN = """() => {
  const canvas = document.querySelector('#map canvas');
  if (!canvas || !canvas.width) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, i) => i % 4 === 3 && value > 0) ? 1 : 0;
}"""
# The layer of results gets a new source with each new map; then it is drawn once all squares are.
WHEN_REPAINTED = """() => {
  const layer = hsidiffMap.getLayers().getArray().find((one) => one.getZIndex() === 5);
  const before = layer.getSource();
  window.repainted = new Promise((done) => {
    const look = () => {
      if (layer.getSource() === before) requestAnimationFrame(look);
      else hsidiffMap.once('rendercomplete', () => done(performance.now()));
    };
    look();
  });
}"""


def main() -> None:
    """Measure, and print JSON."""
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as made, _chromium(options) as browser:
        found: dict[str, Any] = {"load_before": os.getloadavg()[0]}
        if "repaint" in options.what:
            found["repaint"] = repaint(browser, Path(made), options.repeats)
        if "first-picture" in options.what:
            path = options.file or write_large(Path(made) / "large.tif")
            found["first_picture"] = first_picture(browser, path, Path(made))
        print(json.dumps({**found, "load_after": os.getloadavg()[0]}, indent=2))


def repaint(browser: Any, folder: Path, n_repeats: int) -> dict[str, Any]:
    """Seconds from the end of a stroke to the map of all that is in sight."""
    write_geotiff(make_synthetic_scene(SHAPE, N_BANDS, n_classes=N_CLASSES).scene, folder / "s.tif")
    session = Session(SceneSource(folder / "s.tif"), folder / "repaint")
    with serving(session) as address:
        session.learn(pretrain_steps=FEW_STEPS)
        page = _open(browser, address)
        page.wait_for_selector("text=/Learning the scene: done/", timeout=600_000)
        page.keyboard.press("b")
        for class_number in range(2):
            page.keyboard.press(str(class_number + 1))
            _stroke(page, class_number)
        page.check("#live")
        page.wait_for_selector("text=/last fit took/")
        page.wait_for_selector("#accuracy[data-of^='live/']")
        seconds = [_timed_stroke(page, 2 + repeat) for repeat in range(n_repeats)]
        n_labelled = session.labels.label_map().n_labelled
    return {
        "median_s": median(seconds),
        "longest_s": max(seconds),
        "n_repeats": n_repeats,
        "n_labelled": n_labelled,
    }


def _timed_stroke(page: Any, place: int) -> float:
    page.evaluate(WHEN_REPAINTED)
    _stroke(page, place)
    ended_ms = page.evaluate("window.strokeEnded")
    return float(page.evaluate("window.repainted") - ended_ms) / 1000


def _stroke(page: Any, place: int) -> None:
    """Paint a stroke on a free place of the scene, and note on the page when it ended."""
    down, across = divmod(place, 8)
    row, col = 15 + 17 * down, 5 + 17 * across
    box = page.locator("#map").bounding_box()
    ends = [
        page.evaluate(f"hsidiffMap.getPixelFromCoordinate([{x}.5, -{row}.5])")
        for x in (col, col + STROKE_PX)
    ]
    places = [(box["x"] + x, box["y"] + y) for x, y in ends]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=4)
    page.evaluate(
        """() => document.addEventListener('pointerup',
          () => { window.strokeEnded = performance.now(); }, { capture: true, once: true })"""
    )
    with page.expect_response(lambda got: got.url.endswith("api/labels")):
        page.mouse.up()


def first_picture(browser: Any, path: Path, folder: Path) -> dict[str, Any]:
    """Seconds until the scene is open, then until its page shows something, then all of it."""
    began_s = time.perf_counter()
    session = Session(SceneSource(path), folder / "large")
    opened_s = time.perf_counter()
    with serving(session) as address:
        page = _open(browser, address, waits=False)
        page.wait_for_function(COUNT_SHOWN, polling=20, timeout=600_000)
        first_s = time.perf_counter()
        page.wait_for_function(
            "() => !document.querySelector('#reading').textContent", timeout=600_000
        )
        whole_s = time.perf_counter()
    return {
        "file_bytes": path.stat().st_size,
        "shape": [*session.scene.shape, session.scene.n_bands],
        "to_open_s": opened_s - began_s,
        "page_to_first_s": first_s - opened_s,
        "page_to_whole_s": whole_s - opened_s,
    }


def write_large(path: Path) -> Path:
    """A GeoTIFF of 2 GB in blocks that hold all bands."""
    rows, cols = LARGE_SHAPE
    layout = {"tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "pixel"}
    grid = {"height": rows, "width": cols, "count": LARGE_BANDS, "dtype": "uint16"}
    levels = np.linspace(200, 4000, LARGE_BANDS)[:, None, None]
    with rasterio.open(path, "w", "GTiff", **grid, **layout, BIGTIFF="YES") as out:
        for row in range(0, rows, 256):
            waves = np.sin(np.arange(row, row + 256) / 50)[:, None] * np.cos(np.arange(cols) / 30)
            strip = levels * (1 + 0.3 * waves)
            out.write(strip.astype(np.uint16), window=((row, row + 256), (0, cols)))
    return path


@contextmanager
def _chromium(options: argparse.Namespace) -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def _open(browser: Any, address: str, *, waits: bool = True) -> Any:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(120_000)
    page.goto(address, wait_until="load" if waits else "commit")
    if waits:
        page.wait_for_selector("#classes li")
    return page


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["repaint", "first-picture"])
    parser.add_argument("--file", type=Path, help="a large GeoTIFF, in place of a generated one")
    parser.add_argument("--folder", type=Path, help="where files are written meanwhile")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    return parser


if __name__ == "__main__":
    main()
