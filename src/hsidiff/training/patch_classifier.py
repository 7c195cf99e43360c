"""Train a network that classifies patches, and run it over every pixel of a window."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import update_bn

from hsidiff.training.batch import ShrinkingBatch
from hsidiff.training.loop import Recipe, pick_device, train
from hsidiff.training.precision import without_tf32

PIXELS_AT_ONCE = 256
"""256 patches of 13 x 13 pixels and 1200 components are 200 MB."""


def fit_patch_classifier(
    network: nn.Module,
    patches: np.ndarray,
    classes: np.ndarray,
    recipe: Recipe,
    batch_size: int,
    random_state: int,
    device: str,
) -> None:
    """Train a network in place with cross-entropy; samples come in a new order every epoch.

    Args:
        network: from patches (batch, channels, rows, cols) to class scores (batch, n_classes).
        patches: (n, rows, cols, channels) float32.
        classes: (n,) int, positions 0..n_classes - 1.
        recipe: how; ``n_steps`` batches are drawn.
        batch_size: samples per step, fewer if there are fewer.
        random_state: of the order.
        device: where to compute.
    """
    batch_size = min(batch_size, len(classes))
    batches = shuffled_batches(len(classes), batch_size, random_state)
    inputs, targets = torch.from_numpy(patches), torch.from_numpy(classes).long()

    def loss_of(model: nn.Module, device: torch.device, n_samples: int) -> Tensor:
        chosen = next(batches)[:n_samples]
        scores = model(inputs[chosen].permute(0, 3, 1, 2).to(device))
        return functional.cross_entropy(scores, targets[chosen].to(device))

    batch = ShrinkingBatch(loss_of, batch_size, "labelled patches")
    train(network, batch, recipe, device, "fit head")


def settle_normalisation(
    network: nn.Module, patches: np.ndarray, batch_size: int, device: str
) -> None:
    """Take the statistics of batch normalisation from all patches, with the weights as they are.

    An L2 term shrinks weights that are normalised right after, until each step of Adam turns them
    far: statistics that run along with training are then those of other weights (van Laarhoven,
    "L2 Regularization versus Batch and Weight Normalization", 2017). The network ends on the CPU,
    in evaluation mode.

    Args:
        network: as :func:`fit_patch_classifier` trained it.
        patches: (n, rows, cols, channels) float32, those that it learned from, at least 2.
        batch_size: patches at once, at least 2; some batches may be larger.
        device: where to compute.
    """
    inputs = torch.from_numpy(patches).permute(0, 3, 1, 2)
    where = torch.device(pick_device(device))
    batches = inputs.tensor_split(max(len(inputs) // batch_size, 1))  # none of a single patch
    update_bn(batches, network.to(where), where)
    network.cpu().eval()


def shuffled_batches(n: int, batch_size: int, random_state: int) -> Iterator[Tensor]:
    """Indices (batch_size,) of full batches, without end; a batch may span two epochs."""
    generator = torch.Generator().manual_seed(int(random_state))
    waiting = torch.empty(0, dtype=torch.long)
    while True:
        while len(waiting) < batch_size:
            waiting = torch.cat([waiting, torch.randperm(n, generator=generator)])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]


@torch.inference_mode()
def score_patches(network: nn.Module, patches: np.ndarray, device: str) -> np.ndarray:
    """Class scores (n, n_classes) float32 of patches (n, rows, cols, channels) float32."""
    where = torch.device(pick_device(device))
    network = network.to(where)
    batches = torch.from_numpy(patches).permute(0, 3, 1, 2).split(PIXELS_AT_ONCE)
    with without_tf32(where):
        return torch.cat([network(batch.to(where)).float().cpu() for batch in batches]).numpy()


@torch.inference_mode()
def predict_patches(
    network: nn.Module, values: np.ndarray, patch_px: int, device: str, sharpness: float = 1.0
) -> np.ndarray:
    """Class probabilities of every pixel that has its whole patch inside ``values``.

    Args:
        network: as in :func:`fit_patch_classifier`, in evaluation mode.
        values: (rows + patch_px - 1, cols + patch_px - 1, channels) float32.
        patch_px: side of the patch, odd.
        device: where to compute.
        sharpness: the scores are multiplied by it, which makes the network more or less sure.

    Returns:
        (rows, cols, n_classes) float32.
    """
    where = torch.device(pick_device(device))
    network = network.to(where)
    whole = torch.from_numpy(values).to(where).permute(2, 0, 1)
    windows = whole.unfold(1, patch_px, 1).unfold(2, patch_px, 1)
    n_rows, n_cols = windows.shape[1:3]
    rows, cols = torch.meshgrid(torch.arange(n_rows), torch.arange(n_cols), indexing="ij")
    probabilities = []
    for row, col in zip(
        rows.ravel().split(PIXELS_AT_ONCE), cols.ravel().split(PIXELS_AT_ONCE), strict=True
    ):
        patches = windows[:, row.to(where), col.to(where)].transpose(0, 1)
        with without_tf32(where):
            scores = sharpness * network(patches).float()
            probabilities.append(scores.softmax(dim=1).cpu())
    return torch.cat(probabilities).view(n_rows, n_cols, -1).numpy()
