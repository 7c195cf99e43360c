from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from torch import nn

from hsidiff.training.weights import load_weights, weights


def network_of(seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_what_is_taken_out_goes_in_again() -> None:
    first, second = network_of(0), network_of(1)
    first(torch.ones(4, 2))  # changes the running statistics, which belong to the weights
    load_weights(second, "net.", weights("net.", first))
    first.eval()
    x = torch.arange(10.0).reshape(5, 2)
    assert torch.equal(first(x), second(x))
    assert not second.training


def test_a_file_gives_back_weights_of_any_layout_in_memory(tmp_path: Path) -> None:
    network = nn.Conv2d(3, 4, 5)
    network.weight.data = network.weight.data.contiguous(memory_format=torch.channels_last)
    save_file(weights("", network), tmp_path / "w.safetensors")
    read = load_file(tmp_path / "w.safetensors")["weight"]
    np.testing.assert_array_equal(read, network.weight.detach().numpy())


def test_names_carry_the_prefix_and_other_names_are_left_alone() -> None:
    arrays = weights("a.", network_of(0))
    assert set(arrays) == {"a." + name for name in network_of(0).state_dict()}
    other = {"b.0.weight": np.zeros((3, 2), np.float32), "scale": np.ones(1)}
    second = network_of(1)
    load_weights(second, "a.", arrays | other)
    np.testing.assert_array_equal(second.state_dict()["0.weight"], arrays["a.0.weight"])


def test_a_missing_or_misshapen_weight_is_an_error() -> None:
    arrays = weights("", network_of(0))
    del arrays["0.bias"]
    with pytest.raises(RuntimeError, match=r"0\.bias"):
        load_weights(network_of(1), "", arrays)
    arrays["0.bias"] = np.zeros(4, np.float32)
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_weights(network_of(1), "", arrays)
