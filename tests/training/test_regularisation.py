import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hsidiff.networks.averaged import AveragedNetworks
from hsidiff.training.loop import seeded
from hsidiff.training.regularisation import (
    DroppedPairs,
    RandomTurns,
    Regularisation,
    networks_of,
    turned,
)


def make() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(5 * 9, 2))


def patches(n: int = 400) -> Tensor:
    return torch.randn(n, 5, 3, 3, generator=torch.Generator().manual_seed(0))


def test_without_guards_the_network_is_what_was_made() -> None:
    network = make()
    assert Regularisation().around(lambda: network, (2, 3)) is network
    assert networks_of(network) == [network]


def test_several_networks_start_from_other_weights() -> None:
    network = Regularisation(n_networks=3).around(make, (2, 3))
    assert isinstance(network, AveragedNetworks)
    first, second, _ = (member[1].weight for member in networks_of(network))
    assert not torch.equal(first, second)


def test_guards_do_nothing_in_evaluation_mode() -> None:
    with seeded(0):
        plain = make().eval()
        guarded = Regularisation(turned=True, dropped_pairs=0.5).around(lambda: plain, (2, 3))
    assert torch.equal(guarded.eval()(patches()), plain(patches()))


def test_the_eight_positions_of_a_patch_are_all_different_and_keep_its_values() -> None:
    patch = torch.arange(2 * 9.0).reshape(2, 3, 3)
    found = [turned(patch, position) for position in range(8)]
    assert torch.equal(found[0], patch)
    assert len({tuple(each.flatten().tolist()) for each in found}) == 8
    for each in found:
        assert torch.equal(each[:, 1, 1], patch[:, 1, 1])
        assert torch.equal(each[1] - each[0], patch[1] - patch[0])  # components turn together


def test_patches_are_turned_to_all_eight_positions_about_equally_often() -> None:
    patch = torch.arange(9.0).reshape(1, 3, 3)
    with seeded(0):
        found = RandomTurns()(patch.expand(1600, 1, 3, 3))
    expected = {tuple(turned(patch, p).flatten().tolist()) for p in range(8)}
    seen, counts = np.unique(found.flatten(1).numpy(), axis=0, return_counts=True)
    assert {tuple(each) for each in seen.tolist()} == expected
    assert counts.min() > 150


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


def test_smoothed_labels_give_a_share_to_all_classes() -> None:
    classes = np.array([2, 0])
    assert Regularisation().targets(classes, 4) is classes
    found = Regularisation(label_smoothing=0.2).targets(classes, 4)
    expected = [[0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    scores = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
    ours = nn.functional.cross_entropy(scores, torch.from_numpy(found))
    theirs = nn.functional.cross_entropy(scores, torch.from_numpy(classes), label_smoothing=0.2)
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)
