"""Any NetCDF 4 or HDF5 cube with a wavelength axis: AVIRIS-3 and what others write."""

import itertools
import pickle

import h5py
import numpy as np
import pytest
from affine import Affine
from fake_files import listing, write_envi
from fake_products import ramp, write_cube
from rasterio.crs import CRS

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

ROWS, COLS, BANDS = 4, 6, 5
CUBE = ramp(ROWS, COLS, BANDS)
NM = np.linspace(400.0, 2400.0, BANDS)
Y = 4000000.0 - 30.0 * (np.arange(ROWS) + 0.5)
X = 500000.0 + 30.0 * (np.arange(COLS) + 0.5)
UTM = CRS.from_epsg(32611)
TRANSFORM = Affine(30, 0, 500000, 0, -30, 4000000)
AXES = {"y": Y, "x": X, "wavelength": NM}
SIZES = {"y": 0, "x": 1, "wavelength": 2}


@pytest.mark.parametrize("dims", list(itertools.permutations(("wavelength", "y", "x"))))
def test_axes_may_be_in_any_order(tmp_path, dims):
    cube = CUBE.transpose([SIZES[dim] for dim in dims])
    path = write_cube(tmp_path / "a.nc", cube, dims, AXES, crs={"crs_wkt": UTM.to_wkt()})
    scene = pickle.loads(pickle.dumps(open_scene(path)))
    np.testing.assert_array_equal(scene.read(), CUBE)
    window = Window(1, 2, 2, 3)
    np.testing.assert_array_equal(scene.read(window), CUBE[window.slices])
    np.testing.assert_array_equal(scene.wavelengths_nm, NM)
    assert scene.crs == UTM
    assert scene.transform == TRANSFORM


def test_y_may_ascend(tmp_path):
    path = write_cube(
        tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates={**AXES, "y": Y[::-1]}
    )
    scene = open_scene(path)
    assert scene.transform == Affine(30, 0, 500000, 0, 30, 4000000 - 30 * ROWS)
    np.testing.assert_array_equal(scene.read(), CUBE)


@pytest.mark.parametrize(
    ("numbers", "units"),
    [(NM / 1000, "um"), (NM / 1000, "micrometers"), (NM, "Nanometers"), (NM / 1000, None)],
)
def test_wavelengths_may_be_in_any_unit(tmp_path, numbers, units):
    coordinates = {"wavelength": numbers}
    path = write_cube(
        tmp_path / "a.nc",
        CUBE.transpose(2, 0, 1),
        ("wavelength", "y", "x"),
        coordinates,
        units,
    )
    np.testing.assert_allclose(open_scene(path).wavelengths_nm, NM)


def test_dimensions_may_have_other_names(tmp_path):
    coordinates = {"lambda": NM, "northing": Y, "easting": X}
    dims = ("easting", "lambda", "northing")
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(1, 2, 0), dims, coordinates, units=None)
    with h5py.File(path, "a") as file:
        file["lambda"].attrs["units"] = "nm"
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(), CUBE)
    np.testing.assert_array_equal(scene.wavelengths_nm, NM)
    assert scene.transform == TRANSFORM


def test_a_plain_hdf5_file_without_dimension_scales_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data/cube"] = CUBE
        file["data/wl"] = NM
        file["data/bbl"] = np.array([1, 0, 1, 1, 1])
    scene = open_scene(tmp_path / "a.h5")
    np.testing.assert_array_equal(scene.read(), CUBE[..., [0, 2, 3, 4]])
    assert scene.crs is None
    assert scene.transform is None


def test_aviris_3_keeps_its_cube_in_a_group_and_its_coordinates_in_the_root(tmp_path):
    path = tmp_path / "AV320250123t215000_000_L2A_OE_RFL_ORT.nc"
    with h5py.File(path, "w") as file:
        for name, values in (("northing", Y), ("easting", X)):
            file.create_dataset(name, data=values).make_scale(name)
        mapping = file.create_dataset("transverse_mercator", data=np.int8(0))
        mapping.attrs["spatial_ref"] = UTM.to_wkt()
        mapping.attrs["GeoTransform"] = "500000.0 30.0 0.0 4000000.0 0.0 -30.0"
        group = file.create_group("reflectance")
        group.create_dataset("wavelength", data=NM).make_scale("wavelength")
        group["fwhm"] = np.full(BANDS, 7.5)
        cube = group.create_dataset("reflectance", data=CUBE.transpose(2, 0, 1))
        cube.attrs.update({"_FillValue": np.float32(-9999), "grid_mapping": "transverse_mercator"})
        for axis, scale in enumerate((group["wavelength"], file["northing"], file["easting"])):
            cube.dims[axis].attach_scale(scale)
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(), CUBE)
    assert (scene.crs, scene.transform) == (UTM, TRANSFORM)
    np.testing.assert_array_equal(scene.fwhm_nm, np.full(BANDS, 7.5))


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"crs_wkt": UTM.to_wkt()}, UTM),
        ({"spatial_ref": UTM.to_wkt()}, UTM),
        ({"epsg_code": np.int64(32611)}, UTM),
        ({"grid_mapping_name": "latitude_longitude", "semi_major_axis": 6378137.0,
          "inverse_flattening": 298.257223563}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_a_grid_mapping_states_the_crs(tmp_path, mapping, expected):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES, crs=mapping)
    crs = open_scene(path).crs
    if "grid_mapping_name" in mapping:
        assert crs.is_geographic
    else:
        assert crs == expected


def test_a_crs_that_is_not_understood_is_none_with_a_note(tmp_path):
    path = write_cube(
        tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES, crs={"crs_wkt": "NONSENSE"}
    )
    with pytest.warns(HsidiffWarning, match=r"'NONSENSE'.*is not understood"):
        assert open_scene(path).crs is None


def test_a_geotransform_alone_places_the_pixels_and_a_stale_one_does_not(tmp_path):
    six = {"crs_wkt": UTM.to_wkt(), "GeoTransform": "500000 30 0 4000000 0 -30"}
    bare = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates={"wavelength": NM},
                      crs=six)  # fmt: skip
    assert open_scene(bare).transform == TRANSFORM
    cut = write_cube(
        tmp_path / "b.nc", CUBE.transpose(2, 0, 1), coordinates={**AXES, "x": X + 300}, crs=six
    )
    assert open_scene(cut).transform == Affine(30, 0, 500300, 0, -30, 4000000)


def test_degrees_need_no_grid_mapping(tmp_path):
    axes = {"lat": 40 - 0.1 * np.arange(ROWS), "lon": 10 + 0.1 * np.arange(COLS), "wavelength": NM}
    path = write_cube(
        tmp_path / "a.nc", CUBE.transpose(2, 0, 1), ("wavelength", "lat", "lon"), axes
    )
    assert open_scene(path).crs is None
    with h5py.File(path, "a") as file:
        file["lat"].attrs["units"], file["lon"].attrs["units"] = "degrees_north", "degrees_east"
    assert open_scene(path).crs.to_epsg() == 4326


def test_scale_offset_and_fill_are_those_of_cf(tmp_path):
    stored = (1000 * CUBE).astype("i2").transpose(2, 0, 1)
    stored[:, 0, 0] = -99
    path = write_cube(
        tmp_path / "a.nc", stored, coordinates=AXES, scale_factor=0.001, add_offset=0.5,
        _FillValue=np.int16(-99),
    )  # fmt: skip
    values = open_scene(path).read()
    assert np.isnan(values[0, 0]).all()
    np.testing.assert_allclose(values[1:], stored.transpose(1, 2, 0)[1:] * 0.001 + 0.5, rtol=1e-5)


def test_a_scale_of_each_band_counts_and_of_some_bands_is_refused(tmp_path):
    stored = (1000 * CUBE).astype("i2").transpose(2, 0, 1)
    factors = np.array([1, 2, 3, 4, 5]) / 1000
    path = write_cube(tmp_path / "a.nc", stored, coordinates=AXES, scale_factor=factors)
    np.testing.assert_allclose(open_scene(path).read(), stored.transpose(1, 2, 0) * factors, 1e-5)
    path = write_cube(tmp_path / "b.nc", stored, coordinates=AXES, add_offset=factors[:2])
    with pytest.raises(SceneError, match="reflectance has 2 numbers 'add_offset' for 5 bands"):
        open_scene(path)


@pytest.mark.parametrize("dtype", ["f8", "i4", "u2", ">f4", ">i2"])
def test_numbers_may_be_of_any_type(tmp_path, dtype):
    stored = (1000 * CUBE).astype(dtype)
    path = write_cube(tmp_path / "a.nc", stored, ("y", "x", "wavelength"), AXES)
    np.testing.assert_allclose(open_scene(path).read(), stored.astype("f4"))


def test_several_cubes_are_listed_and_one_is_chosen_by_name(tmp_path):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES)
    with h5py.File(path, "a") as file:
        file["more/reflectance_uncertainty"] = 0.01 * CUBE.transpose(2, 0, 1)
        file["more/again/reflectance"] = CUBE.transpose(2, 0, 1)
    with pytest.raises(
        SceneError, match=r"several cubes.*more/reflectance_uncertainty 5x4x6.*--scene"
    ):
        open_scene(path)
    for name in (
        "more/reflectance_uncertainty",
        "/reflectance_uncertainty",
        "reflectance_Uncertainty",
    ):
        np.testing.assert_allclose(open_scene(path, variable=name).read(), 0.01 * CUBE)
    np.testing.assert_array_equal(open_scene(path, variable="/reflectance").read(), CUBE)
    with pytest.raises(SceneError, match="no array 'radiance'; it holds more/again/reflectance"):
        open_scene(path, variable="radiance")


def test_a_cube_without_wavelengths_is_taken_if_it_is_named(tmp_path):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), ("band", "y", "x"), units=None)
    with pytest.raises(SceneError, match=r"no cube whose wavelengths are known.*reflectance 5x4x6"):
        open_scene(path)
    scene = open_scene(path, variable="reflectance")
    np.testing.assert_array_equal(scene.read(), CUBE)
    assert scene.wavelengths_nm is None


NAMES = [f"B{i} ({nm:g} nm)" for i, nm in enumerate(NM, start=1)]
NOTE = ("wavelengths are those in the names of the bands",)


def add_names(file, place):
    """Names of the bands where programs keep them."""
    cube = file["reflectance"]
    if place == "attribute":
        cube.attrs["long_name"] = NAMES
    elif place == "one text":
        cube.attrs["band_names"] = ", ".join(NAMES)
    elif place == "letters":
        letters = np.array(NAMES, dtype="S12").view("S1").reshape(BANDS, 12)
        file.create_dataset("band_names", data=letters)
    else:
        file.create_dataset("bands", data=NAMES if place == "texts" else np.array(NAMES, "S12"))
    if place == "texts":
        file["bands"].make_scale("bands")
        cube.dims[1].attach_scale(file["bands"])


@pytest.mark.parametrize("place", ["attribute", "one text", "letters", "texts", "fixed texts"])
def test_wavelengths_are_read_from_the_names_of_the_bands(tmp_path, place):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["reflectance"] = CUBE.transpose(0, 2, 1)
        add_names(file, place)
    scene = open_scene(tmp_path / "a.h5")
    np.testing.assert_array_equal(scene.read(), CUBE)
    np.testing.assert_allclose(scene.wavelengths_nm, NM)
    assert scene.notes == NOTE


def test_numbers_of_wavelengths_come_before_names_and_names_without_one_find_no_cube(tmp_path):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES,
                      long_name=["9 nm"] * BANDS)  # fmt: skip
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.wavelengths_nm, NM)
    assert scene.notes == ()
    path = write_cube(tmp_path / "b.nc", CUBE.transpose(2, 0, 1), ("band", "y", "x"), units=None,
                      long_name=["blue", "green", "red", "edge", "infrared"])  # fmt: skip
    with pytest.raises(SceneError, match="has no cube whose wavelengths are known"):
        open_scene(path)
    scene = open_scene(path, variable="reflectance")
    assert (scene.wavelengths_nm, scene.notes) == (None, ())


def test_axes_that_nothing_tells_apart_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"], file["wavelength"] = np.zeros((5, 5, 5)), NM
    with pytest.raises(SceneError, match="nothing says which axis holds the bands"):
        open_scene(tmp_path / "a.h5")


def test_a_product_of_two_dimensions_is_refused_with_a_list(tmp_path):
    with h5py.File(tmp_path / "EMIT_L2B_CH4PLM.nc", "w") as file:
        file["plume"] = np.zeros((4, 6))
    with pytest.raises(SceneError, match=r"holds no cube.*it holds plume 4x6"):
        open_scene(tmp_path / "EMIT_L2B_CH4PLM.nc")
    with pytest.raises(SceneError, match=r"shape \(4, 6\): expected three dimensions"):
        open_scene(tmp_path / "EMIT_L2B_CH4PLM.nc", variable="plume")


def test_a_swath_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "PACE_OCI.L2.SFREFL.nc"
    with h5py.File(path, "w") as file:
        file["geophysical_data/rhos"] = CUBE
        file["sensor_band_parameters/wavelength_3d"] = NM
        for name in ("latitude", "longitude"):
            file[f"navigation_data/{name}"] = np.random.default_rng(0).random((ROWS, COLS))
    with pytest.raises(SceneError, match=r"longitude for each pixel: this is a swath.*pyresample"):
        open_scene(path)


def test_uneven_coordinates_are_refused(tmp_path):
    path = write_cube(
        tmp_path / "a.nc",
        CUBE.transpose(2, 0, 1),
        coordinates={**AXES, "x": np.array([0, 1, 2, 3, 4, 9])},
    )
    with pytest.raises(SceneError, match="coordinates x are not evenly spaced"):
        open_scene(path)


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        (b"CDF\x01", "is NetCDF 3: convert it"),
        (b"\x0e\x03\x13\x01", "is HDF4: convert it"),
        (b"hello", "is no file of HDF5 or NetCDF 4, or a broken one"),
    ],
)
def test_other_formats_with_such_a_suffix_are_named(tmp_path, begin, message):
    (tmp_path / "a.nc").write_bytes(begin + bytes(50))
    with pytest.raises(SceneError, match=message):
        open_scene(tmp_path / "a.nc")


def test_an_envi_twin_is_another_file(tmp_path):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES)
    twin = write_envi(tmp_path / "a", 2 * CUBE, header_path=tmp_path / "a.hdr")
    np.testing.assert_array_equal(open_scene(path).read(), CUBE)
    for name in (twin, tmp_path / "a.hdr"):
        np.testing.assert_array_equal(open_scene(name).read(), 2 * CUBE)


def test_opening_and_reading_leave_nothing_behind(tmp_path):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES)
    before = listing(tmp_path)
    open_scene(path).read()
    assert listing(tmp_path) == before


def test_a_file_of_hdf5_is_known_without_its_suffix(tmp_path):
    path = write_cube(tmp_path / "a.nc", CUBE.transpose(2, 0, 1), coordinates=AXES)
    path.rename(tmp_path / "scene.data")
    np.testing.assert_array_equal(open_scene(tmp_path / "scene.data").read(), CUBE)


INVALID = np.zeros((4, 5), dtype=bool)
INVALID[1:3, 2] = True


def write_with(path, values, **attributes):
    """A cube (rows, cols, 3 bands) with wavelengths, and attributes."""
    with h5py.File(path, "w") as file:
        file["cube"] = values
        file["cube"].attrs.update(attributes)
        file["wavelength"] = [450.0, 550.0, 650.0]
    return path


@pytest.mark.parametrize(
    "attributes",
    [
        {"valid_range": np.array([0, 10_000], "i2")},
        {"valid_min": np.int16(0), "valid_max": np.int16(10_000)},
        {"valid_max": np.int16(10_000)},
        {"valid_range": np.array([0.0, 1.0])},  # of values, as the type says
    ],
)
def test_numbers_beyond_the_valid_range_are_no_values(tmp_path, attributes):
    stored = np.full((4, 5, 3), 5000, dtype="i2")
    stored[INVALID, 1] = 20_000
    path = write_with(tmp_path / "a.nc", stored, scale_factor=1e-4, **attributes)
    scene = open_scene(path)
    assert "beyond its valid range" in scene.notes[0]
    np.testing.assert_array_equal(np.isnan(scene.read()).all(axis=-1), INVALID)
    np.testing.assert_allclose(scene.read()[~INVALID], 0.5)
    np.testing.assert_allclose(open_scene(path, apply_masks=False).read()[INVALID, 1], 2.0)


def test_a_valid_range_of_bands_that_are_scaled_apart_is_told_of(tmp_path):
    scale = np.array([1e-4, 2e-4, 3e-4])
    path = write_with(
        tmp_path / "a.nc", np.ones((4, 5, 3), "i2"), scale_factor=scale, valid_range=[0.0, 1.0]
    )
    assert "is not applied" in open_scene(path).notes[0]


def test_numbers_without_a_sign_in_a_type_with_one_are_read_without(tmp_path):
    stored = np.full((4, 5, 3), 40_000, dtype="u2")
    stored[INVALID] = 65_535
    signed = stored.view("i2")
    path = write_with(tmp_path / "a.nc", signed, _Unsigned="true", _FillValue=np.int16(-1))
    scene = open_scene(path)
    assert scene.source.dtype == np.uint16
    np.testing.assert_array_equal(np.isnan(scene.read()).all(axis=-1), INVALID)
    assert np.nanmax(scene.read()) == np.nanmin(scene.read()) == 40_000


def test_the_default_fill_of_netcdf_is_no_value_though_nothing_says_so(tmp_path):
    values = np.full((4, 5, 3), 0.5, dtype="f4")
    values[INVALID] = 9.96921e36
    scene = open_scene(write_with(tmp_path / "a.nc", values))
    np.testing.assert_array_equal(np.isnan(scene.read()).all(axis=-1), INVALID)


@pytest.mark.parametrize("name", ["Scale_Factor", "slope", "gain", "reflectance_scale_factor"])
def test_attributes_of_a_scale_that_are_not_applied_are_told_of(tmp_path, name):
    scene = open_scene(write_with(tmp_path / "a.h5", np.ones((4, 5, 3), "i2"), **{name: 10_000.0}))
    assert f"not applied: {name} = 10000.0: if values come out in another unit" in scene.notes[0]
