from pathlib import Path

import numpy as np
import pytest
import torch

import hsidiff
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffcrn import PROFILES, DiffCRN
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.weights import weights
from small_scenes import small_labels, small_scene

SHAPE, N_BANDS = (26, 34), 8


def tiny(**settings: object) -> DiffCRN:
    return DiffCRN(**({"pretrain_steps": 2, "device": "cpu"} | settings))  # type: ignore[arg-type]


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
    paper = PROFILES["paper"]
    seen, shape = paper.denoising, paper.shape
    assert (seen.space, seen.n_timesteps, seen.target, seen.loss) == ("range", 1000, "eps", "lae")
    assert (shape.patch_px, shape.width, shape.n_groups) == (16, 128, 8)
    assert shape.stages == ("spatial", "spectral", "spatial", "spectral")
    assert (paper.timesteps, paper.n_selected, paper.fusion) == ("auto", 5, "adaptive")
    assert (paper.head, paper.head_batch_size, paper.head_epochs) == ("ctssfm", 64, 100)
    recipe = paper.head_recipe
    assert (recipe.learning_rate, recipe.weight_decay, recipe.rate) == (1e-3, 1e-2, "cosine")
    contrast = paper.contrast
    assert (contrast.weight, contrast.cluster_weight, contrast.temperature) == (0.1, 0.05, 0.2)
    assert (contrast.alike_rad, contrast.dropped, contrast.gain) == (0.03, 0.1, 0.05)


@pytest.mark.parametrize(("profile", "halo_px"), [("paper", 11), ("fast", 5)])
def test_the_halo_is_that_of_the_patch(profile: str, halo_px: int) -> None:
    assert DiffCRN(profile=profile).halo_px == halo_px


@pytest.mark.parametrize(
    ("patch_px", "stride_px"),
    [(1, 1), (2, 2), (3, 1), (5, 1), (6, 2), (7, 3), (8, 4), (10, 4), (16, 8)],
)
def test_any_patch_size_has_a_stride_of_about_half(patch_px: int, stride_px: int) -> None:
    grid = DiffCRN(patch_px=patch_px).settings().grid
    assert (grid.patch_px, grid.stride_px) == (patch_px, stride_px)
    assert DiffCRN(patch_px=patch_px).settings().denoising.crop_px == patch_px


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
        ({"stride_px": 3}, "stride_px=3: must be at most patch_px=8"),
        ({"stride_px": 0}, "stride_px=0"),
        ({"timesteps": "automatic"}, "timesteps='automatic': expected one of auto, fixed"),
        ({"timesteps": 5}, "timesteps=5: must be auto, fixed, or a tuple"),
        ({"timesteps": (0, 3)}, r"timesteps=\(0, 3\): must lie in 1\.\.500"),
        ({"timesteps": ()}, "timesteps="),
        ({"n_selected": 0}, "n_selected=0: must be at least 1"),
        ({"n_selected": 20}, "n_selected=20: there are 10 candidates; choose at most as many"),
        ({"timesteps": (3, 450)}, r"timesteps=\(3, 450\): the denoiser learns .* up to 400"),
        ({"fusion": "sum"}, "fusion='sum': expected one of adaptive, mean"),
        ({"extraction": "cleen"}, "did you mean 'clean'"),
        ({"head": "svm"}, "head='svm': expected one of ctssfm, linear"),
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
    assert tuple(chosen) == fitted.features_.timesteps
    assert len(facts["spectral_angles_rad"]) == len(candidates)
    assert 1 <= candidates[0] < candidates[-1] <= 400
    by_stage = np.array(facts["mean_fusion_weights"])
    assert by_stage.shape == (5, 4)
    np.testing.assert_allclose(by_stage.sum(axis=0), 1, atol=1e-3)
    assert by_stage.std() > 1e-3
    assert "experts" in facts


@pytest.mark.parametrize(
    "setting",
    [
        {"contrastive": False},
        {"loss": "l2"},
        {"timesteps": "fixed"},
        {"fusion": "mean"},
        {"stages": ["spatial", "spectral"]},
        {"extraction": "noisy"},
        {"n_selected": 2},
        {"patch_px": 5},
    ],
)
def test_each_part_can_be_switched_off_and_then_the_head_is_another(
    setting: dict[str, object], fitted: DiffCRN, scene: Scene, labels: LabelMap, tmp_path: Path
) -> None:
    window = Window(3, 4, 9, 10)
    model = tiny(**setting).fit(scene, labels)
    found = model.predict_proba_window(scene, window)
    first, second = fitted.head_.weights, model.head_.weights
    assert first.shape != second.shape or np.abs(first - second).max() > 1e-4 * np.abs(first).max()
    model.save(tmp_path / "model")
    loaded = DiffCRN.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba_window(scene, window), found, atol=1e-6)


def test_without_contrast_the_denoiser_learns_from_the_same_views(
    fitted: DiffCRN, scene: Scene, labels: LabelMap
) -> None:
    without = tiny(contrastive=False).fit(scene, labels)
    first, second = (weights("", model.features_.denoiser) for model in (fitted, without))
    difference = max(np.abs(first[name] - second[name]).max() for name in first)
    assert 0 < difference < 0.05  # two steps of the same data, with another gradient


def test_given_timesteps_are_used_as_they_are(scene: Scene, labels: LabelMap) -> None:
    model = tiny(timesteps=(30, np.int64(7))).fit(scene, labels)
    assert model.features_.timesteps == (30, 7)
    assert tiny(timesteps="fixed").settings().given_timesteps == (50, 125, 200, 275, 350)
    assert model.learned_facts()["timesteps"] == [30, 7]


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
    model = tiny(
        profile="paper", pretrain_steps=1, head_epochs=2, patch_px=4, n_selected=2, loss="l1"
    )
    return model.fit(scene, labels)


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
    model = tiny(head="ctssfm", head_epochs=60).fit(scene, labels)
    right = model.predict(scene) == labels.values
    assert right[labels.values > 0].mean() > 0.9
    frozen = model.features_.addition.bias
    assert not torch.equal(frozen, model.head_.addition.bias)  # AWAM went on learning, as a copy


# What it costs


def test_the_cost_counts_the_weights_that_are_there(fitted: DiffCRN, fitted_paper: DiffCRN) -> None:
    for model in (fitted, fitted_paper):
        learned = model._get_learned().arrays
        ctssfm = model.settings().head == "ctssfm"
        counted = ("denoiser.", "head.") if ctssfm else ("denoiser.", "addition.", "head.")
        n_weights = sum(a.size for name, a in learned.items() if name.startswith(counted))
        assert model.cost(N_BANDS, 3).n_parameters == n_weights


def test_a_coarser_grid_costs_less_per_pixel_and_more_timesteps_cost_more() -> None:
    def macs(**settings: object) -> int:
        found = tiny(**settings).cost(100, 9).macs_per_pixel
        assert found is not None
        return found

    assert macs(stride_px=2) > 3.5 * macs(stride_px=4)
    assert macs(n_selected=10) > 1.8 * macs(n_selected=5)
