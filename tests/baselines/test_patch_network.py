from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hsidiff.baselines.patch_network import NetworkBaseline, half_patch
from hsidiff.errors import SettingError
from small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
)


class Recorder(nn.Module):
    """A linear layer over the whole patch that keeps what it was given."""

    def __init__(self, n_inputs: int, n_classes: int) -> None:
        super().__init__()
        self.given: list[tuple[bool, Tensor]] = []
        self.norm = nn.BatchNorm1d(n_inputs)
        self.output = nn.Linear(n_inputs, n_classes)

    def forward(self, patches: Tensor) -> Tensor:
        self.given.append((self.training, patches.detach().clone()))
        return self.output(self.norm(patches.flatten(1)))


@dataclass(repr=False, eq=False)
class Recording(NetworkBaseline):
    patch_px: int = 7

    name: ClassVar[str] = "recording"

    @property
    def halo_px(self) -> int:
        return half_patch(self.patch_px)

    def _network(self, n_bands: int, n_classes: int) -> nn.Module:
        return Recorder(n_bands * self.patch_px**2, n_classes)


def given(model: NetworkBaseline, *, training: bool) -> Tensor:
    return torch.cat([patches for mode, patches in model.network_.given if mode is training])


def tiny(**settings: object) -> Recording:
    return Recording(**{"n_epochs": 2, "patch_px": 3, "device": "cpu", **settings})


def test_the_network_sees_patches_scaled_by_the_training_pixels_with_0_for_invalid_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Tiles side by side would be recorded in any order.
    monkeypatch.setattr("hsidiff.contract.usable_cores", lambda: 1)
    scene, labels = small_scene(), small_labels()
    model = tiny(batch_size=45).fit(scene, labels)
    seen = given(model, training=True)
    # Each of 45 training pixels in each of 2 epochs, and once for the statistics.
    assert seen.shape == (3 * 45, 12, 3, 3)
    middles = seen[..., 1, 1].numpy()
    np.testing.assert_allclose(middles.min(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(middles.max(axis=0), 1, atol=1e-6)

    spectra = scene.read()[labels.values > 0]
    low, high = spectra.min(axis=0), spectra.max(axis=0)
    scaled = np.where(small_invalid()[..., None], 0, (scene.read() - low) / (high - low))
    padded = np.pad(scaled, ((1, 1), (1, 1), (0, 0)), mode="edge")
    model.network_.given.clear()
    model.predict(scene)
    patches = given(model, training=False).reshape(40, 50, 12, 3, 3)
    for row, col in ((0, 0), (2, 7), (39, 49), (26, 31)):
        expected = padded[row : row + 3, col : col + 3].transpose(2, 0, 1)
        np.testing.assert_allclose(patches[row, col], expected, atol=1e-5)


def test_batch_normalisation_is_in_evaluation_mode_at_prediction(tmp_path: Path) -> None:
    scene = small_scene()
    model = tiny().fit(scene, small_labels())
    model.save(tmp_path / "model")
    for ready in (model, Recording.load(tmp_path / "model")):
        ready.network_.given.clear()
        before = ready.network_.norm.running_mean.clone()
        ready.predict(scene)
        assert {mode for mode, _ in ready.network_.given} == {False}
        assert torch.equal(ready.network_.norm.running_mean, before)


def test_a_band_without_variance_among_the_training_pixels_does_no_harm() -> None:
    cube = small_cube()
    labels = small_labels()
    cube[labels.values > 0, 4] = 0.5
    assert np.isfinite(tiny().fit(scene_of(cube), labels).predict_proba(scene_of(cube))).all()


@pytest.mark.parametrize(("patch_px", "halo_px"), [(1, 0), (3, 1), (7, 3), (13, 6)])
def test_the_halo_is_half_the_patch(patch_px: int, halo_px: int) -> None:
    model = tiny(patch_px=patch_px)
    assert model.halo_px == halo_px
    assert model.receptive_field_px == patch_px


def test_without_a_patch_the_network_sees_single_spectra() -> None:
    class Spectral(NetworkBaseline):
        name = "spectral"

        def _network(self, n_bands: int, n_classes: int) -> nn.Module:
            return Recorder(n_bands, n_classes)

    model = Spectral(n_epochs=1, device="cpu").fit(small_scene(), small_labels())
    assert model.halo_px == 0
    assert given(model, training=True).shape[1:] == (12, 1, 1)


def test_it_is_trained_for_whole_epochs_of_whole_batches_and_takes_statistics_of_all() -> None:
    model = tiny(n_epochs=3, batch_size=20).fit(small_scene(), small_labels())
    assert [len(patches) for _, patches in model.network_.given] == [20] * 3 * 3 + [23, 22]


def test_the_random_state_rules_the_first_weights_and_the_order() -> None:
    scene, labels = small_scene(), small_labels()
    first, second = (tiny(random_state=seed).fit(scene, labels) for seed in (0, 1))
    assert not torch.equal(first.network_.output.weight, second.network_.output.weight)
    orders = [model.network_.given[0][1] for model in (first, second)]
    assert not torch.equal(*orders)


def test_weight_decay_is_an_l2_term() -> None:
    # Taken directly from the weights (AdamW), 20 steps at 1e-3 would take 6 in 100 of them.
    scene, labels = small_scene(), small_labels()
    norms = [
        tiny(n_epochs=10, weight_decay=decay).fit(scene, labels).network_.output.weight.norm()
        for decay in (0.0, 3.0)
    ]
    assert norms[1] < 0.88 * norms[0]


def test_a_separable_scene_is_learned() -> None:
    scene = small_scene()
    model = tiny(n_epochs=60, learning_rate=0.01, patch_px=1).fit(scene, small_labels())
    right = model.predict(scene) == small_fields() + 1
    assert right[~small_invalid()].mean() > 0.9


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("patch_px", 4),
        ("patch_px", 0),
        ("patch_px", 3.0),
        ("n_epochs", 0),
        ("n_epochs", "many"),
        ("batch_size", 1),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1e-3),
        ("weight_decay", None),
        ("random_state", -1),
        ("device", "abacus"),
    ],
)
def test_settings_that_make_no_sense_are_refused(setting: str, value: object) -> None:
    with pytest.raises(SettingError, match=f"{setting}="):
        tiny(**{setting: value}).fit(small_scene(), small_labels())


def test_the_cost_is_that_of_the_network_for_one_patch() -> None:
    n_inputs = 12 * 3 * 3
    cost = tiny().cost(12, 5)
    assert cost.macs_per_pixel == n_inputs * 5
    assert cost.n_parameters == 2 * n_inputs + n_inputs * 5 + 5  # BatchNorm and a linear layer
    with pytest.raises(SettingError, match="patch_px=4"):
        tiny(patch_px=4).cost(12, 5)
