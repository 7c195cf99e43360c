"""Does a denoiser that sees farther beat means over the same ground? On blocks and on whole fields.

    python experiments/wider_denoiser.py experiments/context.toml --scene indian-pines \
        -o docs/results/wider-denoiser.csv

SpectralDiff's ``fast`` denoiser sees 9 x 9 pixels; wider kernels make it see 17 or 25, and it
learns from larger crops, for longer. The control ``raw`` has box means in place of features; once
it has squares of the same 25 pixels, too. Everything else is the default: squares around the
features, experts, and how they are weighed. A scene is learned once, without labels and with
seed 0; the seeds draw splits and folds. Adds a row for each way, split and seed to the file.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scenes_and_rows import add_row, labelled_scene

from hsidiff.evaluation.metrics import score
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.weighed_head import WeighedHead
from hsidiff.labels.field_split import field_split
from hsidiff.labels.ground import held_out_units
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import block_split
from hsidiff.labels.split import Split
from hsidiff.methods.spectraldiff import FAST_VALUES
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.two_step import TwoStepClassifier
from hsidiff.values.spectra import Spectra
from hsidiff.values.surroundings import SCALES, Surroundings
from hsidiff.values.values import Values

SPLITS = {"blocks": block_split, "fields": field_split}
PER_CLASS, GUARD_PX = 30, 11


def seeing(side_px: int, crop_px: int, n_steps: int) -> Surroundings:
    """Values of a denoiser that sees squares of ``side_px``, with their usual surroundings."""
    kernel_px = (side_px - 1) // 4 + 1  # four convolutions widen the square: conv0, three blocks
    unet = replace(FAST_VALUES.unet, first_kernel=(1, kernel_px, kernel_px))
    if 2 * unet.halo_px(*FAST_VALUES.layers) + 1 != side_px:
        raise ValueError(f"no kernel sees {side_px} px")
    denoising = replace(FAST_VALUES.denoising.with_length(n_steps, None), crop_px=crop_px)
    return Surroundings(values=replace(FAST_VALUES, unet=unet, denoising=denoising))


def spectra(scales: tuple[int, ...]) -> Surroundings:
    """What the denoiser would see, and its means over squares."""
    return Surroundings(values=Spectra(denoising=FAST_VALUES.denoising), scales=scales)


WAYS: dict[str, Callable[[], Values]] = {
    "raw": lambda: spectra(SCALES),
    "raw, squares up to 25 px": lambda: spectra((*SCALES, 25)),
    "9 px, 400 steps": lambda: seeing(9, 16, 400),
    "9 px, 1600 steps": lambda: seeing(9, 16, 1600),
    "17 px, 1000 steps": lambda: seeing(17, 24, 1000),
    "25 px, 600 steps": lambda: seeing(25, 24, 600),
}


@dataclass(repr=False, eq=False)
class Given(TwoStepClassifier):
    """Values by name, and the default head. The values are learned once."""

    way: str = "raw"
    random_state: int = 0

    def _parts(self) -> tuple[Values, Head]:
        return WAYS[self.way](), WeighedHead()


def main() -> None:
    """Read the arguments, learn the scene, run the seeds, add the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="experiment whose scenes are taken")
    parser.add_argument("--scene", required=True)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    scene, labels = labelled_scene(given.file, given.scene)
    for way in given.ways:
        model = Given(way=way).fit(scene, some(labels))
        for kind, split_by in SPLITS.items():
            for seed in map(int, given.seeds.split(",")):
                split = split_by(
                    labels,
                    samples_per_class=PER_CLASS,
                    receptive_field_px=GUARD_PX,
                    random_state=seed,
                )
                scores = score(predicted(model, scene, split, seed), split.test)
                row = {"scene": given.scene, "split": kind, "way": way, "seed": seed}
                row["overall_accuracy"] = round(scores.overall_accuracy, 4)
                row["average_accuracy"] = round(scores.average_accuracy, 4)
                add_row(given.out, row)


def some(labels: LabelMap) -> LabelMap:
    """Two labels of each class: values do not depend on them, and a head of few is quick."""
    kept = np.zeros(labels.shape, dtype=bool)
    for class_id, count in labels.counts().items():
        rows, cols = np.nonzero(labels.values == class_id)
        kept[rows[[0, count // 2]], cols[[0, count // 2]]] = True
    return labels.keeping(kept)


def predicted(model: Given, scene: Scene, split: Split, seed: int) -> np.ndarray:
    """Class ids (rows, cols) at the test pixels, by a head that learned the training labels."""
    train, test = (model.values_at(scene, side) for side in (split.train, split.test))
    ids, classes = np.unique(train.class_ids, return_inverse=True)
    head = WeighedHead()
    head.configure(seed, "cpu")
    head.fit(
        LabelledValues(
            train.values[:, None, None],
            classes,
            train.rows,
            train.cols,
            held_out_units(split.train, train.rows, train.cols),
            model.values_.kinds(model.n_bands_),
            len(ids),
        )
    )
    class_map = np.zeros(scene.shape, dtype=np.int32)
    found = head.predict_proba(test.values, Window(0, 0, 1, 1)).argmax(axis=-1)
    class_map[test.rows, test.cols] = ids[found]
    return class_map


if __name__ == "__main__":
    main()
