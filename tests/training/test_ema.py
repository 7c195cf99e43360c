import pytest
import torch
from torch import nn

from hsidiff.training.ema import WeightAverage


def network_of(weight: float) -> nn.Module:
    network = nn.BatchNorm1d(1)
    nn.init.constant_(network.weight, weight)
    network.running_mean.fill_(weight)
    return network


def test_the_average_follows_its_formula_with_a_warm_up() -> None:
    average = WeightAverage(network_of(0.0), decay=0.25)
    average.update(network_of(1.0))
    after_one = 1 - 2 / 11
    assert average.network.weight.item() == pytest.approx(after_one)
    average.update(network_of(3.0))
    decay = min(0.25, 3 / 12)
    after_two = decay * after_one + (1 - decay) * 3
    assert average.network.weight.item() == pytest.approx(after_two)
    average.update(network_of(3.0))
    assert average.network.weight.item() == pytest.approx(0.25 * after_two + 0.75 * 3)


def test_running_statistics_are_averaged_and_counters_copied() -> None:
    average, network = WeightAverage(network_of(0.0), decay=0.99), network_of(1.0)
    network.num_batches_tracked.fill_(7)
    average.update(network)
    assert average.network.running_mean.item() == pytest.approx(1 - 2 / 11)
    assert average.network.num_batches_tracked.item() == 7


def test_the_average_is_a_copy_that_is_never_trained() -> None:
    network = network_of(0.0).train()
    average = WeightAverage(network, decay=0.9)
    average.update(network_of(1.0))
    assert network.weight.item() == 0
    assert network.training
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())


def test_an_average_of_equal_weights_is_that_weight() -> None:
    average = WeightAverage(network_of(2.0), decay=0.9)
    for _ in range(20):
        average.update(network_of(2.0))
    torch.testing.assert_close(average.network.weight, torch.tensor([2.0]))
