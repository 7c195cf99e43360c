import shlex
from dataclasses import replace

import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling, WktVersion
from rasterio.transform import from_bounds
from rasterio.warp import reproject
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
        ((8, 2), "bands first: give .*--band-axis first"),
        ((6, 2), "bands middle: give .*--band-axis middle"),
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


@pytest.mark.parametrize("epsg", [32633, 4326])
@pytest.mark.parametrize("pixel", [5, 10, 17])
def test_labels_of_another_pixel_size_are_refused_with_the_command_that_warps_them(
    grid_scene, tmp_path, epsg, pixel
):
    """The words of the command, carried out by rasterio, bring labels to the scene's grid."""
    crs, step = CRS.from_epsg(epsg), pixel if epsg == 32633 else pixel * 1e-5
    origin = (499_990, 5_800_010) if epsg == 32633 else (14.9998, 52.3501)
    path = tmp_path / "fine labels.tif"
    values = np.ones((40, 40), dtype=np.uint8)
    values[:, 20:] = 2
    source = {"crs": crs, "transform": Affine(step, 0, origin[0], 0, -step, origin[1])}
    with rasterio.open(path, "w", width=40, height=40, count=1, dtype="uint8", **source) as made:
        made.write(values, 1)
    with pytest.raises(LabelError, match="warp the labels to its grid: gdalwarp -r near") as told:
        read_labels(path, grid_scene)
    words = shlex.split(str(told.value).partition("its grid: ")[2])
    assert words[-2:] == ["fine labels.tif", "on_grid.tif"]
    assert ("-t_srs" in words) == (epsg == 4326)
    te, ts = words.index("-te"), words.index("-ts")
    cols, rows = (int(word) for word in words[ts + 1 : ts + 3])
    target = from_bounds(*(float(word) for word in words[te + 1 : te + 5]), cols, rows)
    warped = np.zeros((rows, cols), dtype=np.uint8)
    reproject(
        values, warped, src_crs=crs, src_transform=source["transform"], dst_crs=UTM,
        dst_transform=target, resampling=Resampling.nearest,
    )  # fmt: skip
    check_grid("warped", grid_scene, warped.shape, UTM, target)
    assert set(np.unique(warped)) <= {0, 1, 2}
    assert (warped > 0).any()


def test_no_command_is_given_where_none_would_do(grid_scene):
    turned = replace(grid_scene, transform=Affine.rotation(20) @ grid_scene.transform)
    for scene, name in ((turned, "a.tif"), (grid_scene, "labels"), (grid_scene, "a.hdr")):
        with pytest.raises(LabelError, match="give labels of the same grid"):
            check_grid(name, scene, (5, 5), UTM, Affine(5, 0, 0, 0, -5, 0))
    with pytest.raises(LabelError, match="give labels of the same grid"):
        check_grid("a.tif", grid_scene, (5, 5), None, Affine(5, 0, 0, 0, -5, 0))


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
