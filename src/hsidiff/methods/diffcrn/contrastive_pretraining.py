"""DiffCRN's first step: a denoiser learns crops by denoising them and by telling them apart.

Each crop is seen in two views, which differ in timestep, noise and augmentation. One pass of the
network over a view serves the denoising loss and the contrast. Source: the loss has these two terms
in DiffCRN (Zhu and Xu, arXiv 2502.19699); how they are computed and weighed is ours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hsidiff.diffusion.objectives import mean_loss, target_of
from hsidiff.diffusion.spectral_angle import spectral_angle
from hsidiff.methods.diffcrn.contrast import cluster_contrast, nt_xent
from hsidiff.methods.diffcrn.staged_denoiser import StagedDenoiser
from hsidiff.values.pretraining import CropLoss, Denoising, pretrain
from hsidiff.windows.crops import CropPool, turned
from hsidiff.windows.normalise import SpectralTransform


@dataclass(frozen=True)
class Contrast:
    """How crops are told apart.

    Attributes:
        n_clusters: M of the contrast between clusters; labels are not seen, so it is a guess at
            the number of classes.
        weight: of the contrast between crops.
        cluster_weight: of the contrast between clusters.
        temperature: of the contrast between crops.
        cluster_temperature: of the contrast between clusters.
        alike_rad: crops whose mean spectra differ by less than this angle are never pushed apart.
        dropped: share of the inputs, neighbours, that a view sets to 0.
        gain: standard deviation of the factor on a view's values, around 1.
    """

    n_clusters: int = 16
    weight: float = 0.1
    cluster_weight: float = 0.05
    temperature: float = 0.2
    cluster_temperature: float = 1.0
    alike_rad: float = 0.03
    dropped: float = 0.1
    gain: float = 0.05


@dataclass(frozen=True)
class PhysicalSpectra:
    """From what a network sees back to spectra whose angles mean something.

    Attributes:
        inverse: (n_bands, n_inputs) float32, the transform's inverse.
        shift: (n_bands,) float32, added so that the lowest value of the scene is not negative.
    """

    inverse: Tensor
    shift: Tensor

    @classmethod
    def from_transform(cls, transform: SpectralTransform, lowest: np.ndarray) -> "PhysicalSpectra":
        """Those of a scene.

        Args:
            transform: from the scene's spectra to what the network sees.
            lowest: (n_bands,) the lowest value of each band.
        """
        inverse = np.linalg.pinv(transform.matrix).astype(np.float32)
        shift = transform.shift - min(float(lowest.min()), 0.0)
        return cls(torch.from_numpy(inverse), torch.from_numpy(shift.astype(np.float32)))

    def __call__(self, values: Tensor) -> Tensor:
        """Spectra (batch, n_bands, ...), at least 0, of values (batch, n_inputs, ...)."""
        spectra = torch.einsum("bi,ni...->nb...", self.inverse.to(values.device), values)
        shift = self.shift.to(values.device).view(-1, *[1] * (values.ndim - 2))
        return (spectra + shift).clamp(min=0)


class ContrastiveDenoiser(nn.Module):
    """A denoiser and, above all its stages, a projection and cluster assignments.

    Args:
        denoiser: whose stages are averaged over the patch and concatenated.
        width: channels of each stage.
        n_clusters: M.
    """

    def __init__(self, denoiser: StagedDenoiser, width: int, n_clusters: int) -> None:
        super().__init__()
        self.denoiser = denoiser
        n_pooled = width * len(denoiser.stages)
        self.project = nn.Sequential(nn.Linear(n_pooled, 256), nn.ReLU(), nn.Linear(256, 128))
        self.assign = nn.Linear(128, n_clusters)

    def forward(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The denoiser's prediction, projections (batch, 128), assignments (batch, M)."""
        prediction, stages = self.denoiser.predict_with_stages(x_t, t)
        pooled = torch.cat([stage.mean(dim=(-2, -1)) for stage in stages], dim=1)
        projected = self.project(pooled)
        return prediction, projected, self.assign(projected).softmax(dim=1)


def pretrain_with_contrast(
    denoiser: StagedDenoiser,
    pool: CropPool,
    denoising: Denoising,
    contrast: Contrast,
    physical: PhysicalSpectra,
    random_state: int,
    device: str,
) -> dict[str, Any]:
    """Train a denoiser in place; what only the contrast needs is thrown away.

    Args:
        denoiser: the denoiser.
        pool: crops of the scene.
        denoising: how it learns; ``noise_timesteps`` bounds the timesteps of the views.
        contrast: how crops are told apart.
        physical: for the angle between crops.
        random_state: everything random follows from it.
        device: where to compute.

    Returns:
        How it went, see :func:`hsidiff.values.pretraining.pretrain`.
    """
    network = ContrastiveDenoiser(denoiser, denoiser.embed.out_features, contrast.n_clusters)
    loss = contrastive_loss(denoising, contrast, physical)
    facts = pretrain(network, pool, denoising, random_state, device, loss, repr(contrast))
    denoiser.cpu().eval()
    return facts


def contrastive_loss(
    denoising: Denoising, contrast: Contrast, physical: PhysicalSpectra
) -> CropLoss:
    """The loss of a :class:`ContrastiveDenoiser`: denoising of both views, and their contrast."""

    def loss_of(
        network: nn.Module, x_0: Tensor, valid: Tensor, generator: torch.Generator
    ) -> Tensor:
        losses, projections, assignments = [], [], []
        for _ in range(2):
            view, seen = view_of(x_0, valid, contrast, generator)
            t = denoising.draw_timesteps(len(view), generator).to(view.device)
            eps = torch.randn(view.shape, generator=generator).to(view.device)
            x_t = denoising.schedule.add_noise(view, t, eps)
            prediction, projected, assigned = network(x_t, t)
            error = prediction - target_of(denoising.target, denoising.schedule, view, t, eps)
            losses.append(mean_loss(denoising.loss, error, seen))
            projections.append(projected)
            assignments.append(assigned)
        alike = are_alike(x_0, valid, physical, contrast.alike_rad)
        between_crops = nt_xent(projections[0], projections[1], contrast.temperature, alike)
        between_clusters = cluster_contrast(
            assignments[0], assignments[1], contrast.cluster_temperature
        )
        return (
            sum(losses) / 2
            + contrast.weight * between_crops
            + contrast.cluster_weight * between_clusters
        )

    return loss_of


def view_of(
    x_0: Tensor, valid: Tensor, contrast: Contrast, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """An augmented view of crops: turned, a block of inputs set to 0, values times a factor.

    Args:
        x_0: (batch, channels, rows, cols).
        valid: (batch, rows, cols) bool.
        contrast: how strongly.
        generator: on the CPU.
    """
    view, seen = turned(x_0, valid, generator)
    n, n_inputs = view.shape[:2]
    n_dropped = round(contrast.dropped * n_inputs)
    first = torch.randint(n_inputs - n_dropped + 1, (n, 1), generator=generator)
    place = torch.arange(n_inputs)
    kept = (place < first) | (place >= first + n_dropped)
    gain = 1 + contrast.gain * torch.randn((n, 1), generator=generator)
    return view * (kept * gain).to(view)[:, :, None, None], seen


def are_alike(x_0: Tensor, valid: Tensor, physical: PhysicalSpectra, limit_rad: float) -> Tensor:
    """Which pairs of crops have mean spectra of nearly the same shape, (batch, batch) bool."""
    weight = valid[:, None].to(x_0.dtype)
    mean = (x_0 * weight).sum(dim=(-2, -1)) / weight.sum(dim=(-2, -1)).clamp(min=1)
    spectra = physical(mean)
    pairs = torch.broadcast_tensors(spectra[:, :, None], spectra.T[None])
    return spectral_angle(*pairs) < limit_rad
