from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import hsidiff
from hsidiff.errors import SettingError
from hsidiff.heads.linear_head import LinearHead
from hsidiff.heads.patch_head import PatchHead
from hsidiff.heads.regularisation import Regularisation
from hsidiff.kinds import columns_of
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.diffspectralnet import (
    PROFILES,
    ComponentTokens,
    DiffSpectralNet,
    grouped_transformer,
)
from hsidiff.methods.spectraldiff import PROFILES as PROFILES_OF_SPECTRALDIFF
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe
from parts import values_at
from small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_labels,
    small_scene,
)

SHAPE = (30, 36)
N_BANDS = 8
# Components of two timesteps with two layers each, as they are stacked.
N_COMPONENTS = (4, 3, 5, 1)


def tiny(**settings: object) -> DiffSpectralNet:
    return DiffSpectralNet(**({"pretrain_steps": 3, "device": "cpu", "head": "linear"} | settings))


def patches(n_components: int = sum(N_COMPONENTS), side: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn((2, n_components, side, side), generator=generator)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene(SHAPE, N_BANDS)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE)


# What the profiles say


def test_the_paper_profile_learns_as_spectraldiff_does_but_for_the_loss() -> None:
    paper, other = PROFILES["paper"].values, PROFILES_OF_SPECTRALDIFF["paper"].values
    assert paper.denoising == replace(other.denoising, loss="l2")
    assert paper.unet == other.unet
    seen = paper.denoising
    assert (seen.space, seen.n_timesteps, seen.target) == ("range", 500, "eps")
    assert seen.recipe.learning_rate == 1e-4
    assert (paper.timesteps, paper.layers) == ((5, 10, 50, 100), (0, 1, 2))
    assert (paper.extraction, paper.n_components, paper.whiten) == ("noisy", 64, True)
    assert paper.apart


def test_the_fast_profile_learns_as_spectraldiff_does() -> None:
    fast, other = PROFILES["fast"].values, PROFILES_OF_SPECTRALDIFF["fast"].values
    assert (fast.denoising, fast.unet) == (other.denoising, other.unet)
    assert (fast.timesteps, fast.layers) == ((200, 350), (0, 1))


@pytest.mark.parametrize(("name", "patch_px", "n_epochs"), [("paper", 7, 300), ("fast", 5, 20)])
def test_the_transformer_is_trained_as_in_spectralformers_code(
    name: str, patch_px: int, n_epochs: int
) -> None:
    _, head = DiffSpectralNet(profile=name, head="transformer")._checked_parts()
    assert isinstance(head, PatchHead)
    assert (head.batch_size, head.patch_px, head.n_epochs) == (64, patch_px, n_epochs)
    assert (head.recipe.rate, head.recipe.learning_rate) == ("steps", 5e-4)
    # StepLR(epochs // 10, 0.9).
    assert (head.n_falls, head.recipe.fall_factor) == (10, 0.9)
    assert (head.recipe.optimizer, head.recipe.weight_decay) == ("adam", 5e-3)
    assert head.regularisation == Regularisation(dropped_pairs={"paper": 0, "fast": 0.5}[name])


@pytest.mark.parametrize(("n_epochs", "fall_every"), [(40, 4), (4, 1)])
def test_the_rate_falls_ten_times_whatever_the_number_of_labels(
    scene: Scene,
    labels: LabelMap,
    monkeypatch: pytest.MonkeyPatch,
    n_epochs: int,
    fall_every: int,
) -> None:
    recipes: list[Recipe] = []

    def note(
        network: nn.Module, values: object, classes: object, recipe: Recipe, *_: object
    ) -> None:
        recipes.append(recipe)
        network.eval()

    monkeypatch.setattr("hsidiff.heads.patch_head.fit_patch_classifier", note)
    tiny(head="transformer", n_components=2, head_epochs=n_epochs).fit(scene, labels)
    # 45 labels are one batch.
    assert {(recipe.n_steps, recipe.fall_every) for recipe in recipes} == {(n_epochs, fall_every)}


@pytest.mark.parametrize(
    ("settings", "halo_px"),
    [
        ({"profile": "paper"}, 21 + 3),
        ({"profile": "paper", "layers": (0,)}, 13 + 3),
        ({"head": "transformer"}, 4 + 2),
        ({"head": "linear"}, 4),
        ({}, 4 + 7),
    ],
)
def test_the_halo_is_that_of_the_highest_layer_and_half_the_patch(
    settings: dict[str, object], halo_px: int
) -> None:
    assert DiffSpectralNet(**settings).halo_px == halo_px


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"fusion": "add"}, "fusion='add': expected one of caf, none"),
        ({"timesteps": (5, 9, 5)}, r"timesteps=\(5, 9, 5\): must name each once"),
        ({"timesteps": 5}, "timesteps=5: must be a tuple of whole numbers"),
        ({"layers": "01"}, "layers='01': must be a tuple of whole numbers"),
        ({"layers": [1, 1]}, r"layers=\(1, 1\): must name each once"),
        ({"profile": "released"}, "profile='released': expected one of paper, fast"),
        ({"layers": (2,)}, r"layers=\(2,\): must lie in 0\.\.1"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_read(
    setting: dict[str, object], message: str, labels: LabelMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    scene = small_scene(SHAPE, N_BANDS)
    monkeypatch.setattr(Scene, "read", lambda *window: read.append(window))
    with pytest.raises(SettingError, match=message):
        tiny(**setting)._fit(scene, labels)
    assert not read


# Tokens


def test_a_token_holds_a_component_and_its_neighbours_of_the_same_pair() -> None:
    """With component 10 p + i the i-th of pair p, every group written out."""
    values = [10 * pair + i for pair, n in enumerate(N_COMPONENTS) for i in range(n)]
    tokens = ComponentTokens(N_COMPONENTS, 3)(torch.tensor(values).view(1, -1, 1, 1).float())
    assert tokens[0].int().tolist() == [
        [0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3],
        [10, 10, 11], [10, 11, 12], [11, 12, 12],
        [20, 20, 21], [20, 21, 22], [21, 22, 23], [22, 23, 24], [23, 24, 24],
        [30, 30, 30],
    ]  # fmt: skip


@pytest.mark.parametrize("group_size", [1, 3, 9])
@pytest.mark.parametrize("pair", range(len(N_COMPONENTS)))
def test_a_change_of_one_pairs_components_changes_that_pairs_tokens_only(
    pair: int, group_size: int
) -> None:
    make = ComponentTokens(N_COMPONENTS, group_size)
    first = sum(N_COMPONENTS[:pair])
    its = slice(first, first + N_COMPONENTS[pair])
    before = patches()
    after = before.clone()
    after[:, its] += 1
    changed = (make(before) != make(after)).any(dim=2)
    expected = torch.zeros(sum(N_COMPONENTS), dtype=torch.bool)
    expected[its] = True
    assert torch.equal(changed, expected.expand(2, -1))


def test_a_component_token_holds_the_patch_in_each_component_of_its_group() -> None:
    seen = patches()
    tokens = ComponentTokens(N_COMPONENTS, 3)(seen)
    assert tokens.shape == (2, 13, 3 * 9)
    # The second of the third pair, which begins at 7.
    torch.testing.assert_close(tokens[:, 8], seen[:, 7:10].flatten(1))


def test_every_component_reaches_the_scores() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = grouped_transformer("caf", N_COMPONENTS, 5, 5).eval()
    seen = patches(side=5).requires_grad_()
    scores = network(seen)
    assert scores.shape == (2, 5)
    scores.square().sum().backward()
    assert seen.grad is not None
    assert (seen.grad.abs().sum(dim=(0, 2, 3)) > 0).all()


def test_fusion_changes_the_network_by_its_weights() -> None:
    with_skips, without = (
        sum(p.numel() for p in grouped_transformer(fusion, N_COMPONENTS, 5, 5).parameters())
        for fusion in ("caf", "none")
    )
    n_tokens = sum(N_COMPONENTS) + 1
    assert with_skips - without == 3 * (2 * n_tokens**2 + n_tokens)


@pytest.mark.parametrize("head", ["transformer", "chosen"])
def test_the_setting_fusion_reaches_the_transformer_of_every_head(head: str) -> None:
    skips, none = (
        DiffSpectralNet(head=head, fusion=fusion).cost(N_BANDS, 3).n_parameters
        for fusion in ("caf", "none")
    )
    assert skips > none


def test_the_papers_head_has_the_shapes_of_the_table() -> None:
    head = PROFILES["paper"].transformer
    tokens, transformer = head.make_network(12 * (64,), head.patch_px, 16)
    assert tokens(patches(768, 7)).shape == (2, 768, 3 * 7 * 7)
    assert transformer.position.shape == (1, 769, 64)


# Learning and mapping


def test_each_timestep_and_layer_is_a_kind_of_its_own_for_the_linear_head(
    scene: Scene, labels: LabelMap
) -> None:
    model = tiny(timesteps=(9, 40), layers=(1, 0), n_components=5).fit(scene, labels)
    columns = columns_of(model.values_.kinds(N_BANDS))
    names = ["t=9 layer 1", "t=9 layer 0", "t=40 layer 1", "t=40 layer 0"]
    assert list(columns) == [*names, "denoiser input", "spectrum"]
    window = Window(20, 20, 5, 6)
    values = values_at(model, scene, window)
    assert columns["spectrum"].stop == values.shape[-1]
    np.testing.assert_array_equal(values[..., columns["spectrum"]], scene.read(window))
    # A model of one pair only gives the same components: timesteps come first, then layers.
    for timestep, layer in ((9, 0), (40, 1)):
        one = tiny(timesteps=(timestep,), layers=(layer,), n_components=5).fit(scene, labels)
        pair = f"t={timestep} layer {layer}"
        alone = values_at(one, scene, window)[..., columns_of(one.values_.kinds(N_BANDS))[pair]]
        np.testing.assert_allclose(values[..., columns[pair]], alone, atol=1e-4)


@pytest.mark.parametrize("fusion", ["caf", "none"])
def test_the_transformer_learns_fields_that_are_easy_to_tell_apart(fusion: str) -> None:
    scene, labels = small_scene(), small_labels()
    model = tiny(
        pretrain_steps=5,
        timesteps=(200,),
        head="transformer",
        layers=(1,),
        n_components=4,
        head_epochs=60,
        fusion=fusion,
    ).fit(scene, labels)
    window = Window(10, 10, 10, 30)
    unseen = labels.values[window.slices] == 0
    right = model.predict_proba_window(scene, window).argmax(-1) == small_fields()[window.slices]
    assert right[unseen].mean() > 0.7  # chance is a third


def test_the_linear_head_takes_its_experts_from_pairs(scene: Scene, labels: LabelMap) -> None:
    head = tiny().fit(scene, labels).head_
    assert isinstance(head, LinearHead)
    sets = {expert.split(" on ")[1] for expert in head.shares_}
    pairs = {f"t={timestep} layer {layer}" for timestep in (200, 350) for layer in (0, 1)}
    assert sets <= pairs | {"denoiser input", "spectrum", "all"}


def test_a_saved_transformer_gives_the_same_probabilities(
    scene: Scene, labels: LabelMap, tmp_path: Path
) -> None:
    model = tiny(head="transformer", head_epochs=1, n_components=3, fusion="none")
    model.fit(scene, labels).save(tmp_path / "model")
    loaded = DiffSpectralNet.load(tmp_path / "model")
    assert loaded.get_params() == model.get_params()
    window = Window(3, 4, 5, 6)
    first, second = (m.predict_proba_window(scene, window) for m in (model, loaded))
    np.testing.assert_allclose(first, second, atol=1e-6)


@pytest.mark.slow
def test_the_paper_profile_runs_from_end_to_end() -> None:
    scene = small_scene((27, 32), n_bands=6)
    labels = small_labels((27, 32), n_per_class=(4, 4, 4))
    model = tiny(
        profile="paper",
        pretrain_steps=1,
        timesteps=(5, 50),
        layers=(0, 1),
        n_components=5,
        head_epochs=2,
    ).fit(scene, labels)
    window = Window(20, 25, 4, 5)
    probabilities = model.predict_proba_window(scene, window)
    valid = np.isfinite(scene.read(window)).all(axis=-1)
    np.testing.assert_allclose(probabilities[valid].sum(axis=-1), 1, rtol=1e-5)


def test_whitened_components_have_unit_variance_pair_by_pair() -> None:
    """No second projection mixes the pairs: each stays decorrelated and scaled on its own."""
    shape = (27, 32)
    scene, labels = scene_of(small_cube(shape, 4)), small_labels(shape)
    model = tiny(profile="paper", pretrain_steps=1, timesteps=(5,), layers=(0, 1), n_components=3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(PatchHead, "fit", lambda *_: None)
        model.fit(scene, labels)
    pairs = values_at(model, scene, Window.whole(shape)).reshape(shape[0] * shape[1], -1)[:, :6]
    for pair in np.split(pairs, 2, axis=1):
        np.testing.assert_allclose(np.cov(pair.T), np.eye(3), atol=0.02)


def test_the_method_is_found_at_the_top_of_the_package() -> None:
    assert hsidiff.DiffSpectralNet is DiffSpectralNet
