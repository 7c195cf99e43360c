from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import SettingError
from hsidiff.features.stage_features import Patches, PatchGrid, StageFeatures
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.staged_denoiser import StagedDenoiser, StagesShape
from hsidiff.networks.timestep_fusion import AdaptiveAddition
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import seeded
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo
from small_scenes import scene_of, small_cube, small_invalid, small_labels, small_scene

SHAPE, N_BANDS, WIDTH = (30, 34), 6, 8
WHOLE = Window.whole(SHAPE)
GRIDS = [PatchGrid(6, 2), PatchGrid(5, 3), PatchGrid(4, 4), PatchGrid(5, 1)]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


def features_of(scene: Scene, grid: PatchGrid, extraction: str = "clean") -> StageFeatures:
    shape = StagesShape(
        width=WIDTH,
        n_heads=2,
        n_groups=2,
        patch_px=grid.patch_px,
        time_width=8,
        stages=("spatial", "spectral"),
    )
    with seeded(0):
        denoiser = StagedDenoiser(shape, N_BANDS).eval()
        addition = AdaptiveAddition(2, 2, WIDTH).eval()
        torch.nn.init.normal_(addition.bias)
    return StageFeatures(
        transform=SpectralTransform.to_range(scene_moments(scene)),
        denoiser=denoiser,
        schedule=NoiseSchedule.linear(500),
        target="eps",
        timesteps=(5, 200),
        layers=(0, 1),
        extraction=extraction,  # type: ignore[arg-type]
        bfloat16=False,
        limit=1.0,
        halo_px=grid.halo_px,
        seed=3,
        device="cpu",
        grid=grid,
        addition=addition,
    )


def of(features: StageFeatures, scene: Scene, window: Window) -> np.ndarray:
    found = features.of(read_with_halo(scene, window, features.halo_px), window)
    return np.concatenate(found, axis=-1)


@given(st.integers(1, 20), st.integers(0, 10), st.integers(0, 200))
def test_the_halo_is_the_farthest_that_a_patch_reaches_from_its_middle(
    stride: int, margin: int, pixel: int
) -> None:
    grid = PatchGrid(stride + 2 * margin, stride)
    grid.check()
    assert grid.halo_px == grid.patch_px - 1 - (grid.patch_px - stride) // 2
    pixels = np.arange(pixel, pixel + stride)
    starts = grid.start_of_patch(pixels)
    before, after = pixels - starts, starts + grid.patch_px - 1 - pixels
    assert max(before.max(), after.max()) == grid.halo_px
    assert before.min() >= margin
    assert after.min() >= margin


@pytest.mark.parametrize(("patch_px", "stride_px"), [(8, 3), (5, 2), (4, 6)])
def test_a_patch_without_a_middle_is_refused(patch_px: int, stride_px: int) -> None:
    with pytest.raises(SettingError, match=f"stride_px={stride_px}: .*patch_px={patch_px}"):
        PatchGrid(patch_px, stride_px).check()


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("extraction", ["clean", "noisy"])
def test_features_of_a_pixel_do_not_depend_on_the_window(
    scene: Scene, grid: PatchGrid, extraction: str
) -> None:
    features = features_of(scene, grid, extraction)
    whole = of(features, scene, WHOLE)
    assert whole.shape == (*SHAPE, 2 * WIDTH)
    assert whole.dtype == np.float32

    @given(st.integers(0, 29), st.integers(0, 33), st.integers(1, 12), st.integers(1, 12))
    @settings(max_examples=8, deadline=None)
    def check(row: int, col: int, n_rows: int, n_cols: int) -> None:
        window = Window(row, col, n_rows, n_cols).clipped(SHAPE)
        np.testing.assert_allclose(of(features, scene, window), whole[window.slices], atol=1e-5)

    check()


@pytest.mark.parametrize("extraction", ["clean", "noisy"])
def test_features_are_those_of_the_pixels_own_patch(scene: Scene, extraction: str) -> None:
    """One pixel, by hand: cut its patch, ask the denoiser, add the timesteps."""
    features = features_of(scene, PatchGrid(6, 2), extraction)
    row, col, top, left = 13, 20, 12 - 2, 20 - 2
    patch = features.transform.apply(scene.read(Window(top, left, 6, 6)))
    x_0 = torch.from_numpy(patch).permute(2, 0, 1)[None]
    stages = []
    for timestep in features.timesteps:
        alpha_bar = features.schedule.alpha_bar[timestep].item()
        x_t = alpha_bar**0.5 * x_0
        if extraction == "noisy":
            rows, cols = torch.arange(top, top + 6), torch.arange(left, left + 6)
            x_t = x_t + (1 - alpha_bar) ** 0.5 * pixel_noise(rows, cols, N_BANDS, timestep, 3)
        taps = features.denoiser.taps(x_t, torch.tensor([timestep]), (0, 1))
        stages.append(torch.stack(taps, dim=1))
    added = features.addition(torch.stack(stages, dim=1))[0, :, :, row - top, col - left]
    expected = added.flatten().detach().numpy()
    np.testing.assert_allclose(of(features, scene, WHOLE)[row, col], expected, atol=1e-5)


@pytest.mark.parametrize("grid", GRIDS)
def test_a_change_reaches_as_far_as_the_halo_and_no_further(grid: PatchGrid) -> None:
    cube = small_cube(SHAPE, N_BANDS)
    features = features_of(scene_of(cube), grid)
    reached = 0
    for row in (13, 14, 15):
        changed = cube.copy()
        changed[row, 13] = cube.min(axis=(0, 1))
        before, after = (of(features, scene_of(values), WHOLE) for values in (cube, changed))
        rows, cols = np.nonzero(np.abs(after - before).max(axis=-1) > 0)
        distance = max(np.abs(rows - row).max(), np.abs(cols - 13).max())
        assert distance <= grid.halo_px
        reached = max(reached, distance)
    assert reached == grid.halo_px


@pytest.mark.parametrize("grid", GRIDS)
def test_the_gathered_patches_give_the_features_of_the_map(scene: Scene, grid: PatchGrid) -> None:
    features, labels = features_of(scene, grid, "noisy"), small_labels(SHAPE)
    edge = labels.values.copy()
    edge[0, 0], edge[-1, -1], edge[0, -1] = 1, 2, 3
    labels = LabelMap(edge, labels.classes)
    labelled = features.gather(scene, labels)
    at_pixel, pooled = features.at_labels(labelled)
    weights = features.addition.weights(pooled)
    added = torch.einsum("nksd,nks->nsd", at_pixel, weights).flatten(1).detach().numpy()
    whole = of(features, scene, WHOLE)
    corners, inside = labelled.patches.corners, labelled.pixels.numpy()
    rows = corners[:, 0] + inside // grid.patch_px
    cols = corners[:, 1] + inside % grid.patch_px
    assert set(zip(rows, cols, strict=True)) == set(map(tuple, np.argwhere(edge)))
    np.testing.assert_array_equal(labelled.classes.numpy() + 1, edge[rows, cols])
    np.testing.assert_allclose(added, whole[rows, cols], atol=1e-5)


def test_more_patches_than_are_computed_at_once_keep_their_order(scene: Scene) -> None:
    features = features_of(scene, PatchGrid(5, 1))
    generator = torch.Generator().manual_seed(0)
    patches = Patches(torch.randn(130, N_BANDS, 5, 5, generator=generator), np.zeros((130, 2), int))
    with torch.no_grad():
        found = torch.cat(list(features.of_patches(patches)))
        alone = next(features.of_patches(patches[np.array([127])]))
    assert found.shape == (130, 2, 2, WIDTH, 5, 5)
    torch.testing.assert_close(found[127:128], alone, atol=1e-5, rtol=1e-4)


def test_principal_components_are_of_each_stage(scene: Scene) -> None:
    features = features_of(scene, PatchGrid(6, 2))
    projections = features.principal_components(scene, 3, whiten=False)
    assert len(projections) == 2
    valid = ~small_invalid(SHAPE)
    values = of(features, scene, WHOLE)[valid]
    for stage, projection in enumerate(projections):
        own = values[:, stage * WIDTH : (stage + 1) * WIDTH]
        np.testing.assert_allclose(projection.mean, own.mean(axis=0), atol=1e-4)
        variances = projection.project(own).var(axis=0)
        expected = np.linalg.eigvalsh(np.cov(own.T))[::-1][:3]
        np.testing.assert_allclose(variances, expected, rtol=1e-2)


def test_invalid_pixels_give_finite_features(scene: Scene) -> None:
    assert np.isfinite(of(features_of(scene, PatchGrid(6, 2)), scene, WHOLE)).all()
    empty = replace(features_of(scene, PatchGrid(6, 2)), extraction="noisy")
    cube = np.full((8 + 2 * empty.halo_px, 8 + 2 * empty.halo_px, N_BANDS), np.nan, np.float32)
    assert all(np.isfinite(found).all() for found in empty.of(cube, Window(0, 0, 8, 8)))
