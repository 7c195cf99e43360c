from collections.abc import Callable

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.maps.unlikeness import LARGE_SHARE, measure_unlikeness
from hsidiff.scenes.window import Window
from small_scenes import scene_of, small_cube, small_fields, small_labels, small_scene


def windows_of(mapped: np.ndarray) -> Callable[[Window], np.ndarray]:
    """A map in memory, as it is read from a file."""
    return lambda window: mapped[window.slices]


@pytest.fixture(scope="module")
def model() -> LinearDiscriminant:
    return LinearDiscriminant().fit(small_scene(), small_labels())


def test_shares_are_those_counted_by_hand(model: LinearDiscriminant) -> None:
    cube = small_cube(seed=2)
    cube[small_fields() == 1] += np.float32(0.5)  # one cover as never seen
    scene, mapped = scene_of(cube), small_fields() + 1
    found = measure_unlikeness(model, scene, windows_of(mapped))
    outside = model.seen_values_.outside(cube.reshape(-1, 12)).reshape(mapped.shape)
    assert (found.n_pixels, found.n_unlike) == (2000, outside.sum())
    assert found.to_json()["share_by_class"] == {
        f"cover {i}": outside[mapped == i].mean() for i in (1, 2, 3)
    }
    assert outside[mapped == 2].all()
    assert found.share > LARGE_SHARE
    assert found.in_words().startswith(f"{100 * found.share:.1f} % of the pixels (cover 2 100.0 %")
    assert "made" in found.caution("made")


def test_a_scene_of_its_kind_gives_no_caution(model: LinearDiscriminant) -> None:
    scene = small_scene(seed=3)
    found = measure_unlikeness(model, scene, windows_of(model.predict(scene)))
    assert found.share < 0.1
    assert found.caution("it") is None


def test_pixels_without_value_do_not_count(model: LinearDiscriminant) -> None:
    scene = small_scene()
    mapped = model.predict(scene)
    assert measure_unlikeness(model, scene, windows_of(mapped)).n_pixels == np.count_nonzero(mapped)
    assert measure_unlikeness(model, scene, windows_of(np.zeros_like(mapped))) is None


def test_a_model_of_an_earlier_version_says_nothing(model: LinearDiscriminant) -> None:
    older = LinearDiscriminant().fit(small_scene(), small_labels())
    older.seen_values_ = None
    mapped = windows_of(older.predict(small_scene()))
    assert measure_unlikeness(older, small_scene(), mapped) is None
