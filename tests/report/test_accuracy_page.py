from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from affine import Affine
from pages import Page
from rasterio.crs import CRS

from hsidiff.assessment.read_sample import Sample
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.maps.geotiff import write_class_map
from hsidiff.report.accuracy_page import check_accuracy_folder, write_accuracy
from hsidiff.report.map_accuracy import MapAccuracy, by_labels, by_sample
from hsidiff.report.tables.accuracy_tables import error_matrix_table
from hsidiff.scenes.open import open_scene

CLASSES = (LandClass(2, "meadow <script>&", "#228833"), LandClass(7, "water", "#4477aa"))
UTM = CRS.from_epsg(32633)
VALUES = np.random.default_rng(0).choice([0, 2, 7], (20, 30))


def map_in(folder: Path, crs: CRS | None) -> Path:
    transform = None if crs is None else Affine(10, 0, 5e5, 0, -10, 5e6)
    write_class_map(VALUES, CLASSES, folder / "map.tif", crs, transform)
    return folder / "map.tif"


def accuracy_in(folder: Path, crs: CRS | None = UTM) -> MapAccuracy:
    rows, cols = np.nonzero(VALUES)
    strata = np.searchsorted([2, 7], VALUES[rows, cols])[:25]
    sample = Sample(
        rows[:25], cols[:25], strata, np.array([2, 7])[strata], CLASSES, ("2", "7"),
        np.array([(k == VALUES).sum() for k in (2, 7)]),
        None if crs is None else np.array([1.5, 2.5]), 3,
    )  # fmt: skip
    path = map_in(folder, crs)
    (folder / "points.csv").write_text("the points")
    drawn = LabelMap(VALUES.astype(np.int32), CLASSES)
    return by_sample(sample, drawn, open_scene(path), path, folder / "points.csv")


def test_page_and_tables_are_written_together(tmp_path: Path) -> None:
    written = write_accuracy(accuracy_in(tmp_path), ["some points <b> are odd"], tmp_path / "out")
    assert {path.name for path in written} == {path.name for path in (tmp_path / "out").iterdir()}
    page = Page(written[0])
    assert page.open_tags == []
    text = written[0].read_text()
    assert "meadow &lt;script&gt;&amp;" in text
    assert "meadow <script>" not in text
    assert "Some points &lt;b&gt; are odd." in text
    assert "Only 25 samples are scored" in text
    assert "adjusted area (95 % interval)" in text
    assert "hectares in the map" in text
    areas = pd.read_csv(tmp_path / "out" / "areas.csv")
    assert areas["hectares"].sum() == pytest.approx((VALUES > 0).sum() * 0.01)
    assert (areas["adjusted_hectares_high"] > areas["adjusted_hectares_low"]).all()
    shares = pd.read_csv(tmp_path / "out" / "error-matrix-shares.csv")
    assert shares["total"].iloc[-1] == pytest.approx(1)
    with pytest.raises(SettingError, match="holds an assessment"):
        check_accuracy_folder(tmp_path / "out")


def test_without_a_crs_areas_are_in_pixels_and_the_page_says_so(tmp_path: Path) -> None:
    written = write_accuracy(accuracy_in(tmp_path, crs=None), [], tmp_path / "out")
    assert "areas are in pixels only" in written[0].read_text()
    areas = pd.read_csv(tmp_path / "out" / "areas.csv")
    assert areas["hectares"].isna().all()
    assert areas["adjusted_pixels"].sum() == pytest.approx((VALUES > 0).sum())


def test_labels_at_hand_get_no_adjusted_area(tmp_path: Path) -> None:
    path = map_in(tmp_path, None)
    labels = LabelMap(np.where(VALUES == 2, 2, 0).astype(np.int32), CLASSES[:1])
    drawn = LabelMap(VALUES.astype(np.int32), CLASSES)
    accuracy = by_labels(labels, drawn, open_scene(path), path, path)
    text = write_accuracy(accuracy, [], tmp_path / "out")[0].read_text()
    assert "no sample drawn by design" in text
    assert "adjusted area (95" not in text
    assert not (tmp_path / "out" / "error-matrix-shares.csv").exists()


def test_margins_of_the_matrix_name_their_unit_once(tmp_path: Path) -> None:
    table = error_matrix_table(accuracy_in(tmp_path).assessment)
    assert table.columns[-1].title == "user's accuracy, %"
    assert table.rows[-1][0] == "producer's accuracy, %"
    assert "%" not in "".join([*table.rows[-1][1:], *(row[-1] for row in table.rows)])
