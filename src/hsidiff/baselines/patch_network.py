"""What the baselines with a neural network share: gather patches, scale them, train, predict.

A network sees the patch around a pixel, or its spectrum alone, and gives the pixel's class scores.
Each band is scaled to 0..1 between the extremes of the training pixels, so nothing is learned from
pixels beyond the training patches; invalid pixels inside a patch are 0 after scaling. Statistics of
batch normalisation are those of all training patches under the last weights.

To add one, write its module and the few lines that build it::

    @dataclass(repr=False, eq=False)
    class MyNetwork(NetworkBaseline):
        patch_px: int = 7  # settings of one's own come after the shared ones
        n_filters: int = 8

        name: ClassVar[str] = "my-network"

        @property
        def halo_px(self) -> int:
            return half_patch(self.patch_px)

        def _network(self, n_bands: int, n_classes: int) -> nn.Module:
            return MyModule(n_bands, n_classes, self.patch_px, self.n_filters)

        def _check_settings(self) -> None:
            super()._check_settings()
            check_whole_number("n_filters", self.n_filters, 1)

The module takes (batch, bands, rows, cols) float32 and gives (batch, n_classes). A network that
sees one spectrum only has no ``patch_px`` and no ``halo_px``, and gets patches of one pixel. What
is trained otherwise overrides ``_recipe`` or ``_train``.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from hsidiff.about import Cost
from hsidiff.baselines.spectral import is_real_number
from hsidiff.contract import SceneClassifier
from hsidiff.errors import LARGEST_RANDOM_STATE, SettingError, check_whole_number
from hsidiff.labels.label_map import LabelMap
from hsidiff.networks.counting import cost_of
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import Recipe, pick_device, seeded
from hsidiff.training.patch_classifier import (
    fit_patch_classifier,
    predict_patches,
    settle_normalisation,
)
from hsidiff.training.weights import load_weights, weights
from hsidiff.windows.gather import gather_patches


@dataclass(repr=False, eq=False)
class NetworkBaseline(SceneClassifier):
    """Parent of the baselines with a neural network, which sees ``input_px`` squared.

    The defaults of training are those of the public miniGCN code for its CNNs.

    Attributes:
        n_epochs: passes over the training pixels.
        batch_size: training pixels per step, at least 2 for batch normalisation.
        learning_rate: step size of Adam.
        weight_decay: factor of the weights in the gradient of the L2 term; 0 is plain Adam.
        random_state: seed of initial weights, dropout and the order of training pixels.
        device: "auto" takes a CUDA device if there is one; or "cpu", "cuda", "mps".
        network_: the trained network, in evaluation mode.
        low_: (n_bands,) float32, minimum of each band over the training pixels.
        span_: (n_bands,) float32, maximum less minimum; 1 where that is 0.
    """

    n_epochs: int = 200
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    random_state: int = 0
    device: str = "auto"

    network_: nn.Module = field(init=False)
    low_: np.ndarray = field(init=False)
    span_: np.ndarray = field(init=False)

    @abstractmethod
    def _network(self, n_bands: int, n_classes: int) -> nn.Module:
        """Build the untrained network: (batch, n_bands, rows, cols) to (batch, n_classes)."""

    def _check_settings(self) -> None:
        """Refuse settings that are out of range; a subclass adds its own after ``super()``'s.

        Raises:
            SettingError: if one is.
        """
        check_whole_number("n_epochs", self.n_epochs, 1)
        check_whole_number("batch_size", self.batch_size, 2)
        check_whole_number("random_state", self.random_state, 0, LARGEST_RANDOM_STATE)
        if not (is_real_number(self.learning_rate) and self.learning_rate > 0):
            raise SettingError(f"learning_rate={self.learning_rate!r}: must be a number above 0")
        if not (is_real_number(self.weight_decay) and self.weight_decay >= 0):
            raise SettingError(f"weight_decay={self.weight_decay!r}: must be 0 or a number above")
        pick_device(self.device)

    def _recipe(self, n_steps: int) -> Recipe:
        """How to train for ``n_steps``. On one thread: these networks are small."""
        return Recipe(
            n_steps,
            self.learning_rate,
            weight_decay=self.weight_decay,
            optimizer="adam",
            n_threads=1,
        )

    @property
    def input_px(self) -> int:
        """Side of the square of pixels that the network is given."""
        return 2 * self.halo_px + 1

    @property
    def compute_device(self) -> str:
        """What ``device`` means on this machine."""
        return pick_device(self.device)

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of the network for the patch of a pixel."""
        self._check_settings()
        patch = (1, n_bands, self.input_px, self.input_px)
        return cost_of(
            lambda: self._network(n_bands, n_classes), lambda network: network(torch.empty(patch))
        )

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        self._check_settings()
        # 1. Gather the patches around the training pixels.
        side = self.input_px
        samples = gather_patches(scene, labels, side)
        # 2. Scale them by the training pixels themselves.
        spectra = samples.values[:, side // 2, side // 2]
        self.low_ = spectra.min(axis=0)
        span = spectra.max(axis=0) - self.low_
        self.span_ = np.where(span > 0, span, 1).astype(np.float32)
        # 3. Train.
        ids = np.array([land_class.id for land_class in self.classes_])
        classes = np.searchsorted(ids, samples.class_ids)
        with seeded(self.random_state):
            self.network_ = self._network(self.n_bands_, len(ids))
            self._train(self._scaled(samples.values), classes)

    def _train(self, patches: np.ndarray, classes: np.ndarray) -> None:
        """Train ``network_`` in place; initial weights and dropout are seeded around it.

        Args:
            patches: (n, rows, cols, n_bands) float32, scaled.
            classes: (n,) int, positions in ``classes_``.
        """
        n_steps = self.n_epochs * math.ceil(len(classes) / self.batch_size)
        fit_patch_classifier(
            self.network_,
            patches,
            classes,
            self._recipe(n_steps),
            self.batch_size,
            self.random_state,
            self.device,
        )
        settle_normalisation(self.network_, patches, self.batch_size, self.device)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        """Scale spectra (..., n_bands); invalid ones become 0 in all bands."""
        scaled = (values - self.low_) / self.span_
        return np.nan_to_num(scaled, copy=False, nan=0.0).astype(np.float32, copy=False)

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        return predict_patches(self.network_, self._scaled(cube), self.input_px, self.device)

    def _get_learned(self) -> Learned:
        arrays = {"low": self.low_, "span": self.span_}
        return Learned(arrays | weights("network.", self.network_), {})

    def _set_learned(self, learned: Learned) -> None:
        self.low_, self.span_ = learned.arrays["low"], learned.arrays["span"]
        with seeded(self.random_state):
            self.network_ = self._network(self.n_bands_, len(self.classes_))
        load_weights(self.network_, "network.", learned.arrays)


def half_patch(patch_px: int, smallest_px: int = 1) -> int:
    """How far a patch reaches around the pixel in its middle.

    Args:
        patch_px: side of the patch, odd.
        smallest_px: the smallest one that a network can see.

    Raises:
        SettingError: if it is smaller, or even.
    """
    check_whole_number("patch_px", patch_px, smallest_px)
    if patch_px % 2 == 0:
        raise SettingError(f"patch_px={patch_px}: must be odd, the pixel is its middle")
    return patch_px // 2
