import itertools
import pickle
import warnings

import numpy as np
import pytest
import rasterio
import rioxarray
import xarray
from fake_files import ROTATED, TRANSFORM, UTM_33N, cube, write_geotiff
from rasterio.crs import CRS
from xarray.backends import BackendArray
from xarray.core.indexing import IndexingSupport, LazilyIndexedArray, explicit_indexing_adapter

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.xarray_object import to_xarray
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window


class RecordingArray(BackendArray):
    """An array that is not in memory, and notes the sizes that are loaded from it."""

    def __init__(self, values):
        self.values, self.loaded = values, []
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, key):
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._load)

    def _load(self, key):
        part = self.values
        for axis, of_axis in enumerate(key):
            part = part[(slice(None),) * axis + (of_axis,)]
        self.loaded.append(part.size)
        return part


def data_array(values, **coordinates):
    coordinates = {name: ("band", value) for name, value in coordinates.items()}
    return xarray.DataArray(np.moveaxis(values, -1, 0), coordinates, ("band", "y", "x"))


@pytest.mark.parametrize("order", list(itertools.permutations(["band", "y", "x"])))
def test_axes_may_come_in_any_order(order):
    values = cube()
    scene = open_scene(data_array(values).transpose(*order), drop_bands=[3])
    whole = values[:, :, [0, 1, 3, 4, 5]]
    np.testing.assert_array_equal(scene.read(), whole)
    np.testing.assert_array_equal(scene.read(Window(1, 2, 3, 4)), whole[1:4, 2:6])


@pytest.mark.parametrize(
    "dims",
    [("wavelength", "y", "x"), ("latitude", "longitude", "band"), ("row", "col", "channel")],
)
def test_other_names_of_axes_are_understood(dims):
    array = xarray.DataArray(np.ones((3, 4, 5)), dims=dims)
    scene = open_scene(array)
    assert scene.n_bands == array.sizes[({"wavelength", "band", "channel"} & set(dims)).pop()]


@pytest.mark.parametrize("unit", [None, "nm", "um"])
def test_wavelengths_and_good_bands_are_coordinates(unit):
    factor = 1e-3 if unit == "um" else 1.0
    wavelengths = np.array([400, 500, 600, 700, 800, 900.0])
    good = np.array([1, 1, 0, 1, 1, 1])
    array = data_array(cube(), wavelength=wavelengths * factor, good=good)
    if unit:
        array.wavelength.attrs["units"] = unit
    scene = open_scene(array)
    np.testing.assert_allclose(scene.wavelengths_nm, [400, 500, 700, 800, 900])


def test_wavelength_may_be_the_dimension_itself():
    array = xarray.DataArray(
        np.ones((3, 4, 5)), {"wavelength": [0.4, 0.5, 2.4]}, dims=("wavelength", "y", "x")
    )
    np.testing.assert_allclose(open_scene(array).wavelengths_nm, [400, 500, 2400])


@pytest.mark.parametrize("coordinate", ["band", "name"])
def test_labels_along_the_bands_may_hold_wavelengths(coordinate):
    labels = ("band", ["B1 (443.5 nm)", "B2 (560 nm)"])
    array = xarray.DataArray(np.ones((2, 3, 4)), {coordinate: labels}, ("band", "y", "x"))
    scene = open_scene(array)
    np.testing.assert_allclose(scene.wavelengths_nm, [443.5, 560])
    assert scene.notes == ("wavelengths are those in the names of the bands",)
    assert open_scene(array.assign_coords({coordinate: ("band", ["red", "nir"])})).notes == ()


def test_bands_counted_in_a_unit_of_light_are_wavelengths():
    bands = ("band", [0.4435, 0.56], {"units": "um"})
    array = xarray.DataArray(np.ones((2, 3, 4)), {"band": bands}, ("band", "y", "x"))
    np.testing.assert_allclose(open_scene(array).wavelengths_nm, [443.5, 560])


def test_an_array_outside_memory_is_loaded_window_by_window():
    backend = RecordingArray(np.moveaxis(cube((50, 60, 6)), -1, 0))
    lazy = xarray.Variable(("band", "y", "x"), LazilyIndexedArray(backend))
    scene = open_scene(xarray.DataArray(lazy), drop_bands=[1])
    assert sum(backend.loaded) < cube((50, 60, 6)).size  # a look at some pixels
    backend.loaded.clear()
    np.testing.assert_array_equal(scene.read(Window(3, 4, 5, 7)), cube((50, 60, 6))[3:8, 4:11, 1:])
    assert sum(backend.loaded) == 5 * 7 * 5


def test_an_array_of_dask_is_loaded_window_by_window():
    dask_array = pytest.importorskip("dask.array", reason="dask is an extra of its own")
    touched = []

    def block(block_info=None):
        touched.append(block_info[None]["chunk-location"])
        return np.ones((6, 5, 5))

    chunks = ((6,), (5,) * 4, (5,) * 4)
    values = dask_array.map_blocks(block, chunks=chunks, dtype=float)
    scene = open_scene(xarray.DataArray(values, dims=("band", "y", "x")))
    touched.clear()
    scene.read(Window(5, 5, 5, 10))
    assert len(touched) == 2


@pytest.mark.parametrize("transform", [TRANSFORM, ROTATED], ids=["north-up", "rotated"])
def test_crs_and_transform_of_rioxarray_are_kept(tmp_path, transform):
    path = write_geotiff(tmp_path / "a.tif", cube(), transform=transform, nodata=8)
    array = rioxarray.open_rasterio(path)
    scene, expected = open_scene(array), open_scene(path)
    assert (scene.crs, scene.transform) == (CRS.from_epsg(UTM_33N), transform)
    np.testing.assert_array_equal(scene.read(), expected.read())


def test_a_cut_moves_the_transform(tmp_path):
    array = rioxarray.open_rasterio(write_geotiff(tmp_path / "a.tif", cube()))
    scene = open_scene(array.isel(y=slice(2, None), x=slice(3, None)))
    assert (scene.transform.c, scene.transform.f) == (TRANSFORM.c + 90, TRANSFORM.f - 60)


def test_scale_and_offset_attributes_are_applied():
    array = data_array(cube())
    array.attrs = {"scale_factor": 0.5, "add_offset": 2.0}
    np.testing.assert_allclose(open_scene(array).read(), cube() * 0.5 + 2)


def test_a_scene_survives_the_way_to_xarray_and_back(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube(), nodata=8)
    scene = open_scene(path, drop_bands=[2])
    array = to_xarray(scene)
    assert array.dims == ("band", "y", "x")
    assert array.band.values.tolist() == [1, 3, 4, 5, 6]
    assert array.x.values[0] == TRANSFORM.c + 15
    back = open_scene(array)
    assert (back.crs, back.transform, back.n_bands) == (scene.crs, scene.transform, 5)
    np.testing.assert_array_equal(back.read(), scene.read())


def test_wavelengths_survive_the_way_to_xarray_and_back():
    wavelengths = np.array([400, 500, 600, 700, 800, 900.0])
    scene = open_scene(data_array(cube(), wavelength=wavelengths), drop_bands=[1])
    array = to_xarray(scene)
    assert array.good.values.all()
    np.testing.assert_array_equal(open_scene(array).wavelengths_nm, wavelengths[1:])
    assert (open_scene(array).crs, open_scene(array).transform) == (None, None)


def test_a_rotated_transform_survives_the_way_to_xarray_and_back(tmp_path):
    scene = open_scene(write_geotiff(tmp_path / "a.tif", cube(), transform=ROTATED))
    assert open_scene(to_xarray(scene)).transform == ROTATED


def test_a_pickled_scene_reads_the_same():
    scene = open_scene(data_array(cube()))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(scene)).read(), cube())


def _twice(*dims):
    """An array of which two dimensions have one name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return xarray.DataArray(np.ones((3, 4, 3)), dims=dims)


@pytest.mark.parametrize(
    "array",
    [
        xarray.DataArray(np.ones((3, 4)), dims=("y", "x")),
        xarray.DataArray(np.ones((3, 4, 5)), dims=("a", "b", "c")),
        xarray.DataArray(np.ones((2, 3, 4, 5)), dims=("time", "band", "y", "x")),
        _twice("band", "y", "y"),
        _twice("", "band", ""),
    ],
)
def test_other_dimensions_are_refused(array):
    with pytest.raises(SceneError, match="expected band, y and x"):
        open_scene(array)


def test_complex_numbers_are_refused():
    with pytest.raises(SceneError, match="complex"):
        open_scene(data_array(cube().astype(complex)))


@pytest.mark.parametrize("coordinates", [[1, 2, 4, 8, 16], [1, 1, 1, 1, 1], [1, 2, np.nan, 4, 5]])
def test_pixels_that_are_not_evenly_spaced_are_refused(coordinates):
    array = xarray.DataArray(np.ones((3, 4, 5)), {"x": coordinates}, ("band", "y", "x"))
    with pytest.raises(SceneError, match="coordinates x are not evenly spaced"):
        open_scene(array)


def test_rounded_coordinates_count_as_evenly_spaced():
    longitudes = (12.9 + 0.0003 * np.arange(5)).astype(np.float32)
    array = xarray.DataArray(np.ones((3, 4, 5)), {"x": longitudes}, ("band", "y", "x"))
    assert open_scene(array).n_bands == 3


def test_scales_offsets_and_wavelengths_by_band_of_rioxarray_are_used(tmp_path):
    path = write_geotiff(tmp_path / "a.tif", cube((2, 3, 2)))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.5, 0.1), (1, 2)
        dataset.descriptions = ("band 1 (450 nm)", "band 2 (2300 nm)")
    scene = open_scene(rioxarray.open_rasterio(path))
    np.testing.assert_allclose(scene.read(), open_scene(path).read())
    np.testing.assert_array_equal(scene.wavelengths_nm, [450, 2300])
    cut = rioxarray.open_rasterio(path)[:1]
    with pytest.raises(SceneError, match="'scales' has 2 entries for 1 bands"):
        open_scene(cut)


@pytest.mark.parametrize("dims", [("downtrack", "crosstrack", "bands"), ("y", "x", "band")])
def test_a_swath_is_refused_with_the_way_out(dims):
    array = xarray.DataArray(cube((5, 7, 6)), dims=dims)
    if "y" in dims:
        array = array.assign_coords(lon=(("y", "x"), np.random.default_rng(0).random((5, 7))))
    with pytest.raises(SceneError, match="it is a swath, whose pixels lie on no grid: open the"):
        open_scene(array)


def test_a_longitude_beside_the_coordinates_of_a_grid_is_no_swath():
    lon = (("y", "x"), np.zeros((5, 7)))
    places = {"y": np.arange(5) * -30.0, "x": np.arange(7) * 30.0, "lon": lon}
    assert open_scene(data_array(cube((5, 7, 6))).assign_coords(places)).shape == (5, 7)
