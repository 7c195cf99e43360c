"""EMIT L2A: the map of the swath, masks, bands, and what goes wrong."""

import pickle
import shutil

import h5py
import numpy as np
import pytest
from affine import Affine
from fake_products import lookup_table, ramp, write_emit, write_emit_mask

from hsidiff.errors import HsidiffWarning, SceneError
from hsidiff.scenes.formats.products import emit
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

NAME = "EMIT_L2A_RFL_001_20220827T060753_0000000_000.nc"
SWATH, GLT = ramp(13, 11, 6), lookup_table((13, 11))


def gathered(swath, glt_x, glt_y):
    """The map by a plain loop over its cells."""
    expected = np.full((*glt_x.shape, swath.shape[2]), np.nan, "f4")
    for cell in np.ndindex(glt_x.shape):
        if glt_x[cell] and glt_y[cell]:
            expected[cell] = swath[abs(glt_y[cell]) - 1, abs(glt_x[cell]) - 1]
    return expected


@pytest.fixture
def path(tmp_path):
    return write_emit(tmp_path / NAME, SWATH, GLT)


def test_the_map_equals_a_plain_gather_by_the_table(path):
    scene = open_scene(path)
    expected = gathered(SWATH, *GLT)
    np.testing.assert_array_equal(scene.read(), expected)
    assert scene.crs.to_epsg() == 4326
    assert scene.transform == Affine(5e-4, 0, 61.5, 0, -5e-4, 36.5)
    np.testing.assert_allclose(scene.wavelengths_nm, np.linspace(400, 2400, 6))
    np.testing.assert_array_equal(scene.fwhm_nm, np.full(6, 8.5))


def test_windows_equal_slices_also_after_pickling(path):
    scene = pickle.loads(pickle.dumps(open_scene(path)))
    whole = scene.read()
    for window in (Window(3, 5, 7, 2), Window(0, 0, *scene.shape), Window(14, 0, 1, 30)):
        np.testing.assert_array_equal(scene.read(window), whole[window.slices])


def test_strips_of_the_swath_give_the_same_map(path, monkeypatch):
    whole = open_scene(path).read()
    monkeypatch.setattr(emit, "_STRIP_BYTES", 1)  # one row at a time
    np.testing.assert_array_equal(open_scene(path).read(), whole)


def test_negative_entries_are_filled_in_and_the_fill_number_is_none(tmp_path):
    glt_x, glt_y = (table.copy() for table in GLT)
    inside = np.flatnonzero(glt_x)
    glt_x.flat[inside[:5]] *= -1
    glt_y.flat[inside[:5]] *= -1
    expected = gathered(SWATH, glt_x, glt_y)
    glt_x[glt_x == 0] = -9999
    scene = open_scene(write_emit(tmp_path / NAME, SWATH, (glt_x, glt_y)))
    np.testing.assert_array_equal(scene.read(), expected)


def test_a_cell_of_fill_is_invalid_and_deep_water_bands_are_left_out(tmp_path):
    swath = SWATH.copy()
    swath[4, 5] = -9999
    swath[:, :, 2] = -0.01
    scene = open_scene(write_emit(tmp_path / NAME, swath, GLT, good=[1, 1, 0, 241, 1, 1]))
    assert scene.band_indices.tolist() == [0, 1, 3, 4, 5]
    assert "bands left out, as good_wavelengths says: 3" in scene.notes
    holes = (GLT[0] == 6) & (GLT[1] == 5)
    assert holes.any()
    np.testing.assert_array_equal(np.isnan(scene.read()[..., 0]), holes | (GLT[0] == 0))


def test_the_scene_says_which_cells_are_copies(path):
    scene = open_scene(path)
    pixels = scene.source_pixels()
    inside = GLT[0] > 0
    np.testing.assert_array_equal(pixels[inside], ((GLT[1] - 1) * 11 + GLT[0] - 1)[inside])
    assert (pixels[~inside] == -1).all()
    n_copies = inside.sum() - np.unique(pixels[inside]).size
    assert n_copies > 0.3 * np.unique(pixels[inside]).size
    assert f"{n_copies} of them a copy" in scene.notes[0]


def flags(**places):
    """Flags of a mask in the order of the product, each set at one pixel of the swath."""
    names = ("Cloud flag", "Cirrus flag", "Water flag", "Spacecraft Flag", "Dilated Cloud Flag")
    layers = {name: np.zeros(SWATH.shape[:2]) for name in (*names, "AOD550", "H2O", "Aggregate")}
    layers["AOD550"] += 1.0  # a depth, and no flag
    for name, place in places.items():
        layers[name][place] = 1
    return layers


@pytest.mark.parametrize("named", [True, False])
def test_the_mask_beside_it_hides_clouds_and_not_water(path, named):
    layers = flags(**{"Cloud flag": (3, 3), "Spacecraft Flag": (4, 4), "Water flag": (5, 5)})
    write_emit_mask(path.with_name(NAME.replace("_RFL_", "_MASK_")), layers, named)
    with pytest.warns(HsidiffWarning, match=r"hide \d+ of .* pixels \(cloud .*--no-masks"):
        scene = open_scene(path)
    hidden = np.isin(scene.source_pixels(), [3 * 11 + 3, 4 * 11 + 4])
    assert hidden.any()
    np.testing.assert_array_equal(np.isnan(scene.read()[..., 0]), hidden | (GLT[0] == 0))
    bare = open_scene(path, apply_masks=False)
    assert any("not applied: EMIT_L2A_MASK" in note for note in bare.notes)
    np.testing.assert_array_equal(bare.read(), gathered(SWATH, *GLT))


def test_a_mask_of_another_order_is_understood_by_its_names(path):
    layers = {name: np.zeros(SWATH.shape[:2]) for name in ("Water Flag", "SpecTf-Cloud Flag")}
    layers["Water Flag"][:] = 1
    layers["SpecTf-Cloud Flag"][0, 0] = 1
    write_emit_mask(path.with_name(NAME.replace("_RFL_", "_MASK_")), layers)
    with pytest.warns(HsidiffWarning, match="cloud \\(SpecTf\\)"):
        scene = open_scene(path)
    assert np.isfinite(scene.read()).any()


def test_the_mask_of_another_swath_is_refused(path):
    write_emit_mask(
        path.with_name(NAME.replace("_RFL_", "_MASK_")), {"Cloud flag": np.zeros((5, 5))}
    )
    with pytest.raises(SceneError, match="mask of another swath: remove it"):
        open_scene(path)
    np.testing.assert_array_equal(open_scene(path, apply_masks=False).read(), gathered(SWATH, *GLT))


def test_a_mirrored_table_is_undone_and_said(tmp_path):
    glt_x, glt_y = GLT
    mirrored = np.where(glt_x > 0, 12 - glt_x, 0)
    path = write_emit(tmp_path / NAME, SWATH, (mirrored, glt_y), build="010613")
    with pytest.warns(HsidiffWarning, match="from the other side of the swath"):
        scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(), gathered(SWATH, glt_x, glt_y))


def test_a_scene_without_attributes_has_no_place(tmp_path):
    path = write_emit(tmp_path / NAME, SWATH, GLT)
    with h5py.File(path, "a") as file:
        for name in list(file.attrs):
            del file.attrs[name]
        del file["sensor_band_parameters/good_wavelengths"], file["reflectance"].attrs["_FillValue"]
    scene = open_scene(path)
    assert scene.crs is None
    assert scene.transform is None
    assert scene.n_bands == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x * 0, y * 0), "lookup table is empty"),
        (lambda x, y: (x * 2, y), "points beyond the swath of 13 x 11"),
        (lambda x, y: (x[:3], y), "expected two of the same rows and columns"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, change, message):
    path = write_emit(tmp_path / NAME, SWATH, change(*GLT))
    with pytest.raises(SceneError, match=message):
        open_scene(path)


def test_a_swath_without_a_table_is_refused_with_the_way_out(path):
    with h5py.File(path, "a") as file:
        del file["location"]
    with pytest.raises(SceneError, match=r"this is a swath.*get the orthorectified product"):
        open_scene(path)


def test_a_file_of_masks_is_no_scene(tmp_path, path):
    mask = write_emit_mask(tmp_path / "EMIT_L2A_MASK_001.nc", flags())
    with h5py.File(path) as source, h5py.File(mask, "a") as file:
        source.copy("location", file)
    with pytest.raises(SceneError, match=r"holds no reflectance or radiance.*mask 13x11x8"):
        open_scene(mask)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_file_is_one_line(path, share):
    cut = path.with_name("cut.nc")
    shutil.copy(path, cut)
    with cut.open("rb+") as stream:
        stream.truncate(int(share * path.stat().st_size))
    with pytest.raises(SceneError, match="copy or download it again") as error:
        open_scene(cut)
    assert "\n" not in str(error.value)
