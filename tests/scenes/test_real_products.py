"""The products' fixtures that others made: each number against a reading of its own."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from affine import Affine

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.open import open_scene

pytestmark = pytest.mark.real_data


@pytest.fixture
def folder(real_data: Path) -> Path:
    return real_data / "sensors" / "synthetic"


def one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def test_emit_equals_a_gather_by_the_table(folder):
    path = one(folder, "EMIT_*")
    scene = open_scene(path)
    with h5py.File(path) as file:
        cube, glt_x, glt_y = (
            file[name][()] for name in ("reflectance", "location/glt_x", "location/glt_y")
        )
    expected = np.full((18, 16, 20), np.nan, "f4")
    for row, col in np.argwhere(glt_x != 0).tolist():
        spectrum = cube[glt_y[row, col] - 1, glt_x[row, col] - 1]
        if spectrum[0] != -9999:
            expected[row, col] = spectrum
    good = [band for band in range(20) if band not in (12, 13)]
    np.testing.assert_array_equal(scene.read(), expected[..., good])
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(381, 2493, 20)[good], rtol=1e-6)
    assert scene.crs.to_epsg() == 4326
    assert scene.transform == Affine(5.4223e-4, 0, 61.6, 0, -5.4223e-4, 36.4)
    assert np.isfinite(scene.read()).all(axis=-1).sum() == 119


def test_prisma_is_merged(folder):
    path = one(folder, "PRS_*")
    scene = open_scene(path)
    vnir = np.linspace(978.0, 406.0, 66)[:63]
    swir = np.linspace(2497.0, 943.0, 173)[2:]
    wanted = np.sort(np.append(vnir[vnir < 943.0], swir))
    assert scene.n_bands == 230
    np.testing.assert_allclose(scene.wavelengths_nm, wanted, rtol=1e-6)
    with h5py.File(path) as file:
        fields = file["HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields"]
        first = fields["VNIR_Cube"][:, 62, :] * (0.9 / 65535)
        last = fields["SWIR_Cube"][:, 2, :] * (0.8 / 65535)
    values = scene.read()
    np.testing.assert_array_equal(np.argwhere(np.isnan(values[..., 0])), [[0, 0]])
    first[0, 0] = last[0, 0] = np.nan
    np.testing.assert_allclose(values[..., 0], first, rtol=1e-5)
    np.testing.assert_allclose(values[..., -1], last, rtol=1e-5)
    assert scene.crs.to_epsg() == 32633
    assert scene.transform == Affine(30, 0, 352740, 0, -30, 5987250)


def test_tanager_ortho_is_read_and_basic_refused(folder):
    path = one(folder, "*_ortho_sr_hdf5.h5")
    scene = open_scene(path)
    good = [band for band in range(20) if band not in (12, 13)]
    with h5py.File(path) as file:
        cube = file["HDFEOS/GRIDS/HYP/Data Fields/surface_reflectance"][good]
    expected = np.where(cube == -9999, np.nan, cube).transpose(1, 2, 0)
    np.testing.assert_array_equal(scene.read(), expected)
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(377, 2500, 20)[good], rtol=1e-6)
    assert scene.crs.to_epsg() == 32750
    assert scene.transform == Affine(30, 0, 312960, 0, -30, 6624060)
    with pytest.raises(SceneError, match="swath"):
        open_scene(one(folder, "*_basic_sr_hdf5.h5"))


def test_aviris_3_is_read(folder):
    path = one(folder, "AV3*")
    scene = open_scene(path)
    with h5py.File(path) as file:
        cube = file["reflectance/reflectance"][()]
    expected = np.where(cube == -9999, np.nan, cube).transpose(1, 2, 0)
    np.testing.assert_array_equal(scene.read(), expected)
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(376.8, 2500, 20))
    np.testing.assert_array_equal(scene.fwhm_nm, np.full(20, 7.5))
    assert scene.crs.to_epsg() == 32611
    assert scene.transform == Affine(4.6, 0, 363000, 0, -4.6, 3780000)


def test_enmap_is_read_without_its_empty_bands_and_clouds(folder):
    product = one(folder, "ENMAP*")
    with pytest.warns(HsidiffWarning, match="hide 10 of 120"):
        scene = open_scene(product)
    with rasterio.open(one(product, "*-SPECTRAL_IMAGE.TIF")) as dataset:
        cube = np.moveaxis(dataset.read(), 0, -1)
    good = [band for band in range(30) if band not in (18, 19)]
    expected = cube[..., good] * 1e-4
    expected[np.eye(12, 10, dtype=bool)] = np.nan  # its corner without value is among them
    np.testing.assert_allclose(scene.read(), expected, rtol=1e-5)
    np.testing.assert_allclose(
        scene.wavelengths_nm, np.linspace(418.4, 2445.5, 30)[good], atol=1e-3
    )
    assert scene.crs.to_epsg() == 32633
    assert scene.transform == Affine(30, 0, 365055, 0, -30, 5807085)


def test_desis_is_read_with_its_gains(folder):
    product = one(folder, "DESIS*")
    scene = open_scene(product)
    with rasterio.open(one(product, "*.tif")) as dataset:
        expected = np.moveaxis(dataset.read(), 0, -1) * 1e-4
    expected[0, 0] = np.nan
    np.testing.assert_allclose(scene.read(), expected, rtol=1e-5)
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(401.9, 999.5, 20), atol=1e-4)
    assert scene.crs.to_epsg() == 32611
