import re
from pathlib import Path

import numpy as np
import pytest

from hsidiff.baselines import RandomForest
from hsidiff.catalog import load_classifier
from hsidiff.errors import HsidiffError, SettingError
from small_scenes import small_labels, small_scene


def test_the_forest_has_200_trees_grown_by_entropy() -> None:
    forest = RandomForest().fit(small_scene(), small_labels()).estimator_
    assert len(forest.estimators_) == 200
    assert forest.criterion == "entropy"


def test_probabilities_are_means_over_trees() -> None:
    scene = small_scene()
    model = RandomForest(n_trees=4).fit(scene, small_labels())
    votes = 4 * model.predict_proba(scene)  # leaves are pure: each tree votes for one class
    np.testing.assert_allclose(votes, np.round(votes), atol=1e-5)
    assert 1 in np.round(votes)


def test_another_random_state_grows_another_forest() -> None:
    scene, labels = small_scene(), small_labels()
    maps = [RandomForest(3, random_state=seed).fit(scene, labels).predict(scene) for seed in (0, 1)]
    assert (maps[0] != maps[1]).any()


def test_a_forest_without_trees_is_refused() -> None:
    with pytest.raises(SettingError, match="n_trees=0: must be from 1 to 10000"):
        RandomForest(n_trees=0).fit(small_scene(), small_labels())


def test_a_saved_forest_of_billions_of_trees_is_refused(tmp_path: Path) -> None:
    RandomForest(n_trees=2).fit(small_scene(), small_labels()).save(tmp_path / "model")
    path = next(
        path for path in (tmp_path / "model").glob("*.json") if "n_trees" in path.read_text()
    )
    path.write_text(re.sub(r'"n_trees": 2\b', '"n_trees": 2000000000', path.read_text()))
    with pytest.raises(HsidiffError, match="n_trees=2000000000: must be from 1 to 10000"):
        load_classifier(tmp_path / "model")
