import numpy as np
import pyproj
import pytest
from affine import Affine
from rasterio.crs import CRS

from hsidiff.scenes.pixel_area import pixel_hectares


def of(epsg: int, transform: Affine, shape=(40, 30)) -> np.ndarray:
    hectares = pixel_hectares(shape, CRS.from_epsg(epsg), transform)
    assert hectares is not None
    assert hectares.shape == (shape[0],)
    return hectares


@pytest.mark.parametrize("epsg", [32633, 3035, 25832])
def test_a_projected_pixel_has_the_area_of_its_sides(epsg: int) -> None:
    transform = Affine(30, 0, 400_000 if epsg != 3035 else 4_500_000, 0, -30, 3_200_000)
    np.testing.assert_allclose(of(epsg, transform), 0.09)


def test_a_turned_pixel_has_the_area_of_its_sides() -> None:
    turned = Affine.translation(4e5, 58e5) @ Affine.rotation(30) @ Affine.scale(20, -10)
    np.testing.assert_allclose(of(32633, turned), 0.02)


def test_feet_become_metres() -> None:
    foot_m = 1200 / 3937
    hectares = of(2263, Affine(100, 0, 980_000, 0, -100, 200_000))
    np.testing.assert_allclose(hectares, (100 * foot_m) ** 2 / 1e4)


def test_degrees_are_measured_row_by_row_on_the_ellipsoid() -> None:
    side = 0.01
    hectares = of(4326, Affine(side, 0, 13, 0, -side, 60))
    geod = pyproj.Geod(ellps="WGS84")
    for row in (0, 39):
        top = 60 - side * row
        lons, lats = [13, 13 + side, 13 + side, 13], [top, top, top - side, top - side]
        expected_m2 = abs(geod.polygon_area_perimeter(lons, lats)[0])
        assert hectares[row] == pytest.approx(expected_m2 / 1e4, rel=1e-6)
    assert (np.diff(hectares) > 0).all()


def test_a_web_map_that_stretches_areas_is_measured_on_the_ellipsoid() -> None:
    transform = Affine(30, 0, 1_450_000, 0, -30, 6_890_000)
    hectares = of(3857, transform)
    lons, lats = pyproj.Transformer.from_crs(3857, 4326, always_xy=True).transform(
        [1_450_000, 1_450_030, 1_450_030, 1_450_000], [6_890_000, 6_890_000, 6_889_970, 6_889_970]
    )
    expected_m2 = abs(pyproj.Geod(ellps="WGS84").polygon_area_perimeter(lons, lats)[0])
    assert hectares[0] == pytest.approx(expected_m2 / 1e4, rel=1e-3)
    assert hectares[0] < 0.04


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        (None, Affine(30, 0, 0, 0, -30, 0)),
        (CRS.from_epsg(32633), None),
        (CRS.from_wkt('LOCAL_CS["drawing",UNIT["metre",1]]'), Affine(30, 0, 0, 0, -30, 0)),
    ],
)
def test_without_a_place_on_the_earth_there_is_no_area(crs, transform) -> None:
    assert pixel_hectares((3, 4), crs, transform) is None
