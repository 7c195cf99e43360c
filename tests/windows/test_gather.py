import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.gather import Samples, cut_patches, gather_patches, gather_spectra
from hsidiff.windows.tiles import read_with_halo
from small_scenes import scene_of


def scene_with_labels(
    n_rows: int, n_cols: int, share: float, seed: int, n_invalid: int = 0
) -> tuple[np.ndarray, Scene, LabelMap]:
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=(n_rows, n_cols, 3)).astype(np.float32)
    invalid = rng.permutation(n_rows * n_cols)[:n_invalid]
    cube.reshape(-1, 3)[invalid] = np.nan
    ids = rng.integers(1, 5, (n_rows, n_cols))
    values = np.where(rng.random((n_rows, n_cols)) < share, ids, 0)
    names = {i: f"class {i}" for i in range(1, 5)}
    sample_ids = rng.integers(1, 99, (n_rows, n_cols)).astype(np.int32)
    return cube, scene_of(cube), LabelMap.from_array(values, names, sample_ids=sample_ids)


def assert_same(first: Samples, second: Samples) -> None:
    for samples in (first, second):
        assert len(samples) == len(samples.values) == len(samples.rows) == len(samples.cols)
    orders = [np.lexsort((samples.cols, samples.rows)) for samples in (first, second)]
    for name in ("values", "class_ids", "rows", "cols"):
        one, other = (
            getattr(samples, name)[order]
            for samples, order in zip((first, second), orders, strict=True)
        )
        np.testing.assert_array_equal(one, other)


@given(
    n_rows=st.integers(1, 25),
    n_cols=st.integers(1, 25),
    half=st.integers(0, 4),
    read_size=st.integers(1, 30),
    share=st.sampled_from([0.02, 0.2, 1.0]),
    seed=st.integers(0, 100),
)
@settings(max_examples=80)
def test_each_patch_is_the_scene_around_its_labelled_pixel(
    n_rows: int, n_cols: int, half: int, read_size: int, share: float, seed: int
) -> None:
    cube, scene, labels = scene_with_labels(n_rows, n_cols, share, seed, n_invalid=5)
    samples = gather_patches(scene, labels, 2 * half + 1, read_size_px=read_size)
    padded = np.pad(cube, ((half, half), (half, half), (0, 0)), mode="edge")
    for patch, class_id, row, col, sample_id in zip(
        samples.values, samples.class_ids, samples.rows, samples.cols, samples.sample_ids,
        strict=True,
    ):  # fmt: skip
        around = padded[row : row + 2 * half + 1, col : col + 2 * half + 1]
        np.testing.assert_array_equal(patch, around)
        assert class_id == labels.values[row, col]
        assert sample_id == labels.sample_ids[row, col]
    expected = np.argwhere((labels.values > 0) & np.isfinite(cube).all(axis=-1))
    found = np.stack([samples.rows, samples.cols], axis=1)
    assert sorted(found.tolist()) == expected.tolist()


@pytest.mark.parametrize("read_size", [1, 7, 64])
def test_what_is_gathered_does_not_depend_on_the_read_size(read_size: int) -> None:
    _, scene, labels = scene_with_labels(30, 20, 0.3, seed=0, n_invalid=9)
    assert_same(
        gather_patches(scene, labels, 5), gather_patches(scene, labels, 5, read_size_px=read_size)
    )


def test_labels_on_the_border_are_gathered() -> None:
    _, scene, _ = scene_with_labels(6, 7, 1.0, seed=0)
    border = np.pad(np.zeros((4, 5), dtype=int), 1, constant_values=1)
    samples = gather_patches(scene, LabelMap.from_array(border), 13)
    assert len(samples) == border.sum()
    assert samples.values.shape[1:] == (13, 13, 3)
    assert np.isfinite(samples.values).all()


def test_invalid_pixels_in_a_patch_are_nan_and_labels_on_them_are_left_out() -> None:
    cube = np.ones((3, 3, 2), dtype=np.float32)
    cube[0, 0, 0] = np.nan
    labels = LabelMap.from_array(np.array([[1, 0, 0], [0, 2, 0], [0, 0, 0]]))
    samples = gather_patches(scene_of(cube), labels, 3)
    assert samples.class_ids.tolist() == [2]
    assert np.isnan(samples.values[0, 0, 0]).all()
    assert np.isfinite(samples.values[0]).sum() == 8 * 2


def test_spectra_are_patches_of_one_pixel() -> None:
    cube, scene, labels = scene_with_labels(12, 9, 0.4, seed=3)
    samples = gather_spectra(scene, labels)
    np.testing.assert_array_equal(samples.values, cube[samples.rows, samples.cols])
    np.testing.assert_array_equal(samples.class_ids, labels.values[samples.rows, samples.cols])


def test_no_labelled_valid_pixel_gives_no_sample() -> None:
    _, scene, _ = scene_with_labels(4, 5, 1.0, seed=0)
    samples = gather_patches(scene, LabelMap.from_array(np.zeros((4, 5), dtype=int)), 3)
    assert len(samples) == 0
    assert samples.values.shape == (0, 3, 3, 3)


def test_only_windows_around_labels_are_asked_for() -> None:
    _, scene, _ = scene_with_labels(60, 60, 1.0, seed=0)
    values = np.zeros((60, 60), dtype=int)
    values[[12, 14, 55], [33, 31, 2]] = 1
    asked: list[tuple[Window, int]] = []

    def doubled(window: Window, margin: int) -> np.ndarray:
        asked.append((window, margin))
        return 2 * read_with_halo(scene, window, margin)

    samples = gather_patches(scene, LabelMap.from_array(values), 3, doubled, read_size_px=20)
    assert asked == [(Window(12, 31, 3, 3), 1), (Window(55, 2, 1, 1), 1)]
    centre = samples.values[:, 1, 1]
    np.testing.assert_array_equal(centre, 2 * scene.read()[samples.rows, samples.cols])


def test_cut_patches_are_slices_and_copies() -> None:
    cube = np.arange(5 * 6 * 2).reshape(5, 6, 2)
    patches = cut_patches(cube, np.array([0, 2]), np.array([3, 1]), 3)
    np.testing.assert_array_equal(patches, [cube[0:3, 3:6], cube[2:5, 1:4]])
    patches[:] = -1
    assert cube.min() == 0
