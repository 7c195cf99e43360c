import numpy as np

from hsidiff.scenes.window import Window
from hsidiff.suggestion.pool import Pool


def filled(tile_px: int, probabilities: np.ndarray, size: int, seed: int = 0) -> Pool:
    rows, cols = probabilities.shape[:2]
    pool = Pool(size, cols, seed)
    for row in range(0, rows, tile_px):
        for col in range(0, cols, tile_px):
            window = Window(row, col, tile_px, tile_px).clipped((rows, cols))
            of_window = probabilities[window.slices]
            pool.add(window, of_window, np.ones(of_window.shape[:2], dtype=bool))
    return pool


def test_a_pool_does_not_depend_on_the_tiles() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), (60, 70))
    whole, tiled = filled(100, probabilities, 50), filled(13, probabilities, 50)
    np.testing.assert_array_equal(whole.places, tiled.places)
    np.testing.assert_array_equal(whole.probabilities, tiled.probabilities)
    assert whole.n_seen == tiled.n_seen == 4200
    assert len({tuple(place) for place in whole.places.tolist()}) == 50


def test_another_seed_draws_other_pixels() -> None:
    probabilities = np.full((60, 70, 2), 0.5)
    first, second = filled(30, probabilities, 50), filled(30, probabilities, 50, seed=1)
    assert len(set(map(tuple, first.places)) & set(map(tuple, second.places))) < 10


def test_unsure_pixels_are_drawn_more_often() -> None:
    first = np.full((100, 100), 0.95)
    first[:, :50] = 0.5
    pool = filled(40, np.stack([first, 1 - first], axis=-1), 400)
    unsure = (pool.places[:, 1] < 50).mean()
    assert 0.85 < unsure < 0.97  # weights 1 to 0.1, without replacement


def test_equally_unsure_pixels_are_drawn_evenly() -> None:
    pool = filled(50, np.full((200, 200, 2), 0.5), 4000)
    counts = np.histogram2d(*pool.places.T, bins=4, range=[[0, 200]] * 2)[0]
    assert counts.min() > 180
    assert counts.max() < 320
