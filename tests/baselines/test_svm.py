from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.model_selection import cross_val_score

from hsidiff.baselines import SupportVectorMachine, svm
from hsidiff.errors import HsidiffWarning, SettingError
from hsidiff.progress import listen
from small_scenes import scene_of, small_cube, small_invalid, small_labels, small_scene


def noisy_scene() -> object:
    """Classes overlap, so that settings matter."""
    return scene_of(small_cube(noise=0.15))


def test_the_most_probable_class_is_the_one_the_machine_decides_for() -> None:
    scene = noisy_scene()
    model = SupportVectorMachine().fit(scene, small_labels())
    decided = model.estimator_.predict(scene.read().reshape(-1, 12).astype(np.float64))
    np.testing.assert_array_equal(model.predict(scene).ravel(), decided)


def test_two_classes_get_the_probabilities_of_a_scaled_sigmoid() -> None:
    scene = noisy_scene()
    model = SupportVectorMachine().fit(scene, small_labels(n_per_class=(15, 15, 0)))
    values = model.estimator_.decision_function(scene.read().reshape(-1, 12))
    second = 1 / (1 + np.exp(-values / model.chosen_["temperature"]))
    np.testing.assert_allclose(model.predict_proba(scene)[..., 1].ravel(), second, atol=1e-5)


@pytest.mark.slow
def test_settings_are_chosen_on_the_grid_by_held_out_accuracy() -> None:
    scene, labels = noisy_scene(), small_labels()
    model = SupportVectorMachine().fit(scene, labels)
    assert model.chosen_["C"] in svm.C_GRID
    assert model.chosen_["gamma"] in svm.GAMMA_GRID
    spectra, ids = scene.read()[labels.values > 0], labels.values[labels.values > 0]
    folds = svm.stratified_folds(ids, 5, 0)

    def accuracy(c: float, gamma: float) -> float:
        return cross_val_score(svm.make_machine(c, gamma), spectra, ids, cv=folds).mean()

    best = max(accuracy(c, gamma) for c in svm.C_GRID for gamma in svm.GAMMA_GRID)
    assert accuracy(model.chosen_["C"], model.chosen_["gamma"]) >= best - 1 / len(ids)


@given(st.integers(0, 6), st.integers(0, 12))
def test_the_search_finds_the_top_of_any_hill_and_tries_few_cells(i: int, j: int) -> None:
    tried = []

    def score(machine: object, *_: object, **__: object) -> np.ndarray:
        c, gamma = machine["svc"].C, machine["svc"].gamma
        tried.append((c, gamma))
        # Two steps of C are one power of 100 where three of gamma are one of 8.
        distance = (
            abs(np.log10(c / svm.C_GRID[i])) / 2 + abs(np.log2(gamma / svm.GAMMA_GRID[j])) / 3
        )
        return np.array([-distance])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svm, "cross_val_score", score)
        found = svm.search_grid(np.zeros((1, 1)), np.zeros(1), [], svm.C_GRID, svm.GAMMA_GRID)
    assert found == (svm.C_GRID[i], svm.GAMMA_GRID[j])
    assert len(tried) == len(set(tried)) <= 20 + 8


def test_among_equals_the_smoothest_machine_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svm, "cross_val_score", lambda *_, **__: np.array([1.0]))
    found = svm.search_grid(np.zeros((1, 1)), np.zeros(1), [], svm.C_GRID, svm.GAMMA_GRID)
    assert found == (svm.C_GRID[0], svm.GAMMA_GRID[0])


def test_settings_that_are_given_are_not_searched() -> None:
    steps: list[tuple[str, int]] = []
    with listen(lambda step, _, n_total: steps.append((step, n_total))):
        model = SupportVectorMachine(C=3, gamma=0.7).fit(small_scene(), small_labels())
    assert (model.chosen_["C"], model.chosen_["gamma"]) == (3.0, 0.7)
    assert model.estimator_["svc"].C == 3.0
    assert model.estimator_["svc"].gamma == 0.7
    assert max(n_total for step, n_total in steps if step == "choose svm") == 1


def test_a_saved_machine_is_not_searched_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = SupportVectorMachine().fit(noisy_scene(), small_labels())
    model.save(tmp_path / "model")
    monkeypatch.setattr(svm, "search_grid", lambda *_: pytest.fail("searched"))
    assert SupportVectorMachine.load(tmp_path / "model").chosen_ == model.chosen_


@given(st.lists(st.integers(2, 9), min_size=2, max_size=5), st.integers(2, 6), st.integers(0, 1000))
def test_every_class_is_in_every_training_part_and_held_out_once(
    counts: list[int], n_folds: int, random_state: int
) -> None:
    ids = np.repeat(np.arange(1, len(counts) + 1), counts)
    folds = svm.stratified_folds(ids, n_folds, random_state)
    assert 2 <= len(folds) <= n_folds
    for train, held_out in folds:
        assert set(ids[train]) == set(ids)
        assert not set(train) & set(held_out)
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(len(ids)))


def test_the_temperature_minimises_the_cross_entropy_of_smoothed_targets() -> None:
    draw = np.random.default_rng(0)
    positions = draw.integers(0, 3, 200)
    logits = 2.0 * np.eye(3)[positions] + draw.normal(0, 1.5, (200, 3))
    targets = (200 * np.eye(3)[positions] + 1) / 203

    def cross_entropy(temperature: float) -> float:
        return -(targets * log_softmax(logits / temperature, axis=1)).sum()

    by_hand = min(np.geomspace(0.01, 100, 20_001), key=cross_entropy)
    assert svm.fit_temperature(logits, positions) == pytest.approx(by_hand, rel=2e-3)


def test_pixels_that_are_all_right_do_not_make_it_certain() -> None:
    # One decision value of +-1 in each of 10 pixels: softmax([0, 1/T]) must give the second
    # class the smoothed target (10 + 1) / (10 + 2), so 1/T = log(11).
    values = np.array([-1.0] * 5 + [1.0] * 5)
    temperature = svm.fit_temperature(svm.as_logits(values), np.repeat([0, 1], 5))
    assert temperature == pytest.approx(1 / np.log(11), rel=1e-4)


def test_a_single_pixel_has_no_part_in_the_choice_but_in_the_machine() -> None:
    scene, labels = noisy_scene(), small_labels(n_per_class=(15, 15, 1))
    model = SupportVectorMachine().fit(scene, labels)
    without = SupportVectorMachine().fit(scene, labels.keeping(labels.values != 3))
    assert model.chosen_["C"] == without.chosen_["C"]
    assert model.chosen_["gamma"] == without.chosen_["gamma"]
    assert list(model.estimator_.classes_) == [1, 2, 3]


@pytest.mark.parametrize("n_per_class", [(1, 1, 1), (5, 1, 1)])
def test_too_few_pixels_to_cross_validate_give_a_warning_and_a_map(
    n_per_class: tuple[int, int, int],
) -> None:
    scene = small_scene()
    with pytest.warns(HsidiffWarning, match="not cross-validated"):
        model = SupportVectorMachine(gamma=0.5).fit(scene, small_labels(n_per_class=n_per_class))
    assert model.chosen_ == {"C": 100.0, "gamma": 0.5, "temperature": 1.0}
    np.testing.assert_array_equal(model.predict(scene) > 0, ~small_invalid())


@pytest.mark.parametrize(
    "setting", [{"C": 0}, {"C": "high"}, {"gamma": -1.0}, {"gamma": float("inf")}, {"n_folds": 1}]
)
def test_settings_out_of_range_are_refused(setting: dict[str, object]) -> None:
    (name,) = setting
    with pytest.raises(SettingError, match=f"{name}=.*must be"):
        SupportVectorMachine(**setting).fit(small_scene(), small_labels())
