import pickle
import warnings

import numpy as np
import pytest
import rasterio
from fake_files import ROTATED, TRANSFORM, UTM_33N, cube, listing, write_envi, write_geotiff
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning
from rasterio.shutil import copy

from hsidiff.errors import HsidiffWarning, LabelError, SceneError
from hsidiff.labels.read import read_labels
from hsidiff.scenes.formats.geotiff_writer import write_geotiff as write_geotiff_scene
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

LAYOUTS = [
    {"interleave": "band"},
    {"interleave": "pixel"},
    {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"},
    {"ENDIANNESS": "BIG"},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=["band", "pixel", "tiled", "big-endian"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_a_window_equals_the_slice_of_the_array(tmp_path, layout, dtype):
    values = cube((20, 33, 6), dtype)
    scene = open_scene(write_geotiff(tmp_path / "a.tif", values, **layout), drop_bands=[2])
    whole = values[:, :, [0, 2, 3, 4, 5]]
    np.testing.assert_array_equal(scene.read(), whole)
    np.testing.assert_array_equal(scene.read(Window(3, 15, 17, 18)), whole[3:20, 15:33])
    assert scene.source.dtype == values.dtype


def test_a_cog_is_read(tmp_path):
    values = cube((70, 80, 4))
    copy(write_geotiff(tmp_path / "a.tif", values), tmp_path / "cog.tif", driver="COG")
    scene = open_scene(tmp_path / "cog.tif")
    np.testing.assert_array_equal(scene.read(), values)
    assert (scene.crs.to_epsg(), scene.transform) == (UTM_33N, TRANSFORM)


@pytest.mark.parametrize("transform", [TRANSFORM, ROTATED], ids=["north-up", "rotated"])
def test_crs_and_transform_are_kept_exactly(tmp_path, transform):
    scene = open_scene(write_geotiff(tmp_path / "a.tif", cube(), transform=transform))
    assert scene.crs == CRS.from_epsg(UTM_33N)
    assert scene.transform == transform


def test_a_file_without_georeference_opens_silently(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write_geotiff(tmp_path / "a.tif", cube(), crs=None, transform=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scene = open_scene(path)
        scene.read()
    assert (scene.crs, scene.transform) == (None, None)


RPC = {
    "LINE_OFF": "3", "SAMP_OFF": "3", "LAT_OFF": "52", "LONG_OFF": "13", "HEIGHT_OFF": "50",
    "LINE_SCALE": "3", "SAMP_SCALE": "3", "LAT_SCALE": "0.1", "LONG_SCALE": "0.1",
    "HEIGHT_SCALE": "100", "LINE_NUM_COEFF": " ".join(["0", "0", "-1", *["0"] * 17]),
    "LINE_DEN_COEFF": " ".join(["1", *["0"] * 19]),
    "SAMP_NUM_COEFF": " ".join(["0", "1", *["0"] * 18]),
    "SAMP_DEN_COEFF": " ".join(["1", *["0"] * 19]),
}  # fmt: skip


def write_without_a_grid(path, values, placed_by):
    """A GeoTIFF whose pixels have places, but no transform."""
    points = [GroundControlPoint(0, 0, 13, 52), GroundControlPoint(5, 7, 13.1, 51.9)]
    profile = {"gcps": points, "crs": "EPSG:4326"} if placed_by == "points" else {"crs": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_geotiff(path, values, transform=None, **profile)
    if placed_by == "rpc":
        with warnings.catch_warnings(), rasterio.open(path, "r+") as dataset:
            dataset.update_tags(ns="RPC", **RPC)
    return path


@pytest.mark.parametrize(
    ("placed_by", "named"), [("points", "2 ground control points"), ("rpc", r"polynomials \(RPC\)")]
)
def test_places_without_a_grid_are_no_place_and_noted_with_the_way_out(tmp_path, placed_by, named):
    path = write_without_a_grid(tmp_path / "a.tif", cube(), placed_by)
    with pytest.warns(HsidiffWarning, match=rf"{named} and lie on no grid: .*gdalwarp -r near"):
        scene = open_scene(path)
    assert (scene.crs, scene.transform) == (None, None)
    np.testing.assert_array_equal(scene.read(), cube())


def test_rational_polynomials_beside_a_transform_say_nothing_more(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube())
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns="RPC", **RPC)
    assert open_scene(path).transform == TRANSFORM


def test_labels_without_a_grid_fit_no_scene_on_one(tmp_path):
    labels = cube((5, 7, 1), "uint8") % 3
    path = write_without_a_grid(tmp_path / "labels.tif", labels, "points")
    scene = open_scene(write_geotiff(tmp_path / "a.tif", cube()))
    with pytest.raises(LabelError, match="labels are placed by 2 ground control points, a lies on"):
        read_labels(path, scene)
    bare = open_scene(cube())
    np.testing.assert_array_equal(read_labels(path, bare).values, labels[..., 0])


def test_a_crs_without_a_transform_is_left_out_with_a_note(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        path = write_geotiff(tmp_path / "a.tif", cube(), transform=None)
    with pytest.warns(HsidiffWarning, match=r"a: has a CRS, but no transform .*count in pixels"):
        assert open_scene(path).crs is None


def tag_bands(path, tags, namespace=None):
    with rasterio.open(path, "r+") as dataset:
        for band, of_band in enumerate(tags, start=1):
            dataset.update_tags(band, ns=namespace, **of_band)


def test_wavelengths_come_from_the_imagery_domain_first(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 2)))
    tag_bands(
        path, [{"CENTRAL_WAVELENGTH_UM": "0.45"}, {"CENTRAL_WAVELENGTH_UM": "2.3"}], "IMAGERY"
    )
    tag_bands(path, [{"wavelength": "1"}, {"wavelength": "2"}])
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, [450, 2300])


@pytest.mark.parametrize(
    ("values", "unit"),
    [("450 2300", "Nanometers"), ("0.45 2.3", "Micrometers"), ("450 2300", None)],
)
def test_wavelengths_come_from_tags_of_the_bands(tmp_path, values, unit):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 2)))
    units = {"wavelength_units": unit} if unit else {}
    tag_bands(path, [{"Wavelength": value} | units for value in values.split()])
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, [450, 2300])


@pytest.mark.parametrize(
    "names",
    [
        ["band 1 (450 Nanometers)", "band 2 (2300 Nanometers)"],
        ["B1 0.45um", "B2 2.3um"],
        ["channel_0 (450.0)", "channel_1 (2300.0)"],
    ],
)
def test_wavelengths_come_from_band_descriptions(tmp_path, names):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 2)))
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = names
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, [450, 2300])


def test_a_wavelength_missing_in_one_band_makes_all_unknown_with_a_note(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 2)))
    tag_bands(path, [{"wavelength": "450"}])
    with pytest.warns(HsidiffWarning, match=r"'wavelength' .* not understood \(absent in some"):
        assert open_scene(path).wavelengths_nm is None


LISTED = "450, 550, 2300"


@pytest.mark.parametrize(
    ("of_bands", "of_file"),
    [
        ([{"wavelength": LISTED, "wavelength_units": "Nanometers"}] * 3, {}),
        ([{"wavelengths": f"{{{LISTED}}}"}] * 3, {}),
        ([{"WAVELENGTH": "[0.45 0.55 2.3] um"}] * 3, {}),
        ([{"wavelength": "450 nm"}, {"wavelength": "550 nm"}, {"wavelength": "2300 nm"}], {}),
        ([{"wavelength_um": "0.45"}, {"wavelength_um": "0.55"}, {"wavelength_um": "2.3"}], {}),
        ([{"center_wavelength": x} for x in ("450.0", "550.0", "2300")], {}),
        ([], {"wavelength": LISTED, "wavelength_units": "Nanometers"}),
        ([], {"wavelengths": "{0.45,0.55,2.3}", "wavelength_units": "Micrometers"}),
        ([{"wavelength": "x"}] * 3, {"wavelength_nm": LISTED}),
        ([{"wl": "450"}, {"wl": "550"}, {"wl": "2300"}], {}),
        ([], {"Band_1": "450 Nanometers", "Band_2": "550 Nanometers", "Band_3": "2300 Nanometers"}),
        ([], {f"Band_{i}": f"band {i} ({um})" for i, um in ((1, 0.45), (2, 0.55), (3, 2.3))}),
    ],
)
def test_wavelengths_are_understood_wherever_tags_keep_them(tmp_path, of_bands, of_file):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 3)))
    tag_bands(path, of_bands)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**of_file)
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, [450, 550, 2300])


@pytest.mark.parametrize(
    ("of_bands", "of_file"),
    [
        ([{"wavelength": "450, 550"}] * 3, {}),
        ([{"wavelength": "blue"}] * 3, {}),
        ([{"wavelength": "450"}] * 3, {}),
        ([{"wavelength": LISTED}, {"wavelength": LISTED}, {"wavelength": "1, 2, 3"}], {}),
        ([], {"wavelength": "450"}),
    ],
)
def test_tags_of_wavelengths_that_are_not_understood_are_noted(tmp_path, of_bands, of_file):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 3)))
    tag_bands(path, of_bands)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**of_file)
    with pytest.warns(HsidiffWarning, match="'wavelength' of the bands are not understood"):
        assert open_scene(path).wavelengths_nm is None


def test_wavelengths_of_an_envi_header_that_gdal_kept_are_understood(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 3)))
    with rasterio.open(path, "r+") as dataset:
        fields = {"wavelength": "{0.45, 0.55, 2.3}", "wavelength_units": "Micrometers"}
        dataset.update_tags(ns="ENVI", **fields)
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, [450, 550, 2300])


@pytest.mark.parametrize("said", [{1: -1, 2: -2, 3: -3}, {2: -2}, {1: "nan", 3: -3}])
def test_bands_may_have_nodata_numbers_of_their_own(tmp_path, said):
    values = cube((2, 3, 3), "float32")
    for band, number in said.items():
        values[0, band - 1, band - 1] = float(number)
    values[1, 1] = -5  # a value in all bands
    path = write_geotiff(tmp_path / "a.tif", values)
    bands = "".join(
        f'<PAMRasterBand band="{band}"><NoDataValue>{number}</NoDataValue></PAMRasterBand>'
        for band, number in said.items()
    )
    (tmp_path / "a.tif.aux.xml").write_text(f"<PAMDataset>{bands}</PAMDataset>")
    scene = open_scene(path)
    expected = np.zeros((2, 3), dtype=bool)
    expected[0, [band - 1 for band in said]] = True
    np.testing.assert_array_equal(np.isnan(scene.read()).all(axis=-1), expected)
    np.testing.assert_array_equal(scene.read()[~expected], values[~expected])
    assert "nodata numbers of their own" in scene.notes[-1]


def test_other_tags_that_speak_of_wavelengths_are_noted(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 3)))
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**{"eo:bands": '[{"center_wavelength": 0.45}]', "title": "wavelengths"})
    with pytest.warns(HsidiffWarning, match=r"the tag 'eo.* speaks of wavelengths"):
        assert open_scene(path).wavelengths_nm is None


@pytest.mark.parametrize("name", ["bbl", "good_wavelengths"])
@pytest.mark.parametrize("flags", ["1, 0, 1", "{1,0,1}", "[1 0 1]", "True, False, True"])
def test_good_bands_may_be_listed_in_every_band_or_once(tmp_path, name, flags):
    for place in ("bands", "file"):
        path = write_geotiff(tmp_path / f"{place}.tif", cube((2, 3, 3)))
        with rasterio.open(path, "r+") as dataset:
            for band in dataset.indexes if place == "bands" else [0]:
                dataset.update_tags(band, **{name: flags})
        assert open_scene(path).good_bands.tolist() == [True, False, True]
    path = write_geotiff(tmp_path / "wrong.tif", cube((2, 3, 3)))
    tag_bands(path, [{name: "1, 0"}] * 3)
    with pytest.warns(HsidiffWarning, match=f"'{name}' of the bands are not understood"):
        assert open_scene(path).good_bands.all()


def test_a_band_that_is_not_used_needs_no_wavelength(tmp_path):
    values = cube((2, 3, 4), "uint8")
    values[:, :, 3] = 255
    path = write_geotiff(tmp_path / "a.tif", values, photometric="RGB", alpha="YES")
    tag_bands(path, [{"wavelength": number} for number in ("450", "550", "650")])
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.wavelengths_nm, [450, 550, 650])
    write_geotiff_scene(scene, tmp_path / "b.tif")
    np.testing.assert_array_equal(open_scene(tmp_path / "b.tif").wavelengths_nm, [450, 550, 650])


def test_a_file_of_several_images_is_refused(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 1)))
    write_geotiff(path, cube((2, 3, 1)), APPEND_SUBDATASET="YES")
    with pytest.raises(SceneError, match="holds 2 images one after the other"):
        open_scene(path)


@pytest.mark.parametrize("name", ["2024-06-01T10:31:12.tif", "a#b?c=1!d.tif", "zip.zip.tif"])
def test_odd_names_of_files_and_folders_are_names(tmp_path, name):
    folder = tmp_path / "scenes.zip" / "zip:"
    folder.mkdir(parents=True)
    np.testing.assert_array_equal(open_scene(write_geotiff(folder / name, cube())).read(), cube())


def test_bad_bands_scale_offset_and_nodata_are_applied(tmp_path):
    values = cube((2, 3, 3))
    values[0, 0, 1] = -32768  # in the bad band alone
    values[1, 1, 2] = -32768
    path = write_geotiff(tmp_path / "a.tif", values, nodata=-32768)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1, 0.2, 0.5), (0, 5, -1)
    tag_bands(path, [{"bbl": "1"}, {"bbl": "0"}, {}])
    scene = open_scene(path)
    expected = values[:, :, [0, 2]] * [0.1, 0.5] + [0, -1]
    expected[1, 1] = np.nan
    assert scene.good_bands.tolist() == [True, False, True]
    np.testing.assert_allclose(scene.read(), expected, rtol=1e-6)


@pytest.mark.parametrize("place", ["internal", "external"])
@pytest.mark.parametrize("nodata", [None, 5.0])
def test_pixels_behind_a_mask_are_invalid(tmp_path, place, nodata):
    values = cube((4, 5, 3))
    path = write_geotiff(tmp_path / "a.tif", values, nodata=nodata)
    shown = np.ones((4, 5), dtype=bool)
    shown[1, 2] = shown[3] = False
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=place == "internal"),
        rasterio.open(path, "r+") as dataset,
    ):
        dataset.write_mask(shown)
    assert (tmp_path / "a.tif.msk").exists() == (place == "external")
    scene = open_scene(path)
    if nodata is not None:
        shown &= (values != nodata).all(axis=-1)
    expected = np.where(shown[:, :, np.newaxis], values, np.nan)
    np.testing.assert_array_equal(scene.read(), expected)
    np.testing.assert_array_equal(scene.read(Window(1, 1, 2, 3)), expected[1:3, 1:4])


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
@pytest.mark.parametrize("n_bands", [2, 4, 7])
def test_an_alpha_band_is_a_mask_and_not_a_band(tmp_path, n_bands, dtype):
    values = cube((4, 5, n_bands), dtype)
    values[:, :, -1] = 255
    values[2, 2, -1] = 0
    path = write_geotiff(tmp_path / "a.tif", values, photometric="MINISBLACK")
    with rasterio.open(path, "r+") as dataset:
        dataset.colorinterp = [*dataset.colorinterp[:-1], ColorInterp.alpha]
    scene = open_scene(path)
    read = scene.read()
    assert read.shape == (4, 5, n_bands - 1)
    assert np.argwhere(np.isnan(read).all(axis=-1)).tolist() == [[2, 2]]
    np.testing.assert_array_equal(scene.read(Window(1, 2, 3, 2)), read[1:4, 2:4])


def test_an_envi_header_beside_the_file_says_what_the_file_does_not(tmp_path):
    values = cube((4, 5, 3))
    path = write_geotiff(tmp_path / "full.tif", values)
    fields = {"wavelength": "{0.4, 0.5, 0.6}", "bbl": "{1, 0, 1}"}
    fields |= {"reflectance_scale_factor": "100", "data_ignore_value": "7"}
    write_envi(tmp_path / "full", values, **fields).unlink()
    scene = open_scene(path)
    np.testing.assert_allclose(scene.wavelengths_nm, [400, 600])
    expected = values[:, :, [0, 2]] / 100
    expected[(values[:, :, [0, 2]] == 7).any(axis=-1)] = np.nan
    np.testing.assert_allclose(scene.read(), expected, rtol=1e-6)
    assert [file.name for file in scene.files] == ["full.tif", "full.hdr"]


def test_a_header_of_another_scene_or_maker_is_ignored(tmp_path):
    path = write_geotiff(tmp_path / "full.tif", cube((4, 5, 3)))
    write_envi(tmp_path / "full", cube((4, 5, 2)), wavelength="{400, 500}")
    assert open_scene(path).wavelengths_nm is None
    (tmp_path / "full.hdr").write_text("BYTEORDER I\nNROWS 4\n")
    assert open_scene(path).files == (path,)


def test_a_pickled_scene_reads_the_same(tmp_path):
    scene = open_scene(write_geotiff(tmp_path / "a.tif", cube(), nodata=3))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(scene)).read(), scene.read())


def test_reading_writes_nothing_beside_the_data(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube(), nodata=3)
    before = listing(tmp_path)
    open_scene(path).read()
    assert listing(tmp_path) == before


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_refused(tmp_path, dtype):
    with pytest.raises(SceneError, match="complex"):
        open_scene(write_geotiff(tmp_path / "a.tif", cube().astype(dtype)))


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("layout", [{}, {"compress": "deflate"}])
def test_a_truncated_file_is_refused(tmp_path, kept, layout):
    values = np.random.default_rng(0).normal(size=(20, 20, 30))
    path = write_geotiff(tmp_path / "a.tif", values, **layout)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(SceneError, match="cannot be read") as caught:
        open_scene(path).read()
    assert "\n" not in str(caught.value)


def test_text_with_a_geotiff_name_is_refused(tmp_path):
    (tmp_path / "a.tif").write_text("hello")
    with pytest.raises(SceneError, match="cannot be read"):
        open_scene(tmp_path / "a.tif")
