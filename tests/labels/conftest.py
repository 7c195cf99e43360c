"""A scene that labels of every kind are made for."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from hsidiff.scenes.scene import ArraySource, Scene


@pytest.fixture
def grid_scene() -> Scene:
    """A scene of 6 rows and 8 columns, 10 m pixels, upper left corner at (500000, 5800000)."""
    return Scene(
        name="grid",
        source=ArraySource(np.ones((6, 8, 2), dtype=np.float32)),
        good_bands=np.ones(2, dtype=bool),
        crs=CRS.from_epsg(32633),
        transform=Affine(10, 0, 500_000, 0, -10, 5_800_000),
    )


@pytest.fixture
def bare_scene(grid_scene: Scene) -> Scene:
    """The same scene without a georeference."""
    return Scene("bare", grid_scene.source, grid_scene.good_bands)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder, beside which others may be made."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"
