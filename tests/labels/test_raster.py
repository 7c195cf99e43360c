from dataclasses import replace

import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import scipy.io
import xarray
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import HsidiffWarning, LabelError, MissingFileError, SceneError
from hsidiff.labels.label_map import LandClass
from hsidiff.labels.raster import (
    from_data_array,
    read_array_file,
    read_envi,
    read_geotiff,
)
from hsidiff.labels.read import read_labels
from hsidiff.maps.geotiff import write_class_map

VALUES = np.zeros((6, 8), dtype=np.uint8)
VALUES[:2, :3] = 1
VALUES[4:, 5:] = 7


def write_tif(path, values, scene=None, **profile):
    values = np.atleast_3d(values.T).T if values.ndim == 2 else values
    palette = profile.pop("palette", None)
    if scene is not None:
        profile = {"crs": scene.crs, "transform": scene.transform, **profile}
    count, height, width = values.shape
    kind = {"driver": "GTiff", "count": count, "height": height, "width": width}
    with rasterio.open(path, "w", dtype=values.dtype, **kind, **profile) as dataset:
        dataset.write(values)
        if palette:
            dataset.write_colormap(1, palette)
    return path


def write_envi(path, values, *lines):
    path.write_bytes(values.tobytes())
    code = {"uint8": 1, "int16": 2, "float32": 4}[values.dtype.name]
    rows, cols = values.shape
    header = ["ENVI", f"samples = {cols}", f"lines = {rows}", "bands = 1", "header offset = 0"]
    header += [f"data type = {code}", "interleave = bsq", "byte order = 0", *lines]
    path.with_suffix(".hdr").write_text("\n".join(header))
    return path


def sidecar(path, inside):
    text = f"<PAMDataset><PAMRasterBand band='1'>{inside}</PAMRasterBand></PAMDataset>"
    path.with_name(path.name + ".aux.xml").write_text(text)


# -- .mat, .npy, .npz ------------------------------------------------------------------------------


def test_mat_npy_and_npz_give_the_same_labels(bare_scene, tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"gt": VALUES})
    np.save(tmp_path / "a.npy", VALUES)
    np.savez(tmp_path / "a.npz", gt=VALUES)
    for name in ("a.mat", "a.npy", "a.npz"):
        labels = read_array_file(tmp_path / name, bare_scene, None)
        np.testing.assert_array_equal(labels.values, VALUES)


def test_the_array_of_whole_numbers_and_the_shape_of_the_scene_is_found(bare_scene, tmp_path):
    heights = np.linspace(0, 1, 48).reshape(6, 8)
    arrays = {"cube": np.ones((6, 8, 5)), "mask": np.ones((3, 4)), "dem": heights, "gt": VALUES}
    np.savez(tmp_path / "all.npz", **arrays)
    labels = read_array_file(tmp_path / "all.npz", bare_scene, None)
    np.testing.assert_array_equal(labels.values, VALUES)


def test_several_arrays_that_fit_are_listed_and_the_variable_chooses(bare_scene, tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"train": VALUES, "test": VALUES * 2.0})
    with pytest.raises(
        LabelError, match=r"\(6, 8\): .*(train, test|test, train).*--labels-variable"
    ):
        read_array_file(tmp_path / "a.mat", bare_scene, None)
    assert read_array_file(tmp_path / "a.mat", bare_scene, "test").counts() == {2: 6, 14: 6}


def test_an_array_of_another_shape_states_both(bare_scene, tmp_path):
    np.savez(tmp_path / "a.npz", gt=VALUES.T)
    with pytest.raises(LabelError, match=r"a.npz, gt: labels are \(8, 6\).*\(6, 8\)"):
        read_array_file(tmp_path / "a.npz", bare_scene, None)


# -- GeoTIFF ---------------------------------------------------------------------------------------


def test_a_geotiff_brings_class_names_and_the_colours_of_its_palette(grid_scene, tmp_path):
    palette = {0: (0, 0, 0, 0), 1: (255, 0, 16, 255), 9: (1, 2, 3, 255)}
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene, palette=palette)
    names = ["nothing", "soil", "", "", "", "", "", "tree", "", "unused"]
    items = "".join(f"<Category>{name}</Category>" for name in names)
    sidecar(path, f"<CategoryNames>{items}</CategoryNames>")
    labels = read_geotiff(path, grid_scene)
    np.testing.assert_array_equal(labels.values, VALUES)
    assert labels.classes == (
        LandClass(1, "soil", "#ff0010"),
        LandClass(7, "tree", "#21410c"),  # black in the palette, which is GDAL's padding
        LandClass(9, "unused", "#010203"),
    )


def test_an_attribute_table_brings_names_and_colours(grid_scene, tmp_path):
    path = write_tif(tmp_path / "a.tif", VALUES.astype(np.float32), grid_scene)
    columns = [("Count", 1), ("VALUE", 0), ("Class_Name", 0), ("r", 6), ("g", 7), ("b", 8)]
    definitions = "".join(
        f"<FieldDefn index='{i}'><Name>{name}</Name><Usage>{usage}</Usage></FieldDefn>"
        for i, (name, usage) in enumerate(columns)
    )
    rows = "".join(
        f"<Row index='{i}'>{''.join(f'<F>{cell}</F>' for cell in cells)}</Row>"
        for i, cells in enumerate([(33, 0, "none", 9, 9, 9), (6, 1, "soil", 16, 32, 255)])
    )
    sidecar(path, f"<GDALRasterAttributeTable>{definitions}{rows}</GDALRasterAttributeTable>")
    labels = read_geotiff(path, grid_scene)
    assert labels.classes[0] == LandClass(1, "soil", "#1020ff")
    assert labels.classes[1].name == "class 7"


def test_a_map_of_this_package_is_read_back_with_names_and_colours(grid_scene, tmp_path):
    classes = (
        LandClass(1, "soil & sand", "#102030"),
        LandClass(7, "tree", "#00ff00"),
        LandClass(300, "shadow", "#000000"),
    )
    write_class_map(VALUES, classes, tmp_path / "map.tif", grid_scene.crs, grid_scene.transform)
    labels = read_geotiff(tmp_path / "map.tif", grid_scene)
    np.testing.assert_array_equal(labels.values, VALUES)
    assert labels.classes == classes


@pytest.mark.parametrize("inside", ["<CategoryNames>", "<x/></PAMRasterBand>"])
def test_a_broken_sidecar_is_one_clear_line(grid_scene, tmp_path, inside):
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene)
    sidecar(path, inside)
    with pytest.raises(LabelError, match=r"a.tif.aux.xml: class names cannot be read"):
        read_geotiff(path, grid_scene)


def test_a_sidecar_of_statistics_only_is_no_legend(grid_scene, tmp_path):
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene)
    sidecar(path, "<Metadata><MDI key='STATISTICS_MEAN'>1</MDI></Metadata>")
    assert [c.name for c in read_geotiff(path, grid_scene).classes] == ["class 1", "class 7"]


def test_nodata_of_a_geotiff_is_unlabelled(grid_scene, tmp_path):
    values = np.where(VALUES == 0, 255, VALUES).astype(np.uint8)
    path = write_tif(tmp_path / "a.tif", values, grid_scene, nodata=255)
    np.testing.assert_array_equal(read_geotiff(path, grid_scene).values, VALUES)
    values = np.where(VALUES == 0, np.nan, VALUES).astype(np.float32)
    path = write_tif(tmp_path / "b.tif", values, grid_scene, nodata=7)
    np.testing.assert_array_equal(read_geotiff(path, grid_scene).values, VALUES % 7)


def test_several_bands_are_counted(grid_scene, tmp_path):
    path = write_tif(tmp_path / "rgb.tif", np.stack([VALUES] * 3), grid_scene)
    with pytest.raises(LabelError, match=r"rgb.tif: labels have 3 bands: expected 1 band"):
        read_geotiff(path, grid_scene)


def test_several_images_in_one_file_are_refused(grid_scene, tmp_path):
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene)
    write_tif(path, VALUES, grid_scene, APPEND_SUBDATASET="YES")
    with pytest.raises(SceneError, match="holds 2 images one after the other"):
        read_geotiff(path, grid_scene)


def test_another_crs_states_both(grid_scene, tmp_path):
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene, crs=CRS.from_epsg(32632))
    with pytest.raises(LabelError, match="labels are in EPSG:32632, grid is in EPSG:32633"):
        read_geotiff(path, grid_scene)


@pytest.mark.parametrize("shift_px", [-1, 0.5, 0.02])
def test_another_transform_states_both(grid_scene, tmp_path, shift_px):
    moved = Affine(10, 0, 500_000 + 10 * shift_px, 0, -10, 5_800_000)
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene, transform=moved)
    with pytest.raises(
        LabelError, match=r"the transform \(10.0, 0.0, .*\), grid has \(10.0, 0.0, 5"
    ):
        read_geotiff(path, grid_scene)


def test_another_pixel_size_is_another_transform(grid_scene, tmp_path):
    larger = Affine(10.1, 0, 500_000, 0, -10, 5_800_000)
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene, transform=larger)
    with pytest.raises(LabelError, match="transform"):
        read_geotiff(path, grid_scene)


def test_rounded_transforms_and_a_georeference_on_one_side_are_fine(
    grid_scene, bare_scene, tmp_path
):
    rounded = Affine(10, 0, 500_000.004, 0, -10, 5_800_000)
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene, transform=rounded)
    labels = read_geotiff(path, grid_scene)
    assert (labels.crs, labels.transform) == (grid_scene.crs, grid_scene.transform)
    assert read_geotiff(path, bare_scene).transform is None
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        path = write_tif(tmp_path / "bare.tif", VALUES)
    assert read_geotiff(path, grid_scene).transform == grid_scene.transform


def test_a_cut_geotiff_is_one_clear_line(grid_scene, tmp_path):
    path = write_tif(tmp_path / "a.tif", VALUES, grid_scene)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SceneError, match=r"a\.tif cannot be read") as error:
        read_geotiff(path, grid_scene)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["a.tif", "2024 10:30!.tif"])
def test_the_table_that_arcgis_lays_beside_a_raster_brings_names_and_colours(
    grid_scene, tmp_path, name
):
    path = write_tif(tmp_path / name, VALUES, grid_scene)
    table = pd.DataFrame(
        {
            "Value": [0, 1, 7], "Count": [40, 4, 4], "Class_Name": ["Unclassified", "Wald", "Fluß"],
            "Red": [0, 16, 255], "Green": [0, 32, 0], "Blue": [0, 48, 0],
        }
    )  # fmt: skip
    pyogrio.write_dataframe(table, tmp_path / "table.dbf", driver="ESRI Shapefile",
                            encoding="ISO-8859-1")  # fmt: skip
    for suffix in (".dbf", ".cpg"):
        (tmp_path / f"table{suffix}").rename(tmp_path / f"{name}.vat{suffix}")
    labels = read_geotiff(path, grid_scene)
    assert labels.classes == (LandClass(1, "Wald", "#102030"), LandClass(7, "Fluß", "#ff0000"))
    (tmp_path / (name + ".vat.dbf")).write_bytes(b"nonsense")
    with pytest.raises(LabelError, match=r"vat\.dbf: class names cannot be read"):
        read_geotiff(path, grid_scene)


@pytest.mark.parametrize("name", ["a.tif", "a.dat", "a.mat", "a.npy", "a.npz"])
def test_reading_labels_writes_nothing(grid_scene, bare_scene, tmp_path, name):
    if name == "a.tif":
        write_tif(tmp_path / name, VALUES, grid_scene, palette={1: (1, 2, 3), 7: (4, 5, 6)})
        sidecar(tmp_path / name, "<CategoryNames><Category/><Category>x</Category></CategoryNames>")
    elif name == "a.dat":
        write_envi(tmp_path / name, VALUES, "class names = {Unclassified, Tree}")
    elif name == "a.mat":
        scipy.io.savemat(tmp_path / name, {"gt": VALUES})
    elif name == "a.npy":
        np.save(tmp_path / name, VALUES)
    else:
        np.savez(tmp_path / name, gt=VALUES)

    def state():
        return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}

    before = state()
    assert read_labels(tmp_path / name, bare_scene).n_labelled == np.count_nonzero(VALUES)
    assert state() == before


# -- ENVI ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["a.dat", "a.hdr"])
def test_an_envi_classification_brings_names_and_colours(bare_scene, tmp_path, named):
    values = np.where(VALUES == 7, 2, VALUES).astype(np.uint8)
    write_envi(
        tmp_path / "a.dat",
        values,
        "file type = ENVI Classification",
        "classes = 3",
        "class lookup = {0, 0, 0, 255, 128, 0,\n 0, 0, 0}",
        "class names = {\nUnclassified, bare soil,\n tree}",
    )
    labels = read_envi(tmp_path / named, bare_scene)
    np.testing.assert_array_equal(labels.values, values)
    assert labels.classes == (LandClass(1, "bare soil", "#ff8000"), LandClass(2, "tree", "#000000"))


def test_plain_envi_numbers_are_class_ids_and_the_ignored_value_is_unlabelled(bare_scene, tmp_path):
    values = np.where(VALUES == 0, -99, VALUES.astype(np.int16)).astype(np.int16)
    path = write_envi(tmp_path / "a.bsq", values, "data ignore value = -99")
    labels = read_envi(path, bare_scene)
    np.testing.assert_array_equal(labels.values, VALUES)
    assert [c.name for c in labels.classes] == ["class 1", "class 7"]


def test_an_envi_file_shorter_than_its_header_promises_is_refused(bare_scene, tmp_path):
    path = write_envi(tmp_path / "a.dat", VALUES)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SceneError, match="promises 48"):
        read_envi(path, bare_scene)
    path.unlink()
    with pytest.raises(MissingFileError):
        read_envi(tmp_path / "a.hdr", bare_scene)


@pytest.mark.parametrize("lookup", ["{0, 0}", "{0, 0, 300}"])
def test_a_wrong_class_lookup_is_one_clear_line(bare_scene, tmp_path, lookup):
    path = write_envi(tmp_path / "a.dat", VALUES, f"class lookup = {lookup}")
    with pytest.raises(LabelError, match=r"'class lookup' must be three numbers in 0\.\.255"):
        read_envi(path, bare_scene)


# -- xarray ----------------------------------------------------------------------------------------


def test_an_xarray_object_is_checked_against_the_grid(grid_scene):
    array = xarray.DataArray(VALUES, dims=("y", "x")).rio.write_crs(grid_scene.crs)
    array = array.rio.write_transform(grid_scene.transform).rio.write_nodata(7)
    one_band = array.expand_dims("band")
    for given in (array, one_band):
        with pytest.warns(HsidiffWarning, match="though 6 others hold nodata"):
            labels = from_data_array(given, grid_scene)
        np.testing.assert_array_equal(labels.values, VALUES % 7)
    elsewhere = replace(grid_scene, crs=CRS.from_epsg(32632))
    with pytest.raises(LabelError, match="labels are in EPSG:32633, grid is in EPSG:32632"):
        from_data_array(array, elsewhere)
    with pytest.raises(LabelError, match="2 bands"):
        from_data_array(xarray.concat([array, array], "band"), grid_scene)


@pytest.mark.parametrize("shape", [(48,), (48, 1), (1, 48), (6, 8, 3)])
@pytest.mark.parametrize("suffix", [".npy", ".mat"])
def test_lists_and_layers_of_pixels_are_refused_with_the_way_to_a_raster(
    bare_scene, tmp_path, shape, suffix
):
    values = np.ones(shape, dtype=np.uint8)
    path = tmp_path / f"a{suffix}"
    np.save(path, values) if suffix == ".npy" else scipy.io.savemat(path, {"a": values})
    advice = r"argmax\(2\) \+ 1" if len(shape) == 3 else r"reshape\(6, 8\), with order='F'"
    with pytest.raises(LabelError, match=advice):
        read_labels(path, bare_scene)
