from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely.geometry import LineString, MultiPolygon, Point, box

from hsidiff.errors import LabelError, MissingFileError
from hsidiff.labels.area import read_area
from hsidiff.scenes.scene import Scene

LEFT_HALF = box(500_000, 5_799_900, 500_040, 5_800_100)


def write(path: Path, *shapes, crs: str = "EPSG:32633", to: str | None = None) -> Path:
    table = geopandas.GeoDataFrame(geometry=list(shapes), crs=crs)
    (table if to is None else table.to_crs(to)).to_file(path)
    return path


@pytest.mark.parametrize("name", ["area.gpkg", "area.shp", "area.geojson"])
@pytest.mark.parametrize("crs", [None, "EPSG:4326", "EPSG:3857"])
def test_an_area_in_any_crs(grid_scene: Scene, tmp_path: Path, name: str, crs: str | None) -> None:
    area = read_area(write(tmp_path / name, LEFT_HALF, to=crs), grid_scene)
    expected = np.zeros((6, 8), dtype=bool)
    expected[:, :4] = True
    np.testing.assert_array_equal(area, expected)


def test_all_polygons_together_are_the_area(grid_scene: Scene, tmp_path: Path) -> None:
    pixel = box(500_070, 5_799_940, 500_080, 5_799_950)
    row = box(500_000, 5_799_990, 500_080, 5_800_000)
    both = MultiPolygon([pixel, box(500_000, 5_799_940, 500_010, 5_799_950)])
    area = read_area(write(tmp_path / "a.gpkg", row, both, row), grid_scene)
    assert area.sum() == 8 + 2
    assert area[0].all()
    assert area[5, [0, 7]].all()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([Point(500_005, 5_799_995)], "an area is polygons, and these are not"),
        ([LineString([(500_000, 5_799_995), (500_050, 5_799_995)])], "an area is polygons"),
        ([box(0, 0, 10, 10)], "all polygons lie outside grid.*polygons lie at x 0 to 10"),
        ([box(500_001, 5_799_991, 500_002, 5_799_992)], "the area covers no pixel of grid"),
    ],
)
def test_what_is_no_area_is_refused(
    grid_scene: Scene, tmp_path: Path, shapes: list, message: str
) -> None:
    path = write(tmp_path / "area.gpkg", *shapes)
    with pytest.raises(LabelError, match=f"area.gpkg: {message}"):
        read_area(path, grid_scene)


def test_a_file_of_another_kind_is_refused(grid_scene, bare_scene, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no such file of an area"):
        read_area(tmp_path / "area.gpkg", grid_scene)
    (tmp_path / "a.tif").write_bytes(b"x")
    with pytest.raises(LabelError, match="an area is polygons, such as"):
        read_area(tmp_path / "a.tif", grid_scene)
    path = write(tmp_path / "area.gpkg", LEFT_HALF)
    with pytest.raises(LabelError, match="polygons are in EPSG:32633, bare has no CRS"):
        read_area(path, bare_scene)
