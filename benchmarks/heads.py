"""Row (d): fit and predict of the linear head and of the paper's transformer."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from benchmarks.scene import embedded
from benchmarks.sizes import Sizes
from benchmarks.timing import Timing, interleaved, timed
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.splits import block_split
from hsidiff.methods.spectraldiff import PROFILES, SpectralDiff
from hsidiff.networks.pixel_transformer import PixelTransformer
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.held_out import spatial_groups
from hsidiff.training.linear_head import LinearHead, fit_linear_head, side_by_side
from hsidiff.training.patch_classifier import fit_patch_classifier, predict_patches
from hsidiff.windows.gather import Samples, gather_patches
from hsidiff.windows.tiles import read_with_halo

PRETRAIN_STEPS = 20
"""The head's time does not depend on how well the scene was learned."""


@dataclass(frozen=True)
class FittedFeatures:
    """The features of a fitted ``fast`` SpectralDiff, which both heads see.

    Attributes:
        model: the fitted classifier.
        scene: its scene.
    """

    model: SpectralDiff
    scene: Scene

    def read(self, window: Window, margin: int) -> np.ndarray:
        """Components, denoiser input and spectrum of a window with a margin."""
        features, wanted = self.model.features_, window.grown(margin)
        cube = read_with_halo(self.scene, wanted, features.halo_px)
        return features.projected(cube, wanted, self.model.projections_, with_spectra=True)

    @property
    def parts(self) -> dict[str, slice]:
        """Which values are of one kind, as the linear head sees them."""
        return side_by_side(
            {
                "features": sum(p.n_components for p in self.model.projections_),
                "denoiser input": self.model.features_.transform.n_outputs,
                "spectrum": self.scene.n_bands,
            }
        )


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds to fit each head to the labels, and to classify the pixels of some rows.

    The linear head sees components, denoiser input and spectrum, as in the product; the transformer
    the components of 13 x 13 pixels. Its epochs cost the same: some are timed and multiplied.
    """
    scene, labels = embedded(sizes)
    labels = block_split(
        labels, samples_per_class=sizes.samples_per_class, guard_px=5, random_state=0
    ).train
    model = SpectralDiff(pretrain_steps=sizes.pretrain_steps or PRETRAIN_STEPS, device="cpu")
    known = FittedFeatures(model.fit(scene, labels), scene)
    rows = Window(0, 0, sizes.predicted_rows, scene.shape[1])
    return {
        "n_train": labels.n_labelled,
        "n_classes": len(model.classes_),
        "linear": _linear(known, labels, rows, sizes),
        "transformer": _transformer(known, labels, rows, sizes),
    }


def _linear(known: FittedFeatures, labels: LabelMap, rows: Window, sizes: Sizes) -> dict[str, Any]:
    samples = gather_patches(known.scene, labels, 1, known.read)
    values, classes = samples.values[:, 0, 0], _positions(samples)
    groups = spatial_groups(samples.rows, samples.cols)

    def fit() -> LinearHead:
        return fit_linear_head(values, classes, groups, known.parts, 0)

    head, seen = fit(), known.read(rows, 0)
    runs = {"fit": timed(fit), "predict": timed(lambda: head.predict_proba(seen))}
    found = interleaved(runs, sizes.n_repeats)
    return _row(found, found["fit"].fastest, rows, values.shape[-1])


def _transformer(
    known: FittedFeatures, labels: LabelMap, rows: Window, sizes: Sizes
) -> dict[str, Any]:
    profile = PROFILES["paper"]
    patch_px, batch_size = profile.head_patch_px, profile.head_batch_size
    components = known.parts["features"]
    samples = gather_patches(known.scene, labels, patch_px, known.read)
    patches = np.ascontiguousarray(samples.values[..., components])
    classes = _positions(samples)
    steps_per_epoch = -(-len(classes) // batch_size)
    recipe = replace(profile.head_recipe, n_steps=sizes.head_epochs * steps_per_epoch)
    torch.manual_seed(0)
    n_components = patches.shape[-1]
    network = PixelTransformer(profile.transformer, patch_px, n_components, int(classes.max()) + 1)

    def fit() -> None:
        fit_patch_classifier(network, patches, classes, recipe, batch_size, 0, "cpu")

    fit()
    seen = np.ascontiguousarray(known.read(rows, patch_px // 2)[..., components])
    predict = timed(lambda: predict_patches(network, seen, patch_px, "cpu"))
    found = interleaved({"fit": timed(fit), "predict": predict}, sizes.n_repeats)
    fit_s = found["fit"].fastest / sizes.head_epochs * profile.head_epochs
    row = _row(found, fit_s, rows, n_components)
    timed_part = f"{sizes.head_epochs} of {profile.head_epochs} equal epochs"
    return {**row, "measured": timed_part, "patch_px": patch_px}


def _positions(samples: Samples) -> np.ndarray:
    """Positions (n,) of the samples' classes among those that occur."""
    positions: np.ndarray = np.unique(samples.class_ids, return_inverse=True)[1]
    return positions


def _row(found: dict[str, Timing], fit_s: float, rows: Window, n_values: int) -> dict[str, Any]:
    n_pixels = rows.n_rows * rows.n_cols
    return {
        "n_values": n_values,
        "fit_s": fit_s,
        "predict_s_per_pixel": found["predict"].fastest / n_pixels,
        "fit": found["fit"].to_json(),
        "predict": {**found["predict"].to_json(), "n_pixels": n_pixels},
    }
