from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hsidiff.about import Cost
from hsidiff.baselines import RawSpectra
from hsidiff.errors import SettingError
from hsidiff.features.feature_profile import FAST
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.spectraldiff import PROFILES, SpectralDiff
from hsidiff.networks.counting import cost_of
from hsidiff.networks.pixel_transformer import PixelTransformer
from hsidiff.scenes.window import Window
from hsidiff.training.held_out import spatial_groups
from hsidiff.training.linear_head import fit_linear_head
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
)


def transformer(**settings: object) -> RawSpectra:
    return RawSpectra(**{"head": "transformer", "head_epochs": 1, "device": "cpu", **settings})


def test_the_linear_head_chooses_among_experts_on_whitened_and_raw_spectra() -> None:
    scene, labels = small_scene(n_bands=40), small_labels()
    model = RawSpectra(device="cpu", random_state=2).fit(scene, labels)

    rows, cols = np.nonzero(labels.values)
    spectra = scene.read()[rows, cols]
    whitened = SpectralTransform.whitened(scene_moments(scene), 32).apply(spectra)
    parts = {"denoiser input": slice(0, 32), "spectrum": slice(32, 72)}
    expected = fit_linear_head(
        np.concatenate([whitened, spectra], axis=1),
        labels.values[rows, cols] - 1,
        spatial_groups(rows, cols),
        parts,
        random_state=2,
    )
    assert model.head_.shares == expected.shares
    np.testing.assert_allclose(model.head_.weights, expected.weights, atol=1e-6)
    assert model.halo_px == 0


def test_the_transformer_sees_5_by_5_spectra_scaled_over_the_scene() -> None:
    scene = small_scene()
    model = transformer().fit(scene, small_labels())
    assert model.halo_px == 2

    seen: list[np.ndarray] = []
    model.head_.register_forward_pre_hook(lambda _, given: seen.append(given[0].numpy()))
    places = ((0, 0), (9, 14), (20, 25), (39, 49))
    for row, col in places:
        model.predict_proba_window(scene, Window(row, col, 1, 1))
    cube, invalid = scene.read().astype(np.float64), small_invalid()
    low, high = cube[~invalid].min(axis=0), cube[~invalid].max(axis=0)
    scaled = np.where(invalid[..., None], 0, 2 * (cube - low) / (high - low) - 1)
    padded = np.pad(scaled, ((2, 2), (2, 2), (0, 0)), mode="edge")
    for (row, col), patches in zip(places, seen, strict=True):
        expected = padded[row : row + 5, col : col + 5].transpose(2, 0, 1)
        np.testing.assert_allclose(patches[0], expected, atol=1e-5)


def test_the_transformer_is_that_of_spectraldiffs_fast_profile() -> None:
    profile = transformer(head_epochs=None).settings()
    fast = SpectralDiff(head="transformer").settings()
    for name in ("head", "head_patch_px", "head_recipe", "head_regularisation", "head_epochs"):
        assert getattr(profile, name) == getattr(fast, name), name
    assert profile.denoising.space == PROFILES["paper"].denoising.space
    scene = small_scene()
    found = transformer().fit(scene, small_labels()).head_
    single = PixelTransformer(fast.transformer, fast.head_patch_px, scene.n_bands, 3)
    expected = sum(weights.numel() for weights in single.parameters())
    n_networks = fast.head_regularisation.n_networks
    assert sum(weights.numel() for weights in found.parameters()) == n_networks * expected


def test_the_transformer_learns_easy_fields(tmp_path: Path) -> None:
    scene, window = small_scene(), Window(7, 20, 16, 12)
    model = transformer(head_epochs=40).fit(scene, small_labels())
    probabilities = model.predict_proba_window(scene, window)
    right = model.most_probable(probabilities) == small_fields()[window.slices] + 1
    assert right.mean() > 0.6  # chance is a third
    model.save(tmp_path / "model")
    loaded = RawSpectra.load(tmp_path / "model").predict_proba_window(scene, window)
    np.testing.assert_allclose(loaded, probabilities, atol=1e-6)


@pytest.mark.parametrize("head", ["linear", "transformer"])
def test_training_blocks_are_all_that_scaling_sees(head: str) -> None:
    region = np.zeros((40, 50), dtype=bool)
    region[:, :25] = True
    values = np.where(region, small_fields() + 1, 0)
    values[np.indices(values.shape).sum(axis=0) % 13 > 0] = 0
    labels = replace(LabelMap.from_array(values), region=region)
    cube = small_cube()
    changed = np.where(region[..., None], cube, 5 - 3 * cube)
    for pretrain_on, same in (("train_blocks", True), ("scene", False)):
        model = RawSpectra(head=head, head_epochs=1, pretrain_on=pretrain_on, device="cpu")
        found = [model.fit(scene_of(c), labels).transform_.shift.copy() for c in (cube, changed)]
        assert np.array_equal(*found) is same
        assert model.transductive is not same


def test_what_has_no_meaning_without_a_denoiser_is_refused() -> None:
    with pytest.raises(SettingError, match="pretrain_steps=5: raw has no denoiser"):
        RawSpectra(pretrain_steps=5).fit(small_scene(), small_labels())
    assert not set(RawSpectra().get_params()) & {"timesteps", "layers", "extraction"}


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"head": "svm"}, "head='svm'"), ({"head_epochs": 0}, "head_epochs=0"),
     ({"profile": "paper"}, "profile='paper': expected one of fast")],
)  # fmt: skip
def test_a_wrong_setting_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        RawSpectra(**setting).fit(small_scene(), small_labels())


def test_the_linear_head_is_that_of_the_fast_profile() -> None:
    assert RawSpectra().settings() == FAST


def test_a_map_costs_whitening_and_linear_scores_or_the_transformer() -> None:
    assert RawSpectra().cost(200, 16) == Cost((32 + 200 + 1) * 16, 200 * 32 + (32 + 200) * 16)
    found = RawSpectra(head="transformer").cost(200, 16)
    fast = PROFILES["fast"]
    patch_px, n_networks = fast.head_patch_px, fast.head_regularisation.n_networks
    single = cost_of(
        lambda: PixelTransformer(fast.transformer, patch_px, 200, 16),
        lambda network: network(torch.empty(1, 200, patch_px, patch_px)),
    )
    assert found.n_parameters == n_networks * single.n_parameters
    assert found.macs_per_pixel == n_networks * single.macs_per_pixel + 200 * 200
