import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hsidiff.diffusion.objectives import target_of
from hsidiff.errors import SceneError, SettingError
from hsidiff.heads.regularisation import Regularisation
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.spectraldiff import PROFILES, SpectralDiff
from hsidiff.networks.pixel_transformer import PixelTransformer
from hsidiff.networks.spectral_unet import SpectralUNet
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe
from hsidiff.training.weights import weights
from parts import settings_of, values_at
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene

SHAPE = (30, 36)
N_BANDS = 8


def tiny(**settings: object) -> SpectralDiff:
    return SpectralDiff(**({"pretrain_steps": 3, "device": "cpu", "head": "linear"} | settings))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE)


@pytest.fixture(scope="module")
def fitted(scene: Scene, labels: LabelMap) -> SpectralDiff:
    return tiny().fit(scene, labels)


# What the profiles say


def test_the_paper_profile_holds_the_facts_of_the_article() -> None:
    paper, head = PROFILES["paper"].values, PROFILES["paper"].transformer
    seen = paper.denoising
    assert (seen.space, seen.n_timesteps, seen.target, seen.loss) == ("range", 500, "eps", "l1")
    assert (seen.crop_px, seen.crops, seen.batch_size) == (16, "grid", 256)
    assert seen.recipe == Recipe(n_steps=30_000, learning_rate=1e-4, bfloat16=True)
    assert (paper.timesteps, paper.layers, paper.extraction) == ((5,), (1,), "noisy")
    assert (paper.n_components, paper.whiten) == (1200, True)
    assert (paper.unet.order, paper.unet.out_kernel) == ("norm-act", (3, 3, 3))
    assert PROFILES["paper"].head == "transformer"
    assert (head.n_epochs, head.patch_px) == (20, 13)
    (shape,) = head.make_network.args
    assert (shape.embedding, shape.n_blocks, shape.n_heads) == ("linear", 5, 4)


def test_the_released_profile_holds_the_facts_of_the_code() -> None:
    released, head = PROFILES["released"].values, PROFILES["released"].transformer
    assert (released.denoising.crop_px, released.denoising.batch_size) == (64, 20)
    # The code counts timesteps from 0.
    assert (released.timesteps, released.layers) == ((5 + 1,), (2,))
    assert (released.unet.order, released.unet.out_kernel) == ("act-norm", (1, 1, 1))
    assert sum(p.numel() for p in SpectralUNet(released.unet).parameters()) == 4_299_633
    assert released.denoising.recipe == PROFILES["paper"].values.denoising.recipe
    assert (head.n_epochs, head.patch_px) == (30, 13)
    network = head.make_network((released.n_components,), head.patch_px, 16)
    assert isinstance(network, PixelTransformer)
    assert sum(p.numel() for p in network.parameters()) == 1_371_169


def test_the_transformer_is_trained_as_in_the_code() -> None:
    for name in ("paper", "released"):
        head = PROFILES[name].transformer
        assert head.recipe.learning_rate == 1e-3
        assert head.recipe.max_gradient_norm == 15
        assert head.recipe.weight_decay == 0
        assert head.batch_size == 64
        assert head.regularisation == Regularisation()


@pytest.mark.parametrize(("profile", "halo_px"), [("paper", 17 + 6), ("released", 21 + 6)])
def test_the_halo_is_that_of_the_features_and_half_the_patch(profile: str, halo_px: int) -> None:
    assert SpectralDiff(profile=profile).halo_px == halo_px


def test_a_setting_replaces_what_the_profile_says() -> None:
    model = SpectralDiff(
        profile="paper", layers=(0,), n_components=7, pretrain_steps=2, head_epochs=3
    )
    values, head = model._checked_parts()
    paper = settings_of(PROFILES["paper"].values)
    seen = paper["denoising"]
    assert settings_of(values) == {
        **paper,
        "layers": (0,),
        "n_components": 7,
        "denoising": replace(seen, recipe=replace(seen.recipe, n_steps=2)),
    }
    of_paper = PROFILES["paper"].transformer
    assert settings_of(head) == {
        **settings_of(of_paper), "n_epochs": 3, "make_network": head.make_network
    }  # fmt: skip
    assert head.make_network.args == of_paper.make_network.args
    assert model.halo_px == 13 + 6


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"profile": "fats"}, r"profile='fats': expected one of .*did you mean 'fast'"),
        ({"timesteps": (0, 5)}, r"timesteps=\(0, 5\): must lie in 1\.\.500 \(n_timesteps=500\)"),
        ({"timesteps": ()}, "timesteps="),
        ({"timesteps": 5}, "timesteps=5: must be a tuple of whole numbers"),
        ({"timesteps": (5.5,)}, "timesteps=.*whole numbers"),
        ({"layers": (2,)}, r"layers=\(2,\): must lie in 0\.\.1"),
        ({"profile": "paper", "layers": (3,)}, r"layers=\(3,\): must lie in 0\.\.2"),
        ({"layers": 1}, "layers=1: must be a tuple of whole numbers"),
        ({"extraction": "cleen"}, "extraction='cleen'.*did you mean 'clean'"),
        ({"head": "svm"}, "head='svm': expected one of linear, transformer, chosen"),
        ({"pretrain_on": "everything"}, "pretrain_on='everything'"),
        ({"n_components": 0}, "n_components=0: must be at least 1"),
        ({"head_epochs": 0}, "head_epochs=0"),
        ({"pretrain_steps": 0}, "pretrain_steps=0"),
        ({"pretrain_steps": 2.5}, "pretrain_steps=2.5: must be a whole number"),
        ({"random_state": -1}, "random_state=-1"),
        ({"device": "gpu"}, "device='gpu': expected auto, cpu, cuda or mps"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_read(
    setting: dict[str, object], message: str, labels: LabelMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    scene = small_scene(SHAPE, N_BANDS)
    monkeypatch.setattr(Scene, "read", lambda *window: read.append(window))
    model = SpectralDiff(**({"device": "cpu"} | setting))
    with pytest.raises(SettingError, match=message):
        model._fit(scene, labels)
    assert not read


# Learning


@pytest.mark.parametrize("head", ["linear", "transformer"])
def test_nothing_random_is_used_or_changed_beyond_the_random_state(
    scene: Scene, labels: LabelMap, head: str
) -> None:
    window = Window(3, 4, 5, 6)
    maps = []
    for global_seed in (77, 78):
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002
        states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
        model = tiny(head=head, n_components=3, head_epochs=1).fit(scene, labels)
        maps.append(model.predict_proba_window(scene, window))
        assert torch.equal(torch.get_rng_state(), states[0])
        assert np.array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
        assert random.getstate() == states[2]
    np.testing.assert_array_equal(*maps)


def test_another_random_state_learns_another_denoiser(
    scene: Scene, labels: LabelMap, fitted: SpectralDiff
) -> None:
    other = tiny(random_state=1).fit(scene, labels)
    first, second = (weights("", model.values_.denoiser_) for model in (fitted, other))
    assert np.abs(first["conv0.weight"] - second["conv0.weight"]).max() > 0.01


def denoising_error(model: SpectralDiff, scene: Scene, timestep: int) -> float:
    """Mean square of the prediction's error on the whole scene under noise it never saw."""
    values, denoising = model.values_, model.values_.denoising
    seen = np.nan_to_num(values.transform_.apply(scene.read()), nan=0)
    x_0, t = torch.from_numpy(seen).permute(2, 0, 1)[None], torch.tensor([timestep])
    eps = torch.randn(x_0.shape, generator=torch.Generator().manual_seed(99))
    target = target_of(denoising.target, denoising.schedule, x_0, t, eps)
    with torch.inference_mode():
        said = values.denoiser_(denoising.schedule.add_noise(x_0, t, eps), t)
    return float((said - target).square().mean())


def test_pretraining_learns_to_denoise(labels: LabelMap) -> None:
    scene = small_scene(SHAPE, n_bands=3)
    models = [tiny(pretrain_steps=n_steps).fit(scene, labels) for n_steps in (1, 50)]
    untrained, trained = (denoising_error(model, scene, timestep=250) for model in models)
    assert trained < 0.9 * untrained


def half_region() -> np.ndarray:
    region = np.zeros(SHAPE, dtype=bool)
    region[:, :18] = True
    return region


def labels_in(region: np.ndarray) -> LabelMap:
    covers = np.where(region, small_fields(SHAPE) + 1, 0)
    return replace(
        LabelMap.from_array(np.where(np.indices(SHAPE).sum(0) % 7, 0, covers)), region=region
    )


@pytest.mark.parametrize("profile", ["fast", "paper"])
def test_training_blocks_are_all_that_pretraining_and_projection_see(profile: str) -> None:
    region, cube = half_region(), small_cube(SHAPE, N_BANDS)
    changed = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    model = tiny(
        profile=profile, pretrain_on="train_blocks", pretrain_steps=1, n_components=4,
        head="linear", layers=(0,), timesteps=(9,),
    )  # fmt: skip
    learned = []
    for values in (cube, changed):
        arrays = model.fit(scene_of(values), labels_in(region))._get_learned().arrays
        learned.append({k: v for k, v in arrays.items() if not k.startswith("head.")})
    for name, array in learned[0].items():
        np.testing.assert_array_equal(array, learned[1][name], err_msg=name)
    assert not model.transductive


def test_pretraining_on_the_scene_sees_all_of_it_and_says_so() -> None:
    region, cube = half_region(), small_cube(SHAPE, N_BANDS)
    changed = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    first, second = (tiny().fit(scene_of(c), labels_in(region)) for c in (cube, changed))
    assert np.abs(first.values_.transform_.shift - second.values_.transform_.shift).max() > 0.1
    assert first.transductive


def test_training_blocks_need_labels_that_know_their_blocks(scene: Scene, labels: LabelMap) -> None:
    with pytest.raises(SettingError, match="do not say which blocks are theirs; use the training"):
        tiny(pretrain_on="train_blocks").fit(scene, labels)


@pytest.mark.parametrize("n_bands", [1, 3, 48])
def test_any_number_of_bands_is_learned(n_bands: int) -> None:
    scene = small_scene(SHAPE, n_bands)
    model = tiny().fit(scene, small_labels(SHAPE))
    probabilities = model.predict_proba(scene)
    assert np.isfinite(probabilities).all()
    valid = np.isfinite(scene.read()).all(axis=-1)
    np.testing.assert_allclose(probabilities[valid].sum(axis=-1), 1, rtol=1e-5)


def test_one_label_per_class_is_enough(scene: Scene) -> None:
    labels = small_labels(SHAPE, n_per_class=(1, 1, 1))
    mapped = tiny().fit(scene, labels).predict(scene)
    assert (mapped[labels.values > 0] == labels.values[labels.values > 0]).all()


def test_a_constant_band_is_named(labels: LabelMap) -> None:
    cube = small_cube(SHAPE, N_BANDS)
    cube[..., 2] = 1
    with pytest.raises(SceneError, match="band 3 holds one value only"):
        tiny().fit(scene_of(cube), labels)


# Mapping


@pytest.mark.parametrize("extraction", ["clean", "noisy"])
def test_the_map_does_not_depend_on_the_tile_size(
    scene: Scene, labels: LabelMap, extraction: str
) -> None:
    model = tiny(extraction=extraction).fit(scene, labels)
    whole = model.predict_proba(scene, window_px=64)
    for tile_size in (9, 16):
        np.testing.assert_allclose(model.predict_proba(scene, tile_size), whole, atol=1e-5)


def test_the_head_learns_from_what_it_will_see_in_the_map(scene: Scene, labels: LabelMap) -> None:
    """Gathered training values equal the values of the map's tiles, noise and border included."""
    model = tiny(extraction="noisy").fit(scene, labels)
    window, part = Window.whole(SHAPE), Window(5, 0, 9, 11)
    whole = values_at(model, scene, window, margin_px=2)
    gathered = values_at(model, scene, part, margin_px=2)
    np.testing.assert_allclose(gathered, whole[5 : 5 + 13, 0 : 0 + 15], atol=1e-4)


def test_prediction_leaves_the_denoiser_as_it_is(scene: Scene, fitted: SpectralDiff) -> None:
    before = {name: a.copy() for name, a in weights("", fitted.values_.denoiser_).items()}
    fitted.predict(scene)
    after = weights("", fitted.values_.denoiser_)
    assert not fitted.values_.denoiser_.training
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_loaded_model_computes_on_the_device_it_is_given(
    fitted: SpectralDiff, scene: Scene, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    loaded = SpectralDiff.load(tmp_path / "model").set_params(device="gpu")
    with pytest.raises(SettingError, match="device='gpu'"):
        loaded.predict_proba(scene)
    loaded.set_params(device="cpu")
    np.testing.assert_allclose(loaded.predict_proba(scene), fitted.predict_proba(scene), atol=1e-6)


def test_a_random_state_of_numpy_can_be_saved(
    scene: Scene, labels: LabelMap, tmp_path: Path
) -> None:
    model = tiny(random_state=np.arange(3)[1], timesteps=(np.int64(25),)).fit(scene, labels)
    model.save(tmp_path / "model")
    assert SpectralDiff.load(tmp_path / "model").random_state == 1


@pytest.fixture(scope="module")
def fitted_paper() -> tuple[Scene, SpectralDiff]:
    scene = small_scene((27, 32), n_bands=6)
    labels = small_labels((27, 32), n_per_class=(4, 4, 4))
    model = tiny(profile="paper", pretrain_steps=1, n_components=5, head_epochs=2, layers=(0,))
    return scene, model.fit(scene, labels)


def test_the_paper_profile_runs_from_end_to_end(
    fitted_paper: tuple[Scene, SpectralDiff], tmp_path: Path
) -> None:
    scene, model = fitted_paper
    window = Window(20, 25, 7, 7)
    probabilities = model.predict_proba_window(scene, window)
    assert probabilities.shape == (7, 7, 3)
    valid = np.isfinite(scene.read(window)).all(axis=-1)
    np.testing.assert_allclose(probabilities[valid].sum(axis=-1), 1, rtol=1e-5)
    model.save(tmp_path / "model")
    loaded = SpectralDiff.load(tmp_path / "model")
    np.testing.assert_allclose(loaded.predict_proba_window(scene, window), probabilities, atol=1e-6)


# The way back


def test_reconstruction_from_a_small_start_is_close_to_the_scene(
    fitted: SpectralDiff, scene: Scene
) -> None:
    clean = scene.read()
    found = fitted.reconstruct(scene, start=2, keep=(2, 0))
    assert list(found) == [2, 0]
    valid = np.isfinite(clean)
    for values in found.values():
        assert np.array_equal(np.isfinite(values), valid)
        assert np.abs(values[valid] - clean[valid]).mean() < 0.3 * clean[valid].std()


def test_reconstruction_of_a_window_keeps_its_shape_and_what_is_asked_for(
    fitted: SpectralDiff, scene: Scene
) -> None:
    found = fitted.reconstruct(scene, Window(5, 6, 7, 8), start=30)
    assert list(found) == [10, 5, 0]
    assert found[0].shape == (7, 8, N_BANDS)
    assert np.isfinite(found[0][~np.isnan(scene.read(Window(5, 6, 7, 8)))]).all()


def test_reconstruction_keeps_the_published_timesteps_on_its_way(
    fitted: SpectralDiff, scene: Scene
) -> None:
    found = fitted.reconstruct(scene, Window(0, 0, 4, 4))
    assert list(found) == [400, 200, 100, 80, 50, 10, 5, 0]
