import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsidiff.methods.diffcrn.patches import PatchGrid, patches_at


@given(st.integers(1, 20), st.integers(0, 10), st.integers(0, 200))
def test_the_halo_is_the_farthest_that_a_patch_reaches_from_its_middle(
    stride: int, margin: int, pixel: int
) -> None:
    grid = PatchGrid(stride + 2 * margin, stride)
    assert grid.margin_px == margin
    assert grid.halo_px == grid.patch_px - 1 - (grid.patch_px - stride) // 2
    pixels = np.arange(pixel, pixel + stride)
    starts = grid.start_of_patch(pixels)
    before, after = pixels - starts, starts + grid.patch_px - 1 - pixels
    assert max(before.max(), after.max()) == grid.halo_px
    assert before.min() >= margin
    assert after.min() >= margin


@pytest.mark.parametrize(
    ("patch_px", "stride_px"),
    [(1, 1), (2, 2), (3, 1), (5, 1), (6, 2), (7, 3), (8, 4), (10, 4), (16, 8)],
)
def test_any_patch_size_has_a_stride_of_about_half(patch_px: int, stride_px: int) -> None:
    assert PatchGrid.with_half_steps(patch_px) == PatchGrid(patch_px, stride_px)


@given(st.integers(1, 12), st.integers(0, 60), st.integers(1, 30))
def test_the_middles_of_the_patches_cover_what_was_asked_for(
    patch_px: int, first: int, n: int
) -> None:
    grid = PatchGrid.with_half_steps(patch_px)
    starts = grid.starts_of_patches(first, n)
    middles = (starts + grid.margin_px)[:, None] + np.arange(grid.stride_px)
    covered = middles.ravel()
    assert (np.diff(covered) == 1).all()
    assert covered[0] <= first < covered[0] + grid.stride_px
    assert covered[-1] - grid.stride_px < first + n - 1 <= covered[-1]


def test_the_middle_is_named_by_its_positions() -> None:
    assert PatchGrid(6, 2).middle().tolist() == [14, 15, 20, 21]
    assert PatchGrid(3, 3).middle().tolist() == list(range(9))


@pytest.mark.parametrize("patch_px", [1, 4, 5, 6])
def test_a_labelled_pixel_comes_with_its_own_patch(patch_px: int) -> None:
    grid, rng = PatchGrid.with_half_steps(patch_px), np.random.default_rng(0)
    scene = rng.normal(size=(40, 50, 2)).astype(np.float32)
    scene[14, 20:23, :] = np.nan
    rows, cols = rng.integers(9, 31, 25), rng.integers(9, 41, 25)
    reach, classes = grid.halo_px, rng.integers(0, 3, 25)
    around = np.stack(
        [
            scene[row - reach : row + reach + 1, col - reach : col + reach + 1]
            for row, col in zip(rows, cols, strict=True)
        ]
    )
    found = patches_at(grid, around, rows, cols, classes)
    assert len(found.patches) == 25
    np.testing.assert_array_equal(found.classes, classes)
    for i, (row, col) in enumerate(zip(rows, cols, strict=True)):
        top, left = found.patches.corners[i]
        assert (top, left) == (grid.start_of_patch(row), grid.start_of_patch(col))
        expected = np.nan_to_num(scene[top : top + patch_px, left : left + patch_px], nan=0.0)
        np.testing.assert_array_equal(found.patches.x_0[i].permute(1, 2, 0), expected)
        assert found.pixels[i] == (row - top) * patch_px + col - left
    some = found.patches[np.array([3, 1])]
    assert len(some) == 2
    np.testing.assert_array_equal(some.corners, found.patches.corners[[3, 1]])
    np.testing.assert_array_equal(some.x_0, found.patches.x_0[[3, 1]])
