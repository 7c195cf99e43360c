import gzip
import pickle
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from fake_files import ENVI_ORDERS, ENVI_TYPES, cube, listing, write_envi
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.enums import WktVersion

from hsidiff.errors import HsidiffWarning, MissingFileError, SceneError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

MAP_INFO = "{UTM, 1, 1, 364095, 5809965, 30, 30, 33, North, WGS-84, units=Meters}"
REAL_TYPES = sorted(set(ENVI_TYPES) - {"complex64"})


@settings(max_examples=150)
@given(
    interleave=st.sampled_from(sorted(ENVI_ORDERS)),
    dtype=st.sampled_from(REAL_TYPES),
    byte_order=st.sampled_from([0, 1]),
    header_offset=st.sampled_from([0, 3, 512]),
    compression=st.sampled_from([0, 1]),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 9)),
    data=st.data(),
)
def test_any_window_of_any_layout_equals_the_array(
    interleave, dtype, byte_order, header_offset, compression, shape, data
):
    seed = data.draw(st.integers(0, 2**16))
    values = np.random.default_rng(seed).integers(0, 127, shape).astype(dtype)
    row, col = data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))
    n_rows = data.draw(st.integers(1, shape[0] - row))
    n_cols = data.draw(st.integers(1, shape[1] - col))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scene.img"
        write_envi(path, values, interleave, byte_order, header_offset, compression)
        scene = open_scene(path)
        window = Window(row, col, n_rows, n_cols)
        np.testing.assert_array_equal(scene.read(window), values[window.slices])
        assert scene.source.dtype == values.dtype.newbyteorder(">" if byte_order else "<")


@pytest.mark.parametrize(
    ("unit", "values"),
    [
        ("Nanometers", "400, 500.5, 2400"),
        ("NANOMETERS", "400, 500.5, 2400"),
        ("Micrometers", "0.4, 0.5005, 2.4"),
        ("um", "0.4, 0.5005, 2.4"),
        ("Unknown", "0.4, 0.5005, 2.4"),
        (None, "400, 500.5, 2400"),
        (None, "0.4, 0.5005, 2.4"),
    ],
)
def test_wavelengths_are_in_nm_whatever_their_unit(tmp_path, unit, values):
    fields = {"Wavelength": f"{{\n {values}}}"} | ({"wavelength_units": unit} if unit else {})
    scene = open_scene(write_envi(tmp_path / "a.dat", cube((2, 2, 3)), **fields))
    np.testing.assert_allclose(scene.wavelengths_nm, [400, 500.5, 2400])


def test_wavelengths_are_found_in_band_names(tmp_path):
    names = "{band 1 (0.455400 Micrometers), band 2 (0.4694 Micrometers),\n band 9 (2.5 um)}"
    mixed = write_envi(tmp_path / "mixed", cube((2, 2, 3)), band_names=names)
    assert open_scene(mixed).wavelengths_nm is None
    names = names.replace("um)", "Micrometers)")
    scene = open_scene(write_envi(tmp_path / "a", cube((2, 2, 3)), band_names=names))
    np.testing.assert_allclose(scene.wavelengths_nm, [455.4, 469.4, 2500])


def test_plain_band_names_are_no_wavelengths(tmp_path):
    names = "{band (1), band (2), band (3)}"
    scene = open_scene(write_envi(tmp_path / "a", cube((2, 2, 3)), band_names=names))
    assert scene.wavelengths_nm is None


def test_wavelengths_in_another_quantity_are_ignored_with_a_warning(tmp_path):
    fields = {"wavelength": "{1, 2, 3}", "wavelength_units": "Wavenumber"}
    path = write_envi(tmp_path / "a", cube((2, 2, 3)), **fields)
    with pytest.warns(HsidiffWarning, match="'Wavenumber' are ignored"):
        assert open_scene(path).wavelengths_nm is None


def test_bad_bands_are_left_out_and_nodata_masks_pixels(tmp_path):
    values = cube((2, 2, 3))
    values[0, 1] = (7, -9999, 7)  # nodata in the bad band alone: the pixel stays
    values[1, 0] = (-9999, 7, 7)
    path = write_envi(tmp_path / "a", values, bbl="{1, 0, 1.0}", data_ignore_value="-9999")
    scene = open_scene(path)
    assert scene.good_bands.tolist() == [True, False, True]
    invalid = np.isnan(scene.read()).all(axis=-1)
    assert invalid.tolist() == [[False, False], [True, False]]


def test_a_reflectance_scale_factor_of_each_band_divides_it(tmp_path):
    values = cube((2, 2, 3))
    path = write_envi(tmp_path / "a", values, reflectance_scale_factor="{1, 10, 100}")
    np.testing.assert_allclose(open_scene(path).read(), values / [1, 10, 100], rtol=1e-6)
    path = write_envi(tmp_path / "b", values, reflectance_scale_factor="{1, 10}")
    with pytest.raises(SceneError, match="has 2 entries for 3 bands: give one number"):
        open_scene(path)


def test_reflectance_scale_factor_divides(tmp_path):
    values = cube()
    scene = open_scene(write_envi(tmp_path / "a", values, reflectance_scale_factor="10000.0"))
    np.testing.assert_allclose(scene.read(), values / 10000, rtol=1e-6)


def test_gains_of_reflectance_are_applied_where_there_are_none_of_radiance(tmp_path):
    values = cube((2, 3, 2))
    fields = {"data_reflectance_gain_values": "{0.5, 2}", "reflectance_scale_factor": "10"}
    fields["data_reflectance_offset_values"] = "{1, -1}"
    scene = open_scene(write_envi(tmp_path / "a", values, **fields))
    np.testing.assert_allclose(scene.read(), values * [0.5, 2] + [1, -1])
    scene = open_scene(write_envi(tmp_path / "b", values, data_gain_values="{3, 4}", **fields))
    np.testing.assert_allclose(scene.read(), values * [3, 4])


def test_a_system_without_a_place_is_told_of(tmp_path):
    wkt = CRS.from_epsg(32633).to_wkt()
    path = write_envi(tmp_path / "a", cube(), coordinate_system_string=f"{{{wkt}}}")
    with pytest.warns(HsidiffWarning, match="has a CRS, but no transform"):
        assert open_scene(path).crs is None


def test_gains_and_offsets_of_bands_are_applied(tmp_path):
    values = cube((2, 3, 2))
    gains = {"data_gain_values": "{0.5, 2}", "data_offset_values": "{1, -1}"}
    scene = open_scene(write_envi(tmp_path / "a", values, **gains))
    np.testing.assert_allclose(scene.read(), values * [0.5, 2] + [1, -1])


def test_crs_and_transform_are_those_of_the_header(tmp_path):
    wkt = CRS.from_epsg(32633).to_wkt(version=WktVersion.WKT1_ESRI)
    fields = {"map_info": MAP_INFO, "coordinate_system_string": f"{{{wkt}}}"}
    scene = open_scene(write_envi(tmp_path / "a", cube(), **fields))
    assert tuple(scene.transform)[:6] == (30, 0, 364095, 0, -30, 5809965)
    assert scene.crs.to_epsg() == 32633


def test_a_reference_pixel_inside_the_scene_shifts_the_transform(tmp_path):
    # Pixel 3.0, 2.0 of ENVI is the upper left corner of column 2, row 1.
    map_info = MAP_INFO.replace("UTM, 1, 1", "UTM, 3, 2")
    scene = open_scene(write_envi(tmp_path / "a", cube(), map_info=map_info))
    assert (scene.transform.c, scene.transform.f) == (364095 - 2 * 30, 5809965 + 30)


def test_a_rotated_transform_is_kept(tmp_path):
    map_info = MAP_INFO.replace("units=Meters", "units=Meters, rotation=34")
    transform = open_scene(write_envi(tmp_path / "a", cube(), map_info=map_info)).transform
    # Both axes keep 30 m, and stand at a right angle.
    assert np.hypot(transform.a, transform.d) == pytest.approx(30)
    assert np.hypot(transform.b, transform.e) == pytest.approx(30)
    assert transform.a * transform.b + transform.d * transform.e == pytest.approx(0, abs=1e-6)
    assert np.degrees(np.arctan2(abs(transform.d), transform.a)) == pytest.approx(34)


@pytest.mark.parametrize(
    ("field", "named"),
    [("geo_points", "'geo points'"), ("rpc_info", r"polynomials \('rpc info'\)")],
)
def test_places_without_a_grid_are_noted_and_those_beside_map_info_are_not(tmp_path, field, named):
    places = {field: "{1, 1, 52.0, 13.0, 7, 5, 51.9, 13.1}"}
    with pytest.warns(HsidiffWarning, match=rf"placed by .*{named} and lie on no grid"):
        assert open_scene(write_envi(tmp_path / "a", cube(), **places)).transform is None
    scene = open_scene(write_envi(tmp_path / "a", cube(), map_info=MAP_INFO, **places))
    assert scene.transform is not None


def test_a_scene_without_map_info_has_no_georeference(tmp_path):
    scene = open_scene(write_envi(tmp_path / "a", cube()))
    assert (scene.crs, scene.transform) == (None, None)


@pytest.mark.parametrize("data_name", ["a", "a.bsq", "a.IMG", "a.b.dat", "a.strange"])
@pytest.mark.parametrize("header_end", ["stem.hdr", "name.hdr", "stem.HDR"])
def test_header_is_found_beside_the_data(tmp_path, data_name, header_end):
    data_path = tmp_path / data_name
    kind, suffix = header_end.split(".")
    base = data_path.stem if kind == "stem" else data_path.name
    header_path = tmp_path / f"{base}.{suffix}"
    write_envi(data_path, cube(), header_path=header_path)
    scene = open_scene(data_path)
    np.testing.assert_array_equal(scene.read(), cube())
    assert scene.files == (data_path, header_path)


@pytest.mark.parametrize("data_name", ["a", "a.bsq", "a.DAT"])
def test_the_header_may_be_given_instead_of_the_data(tmp_path, data_name):
    write_envi(tmp_path / data_name, cube())
    assert open_scene(tmp_path / "a.hdr").files[0].name.lower() == data_name.lower()


def test_a_pickled_compressed_scene_travels_without_its_pixels(tmp_path):
    values = cube((40, 50, 20))
    scene = open_scene(write_envi(tmp_path / "a", values, compression=1))
    scene.read(Window(0, 0, 1, 1))
    pickled = pickle.dumps(scene)
    assert len(pickled) < 5000
    np.testing.assert_array_equal(pickle.loads(pickled).read(), values)


@pytest.mark.parametrize("compression", [0, 1])
def test_reading_writes_nothing_beside_the_data(tmp_path, compression):
    path = write_envi(tmp_path / "a", cube(), compression=compression, map_info=MAP_INFO)
    before = listing(tmp_path)
    open_scene(path).read()
    assert listing(tmp_path) == before


@pytest.mark.parametrize("compression", [0, 1])
def test_a_header_that_promises_too_much_is_refused_with_both_sizes(tmp_path, compression):
    path = write_envi(tmp_path / "a", cube((5, 7, 6)), header_offset=8, compression=compression)
    content = path.read_bytes()
    if compression:
        content = gzip.compress(gzip.decompress(content)[:-1])
    path.write_bytes(content if compression else content[:-1])
    with pytest.raises(SceneError, match=r"holds 427 bytes.* promises 428"):
        open_scene(path)


@pytest.mark.parametrize("content", [b"no gzip at all", gzip.compress(bytes(500), mtime=0)[:-9]])
def test_broken_compression_is_refused(tmp_path, content):
    path = write_envi(tmp_path / "a", cube(), compression=1)
    path.write_bytes(content)
    with pytest.raises(SceneError, match="cannot be unpacked"):
        open_scene(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ENVI\n", "nonsense\n", "not an ENVI header"),
        ("data type = 2", "data type = 7", "'data type = 7' must be one of"),
        ("data type = 2", "data type = 6", "complex"),
        ("bands = 6", "bands = six", "'bands = six' must be a whole number"),
        ("bands = 6", "bands = 0", "at least one of each"),
        ("bands = 6", "bands = 99999999999999999999", "promises"),
        ("bands = 6", "bands = 6\nbbl = {1, 1}", "2 entries for 6 bands"),
        ("bands = 6", "bands = 6\nbbl = {0,0,0,0,0,0}", "none of its 6 bands"),
        ("bands = 6", "bands = 6\nwavelength = {400, 500}", "2 wavelengths for 6 bands"),
        ("bands = 6", "bands = 6\nwavelength = {a,b,c,d,e,f}", "must hold numbers"),
        ("bands = 6", "bands = 6\nwavelength = {1, 2,", "the list of 'wavelength' has no end"),
        ("bands = 6", "bands = 6\ndata gain values = {1, 2}", "2 entries for 6 bands"),
        ("bands = 6", "bands = 6\nreflectance scale factor = 0", "above 0"),
        ("samples = 7", "", "'samples = None' must be a whole number"),
        ("BSQ", "bxx", "must be bsq, bil or bip"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path, old, new, message):
    path = write_envi(tmp_path / "a", cube((5, 7, 6)))
    header = tmp_path / "a.hdr"
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))
    with pytest.raises(SceneError, match=message) as caught:
        open_scene(path)
    assert "\n" not in str(caught.value)


def test_a_header_without_data_is_refused(tmp_path):
    write_envi(tmp_path / "a", cube()).unlink()
    with pytest.raises(MissingFileError, match=re.escape("a.bsq")):
        open_scene(tmp_path / "a.hdr")
