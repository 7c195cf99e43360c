"""A denoiser of four stages that look at a patch by its pixels and by its bands in turn.

Source: the abstract and the figure captions of DiffCRN (Zhu and Xu, arXiv 2502.19699): not a U-Net
but two spatial and two spectral-group self-attention denoising modules, depthwise and pointwise
convolutions, an MLP of the timestep. Its equations were not to be had: the rest is our design.

With D = width and P = patch_px, each stage takes and gives (batch, P, P, D):

    u = Norm(h) (1 + gamma_t) + beta_t
    h = h + PWConv(DWConv3x3(PWConv(u))) + Attention(u)
    h = h + PWConv(GELU(DWConv3x3(PWConv(LN(h)))))

Attention is among the P * P pixels of the patch ("spatial", SSAD), or among the channels of one
group, each a whole image of the patch ("spectral", SGSAD). The groups are of bands: each group of
channels is embedded from its own neighbouring inputs, and the first spectral stage normalises,
convolves and attends inside the groups, before its last two convolutions mix them. So a spectral
stage comes first; behind a spatial one, groups would be of channels that have seen all bands.
Convolutions pad the patch with zeros.
No position is given to the pixels: the depthwise convolutions beside the attention and their zeros
at the border tell it (Islam et al., ICLR 2020), and with no bias to add PyTorch's fused attention
serves on every device.

The prediction is PWConv(h_4 + h_0) + g_t x_t, where h_0 is x_t embedded. The noisy patch is added
because noise differs from band to band, and fewer channels than bands cannot carry it. How much of
the patch belongs into the prediction depends on the timestep and on the target, so its factor g_t
is learned from the timestep, and starts at 0.

At the default shape, for 200 bands: 1.84 million parameters, 0.85 million of them for the timestep
(its MLP, gamma and beta), and 238 million multiplications per patch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hsidiff.errors import SettingError
from hsidiff.networks.denoiser import Denoiser
from hsidiff.networks.spectral_unet import sinusoids

N_SINUSOIDS = 128


@dataclass(frozen=True)
class StagesShape:
    """What can differ between two such networks.

    Attributes:
        width: channels of every stage.
        n_heads: of the attention among pixels.
        n_groups: of neighbouring bands and their channels, in the attention among channels.
        patch_px: side of the patches; the attention among channels is made for it.
        time_width: of the timestep's MLP.
        ffn_factor: by which the last two convolutions of a stage are wider than the stage.
        stages: the kind of each, "spatial" or "spectral".
    """

    width: int = 128
    n_heads: int = 4
    n_groups: int = 8
    patch_px: int = 16
    time_width: int = 512
    ffn_factor: int = 2
    stages: tuple[str, ...] = ("spectral", "spatial", "spectral", "spatial")

    @property
    def n_stages(self) -> int:
        """Number of stages, which is the number of layers with a tap."""
        return len(self.stages)

    def check(self) -> None:
        """Refuse what no network can be made of.

        Raises:
            SettingError: if the width cannot be shared out, or a stage has no such kind.
        """
        for name, n_parts in (("n_heads", self.n_heads), ("n_groups", self.n_groups)):
            if n_parts < 1 or self.width % n_parts:
                raise SettingError(f"{name}={n_parts}: must divide width={self.width}")
        if not self.stages or not set(self.stages) <= set(_ATTENTION):
            expected = ", ".join(_ATTENTION)
            raise SettingError(f"stages={self.stages}: expected one or more of {expected}")


class StagedDenoiser(Denoiser):
    """The denoiser: from x_t (batch, n_inputs, P, P) and t (batch,) to a prediction like x_t.

    Raises:
        SettingError: if there is no network of this shape.
    """

    def __init__(self, shape: StagesShape, n_inputs: int) -> None:
        super().__init__()
        shape.check()
        self.embed_time = _TimestepMlp(shape.time_width)
        bands, channels = bands_of_groups(n_inputs, shape.n_groups), groups_of_channels(shape)
        self.embed = MaskedLinear(bands[channels])
        self.stages = nn.ModuleList(
            _Stage(shape, kind, shape.stages[:number].count(kind))
            for number, kind in enumerate(shape.stages)
        )
        self.out = nn.Linear(shape.width, n_inputs)
        self.share_of_input = nn.Linear(shape.time_width, 1)
        nn.init.zeros_(self.share_of_input.weight)
        nn.init.zeros_(self.share_of_input.bias)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        """Predict noise (or another target) of the shape of ``x_t``."""
        return self.predict_with_stages(x_t, t)[0]

    def taps(self, x_t: Tensor, t: Tensor, layers: tuple[int, ...]) -> list[Tensor]:
        """Outputs of stages; nothing beyond the last wanted one is computed.

        Args:
            x_t: (batch, n_inputs, P, P) noisy patches.
            t: (batch,) timesteps.
            layers: numbers of the stages, counted from 0.

        Returns:
            For each layer, in the order given, (batch, width, P, P).
        """
        wanted: dict[int, Tensor] = {}
        outputs = self._outputs(self._embedded(x_t), self.embed_time(t))
        for layer, h in enumerate(outputs):
            wanted[layer] = _channels_first(h)
            if layer == max(layers):
                break
        return [wanted[layer] for layer in layers]

    def predict_with_stages(self, x_t: Tensor, t: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The prediction, shaped like ``x_t``, and the outputs of all stages, as :meth:`taps`."""
        time, h_0 = self.embed_time(t), self._embedded(x_t)
        outputs = list(self._outputs(h_0, time))
        prediction = _channels_first(self.out(outputs[-1] + h_0))
        prediction = prediction + self.share_of_input(time)[:, :, None, None] * x_t
        return prediction, [_channels_first(h) for h in outputs]

    def _embedded(self, x_t: Tensor) -> Tensor:
        return self.embed(x_t.permute(0, 2, 3, 1))

    def _outputs(self, h: Tensor, time: Tensor) -> Iterator[Tensor]:
        """Outputs (batch, P, P, width) of the stages, each when it is asked for."""
        for stage in self.stages:
            h = stage(h, time)
            yield h


class _TimestepMlp(nn.Module):
    """Sinusoids of the timestep, two linear layers with SiLU between: (batch, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(N_SINUSOIDS, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: Tensor) -> Tensor:
        return self.mlp(sinusoids(t, N_SINUSOIDS))


class _Stage(nn.Module):
    """One stage, (batch, P, P, width) to the same; see the formulas above.

    Args:
        shape: of the network.
        kind: "spatial" or "spectral".
        number: how many stages of this kind come before it.
    """

    def __init__(self, shape: StagesShape, kind: str, number: int) -> None:
        super().__init__()
        width, wide = shape.width, shape.ffn_factor * shape.width
        by_group = kind == "spectral"
        group = groups_of_channels(shape, number)
        seen = group[:, None] == group if by_group else torch.ones(width, width, dtype=torch.bool)
        self.norm1 = GroupNorm(shape.n_groups if by_group else 1, number % 2 == 1)
        self.norm2 = nn.LayerNorm(width)
        self.scale_and_shift = nn.Linear(shape.time_width, 2 * width)
        self.near = nn.Sequential(MaskedLinear(seen), _Depthwise(width), MaskedLinear(seen))
        self.attention = _ATTENTION[kind](shape, number)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, wide), _Depthwise(wide), nn.GELU(), nn.Linear(wide, width)
        )

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        gamma, beta = self.scale_and_shift(time)[:, None, None].chunk(2, dim=-1)
        u = self.norm1(h) * (1 + gamma) + beta
        h = h + self.near(u) + self.attention(u)
        return h + self.feed_forward(self.norm2(h))


def bands_of_groups(n_inputs: int, n_groups: int) -> Tensor:
    """Which inputs each group sees, (n_groups, n_inputs) bool: neighbours, and at least one."""
    group = torch.arange(n_groups)
    first = group * n_inputs // n_groups
    behind = torch.maximum((group + 1) * n_inputs // n_groups, first + 1)
    place = torch.arange(n_inputs)
    return (place >= first[:, None]) & (place < behind[:, None])


def groups_of_channels(shape: StagesShape, number: int = 0) -> Tensor:
    """The group of each channel, (width,) int64, in the spectral stage of this number.

    Consecutive channels in one such stage, every ``n_groups``-th channel in the next.
    """
    channel = torch.arange(shape.width)
    return channel % shape.n_groups if number % 2 else channel // (shape.width // shape.n_groups)


class MaskedLinear(nn.Linear):
    """A linear map whose outputs each see some of the inputs only.

    Args:
        sees: (n_outputs, n_inputs) bool, at least one in each row.
    """

    sees: Tensor

    def __init__(self, sees: Tensor) -> None:
        n_outputs, n_inputs = sees.shape
        super().__init__(n_inputs, n_outputs)
        self.register_buffer("sees", sees, persistent=False)
        with torch.no_grad():  # as large as those of a dense map from so many inputs
            self.weight *= (n_inputs / sees.sum(dim=1, keepdim=True)).sqrt()

    def forward(self, u: Tensor) -> Tensor:
        """From (..., n_inputs) to (..., n_outputs)."""
        return functional.linear(u, self.weight * self.sees, self.bias)


class GroupNorm(nn.Module):
    """Layer normalisation of the channels (..., width) of each group by itself, nothing learned."""

    def __init__(self, n_groups: int, shuffled: bool) -> None:
        super().__init__()
        self.n_groups, self.shuffled = n_groups, shuffled

    def forward(self, h: Tensor) -> Tensor:
        """The same shape, of mean 0 and variance 1 in each group."""
        if not self.shuffled:
            groups = h.unflatten(-1, (self.n_groups, -1))
            return functional.layer_norm(groups, groups.shape[-1:]).flatten(-2)
        groups = h.unflatten(-1, (-1, self.n_groups)).transpose(-1, -2)
        return functional.layer_norm(groups, groups.shape[-1:]).transpose(-1, -2).flatten(-2)


class PixelAttention(nn.Module):
    """Self-attention with several heads among the pixels of a patch, (batch, P, P, width)."""

    def __init__(self, shape: StagesShape, number: int) -> None:
        super().__init__()
        self.n_heads = shape.n_heads
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.merge = nn.Linear(shape.width, shape.width)

    def forward(self, u: Tensor) -> Tensor:
        """From patches (batch, side, side, width) to such; each sees nothing but itself."""
        joint = self.query_key_value(u.flatten(1, 2)).unflatten(-1, (3, self.n_heads, -1))
        query, key, value = joint.permute(2, 0, 3, 1, 4)
        attended = _attend(query, key, value)
        return self.merge(attended.transpose(1, 2).flatten(2)).view_as(u)


class GroupAttention(nn.Module):
    """Self-attention among the channels of each group, (batch, P, P, width) to the same.

    A token is a channel's image of the whole patch. Groups never mix. They are consecutive channels
    in one such stage and every ``n_groups``-th channel in the next (the channel shuffle of Zhang et
    al., "ShuffleNet", CVPR 2018), so that two stages together carry information across groups.

    Args:
        shape: of the network.
        number: how many such stages come before it; odd ones are shuffled.
    """

    def __init__(self, shape: StagesShape, number: int) -> None:
        super().__init__()
        self.n_groups = shape.n_groups
        self.shuffled = number % 2 == 1
        n_pixels = shape.patch_px**2
        self.query_key_value = nn.Linear(n_pixels, 3 * n_pixels, bias=False)

    def forward(self, u: Tensor) -> Tensor:
        """From patches (batch, side, side, width) to such, of the size that it was made for."""
        images = u.flatten(1, 2).transpose(1, 2)
        attended = _attend(*map(self._grouped, self.query_key_value(images).chunk(3, dim=-1)))
        if self.shuffled:
            attended = attended.transpose(1, 2)
        return attended.flatten(1, 2).transpose(1, 2).reshape(u.shape)

    def _grouped(self, images: Tensor) -> Tensor:
        """Channels (batch, width, pixels) to (batch, groups, channels of a group, pixels)."""
        if self.shuffled:
            return images.unflatten(1, (-1, self.n_groups)).transpose(1, 2)
        return images.unflatten(1, (self.n_groups, -1))


_ATTENTION: dict[str, type[PixelAttention] | type[GroupAttention]] = {
    "spatial": PixelAttention,
    "spectral": GroupAttention,
}


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention over the last but one axis, (batch, heads, tokens, width) each.

    On CPUs in float32: there the bfloat16 gradient of PyTorch 2.13's fused attention takes several
    times as long, and its result is no faster.
    """
    if query.device.type != "cpu":
        return functional.scaled_dot_product_attention(query, key, value)
    with torch.autocast("cpu", enabled=False):
        return functional.scaled_dot_product_attention(query.float(), key.float(), value.float())


class _Depthwise(nn.Conv2d):
    """A 3 x 3 convolution of each channel by itself; channels come last."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width, 3, padding=1, groups=width)

    def forward(self, h: Tensor) -> Tensor:
        return super().forward(_channels_first(h)).permute(0, 2, 3, 1)


def _channels_first(h: Tensor) -> Tensor:
    """A view of (batch, rows, cols, channels) with the channels second, laid out as before."""
    return h.permute(0, 3, 1, 2)
