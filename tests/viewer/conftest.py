"""A viewer that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running_viewer import Viewer

from hsidiff.scenes.formats.geotiff_writer import write_geotiff
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
