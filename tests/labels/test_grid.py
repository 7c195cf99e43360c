from dataclasses import replace

import geopandas
import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.enums import WktVersion
from shapely import Point

from hsidiff.errors import LabelError
from hsidiff.labels.grid import check_grid, crs_name, horizontal, known_crs, same_crs
from hsidiff.labels.read import read_labels
from hsidiff.scenes.scene import ArraySource

UTM = CRS.from_epsg(32633)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EPSG:32633+5773", "EPSG:32633"),
        ("EPSG:32633", "EPSG:32633+5703"),
        ("EPSG:32633+5773", "EPSG:32633+5703"),
        ("EPSG:4979", "EPSG:4326"),
        ("EPSG:32633", "+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs"),
    ],
)
def test_heights_and_other_names_move_no_pixel(one, other):
    first, second = CRS.from_user_input(one), CRS.from_user_input(other)
    assert same_crs(first, second)
    assert same_crs(second, first)


@pytest.mark.parametrize("version", [WktVersion.WKT1_ESRI, WktVersion.WKT1, WktVersion.WKT2_2019])
def test_dialects_of_wkt_mean_the_same(version):
    assert same_crs(CRS.from_wkt(UTM.to_wkt(version=version)), UTM)


@pytest.mark.parametrize(
    "other", ["EPSG:32634", "EPSG:32634+5773", "EPSG:25833", "EPSG:4326", "EPSG:3045", "EPSG:28403"]
)
def test_another_zone_or_datum_is_another_system(other):
    assert not same_crs(UTM, CRS.from_user_input(other))
    assert not same_crs(CRS.from_user_input("EPSG:32633+5773"), CRS.from_user_input(other))


def test_two_datums_of_one_ellipsoid_are_not_taken_for_each_other():
    # DHDN and MGI both stand on the ellipsoid of Bessel, some hundred metres apart.
    text = "+proj=tmerc +lon_0=9 +k=1 +x_0=3500000 +ellps=bessel +units=m"
    assert not same_crs(CRS.from_epsg(31467), CRS.from_string(text))


def test_labels_without_the_heights_of_the_scene_are_on_its_grid(grid_scene):
    scene = replace(grid_scene, crs=CRS.from_user_input("EPSG:32633+5773"))
    check_grid("labels", scene, (6, 8), UTM, scene.transform)
    with pytest.raises(LabelError, match=r"in EPSG:32634, grid is in EPSG:32633\+5773: warp"):
        check_grid("labels", scene, (6, 8), CRS.from_epsg(32634), scene.transform)
    assert horizontal(scene.crs) == UTM
    assert horizontal(UTM) is UTM


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((8, 6), "transpose the labels"),
        ((8, 2), r"bands first: transpose it to \(rows, cols, bands\)"),
        ((5, 5), "give labels of the same grid"),
    ],
)
def test_the_advice_for_another_shape_fits_it(grid_scene, shape, advice):
    with pytest.raises(LabelError, match=advice):
        check_grid("labels", grid_scene, shape)


def test_a_scene_with_its_bands_first_is_recognised_by_its_labels(bare_scene):
    scene = replace(
        bare_scene, source=ArraySource(np.ones((10, 6, 8))), good_bands=np.ones(8, dtype=bool)
    )
    with pytest.raises(LabelError, match=r"labels are \(6, 8\).*bands first"):
        check_grid("labels", scene, (6, 8))


LOCAL = CRS.from_wkt('LOCAL_CS["unnamed",UNIT["metre",1]]')


def test_a_local_system_says_nothing_of_the_place(grid_scene):
    local_scene = replace(grid_scene, crs=LOCAL)
    for scene, crs in ((grid_scene, LOCAL), (local_scene, UTM), (local_scene, LOCAL)):
        check_grid("labels", scene, (6, 8), crs, grid_scene.transform)
    assert known_crs(LOCAL) is None
    assert known_crs(None) is None
    assert known_crs(UTM) is UTM


def test_labels_drawn_on_a_scene_of_a_local_system_are_in_its_coordinates(grid_scene):
    points = geopandas.GeoDataFrame(
        {"class": ["a", "b"]}, geometry=[Point(500_005, 5_799_995), Point(500_015, 5_799_995)]
    )
    local_scene = replace(grid_scene, crs=LOCAL)
    for crs in (None, LOCAL.to_wkt()):
        labels = read_labels(points.set_crs(crs, allow_override=True), local_scene)
        assert labels.values[0, :3].tolist() == [1, 2, 0]
    with pytest.raises(LabelError, match="labels are in EPSG:32633, grid has no CRS"):
        read_labels(points.set_crs(32633), local_scene)


def test_names_of_systems_are_short():
    assert crs_name(UTM) == "EPSG:32633"
    assert crs_name(CRS.from_user_input("EPSG:32633+5773")) == "EPSG:32633+5773"
