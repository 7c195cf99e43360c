from dataclasses import replace

import numpy as np
import pytest

from hsidiff.baselines.raw import RawSpectra
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene

SHAPE = (48, 64)


@pytest.fixture(scope="module")
def labels() -> LabelMap:
    return small_labels(SHAPE, n_per_class=(12, 12, 12))


def test_the_head_follows_the_classes_shares_in_the_scene_unless_told_not_to(
    labels: LabelMap,
) -> None:
    """Labels are drawn evenly; most of the scene is of one class."""
    cube, fields = small_cube(SHAPE, 6), small_fields(SHAPE)
    common = cube[fields == 0][: (fields == 1).sum()]
    cube[fields == 1] = np.where(
        (labels.values[fields == 1] > 0)[:, None],
        cube[fields == 1],
        np.resize(common, cube[fields == 1].shape),
    )
    scene = scene_of(cube)
    of_labels = RawSpectra(class_shares="labels").fit(scene, labels)
    of_scene = RawSpectra().fit(scene, labels)
    assert of_labels.head_.class_weights is None
    weights = np.array(of_scene.head_.class_weights)
    assert weights.argmax() == 0
    assert weights[1] < 1 < weights[0]
    expected = of_labels.predict_proba(scene) * weights
    expected /= expected.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(of_scene.predict_proba(scene), expected, atol=1e-5)


def test_shares_are_not_followed_where_nothing_was_held_out() -> None:
    model = RawSpectra().fit(small_scene(SHAPE, 6), small_labels(SHAPE, n_per_class=(1, 1, 1)))
    assert model.head_.held_out_log_loss is None
    assert model.head_.class_weights is None


def test_only_training_blocks_tell_the_shares(labels: LabelMap) -> None:
    region = np.zeros(SHAPE, dtype=bool)
    region[:, :32] = True
    labels = replace(labels, values=np.where(region, labels.values, 0), region=region)
    cube = small_cube(SHAPE, 6)
    changed = np.where(region[..., None], cube, 5 + 40 * cube[::-1, ::-1])
    first, second = (
        RawSpectra(pretrain_on="train_blocks").fit(scene_of(values), labels).head_.class_weights
        for values in (cube, changed)
    )
    assert first is not None
    assert first == second


def test_an_unknown_way_to_take_shares_is_refused(labels: LabelMap) -> None:
    with pytest.raises(SettingError, match="class_shares='map'"):
        RawSpectra(class_shares="map").fit(small_scene(SHAPE, 6), labels)
