"""Values and a head make a classifier: what is known of a pixel, then to which class it belongs."""

from abc import abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

import numpy as np
from scipy import ndimage

from hsidiff.about import Cost
from hsidiff.amounts import count
from hsidiff.contract import SceneClassifier
from hsidiff.errors import (
    LARGEST_RANDOM_STATE,
    ModelError,
    SceneError,
    SettingError,
    check_choice,
    check_whole_number,
)
from hsidiff.heads.chosen_head import heads_with
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.patch_head import PatchHead
from hsidiff.kinds import widths_of
from hsidiff.labels.fold_by_fold import Predict, predict_fold_by_fold
from hsidiff.labels.ground import held_out_units
from hsidiff.labels.label_map import LabelMap
from hsidiff.saved_model import Learned
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device
from hsidiff.training.ranks import end_others
from hsidiff.values.surroundings import Surroundings
from hsidiff.values.unet_values import UNetValues
from hsidiff.values.values import Values
from hsidiff.windows.gather import Samples, gather_patches
from hsidiff.windows.tiles import read_with_halo, sampled_tile_windows
from hsidiff.windows.training_labels import seen_region

VALUES, HEAD = "values.", "head."
"""How the names of the arrays of each part begin in a saved model."""
OF_VALUES = ("pretrain_steps", "budget", "timesteps", "layers", "extraction", "n_components")
"""What a method with a U-Net may let its user set of the values."""
SHARES_TILE_PX = 16
MAX_SHARES_TILES = 32
"""Classes' shares are estimated from at most these small tiles, all over the scene."""
SHOWN_TIMESTEPS = (400, 200, 100, 80, 50, 10, 5, 0)
"""Those at which SpectralDiff's Figs. 9 to 11 show a scene on its way back from noise."""


@dataclass(frozen=True)
class Profile:
    """What a profile of a method with a U-Net and a transformer fixes; nothing is learned yet.

    Attributes:
        values: what is known of a pixel.
        transformer: the paper's head.
        head: which head is taken if nothing is said, "transformer", "linear", "chosen" or
            "weighed".
    """

    values: UNetValues
    transformer: PatchHead
    head: str

    def new_values(
        self, pretrain_steps: int | None = None, budget: str | None = None, **settings: Any
    ) -> UNetValues:
        """The values, whose denoiser learns for so long; settings that are None are left.

        Raises:
            SettingError: if the length is out of range, or given twice.
        """
        denoising = self.values.denoising.with_length(pretrain_steps, budget)
        return replace(self.values, denoising=denoising, **given(**settings))

    def parts(self, values: Values, head: str | None, n_epochs: int | None) -> tuple[Values, Head]:
        """Values and the head of a name, or the profile's own.

        Args:
            values: what is known of a pixel; a head that weighs sees its surroundings as well.
            head: what the setting ``head`` says.
            n_epochs: passes of the transformer over the labels; None leaves them.

        Raises:
            SettingError: if there is no such head, or the number of passes is out of range.
        """
        heads = heads_with(deepcopy(self.transformer).with_epochs(n_epochs))
        chosen = heads[check_choice("head", self.head if head is None else head, heads)]
        return (Surroundings(values=values) if chosen.weighs_context else values), chosen

    def parts_of(self, method: SceneClassifier, **fixed: Any) -> tuple[Values, Head]:
        """Values and head, with a method's own settings in their places; None leaves the profile's.

        Args:
            method: of its settings those count that are named in :data:`OF_VALUES`, ``head`` and
                ``head_epochs``; it may lack some.
            **fixed: settings of the values in place of the method's.

        Raises:
            SettingError: as :meth:`new_values` and :meth:`parts` do.
        """
        own = method.get_params(deep=False)
        values = self.new_values(**{name: own.get(name) for name in OF_VALUES} | fixed)
        return self.parts(values, own.get("head"), own.get("head_epochs"))


def given(**settings: Any) -> dict[str, Any]:
    """The settings that are not None."""
    return {name: value for name, value in settings.items() if value is not None}


@dataclass(repr=False, eq=False)
class TwoStepClassifier(SceneClassifier):
    """A classifier that holds :class:`Values` and a :class:`Head`.

    A subclass is a dataclass of settings that gives :meth:`_parts`; all else is here.

    Attributes:
        random_state: everything random follows from it.
        pretrain_on: what is learned without labels is learned from all pixels of the scene
            ("scene", as in the papers: transductive) or from the training blocks of a block split
            only ("train_blocks").
        class_shares: classes are taken for as common as they are in the labels ("labels") or seem
            to be in the scene ("scene", see :mod:`hsidiff.heads.class_shares`).
        device: "auto" takes a CUDA device if there is one; or "cpu", "cuda", "mps".
        values_: what was learned of the scene.
        head_: what was learned from the labels.
    """

    random_state: int = 0
    pretrain_on: str = "scene"
    class_shares: str = "labels"
    device: str = "auto"

    values_: Values = field(init=False)
    head_: Head = field(init=False)

    @abstractmethod
    def _parts(self) -> tuple[Values, Head]:
        """Build both parts from the settings; nothing is learned yet.

        Raises:
            SettingError: if a setting names nothing that can be built.
        """

    def _checked_parts(self) -> tuple[Values, Head]:
        """Both parts, learned ones if there are any, or new ones.

        Raises:
            SettingError: if a setting is unknown or out of range.
        """
        return (self.values_, self.head_) if hasattr(self, "head_") else self._new_parts()

    def _new_parts(self) -> tuple[Values, Head]:
        """Both parts after a look at all settings; nothing is learned yet.

        Raises:
            SettingError: if a setting is unknown or out of range.
        """
        check_whole_number("random_state", self.random_state, 0, LARGEST_RANDOM_STATE)
        check_choice("class_shares", self.class_shares, ("labels", "scene"))
        values, head = self._parts()
        for part in (values, head):
            part.configure(int(self.random_state), self.device)
            part.check()
        return values, head

    @property
    def halo_px(self) -> int:
        """The context of the values, and that of the head."""
        values, head = self._checked_parts()
        return values.halo_px + head.context_px

    @property
    def transductive(self) -> bool:
        """Whether pixels beyond the training blocks were learned from, without labels."""
        learns = self._checked_parts()[0].learns_scene
        return learns and self.pretrain_on == "scene"

    @property
    def compute_device(self) -> str:
        """What ``device`` means on this machine; the CPU where no part needs another."""
        parts = self._checked_parts()
        return pick_device(self.device) if any(part.uses_device for part in parts) else "cpu"

    @property
    def small_tiles(self) -> bool:
        """Whether the values of a tile are little work."""
        return self._checked_parts()[0].light

    def cost(self, n_bands: int, n_classes: int) -> Cost:
        """That of values and head."""
        values, head = self._checked_parts()
        return values.cost(n_bands) + head.cost(values.kinds(n_bands), n_classes)

    def set_params(self, **settings: Any) -> Self:
        """Change settings. What was learned with others is forgotten, unless only ``device`` is."""
        super().set_params(**settings)
        if hasattr(self, "head_"):  # fitted on another machine, perhaps
            self.values_.configure(int(self.random_state), self.device)
            self.head_.configure(int(self.random_state), self.device)
        return self

    def _fit(self, scene: Scene, labels: LabelMap) -> None:
        values, head = self._new_parts()
        pick_device(self.device)
        region = seen_region(self.pretrain_on, labels)

        # 1. Learn the scene, and what the labels decide about it.
        values.learn(scene, region)
        end_others()
        values.adapt(scene, labels, region)
        # 2. Gather values at the labelled pixels.
        samples = self._gather(values, head, scene, labels)
        # 3. Fit the head, then the classes' shares.
        head.fit(samples)
        if self.class_shares == "scene" and head.takes_shares:
            shares = np.bincount(samples.classes) / len(samples)
            probabilities = self._without_labels(values, head, scene, region)
            if len(probabilities):  # few valid pixels, or small blocks: no tile may hold one
                head.weigh_classes(probabilities, shares)
        self.values_, self.head_ = values, head

    def _gather(self, values: Values, head: Head, scene: Scene, labels: LabelMap) -> LabelledValues:
        """Values at the labelled pixels, with as much around them as the head sees."""
        samples = gather_patches(
            scene,
            labels,
            2 * head.context_px + 1,
            partial(_read_values, values, scene),
            values.tile_px,
        )
        kinds, name = values.kinds(self.n_bands_), type(values).__name__
        n_values, n_named = samples.values.shape[-1], sum(widths_of(kinds))
        if n_values != n_named:
            raise SettingError(
                f"{name} gives {n_values} values of a pixel, its kinds name {n_named}: mend kinds"
            )
        if len(samples) < labels.n_labelled:
            raise SceneError(
                f"{name} has no number at {labels.n_labelled - len(samples)} of "
                f"{count(labels.n_labelled)} labelled pixels: of a valid pixel all "
                "values must be finite"
            )
        ids = np.array([land_class.id for land_class in self.classes_])
        return LabelledValues(
            samples.values,
            np.searchsorted(ids, samples.class_ids),
            samples.rows,
            samples.cols,
            held_out_units(labels, samples.rows, samples.cols),
            kinds,
            len(ids),
            values.learned_from(samples.rows, samples.cols),
        )

    def values_at(self, scene: Scene, labels: LabelMap) -> Samples:
        """As of every classifier: values of the pixel, as the head sees them."""
        read = partial(_read_values, self.values_, scene)
        samples = gather_patches(scene, labels, 1, read, self.values_.tile_px)
        return replace(samples, values=samples.values[:, 0, 0])

    @property
    def n_held_out_folds(self) -> int:
        """Ten, or one where the head is a network."""
        return 10 if self.head_.refits_quickly else 1

    def held_out_proba(self, scene: Scene, labels: LabelMap, fold: np.ndarray) -> np.ndarray:
        """As of every classifier; the values stay, and heads are fitted anew."""
        samples = self._gather(self.values_, self.head_, scene, labels)
        fold_of_sample = np.empty(len(fold), dtype=int)
        order = np.lexsort((samples.cols, samples.rows))
        fold_of_sample[order] = fold
        places = zip(samples.rows.tolist(), samples.cols.tolist(), strict=True)
        pixels = [Window(row, col, 1, 1) for row, col in places]

        def fit(inside: np.ndarray) -> tuple[np.ndarray, Predict]:
            part, known = samples.part(inside)
            predict = self.head_.refitted(part).predict_proba
            return known, lambda chosen: np.stack(
                [predict(samples.values[i], pixels[i])[0, 0] for i in chosen]
            )

        return predict_fold_by_fold(fold_of_sample, samples.n_classes, fit)[order]

    def _without_labels(
        self, values: Values, head: Head, scene: Scene, region: np.ndarray | None
    ) -> np.ndarray:
        """Probabilities (n, n_classes) at pixels drawn from the scene.

        Of a region only pixels are drawn whose context lies in it, too.
        """
        if region is not None:
            side = 2 * (values.halo_px + head.context_px) + 1
            region = ndimage.minimum_filter(region, side, mode="nearest")
        probabilities = [np.empty((0, len(self.classes_)))]
        for window in sampled_tile_windows(
            scene.shape, SHARES_TILE_PX, MAX_SHARES_TILES, self.random_state, region
        ):
            used = np.isfinite(scene.read(window)).all(axis=-1)
            if region is not None:
                used &= region[window.slices]
            tile = _read_values(values, scene, window, head.context_px)
            probabilities.append(head.predict_proba(tile, window)[used])
        return np.concatenate(probabilities)

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        seen = window.grown(self.head_.context_px)
        return self.head_.predict_proba(self.values_.of_window(cube, seen), window)

    def reconstruct(
        self,
        scene: Scene,
        window: Window | None = None,
        start: int = SHOWN_TIMESTEPS[0],
        keep: tuple[int, ...] = SHOWN_TIMESTEPS,
    ) -> Mapping[int, np.ndarray]:
        """Add noise to a scene and remove it step by step (SpectralDiff, Figs. 9 to 11).

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
            SettingError: if a timestep is out of range, or there is no denoiser of whole windows.
        """
        scene = self.check_scene(scene)
        return self.values_.reconstruct(scene, window or Window.whole(scene.shape), start, keep)

    def _get_learned(self) -> Learned:
        values, head = self.values_.learned(), self.head_.learned()
        if shared := values.facts.keys() & head.facts.keys():
            raise ModelError(
                f"values and head both keep a fact {', '.join(sorted(shared))!r}: rename one"
            )
        arrays = {VALUES + name: array for name, array in values.arrays.items()}
        arrays |= {HEAD + name: array for name, array in head.arrays.items()}
        return Learned(arrays, values.facts | head.facts)

    def _set_learned(self, learned: Learned) -> None:
        values, head = self._checked_parts()
        values.restore(_part(VALUES, learned))
        head.restore(_part(HEAD, learned), values.kinds(self.n_bands_), len(self.classes_))
        self.values_, self.head_ = values, head


def _part(prefix: str, learned: Learned) -> Learned:
    """What was stored of one part; the facts are those of both."""
    arrays = learned.arrays.items()
    own = {name.removeprefix(prefix): array for name, array in arrays if name.startswith(prefix)}
    return Learned(own, learned.facts)


def _read_values(values: Values, scene: Scene, window: Window, margin_px: int) -> np.ndarray:
    """Values of a window and ``margin_px`` pixels around it."""
    window = window.grown(margin_px)
    return values.of_window(read_with_halo(scene, window, values.halo_px), window)
