"""Where the labels of a vector file lie on a scene, and what is said if they do not."""

from dataclasses import replace

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely import (
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)
from vector_features import features_of, read

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.vector import read_vector_file


def test_all_outside_states_both_extents_in_the_crs_of_the_scene(grid_scene):
    features = features_of((box(100, 0, 101, 1), "soil"), (box(102, 0, 103, 2), "tree"))
    with pytest.raises(
        LabelError,
        match=r"in EPSG:32633, labels lie at x 501000 to 501030, y 5799980 to 5800000, "
        r"the scene at x 500000 to 500080, y 5799940 to 5800000",
    ):
        read(features, grid_scene)
    with pytest.raises(LabelError, match="labels lie at x 501000 to 501030"):
        read(features.to_crs(4326), grid_scene)


def test_all_outside_names_the_crs_that_the_labels_were_read_in(grid_scene):
    berlin = geopandas.GeoDataFrame(
        {"cover": ["a", "b"]}, geometry=[Point(13, 52), Point(14, 53)], crs=4326
    )
    with pytest.raises(
        LabelError,
        match=r"read in EPSG:4326, labels lie at x 13 to 14, y 52 to 53; in EPSG:32633, labels lie "
        r"at x 3.*, the scene at x 500000 to 500080, y 5799940 to 5800000: check their CRS$",
    ):
        read(berlin, grid_scene)


def test_geojson_of_metres_without_a_crs_is_told_how_it_was_read(grid_scene, tmp_path):
    path = tmp_path / "labels.geojson"
    features = features_of((Point(1, 1), "soil"), (Point(2, 2), "tree"), crs=None)
    path.write_text(features.to_json())
    with pytest.raises(LabelError) as error:
        read_vector_file(path, grid_scene, "cover")
    assert str(error.value) == (
        "labels.geojson: all labels lie outside grid: read in EPSG:4326, labels lie at x 500010 to "
        "500020, y 5799980 to 5799990; in EPSG:32633, labels lie nowhere, the scene at x 500000 to "
        "500080, y 5799940 to 5800000: these are no degrees: save the labels with the CRS that "
        "they are in, as .gpkg (GeoJSON without a CRS is read as EPSG:4326)"
    )


def test_a_polygon_with_a_vertex_that_has_no_place_is_outside(grid_scene):
    features = features_of((box(0, 0, 2, 2), "soil"), (Point(7.5, 5.5), "tree")).to_crs(4326)
    corner = features.geometry.iloc[0].exterior.coords[0]
    beyond = Polygon([corner, (corner[0] + 0.001, corner[1]), (15, 900)])
    features.loc[2] = ["tree", beyond]
    with pytest.warns(HsidiffWarning, match="labels: 1 of 3 labels lie outside the scene$"):
        assert read(features, grid_scene).counts() == {1: 4, 2: 1}


NOWHERE = [(500.0, 500.0), (np.inf, np.inf), (np.nan, np.nan), (1e308, 1e308)]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("vertex", NOWHERE)
def test_a_vertex_without_a_place_leaves_its_part_outside(grid_scene, place, vertex):
    if place == 0 and np.isnan(vertex).any():
        pytest.skip("no ring can be made that begins so")
    good = features_of((box(0, 0, 2, 2), "soil"), (Point(7.5, 5.5), "tree")).to_crs(4326)
    ring = list(good.geometry.iloc[0].exterior.coords)[:4]
    ring[place] = vertex
    good.loc[2] = ["tree", MultiPolygon([Polygon(ring), box(100, 80, 101, 81)])]
    with pytest.warns(HsidiffWarning, match=r"labels: 2 of 4 labels lie outside the scene$"):
        assert read(good, grid_scene).counts() == {1: 4, 2: 1}


@pytest.mark.parametrize("vertex", [(np.inf, np.inf), (np.nan, np.nan), (np.inf, 5)])
@pytest.mark.parametrize("kind", [Point, lambda *v: Polygon([(0, 0), (3, 0), v]), MultiPoint])
def test_a_vertex_without_a_place_in_the_scenes_own_crs_is_outside(grid_scene, vertex, kind):
    features = features_of((box(0, 0, 2, 2), "soil"), (Point(7.5, 5.5), "tree"))
    features.loc[2] = ["tree", kind([vertex]) if kind is MultiPoint else kind(*vertex)]
    with pytest.warns(HsidiffWarning, match="1 (of 3 labels lie outside|features have no geom)"):
        assert read(features, grid_scene).counts() == {1: 4, 2: 1}


def test_polygons_of_metres_that_are_called_degrees_are_told_so(grid_scene, tmp_path):
    features = features_of((box(0, 0, 2, 2), "soil"), (box(4, 4, 6, 6), "tree"))
    (tmp_path / "labels.geojson").write_text(features.set_crs(None, allow_override=True).to_json())
    features.set_crs(4326, allow_override=True).to_file(tmp_path / "assigned.gpkg")
    for name in ("labels.geojson", "assigned.gpkg"):
        with pytest.raises(LabelError, match=r"in EPSG:32633, labels lie nowhere, the scene at x "
                           "500000 to 500080.*these are no degrees"):  # fmt: skip
            read_vector_file(tmp_path / name, grid_scene, "cover")


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326"])
def test_exchanged_coordinates_are_told_so(grid_scene, crs):
    features = features_of((box(0, 0, 2, 2), "soil"), (Point(4.5, 3.5), "tree")).to_crs(crs)
    features.geometry = [shapely.transform(g, lambda xy: xy[:, ::-1]) for g in features.geometry]
    with pytest.raises(LabelError, match="x and y are exchanged: exchange them"):
        read(features, grid_scene)


def test_degrees_that_are_called_metres_are_told_so(grid_scene):
    points = geopandas.GeoDataFrame(
        {"cover": ["a", "b"]}, geometry=[Point(13, 52), Point(14, 53)], crs=32633
    )
    with pytest.raises(LabelError, match="these look like degrees: define their CRS as EPSG:4326"):
        read(points, grid_scene)


def test_heights_of_the_scene_or_the_labels_move_no_label(grid_scene):
    features = features_of((box(1, 1, 3, 2), "soil"), (Point(6.5, 4.5), "tree"))
    expected = read(features, grid_scene).values
    features.geometry = features.geometry.force_3d(100)
    high = replace(grid_scene, crs=CRS.from_user_input("EPSG:32633+5773"))
    for crs in ("EPSG:32633", "EPSG:32633+5773", "EPSG:4326", "EPSG:4979", "EPSG:4326+5773"):
        moved = features.to_crs(crs.partition("+")[0]).set_crs(crs, allow_override=True)
        for scene in (grid_scene, high):
            np.testing.assert_array_equal(read(moved, scene).values, expected)


def test_a_crs_on_one_side_only_is_an_error(grid_scene):
    features = features_of((Point(1, 1), "soil"), (Point(2, 2), "tree"))
    with pytest.raises(LabelError, match="labels are in EPSG:32633, grid has no CRS"):
        read(features, replace(grid_scene, crs=None))
    bare = features.set_crs(None, allow_override=True)
    with pytest.raises(LabelError, match=r"labels have no CRS \(a missing .prj\?\), grid is in"):
        read(bare, grid_scene)
    assert read(bare, replace(grid_scene, crs=None)).n_labelled == 2
    with pytest.raises(LabelError, match="grid has no transform"):
        read(features, replace(grid_scene, transform=None))
    with pytest.raises(LabelError, match="labels are in EPSG:32633, grid has no CRS"):
        read(features, replace(grid_scene, crs=None, transform=None))


def test_without_any_place_x_counts_columns_and_y_rows(grid_scene):
    nowhere = replace(grid_scene, crs=None, transform=None)
    pairs = ((Point(7.5, 0.5), "soil"), (box(0, 4, 2, 6), "tree"))
    features = geopandas.GeoDataFrame(
        {"cover": [cover for _, cover in pairs]}, geometry=[shape for shape, _ in pairs]
    )
    labels = read(features, nowhere)
    expected = np.zeros((6, 8), dtype=int)
    expected[0, 7] = 1
    expected[4:6, 0:2] = 2
    np.testing.assert_array_equal(labels.values, expected)
    assert labels.transform is None
    with pytest.raises(
        LabelError, match=r"in pixels \(column, row\), labels lie at x 0 to 7\.5, y -6"
    ):
        read(features.set_geometry(features.scale(yfact=-1, origin=(0, 0))), nowhere)


def test_a_crs_without_a_code_is_recognised_and_moves_nothing(grid_scene):
    wkt = CRS.from_epsg(32633).to_wkt().replace('AUTHORITY["EPSG","32633"]', "").replace(",]", "]")
    features = features_of((Point(1, 1), "soil"), (Point(7, 5), "tree"))
    labels = read(features, replace(grid_scene, crs=CRS.from_wkt(wkt)))
    # Points on the edge of two pixels: the slightest shift would move them.
    assert (labels.values[1, 1], labels.values[5, 7]) == (1, 2)


def test_reprojected_geojson_lands_in_the_right_pixels(grid_scene, tmp_path):
    features = features_of(
        (box(1, 1, 3, 2), "soil"), (Point(6.5, 4.5), "tree"), (Point(0.5, 5.5), "tree")
    )
    path = tmp_path / "labels.geojson"
    features.to_crs(4326).to_file(path)
    labels = read_vector_file(path, grid_scene, "cover")
    expected = np.zeros((6, 8), dtype=int)
    expected[1, 1:3] = 1
    expected[4, 6] = expected[5, 0] = 2
    np.testing.assert_array_equal(labels.values, expected)


def test_heights_and_a_transform_that_points_north_do_not_matter(grid_scene):
    flipped = replace(grid_scene, transform=Affine(10, 0, 500_000, 0, 10, 5_799_940))
    features = features_of((box(1, 0, 3, 2), "soil"), (Point(7.5, 5.5), "tree"))
    upright = read(features, grid_scene)
    features.geometry = features.geometry.force_3d(100)
    np.testing.assert_array_equal(read(features, flipped).values, upright.values[::-1])
