"""Products on the command line: what was applied is said, and masks can be switched off."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from rasterio.crs import CRS

from command_line import Run


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A Tanager scene of which a row lies under a cloud."""
    generator = np.random.default_rng(0)
    path = tmp_path / "20240925_185504_87_4001_ortho_sr_hdf5.h5"
    with h5py.File(path, "w") as file:
        fields = file.create_group("HDFEOS/GRIDS/HYP/Data Fields")
        cube = fields.create_dataset("surface_reflectance", data=generator.random((6, 12, 12)))
        cube.attrs["wavelengths"] = np.linspace(400.0, 2400.0, 6)
        cube.attrs["good_wavelengths"] = np.array([1, 1, 0, 1, 1, 1])
        cloud = np.zeros((12, 12), "u1")
        cloud[3] = 1
        fields["beta_cloud_mask"] = cloud
    return path


def test_info_says_what_was_applied(run: Run, product: Path) -> None:
    ended = run("info", product)
    assert ended.exit_code == 0, ended.err
    assert "note: 20240925" in ended.err
    assert (
        "hide 12 of 144 pixels (cloud 12): apply_masks=False (--no-masks) reads them" in ended.err
    )
    assert "\nnotes              bands left out, as good_wavelengths says: 3\n" in ended.out
    bare = json.loads(run("info", product, "--no-masks", "--json").out)
    assert bare["notes"][1] == "masks that are not applied: cloud"
    assert bare["unused_bands"] == "3"


def test_a_map_and_a_prediction_leave_out_what_is_hidden(
    run: Run, product: Path, tmp_path: Path
) -> None:
    labels = np.zeros((12, 12), dtype=np.uint8)
    labels[:, :6], labels[:, 6:] = 1, 2
    np.save(tmp_path / "labels.npy", labels)
    words = ("--method", "lda", "--split", "random", "-o", tmp_path / "out", "--json")
    ended = run("map", product, tmp_path / "labels.npy", *words)
    assert ended.exit_code == 0, ended.err
    result = json.loads(ended.out)
    assert result["n_train"] + result["n_test"] == 132
    assert "12 of 144 labels lie on pixels without value" in ended.err
    assert "bands left out, as good_wavelengths says: 3" in result["scene"]["notes"]
    for words, n_invalid in (((), 12), (("--no-masks",), 0)):
        ended = run("predict", tmp_path / "out/model", product, "-o", tmp_path / "m.tif", *words)
        assert ended.exit_code == 0, ended.err
        assert (f"{n_invalid} pixels" in ended.out) == bool(n_invalid)


def test_a_scene_of_several_cubes_is_chosen_by_name(run: Run, product: Path) -> None:
    with h5py.File(product.with_name("two.nc"), "w") as file:
        file["a"], file["b"] = np.ones((6, 4, 5)), np.zeros((6, 4, 5))
        file["wavelength"] = np.linspace(400.0, 2400.0, 6)
    refused = run("info", product.with_name("two.nc"))
    assert refused.exit_code == 2
    assert "several cubes with wavelengths: a 6x4x5, b 6x4x5: choose one with" in refused.err
    assert run("info", product.with_name("two.nc"), "--scene-variable", "b").exit_code == 0


def test_leakage_counts_the_labels_that_a_map_would(
    run: Run, product: Path, tmp_path: Path
) -> None:
    labels = np.zeros((12, 12), dtype=np.uint8)
    labels[:, :6], labels[:, 6:] = 1, 2
    np.save(tmp_path / "labels.npy", labels)
    words = ("leakage", tmp_path / "labels.npy", "--split", "random", "--json")
    for more, n_labels in (((), 144), (("--scene", product), 132),
                           (("--scene", product, "--no-masks"), 144)):  # fmt: skip
        answer = json.loads(run(*words, *more).out)
        assert answer["n_train"] + answer["n_test"] == n_labels


def write_small_emit(path: Path) -> np.ndarray:
    """A swath of 14 x 12 pixels; its map shows each twice. Gives the column of each cell."""
    swath = np.random.default_rng(0).random((14, 12, 5)).astype("f4")
    swath[:, 6:] += 1
    rows, cols = np.indices((14, 24))
    with h5py.File(path, "w") as file:
        file.attrs["spatial_ref"] = CRS.from_epsg(4326).to_wkt()
        file.attrs["geotransform"] = np.array([61.5, 5e-4, 0.0, 36.5, 0.0, -5e-4])
        file["reflectance"] = swath
        file["sensor_band_parameters/wavelengths"] = np.linspace(400.0, 2400.0, 5)
        file["location/glt_x"] = (cols // 2 + 1).astype("i4")
        file["location/glt_y"] = (rows + 1).astype("i4")
    return cols // 2


def test_labels_on_copies_of_a_measured_pixel_count_once_in_an_assessment(
    run: Run, tmp_path: Path
) -> None:
    scene, labels, out = tmp_path / "emit.nc", tmp_path / "labels.npy", tmp_path / "out"
    np.save(labels, np.where(write_small_emit(scene) < 6, 1, 2).astype(np.uint8))
    ended = run("map", scene, labels, "--method", "lda", "--validate", "none", "-o", out)
    assert ended.exit_code == 0, ended.err
    ended = run("predict", out / "model", scene, "-o", tmp_path / "m.tif")
    assert ended.exit_code == 0, ended.err
    for map_path, words, n_scored in (
        (tmp_path / "m.tif", (), 14 * 24),
        (tmp_path / "m.tif", ("--scene", scene), 14 * 12),
        (out / "map.tif", (), 14 * 12),  # run.json beside it names the scene
    ):
        ended = run("evaluate", map_path, labels, *words, "--json")
        assert ended.exit_code == 0, ended.err
        assert json.loads(ended.out)["n_scored"] == n_scored
    np.save(tmp_path / "other.npy", np.ones((3, 4, 5), "f4"))
    refused = run("evaluate", tmp_path / "m.tif", labels, "--scene", tmp_path / "other.npy")
    assert refused.exit_code == 2
    assert "is (3, 4) (rows, cols), the map" in refused.error
