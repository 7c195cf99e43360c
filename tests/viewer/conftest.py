"""A viewer that runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_in_browser import CHROMIUM
from running_viewer import Viewer

from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.synthetic import SyntheticScene, make_synthetic_scene
from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session
from small_scenes import small_scene


@pytest.fixture(scope="module")
def scene_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    write_geotiff(small_scene(), path)
    return path


@pytest.fixture
def viewer(scene_path: Path, tmp_path: Path) -> Iterator[Viewer]:
    session = Session(SceneSource(scene_path), tmp_path / "view")
    with serving(session) as address:
        yield Viewer(address, session)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def chromium(browser: Any) -> Iterator[Any]:
    yield browser
    for context in browser.contexts:  # a page that is left open goes on asking its server
        context.close()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> tuple[SyntheticScene, Path]:
    made = make_synthetic_scene(shape=(96, 100), n_bands=40)
    path = tmp_path_factory.mktemp("embedded") / "scene.tif"
    write_geotiff(made.scene, path)
    return made, path


@pytest.fixture
def session(embedded: tuple[SyntheticScene, Path], tmp_path: Path) -> Session:
    return Session(SceneSource(embedded[1]), tmp_path / "view")
