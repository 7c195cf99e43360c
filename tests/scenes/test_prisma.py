"""PRISMA L2D: detectors, scale, error matrix, corners."""

import pickle

import h5py
import numpy as np
import pytest
from affine import Affine
from fake_products import write_prisma

from hsidiff.errors import SceneError
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

ROWS, COLS, N_VNIR, N_SWIR = 5, 7, 12, 20
VNIR_NM = np.linspace(980.0, 400.0, N_VNIR).astype("f4")
SWIR_NM = np.linspace(2500.0, 940.0, N_SWIR).astype("f4")


def cubes():
    generator = np.random.default_rng(0)
    return tuple(
        generator.integers(1, 65536, (ROWS, n, COLS), dtype="u2") for n in (N_VNIR, N_SWIR)
    )


def by_wavelength(vnir, swir):
    """Wavelength to its reflectance (rows, cols), by the formula of the product."""
    values = {}
    for nm, band in zip(VNIR_NM, vnir.transpose(1, 0, 2), strict=True):
        if nm < SWIR_NM.min():
            values[float(nm)] = 0.0 + band.astype(float) * (0.9 - 0.0) / 65535
    for nm, band in zip(SWIR_NM, swir.transpose(1, 0, 2), strict=True):
        values[float(nm)] = 0.1 + band.astype(float) * (0.8 - 0.1) / 65535
    return values


def test_detectors_are_merged_by_wavelength_each_with_its_scale(tmp_path):
    vnir, swir = cubes()
    scene = pickle.loads(pickle.dumps(open_scene(write_prisma(tmp_path / "a.he5", vnir, swir))))
    expected = by_wavelength(vnir, swir)
    np.testing.assert_array_equal(scene.wavelengths_nm, sorted(expected))
    assert scene.n_bands == N_VNIR + N_SWIR - 1  # 980 nm alone lies beyond 940 nm
    values = scene.read()
    for nm, band in zip(scene.wavelengths_nm, np.moveaxis(values, -1, 0), strict=True):
        np.testing.assert_allclose(band, expected[nm], rtol=1e-5)
    window = Window(1, 2, 3, 4)
    np.testing.assert_array_equal(scene.read(window), values[window.slices])
    np.testing.assert_array_equal(np.unique(scene.fwhm_nm), [10.0, 11.0])


def test_unused_slots_are_left_out(tmp_path):
    flags = np.ones(N_SWIR, "u1")
    flags[3] = 0
    unused = VNIR_NM.copy()
    unused[-2:] = 0
    path = write_prisma(tmp_path / "a.he5", *cubes(), List_Cw_Vnir=unused, List_Cw_Swir_Flags=flags)
    wavelengths = open_scene(path).wavelengths_nm
    assert wavelengths.size == N_VNIR + N_SWIR - 1 - 3
    assert SWIR_NM[3] not in wavelengths
    assert (np.diff(wavelengths) > 0).all()


def test_zero_in_all_bands_is_outside_and_zero_in_one_is_a_value(tmp_path):
    vnir, swir = cubes()
    vnir[0, :, 0], swir[0, :, 0] = 0, 0
    vnir[1, 4, 1] = 0
    scene = open_scene(write_prisma(tmp_path / "a.he5", vnir, swir))
    valid = np.isfinite(scene.read()).all(axis=-1)
    assert not valid[0, 0]
    assert valid.sum() == ROWS * COLS - 1
    # Nor does it count which bands are asked for: here the one that is 0.
    band = int(np.flatnonzero(scene.wavelengths_nm == VNIR_NM[4])[0])
    others = [number + 1 for number in range(scene.n_bands) if number != band]
    assert np.isfinite(scene.without_bands(others).read()).sum() == ROWS * COLS - 1


def errors(*entries):
    """Error matrices with (detector, row, slot, col, kind) set."""
    both = (np.zeros((ROWS, N_VNIR, COLS), "u1"), np.zeros((ROWS, N_SWIR, COLS), "u1"))
    for detector, row, slot, col, kind in entries:
        both[detector][row, slot, col] = kind
    return both


def test_the_error_matrix_hides_invalid_and_saturated_numbers(tmp_path):
    given = errors((0, 1, 5, 1, 1), (1, 2, 8, 2, 3), (1, 3, 8, 3, 4), (1, 4, 8, 4, 2))
    path = write_prisma(tmp_path / "a.he5", *cubes(), errors=given)
    scene = open_scene(path)
    hidden = np.argwhere(np.isnan(scene.read()).all(axis=-1)).tolist()
    assert hidden == [[1, 1], [2, 2], [3, 3]]  # a negative number stays
    assert any("error matrix applied" in note for note in scene.notes)
    bare = open_scene(path, apply_masks=False)
    assert np.isfinite(bare.read()).all()
    assert any("not applied: error matrix" in note for note in bare.notes)


def test_a_band_that_is_mostly_wrong_is_left_out(tmp_path):
    given = errors()
    given[1][:, 6, : COLS - 1] = 1
    scene = open_scene(write_prisma(tmp_path / "a.he5", *cubes(), errors=given))
    assert SWIR_NM[6] not in scene.wavelengths_nm
    assert np.isfinite(scene.read()).all()
    assert any("by the error matrix in most pixels: " in note for note in scene.notes)


def test_corners_are_centres_of_pixels(tmp_path):
    scene = open_scene(write_prisma(tmp_path / "a.he5", *cubes()))
    assert scene.crs.to_epsg() == 32632
    assert scene.transform == Affine(30, 0, 600000, 0, -30, 5000000)


def test_corners_that_fit_as_outer_ones_only_are_taken_so(tmp_path):
    outer = {
        "Product_ULcorner_easting": 600000.0, "Product_URcorner_easting": 600000.0 + 30 * COLS,
        "Product_ULcorner_northing": 5000000.0, "Product_LLcorner_northing": 5000000.0 - 30 * ROWS,
    }  # fmt: skip
    scene = open_scene(write_prisma(tmp_path / "a.he5", *cubes(), **outer))
    assert scene.transform == Affine(30, 0, 600000, 0, -30, 5000000)


def test_without_corners_and_code_there_is_no_place(tmp_path):
    gone = {"Epsg_Code": None, "Product_ULcorner_easting": None}
    scene = open_scene(write_prisma(tmp_path / "a.he5", *cubes(), **gone))
    assert scene.crs is None
    assert scene.transform is None


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("L2ScaleSwirMax", None, "L2ScaleSwirMax is absent"),
        ("List_Cw_Vnir", None, "List_Cw_Vnir holds no numbers"),
        ("List_Cw_Swir", VNIR_NM, "List_Cw_Swir holds 12 numbers for 20 bands"),
    ],
)
def test_what_a_scene_needs_is_asked_for(tmp_path, attribute, value, message):
    path = write_prisma(tmp_path / "a.he5", *cubes(), **{attribute: value})
    with pytest.raises(SceneError, match=message):
        open_scene(path)


def test_other_levels_are_refused_as_swaths(tmp_path):
    path = tmp_path / "PRS_L2C_STD.he5"
    with h5py.File(path, "w") as file:
        file["HDFEOS/SWATHS/PRS_L2C_HCO/Data Fields/VNIR_Cube"] = cubes()[0]
    with pytest.raises(SceneError, match=r"no PRISMA L2D but holds PRS_L2C_HCO.*swath"):
        open_scene(path)


def test_cubes_of_different_sizes_are_refused(tmp_path):
    vnir, swir = cubes()
    path = write_prisma(tmp_path / "a.he5", vnir, swir[:3])
    with pytest.raises(SceneError, match="expected two of the same rows and columns"):
        open_scene(path)
