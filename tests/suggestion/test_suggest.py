from dataclasses import replace

import numpy as np
import pytest

from hsidiff.catalog import find_classifier
from hsidiff.contract import SceneClassifier
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.controls import RawSpectra
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.suggestion.pool import Pool
from hsidiff.suggestion.suggest import Suggestions, suggest_from, suggest_pixels
from small_scenes import small_invalid, small_labels, small_scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene()


@pytest.fixture(scope="module")
def few_labels() -> LabelMap:
    labels = small_labels()
    kept = np.zeros(labels.shape, dtype=bool)
    kept[::6, ::5] = True
    return labels.keeping(kept)


@pytest.fixture(scope="module")
def model(scene: Scene, few_labels: LabelMap) -> SceneClassifier:
    return find_classifier("lda")().fit(scene, few_labels)


def places(found: Suggestions) -> list[tuple[int, int]]:
    return list(zip(found.rows.tolist(), found.cols.tolist(), strict=True))


def test_suggestions_are_valid_unlabelled_pixels_that_lie_apart(
    scene: Scene, few_labels: LabelMap, model: SceneClassifier
) -> None:
    found = suggest_pixels(model, scene, 6, labels=few_labels, apart_px=2)
    assert len(found) == len(set(places(found))) == 6
    assert not small_invalid()[found.rows, found.cols].any()
    at = np.array(places(found))
    labelled = np.argwhere(few_labels.values > 0)
    assert np.abs(at[:, None] - labelled).max(axis=2).min() >= 2
    assert np.abs(at[:, None] - at).max(axis=2)[np.triu_indices(6, 1)].min() >= 2


def test_suggestions_repeat_and_follow_the_seed(scene: Scene, model: SceneClassifier) -> None:
    found = suggest_pixels(model, scene, 8)
    assert places(found) == places(suggest_pixels(model, scene, 8))
    assert places(found) != places(suggest_pixels(model, scene, 8, random_state=1))


def test_the_least_certain_pixel_comes_first_with_its_two_classes(
    scene: Scene, model: SceneClassifier
) -> None:
    found = suggest_pixels(model, scene, 8)
    margins = found.probabilities[:, 0] - found.probabilities[:, 1]
    assert (np.diff(margins) >= 0).all()
    probabilities = model.predict_proba(scene)[found.rows, found.cols]
    np.testing.assert_allclose(found.probabilities[:, 0], probabilities.max(axis=1), atol=1e-5)
    table = found.table()
    names = {c.id: c.name for c in model.classes_}
    drawn = model.predict(scene)[found.rows, found.cols]
    assert list(table["map_class"]) == [names[i] for i in drawn.tolist()]


def test_labels_on_pixels_without_a_value_say_nothing(
    scene: Scene, few_labels: LabelMap, model: SceneClassifier
) -> None:
    values = np.where(small_invalid(), few_labels.classes[0].id, few_labels.values)
    more = replace(few_labels, values=values.astype(np.int32))
    valid_alone = suggest_pixels(model, scene, 6, labels=few_labels.keeping(~small_invalid()))
    found = suggest_pixels(model, scene, 6, labels=more)
    assert places(found) == places(valid_alone)
    assert found.unlike.tolist() == valid_alone.unlike.tolist()
    none = more.keeping(small_invalid())
    assert not suggest_pixels(model, scene, 6, labels=none).unlike.any()


def test_only_the_area_is_suggested(scene: Scene, model: SceneClassifier) -> None:
    area = np.zeros(scene.shape, dtype=bool)
    area[:, : scene.shape[1] // 2] = True
    found = suggest_pixels(model, scene, 5, area=area, apart_px=2)
    assert found.cols.max() < scene.shape[1] // 2


def test_values_of_a_two_step_classifier_are_those_of_its_head(
    scene: Scene, few_labels: LabelMap
) -> None:
    raw = RawSpectra(head="linear").fit(scene, few_labels)
    assert len(suggest_pixels(raw, scene, 4, labels=few_labels, apart_px=1)) == 4
    samples = raw.values_at(scene, few_labels)
    kinds = raw.values_.kinds(scene.n_bands)
    assert samples.values.shape == (few_labels.n_labelled, sum(map(sum, kinds.values())))


def test_where_every_pixel_is_labelled_none_is_suggested() -> None:
    pool, nothing = Pool(10, 4), np.zeros((3, 4), dtype=bool)
    pool.add(Window(0, 0, 3, 4), np.full((3, 4, 2), 0.5), nothing)
    with pytest.raises(SettingError, match="there is none left to suggest"):
        suggest_from(pool, lambda places: np.zeros((len(places), 1)), small_labels().classes[:2], 5)


def test_a_reason_says_what_is_unsure_or_new() -> None:
    classes = small_labels().classes
    ids = np.array([[classes[0].id, classes[1].id]])
    unsure = Suggestions(
        np.array([0]), np.array([0]), ids, np.array([[0.48, 0.46]]), np.array([False]), classes
    )
    between = f"between {classes[0].name} (0.48) and {classes[1].name} (0.46)"
    assert unsure.reasons() == [between]
    assert replace(unsure, unlike=np.array([True])).reasons() == [f"unlike all labels; {between}"]
    sure = replace(unsure, probabilities=np.array([[0.9, 0.1]]))
    assert sure.reasons() == [f"{classes[0].name} (0.90), stands for many like it"]


def test_too_many_are_refused_with_what_there_is_room_for(
    scene: Scene, model: SceneClassifier
) -> None:
    n_valid = int((~small_invalid()).sum())
    with pytest.raises(SettingError, match="1 979 pixels have a value"):
        suggest_pixels(model, scene, n_valid + 1)
    with pytest.raises(SettingError, match=r"there is room for .* 30 px apart"):
        suggest_pixels(model, scene, 50, apart_px=30)
    with pytest.raises(SettingError, match="n=0"):
        suggest_pixels(model, scene, 0)
    with pytest.raises(SettingError, match="random_state=4294967296"):
        suggest_pixels(model, scene, 1, random_state=2**32)
