import math

import pytest
import torch

from hsidiff.methods.diffcrn.contrast import cluster_contrast, nt_xent

EAST, NORTH, WEST = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)


def views(*vectors: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(vectors)


def random_views(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def assignments(n: int, n_clusters: int, seed: int) -> torch.Tensor:
    return torch.softmax(3 * random_views(n, n_clusters, seed), dim=1)


def test_nt_xent_of_three_samples_equals_the_hand_value() -> None:
    # Both views agree. With tau = 1, as cosines to the five others:
    # east: itself 1, north twice 0, west twice -1; west likewise; north: itself 1, four times 0.
    first = views(EAST, NORTH, WEST)
    east = -math.log(math.e / (math.e + 2 + 2 / math.e))
    north = -math.log(math.e / (math.e + 4))
    found = nt_xent(first, first.clone(), temperature=1.0)
    assert found.item() == pytest.approx((2 * east + north) / 3)


def test_nt_xent_of_views_that_differ_equals_the_hand_value() -> None:
    # Second view: east is seen as north, the others as they are; tau = 1/2 doubles the cosines.
    first, second = views(EAST, NORTH, WEST), views(NORTH, NORTH, WEST)
    one, two, less = 1.0, math.exp(2), math.exp(-2)
    rows = [
        (one, one + one + one + less + less),  # east to its view north; north, north, west, west
        (two, two + one + two + one + one),  # north to north; east, its view, west, west
        (two, two + less + one + one + one),  # west to west; east, north, its view, north
        (one, one + two + two + one + one),  # view of east to east; north, north, west, west
        (two, two + one + two + one + one),
        (two, two + less + one + one + one),
    ]
    expected = sum(-math.log(pair / everything) for pair, everything in rows) / 6
    assert nt_xent(first, second, temperature=0.5).item() == pytest.approx(expected)


def test_ignored_pairs_are_left_out_in_every_pair_of_views() -> None:
    first = views(EAST, NORTH, WEST)
    ignored = torch.zeros(3, 3, dtype=torch.bool)
    ignored[0, 1] = ignored[1, 0] = True
    east = -math.log(math.e / (math.e + 2 / math.e))
    north = -math.log(math.e / (math.e + 2))
    west = -math.log(math.e / (math.e + 2 + 2 / math.e))
    found = nt_xent(first, first.clone(), 1.0, ignored)
    assert found.item() == pytest.approx((east + north + west) / 3)


def test_a_sample_keeps_its_other_view_whatever_is_ignored() -> None:
    first, second = random_views(4, 5, 0), random_views(4, 5, 1)
    ignored = torch.rand(4, 4, generator=torch.Generator().manual_seed(2)) < 0.5
    with_diagonal = ignored | torch.eye(4, dtype=torch.bool)
    without = ignored & ~torch.eye(4, dtype=torch.bool)
    assert nt_xent(first, second, ignored=with_diagonal) == nt_xent(first, second, ignored=without)
    assert nt_xent(first, second, ignored=torch.ones(4, 4, dtype=torch.bool)).item() == 0


def test_nt_xent_knows_no_length_and_no_order_of_views() -> None:
    first, second = random_views(4, 5, 0), random_views(4, 5, 1)
    lengths = torch.tensor([[0.1], [1.0], [10.0], [100.0]])
    loss = nt_xent(first, second)
    torch.testing.assert_close(nt_xent(first * lengths, second), loss)
    torch.testing.assert_close(nt_xent(second, first), loss)


def test_one_sample_has_nothing_to_be_pushed_from() -> None:
    first = random_views(1, 5, 0).requires_grad_()
    loss = nt_xent(first, random_views(1, 5, 1))
    loss.backward()
    assert loss.item() == 0
    assert first.grad is not None
    assert not first.grad.any()


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("everything_ignored", ["no", "yes"])
def test_gradients_are_finite_for_identical_samples(
    n: int, value: float, everything_ignored: str
) -> None:
    first = torch.full((n, 3), value, requires_grad=True)
    second = torch.full((n, 3), value, requires_grad=True)
    ignored = torch.full((n, n), everything_ignored == "yes")
    nt_xent(first, second, ignored=ignored).backward()
    for view in (first, second):
        assert view.grad is not None
        assert torch.isfinite(view.grad).all()


def test_the_cluster_contrast_equals_its_formula() -> None:
    first, second = assignments(6, 3, 0), assignments(6, 3, 1)
    columns = torch.cat([first.T, second.T])
    cosines = torch.nn.functional.cosine_similarity(columns[:, None], columns[None], dim=2)
    expected = 0.0
    for i in range(6):
        others = [math.exp(cosines[i, k].item() / 0.7) for k in range(6) if k != i]
        expected -= math.log(math.exp(cosines[i, (i + 3) % 6].item() / 0.7) / sum(others)) / 6
    for view in (first, second):
        shares = (view.sum(dim=0) / view.sum()).tolist()
        expected += math.log(3) + sum(share * math.log(share) for share in shares)
    assert cluster_contrast(first, second, 0.7).item() == pytest.approx(expected, rel=1e-5)


def test_the_cluster_contrast_of_clear_and_equal_clusters_equals_the_hand_value() -> None:
    # Two clusters with one of two samples each: columns at right angles, entropy log 2.
    clear = torch.eye(2)
    expected = -math.log(math.e / (math.e + 2))
    assert cluster_contrast(clear, clear.clone()).item() == pytest.approx(expected)


def test_all_samples_in_one_cluster_is_the_worst_that_the_entropy_sees() -> None:
    collapsed = torch.tensor([[1.0, 0.0, 0.0]]).repeat(6, 1)
    spread = torch.eye(3).repeat(2, 1)
    contrast_of_columns = nt_xent(collapsed.T, collapsed.T, 1.0).item()
    entropies = cluster_contrast(collapsed, collapsed.clone()).item() - contrast_of_columns
    assert entropies == pytest.approx(2 * math.log(3))
    assert cluster_contrast(spread, spread.clone()) < cluster_contrast(collapsed, collapsed.clone())


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("row", [(1.0, 0.0, 0.0), (1 / 3, 1 / 3, 1 / 3)])
def test_gradients_of_the_cluster_contrast_are_finite_for_identical_samples(
    n: int, row: tuple[float, ...]
) -> None:
    first = torch.tensor([row]).repeat(n, 1).requires_grad_()
    second = torch.tensor([row]).repeat(n, 1).requires_grad_()
    loss = cluster_contrast(first, second)
    loss.backward()
    assert loss.item() >= 0
    for view in (first, second):
        assert view.grad is not None
        assert torch.isfinite(view.grad).all()
