import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from hsidiff.baselines import LinearDiscriminant, NearestNeighbours, RandomForest, spectral
from hsidiff.errors import HsidiffWarning, SettingError
from small_scenes import small_invalid, small_labels, small_scene


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it was given, and predicts the first class."""

    def fit(self, spectra: np.ndarray, class_ids: np.ndarray) -> "Recorder":
        self.spectra_, self.classes_, self.asked_ = spectra, np.unique(class_ids), []
        return self

    def predict_proba(self, spectra: np.ndarray) -> np.ndarray:
        self.asked_.append(spectra)
        return np.tile(np.eye(len(self.classes_))[0], (len(spectra), 1))


class Recording(spectral.SpectralBaseline):
    name = "recording"

    def _make_estimator(self) -> ClassifierMixin:
        return Recorder()


def test_the_estimator_sees_labelled_spectra_in_double_precision_and_no_nan() -> None:
    scene, labels = small_scene(), small_labels()
    baseline = Recording().fit(scene, labels)
    baseline.predict(scene)
    estimator = baseline.estimator_
    expected = scene.read()[labels.values > 0]
    np.testing.assert_array_equal(estimator.spectra_, expected)
    assert estimator.spectra_.dtype == np.float64
    asked = np.concatenate(estimator.asked_)
    assert len(asked) == np.count_nonzero(~small_invalid())
    assert np.isfinite(asked).all()


def test_never_more_than_a_chunk_is_predicted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, labels = small_scene(), small_labels()
    whole = LinearDiscriminant().fit(scene, labels)
    expected = whole.predict_proba(scene)
    monkeypatch.setattr(spectral, "CHUNK_PIXELS", 77)
    np.testing.assert_allclose(whole.predict_proba(scene), expected, rtol=0, atol=1e-6)
    recording = Recording().fit(scene, labels)
    recording.predict(scene)
    sizes = [len(spectra) for spectra in recording.estimator_.asked_]
    assert max(sizes) == 77
    assert sum(sizes) == np.count_nonzero(~small_invalid())


def test_a_model_of_another_scikit_learn_is_loaded_with_a_warning(tmp_path: Path) -> None:
    RandomForest(n_trees=3).fit(small_scene(), small_labels()).save(tmp_path / "model")
    path = tmp_path / "model" / "preprocess.json"
    about = json.loads(path.read_text())
    about["facts"]["scikit_learn"] = "0.1"
    path.write_text(json.dumps(about))
    with pytest.warns(HsidiffWarning, match=r"fitted with scikit-learn 0\.1"):
        RandomForest.load(tmp_path / "model")


@pytest.mark.parametrize("random_state", [-1, 2**32, 1.5, None, True])
def test_a_random_state_that_is_no_seed_is_refused(random_state: object) -> None:
    with pytest.raises(SettingError, match="random_state="):
        NearestNeighbours(random_state=random_state).fit(small_scene(), small_labels())
