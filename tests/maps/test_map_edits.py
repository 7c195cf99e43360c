"""Cutting and sieving maps, their polygons, and what changed between two."""

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.features import rasterize
from scipy import ndimage

from hsidiff.errors import LabelError, MissingFileError, SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.change import class_totals, compare_maps
from hsidiff.maps.confidence import open_confidence
from hsidiff.maps.edit import cut_to, sieved
from hsidiff.maps.geotiff import Grid, write_class_map
from hsidiff.maps.polygons import map_polygons, read_confidence, write_polygons
from hsidiff.maps.read_map import read_map
from hsidiff.scenes.window import Window

UTM, TEN_M = CRS.from_epsg(32633), Affine(10, 0, 500_000, 0, -10, 5_800_000)
NAMES = {1: "grass", 2: "roof", 3: "water"}
VALUES = np.array(
    [[1, 1, 1, 2, 2],
     [1, 3, 1, 2, 2],
     [1, 1, 1, 0, 3],
     [0, 0, 0, 0, 2]]
)  # fmt: skip


def made(values: np.ndarray = VALUES, names: dict[int, str] = NAMES, **place: object) -> LabelMap:
    return LabelMap.from_array(values, names, **({"crs": UTM, "transform": TEN_M} | place))


def test_small_patches_get_the_class_of_their_largest_neighbour() -> None:
    assert sieved(made(), 2).values.tolist() == [
        [1, 1, 1, 2, 2],
        [1, 1, 1, 2, 2],
        [1, 1, 1, 0, 2],  # the single water pixel on the right touches roof only
        [0, 0, 0, 0, 2],
    ]


@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_no_patch_that_has_a_neighbour_is_too_small(seed: int, least: int) -> None:
    values = np.random.default_rng(seed).integers(1, 4, (12, 11))
    after = sieved(made(values), least)
    assert after.values.min() >= 1
    for class_id in np.unique(after.values):
        patches, _ = ndimage.label(after.values == class_id)
        assert np.bincount(patches.ravel())[1:].min() >= least


def test_no_data_neither_shrinks_nor_grows_and_islands_stay() -> None:
    values = np.array([[0, 0, 0, 1, 1], [0, 2, 0, 1, 1], [0, 0, 0, 1, 1]])
    assert sieved(made(values), 4).values.tolist() == values.tolist()


def test_a_smallest_patch_of_one_pixel_is_refused() -> None:
    with pytest.raises(SettingError, match="min_size=1: must be at least 2"):
        sieved(made(), 1)


def test_a_map_is_cut_to_an_area() -> None:
    area = np.zeros(VALUES.shape, dtype=bool)
    area[:2, 3:] = True
    cut = cut_to(made(), area)
    assert cut.values.sum() == 8
    assert cut.classes == made().classes
    with pytest.raises(LabelError, match="no pixel of the map lies in the area"):
        cut_to(made(), np.zeros(VALUES.shape, dtype=bool))


def test_polygons_cover_the_pixels_of_their_class_and_nothing_else() -> None:
    table = map_polygons(made())
    shapes = zip(table.geometry, table["class_id"], strict=True)
    again = rasterize(list(shapes), out_shape=VALUES.shape, transform=TEN_M, dtype=np.int32)
    np.testing.assert_array_equal(again, VALUES)
    assert table["class"].tolist() == ["grass", "roof", "roof", "water", "water"]
    assert table["pixels"].tolist() == [8, 4, 1, 1, 1]
    assert table["area_ha"].tolist() == pytest.approx([0.08, 0.04, 0.01, 0.01, 0.01], rel=1e-2)
    np.testing.assert_allclose(table.geometry.area, table["pixels"] * 100)
    assert table.crs == "EPSG:32633"
    assert table["colour"][0] == made().classes[0].color


def test_confidence_of_a_polygon_is_the_mean_of_its_pixels() -> None:
    confidence = np.linspace(0.2, 1, VALUES.size).reshape(VALUES.shape)
    confidence[0, 3] = np.nan
    table = map_polygons(made(), confidence)
    assert table["confidence"][1] == pytest.approx(np.nanmean(confidence[:2, 3:]))
    assert table["confidence"][4] == pytest.approx(confidence[2, 4])


def test_polygons_without_a_place_on_earth_have_no_hectares(tmp_path: Path) -> None:
    table = map_polygons(made(crs=None, transform=None))
    assert "area_ha" not in table
    assert table.geometry.area.tolist() == [8, 4, 1, 1, 1]
    write_polygons(table, tmp_path / "a.gpkg")
    assert len(geopandas.read_file(tmp_path / "a.gpkg")) == 5


def test_polygons_in_degrees_have_hectares_on_the_ellipsoid() -> None:
    place = {"crs": CRS.from_epsg(4326), "transform": Affine(0.001, 0, 13, 0, -0.001, 52)}
    table = map_polygons(made(**place))
    metres = table.to_crs("EPSG:32633").geometry.area / 10_000  # UTM scale at 13 E: 0.9992 squared
    np.testing.assert_allclose(table["area_ha"], metres, rtol=3e-3)


def test_a_map_file_keeps_its_legend(tmp_path: Path) -> None:
    before = made()
    write_class_map(before.values, before.classes, tmp_path / "m.tif", UTM, TEN_M)
    read = read_map(tmp_path / "m.tif")
    assert read.classes == before.classes
    np.testing.assert_array_equal(read.values, before.values)
    assert (read.crs, read.transform) == (UTM, TEN_M)
    with pytest.raises(MissingFileError, match="there is no such map"):
        read_map(tmp_path / "n.tif")


def test_a_confidence_is_no_map(tmp_path: Path) -> None:
    path = tmp_path / "confidence.tif"
    with open_confidence(path, Grid((2, 3), UTM, TEN_M), 3) as write:
        write(Window(0, 0, 2, 3), np.full((2, 3, 1), 60, dtype=np.uint8))
    with pytest.raises(LabelError, match=r"holds per cent \(probability of the mapped class"):
        read_map(path)


def test_confidence_of_another_size_is_refused(tmp_path: Path) -> None:
    write_class_map(VALUES, made().classes, tmp_path / "m.tif", UTM, TEN_M)
    assert np.isnan(read_confidence(tmp_path / "m.tif", (4, 5))).sum() == (VALUES == 0).sum()
    with pytest.raises(LabelError, match=r"is \(4, 5\) \(rows, cols\), the map is \(3, 5\)"):
        read_confidence(tmp_path / "m.tif", (3, 5))


def test_change_counts_every_pair() -> None:
    after = VALUES.copy()
    after[0, :2], after[3, 4], after[3, 0] = 2, 0, 1
    change = compare_maps(made(), made(after), ("a.tif", "b.tif"))
    crossed = pd.crosstab(VALUES.ravel(), after.ravel())
    for _, row in change.table.iterrows():
        assert row["pixels"] == crossed.loc[row["from_id"], row["to_id"]]
        assert row["hectares"] == pytest.approx(row["pixels"] * 0.01, rel=1e-2)
    assert change.table["pixels"].sum() == VALUES.size
    changed = change.table[change.table["changed"]]
    assert changed[["from", "to", "pixels"]].values.tolist() == [["grass", "roof", 2]]
    assert [c.name for c in change.classes] == ["grass to roof"]
    assert np.argwhere(change.values).tolist() == [[0, 0], [0, 1]]
    totals = class_totals(change).set_index("class")
    assert totals.loc["grass", ["pixels_before", "pixels_after"]].tolist() == [8, 6]
    assert totals.loc["roof", ["pixels_before", "pixels_after"]].tolist() == [4, 6]


def test_what_a_map_is_not_sure_of_did_not_change() -> None:
    names, colors = NAMES | {4: "not sure"}, {4: "#d9d9d9"}
    after = np.where(VALUES == 2, 4, VALUES)
    after[0, 0] = 3
    change = compare_maps(made(), made(after, names, colors=colors), ("a.tif", "b.tif"))
    table = change.table.set_index(["from", "to"])
    assert table.index[table["changed"]].tolist() == [("grass", "water")]
    assert not table.loc[("roof", "not sure"), "compared"]
    assert (change.values > 0).sum() == 1
    assert class_totals(change)["class"].tolist() == ["grass", "water"]


def test_change_goes_by_name_where_ids_differ() -> None:
    other = np.choose(VALUES, [0, 3, 1, 2])
    change = compare_maps(
        made(), made(other, {3: "grass", 1: "roof", 2: "water"}), ("a.tif", "b.tif")
    )
    assert not change.table["changed"].any()


def test_hectares_are_missing_without_a_place() -> None:
    change = compare_maps(made(crs=None), made(crs=None), ("a.tif", "b.tif"))
    assert change.table["hectares"].isna().all()
    assert class_totals(change)["hectares_before"].isna().all()


@pytest.mark.parametrize(
    "other",
    [
        made(VALUES[:3]),
        made(transform=TEN_M @ Affine.translation(1, 0)),
        made(transform=Affine(20, 0, 500_000, 0, -20, 5_800_000)),
        made(crs=CRS.from_epsg(32632)),
    ],
)
def test_maps_of_two_grids_are_refused(other: LabelMap) -> None:
    with pytest.raises(LabelError, match=r"b.tif does not lie on the grid of a.tif: .* not 4 x 5"):
        compare_maps(made(), other, ("a.tif", "b.tif"))
