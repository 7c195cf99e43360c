"""Real scenes in the formats that their makers gave them."""

import pickle
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import rasterio
from fake_files import listing
from scipy.io import loadmat

from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

pytestmark = pytest.mark.real_data


class Expected(NamedTuple):
    """What is known of a scene; wavelengths are the first and the last of the range, in nm."""

    file: str
    shape: tuple[int, int, int]
    n_bands: int
    epsg: int | None = None
    corner: tuple[float, float, float] | None = None
    range_nm: tuple[float, float] | None = None
    value_range: tuple[float, float] | None = None


SCENES = [
    Expected("salinas-a/SalinasA_corrected.mat", (83, 86, 204), 204, value_range=(-9, 8373)),
    Expected("salinas-a/salinasA.mat", (83, 86, 224), 224, value_range=(-9, 8373)),
    Expected(
        "enmap-potsdam/enmap_potsdam.tif", (192, 160, 224), 218,
        32633, (30, 364095, 5809965), (418.24, 2445.53), (-0.0496, 1.0439),
    ),
    Expected(
        "berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq", (100, 67, 111), 111,
        32633, (9, 383851.349, 5819308.225), (455.4, 2446.5), (0, 0.5206),
    ),
    Expected(
        "berlin-enmap-simulated/EnMAP_BerlinUrbanGradient.bsq", (80, 60, 177), 177,
        32633, (30, 383472.37, 5818302.35), (460, 2409), (21, 5218),
    ),
    Expected(
        "dlr-hysu/Full.tif", (86, 123, 135), 135,
        32632, (0.7, 669639.6, 5328106.0), (417.4, 902.79), (0.0093, 0.8141),
    ),
    Expected(
        "emit-fixture/emit20250324t221005_jpl_unmix_ex", (10, 10, 285), 244,
        range_nm=(381.0, 2492.92), value_range=(0.0169, 0.3978),
    ),
    Expected("matlab-v73/MUUFL.mat", (100, 100, 64), 64, value_range=(0, 1)),
    Expected(
        "nan-fixture/salton_sea_roi.mat", (51, 56, 224), 204,
        range_nm=(365.9, 2496.2), value_range=(0, 0.6944),
    ),
    Expected("indian-pines-twin/indian_pines_twin.npz", (145, 145, 200), 200),
]  # fmt: skip


@pytest.fixture(params=SCENES, ids=[expected.file.split("/")[1] for expected in SCENES])
def expected(request) -> Expected:
    return request.param


def test_a_scene_is_as_its_description_says(real_data: Path, expected: Expected):
    scene = open_scene(real_data / expected.file)
    assert scene.source.shape == expected.shape
    assert scene.n_bands == expected.n_bands
    assert (scene.crs and scene.crs.to_epsg()) == expected.epsg
    if expected.corner is None:
        assert scene.transform is None
    else:
        size, left, top = expected.corner
        assert tuple(scene.transform)[:6] == (size, 0, left, 0, -size, top)
    values = scene.read()
    if expected.value_range is not None:
        found = np.nanmin(values), np.nanmax(values)
        np.testing.assert_allclose(found, expected.value_range, rtol=1e-4, atol=6e-5)
    if expected.range_nm is None:
        assert scene.wavelengths_nm is None
    else:
        found = scene.wavelengths_nm.min(), scene.wavelengths_nm.max()
        np.testing.assert_allclose(found, expected.range_nm, rtol=1e-4)


def test_a_window_equals_the_slice_of_the_whole_also_after_pickling(
    real_data: Path, expected: Expected
):
    scene = open_scene(real_data / expected.file)
    whole = scene.read()
    scene = pickle.loads(pickle.dumps(scene))
    rows, cols = scene.shape
    for window in [Window(3, 2, 5, 7), Window(rows - 1, 0, 1, cols), Window(0, cols - 2, rows, 2)]:
        np.testing.assert_array_equal(scene.read(window), whole[window.slices])


def test_opening_and_reading_leave_the_folder_as_it_was(
    real_data: Path, expected: Expected, tmp_path: Path
):
    original = (real_data / expected.file).parent
    copied = Path(shutil.copytree(original, tmp_path / "copy"))
    before = listing(copied)
    open_scene(copied / Path(expected.file).name).read()
    assert listing(copied) == before


@pytest.mark.parametrize(
    "file",
    [
        "berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq",
        "emit-fixture/emit20250324t221005_jpl_unmix_ex",
    ],
)
def test_envi_pixels_and_georeference_equal_those_of_gdal(real_data: Path, file: str):
    scene = open_scene(real_data / file)
    with rasterio.open(real_data / file) as dataset:
        pixels = np.moveaxis(dataset.read(), 0, -1)
        assert (dataset.crs, dataset.transform) == (
            scene.crs,
            scene.transform or rasterio.Affine.identity(),
        )
    np.testing.assert_array_equal(scene.read(), pixels[:, :, scene.band_indices])


def test_the_long_salinas_a_without_its_water_bands_is_the_short_one(real_data: Path):
    removed = [*range(108, 113), *range(154, 168), 224]
    long = open_scene(real_data / "salinas-a/salinasA.mat", drop_bands=removed)
    short = open_scene(real_data / "salinas-a/SalinasA_corrected.mat")
    np.testing.assert_array_equal(long.read(), short.read())


def test_absent_tiles_of_enmap_are_invalid_and_its_dead_bands_do_not_empty_the_scene(
    real_data: Path,
):
    scene = open_scene(real_data / "enmap-potsdam/enmap_potsdam.tif")
    assert np.flatnonzero(~scene.good_bands).tolist() == [129, 130, 131, 132, 133, 134]
    assert np.isfinite(scene.read()).all(axis=-1).sum() == 18432


def test_bands_of_nan_are_left_out_and_hide_no_pixel(real_data: Path):
    path = real_data / "nan-fixture/salton_sea_roi.mat"
    scene = open_scene(path)
    left_out = [*range(107, 113), *range(153, 167)]
    assert np.flatnonzero(~scene.good_bands).tolist() == left_out
    assert np.isfinite(scene.read()).all()
    np.testing.assert_allclose(
        scene.wavelengths_nm, 1000 * np.sort(loadmat(path)["wl"][0][scene.good_bands])
    )


def test_hdf5_axes_are_those_of_matlab(real_data: Path):
    path = real_data / "matlab-v73/MUUFL.mat"
    target = open_scene(path, variable="groundtruth").read()[:, :, 0].astype(bool)
    assert target.sum() == 269
    # Targets and background differ most where cube and mask lie the same way round.
    cube = open_scene(path).read()
    distances = [
        np.linalg.norm(cube[mask].mean(axis=0) - cube[~mask].mean(axis=0))
        for mask in (target, target.T)
    ]
    assert distances[0] > distances[1]


def test_cube_and_labels_of_the_twin_are_told_apart(real_data: Path):
    path = real_data / "indian-pines-twin/indian_pines_twin.npz"
    assert open_scene(path).n_bands == 200
    assert open_scene(path, variable="gt").n_bands == 1
