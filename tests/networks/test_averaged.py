import numpy as np
import torch
from torch import nn

from hsidiff.networks.averaged import AveragedNetworks, Sharpened
from hsidiff.training.loop import seeded


def networks(n: int) -> list[nn.Module]:
    with seeded(0):
        return [nn.Sequential(nn.Flatten(), nn.Linear(18, 4)) for _ in range(n)]


def patches() -> torch.Tensor:
    return torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(1))


def test_the_probabilities_of_networks_are_averaged() -> None:
    members = networks(3)
    found = AveragedNetworks(members)(patches()).softmax(dim=1)
    expected = np.mean([member(patches()).softmax(dim=1).detach().numpy() for member in members], 0)
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-5)


def test_sharpened_probabilities_are_powers_of_the_others() -> None:
    (network,) = networks(1)
    powers = network(patches()).softmax(dim=1).detach().numpy() ** 2.5
    found = Sharpened(network, 2.5)(patches()).softmax(dim=1).detach().numpy()
    np.testing.assert_allclose(found, powers / powers.sum(axis=1, keepdims=True), rtol=1e-4)


def test_the_factor_is_stored_with_the_weights() -> None:
    (network,) = networks(1)
    again = Sharpened(network)
    again.load_state_dict(Sharpened(network, 0.25).state_dict())
    assert float(again.factor) == 0.25
