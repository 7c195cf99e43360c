"""Tanager and NEON: HDF5 files of one cube each, with their own places for everything."""

import h5py
import numpy as np
import pytest
from affine import Affine
from fake_products import ramp, write_tanager

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.open import open_scene

CUBE = ramp(4, 6, 5).transpose(2, 0, 1)


def test_the_grid_of_tanager_is_read(tmp_path):
    scene = open_scene(write_tanager(tmp_path / "a.h5", CUBE))
    np.testing.assert_array_equal(scene.read(), CUBE.transpose(1, 2, 0))
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(400, 2400, 5))
    np.testing.assert_array_equal(scene.fwhm_nm, np.full(5, 5.5))
    assert scene.crs.to_epsg() == 32750
    assert scene.transform == Affine(30, 0, 300000, 0, -30, 6600000)
    assert scene.nodata == -9999


def test_masks_of_tanager_hide_pixels(tmp_path):
    cloud, nodata = np.zeros((4, 6)), np.zeros((4, 6))
    cloud[1, 2], cloud[0, 0], nodata[0, 1] = 1, 255, 1
    path = write_tanager(tmp_path / "a.h5", CUBE, beta_cloud_mask=cloud, nodata_pixels=nodata)
    with pytest.warns(HsidiffWarning, match=r"hide 1 of 24 pixels \(cloud 1\)"):
        scene = open_scene(path)
    hidden = np.argwhere(np.isnan(scene.read()[..., 0])).tolist()
    assert hidden == [[0, 1], [1, 2]]
    bare = open_scene(path, apply_masks=False)
    assert np.argwhere(np.isnan(bare.read()[..., 0])).tolist() == [[0, 1]]


def test_good_wavelengths_are_an_attribute_of_the_cube(tmp_path):
    path = write_tanager(tmp_path / "a.h5", CUBE)
    with h5py.File(path, "a") as file:
        cube = file["HDFEOS/GRIDS/HYP/Data Fields/surface_reflectance"]
        cube.attrs["good_wavelengths"] = np.array([1, 0, 1, 1, 1], "u1")
    assert open_scene(path).band_indices.tolist() == [0, 2, 3, 4]


def test_another_array_of_tanager_is_chosen_by_name(tmp_path):
    path = write_tanager(tmp_path / "a.h5", CUBE)
    with h5py.File(path, "a") as file:
        file["HDFEOS/GRIDS/HYP/Data Fields/toa_radiance"] = 2 * CUBE
    assert open_scene(path, variable="toa_radiance").read()[0, 0, 1] == 2 * CUBE[1, 0, 0]


def test_a_basic_scene_of_tanager_is_refused_with_the_way_out(tmp_path):
    path = write_tanager(tmp_path / "a.h5", CUBE, kind="SWATHS")
    with pytest.raises(SceneError, match=r"basic Tanager scene.*get the orthorectified product"):
        open_scene(path)


def test_a_tanager_file_without_a_cube_lists_what_it_holds(tmp_path):
    path = write_tanager(tmp_path / "a.h5", CUBE, beta_cloud_mask=np.zeros((4, 6)))
    with h5py.File(path, "a") as file:
        del file["HDFEOS/GRIDS/HYP/Data Fields/surface_reflectance"]
    with pytest.raises(SceneError, match="beta_cloud_mask 4x6"):
        open_scene(path)


def write_neon(path, info="UTM, 1.000, 1.000, 500000.0, 4100000.0, 1.0, 1.0, 11, North, WGS-84"):
    with h5py.File(path, "w") as file:
        group = file.create_group("SJER/Reflectance")
        cube = group.create_dataset("Reflectance_Data", data=(1000 * ramp(4, 6, 5)).astype("i2"))
        cube.attrs.update({"Scale_Factor": 10000.0, "Data_Ignore_Value": -9999.0})
        group["Metadata/Spectral_Data/Wavelength"] = np.linspace(383.0, 2510.0, 5)
        group["Metadata/Spectral_Data/Wavelength"].attrs["Units"] = "nanometers"
        group["Metadata/Spectral_Data/FWHM"] = np.full(5, 5.8)
        group["Metadata/Coordinate_System/Map_Info"] = info
    return path


def test_a_scene_of_neon_is_read(tmp_path):
    scene = open_scene(write_neon(tmp_path / "NEON_D17_SJER_DP3_reflectance.h5"))
    np.testing.assert_allclose(scene.read(), (1000 * ramp(4, 6, 5)).astype("i2") / 10000, rtol=1e-6)
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(383.0, 2510.0, 5))
    np.testing.assert_allclose(scene.fwhm_nm, 5.8)
    assert scene.crs.to_epsg() == 32611
    assert scene.transform == Affine(1, 0, 500000, 0, -1, 4100000)
    assert scene.nodata == -9999


def test_the_code_of_neon_comes_before_its_map_info(tmp_path):
    path = write_neon(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        file["SJER/Reflectance/Metadata/Coordinate_System/EPSG Code"] = "32610"
    assert open_scene(path).crs.to_epsg() == 32610


def test_neon_without_a_map_info_has_no_place(tmp_path):
    assert open_scene(write_neon(tmp_path / "a.h5", info="Arbitrary")).transform is None
