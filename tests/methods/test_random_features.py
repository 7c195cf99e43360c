from dataclasses import replace

import numpy as np
import pytest
import torch

from hsidiff.methods.controls import FAST, RandomFeatures
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.training.weights import weights
from parts import settings_of
from small_scenes import small_labels, small_scene

SHAPE = (30, 36)


def fitted(**settings: object) -> RandomFeatures:
    model = RandomFeatures(**{"device": "cpu", "head": "linear", **settings})
    return model.fit(small_scene(SHAPE), small_labels(SHAPE))


def test_its_denoiser_is_the_one_that_spectraldiff_starts_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hsidiff.values.unet_values.pretrain", lambda *_: {})
    start = SpectralDiff(head="linear", device="cpu", random_state=3)
    start.fit(small_scene(SHAPE), small_labels(SHAPE))
    never = fitted(random_state=3)
    expected = weights("", start.values_.denoiser_)
    for name, array in weights("", never.values_.denoiser_).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
    # And so is everything that follows from it.
    scene = small_scene(SHAPE)
    np.testing.assert_array_equal(never.predict_proba(scene), start.predict_proba(scene))


def test_batch_normalisation_is_in_evaluation_mode_and_as_it_was_made() -> None:
    norms = [
        module
        for module in fitted().values_.denoiser_.modules()
        if isinstance(module, torch.nn.BatchNorm3d)
    ]
    assert norms
    for norm in norms:
        assert not norm.training
        assert norm.num_batches_tracked == 0
        assert norm.running_mean.eq(0).all()
        assert norm.running_var.eq(1).all()


def test_nothing_is_trained_and_nothing_is_said_of_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it was trained")

    monkeypatch.setattr("hsidiff.values.unet_values.pretrain", refuse)
    assert "pretraining" not in fitted().learned_facts()


def test_another_random_state_is_another_denoiser() -> None:
    first, second = (fitted(random_state=seed).values_.denoiser_ for seed in (0, 1))
    assert not torch.equal(first.conv0.weight, second.conv0.weight)


def test_all_but_learning_is_the_fast_profile() -> None:
    around, head = RandomFeatures()._checked_parts()
    assert settings_of(around.values) == settings_of(replace(FAST.values, trained=False))
    assert settings_of(head) == settings_of(FAST.parts(FAST.values, None, None)[1])
    assert RandomFeatures().halo_px == SpectralDiff().halo_px
    assert RandomFeatures().transductive


def test_there_is_no_setting_for_a_training() -> None:
    settings = RandomFeatures().get_params()
    assert settings.keys().isdisjoint({"pretrain_steps", "budget", "profile"})
    assert settings.keys() >= {"timesteps", "layers", "extraction", "head", "head_epochs"}
