import numpy as np
import pytest
import torch

from hsidiff.baselines import RandomFeatures
from hsidiff.baselines.denoising_autoencoder import DenoisingAutoencoder
from hsidiff.baselines.feature_control import FeatureControl
from hsidiff.errors import SettingError
from hsidiff.features.feature_profile import FAST
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.training.weights import weights
from small_scenes import small_labels, small_scene

SHAPE = (30, 36)


def fitted(**settings: object) -> RandomFeatures:
    model = RandomFeatures(**{"device": "cpu", **settings})
    return model.fit(small_scene(SHAPE), small_labels(SHAPE))


def test_its_denoiser_is_the_one_that_spectraldiff_starts_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hsidiff.feature_classifier.pretrain", lambda network, *_: network.eval())
    start = SpectralDiff(device="cpu", random_state=3).fit(small_scene(SHAPE), small_labels(SHAPE))
    never = fitted(random_state=3)
    expected = weights("", start.features_.denoiser)
    for name, array in weights("", never.features_.denoiser).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
    # And so is everything that follows from it.
    scene = small_scene(SHAPE)
    np.testing.assert_array_equal(never.predict_proba(scene), start.predict_proba(scene))


def test_batch_normalisation_is_in_evaluation_mode_and_as_it_was_made() -> None:
    norms = [
        module
        for module in fitted().features_.denoiser.modules()
        if isinstance(module, torch.nn.BatchNorm3d)
    ]
    assert norms
    for norm in norms:
        assert not norm.training
        assert norm.num_batches_tracked == 0
        assert norm.running_mean.eq(0).all()
        assert norm.running_var.eq(1).all()


def test_nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it was trained")

    monkeypatch.setattr("hsidiff.feature_classifier.pretrain", refuse)
    fitted()


def test_another_random_state_is_another_denoiser() -> None:
    first, second = (fitted(random_state=seed).features_.denoiser for seed in (0, 1))
    assert not torch.equal(first.conv0.weight, second.conv0.weight)


def test_all_but_learning_is_the_fast_profile() -> None:
    assert RandomFeatures().settings() == FAST
    assert RandomFeatures().halo_px == SpectralDiff().halo_px
    assert RandomFeatures().transductive


@pytest.mark.parametrize("control", [RandomFeatures, DenoisingAutoencoder])
def test_levels_of_noise_that_a_control_does_not_learn_cannot_be_distilled(
    control: type[FeatureControl],
) -> None:
    with pytest.raises(SettingError, match=f"extraction='distilled': {control.name} learns no"):
        control(extraction="distilled").settings()


def test_training_steps_are_refused() -> None:
    with pytest.raises(SettingError, match="pretrain_steps=5: random-features is never trained"):
        fitted(pretrain_steps=5)
