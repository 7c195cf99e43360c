import pytest
import torch
from torch import Tensor, nn

from hsidiff.heads.regularisation import (
    AveragedNetworks,
    DroppedPairs,
    Regularisation,
    networks_of,
)
from hsidiff.training.loop import seeded


def make() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(5 * 9, 2))


def patches(n: int = 400) -> Tensor:
    return torch.randn(n, 5, 3, 3, generator=torch.Generator().manual_seed(0))


def test_without_guards_the_network_is_what_was_made() -> None:
    network = make()
    assert Regularisation().around(lambda: network, (2, 3)) is network
    assert networks_of(network) == [network]


def test_several_networks_start_from_other_weights() -> None:
    with seeded(0):
        network = Regularisation(n_networks=3).around(make, (2, 3))
    assert isinstance(network, AveragedNetworks)
    first, second, _ = (member[1].weight for member in networks_of(network))
    assert not torch.equal(first, second)


def test_the_probabilities_of_networks_are_averaged() -> None:
    with seeded(0):
        network = Regularisation(n_networks=3).around(make, (2, 3))
    found = network(patches(20)).softmax(dim=1)
    each = [member(patches(20)).softmax(dim=1) for member in networks_of(network)]
    torch.testing.assert_close(found, sum(each) / 3)


def test_dropping_does_nothing_in_evaluation_mode() -> None:
    with seeded(0):
        plain = make().eval()
        guarded = Regularisation(dropped_pairs=0.5).around(lambda: plain, (2, 3))
    assert torch.equal(guarded.eval()(patches()), plain(patches()))


def test_whole_pairs_are_dropped_and_the_kept_make_up_for_them() -> None:
    widths, share = (2, 3), 0.4
    with seeded(0):
        found = DroppedPairs(share, widths)(torch.ones(4000, 5, 3, 3))
    first, second = found[:, :2].flatten(1), found[:, 2:].flatten(1)
    for pair in (first, second):
        assert torch.equal(pair.amin(dim=1), pair.amax(dim=1))  # dropped or kept as a whole
    one, other = first[:, 0], second[:, 0]
    assert not ((one == 0) & (other == 0)).any()
    assert torch.equal(one + other, torch.full((4000,), 2.0))
    # Both would be dropped in share**2 of all draws; half of these keep the first.
    dropped = float((one == 0).float().mean())
    assert dropped == pytest.approx(share * (1 - share) + share**2 / 2, abs=0.03)


def test_a_single_pair_is_never_dropped() -> None:
    with seeded(0):
        assert torch.equal(DroppedPairs(0.9, (5,))(patches()), patches())
