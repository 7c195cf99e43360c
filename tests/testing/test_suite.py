"""The suite that others run on classifiers of their own."""

import os
import subprocess
import sys

import pytest

OF_ONES_OWN = """
from dataclasses import dataclass

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.testing import *


class Good(LinearDiscriminant):
    name = "good"


@dataclass
class Bad(LinearDiscriminant):
    name = "bad"

    def fit(self, scene, train_labels, test_labels=None):
        np.random.random()
        scene.source.values[0, 0] = 0
        return super().fit(scene, train_labels)

    def _predict_proba_tile(self, cube, window):
        found = super()._predict_proba_tile(cube, window)
        return np.roll(found, window.row, axis=0)

    def _set_learned(self, learned):
        super()._set_learned(learned)
        self.classes_ = self.classes_[::-1]


@pytest.fixture(scope="module", params=[Good, Bad], ids=["good", "bad"])
def make_classifier(request):
    return request.param
"""

KEPT_BY_BOTH = "a_map_holds_class_ids_as_int32_and_0_at_invalid_pixels_only"
BROKEN_BY_BAD = {
    "fit_is_given_a_scene_and_training_labels_and_nothing_else",
    "fit_returns_the_classifier_and_changes_neither_settings_scene_nor_labels",
    "global_random_states_are_neither_used_nor_touched",
    "the_map_does_not_depend_on_the_tile_size_or_the_number_of_cores",
    "a_saved_classifier_gives_the_same_probabilities",
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints of the suite on a good and a bad classifier of one's own."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "test_own.py").write_text(OF_ONES_OWN, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    chosen = " or ".join([KEPT_BY_BOTH, *BROKEN_BY_BAD])
    command = [sys.executable, "-m", "pytest", "-rA", "-k", chosen, "-p", "no:cacheprovider"]
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.stdout


def results(outcome: str, how: str, name: str) -> set[str]:
    lines = [line for line in outcome.splitlines() if line.startswith(how)]
    start = f"{how} test_own.py::test_"
    return {
        line.removeprefix(start).partition("[")[0]
        for line in lines
        if line.partition("[")[2].partition("]")[0].partition("-")[0] == name
    }


@pytest.mark.slow
def test_a_classifier_of_ones_own_that_keeps_the_contract_passes(outcome: str) -> None:
    assert results(outcome, "PASSED", "good") >= {KEPT_BY_BOTH, *BROKEN_BY_BAD}
    assert not results(outcome, "FAILED", "good")
    assert not results(outcome, "ERROR", "good")


@pytest.mark.slow
def test_one_that_breaks_it_fails_where_it_does(outcome: str) -> None:
    assert results(outcome, "FAILED", "bad") >= BROKEN_BY_BAD
    assert KEPT_BY_BOTH in results(outcome, "PASSED", "bad")
