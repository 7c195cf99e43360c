"""Row (d): fit and predict of the linear head and of the paper's transformer."""

from dataclasses import replace
from typing import Any

from benchmarks.scene import embedded
from benchmarks.sizes import Sizes
from benchmarks.timing import Timing, interleaved, timed
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.linear_head import LinearHead
from hsidiff.kinds import FEATURES, widths_of, without_kinds
from hsidiff.labels.block_split import block_split
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods.spectraldiff import PROFILES, SpectralDiff
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import read_with_halo


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds to fit each head to the labels, and to classify the pixels of some rows.

    The linear head sees components, denoiser input and spectrum, as in the product; the transformer
    the components of 13 x 13 pixels. Its epochs cost the same: some are timed and multiplied.
    """
    scene, labels = embedded(sizes)
    labels = block_split(
        labels, samples_per_class=sizes.samples_per_class, guard_px=5, random_state=0
    ).train
    model = SpectralDiff(pretrain_steps=sizes.few_steps, head="linear", device="cpu").fit(
        scene, labels
    )
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
    head = LinearHead()
    found, samples = _timed(head, model, scene, labels, rows, sizes)
    return _row(found, found["fit"].fastest, rows, samples.values.shape[-1])


def _transformer(
    model: SpectralDiff, scene: Scene, labels: LabelMap, rows: Window, sizes: Sizes
) -> dict[str, Any]:
    paper = PROFILES["paper"].transformer
    head = replace(paper, n_epochs=sizes.head_epochs, device="cpu")
    found, samples = _timed(head, model, scene, labels, rows, sizes)
    fit_s = found["fit"].fastest / sizes.head_epochs * paper.n_epochs
    seen, _ = without_kinds(samples.kinds, head.leaves_out)
    assert list(seen) == [FEATURES]
    row = _row(found, fit_s, rows, sum(widths_of(seen)))
    timed_part = f"{sizes.head_epochs} of {paper.n_epochs} equal epochs"
    return {**row, "measured": timed_part, "patch_px": paper.patch_px}


def _timed(
    head: Head, model: SpectralDiff, scene: Scene, labels: LabelMap, rows: Window, sizes: Sizes
) -> tuple[dict[str, Timing], LabelledValues]:
    """Timings of a head's fit and of its probabilities, and what it was fitted to."""
    samples = model._gather(model.values_, head, scene, labels)
    head.fit(samples)
    seen = rows.grown(head.context_px)
    values = model.values_.of_window(read_with_halo(scene, seen, model.values_.halo_px), seen)
    runs = {
        "fit": timed(lambda: head.fit(samples)),
        "predict": timed(lambda: head.predict_proba(values, rows)),
    }
    return interleaved(runs, sizes.n_repeats), samples


def _row(found: dict[str, Timing], fit_s: float, rows: Window, n_values: int) -> dict[str, Any]:
    n_pixels = rows.n_rows * rows.n_cols
    return {
        "n_values": n_values,
        "fit_s": fit_s,
        "predict_s_per_pixel": found["predict"].fastest / n_pixels,
        "fit": found["fit"].to_json(),
        "predict": {**found["predict"].to_json(), "n_pixels": n_pixels},
    }
