"""The extractors of ``experiments/studies``: what each is made of, and that each classifies."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hsidiff.catalog import find_classifier
from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.two_step import TwoStepClassifier
from small_scenes import small_labels, small_scene

FILE = Path(__file__).parents[1] / "experiments" / "studies" / "extractors_of_the_papers.py"
NAMES = ("ThreeLayers", "SpectraAlone", "ContrastAlone")


def own(name: str) -> Any:
    return find_classifier(f"{FILE}:{name}")


def parts_of(classifier: SceneClassifier) -> tuple[Any, Any]:
    assert isinstance(classifier, TwoStepClassifier)
    return classifier._parts()


@pytest.mark.parametrize(("layer", "sees_px"), [(0, 9), (1, 11), (2, 13)])
def test_a_layer_sees_as_far_as_is_said(layer: int, sees_px: int) -> None:
    values, head = parts_of(own("ThreeLayers")(layers=(layer,)))
    assert 2 * values.halo_px + 1 == sees_px
    assert own("ThreeLayers")(layers=(layer,)).receptive_field_px == sees_px + head.patch_px - 1


def test_a_fourth_layer_is_refused() -> None:
    with pytest.raises(SettingError, match=r"layers=\(3,\): must lie in 0\.\.2"):
        _ = own("ThreeLayers")(layers=(3,)).fit(small_scene(), small_labels())


@pytest.mark.parametrize("name", NAMES)
def test_all_have_the_same_transformer_of_one_network(name: str) -> None:
    _, head = parts_of(own(name)())
    assert (head.patch_px, head.n_epochs, head.regularisation.n_networks) == (5, 20, 1)
    assert head.make_network == parts_of(own("ThreeLayers")())[1].make_network


def test_an_autoencoder_learns_one_level_of_noise() -> None:
    values, _ = parts_of(own("ThreeLayers")(timesteps=[250], noise_timesteps=[250]))
    assert values.denoising.noise_timesteps == (250,) == values.timesteps
    assert parts_of(own("ThreeLayers")())[0].denoising.noise_timesteps is None


def test_contrast_alone_drowns_the_denoising() -> None:
    stages = parts_of(own("ContrastAlone")())[0].stages
    usual = parts_of(find_classifier("diffcrn")())[0].values.stages
    assert stages.contrast.weight / stages.contrast.cluster_weight == pytest.approx(
        usual.contrast.weight / usual.contrast.cluster_weight
    )
    assert stages.contrast.weight >= 1000
    assert (stages.timesteps, stages.fusion) == ("fixed", "mean")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_each_classifies_a_small_scene(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[own(name).__module__]
    for constant in ("THREE_LEVELS", "FAST_STAGES"):
        values = getattr(module, constant)
        short = replace(values, denoising=values.denoising.with_length(2, None))
        monkeypatch.setattr(module, constant, short)
    quick = replace(module.ONE_TRANSFORMER, n_epochs=2)  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "ONE_TRANSFORMER", quick)
    scene, labels = small_scene(), small_labels()
    model = getattr(module, name)(device="cpu").fit(scene, labels)
    probabilities = model.predict_proba(scene)
    assert probabilities.shape == (*scene.shape, len(model.classes_))
    assert np.isfinite(probabilities).all()
