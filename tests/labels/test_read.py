import os
import warnings
from dataclasses import replace

import geopandas
import numpy as np
import pytest
import xarray
from shapely import Point

from hsidiff.errors import HsidiffWarning, LabelError, MissingFileError
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.read import read_labels
from hsidiff.scenes.open import open_scene

VALUES = np.zeros((6, 8), dtype=np.uint8)
VALUES[0] = 1
VALUES[2] = 4
VALUES[5, :2] = 9
NAMES = {1: "soil", 4: "tree", 9: "water"}


@pytest.fixture
def points():
    geometry = [Point(500_005 + 10 * i, 5_799_995) for i in range(3)]
    return geopandas.GeoDataFrame({"cover": ["a", "b", "a"]}, geometry=geometry, crs=32633)


def test_every_kind_of_source_is_read(grid_scene, points, tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    points.to_file(tmp_path / "a.gpkg")
    label_map = LabelMap.from_array(VALUES)
    for source in (VALUES, str(tmp_path / "a.npy"), tmp_path / "a.npy", label_map):
        np.testing.assert_array_equal(read_labels(source, grid_scene).values, VALUES)
    array = xarray.DataArray(VALUES, dims=("y", "x"))
    np.testing.assert_array_equal(read_labels(array, grid_scene).values, VALUES)
    for source in (points, tmp_path / "a.gpkg"):
        assert read_labels(source, grid_scene).counts() == {1: 2, 2: 1}


def test_class_names_replace_those_of_the_file_and_stay_without_a_pixel(bare_scene):
    labels = LabelMap.from_array(VALUES, {4: "old"}, {4: "#123456"})
    read = read_labels(labels, bare_scene, class_names={3: "grass", 4: "tree"})
    assert read.classes == (
        LandClass(1, "class 1", "#4477aa"),
        LandClass(3, "grass", "#a7e25e"),
        LandClass(4, "tree", "#123456"),
        LandClass(9, "class 9", "#ee6677"),
    )


@pytest.mark.parametrize("ignored", [[4, "water"], ["tree", 9], ["4", "9"]])
def test_ignored_classes_lose_their_labels_and_their_place_in_the_legend(bare_scene, ignored):
    values = VALUES.copy()
    values[3, 3] = 2
    names = {**NAMES, 2: "grass"}
    labels = read_labels(values, bare_scene, ignore_classes=ignored, class_names=names)
    assert labels.counts() == {1: 8, 2: 1}
    np.testing.assert_array_equal(labels.values, np.where(np.isin(values, [1, 2]), values, 0))


def test_ignored_classes_lose_their_sample_ids(grid_scene, points):
    points["cover"] = ["a", "b", "c"]
    labels = read_labels(points, grid_scene, field="cover", ignore_classes=["b"])
    assert labels.sample_ids[0, :4].tolist() == [1, 0, 3, 0]


def test_a_name_that_looks_like_an_id_is_a_name(bare_scene):
    names = {1: "9", 4: "x", 9: "y"}
    labels = read_labels(VALUES, bare_scene, ignore_classes=["9"], class_names=names)
    assert [c.id for c in labels.classes] == [4, 9]


def test_an_unknown_ignored_class_names_the_nearest(bare_scene):
    with pytest.raises(LabelError, match=r"no class 'Watr', did you mean 'water'.* 'soil', 'tree'"):
        read_labels(VALUES, bare_scene, ignore_classes=["Watr"], class_names=NAMES)
    with pytest.raises(LabelError, match="no class 5"):
        read_labels(VALUES, bare_scene, ignore_classes=[5])


def test_no_label_and_one_class_are_errors(bare_scene):
    with pytest.raises(LabelError, match="labels: no pixel is labelled"):
        read_labels(VALUES * 0, bare_scene)
    with pytest.raises(LabelError, match=r"labels hold one class only, tree \(4\)"):
        read_labels(VALUES, bare_scene, ignore_classes=[1, 9], class_names=NAMES)


def test_files_that_cannot_be_labels_are_one_clear_line(bare_scene, tmp_path):
    with pytest.raises(MissingFileError, match=r"nothing\.tif: there is no such file of labels"):
        read_labels(tmp_path / "nothing.tif", bare_scene)
    (tmp_path / "a.doc").write_text("x")
    with pytest.raises(LabelError, match=r"unknown kind of labels: expected \.mat, .*\.gpkg"):
        read_labels(tmp_path / "a.doc", bare_scene)
    (tmp_path / "a.xlsx").write_text("x")
    with pytest.raises(LabelError, match=r"\.xlsx files are not read: save the table as \.csv"):
        read_labels(tmp_path / "a.xlsx", bare_scene)
    with pytest.raises(LabelError, match="is a folder"):
        read_labels(tmp_path, bare_scene)
    for name in ("a.mat", "a.npy", "a.npz", "a.tif", "a.gpkg", "a.hdr"):
        (tmp_path / name).write_bytes(b"nonsense")
        with pytest.raises((LabelError, MissingFileError)) as error:
            read_labels(tmp_path / name, bare_scene)
        assert name in str(error.value)
        assert "\n" not in str(error.value)


def test_an_empty_file_is_called_empty(bare_scene, tmp_path):
    for name in ("a.gpkg", "a.mat", "a.tif"):
        (tmp_path / name).touch()
        with pytest.raises(LabelError, match=rf"{name} is empty: copy or download it again"):
            read_labels(tmp_path / name, bare_scene)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_not_called_broken(grid_scene, points, tmp_path):
    points.to_file(tmp_path / "a.gpkg")
    (tmp_path / "a.gpkg").chmod(0)
    with pytest.raises(LabelError, match=r"a\.gpkg may not be read: ask its owner"):
        read_labels(tmp_path / "a.gpkg", grid_scene)


def test_a_source_of_an_unknown_type_is_refused(bare_scene):
    with pytest.raises(LabelError, match="labels are a list: expected a file name"):
        read_labels(VALUES.tolist(), bare_scene)


def test_options_of_another_kind_of_labels_are_refused(grid_scene, points, tmp_path):
    np.save(tmp_path / "a.npy", VALUES)
    points.to_file(tmp_path / "a.gpkg")
    for source in (tmp_path / "a.npy", VALUES):
        with pytest.raises(LabelError, match="field='cover' is for vector labels"):
            read_labels(source, grid_scene, field="cover")
    for source in (tmp_path / "a.gpkg", points, VALUES):
        with pytest.raises(LabelError, match="variable='gt' is for"):
            read_labels(source, grid_scene, variable="gt")


def test_a_label_map_of_another_grid_is_refused(grid_scene):
    labels = LabelMap.from_array(VALUES, transform=grid_scene.transform)
    assert read_labels(labels, grid_scene) is labels
    moved = replace(labels, transform=grid_scene.transform.translation(1, 1))
    with pytest.raises(LabelError, match="transform"):
        read_labels(moved, grid_scene)
    with pytest.raises(LabelError, match=r"\(3, 8\)"):
        read_labels(LabelMap.from_array(VALUES[::2]), grid_scene)


# -- real files; counts as the folder's README gives them ------------------------------------------


def read_quietly(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        labels = read_labels(*args, **options)
    counts = labels.counts()
    return labels, {c.name: counts[c.id] for c in labels.classes}


@pytest.mark.real_data
def test_berlin_polygons_of_the_airborne_scene(real_data):
    folder = real_data / "berlin-hymap"
    scene = open_scene(folder / "HyMap02_Berlin_Urban_Gradient_2009.bsq")
    path = folder / "LandCov_Vec_Berlin_Urban_Gradient_2009.shp"
    with pytest.raises(LabelError, match=r"Level_1 \(3 values\), Level_2 \(5 values\).*--field"):
        read_labels(path, scene)
    with pytest.warns(HsidiffWarning, match="2 invalid polygons were repaired"):
        labels = read_labels(path, scene, field="Level_2")
    assert labels.n_labelled == 2577
    assert labels.counts() == {1: 208, 2: 921, 3: 669, 4: 18, 5: 761}
    names = [c.name for c in labels.classes]
    assert names == ["Grass", "Pavement", "Roof", "Soil", "Tree"]


@pytest.mark.real_data
@pytest.mark.parametrize("field", ["Level_2", "Level_2_ID"])
def test_berlin_polygons_of_the_simulated_scene(real_data, field):
    folder = real_data / "berlin-enmap-simulated"
    scene = open_scene(folder / "EnMAP_BerlinUrbanGradient.bsq")
    labels, counts = read_quietly(folder / "LandCov_BerlinUrbanGradient.shp", scene, field=field)
    expected = [223, 293, 105, 194, 8, 9]
    names = ["Roof", "Pavement", "Low vegetation", "Tree", "Soil", "Other"]
    assert labels.n_labelled == 832
    assert labels.counts() == dict(enumerate(expected, start=1))
    assert counts == dict(zip(names, expected, strict=True))


@pytest.mark.real_data
def test_potsdam_raster_and_points(real_data):
    folder = real_data / "enmap-potsdam"
    scene = open_scene(folder / "enmap_potsdam.tif")
    labels = read_labels(folder / "enmap_potsdam_labels.tif", scene)
    assert {c.name: labels.counts()[c.id] for c in labels.classes} == {
        "roof": 505,
        "pavement": 953,
        "low vegetation": 1694,
        "tree": 2070,
        "soil": 91,
        "water": 359,
    }
    path = folder / "landcover_potsdam_point.gpkg"
    with pytest.warns(HsidiffWarning, match="45 of 120 labels lie outside the scene"):
        points = read_labels(path, scene, field="level_2")
    assert points.n_labelled == 75
    on_data = np.isfinite(scene.without_bands(list(range(130, 136))).read()).all(axis=-1)
    valid = points.keeping(on_data)
    assert {c.name: valid.counts()[c.id] for c in valid.classes} == {
        "impervious": 13,
        "low vegetation": 11,
        "soil": 18,
        "tree": 12,
        "water": 3,
    }


@pytest.mark.real_data
def test_ground_truth_of_benchmarks(real_data):
    scene = open_scene(real_data / "salinas-a" / "SalinasA_corrected.mat")
    labels = read_labels(real_data / "salinas-a" / "SalinasA_gt.mat", scene)
    assert labels.counts() == {1: 391, 10: 1343, 11: 616, 12: 1525, 13: 674, 14: 799}
    twin = real_data / "indian-pines-twin" / "indian_pines_twin.npz"
    assert read_labels(twin, open_scene(twin)).n_labelled == 10249
    muufl = real_data / "matlab-v73" / "MUUFL.mat"
    with pytest.raises(LabelError, match="one class only"):
        read_labels(muufl, open_scene(muufl))
