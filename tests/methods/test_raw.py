from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hsidiff.about import Cost
from hsidiff.errors import SettingError
from hsidiff.heads.linear_head import fit_experts
from hsidiff.labels.ground import blocks_at
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.controls import FAST, RawSpectra
from hsidiff.methods.spectraldiff import PROFILES, SpectralDiff
from hsidiff.networks.counting import cost_of
from hsidiff.networks.pixel_transformer import PixelTransformer
from hsidiff.scenes.window import Window
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from parts import settings_of
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
    model = RawSpectra(head="linear", device="cpu", random_state=2).fit(scene, labels)

    rows, cols = np.nonzero(labels.values)
    spectra = scene.read()[rows, cols]
    whitened = SpectralTransform.whitened(scene_moments(scene), 32).apply(spectra)
    parts = {"denoiser input": slice(0, 32), "spectrum": slice(32, 72)}
    expected_weights, _, expected_shares, _ = fit_experts(
        np.concatenate([whitened, spectra], axis=1),
        labels.values[rows, cols] - 1,
        blocks_at(rows, cols),
        parts,
        random_state=2,
    )
    assert model.head_.shares_ == expected_shares
    np.testing.assert_allclose(model.head_.weights_, expected_weights, atol=1e-6)
    assert model.halo_px == 0


def test_the_transformer_sees_5_by_5_spectra_scaled_over_the_scene() -> None:
    scene = small_scene()
    model = transformer().fit(scene, small_labels())
    assert model.halo_px == 2

    seen: list[np.ndarray] = []
    model.head_.network_.register_forward_pre_hook(lambda _, given: seen.append(given[0].numpy()))
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
    _, head = transformer(head_epochs=None)._checked_parts()
    _, fast = SpectralDiff(head="transformer", device="cpu")._checked_parts()
    same = settings_of(fast) | {"make_network": head.make_network}
    assert settings_of(head) == same
    assert head.make_network.args == fast.make_network.args
    scene = small_scene()
    found = transformer().fit(scene, small_labels()).head_.network_
    single = PixelTransformer(*fast.make_network.args, fast.patch_px, scene.n_bands, 3)
    expected = sum(weights.numel() for weights in single.parameters())
    n_networks = fast.regularisation.n_networks
    assert sum(weights.numel() for weights in found.parameters()) == n_networks * expected


def test_what_the_transformer_sees_is_scaled_as_in_the_paper() -> None:
    model = transformer().fit(small_scene(), small_labels())
    assert PROFILES["paper"].values.denoising.space == "range"
    expected = PROFILES["paper"].values.denoising.transform_of(scene_moments(small_scene()))
    np.testing.assert_array_equal(model.values_.scaling_.matrix, expected.matrix)
    np.testing.assert_array_equal(model.values_.scaling_.shift, expected.shift)


def test_the_transformer_learns_easy_fields(tmp_path: Path) -> None:
    scene, window = small_scene(n_bands=6), Window(7, 20, 16, 12)
    model = transformer(head_epochs=20).fit(scene, small_labels())
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
        fitted = [model.fit(scene_of(c), labels).values_ for c in (cube, changed)]
        assert np.array_equal(*(values.transform_.shift for values in fitted)) is same
        assert np.array_equal(*(values.scaling_.shift for values in fitted)) is same
        assert model.transductive is not same


def test_there_is_no_setting_for_a_denoiser() -> None:
    settings = RawSpectra().get_params()
    of_a_denoiser = {
        "timesteps",
        "layers",
        "extraction",
        "n_components",
        "pretrain_steps",
        "budget",
    }
    assert settings.keys().isdisjoint({*of_a_denoiser, "profile"})
    assert settings.keys() >= {"head", "head_epochs"}


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"head": "svm"}, "head='svm'"), ({"head_epochs": 0}, "head_epochs=0")],
)
def test_a_wrong_setting_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        RawSpectra(**setting).fit(small_scene(), small_labels())


def test_the_head_and_the_squares_are_those_of_the_fast_profile() -> None:
    around, head = RawSpectra()._checked_parts()
    assert around.values.denoising == FAST.values.denoising
    assert around.scales == SpectralDiff()._checked_parts()[0].scales
    assert settings_of(head) == settings_of(FAST.parts(FAST.values, None, None)[1])


def test_a_map_costs_both_scalings_and_linear_scores_or_the_transformer() -> None:
    scalings = 200 * 32 + 200
    linear = RawSpectra(head="linear").cost(200, 16)
    assert linear == Cost((32 + 200 + 1) * 16, scalings + (32 + 200) * 16)
    found = RawSpectra(head="transformer").cost(200, 16)
    fast = FAST.transformer
    patch_px, n_networks = fast.patch_px, fast.regularisation.n_networks
    single = cost_of(
        lambda: PixelTransformer(*fast.make_network.args, patch_px, 200, 16),
        lambda network: network(torch.empty(1, 200, patch_px, patch_px)),
    )
    assert found.n_parameters == n_networks * single.n_parameters
    assert found.macs_per_pixel == n_networks * single.macs_per_pixel + scalings
