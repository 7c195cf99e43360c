"""SpectralDiff: features of a denoising 3-D U-Net feed a transformer over the pixels of a patch.

Paper: N. Chen, J. Yue, L. Fang, S. Xia, "SpectralDiff: A Generative Framework for Hyperspectral
Image Classification With Diffusion Models", IEEE TGRS 61 (2023), arXiv 2304.05961.

What is special: the denoiser convolves over the spectrum as over space and halves the spectrum
only, so that every pixel keeps its place; one (timestep, layer) gives the features.

| step                        | shape (Indian Pines, 200 bands)       |
|-----------------------------|---------------------------------------|
| scene, scaled per band      | rows x cols x 200 in -1..1            |
| denoiser's layer 1          | rows x cols x 6400 (128 channels x 50)|
| principal components        | rows x cols x 1200                    |
| patch around a pixel        | 13 x 13 x 1200                        |
| tokens                      | 169 pixels and a class token, x 64    |
| class scores                | 16                                    |

Profiles: ``paper`` follows the article, ``released`` the authors' code, which is another experiment
(order of normalisation, last convolution, tile size, transformer); ``fast`` is ours, for a laptop.

What the paper leaves open, and where we differ, in every profile:

* T and the variances are the code's: T = 500, linear from 1e-4 to 0.02. Timesteps count from 1; the
  code counts from 0, hence ``released`` says 6 where its configuration says 5.
* Batch normalisation is in evaluation mode when features are taken. The code leaves it in training
  mode, so that features depend on which tiles share a batch.
* Features are taken densely, each tile with the context its features see. The code cuts the scene
  into tiles whose zero padding reaches every feature.
* Noise, where there is any, belongs to the pixel (:mod:`hsidiff.diffusion.noise`). The paper draws
  once per tile.
* Bands are padded to a multiple of 8 by repeating the first and last (paper: last, or zeros); the
  classifier sees the scene's edge repeated (code: zeros).
* The optimal (timestep, layer, number of components) were chosen per scene on test pixels there
  (Table VI). Here they are those of Indian Pines for any scene, unless the user says otherwise.
* ``paper`` takes 30,000 steps, what 30,000 epochs of one batch come to on Indian Pines.

``fast`` keeps the ideas and shrinks the rest: the spectrum is averaged to 32 whitened values, the
kernels are factorised, the network sees the clean scene at two timesteps instead of one draw of
noise (compare CleanDIFT, arXiv 2412.03439), and a linear head chosen by cross-validation inside
the training labels takes features and spectra together, since a transformer overfits few labels.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Integral
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn

from hsidiff.classifier import Learned, SceneClassifier
from hsidiff.diffusion.objectives import mean_loss, target_of
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.errors import LARGEST_RANDOM_STATE, SettingError, check_choice, check_whole_number
from hsidiff.features.denoiser_features import FEATURE_TILE_PX, DenoiserFeatures
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.pixel_transformer import PixelTransformer, TransformerShape
from hsidiff.networks.spectral_unet import SpectralUNet, UNetShape
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.linear_head import LinearHead, fit_linear_head, spatial_groups
from hsidiff.training.loop import Recipe, pick_device, seeded, train
from hsidiff.training.patch_classifier import fit_patch_classifier, predict_patches
from hsidiff.training.weights import load_weights, weights
from hsidiff.windows.crops import CropPool, grid_centres, turned
from hsidiff.windows.gather import Samples, gather_patches
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import PrincipalComponents, StreamingMoments, scene_moments
from hsidiff.windows.tiles import read_with_halo, without_margin

MIN_BFLOAT16_INPUTS = 12
"""Below it the gradients of PyTorch 2.13's bfloat16 3-D convolutions are not finite on CPUs."""
RANGE_LIMIT = 1.0
WHITENED_LIMIT = 5.0
"""Whitened values beyond five standard deviations are cut: outliers would rule the loss."""
PAPER_UNET = UNetShape()
PAPER_TRANSFORMER = TransformerShape()
PAPER_PRETRAINING = Recipe(n_steps=30_000, learning_rate=1e-4)
HEAD_RECIPE = Recipe(n_steps=1, learning_rate=1e-3, max_gradient_norm=15.0)
"""How the transformer is trained (released code); the steps follow from the epochs."""
HEAD_BATCH_SIZE = 64


@dataclass(frozen=True)
class Profile:
    """What a profile fixes. Fields of :class:`SpectralDiff` with the same name replace it.

    Attributes:
        space: what the denoiser sees: bands scaled to -1..1 ("range") or ``n_inputs`` whitened
            averages of neighbouring bands ("whitened").
        n_inputs: number of whitened values; unused with "range".
        n_timesteps: T of the linear schedule.
        target: what the denoiser predicts, see :mod:`hsidiff.diffusion.objectives`.
        loss: how its error is counted, there too.
        unet: shape of the denoiser.
        crop_px: side of the crops it learns from.
        crops: fixed crops on a grid ("grid"), or anywhere, turned and flipped ("random").
        batch_size: crops per step.
        pretraining: steps, rate and so on of the denoiser.
        timesteps: where features are taken.
        layers: which layers of the decoder they are taken from.
        extraction: the denoiser sees one draw of noise ("noisy") or none ("clean").
        n_components: principal components that are kept of the features.
        whiten: whether components are scaled to unit variance, after scaling each channel to 0..1.
        head: "transformer" (the paper's) or "linear".
        transformer: shape of that head.
        head_epochs: passes over the training labels.
    """

    space: Literal["range", "whitened"] = "range"
    n_inputs: int = 32
    n_timesteps: int = 500
    target: str = "eps"
    loss: str = "l1"
    unet: UNetShape = PAPER_UNET
    crop_px: int = 16
    crops: Literal["grid", "random"] = "grid"
    batch_size: int = 256
    pretraining: Recipe = PAPER_PRETRAINING
    timesteps: tuple[int, ...] = (5,)
    layers: tuple[int, ...] = (1,)
    extraction: Literal["noisy", "clean"] = "noisy"
    n_components: int = 1200
    whiten: bool = True
    head: Literal["transformer", "linear"] = "transformer"
    transformer: TransformerShape = PAPER_TRANSFORMER
    head_epochs: int = 20

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise schedule (the code's; the paper gives none)."""
        return NoiseSchedule.linear(self.n_timesteps)

    @property
    def halo_px(self) -> int:
        """How far features see."""
        return self.unet.halo_px(max(self.layers))

    @property
    def patch_px(self) -> int:
        """Side of the patch that the head sees."""
        return self.transformer.patch_px if self.head == "transformer" else 1

    def transform_of(self, moments: StreamingMoments) -> SpectralTransform:
        """From spectra with these moments to what the denoiser sees."""
        if self.space == "range":
            return SpectralTransform.to_range(moments)
        return SpectralTransform.whitened(moments, self.n_inputs)

    @property
    def limit(self) -> float:
        """Where the values that the denoiser sees are cut."""
        return RANGE_LIMIT if self.space == "range" else WHITENED_LIMIT


PROFILES = {
    "paper": Profile(),
    "released": Profile(
        unet=UNetShape(order="act-norm", out_kernel=(1, 1, 1)),
        crop_px=64,
        batch_size=20,
        timesteps=(6,),
        layers=(2,),
        transformer=TransformerShape(
            embedding="convolution", n_blocks=2, n_heads=20, head_width=64
        ),
        head_epochs=30,
    ),
    "fast": Profile(
        space="whitened",
        target="v",
        loss="l2",
        unet=UNetShape(
            widths=(8, 16, 32),
            first_kernel=(1, 3, 3),
            second_kernel=(3, 1, 1),
            stride_kernel=(4, 1, 1),
            out_kernel=(3, 1, 1),
        ),
        crop_px=24,
        crops="random",
        batch_size=4,
        pretraining=Recipe(
            n_steps=400,
            learning_rate=2e-3,
            rate="cosine",
            max_gradient_norm=1.0,
            ema_decay=0.99,
            bfloat16=True,
            n_threads=1,
        ),
        timesteps=(200, 350),
        extraction="clean",
        n_components=96,
        whiten=False,
        head="linear",
    ),
}


def pretrain(
    scene: Scene,
    transform: SpectralTransform,
    profile: Profile,
    region: np.ndarray | None,
    random_state: int,
    device: str,
) -> SpectralUNet:
    """Learn to denoise a scene (paper, section III-B, algorithm 1). No label is used.

    Args:
        scene: the scene.
        transform: from its spectra to what the denoiser sees.
        profile: how.
        region: (rows, cols) bool, the pixels that may be seen; None allows all.
        random_state: first weights, crops, timesteps and noise follow from it.
        device: where to compute.
    """
    schedule, on_grid = profile.schedule, profile.crops == "grid"
    pool = CropPool.from_scene(
        scene,
        transform,
        profile.crop_px,
        region=region,
        centres=grid_centres(scene.shape, profile.crop_px) if on_grid else None,
        random_state=random_state,
    )
    generator = torch.Generator().manual_seed(int(random_state))
    batch_size = min(profile.batch_size, len(pool.corners))

    def loss_of(denoiser: nn.Module, device: torch.device) -> Tensor:
        x_0, valid = pool.sample(batch_size, generator)
        if not on_grid:
            x_0, valid = turned(x_0, valid, generator)
        t = torch.randint(1, profile.n_timesteps + 1, (batch_size,), generator=generator)
        eps = torch.randn(x_0.shape, generator=generator)
        x_0, valid, t, eps = (x.to(device) for x in (x_0, valid, t, eps))
        x_0 = x_0.clamp(-profile.limit, profile.limit)
        x_t = schedule.add_noise(x_0, t, eps)
        error = denoiser(x_t, t) - target_of(profile.target, schedule, x_0, t, eps)
        return mean_loss(profile.loss, error, valid)

    with seeded(random_state):
        denoiser = SpectralUNet(profile.unet)
    recipe = profile.pretraining
    if transform.n_outputs < MIN_BFLOAT16_INPUTS:
        recipe = replace(recipe, bfloat16=False)
    train(denoiser, loss_of, recipe, device, "learn the scene")
    return denoiser


def _check_whole_numbers(name: str, numbers: object) -> None:
    if not isinstance(numbers, tuple | list) or not all(isinstance(n, Integral) for n in numbers):
        raise SettingError(f"{name}={numbers!r}: must be a tuple of whole numbers, such as (1,)")


def _training_blocks(labels: LabelMap) -> np.ndarray:
    if labels.region is None:
        raise SettingError(
            "pretrain_on='train_blocks': these labels do not say which blocks are theirs; "
            "use the training labels of a block split, or pretrain_on='scene'"
        )
    return labels.region


@dataclass(repr=False, eq=False)
class SpectralDiff(SceneClassifier):
    """SpectralDiff under the common contract. ``None`` leaves a setting to the profile.

    Attributes:
        profile: "fast", "paper" or "released".
        random_state: everything random follows from it.
        pretrain_on: the denoiser and the projection learn from all pixels of the scene ("scene",
            as in the paper: transductive) or from the training blocks of a block split only
            ("train_blocks").
        timesteps, layers, extraction, n_components, head: see :class:`Profile`.
        pretrain_steps: optimiser steps of the denoiser.
        head_epochs: passes of the transformer over the training labels.
        device: "auto" takes a CUDA device if there is one; or "cpu", "cuda", "mps".
        features_: the learned denoiser and how its features are taken.
        projection_: their principal components.
        head_: the learned head.
    """

    name: ClassVar[str] = "spectraldiff"

    profile: str = "fast"
    random_state: int = 0
    pretrain_on: str = "scene"
    timesteps: tuple[int, ...] | None = None
    layers: tuple[int, ...] | None = None
    extraction: str | None = None
    n_components: int | None = None
    head: str | None = None
    pretrain_steps: int | None = None
    head_epochs: int | None = None
    device: str = "auto"

    features_: DenoiserFeatures = field(init=False)
    projection_: PrincipalComponents = field(init=False)
    head_: LinearHead | PixelTransformer = field(init=False)

    def settings(self) -> Profile:
        """The profile with this classifier's own settings in their places.

        Raises:
            SettingError: if a setting is unknown or out of range.
        """
        profile = PROFILES[check_choice("profile", self.profile, PROFILES)]
        own = ("timesteps", "layers", "extraction", "n_components", "head", "head_epochs")
        given = {name: getattr(self, name) for name in own if getattr(self, name) is not None}
        if self.pretrain_steps is not None:
            given["pretraining"] = replace(profile.pretraining, n_steps=self.pretrain_steps)
        profile = replace(profile, **given)
        for name in ("timesteps", "layers"):
            _check_whole_numbers(name, getattr(profile, name))
        NoiseSchedule.linear(profile.n_timesteps).check(profile.timesteps)
        profile.unet.check_layers(profile.layers)
        check_choice("extraction", profile.extraction, ("noisy", "clean"))
        check_choice("head", profile.head, ("transformer", "linear"))
        check_whole_number("random_state", self.random_state, 0, LARGEST_RANDOM_STATE)
        check_choice("pretrain_on", self.pretrain_on, ("scene", "train_blocks"))
        check_whole_number("n_components", profile.n_components, 1)
        check_whole_number("head_epochs", profile.head_epochs, 1)
        check_whole_number("pretrain_steps", profile.pretraining.n_steps, 1)
        return profile

    @property
    def halo_px(self) -> int:
        """The context of the features, and half the patch of the transformer."""
        profile = self.settings()
        return profile.halo_px + profile.patch_px // 2

    @property
    def transductive(self) -> bool:
        """Whether pixels beyond the training blocks were learned from, without labels."""
        return self.pretrain_on == "scene"

    @property
    def compute_device(self) -> str:
        """What ``device`` means on this machine."""
        return pick_device(self.device)

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        profile = self.settings()
        pick_device(self.device)
        region = None if self.pretrain_on == "scene" else _training_blocks(labels)

        # 1. Learn the scene by denoising it.
        transform = profile.transform_of(scene_moments(scene, region))
        denoiser = pretrain(scene, transform, profile, region, self.random_state, self.device)
        # 2. Find the principal components of its features.
        self.features_ = self._features(profile, transform, denoiser)
        self.projection_ = self.features_.principal_components(
            scene, profile.n_components, whiten=profile.whiten, region=region
        )
        # 3. Gather them at the labelled pixels.
        samples = gather_patches(
            scene, labels, profile.patch_px, partial(self._read_values, scene), FEATURE_TILE_PX
        )
        # 4. Fit the head.
        self.head_ = self._fit_head(profile, samples)

    def _features(
        self, profile: Profile, transform: SpectralTransform, denoiser: SpectralUNet
    ) -> DenoiserFeatures:
        return DenoiserFeatures(
            transform=transform,
            denoiser=denoiser,
            schedule=profile.schedule,
            target=profile.target,
            timesteps=profile.timesteps,
            layers=profile.layers,
            extraction=profile.extraction,
            limit=profile.limit,
            halo_px=profile.halo_px,
            seed=self.random_state,
            device=self.device,
        )

    def _read_values(self, scene: Scene, window: Window, margin: int) -> np.ndarray:
        """What the head sees in a window and ``margin`` pixels around it."""
        window = window.grown(margin)
        return self._values(read_with_halo(scene, window, self.features_.halo_px), window)

    def _values(self, cube: np.ndarray, window: Window) -> np.ndarray:
        """What the head sees of a window, (rows, cols, n_values); ``cube`` has the features' halo.

        These are components; for the linear head what the denoiser saw and the spectrum, too.
        """
        # A model that was fitted on another machine may be given another device.
        features = replace(self.features_, device=self.device)
        values = self.projection_.project(features.of(cube, window))
        if self.settings().head == "transformer":
            return values
        spectra = without_margin(np.nan_to_num(cube, nan=0.0), self.features_.halo_px)
        seen = self.features_.transform.apply(spectra)
        return np.concatenate([values, seen, spectra], axis=-1)

    def _fit_head(self, profile: Profile, samples: Samples) -> LinearHead | PixelTransformer:
        ids = np.array([land_class.id for land_class in self.classes_])
        classes = np.searchsorted(ids, samples.class_ids)
        if profile.head == "transformer":
            n_batches = math.ceil(len(classes) / HEAD_BATCH_SIZE)
            with seeded(self.random_state):
                network = PixelTransformer(
                    profile.transformer, self.projection_.n_components, len(ids)
                )
                fit_patch_classifier(
                    network,
                    samples.values,
                    classes,
                    replace(HEAD_RECIPE, n_steps=n_batches * profile.head_epochs),
                    HEAD_BATCH_SIZE,
                    self.random_state,
                    self.device,
                )
            return network
        n_components, n_seen = self.projection_.n_components, self.features_.transform.n_outputs
        parts = {
            "features": slice(0, n_components),
            "denoiser input": slice(n_components, n_components + n_seen),
            "spectrum": slice(n_components + n_seen, None),
        }
        groups = spatial_groups(samples.rows, samples.cols)
        return fit_linear_head(samples.values[:, 0, 0], classes, groups, parts, self.random_state)

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        profile = self.settings()
        values = self._values(cube, window.grown(profile.patch_px // 2))
        if isinstance(self.head_, LinearHead):
            return self.head_.predict_proba(values)
        return predict_patches(self.head_, values, profile.patch_px, self.device)

    def reconstruct(
        self,
        scene: Scene,
        window: Window | None = None,
        start: int = 400,
        keep: tuple[int, ...] = (400, 300, 200, 100, 50, 0),
    ) -> Mapping[int, np.ndarray]:
        """Add noise to a scene and remove it step by step (paper, Figs. 9 to 11).

        Args:
            scene: a scene with the bands that the classifier was fitted on.
            window: the part to reconstruct; None takes the whole scene.
            start: timestep of the noisy scene.
            keep: timesteps to return, 0 for the reconstruction; those above ``start`` are left out.

        Returns:
            Each timestep of ``keep`` up to ``start`` to (rows, cols, n_bands) float32, in the
            scene's units; NaN where the scene is invalid.

        Raises:
            ModelError: if the scene has other bands.
            SettingError: if a timestep is out of range.
        """
        self.check_scene(scene)
        features = replace(self.features_, device=self.device)
        return features.reconstruct(scene, window or Window.whole(scene.shape), start, keep)

    def _get_learned(self) -> Learned:
        arrays = {
            "transform.shift": self.features_.transform.shift,
            "transform.matrix": self.features_.transform.matrix,
            "projection.mean": self.projection_.mean,
            "projection.components": self.projection_.components,
            "projection.scale": self.projection_.scale,
        }
        arrays |= weights("denoiser.", self.features_.denoiser)
        if isinstance(self.head_, LinearHead):
            arrays |= {"head.weights": self.head_.weights, "head.biases": self.head_.biases}
            facts = {
                "experts": self.head_.shares,
                "held_out_log_loss": self.head_.held_out_log_loss,
            }
            return Learned(arrays, facts)
        return Learned(arrays | weights("head.", self.head_), {})

    def _set_learned(self, learned: Learned) -> None:
        profile, arrays = self.settings(), learned.arrays
        transform = SpectralTransform(arrays["transform.shift"], arrays["transform.matrix"])
        denoiser = SpectralUNet(profile.unet)
        load_weights(denoiser, "denoiser.", arrays)
        self.features_ = self._features(profile, transform, denoiser)
        self.projection_ = PrincipalComponents(
            *(arrays[f"projection.{name}"] for name in ("mean", "components", "scale"))
        )
        if profile.head == "linear":
            self.head_ = LinearHead(
                arrays["head.weights"],
                arrays["head.biases"],
                learned.facts["experts"],
                learned.facts["held_out_log_loss"],
            )
            return
        self.head_ = PixelTransformer(
            profile.transformer, self.projection_.n_components, len(self.classes_)
        )
        load_weights(self.head_, "head.", arrays)
