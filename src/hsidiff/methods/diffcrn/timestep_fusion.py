"""DiffCRN's parts that bring timesteps together: choosing them, adding them, fusing them.

Features are (batch, timesteps, stages, width, rows, cols): what the stages of a denoiser make of a
patch at several timesteps.

Source: the names and tasks of the parts are those of DiffCRN (Zhu and Xu, arXiv 2502.19699); none
of its equations could be had, so the formulas are ours.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD_START = 0.1
"""What evenly spread timesteps have ahead; it decides where the labels say nothing."""

Fusion = Literal["adaptive", "mean"]


def evenly_spread(n_candidates: int, n_selected: int) -> tuple[int, ...]:
    """Positions of candidates from the first to the last; of a single one that in the middle."""
    last = n_candidates - 1
    spread = torch.linspace(0, last, n_selected) if n_selected > 1 else torch.tensor([last / 2])
    return tuple(spread.round().long().tolist())


class TimestepSelection(nn.Module):
    """Which of several candidate timesteps are used, learned by gradient.

    Forward the choice is hard: 1 for the ``n_selected`` candidates of the largest logits, 0 for the
    others. Backward it is that of a softmax over the logits (straight-through, Bengio et al. 2013).
    While learning, Gumbel noise on the logits tries other choices (Kool et al. 2019).

    The logits are free numbers, and a slope along the spectral angle that candidates share. All
    start at 0 but for a small advantage of evenly spread candidates, so that a small timestep has
    to earn its place like a large one.

    Args:
        angles: (candidates,) spectral angle of the reconstruction from each.
        n_selected: how many are chosen, at most all.
    """

    coordinate: Tensor

    def __init__(self, angles: Tensor, n_selected: int) -> None:
        super().__init__()
        self.n_selected = n_selected
        spread = angles.std(correction=0).clamp(min=1e-6)
        self.register_buffer("coordinate", (angles - angles.mean()) / spread)
        start = torch.zeros(len(angles))
        start[list(evenly_spread(len(angles), n_selected))] = HEAD_START
        self.free = nn.Parameter(start)
        self.slope = nn.Parameter(torch.zeros(()))

    def forward(self, temperature: float) -> Tensor:
        """The choice (candidates,), 0 or 1, with a gradient; noisy in training mode."""
        logits = self._logits()
        if self.training:
            uniform = torch.rand_like(logits).clamp(min=1e-9)
            logits = logits - torch.log(-torch.log(uniform))
        hard = torch.zeros_like(logits)
        hard[logits.topk(self.n_selected).indices] = 1
        soft = self.n_selected * torch.softmax(logits / temperature, dim=0)
        return hard + (soft - soft.detach())

    def chosen(self) -> tuple[int, ...]:
        """Positions of the chosen candidates, in order."""
        return tuple(sorted(self._logits().topk(self.n_selected).indices.tolist()))

    def _logits(self) -> Tensor:
        return self.free + self.slope * self.coordinate


class AdaptiveAddition(nn.Module):
    """AWAM: each stage's features are added over the timesteps with weights that sum to 1.

    The weights of a stage s and timestep k follow from the stage's mean over the patch:

        G_sk = mean over the patch of F_sk,    w_sk = softmax over k of (MLP_s(G_sk) + b_sk)

    Args:
        n_timesteps: timesteps, or candidates for them.
        n_stages: stages.
        width: channels of a stage.
        fusion: "adaptive", or "mean": every timestep counts the same, and nothing is learned.

    Attributes:
        sizes: timesteps, stages, width.
    """

    def __init__(
        self, n_timesteps: int, n_stages: int, width: int, fusion: Fusion = "adaptive"
    ) -> None:
        super().__init__()
        self.fusion = fusion
        self.sizes = (n_timesteps, n_stages, width)
        hidden = max(width // 4, 1)
        self.score = nn.ModuleList(
            nn.Sequential(  # the last bias would be that of every timestep, which changes nothing
                nn.LayerNorm(width),
                nn.Linear(width, hidden),
                nn.GELU(),
                nn.Linear(hidden, 1, bias=False),
            )
            for _ in range(n_stages)
        )
        self.bias = nn.Parameter(torch.zeros(n_timesteps, n_stages))

    @classmethod
    def of_equal_weights(
        cls, n_timesteps: int, n_stages: int, width: int, fusion: Fusion
    ) -> "AdaptiveAddition":
        """One whose timesteps all count the same, whatever it is shown; it can go on learning."""
        addition = cls(n_timesteps, n_stages, width, fusion)
        for score in addition.score:
            nn.init.zeros_(list(score.parameters())[-1])
        return addition

    def weights(self, pooled: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Weights (batch, timesteps, stages) that sum to 1 over the timesteps.

        Args:
            pooled: (batch, timesteps, stages, width) means over the patch.
            chosen: (timesteps,) 0 for those that get no weight; None takes all.
        """
        scores = torch.zeros_like(pooled[..., 0])
        if self.fusion == "adaptive":
            by_stage = zip(self.score, pooled.unbind(dim=2), strict=True)
            each = [score(values)[..., 0] for score, values in by_stage]
            scores = torch.stack(each, dim=-1) + self.bias
        shares = torch.exp(scores - scores.amax(dim=1, keepdim=True))
        if chosen is not None:
            shares = shares * chosen[:, None]
        return shares / shares.sum(dim=1, keepdim=True)

    def forward(self, features: Tensor) -> Tensor:
        """Features (batch, timesteps, stages, width, rows, cols) to the same without timesteps."""
        weights = self.weights(features.mean(dim=(-2, -1)))
        return torch.einsum("bksdrc,bks->bsdrc", features, weights)


class CrossTimestepFusion(nn.Module):
    """CTSSFM and classifier: features of a patch at several timesteps to classes of its pixels.

    1. AWAM adds each stage's features over the timesteps; a pointwise convolution brings the
       stages to ``width`` channels.
    2. A spatial gate (7 x 7 convolution of mean and maximum over the channels) and a spectral gate
       (squeeze and excitation) weigh places and channels.
    3. The patch's mean is the query to the features of the pixel at each timestep (keys, values).
    4. Patch mean, pixel and answer are concatenated and classified.

    Args:
        addition: AWAM; it goes on learning with the classifier.
        n_classes: how many classes.
        width: channels inside.
        n_heads: of the attention; divides ``width``.
    """

    def __init__(
        self, addition: AdaptiveAddition, n_classes: int, width: int = 128, n_heads: int = 4
    ) -> None:
        super().__init__()
        self.addition = addition
        self.n_heads = n_heads
        n_channels = addition.sizes[1] * addition.sizes[2]
        self.merge = nn.Conv2d(n_channels, width, 1)
        self.spatial_gate = nn.Conv2d(2, 1, 7, padding=3)
        self.spectral_gate = nn.Sequential(
            nn.Linear(width, max(width // 8, 1)), nn.ReLU(), nn.Linear(max(width // 8, 1), width)
        )
        self.query = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        self.key_value = nn.Sequential(nn.LayerNorm(n_channels), nn.Linear(n_channels, 2 * width))
        self.answer = nn.Linear(width, width)
        self.classify = nn.Sequential(
            nn.LayerNorm(3 * width),
            nn.Linear(3 * width, width),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(width, n_classes),
        )

    def forward(self, features: Tensor, pixels: Tensor) -> Tensor:
        """Class scores of some pixels of each patch.

        Args:
            features: (batch, timesteps, stages, width, rows, cols).
            pixels: (batch, n) int64, positions row * cols + col in the patch.

        Returns:
            (batch, n, n_classes).
        """
        gated = self._gated(self.merge(self.addition(features).flatten(1, 2)))
        mean = gated.mean(dim=(-2, -1))[:, None].expand(-1, pixels.shape[1], -1)
        at_pixel = _at_pixels(gated, pixels)
        at_timesteps = _at_pixels(features.flatten(2, 3).flatten(1, 2), pixels)
        at_timesteps = at_timesteps.unflatten(-1, (features.shape[1], -1))
        answer = self._attend(mean, at_timesteps)
        return self.classify(torch.cat([mean, at_pixel, answer], dim=-1))

    def _gated(self, fused: Tensor) -> Tensor:
        places = torch.stack([fused.mean(dim=1), fused.amax(dim=1)], dim=1)
        spatial = torch.sigmoid(self.spatial_gate(places))
        spectral = torch.sigmoid(self.spectral_gate(fused.mean(dim=(-2, -1))))
        return fused * spatial * spectral[..., None, None]

    def _attend(self, mean: Tensor, at_timesteps: Tensor) -> Tensor:
        """Queries (batch, n, width) look at (batch, n, timesteps, channels)."""
        query = self.query(mean)[:, :, None]
        key, value = self.key_value(at_timesteps).chunk(2, dim=-1)
        heads = [x.unflatten(-1, (self.n_heads, -1)).transpose(2, 3) for x in (query, key, value)]
        answers = functional.scaled_dot_product_attention(*heads)
        return mean + self.answer(answers.transpose(2, 3).flatten(2))


def _at_pixels(values: Tensor, pixels: Tensor) -> Tensor:
    """Values (batch, channels, rows, cols) at pixels (batch, n), as (batch, n, channels)."""
    where = pixels[:, None].expand(-1, values.shape[1], -1)
    return values.flatten(2).gather(2, where).transpose(1, 2)
