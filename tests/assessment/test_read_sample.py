"""A sample that was written, filled in and read again; and files that were spoilt on the way."""

import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import geopandas
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from rasterio.crs import CRS
from worked_examples import classes_named

from hsidiff.assessment.draw import Drawn, draw
from hsidiff.assessment.read_sample import Sample, is_sample, read_sample
from hsidiff.assessment.sample_file import sample_table, write_sample
from hsidiff.errors import HsidiffWarning, LabelError, SettingError
from hsidiff.labels.vector_file import read_features
from hsidiff.scenes.scene import ArraySource, Scene

CLASSES = classes_named(["corn", "Tall grass", 'roof "red" & <b>'])
VALUES = np.random.default_rng(0).integers(0, 4, (30, 40))
UTM = CRS.from_epsg(32633)
TRANSFORM = Affine(30, 0, 364_095, 0, -30, 5_809_965)


def grid_of(shape=(30, 40), crs=UTM, transform=TRANSFORM) -> Scene:
    pixels = ArraySource(np.zeros((*shape, 1)))
    return Scene("map", pixels, np.ones(1, dtype=bool), crs=crs, transform=transform)


def drawn() -> Drawn:
    return draw(VALUES - 1, [5, 6, 7], 0)


def table_of(transform=TRANSFORM) -> pd.DataFrame:
    pixels = [int((k == VALUES).sum()) for k in (1, 2, 3)]
    strata = pd.DataFrame({"stratum": [1, 2, 3], "pixels": pixels, "hectares": [1.5, 2.5, 3.5]})
    return sample_table(drawn(), strata, transform)


def points_of(table: pd.DataFrame, crs=UTM) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        table, geometry=geopandas.points_from_xy(table["x"], table["y"]), crs=crs
    )


def filled() -> geopandas.GeoDataFrame:
    """Labelled as the map has it."""
    points = points_of(table_of())
    points["reference"] = [CLASSES[stratum].name for stratum in drawn().strata]
    return points


def read(points: geopandas.GeoDataFrame, grid: Scene | None = None, **more) -> Sample:
    return read_sample(points, grid or grid_of(), CLASSES, "s.gpkg", **more)


@pytest.mark.parametrize("name", ["s.gpkg", "s.csv"])
def test_a_file_comes_back_as_it_was_drawn(name: str, tmp_path: Path) -> None:
    write_sample(table_of(), tmp_path / name, UTM, TRANSFORM, CLASSES)
    points = read_features(tmp_path / name, grid_of(), None)
    assert is_sample(points)
    with pytest.raises(LabelError, match="no point has a class in 'reference' yet"):
        read(points)
    points["reference"] = [str(stratum + 1) for stratum in drawn().strata]
    sample = read(points)
    np.testing.assert_array_equal(sample.rows, drawn().rows)
    np.testing.assert_array_equal(sample.cols, drawn().cols)
    np.testing.assert_array_equal(sample.reference, drawn().strata + 1)
    np.testing.assert_array_equal(sample.class_of(VALUES), drawn().strata + 1)
    assert sample.n_pixels.tolist() == [(k == VALUES).sum() for k in (1, 2, 3)]
    assert sample.hectares.tolist() == [1.5, 2.5, 3.5]
    assert sample.strata_are_classes_of(VALUES)
    assert not sample.strata_are_classes_of(np.where(VALUES == 3, 2, VALUES))


def test_a_geopackage_has_a_style_that_names_its_columns_and_classes(tmp_path: Path) -> None:
    path = tmp_path / "my points.gpkg"
    write_sample(table_of(), path, UTM, TRANSFORM, CLASSES)
    with sqlite3.connect(path) as connection:
        ((table, column, style, is_default),) = connection.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles"
        ).fetchall()
        listed = connection.execute(
            "SELECT table_name, column_name FROM gpkg_geometry_columns"
        ).fetchall()
        columns = {row[1] for row in connection.execute('PRAGMA table_info("my points")')}
    connection.close()
    assert [(table, column)] == listed
    assert is_default
    root = ElementTree.fromstring(style)
    choices = root.findall(".//Option[@name='map']/Option/Option")
    assert [choice.get("value") for choice in choices] == [c.name for c in CLASSES]
    assert {field.get("name") for field in root.findall("editable/field")} <= columns | {
        "map_class"
    }
    assert {
        option.get("value") for option in root.iter("Option") if option.get("name") == "size"
    } == {"30"}
    assert len(root.findall(".//rule")) == len(root.findall(".//symbol")) == 2


def test_nothing_that_exists_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("labels of a week")
    with pytest.raises(SettingError, match="exists, and may hold labels"):
        write_sample(table_of(), tmp_path / "s.csv", UTM, TRANSFORM, CLASSES)
    assert (tmp_path / "s.csv").read_text() == "labels of a week"
    with pytest.raises(SettingError, match=r"ends in \.gpkg or \.csv"):
        write_sample(table_of(), tmp_path / "s.shp", UTM, TRANSFORM, CLASSES)


def test_classes_are_known_by_name_name_alike_and_id() -> None:
    points = filled()
    points["reference"] = [
        {1: "corn", 2: " tall_GRASS ", 3: 3.0}[stratum + 1] for stratum in drawn().strata
    ]
    np.testing.assert_array_equal(read(points).reference, drawn().strata + 1)
    points["seen"] = points.pop("reference")
    np.testing.assert_array_equal(read(points, field="seen").reference, drawn().strata + 1)


def test_a_class_that_the_map_lacks_is_one_of_its_own() -> None:
    points = filled()
    points.loc[[0, 4], "reference"] = "Tall gras"
    with pytest.warns(HsidiffWarning, match=r"'Tall gras' \(2 points, did you mean 'Tall grass'"):
        sample = read(points)
    assert [(c.id, c.name) for c in sample.classes][3:] == [(4, "Tall gras")]
    assert sample.reference[[0, 4]].tolist() == [4, 4]


def test_points_without_a_class_are_left_out() -> None:
    points = filled()
    points.loc[[1, 7], "reference"] = [None, "  "]
    with pytest.warns(HsidiffWarning, match="2 of 18 points have no reference class"):
        sample = read(points)
    assert len(sample.reference) == len(sample.rows) == len(sample.strata) == 16
    assert sample.n_empty == 2
    np.testing.assert_array_equal(sample.strata, np.delete(drawn().strata, [1, 7]))


def test_another_map_of_the_place_may_have_other_pixels_and_another_crs() -> None:
    coarse = grid_of((15, 20), transform=TRANSFORM @ Affine.scale(2))
    sample = read(filled(), coarse)
    np.testing.assert_array_equal(sample.rows, drawn().rows // 2)
    turned = read(filled().to_crs(4326))
    np.testing.assert_array_equal(turned.cols, drawn().cols)
    north = grid_of(transform=TRANSFORM @ Affine.translation(0, 20))
    assert (read(filled(), north).class_of(VALUES)[drawn().rows < 20] == 0).all()


def test_a_map_without_a_georeference_counts_rows_and_columns() -> None:
    points = points_of(table_of(None), crs=None)
    points["reference"] = "corn"
    sample = read(points, grid_of(crs=None, transform=None))
    np.testing.assert_array_equal(sample.rows, drawn().rows)


def test_a_shapefile_may_cut_the_names_of_fields(tmp_path: Path) -> None:
    points = filled().rename(columns=lambda name: name[:10])
    assert is_sample(points)
    np.testing.assert_array_equal(read(points).strata, drawn().strata)
    assert read(points).hectares.tolist() == [1.5, 2.5, 3.5]


def spoilt(column: str, rows, value) -> geopandas.GeoDataFrame:
    points = filled().astype({column: object})
    points.loc[rows, column] = value
    return points


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (lambda: filled()[drawn().strata != 1], "put back the points that were deleted"),
        (lambda: spoilt("reference", drawn().strata == 1, ""), "no point of stratum 2 has a ref"),
        (lambda: spoilt("reference", [3], 9), "9 is no class id of the map, which has 1 corn"),
        (lambda: spoilt("stratum_pixels", [3], 9), "stratum_pixels of stratum"),
        (lambda: spoilt("stratum_pixels", [3], "many"), "must hold numbers"),
        (lambda: spoilt("stratum", [3], None), "1 points have no stratum"),
        (lambda: spoilt("stratum_hectares", [3], -1), "stratum_hectares of stratum"),
        (lambda: filled().drop(columns="reference"), "no field 'reference'"),
        (lambda: filled().assign(geometry=None), "a point has no place"),
    ],
)
def test_a_file_that_was_spoilt_is_refused_in_one_line(points, message: str) -> None:
    with pytest.raises(LabelError, match=message) as refused:
        read(points())
    assert "\n" not in str(refused.value)


def test_a_sample_of_another_place_is_refused() -> None:
    far = grid_of(transform=TRANSFORM @ Affine.translation(1000, 0))
    with pytest.raises(LabelError, match="no point lies in map"):
        read(filled(), far)


def test_more_points_than_pixels_are_refused() -> None:
    points = filled().drop(columns="population_pixels")
    points.loc[drawn().strata == 0, "stratum_pixels"] = 3
    with pytest.raises(LabelError, match="stratum 1 has 5 points and stratum_pixels 3"):
        read(points)
