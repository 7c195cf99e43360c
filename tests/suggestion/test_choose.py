import numpy as np

from hsidiff.suggestion.choose import choose_pixels, margins_of


def on_a_grid(n: int) -> np.ndarray:
    """Places (n * n, 2), far from each other."""
    return 10 * np.stack(np.divmod(np.arange(n * n), n), axis=1)


def test_a_margin_is_the_lead_of_the_most_probable_class() -> None:
    probabilities = np.array([[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]])
    np.testing.assert_allclose(margins_of(probabilities), [0.5, 0.0])


def test_unsure_pixels_are_chosen_before_sure_ones() -> None:
    first = np.full(400, 0.99)
    first[[7, 140, 333]] = 0.51
    chosen = choose_pixels(
        np.stack([first, 1 - first], axis=1), np.zeros((400, 1)), on_a_grid(20), 3
    )
    assert set(chosen) == {7, 140, 333}


def test_of_two_groups_of_unsure_pixels_each_gives_one() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0.0, 100.0], 200)
    values = group[:, None] + rng.normal(size=(400, 3))
    chosen = choose_pixels(np.full((400, 2), 0.5), values, on_a_grid(20), 2)
    assert sorted(group[chosen]) == [0, 100]


def test_chosen_pixels_lie_apart_and_away_from_labels() -> None:
    rows, cols = np.divmod(np.arange(900), 30)
    places = np.stack([rows, cols], axis=1)
    rng = np.random.default_rng(1)
    taken = np.array([[15, 15], [3, 25]])
    chosen = choose_pixels(
        rng.dirichlet(np.ones(3), 900), rng.normal(size=(900, 4)), places, 8, 6, taken
    )
    assert len(chosen) == 8
    everything = np.concatenate([places[chosen], taken])
    distance = np.abs(everything[:, None] - everything).max(axis=2)
    assert distance[np.triu_indices(10, 1)].min() >= 6


def test_fewer_are_chosen_where_there_is_no_room() -> None:
    places = np.stack([np.arange(10), np.zeros(10, dtype=int)], axis=1)
    chosen = choose_pixels(np.full((10, 2), 0.5), np.arange(10.0)[:, None], places, 5, 8)
    assert 1 <= len(chosen) <= 2
