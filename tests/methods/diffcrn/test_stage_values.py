import json
from copy import copy, deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hsidiff.diffusion.noise import pixel_noise
from hsidiff.errors import SettingError
from hsidiff.kinds import DENOISER_INPUT, FEATURES, SPECTRUM
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffcrn.patches import LabelledPatches, Patches
from hsidiff.methods.diffcrn.stage_values import Stages, StageValues
from hsidiff.methods.diffcrn.staged_denoiser import StagedDenoiser, StagesShape
from hsidiff.methods.diffcrn.timestep_choice import TimestepChoice
from hsidiff.methods.diffcrn.timestep_fusion import AdaptiveAddition
from hsidiff.networks.denoiser import Denoiser
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, seeded
from hsidiff.values.pretraining import Denoising
from hsidiff.values.way_back import way_back
from hsidiff.windows.gather import gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from hsidiff.windows.tiles import read_with_halo
from small_scenes import scene_of, small_cube, small_invalid, small_labels, small_scene

SHAPE, N_BANDS, WIDTH = (30, 34), 6, 8
WHOLE = Window.whole(SHAPE)
SIDES = [2, 5, 6, 7]
"""Patches whose middles are 2, 1, 2 and 3 pixels wide."""


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


def stages_of(patch_px: int, **own: object) -> Stages:
    """Two small stages, nothing learned."""
    given = {
        "denoising": Denoising(
            recipe=Recipe(2, 1e-3), crop_px=patch_px, crops="random", batch_size=6
        ),
        "shape": StagesShape(
            width=WIDTH,
            n_heads=2,
            n_groups=2,
            patch_px=patch_px,
            time_width=8,
            stages=("spatial", "spectral"),
        ),
        "fixed_timesteps": (5, 200),
        "extraction": "clean",
        "random_state": 3,
        "device": "cpu",
    }
    return Stages(**(given | own))  # type: ignore[arg-type]


def values_of(scene: Scene, patch_px: int, extraction: str = "clean") -> StageValues:
    """Values whose denoiser and addition have random weights."""
    stages = stages_of(patch_px, extraction=extraction)
    with seeded(0):
        stages.denoiser_ = StagedDenoiser(stages.shape, N_BANDS).eval()
        stages.addition_ = AdaptiveAddition(2, 2, WIDTH).eval()
        torch.nn.init.normal_(stages.addition_.bias)
    stages.transform_ = SpectralTransform.to_range(scene_moments(scene))
    stages.choice_ = TimestepChoice([5, 200], [5, 200], [0.1, 0.2], [[0.5, 0.5], [0.5, 0.5]])
    return StageValues(stages=stages, n_components=3, random_state=3, device="cpu")


def added(values: StageValues, scene: Scene, window: Window) -> np.ndarray:
    """What is added over the timesteps, of all stages side by side."""
    found = values.added(read_with_halo(scene, window, values.halo_px), window)
    return np.concatenate(found, axis=-1)


# Features of a pixel


@pytest.mark.parametrize("patch_px", SIDES)
@pytest.mark.parametrize("extraction", ["clean", "noisy"])
def test_features_of_a_pixel_do_not_depend_on_the_window(
    scene: Scene, patch_px: int, extraction: str
) -> None:
    values = values_of(scene, patch_px, extraction)
    whole = added(values, scene, WHOLE)
    assert whole.shape == (*SHAPE, 2 * WIDTH)
    assert whole.dtype == np.float32

    @given(st.integers(0, 29), st.integers(0, 33), st.integers(1, 12), st.integers(1, 12))
    @settings(max_examples=8)
    def check(row: int, col: int, n_rows: int, n_cols: int) -> None:
        window = Window(row, col, n_rows, n_cols).clipped(SHAPE)
        np.testing.assert_allclose(added(values, scene, window), whole[window.slices], atol=1e-5)

    check()


@pytest.mark.parametrize("extraction", ["clean", "noisy"])
def test_features_are_those_of_the_pixels_own_patch(scene: Scene, extraction: str) -> None:
    """One pixel, by hand: cut its patch, ask the denoiser, add the timesteps."""
    values = values_of(scene, 6, extraction)
    stages = values.stages
    row, col, top, left = 13, 20, 12 - 2, 20 - 2
    patch = stages.transform_.apply(scene.read(Window(top, left, 6, 6)))
    x_0 = torch.from_numpy(patch).permute(2, 0, 1)[None]
    taps = []
    for timestep in stages.choice_.timesteps:
        alpha_bar = stages.denoising.schedule.alpha_bar[timestep].item()
        x_t = alpha_bar**0.5 * x_0
        if extraction == "noisy":
            rows, cols = torch.arange(top, top + 6), torch.arange(left, left + 6)
            x_t = x_t + (1 - alpha_bar) ** 0.5 * pixel_noise(rows, cols, N_BANDS, timestep, 3)
        of_timestep = stages.denoiser_.taps(x_t, torch.tensor([timestep]), (0, 1))
        taps.append(torch.stack(of_timestep, dim=1))
    found = stages.addition_(torch.stack(taps, dim=1))[0, :, :, row - top, col - left]
    expected = found.flatten().detach().numpy()
    np.testing.assert_allclose(added(values, scene, WHOLE)[row, col], expected, atol=1e-5)


@pytest.mark.parametrize("patch_px", SIDES)
def test_a_change_reaches_as_far_as_the_halo_and_no_further(patch_px: int) -> None:
    cube = small_cube(SHAPE, N_BANDS)
    values = values_of(scene_of(cube), patch_px)
    before, reached = added(values, scene_of(cube), WHOLE), 0
    for row in (13, 14, 15):
        changed = cube.copy()
        changed[row, 13] = cube.min(axis=(0, 1))
        after = added(values, scene_of(changed), WHOLE)
        rows, cols = np.nonzero(np.abs(after - before).max(axis=-1) > 0)
        distance = max(np.abs(rows - row).max(), np.abs(cols - 13).max())
        assert distance <= values.halo_px
        reached = max(reached, distance)
    assert reached == values.halo_px


def labelled_in(stages: Stages, scene: Scene, labels: LabelMap) -> LabelledPatches:
    """Patches of the labelled pixels, gathered as for a head."""

    def inputs(window: Window, margin_px: int) -> np.ndarray:
        return stages.transform_.apply(read_with_halo(scene, window, margin_px))

    samples = gather_patches(scene, labels, 2 * stages.grid.halo_px + 1, inputs)
    classes = samples.class_ids - 1
    return stages.labelled_patches(samples.values, samples.rows, samples.cols, classes)


@pytest.mark.parametrize("patch_px", SIDES)
def test_the_gathered_patches_give_the_features_of_the_map(scene: Scene, patch_px: int) -> None:
    values, labels = values_of(scene, patch_px, "noisy"), small_labels(SHAPE)
    edge = labels.values.copy()
    edge[0, 0], edge[-1, -1], edge[0, -1] = 1, 2, 3
    labelled = labelled_in(values.stages, scene, LabelMap(edge, labels.classes))
    with torch.no_grad():
        features = torch.cat(list(values.stages.features().of(labelled.patches)))
        patches = values.stages.addition_(features).flatten(-2)
    at_pixel = patches[torch.arange(len(patches)), ..., labelled.pixels].flatten(1).numpy()
    corners, inside = labelled.patches.corners, labelled.pixels.numpy()
    rows, cols = corners[:, 0] + inside // patch_px, corners[:, 1] + inside % patch_px
    assert set(zip(rows, cols, strict=True)) == set(map(tuple, np.argwhere(edge)))
    np.testing.assert_array_equal(labelled.classes.numpy() + 1, edge[rows, cols])
    np.testing.assert_allclose(at_pixel, added(values, scene, WHOLE)[rows, cols], atol=1e-5)


def test_more_patches_than_are_computed_at_once_keep_their_order(scene: Scene) -> None:
    stages = values_of(scene, 5).stages
    generator = torch.Generator().manual_seed(0)
    patches = Patches(torch.randn(130, N_BANDS, 5, 5, generator=generator), np.zeros((130, 2), int))
    with torch.no_grad():
        found = torch.cat(list(stages.features().of(patches)))
        alone = next(stages.features().of(patches[np.array([127])]))
        at_one = next(stages.features((200,)).of(patches[127:128]))
    assert found.shape == (130, 2, 2, WIDTH, 5, 5)
    torch.testing.assert_close(found[127:128], alone, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(alone[:, 1:], at_one, atol=1e-5, rtol=1e-4)


def test_what_the_denoiser_sees_is_cut_at_the_limit(scene: Scene) -> None:
    values = values_of(scene, 6)
    bright = scene_of(1000 * small_cube(SHAPE, N_BANDS))
    bright_labels = small_labels(SHAPE)
    assert labelled_in(values.stages, bright, bright_labels).patches.x_0.abs().max() == 1
    cut, low = added(values, bright, WHOLE), small_cube(SHAPE, N_BANDS)
    highest = scene.read()[~small_invalid(SHAPE)].max(axis=0)
    expected = added(values, scene_of(np.broadcast_to(highest, low.shape).copy()), WHOLE)
    inside = (slice(12, 18), slice(12, 18))
    np.testing.assert_allclose(cut[inside], expected[inside], atol=1e-4)


def test_invalid_pixels_give_finite_features(scene: Scene) -> None:
    assert np.isfinite(added(values_of(scene, 6), scene, WHOLE)).all()
    empty = values_of(scene, 6, "noisy")
    cube = np.full((8 + 2 * empty.halo_px, 8 + 2 * empty.halo_px, N_BANDS), np.nan, np.float32)
    assert all(np.isfinite(found).all() for found in empty.added(cube, Window(0, 0, 8, 8)))


# Choosing timesteps

TELLING = 300
"""The only timestep at which the denoiser below shows what it sees."""


class ShowsAtOneTimestep(Denoiser):
    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return x_t

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        shown = x_t if t[0] == TELLING else torch.zeros_like(x_t) + t[0] / 500
        return [shown for _ in layers]


def test_the_timestep_that_tells_the_classes_is_chosen_and_the_features_are_taken_there() -> None:
    scene, labels = scene_of(small_cube(SHAPE, WIDTH)), small_labels(SHAPE)
    stages = stages_of(3, n_selected=2)
    stages.transform_ = SpectralTransform.to_range(scene_moments(scene))
    stages.denoiser_ = ShowsAtOneTimestep()  # type: ignore[assignment]
    candidates, angles = (1, 20, 100, 200, TELLING), np.array([0.01, 0.02, 0.05, 0.08, 0.1])
    stages._candidates = (candidates, angles)
    stages.adapt(scene, labels, None)
    choice = stages.choice_
    assert TELLING in choice.timesteps
    assert len(choice.timesteps) == 2
    assert choice.candidates == list(candidates)
    assert choice.spectral_angles_rad == angles.tolist()
    np.testing.assert_allclose(np.sum(choice.mean_fusion_weights, axis=0), 1, atol=1e-3)
    assert stages.addition_.sizes == (2, 2, WIDTH)
    patches = labelled_in(stages, scene, labels).patches[:4]
    assert next(stages.features().of(patches)).shape == (4, 2, 2, WIDTH, 3, 3)


def test_given_timesteps_are_taken_as_they_are_and_need_no_choice() -> None:
    assert stages_of(4).n_timesteps == 5
    assert stages_of(4, timesteps="fixed").n_timesteps == 2
    assert stages_of(4, timesteps=(30, np.int64(7), 9)).n_timesteps == 3


# Values


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(8, 8, 8))


@pytest.fixture(scope="module")
def learned(scene: Scene, labels: LabelMap) -> StageValues:
    values = StageValues(stages=stages_of(4, n_candidates=4, n_selected=2), n_components=3)
    values.configure(3, "cpu")
    values.check()
    values.learn(scene, None)
    values.adapt(scene, labels, None)
    return values


def test_the_components_are_of_each_stage(learned: StageValues, scene: Scene) -> None:
    assert len(learned.projections_) == 2
    valid = ~small_invalid(SHAPE)
    values = added(learned, scene, WHOLE)[valid]
    for stage, projection in enumerate(learned.projections_):
        own = values[:, stage * WIDTH : (stage + 1) * WIDTH]
        np.testing.assert_allclose(projection.mean, own.mean(axis=0), atol=1e-4)
        variances = projection.project(own).var(axis=0)
        expected = np.linalg.eigvalsh(np.cov(own.T))[::-1][:3]
        np.testing.assert_allclose(variances, expected, rtol=1e-2)


def test_values_are_components_the_denoisers_input_and_the_spectrum(
    learned: StageValues, scene: Scene
) -> None:
    window = Window(5, 3, 8, 9)
    found = learned.of_window(read_with_halo(scene, window, learned.halo_px), window)
    spectra = np.nan_to_num(scene.read(window), nan=0)
    stages = np.split(added(learned, scene, window), 2, axis=-1)
    expected = [
        *(a.project(stage) for a, stage in zip(learned.projections_, stages, strict=True)),
        learned.stages.transform_.apply(spectra),
        spectra,
    ]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=-1), atol=1e-5)
    assert found.dtype == np.float32
    kinds = learned.kinds(N_BANDS)
    assert list(kinds.items()) == [
        (FEATURES, (3, 3)),
        (DENOISER_INPUT, (N_BANDS,)),
        (SPECTRUM, (N_BANDS,)),
    ]
    new = StageValues(stages=stages_of(4), n_components=3)
    assert new.kinds(N_BANDS) == kinds
    assert replace(new, n_components=99).kinds(N_BANDS)[FEATURES] == (WIDTH, WIDTH)


def test_stages_alone_give_what_the_denoiser_sees(learned: StageValues, scene: Scene) -> None:
    stages, window = learned.stages, Window(2, 6, 9, 9)
    found = stages.of_window(scene.read(window), window)
    invalid = small_invalid(SHAPE)[window.slices]
    np.testing.assert_array_equal(np.isnan(found).all(axis=-1), invalid)
    assert stages.halo_px == 0
    assert stages.kinds(N_BANDS) == {DENOISER_INPUT: (N_BANDS,)}


def test_they_come_back_from_what_was_learned_among_other_facts(
    learned: StageValues, scene: Scene
) -> None:
    stored, window = learned.learned(), Window(5, 3, 8, 9)
    again = StageValues(stages=stages_of(4, n_candidates=4, n_selected=2), n_components=3)
    again.configure(3, "cpu")
    facts = json.loads(json.dumps({"experts": {}, **stored.facts}))
    again.restore(Learned(deepcopy(stored.arrays), facts))
    cube = read_with_halo(scene, window, learned.halo_px)
    np.testing.assert_array_equal(again.of_window(cube, window), learned.of_window(cube, window))
    assert again.learned().facts == stored.facts
    assert again.stages.choice_ == learned.stages.choice_


def test_all_follows_from_the_random_state_and_no_other_is_touched(
    learned: StageValues, scene: Scene, labels: LabelMap
) -> None:
    again, state = copy(learned), torch.get_rng_state()
    again.stages = stages_of(4, n_candidates=4, n_selected=2)
    again.learn(scene, None)
    again.adapt(scene, labels, None)
    assert torch.equal(torch.get_rng_state(), state)
    first, second = learned.learned(), again.learned()
    assert {**first.facts, "pretraining": 0} == {**second.facts, "pretraining": 0}
    for name, array in first.arrays.items():
        np.testing.assert_array_equal(second.arrays[name], array)


def test_more_timesteps_cost_more_and_what_is_learned_costs_what_was_said(
    learned: StageValues, labels: LabelMap
) -> None:
    new = StageValues(stages=stages_of(4, n_candidates=4, n_selected=2), n_components=3)
    cost = new.cost(N_BANDS)
    assert cost == learned.cost(N_BANDS)
    networks = (learned.stages.denoiser_, learned.stages.addition_)
    n_weights = sum(w.numel() for network in networks for w in network.parameters())
    assert cost.n_parameters == n_weights
    twice = StageValues(stages=stages_of(4, n_selected=4), n_components=3).cost(N_BANDS)
    assert cost.macs_per_pixel is not None
    assert twice.macs_per_pixel is not None
    assert 1.8 < twice.macs_per_pixel / cost.macs_per_pixel < 2


# The way back from noise


class SeesOnePixel(Denoiser):
    """A denoiser to which patches make no difference."""

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        return 0.7 * x_t + 0.01 * t[:, None, None, None]

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        return [x_t]


@pytest.mark.parametrize("patch_px", SIDES)
def test_a_way_back_by_patches_gives_every_pixel_its_own_value(scene: Scene, patch_px: int) -> None:
    stages = values_of(scene, patch_px).stages
    stages.denoiser_ = SeesOnePixel()  # type: ignore[assignment]
    window, keep = Window(3, 5, 11, 9), (20, 7, 0)
    found = stages.reconstruct(scene, window, 20, keep)
    of_pixels = partial(stages.denoising.estimate_clean, stages.denoiser_)
    expected = way_back(scene, window, 20, keep, stages._shown, of_pixels)
    assert list(found) == list(keep)
    for timestep in keep:
        np.testing.assert_allclose(found[timestep], expected[timestep], rtol=1e-5, atol=1e-6)
    assert found[0].shape == (11, 9, N_BANDS)


def test_a_way_back_starts_at_a_timestep_that_was_learned(scene: Scene) -> None:
    values = values_of(scene, 6)
    values.stages.denoising = replace(values.stages.denoising, noise_timesteps=(1, 40))
    assert values.last_reconstructed == 40
    with pytest.raises(SettingError, match="start=41: the denoiser learns timesteps up to 40"):
        values.reconstruct(scene, Window(0, 0, 4, 4), 41, (0,))
