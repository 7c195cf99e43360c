"""Every method, baseline and control of the package keeps what ``hsidiff.testing`` checks."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from hsidiff.baselines import BASELINES
from hsidiff.contract import SceneClassifier
from hsidiff.methods import METHODS
from hsidiff.methods.diffcrn.diffcrn import PROFILES as DIFFCRN_PROFILES
from hsidiff.methods.diffcrn.timestep_probe import PROBE_STEPS, ProbeRecipe
from hsidiff.testing import *  # noqa: F403
from hsidiff.testing.fixtures import MakeClassifier

pytestmark = pytest.mark.usefixtures("quick_experts")
CLASSIFIERS: dict[str, type[SceneClassifier]] = {**BASELINES, **METHODS}

RARELY_OTHER = ("cnn-3d", "minigcn", "spectralformer", "random-features", "denoising-autoencoder")
"""Share nearly all their code with others of the list: ``make test-long`` asks them, too."""

TINY_NETWORK: dict[str, object] = {"n_epochs": 20, "learning_rate": 0.01, "device": "cpu"}
# The default head, which weighs many experts, is that of raw alone here.
# Settings with which a classifier learns a scene of 40 x 50 x 12 in about a second on one core.
TINY_SETTINGS: dict[str, dict[str, object]] = {
    "cnn-1d": TINY_NETWORK | {"n_epochs": 10},
    "cnn-2d": TINY_NETWORK,
    "cnn-3d": TINY_NETWORK,
    "minigcn": TINY_NETWORK,
    "spectralformer": TINY_NETWORK | {"n_epochs": 10},
    "pca-mean": {"C": 10.0, "gamma": 1.0},
    "random-forest": {"n_trees": 20},
    "raw": {"device": "cpu"},
    "random-features": {"head": "linear", "device": "cpu"},
    "denoising-autoencoder": {"head": "linear", "pretrain_steps": 4, "device": "cpu"},
    "spectraldiff": {"head": "linear", "pretrain_steps": 4, "device": "cpu"},
    "diffcrn": {
        "head": "linear",
        "pretrain_steps": 4,
        "stages": ("spatial", "spectral"),
        "patch_px": 4,
        "device": "cpu",
    },
    "diffspectralnet": {"head": "linear", "pretrain_steps": 4, "device": "cpu"},
}


@pytest.fixture(scope="module", autouse=True)
def quick_choice_of_timesteps() -> Iterator[None]:
    """DiffCRN asks about few of its timesteps, with a tenth of the steps."""
    stages, head = DIFFCRN_PROFILES["fast"]
    quick = ProbeRecipe(recipe=replace(PROBE_STEPS, n_steps=PROBE_STEPS.n_steps // 10))
    quick_stages = replace(stages, n_candidates=4, n_selected=2, probe=quick)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hsidiff.methods.diffcrn.stages.N_ANGLE_CROPS", 8)
        patch.setitem(DIFFCRN_PROFILES, "fast", (quick_stages, head))
        yield


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow) if name in RARELY_OTHER else name
        for name in CLASSIFIERS
    ],
)
def make_classifier(request: pytest.FixtureRequest) -> MakeClassifier:
    """Makes unfitted classifiers; takes settings."""
    return partial(CLASSIFIERS[request.param], **TINY_SETTINGS.get(request.param, {}))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_is_listed_under_its_own_name(name: str) -> None:
    assert CLASSIFIERS[name].name == name
