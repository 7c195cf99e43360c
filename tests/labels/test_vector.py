import logging
import warnings
from dataclasses import replace

import geopandas
import numpy as np
import pyogrio
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from shapely import (
    GeometryCollection,
    LineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)
from vector_features import features_of, read

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.vector import read_vector_file
from hsidiff.scenes.scene import ArraySource, Scene


def test_a_polygon_labels_the_pixels_whose_centre_it_covers(grid_scene):
    features = features_of((box(0.6, 0.4, 2.6, 1.6), "soil"), (box(4, 3, 6, 5), "tree"))
    labels = read(features, grid_scene)
    expected = np.zeros((6, 8), dtype=int)
    expected[0:2, 1:3] = 1
    expected[3:5, 4:6] = 2
    np.testing.assert_array_equal(labels.values, expected)
    np.testing.assert_array_equal(labels.sample_ids, expected)
    assert [c.name for c in labels.classes] == ["soil", "tree"]
    assert labels.values.dtype == labels.sample_ids.dtype == np.int32
    assert (labels.crs, labels.transform) == (grid_scene.crs, grid_scene.transform)


def test_a_point_labels_the_pixel_that_holds_it(grid_scene):
    features = features_of(
        (Point(0.01, 0.99), "soil"), (Point(7.99, 5.01), "tree"), (Point(3, 2), "tree")
    )
    labels = read(features, grid_scene)
    assert {(r, c): labels.values[r, c] for r, c in np.argwhere(labels.values)} == {
        (0, 0): 1,
        (5, 7): 2,
        (2, 3): 2,
    }


def test_parts_of_multi_parts_and_collections_have_their_own_sample_ids(grid_scene):
    features = features_of(
        (MultiPolygon([box(0, 0, 1, 1), box(2, 0, 3, 1)]), "soil"),
        (MultiPoint([(0.5, 2.5), (1.5, 2.5)]), "tree"),
        (GeometryCollection([MultiPoint([(4.5, 4.5)]), box(6, 4, 7, 5)]), "soil"),
    )
    labels = read(features, grid_scene)
    pixels = [(0, 0), (0, 2), (2, 0), (2, 1), (4, 4), (4, 6)]
    assert [labels.sample_ids[pixel] for pixel in pixels] == [1, 2, 3, 4, 5, 6]
    assert [labels.values[pixel] for pixel in pixels] == [1, 1, 2, 2, 1, 1]
    assert labels.n_labelled == 6


def test_holes_of_polygons_stay_unlabelled(grid_scene):
    ring = Polygon(box(0, 0, 5, 5).exterior, [box(1, 1, 4, 4).exterior])
    labels = read(features_of((ring, "soil"), (Point(2.5, 2.5), "tree")), grid_scene)
    assert labels.counts() == {1: 16, 2: 1}


def test_pixels_of_several_classes_are_unlabelled_and_counted(grid_scene):
    features = features_of(
        (box(0, 0, 3, 1), "soil"), (box(2, 0, 5, 1), "tree"), (box(1, 0, 4, 1), "soil")
    )
    with pytest.warns(HsidiffWarning, match="2 pixels are claimed by several classes"):
        labels = read(features, grid_scene)
    np.testing.assert_array_equal(labels.values[0], [1, 1, 0, 0, 2, 0, 0, 0])
    np.testing.assert_array_equal(labels.sample_ids[0], [1, 1, 0, 0, 2, 0, 0, 0])


def test_overlap_within_a_class_belongs_to_the_first_of_the_file(grid_scene):
    features = features_of(
        (box(0, 0, 3, 1), "soil"), (box(1, 0, 5, 1), "soil"), (Point(7, 5), "tree")
    )
    labels = read(features, grid_scene)
    np.testing.assert_array_equal(labels.values[0], [1, 1, 1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(labels.sample_ids[0], [1, 1, 1, 2, 2, 0, 0, 0])


def test_points_that_disagree_in_a_pixel_are_unlabelled_and_points_that_agree_are_not(grid_scene):
    features = features_of(
        (Point(0.2, 0.2), "soil"),
        (Point(0.8, 0.8), "tree"),
        (Point(1.2, 0.2), "tree"),
        (Point(1.8, 0.8), "tree"),
        (Point(2.5, 0.5), "soil"),
    )
    with pytest.warns(HsidiffWarning, match="labels: 1 pixels are claimed by several classes"):
        labels = read(features, grid_scene)
    np.testing.assert_array_equal(labels.values[0, :4], [0, 2, 1, 0])


def test_everything_left_out_is_counted_in_one_warning(grid_scene, caplog):
    features = features_of(
        (box(0, 0, 2, 2), "soil"),
        (box(3, 3, 5, 5), "tree"),
        (box(0.6, 0.6, 0.9, 0.9), "tree"),  # covers no centre
        (box(0, 0, 1, 1), "soil"),  # hidden below another of its class, not too small
        (MultiPoint([(-0.1, 1), (8.0, 1), (1, 6.0)]), "soil"),  # outside
        (box(-3, -3, -1, -1), "tree"),  # outside
        (Point(7, 0), None),
        (None, "soil"),
        (Polygon(), "soil"),
        (Polygon([(4, -0.5), (6, 2.5), (6, -0.5), (4, 2.5)]), "soil"),  # a bow tie
    )
    with (
        caplog.at_level(logging.INFO, logger="hsidiff.labels.vector"),
        pytest.warns(HsidiffWarning) as caught,
    ):
        labels = read(features, grid_scene)
    assert [str(warning.message) for warning in caught] == [
        "labels: 1 features have no class; 2 features have no geometry; 4 of 9 labels lie outside "
        "the scene; 1 invalid polygons were repaired; 1 polygons cover no pixel centre"
    ]
    assert "labels: 5 labels, 12 labelled pixels" in caplog.text
    assert labels.n_labelled == 12


def test_both_halves_of_a_bow_tie_are_labelled(grid_scene):
    bow_tie = Polygon([(0, -0.3), (4, 4.3), (4, -0.3), (0, 4.3)])
    with pytest.warns(HsidiffWarning, match="1 invalid polygons were repaired"):
        labels = read(features_of((bow_tie, "soil"), (Point(7, 5), "tree")), grid_scene)
    expected = [[1, 0, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 0, 1]]
    np.testing.assert_array_equal(labels.values[:4, :4], expected)
    np.testing.assert_array_equal(labels.sample_ids[:4, :4], expected)


def test_what_an_invalid_polygon_goes_round_twice_is_labelled(grid_scene):
    loop = Polygon([(0, 0), (4, 0), (4, 3), (1, 3), (1, -1), (6, -1), (6, 2), (0, 2)])
    with pytest.warns(HsidiffWarning, match="1 invalid polygons were repaired"):
        labels = read(features_of((loop, "soil"), (Point(7, 5), "tree")), grid_scene)
    expected = [[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1, 0], [0, 1, 1, 1, 0, 0, 0]]
    np.testing.assert_array_equal(labels.values[:3, :7], expected)


def test_lines_are_refused(grid_scene):
    features = features_of((LineString([(0, 0), (3, 3)]), "soil"), (Point(5, 5), "tree"))
    with pytest.raises(LabelError, match="1 labels are lines: expected points or polygons"):
        read(features, grid_scene)


@pytest.mark.parametrize("reach", [1e3, 1e7, 1e12, 1e20])
def test_a_polygon_labels_its_pixels_however_far_it_reaches(grid_scene, reach):
    features = features_of((box(-reach, 2.2, reach, reach), "soil"), (Point(0.5, 0.5), "tree"))
    labels = read(features, grid_scene)
    expected = np.zeros((6, 8), dtype=int)
    expected[2:], expected[0, 0] = 1, 2
    np.testing.assert_array_equal(labels.values, expected)


def test_polygons_that_are_all_too_small_are_an_error(grid_scene):
    features = features_of((box(0.1, 0.1, 0.2, 0.2), "soil"), (box(0.6, 0.1, 0.7, 0.2), "tree"))
    with pytest.raises(LabelError, match="no pixel is labelled: 2 polygons cover no pixel centre"):
        read(features, grid_scene)


def test_no_feature_is_an_error(grid_scene):
    with pytest.raises(LabelError, match="there is no feature"):
        read(features_of(), grid_scene)
    with pytest.raises(LabelError, match="no feature has both a geometry and a class"):
        read(features_of((None, "soil"), (None, "tree")), grid_scene)
    with pytest.raises(LabelError, match="no geometry: set one with set_geometry"):
        read(geopandas.GeoDataFrame({"cover": ["soil"]}), grid_scene)


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.geojson", "a.json"])
def test_every_format_gives_the_same_labels(grid_scene, tmp_path, name):
    features = features_of((box(0, 0, 2, 2), "soil"), (box(4, 4, 6, 6), "tree"), (Point(7, 1), "x"))
    if name == "a.shp":  # shapefiles hold one kind of geometry
        features = features.iloc[:2]
    driver = "GeoJSON" if name.endswith("json") else None
    features.to_file(tmp_path / name, driver=driver)
    with_ids = read_vector_file(tmp_path / name, grid_scene, "cover")
    np.testing.assert_array_equal(with_ids.values, read(features, grid_scene).values)


def test_a_zipped_shapefile_is_read(grid_scene, tmp_path):
    features = features_of((box(0, 0, 2, 2), "soil"), (box(4, 4, 6, 6), "tree"))
    features.to_file(tmp_path / "a.shz", driver="ESRI Shapefile")
    (tmp_path / "a.shz").rename(tmp_path / "a.zip")
    assert read_vector_file(tmp_path / "a.zip", grid_scene, "cover").counts() == {1: 4, 2: 4}


def test_the_only_layer_with_geometries_is_taken(grid_scene, tmp_path):
    path = tmp_path / "a.gpkg"
    features = features_of((Point(1, 1), "soil"), (Point(2, 2), "tree"))
    pyogrio.write_dataframe(features, path, layer="points")
    pyogrio.write_dataframe(features[["cover"]], path, layer="layer_styles")
    assert read_vector_file(path, grid_scene, "cover").n_labelled == 2
    pyogrio.write_dataframe(features, path, layer="more")
    with pytest.raises(
        LabelError, match="layers with geometries: points, more: choose one with layer="
    ):
        read_vector_file(path, grid_scene, "cover")


def test_a_file_without_geometries_is_an_error(grid_scene, tmp_path):
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(features_of((Point(1, 1), "soil"))[["cover"]], path, layer="table")
    with pytest.raises(LabelError, match="layers with geometries: none"):
        read_vector_file(path, grid_scene, "cover")


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson", "a.zip"])
def test_a_broken_file_is_one_clear_line(grid_scene, tmp_path, name):
    (tmp_path / name).write_bytes(b"not a vector file")
    with pytest.raises(LabelError, match="not a vector file that can be read") as error:
        read_vector_file(tmp_path / name, grid_scene, None)
    assert "\n" not in str(error.value)


N_ROWS, N_COLS = 24, 31
edges = st.floats(-3, 34, allow_nan=False).map(lambda x: round(x, 3) + 0.0004)  # on no centre


@settings(max_examples=60)
@given(st.lists(st.tuples(edges, edges, edges, edges, st.integers(1, 3)), min_size=1, max_size=12))
def test_random_boxes_label_as_a_direct_count_of_pixel_centres(boxes):
    scene = Scene("s", ArraySource(np.ones((N_ROWS, N_COLS, 1))), np.ones(1, bool))
    transform = Affine(10, 0, 500_000, 0, -10, 5_800_000)
    scene = replace(scene, crs=CRS.from_epsg(32633), transform=transform)
    rows, cols = np.indices((N_ROWS, N_COLS)) + 0.5
    claims = np.zeros((4, N_ROWS, N_COLS), dtype=int)
    pairs = []
    for x1, x2, y1, y2, number in boxes:
        left, right, top, bottom = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        claims[number] |= (left < cols) & (cols < right) & (top < rows) & (rows < bottom)
        pairs.append((box(left, top, right, bottom), number))
    contested = claims.sum(axis=0) > 1
    expected = np.where(contested, 0, claims.argmax(axis=0))
    if not expected.any():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        labels = read(features_of(*pairs), scene)
    np.testing.assert_array_equal(labels.values, expected)
    classes = np.array([0, *[number for *_, number in boxes]])
    np.testing.assert_array_equal(classes[labels.sample_ids], expected)


def test_counts_of_what_is_left_out_have_their_thousands_apart(grid_scene):
    outside = ((Point(-9, -9), "soil"),) * 1234
    with pytest.warns(HsidiffWarning, match="1\u202f234 of 1\u202f235 labels lie outside"):
        read(features_of((Point(1, 1), "soil"), *outside), grid_scene)
