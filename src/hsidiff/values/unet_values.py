"""Features of a denoising U-Net at some timesteps and layers, reduced by PCA, and the spectrum."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any, ClassVar

import numpy as np
import torch

from hsidiff.about import Cost
from hsidiff.errors import check_choice, check_whole_number, check_whole_numbers
from hsidiff.kinds import DENOISER_INPUT, FEATURES, SPECTRUM, Kinds
from hsidiff.networks.counting import cost_of
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device, seeded
from hsidiff.training.precision import bfloat16_where_fast, without_tf32
from hsidiff.training.weights import load_weights, weights
from hsidiff.values.components import FEATURE_TILE_PX, principal_components
from hsidiff.values.denoiser_input import EXTRACTIONS, DenoiserInput
from hsidiff.values.pretraining import Denoising, crops_of, pretrain
from hsidiff.values.values import Values
from hsidiff.values.way_back import way_back
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import PrincipalComponents, scene_moments
from hsidiff.windows.tiles import without_margin

COUNTED_PX = 64
"""Side of the tile whose features are counted."""


@dataclass(kw_only=True, repr=False, eq=False)
class UNetValues(Values):
    """What a denoising U-Net knows of a pixel: components of its features, its input, the spectrum.

    Attributes:
        denoising: how the scene is learned.
        unet: shape of the denoiser.
        timesteps: where features are taken.
        layers: which layers of the decoder they are taken from.
        extraction: what the denoiser is shown then, a key of
            :data:`hsidiff.values.denoiser_input.EXTRACTIONS`.
        n_components: principal components that are kept of each timestep and layer.
        whiten: whether components are scaled to unit variance, after scaling each channel to 0..1.
        bfloat16: whether features are computed in bfloat16 where the device is fast with it. It
            moves them by up to a few hundredths of their spread.
        apart: whether each timestep and layer is a kind of its own, or all features are one.
        trained: whether the denoiser learns; False leaves it the weights that it starts from.
        transform_: from spectra to what the denoiser sees.
        denoiser_: in evaluation mode.
        projections_: components of each timestep and layer: timesteps in order, in each the layers.
        pretraining_: how the training went: the fields of :class:`hsidiff.training.pace.Trained`.
    """

    denoising: Denoising
    unet: UNetShape
    timesteps: tuple[int, ...]
    layers: tuple[int, ...]
    extraction: str
    n_components: int
    whiten: bool = False
    bfloat16: bool = False
    apart: bool = False
    trained: bool = True

    tile_px: ClassVar[int] = FEATURE_TILE_PX

    transform_: SpectralTransform = field(init=False)
    denoiser_: SpectralUNet = field(init=False)
    projections_: tuple[PrincipalComponents, ...] = field(init=False, default=())
    pretraining_: dict[str, Any] = field(init=False, default_factory=dict)

    def check(self) -> None:
        """Refuse settings that are out of range with a SettingError."""
        check_whole_numbers("timesteps", self.timesteps)
        check_whole_numbers("layers", self.layers)
        self.denoising.schedule.check(self.timesteps)
        self.unet.check_layers(self.layers)
        check_choice("extraction", self.extraction, EXTRACTIONS)
        check_whole_number("n_components", self.n_components, 1)

    @property
    def halo_px(self) -> int:
        """The context of the features."""
        return max(self.unet.halo_px(layer) for layer in self.layers)

    @property
    def light(self) -> bool:
        """Not those of a network that sees all bands: gigabytes, and long enough to be shared."""
        return self.denoising.space == "whitened"

    def learn(self, scene: Scene, region: np.ndarray | None) -> None:
        """Learn the scene by denoising it, and find the components of what was learned."""
        self.transform_ = self.denoising.transform_of(scene_moments(scene, region))
        with seeded(self.random_state):
            self.denoiser_ = SpectralUNet(self.unet).eval()
        if self.trained:
            crops = crops_of(scene, self.transform_, self.denoising, region, self.random_state)
            self.pretraining_ = pretrain(
                self.denoiser_, crops, self.denoising, self.random_state, self.device
            )
        self.projections_ = principal_components(
            scene,
            self.features,
            self.halo_px,
            self.n_components,
            whiten=self.whiten,
            region=region,
            random_state=self.random_state,
        )

    @torch.inference_mode()
    def features(self, cube: np.ndarray, window: Window) -> list[np.ndarray]:
        """Features of a window at each timestep and layer, before any reduction.

        Args:
            cube: as in :meth:`of_window`.
            window: as there.

        Returns:
            Arrays (rows, cols, n) float32: timesteps in order, in each the layers in order.
        """
        shown, seen = self._shown, window.grown(self.halo_px)
        x_0, corner = shown.clean(cube), np.array([[seen.row, seen.col]])
        self.denoiser_.to(x_0.device)
        features: list[np.ndarray] = []
        for timestep in self.timesteps:
            x_t, t = shown.at(x_0, corner, timestep), torch.tensor([timestep], device=x_0.device)
            with without_tf32(x_t.device), bfloat16_where_fast(self.bfloat16, x_t.device):
                taps = self.denoiser_.taps_inside(x_t, t, tuple(self.layers), self.halo_px)
            features += (tap[0].float().permute(1, 2, 0).cpu().numpy() for tap in taps)
        return features

    def of_window(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """Components of each timestep and layer, what the denoiser sees, and the spectrum."""
        features = zip(self.projections_, self.features(cube, window), strict=True)
        components = [projection.project(values) for projection, values in features]
        spectra = without_margin(np.nan_to_num(cube, nan=0.0), self.halo_px)
        return np.concatenate([*components, self.transform_.apply(spectra), spectra], axis=-1)

    def kinds(self, n_bands: int) -> Kinds:
        """Features, all as one kind or each apart; what the denoiser sees; the spectrum."""
        widths = tuple(projection.n_components for projection in self.projections_)
        widths = widths or tuple(min(self.n_components, n) for n in self._count(n_bands)[1])
        pairs = product(self.timesteps, self.layers)
        apart = {f"t={t} layer {layer}": (n,) for (t, layer), n in zip(pairs, widths, strict=True)}
        features: Kinds = apart if self.apart else {FEATURES: widths}
        return {**features, DENOISER_INPUT: (self.denoising.n_seen(n_bands),), SPECTRUM: (n_bands,)}

    def cost(self, n_bands: int) -> Cost:
        """That of scaling, features and components."""
        cost, widths = self._count(n_bands)
        cost += Cost.of_projection(n_bands, self.denoising.n_seen(n_bands))
        for width in widths:
            cost += Cost.of_projection(width, min(self.n_components, width))
        return cost

    def _count(self, n_bands: int) -> tuple[Cost, tuple[int, ...]]:
        """Cost of the features, and how many there are at each timestep and layer."""
        n_seen, widths = self.denoising.n_seen(n_bands), list[int]()

        def take_features(denoiser: SpectralUNet) -> None:
            x_t, t = torch.empty(1, n_seen, COUNTED_PX, COUNTED_PX), torch.empty(1)
            for _ in self.timesteps:
                taps = denoiser.taps(x_t, t, tuple(self.layers))
                widths.extend(tap.shape[1] for tap in taps)

        cost = cost_of(lambda: SpectralUNet(self.unet), take_features, COUNTED_PX**2)
        return cost, tuple(widths)

    @property
    def last_reconstructed(self) -> int:
        """T of the noise schedule."""
        return self.denoising.n_timesteps

    def reconstruct(
        self, scene: Scene, window: Window, start: int, keep: tuple[int, ...]
    ) -> Mapping[int, np.ndarray]:
        """See :func:`hsidiff.values.way_back.way_back`."""
        self.denoiser_.to(pick_device(self.device))
        estimate_clean = partial(self.denoising.estimate_clean, self.denoiser_)
        return way_back(scene, window, start, keep, self._shown, estimate_clean)

    @property
    def _shown(self) -> DenoiserInput:
        return DenoiserInput(
            self.transform_, self.denoising, self.extraction, self.random_state, self.device
        )

    def learned(self) -> Learned:
        """Scaling, denoiser and components; how the training went, if there was any."""
        arrays = self.transform_.arrays("transform.") | weights("denoiser.", self.denoiser_)
        for i, projection in enumerate(self.projections_):
            arrays |= projection.arrays(f"projection.{i}.")
        return Learned(arrays, {"pretraining": self.pretraining_} if self.trained else {})

    def restore(self, learned: Learned) -> None:
        """Become the values that were stored."""
        self.pretraining_ = learned.facts.get("pretraining", {})
        self.transform_ = SpectralTransform.from_arrays("transform.", learned.arrays)
        self.denoiser_ = SpectralUNet(self.unet)
        load_weights(self.denoiser_, "denoiser.", learned.arrays)
        self.projections_ = tuple(
            PrincipalComponents.from_arrays(f"projection.{i}.", learned.arrays)
            for i in range(len(self.timesteps) * len(self.layers))
        )
