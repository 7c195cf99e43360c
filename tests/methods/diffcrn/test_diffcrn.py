from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import hsidiff
from hsidiff.errors import SettingError
from hsidiff.heads.held_out import folds_of
from hsidiff.kinds import FEATURES, columns_of
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffcrn import timestep_choice
from hsidiff.methods.diffcrn.diffcrn import PROFILES, DiffCRN
from hsidiff.methods.diffcrn.fusion_head import FusionHead
from hsidiff.methods.diffcrn.patches import PatchGrid
from hsidiff.methods.diffcrn.stage_values import Stages, StageValues
from hsidiff.methods.diffcrn.timestep_probe import PROBE_STEPS, ProbeRecipe
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.weights import weights
from hsidiff.windows.tiles import read_with_halo
from small_scenes import small_labels, small_scene

SHAPE, N_BANDS = (26, 34), 8


@pytest.fixture(scope="module", autouse=True)
def narrow_fast_profile() -> Iterator[None]:
    """The fast profile with a narrow denoiser and a short choice of timesteps."""
    stages, head = PROFILES["fast"]
    narrow = replace(
        stages,
        shape=replace(stages.shape, width=16, time_width=32),
        probe=ProbeRecipe(recipe=replace(PROBE_STEPS, n_steps=40)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, "fast", (narrow, head))  # type: ignore[arg-type]
        yield


def tiny(**settings: object) -> DiffCRN:
    return DiffCRN(**({"pretrain_steps": 2, "device": "cpu", "head": "linear"} | settings))  # type: ignore[arg-type]


def stages_of(model: DiffCRN) -> Stages:
    """The stages of a classifier, learned if it is fitted."""
    values = model._checked_parts()[0]
    if isinstance(values, StageValues):
        return values.stages
    assert isinstance(values, Stages)
    return values


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(8, 8, 8))


@pytest.fixture(scope="module")
def fitted(scene: Scene, labels: LabelMap) -> DiffCRN:
    return tiny().fit(scene, labels)


# Profiles and settings


def test_the_class_can_be_had_from_the_package() -> None:
    assert hsidiff.DiffCRN is DiffCRN


def test_the_paper_profile_holds_the_design_at_full_size() -> None:
    paper, head = PROFILES["paper"]
    seen, shape = paper.denoising, paper.shape
    assert (seen.space, seen.n_timesteps, seen.target, seen.loss) == ("range", 1000, "eps", "lae")
    assert (shape.patch_px, shape.width, shape.n_groups) == (16, 128, 8)
    assert shape.stages == ("spectral", "spatial", "spectral", "spatial")
    assert (paper.timesteps, paper.n_selected, paper.fusion) == ("auto", 5, "adaptive")
    assert head == "ctssfm"
    fusion = DiffCRN(profile="paper")._parts()[1]
    assert isinstance(fusion, FusionHead)
    assert (fusion.batch_size, fusion.n_epochs, fusion.width) == (64, 100, 128)
    recipe = fusion.recipe
    assert (recipe.learning_rate, recipe.weight_decay, recipe.rate) == (1e-3, 1e-2, "cosine")
    contrast = paper.contrast
    assert (contrast.weight, contrast.cluster_weight, contrast.temperature) == (0.1, 0.05, 0.2)
    assert (contrast.alike_rad, contrast.dropped, contrast.gain) == (0.03, 0.1, 0.05)


@pytest.mark.parametrize(("profile", "halo_px"), [("paper", 11), ("fast", 5)])
def test_the_halo_is_that_of_the_patch(profile: str, halo_px: int) -> None:
    assert tiny(profile=profile).halo_px == halo_px


@pytest.mark.parametrize("patch_px", [1, 5, 8])
def test_crops_are_as_large_as_the_patches(patch_px: int) -> None:
    stages = stages_of(tiny(patch_px=patch_px))
    assert stages.grid == PatchGrid.with_half_steps(patch_px)
    assert stages.denoising.crop_px == stages.shape.patch_px == patch_px


def test_a_classifier_leaves_the_profiles_as_they_are(fitted: DiffCRN) -> None:
    for stages, _ in PROFILES.values():
        assert not hasattr(stages, "denoiser_")
        assert (stages.random_state, stages.device) == (0, "auto")
    assert stages_of(fitted) is not PROFILES["fast"][0]


def test_the_head_ctssfm_goes_on_from_the_stages_themselves() -> None:
    values, head = DiffCRN(head="ctssfm", head_epochs=3)._parts()
    assert isinstance(head, FusionHead)
    assert head.stages is values
    assert head.n_epochs == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"loss": "l3"}, "loss='l3': expected one of .*lae"),
        ({"contrastive": "no"}, "contrastive='no': expected True or False"),
        ({"stages": ()}, "stages="),
        ({"stages": ("spatial", "spectrum")}, "stages=.*expected one or more of spatial, spectral"),
        ({"stages": "spatial"}, "stages='spatial': must be a tuple"),
        ({"patch_px": 0}, "patch_px=0: must be at least 1"),
        ({"patch_px": 2.5}, "patch_px=2.5: must be a whole number"),
        ({"timesteps": "automatic"}, "timesteps='automatic': expected one of auto, even, fixed"),
        ({"timesteps": 5}, "timesteps=5: must be a tuple of whole numbers"),
        ({"timesteps": (0, 3)}, r"timesteps=\(0, 3\): must lie in 1\.\.500"),
        ({"timesteps": ()}, "timesteps="),
        ({"timesteps": (3, 450)}, r"timesteps=\(3, 450\): the denoiser learns .* up to 400"),
        ({"fusion": "sum"}, "fusion='sum': expected one of adaptive, mean"),
        ({"extraction": "cleen"}, "did you mean 'clean'"),
        ({"head": "svm"}, "head='svm': expected one of weighed, linear, ctssfm"),
        ({"n_components": 0}, "n_components=0"),
        ({"head_epochs": 0}, "head_epochs=0"),
        ({"pretrain_on": "all"}, "pretrain_on='all'"),
        ({"device": "gpu"}, "device='gpu'"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_read(
    setting: dict[str, object], message: str, labels: LabelMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(Scene, "read", lambda *window: read.append(window))
    with pytest.raises(SettingError, match=message):
        tiny(**setting)._fit(small_scene(SHAPE, N_BANDS), labels)
    assert not read


# Learning


def test_what_was_chosen_is_a_learned_fact(fitted: DiffCRN) -> None:
    facts = fitted.learned_facts()
    chosen, candidates = facts["timesteps"], facts["candidates"]
    assert len(chosen) == 5
    assert set(chosen) <= set(candidates)
    assert chosen == sorted(chosen)
    assert chosen == stages_of(fitted).choice_.timesteps
    assert len(facts["spectral_angles_rad"]) == len(candidates)
    assert 1 <= candidates[0] < candidates[-1] <= 400
    by_stage = np.array(facts["mean_fusion_weights"])
    assert by_stage.shape == (5, 4)
    np.testing.assert_allclose(by_stage.sum(axis=0), 1, atol=1e-3)
    assert set(facts["gains"]) <= {"choice", "weights"}
    assert "experts" in facts


@pytest.mark.parametrize(
    "setting",
    [
        {"contrastive": False},
        {"loss": "l2"},
        {"timesteps": "fixed"},
        {"timesteps": "even"},
        {"stages": ["spectral", "spatial"]},
        {"stages": ["spatial", "spatial", "spatial", "spatial"]},
        {"extraction": "noisy"},
        {"patch_px": 6},
    ],
)
def test_each_part_can_be_switched_off_and_then_the_head_is_another(
    setting: dict[str, object], fitted: DiffCRN, scene: Scene, labels: LabelMap, tmp_path: Path
) -> None:
    window = Window(3, 4, 9, 10)
    model = tiny(**setting).fit(scene, labels)
    found = model.predict_proba_window(scene, window)
    first, second = (
        each.head_.weights_[:, columns_of(each.values_.kinds(N_BANDS))[FEATURES]]
        for each in (fitted, model)
    )
    assert first.shape != second.shape or np.abs(first - second).max() > 1e-4 * np.abs(first).max()
    model.save(tmp_path / "model")
    loaded = DiffCRN.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba_window(scene, window), found, atol=1e-6)


@pytest.fixture
def convinced(monkeypatch: pytest.MonkeyPatch, scene: Scene, labels: LabelMap) -> DiffCRN:
    """A classifier that takes what it learned of timesteps, however little that gains."""
    monkeypatch.setattr(timestep_choice, "is_evident", lambda _: True)
    return tiny().fit(scene, labels)


def test_learned_weights_of_the_timesteps_change_the_result(
    convinced: DiffCRN, scene: Scene, labels: LabelMap
) -> None:
    by_stage = np.array(convinced.learned_facts()["mean_fusion_weights"])
    np.testing.assert_allclose(by_stage.sum(axis=0), 1, atol=1e-3)
    assert by_stage.std() > 1e-3
    mean = tiny(fusion="mean").fit(scene, labels)
    window = Window(3, 4, 9, 10)
    cube = read_with_halo(scene, window, convinced.values_.halo_px)
    found, of_mean = (model.values_.of_window(cube, window) for model in (convinced, mean))
    features = columns_of(convinced.values_.kinds(N_BANDS))[FEATURES]
    valid = np.isfinite(scene.read(window)).all(axis=-1)
    assert np.abs(found - of_mean)[valid][:, features].max() > 1e-3


def test_labels_that_timesteps_follow_are_never_held_out_by_the_head(
    convinced: DiffCRN, fitted: DiffCRN, scene: Scene, labels: LabelMap
) -> None:
    rows, cols = np.nonzero(labels.values)
    known = convinced.values_.learned_from(rows, cols)
    assert known is not None
    assert 0 < known.sum() < len(rows)
    samples = convinced._gather(convinced.values_, convinced.head_, scene, labels)
    assert samples.known is not None
    assert samples.known.sum() == known.sum()
    for inside, outside in folds_of(samples.classes, samples.groups, 0, known=samples.known):
        assert not samples.known[outside].any()
        assert samples.known[inside].sum() == known.sum()
    assert fitted.values_.learned_from(rows, cols) is None  # nothing was taken from the labels


def test_without_contrast_the_denoiser_learns_from_the_same_views(
    fitted: DiffCRN, scene: Scene, labels: LabelMap
) -> None:
    without = tiny(contrastive=False).fit(scene, labels)
    first, second = (weights("", stages_of(model).denoiser_) for model in (fitted, without))
    difference = max(np.abs(first[name] - second[name]).max() for name in first)
    assert 0 < difference < 0.05  # two steps of the same data, with another gradient


def test_given_timesteps_are_used_as_they_are(scene: Scene, labels: LabelMap) -> None:
    model = tiny(timesteps=(30, np.int64(7))).fit(scene, labels)
    assert model.learned_facts()["timesteps"] == [30, 7]
    fixed = stages_of(tiny(timesteps="fixed"))
    assert fixed.n_timesteps == len(fixed.fixed_timesteps) == 5
    assert fixed.fixed_timesteps == (50, 125, 200, 275, 350)


def test_training_blocks_only_means_no_pixel_beyond_them_is_learned_from(
    labels: LabelMap,
) -> None:
    region = np.zeros(SHAPE, dtype=bool)
    region[:, :20] = True
    labels = LabelMap(np.where(region, labels.values, 0), labels.classes, region=region)
    near = np.zeros(SHAPE, dtype=bool)
    near[:, : 20 + DiffCRN().halo_px] = True
    scene, other = small_scene(SHAPE, N_BANDS), small_scene(SHAPE, N_BANDS)
    other.source.values[~near] = 5 - 3 * other.source.values[~near]
    first, second = (
        tiny(pretrain_on="train_blocks").fit(seen, labels).predict_proba(scene)
        for seen in (scene, other)
    )
    np.testing.assert_array_equal(first, second)


# CTSSFM


@pytest.fixture(scope="module")
def fitted_paper(scene: Scene, labels: LabelMap) -> DiffCRN:
    settings = {"patch_px": 4, "timesteps": (20, 300), "loss": "l1", "head": "ctssfm"}
    model = tiny(profile="paper", pretrain_steps=1, head_epochs=2, **settings)
    return model.fit(scene, labels)


@pytest.mark.slow
def test_the_paper_profile_runs_from_end_to_end(
    fitted_paper: DiffCRN, scene: Scene, tmp_path: Path
) -> None:
    probabilities = fitted_paper.predict_proba(scene)
    valid = np.isfinite(scene.read()).all(axis=-1)
    np.testing.assert_allclose(probabilities[valid].sum(axis=-1), 1, rtol=1e-5)
    for tile_size in (7, 16):
        found = fitted_paper.predict_proba(scene, tile_size)
        np.testing.assert_allclose(found, probabilities, atol=1e-5)
    fitted_paper.save(tmp_path / "model")
    loaded = DiffCRN.load(tmp_path / "model")
    assert loaded.learned_facts() == fitted_paper.learned_facts()
    np.testing.assert_allclose(loaded.predict_proba(scene), probabilities, atol=1e-6)


def test_ctssfm_learns_small_fields_on_clean_features(scene: Scene, labels: LabelMap) -> None:
    model = tiny(head="ctssfm", head_epochs=30).fit(scene, labels)
    right = model.predict(scene) == labels.values
    assert right[labels.values > 0].mean() > 0.9
    frozen = stages_of(model).addition_.bias
    learned = model.head_.network_.addition.bias
    assert not torch.equal(frozen, learned)  # AWAM went on learning, as a copy


# What it costs


def test_the_cost_counts_the_weights_that_are_there(fitted: DiffCRN, fitted_paper: DiffCRN) -> None:
    for model in (fitted, fitted_paper):
        parts = [f"values.{name}." for name in ("transform", "projection.0", "projection.1")]
        parts += ["values.projection.2.", "values.projection.3."]
        if model is fitted_paper:  # its own addition is CTSSFM's
            parts.append("values.addition.")
        learned = model._get_learned().arrays
        n_weights = sum(a.size for name, a in learned.items() if not name.startswith(tuple(parts)))
        assert model.cost(N_BANDS, 3).n_parameters == n_weights


def test_a_coarser_grid_costs_less_per_pixel_and_more_timesteps_cost_more() -> None:
    def macs(**settings: object) -> int:
        found = tiny(**settings).cost(100, 9).macs_per_pixel
        assert found is not None
        return found

    # Of a patch of 5 pixels one is classified; of 8, 4 x 4; their costs are nearly alike.
    assert macs(patch_px=5) > 3 * macs(patch_px=8)
    ten = tuple(range(10, 110, 10))
    assert macs(timesteps=ten) > 1.8 * macs(timesteps=ten[:5])
