"""A network's weights as named arrays, and back: what a saved model holds."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn


def weights(prefix: str, network: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers by name, each name with ``prefix`` before it.

    Arrays are in C order, whatever a network's layout in memory: safetensors would else write the
    values in the order in which they lie there.
    """
    state = network.state_dict().items()
    return {
        prefix + name: np.ascontiguousarray(value.detach().cpu().numpy()) for name, value in state
    }


def load_weights(network: nn.Module, prefix: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Put into a network what :func:`weights` took; it is then in evaluation mode.

    Raises:
        RuntimeError: if a weight is missing or has another shape.
    """
    own = {
        name.removeprefix(prefix): torch.from_numpy(value)
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
    network.load_state_dict(own)
    network.eval()
