"""Row (d): fit and predict of the linear head and of the paper's transformer."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from benchmarks.scene import embedded
from benchmarks.sizes import Sizes
from benchmarks.timing import Timing, interleaved, timed
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import block_split
from hsidiff.methods.spectraldiff import PROFILES, SpectralDiff
from hsidiff.networks.pixel_transformer import PixelTransformer
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.training.held_out import spatial_groups
from hsidiff.training.linear_head import LinearHead, fit_linear_head
from hsidiff.training.patch_classifier import fit_patch_classifier, predict_patches
from hsidiff.windows.gather import gather_patches


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds to fit each head to the labels, and to classify the pixels of some rows.

    The linear head sees components, denoiser input and spectrum, as in the product; the transformer
    the components of 13 x 13 pixels. Its epochs cost the same: some are timed and multiplied.
    """
    scene, labels = embedded(sizes)
    labels = block_split(
        labels, samples_per_class=sizes.samples_per_class, guard_px=5, random_state=0
    ).train
    model = SpectralDiff(pretrain_steps=sizes.few_steps, device="cpu").fit(scene, labels)
    rows = Window(0, 0, sizes.predicted_rows, scene.shape[1])
    return {
        "n_train": labels.n_labelled,
        "n_classes": len(model.classes_),
        "linear": _linear(model, scene, labels, rows, sizes),
        "transformer": _transformer(model, scene, labels, rows, sizes),
    }


def _linear(
    model: SpectralDiff, scene: Scene, labels: LabelMap, rows: Window, sizes: Sizes
) -> dict[str, Any]:
    samples = gather_patches(scene, labels, 1, partial(model._read_values, scene))
    values, classes = samples.values[:, 0, 0], model._class_positions(samples)
    groups = spatial_groups(samples.rows, samples.cols)

    def fit() -> LinearHead:
        return fit_linear_head(values, classes, groups, model._parts(), 0)

    head, seen = fit(), model._read_values(scene, rows, 0)
    runs = {"fit": timed(fit), "predict": timed(lambda: head.predict_proba(seen))}
    found = interleaved(runs, sizes.n_repeats)
    return _row(found, found["fit"].fastest, rows, values.shape[-1])


def _transformer(
    model: SpectralDiff, scene: Scene, labels: LabelMap, rows: Window, sizes: Sizes
) -> dict[str, Any]:
    profile = PROFILES["paper"]
    patch_px, batch_size = profile.head_patch_px, profile.head_batch_size
    components = model._parts()["features"]
    samples = gather_patches(scene, labels, patch_px, partial(model._read_values, scene))
    patches = np.ascontiguousarray(samples.values[..., components])
    classes = model._class_positions(samples)
    steps_per_epoch = -(-len(classes) // batch_size)
    recipe = replace(profile.head_recipe, n_steps=sizes.head_epochs * steps_per_epoch)
    torch.manual_seed(0)
    n_components = patches.shape[-1]
    network = PixelTransformer(profile.transformer, patch_px, n_components, int(classes.max()) + 1)

    def fit() -> None:
        fit_patch_classifier(network, patches, classes, recipe, batch_size, 0, "cpu")

    fit()
    seen = np.ascontiguousarray(model._read_values(scene, rows, patch_px // 2)[..., components])
    predict = timed(lambda: predict_patches(network, seen, patch_px, "cpu"))
    found = interleaved({"fit": timed(fit), "predict": predict}, sizes.n_repeats)
    fit_s = found["fit"].fastest / sizes.head_epochs * profile.head_epochs
    row = _row(found, fit_s, rows, n_components)
    timed_part = f"{sizes.head_epochs} of {profile.head_epochs} equal epochs"
    return {**row, "measured": timed_part, "patch_px": patch_px}


def _row(found: dict[str, Timing], fit_s: float, rows: Window, n_values: int) -> dict[str, Any]:
    n_pixels = rows.n_rows * rows.n_cols
    return {
        "n_values": n_values,
        "fit_s": fit_s,
        "predict_s_per_pixel": found["predict"].fastest / n_pixels,
        "fit": found["fit"].to_json(),
        "predict": {**found["predict"].to_json(), "n_pixels": n_pixels},
    }
