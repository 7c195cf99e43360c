import numpy as np
import pytest

from hsidiff.baselines import NearestNeighbours
from hsidiff.errors import SettingError
from hsidiff.labels.label_map import LabelMap
from small_scenes import scene_of, small_cube, small_labels, small_scene


def row_of_pixels(spectra: list[list[float]], class_ids: list[int]) -> tuple:
    """A scene of one row, and its labels."""
    cube = np.array([spectra], dtype=np.float32)
    return scene_of(cube), LabelMap.from_array(np.array([class_ids]))


def test_probabilities_are_the_shares_of_votes() -> None:
    scene, labels = row_of_pixels(
        [[0.0], [1.0], [2.0], [10.0], [11.0], [1.4], [10.4]], [1, 1, 2, 2, 2, 0, 0]
    )
    model = NearestNeighbours(n_neighbors=3).fit(scene, labels)
    # 1.4 is nearest to 1 (class 1), 2 (class 2), 0 (class 1); 10.4 to 10, 11, 2, all of class 2.
    np.testing.assert_allclose(model.predict_proba(scene)[0, 5:], [[2 / 3, 1 / 3], [0, 1]])


def test_a_band_of_large_numbers_weighs_no_more_than_another() -> None:
    # In stored numbers the last pixel is 400 from the first and 900 from the second; scaled to
    # 0..1 it is sqrt(.4^2 + .9^2) from the first and sqrt(.6^2 + .1^2) from the second.
    scene, labels = row_of_pixels([[0.0, 0.0], [1000.0, 1.0], [400.0, 0.9]], [1, 2, 0])
    assert NearestNeighbours(n_neighbors=1).fit(scene, labels).predict(scene)[0, 2] == 2


def test_five_neighbours_vote_unless_told_otherwise() -> None:
    scene = scene_of(small_cube(noise=0.3))
    votes = 5 * NearestNeighbours().fit(scene, small_labels()).predict_proba(scene)
    np.testing.assert_allclose(votes, np.round(votes), atol=1e-5)
    assert 1 in np.round(votes)


def test_equal_distances_are_decided_alike_in_every_tile() -> None:
    draw, shape = np.random.default_rng(0), (64, 64)
    # So few stored numbers that about 600 training spectra have twins, many of another class.
    cube = draw.integers(0, 12, (*shape, 2)).astype(np.float32)
    labels = np.where(draw.random(shape) < 0.15, draw.integers(1, 5, shape), 0)
    scene = scene_of(cube)
    model = NearestNeighbours().fit(scene, LabelMap.from_array(labels))
    whole = model.predict_proba(scene, window_px=64)
    for tile_size in (9, 32):
        np.testing.assert_array_equal(model.predict_proba(scene, tile_size), whole)


@pytest.mark.parametrize(
    ("n_neighbors", "message"),
    [
        (0, "n_neighbors=0: must be at least 1"),
        (2.5, "must be a whole number"),
        (46, "there are 45 training pixels"),
    ],
)
def test_a_number_of_neighbours_that_cannot_vote_is_refused(
    n_neighbors: object, message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        NearestNeighbours(n_neighbors=n_neighbors).fit(small_scene(), small_labels())
