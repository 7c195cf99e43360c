import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.errors import SceneError
from hsidiff.scenes.scene import Scene
from hsidiff.windows import crops as crops_module
from hsidiff.windows.crops import CropPool, grid_centres, turned
from hsidiff.windows.normalise import SpectralTransform
from small_scenes import scene_of

N_BANDS = 2


def as_it_is() -> SpectralTransform:
    return SpectralTransform(np.zeros(N_BANDS, np.float32), np.eye(N_BANDS, dtype=np.float32))


def numbered_scene(shape: tuple[int, int]) -> tuple[np.ndarray, Scene]:
    """Each value differs from all others, and from the 0 that stands for 'not seen'."""
    cube = np.arange(1, shape[0] * shape[1] * N_BANDS + 1, dtype=np.float32)
    cube = cube.reshape(*shape, N_BANDS)
    return cube, scene_of(cube)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def padded(array: np.ndarray, margin: int) -> np.ndarray:
    return np.pad(array, [(margin, margin), (margin, margin)] + [(0, 0)] * (array.ndim - 2))


@pytest.fixture
def small_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 8 pixels, 6 at most, so that a scene of 40 pixels counts as large."""
    monkeypatch.setattr(crops_module, "POOL_TILE_PX", 8)
    monkeypatch.setattr(crops_module, "MAX_POOL_TILES", 6)


@pytest.mark.parametrize("crop_px", [1, 4, 5, 16])
@pytest.mark.parametrize("shape", [(9, 13), (3, 30)])
def test_each_crop_is_a_slice_of_the_scene_and_0_beyond_it(
    crop_px: int, shape: tuple[int, int]
) -> None:
    cube, scene = numbered_scene(shape)
    pool = CropPool.from_scene(scene, as_it_is(), crop_px)
    assert len(pool.corners) == shape[0] * shape[1]
    margin = crop_px // 2
    whole, inside = padded(cube, margin), padded(np.ones(shape, dtype=bool), margin)
    values, valid = pool.sample(40, generator())
    assert values.shape == (40, N_BANDS, crop_px, crop_px)
    for crop, crop_valid in zip(values.permute(0, 2, 3, 1).numpy(), valid.numpy(), strict=True):
        # The largest value tells where the crop lies.
        row, col, _ = np.argwhere(whole == crop.max())[0]
        place = np.argwhere(crop[..., -1] == crop.max())[0]
        row, col = row - place[0], col - place[1]
        np.testing.assert_array_equal(crop, whole[row : row + crop_px, col : col + crop_px])
        np.testing.assert_array_equal(crop_valid, inside[row : row + crop_px, col : col + crop_px])


@pytest.mark.usefixtures("small_pool")
def test_crops_cross_the_borders_of_the_tiles_they_were_read_in() -> None:
    cube, scene = numbered_scene((16, 24))
    pool = CropPool.from_scene(scene, as_it_is(), 5)
    assert len(pool.values) == 6
    assert len(pool.corners) == 16 * 24
    values, valid = pool.sample(400, generator())
    crossing = 0
    for crop in values[valid.all(dim=(1, 2))].permute(0, 2, 3, 1).numpy():
        row, col, _ = np.argwhere(cube == crop[0, 0, 0])[0]
        np.testing.assert_array_equal(crop, cube[row : row + 5, col : col + 5])
        crossing += row // 8 != (row + 4) // 8
    assert crossing > 50


@pytest.mark.usefixtures("small_pool")
def test_a_large_scene_is_represented_by_a_sample_of_tiles() -> None:
    cube, scene = numbered_scene((40, 40))
    pool = CropPool.from_scene(scene, as_it_is(), 3, random_state=0)
    assert len(pool.values) == 6
    assert len(pool.corners) == 6 * 64
    other = CropPool.from_scene(scene, as_it_is(), 3, random_state=1)
    assert not torch.equal(pool.values, other.values)
    values, valid = pool.sample(50, generator())
    assert np.isin(values.permute(0, 2, 3, 1)[valid].numpy(), cube).all()


def test_invalid_pixels_are_0_and_no_centre() -> None:
    cube, _ = numbered_scene((8, 8))
    cube[2:4, 5, 1] = np.nan
    pool = CropPool.from_scene(scene_of(cube), as_it_is(), 3)
    assert len(pool.corners) == 62
    values, valid = pool.sample(300, generator())
    assert torch.isfinite(values).all()
    assert valid[:, 1, 1].all()
    assert torch.equal((values != 0).all(dim=1), valid)


@given(st.integers(0, 50), st.sampled_from([3, 4, 9]), st.booleans())
@settings(max_examples=25)
def test_nothing_outside_the_region_is_ever_seen(seed: int, crop_px: int, on_grid: bool) -> None:
    cube, _ = numbered_scene((12, 15))
    region = np.random.default_rng(seed).random((12, 15)) < 0.3
    cube[~region] = 1e30
    centres = grid_centres((12, 15), crop_px) if on_grid else None
    pool = CropPool.from_scene(scene_of(cube), as_it_is(), crop_px, region=region, centres=centres)
    values, valid = pool.sample(60, generator(seed))
    assert values.max() < 1e6
    assert torch.equal((values != 0).all(dim=1), valid)
    assert valid.any(dim=(1, 2)).all()
    assert valid.sum(dim=(1, 2)).max() <= region.sum()


@pytest.mark.usefixtures("small_pool")
def test_a_small_region_of_a_large_scene_is_found() -> None:
    _, scene = numbered_scene((80, 80))
    region = np.zeros((80, 80), dtype=bool)
    region[50:52, 33:35] = True
    for seed in range(5):
        pool = CropPool.from_scene(scene, as_it_is(), 3, region=region, random_state=seed)
        assert len(pool.corners) == 4


def test_no_pixel_to_learn_from_is_one_clear_error() -> None:
    _, scene = numbered_scene((5, 5))
    with pytest.raises(SceneError, match="small scene: no valid pixel to learn from"):
        CropPool.from_scene(scene, as_it_is(), 3, region=np.zeros((5, 5), dtype=bool))


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([1, 4, 5, 16, 64]))
@settings(max_examples=60)
def test_crops_on_the_grid_cover_the_scene(n_rows: int, n_cols: int, crop_px: int) -> None:
    centres = np.argwhere(grid_centres((n_rows, n_cols), crop_px))
    assert len(centres) == -(-n_rows // crop_px) * -(-n_cols // crop_px)
    covered = np.zeros((n_rows, n_cols), dtype=bool)
    for row, col in centres - crop_px // 2:
        inside = (slice(max(row, 0), row + crop_px), slice(max(col, 0), col + crop_px))
        covered[inside] = True
        # A scene that is larger than a crop has room for all of it.
        assert n_rows < crop_px or 0 <= row <= n_rows - crop_px
        assert n_cols < crop_px or 0 <= col <= n_cols - crop_px
    assert covered.all()


@pytest.mark.parametrize(
    ("shape", "crop_px", "n_crops"),
    [
        ((145, 145), 16, 100),
        ((145, 145), 64, 9),
        ((610, 340), 16, 858),
        ((610, 340), 64, 60),
        ((349, 1905), 16, 2640),
        ((512, 217), 64, 32),
    ],
)
def test_the_grid_has_the_published_number_of_crops(
    shape: tuple[int, int], crop_px: int, n_crops: int
) -> None:
    assert grid_centres(shape, crop_px).sum() == n_crops


def test_a_crop_of_the_grid_counts_although_its_centre_is_invalid() -> None:
    cube, _ = numbered_scene((10, 12))
    cube[5, 6] = np.nan
    pool = CropPool.from_scene(scene_of(cube), as_it_is(), 16, centres=grid_centres((10, 12), 16))
    _, valid = pool.sample(1, generator())
    assert valid.sum() == 10 * 12 - 1


def test_a_crop_of_the_grid_without_a_pixel_is_left_out() -> None:
    cube, _ = numbered_scene((8, 8))
    cube[:4, :4] = np.nan
    pool = CropPool.from_scene(scene_of(cube), as_it_is(), 4, centres=grid_centres((8, 8), 4))
    assert len(pool.corners) == 3


def test_the_same_generator_draws_the_same_crops() -> None:
    pool = CropPool.from_scene(numbered_scene((20, 20))[1], as_it_is(), 4)
    assert torch.equal(pool.sample(8, generator(1))[0], pool.sample(8, generator(1))[0])
    assert not torch.equal(pool.sample(8, generator(1))[0], pool.sample(8, generator(2))[0])


def test_as_many_distinct_crops_as_there_are_are_all_of_them() -> None:
    centres = grid_centres((12, 20), 4)
    pool = CropPool.from_scene(numbered_scene((12, 20))[1], as_it_is(), 4, centres=centres)
    values, _ = pool.sample(15, generator(), distinct=True)
    assert len(torch.unique(values.flatten(1), dim=0)) == len(pool.corners) == 15
    again, _ = pool.sample(15, generator(), distinct=False)
    assert len(torch.unique(again.flatten(1), dim=0)) < 15


def test_turning_keeps_values_and_validity_together_and_meets_all_eight_orientations() -> None:
    crops = torch.arange(1.0, 19).view(1, 2, 3, 3)
    valid = crops[:, 0] != 2
    orientations, draws = set(), generator()
    for _ in range(200):
        values, turned_valid = turned(crops, valid, draws)
        assert torch.equal(values[:, 0] != 2, turned_valid)
        assert torch.equal(values[:, 1] - values[:, 0], torch.full((1, 3, 3), 9.0))
        orientations.add(tuple(values[0, 0].ravel().tolist()))
    assert len(orientations) == 8


@pytest.mark.parametrize("crop_px", [1, 4, 5])
def test_each_valid_pixel_counts_once(crop_px: int) -> None:
    cube, _ = numbered_scene((9, 13))
    cube[2:4, 5, 1] = np.nan
    assert CropPool.from_scene(scene_of(cube), as_it_is(), crop_px).n_pixels == 9 * 13 - 2
