"""Make the table of scores in README: six classifiers, block splits, 30 labels per class, 5 seeds.

    HSIDIFF_DATA=<folder of the real scenes> python experiments/scores.py

All classifiers of a cell get the same split, whose guard is the receptive field of SpectralDiff, as
far as the scene allows. Writes docs/scores.json after each cell and prints the table at the end;
cells that the file holds already are not run again.
"""

import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import hsidiff
from hsidiff.catalog import CLASSIFIERS
from hsidiff.errors import HsidiffWarning
from hsidiff.evaluation.results import versions
from hsidiff.files import write_json

RESULTS = Path(__file__).parent.parent / "docs" / "scores.json"
METHODS = ("spectraldiff", "svm", "lda", "pca-lda", "pca-mean", "position")
SEEDS = range(5)
SAMPLES_PER_CLASS = 30

Data = tuple[hsidiff.Scene, hsidiff.LabelMap]


def embedded() -> Data:
    """The generated scene that the package brings."""
    made = hsidiff.make_synthetic_scene()
    labels = hsidiff.LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
    return made.scene, labels


def real(scene_file: str, labels_file: str, field: str | None = None) -> Callable[[], Data]:
    """A scene of the folder that HSIDIFF_DATA names."""

    def read() -> Data:
        folder = Path(os.environ["HSIDIFF_DATA"])
        scene = hsidiff.open_scene(folder / scene_file)
        return scene, hsidiff.read_labels(folder / labels_file, scene, field=field)

    return read


SCENES: dict[str, Callable[[], Data]] = {
    "salinas-a": real("salinas-a/SalinasA_corrected.mat", "salinas-a/SalinasA_gt.mat"),
    "berlin-hymap": real(
        "berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq",
        "berlin-hymap/LandCov_Vec_Berlin_Urban_Gradient_2009.shp",
        field="Level_2",
    ),
    "enmap-potsdam": real(
        "enmap-potsdam/enmap_potsdam.tif", "enmap-potsdam/enmap_potsdam_labels.tif"
    ),
    "embedded": embedded,
}


def run_cell(scene: hsidiff.Scene, split: hsidiff.Split, method: str, seed: int) -> dict:
    """Fit, map and score one classifier."""
    began = time.perf_counter()
    model = CLASSIFIERS[method](random_state=seed).fit(scene, split.train)
    scores = hsidiff.score(model.predict(scene), split.test)
    return {
        "overall_accuracy": scores.overall_accuracy,
        "average_accuracy": scores.average_accuracy,
        "kappa": scores.kappa,
        "seconds": round(time.perf_counter() - began, 1),
        "n_train": split.train.n_labelled,
        "n_test": split.test.n_labelled,
        "split": {"sha256": split.sha256, **split.parameters},
    }


def main() -> None:
    """Run every cell that is missing, then print the table."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"cells": {}}
    machine = {"processor": platform.machine(), "threads": torch.get_num_threads()}
    made_with = {"machine": machine, "versions": versions()}
    if results["cells"] and any(results[key] != made_with[key] for key in made_with):
        sys.exit(f"{RESULTS} was made with other versions or threads: remove it to start anew")
    results |= made_with
    receptive_field_px = CLASSIFIERS["spectraldiff"]().receptive_field_px
    for scene_name, read in SCENES.items():
        scene, labels = read()
        for seed in SEEDS:
            split = hsidiff.block_split(
                labels,
                samples_per_class=SAMPLES_PER_CLASS,
                receptive_field_px=receptive_field_px,
                random_state=seed,
            )
            for method in METHODS:
                cell = f"{scene_name}/{method}/{seed}"
                if cell not in results["cells"]:
                    results["cells"][cell] = run_cell(scene, split, method, seed)
                    write_json(RESULTS, results)
                    print(cell, results["cells"][cell]["overall_accuracy"], file=sys.stderr)
    print_table(results["cells"])


def print_table(cells: dict[str, dict]) -> None:
    """Print overall accuracy, mean and deviation over the seeds in per cent, as Markdown."""
    print("| scene | " + " | ".join(METHODS) + " |")
    print("|---|" + "---:|" * len(METHODS))
    means = []
    for scene_name in SCENES:
        found = np.array(
            [
                [100 * cells[f"{scene_name}/{method}/{seed}"]["overall_accuracy"] for seed in SEEDS]
                for method in METHODS
            ]
        )
        means.append(found.mean(axis=1))
        texts = [f"{row.mean():.1f} ± {row.std(ddof=1):.1f}" for row in found]
        print(f"| {scene_name} | " + " | ".join(texts) + " |")
    texts = [f"{mean:.1f}" for mean in np.mean(means[:3], axis=0)]
    print("| mean of the three real scenes | " + " | ".join(texts) + " |")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        main()
