"""What the common suite is tried on: a small scene, its labels, and classifiers fitted to them.

Each fixture needs ``make_classifier``, a fixture of the file that imports the suite.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from hsidiff.contract import SceneClassifier
from hsidiff.labels.label_map import LabelMap
from hsidiff.scenes.scene import Scene
from hsidiff.testing.small_scenes import small_labels, small_scene

MakeClassifier = Callable[..., SceneClassifier]


@pytest.fixture(scope="module")
def scene() -> Scene:
    """The small scene."""
    return small_scene()


@pytest.fixture(scope="module")
def train_labels() -> LabelMap:
    """Fifteen labels of each class of it."""
    return small_labels()


@pytest.fixture(scope="module")
def fitted(
    make_classifier: MakeClassifier, scene: Scene, train_labels: LabelMap
) -> SceneClassifier:
    """A classifier fitted on ``scene``; tests leave it as it is."""
    return make_classifier().fit(scene, train_labels)


@dataclass(frozen=True)
class SecondFit:
    """A second classifier, fitted with other global random states than the first.

    Attributes:
        classifier: with the settings of the first.
        returned: what ``fit`` gave back.
        scene: its own copy of the small scene.
        labels: its own copy of the labels.
        probabilities: those of its scene.
        drawn: numbers of the global generators after all that.
        would_be_drawn: the same numbers, if nobody uses the generators.
    """

    classifier: SceneClassifier
    returned: SceneClassifier
    scene: Scene
    labels: LabelMap
    probabilities: np.ndarray
    drawn: tuple[float, ...]
    would_be_drawn: tuple[float, ...]


def seed_global_generators() -> None:
    """Start the generators of Python, NumPy and PyTorch at a number of our own."""
    random.seed(99), np.random.seed(99), torch.manual_seed(99)  # noqa: NPY002


def draw_globally() -> tuple[float, ...]:
    """The next number of each global generator."""
    return random.random(), np.random.random(), float(torch.rand(()))  # noqa: NPY002


@pytest.fixture(scope="module")
def second(make_classifier: MakeClassifier) -> SecondFit:
    """A second fit; tests leave it as it is."""
    scene, labels, classifier = small_scene(), small_labels(), make_classifier()
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        seed_global_generators()
        would_be_drawn = draw_globally()
        seed_global_generators()
        returned = classifier.fit(scene, labels)
        probabilities = classifier.predict_proba(scene)
        drawn = draw_globally()
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        torch.set_rng_state(before[2])
    return SecondFit(classifier, returned, scene, labels, probabilities, drawn, would_be_drawn)


@pytest.fixture(scope="module")
def fitted_on_odd_classes(make_classifier: MakeClassifier, scene: Scene) -> SceneClassifier:
    """A classifier whose class 2 had no training pixel, and class 4 one."""
    labels = small_labels(n_per_class=(15, 15, 1), ids=(1, 3, 4))
    names = {i: f"cover {i}" for i in (1, 2, 3, 4)}
    return make_classifier().fit(scene, LabelMap.from_array(labels.values, names))


__all__ = ["fitted", "fitted_on_odd_classes", "scene", "second", "train_labels"]
