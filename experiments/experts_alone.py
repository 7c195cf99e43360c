"""Whether the head that weighs falls behind one of its own experts alone.

    python experiments/experts_alone.py experiments/context.toml --scene berlin-hymap --method raw \
        --split "fields, 30 per class" --seeds 0,1,2,3,4 -o docs/results/experts-alone.csv

Adds a row for the head and for each of its experts, fitted to the same training labels with the
setting that held-out training labels gave it. Which expert is best the test labels say, so a head
cannot know it.
"""

import argparse
import warnings
from copy import copy
from pathlib import Path

import numpy as np
from scenes_and_rows import add_row, labelled_scene

from hsidiff.catalog import find_classifier
from hsidiff.errors import HsidiffWarning
from hsidiff.experiment.description import read_experiment
from hsidiff.heads.weighed_head import WeighedHead
from hsidiff.scenes.window import Window
from hsidiff.two_step import TwoStepClassifier


def main() -> None:
    """Read the arguments, run the seeds, add the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="experiment whose scenes and splits are taken")
    parser.add_argument("--scene", required=True)
    parser.add_argument("--split", default="blocks, 30 per class")
    parser.add_argument("--method", default="raw", help="one whose head weighs experts")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    scene, labels = labelled_scene(given.file, given.scene)
    recipes = read_experiment(given.file, find_classifier).splits
    recipe = next(recipe for recipe in recipes if recipe.name == given.split)
    for seed in map(int, given.seeds.split(",")):
        split = recipe.make(labels, None, receptive_field_px=11, seed=seed)
        model = find_classifier(given.method)(random_state=seed).fit(scene, split.train)
        assert isinstance(model, TwoStepClassifier)
        assert isinstance(model.head_, WeighedHead)
        learned = model._gather(model.values_, model.head_, scene, split.train)
        tested = model.values_at(scene, split.test)
        ids = np.array([land_class.id for land_class in model.classes_])
        names = {"scene": given.scene, "split": given.split, "method": given.method, "seed": seed}
        for expert in (None, *model.head_.losses_):
            head = model.head_
            if expert is not None:
                head = copy(model.head_)
                head.shares_ = {expert: 1.0}
                head = head.refitted(learned)
            probabilities = head.predict_proba(tested.values, Window(0, 0, 1, len(tested.values)))
            is_right = ids[probabilities.argmax(axis=-1)] == tested.class_ids
            of_classes = [is_right[tested.class_ids == i].mean() for i in set(tested.class_ids)]
            row = {
                "predicted_by": expert or "the head",
                "share": 1.0 if expert is None else model.head_.shares_.get(expert, 0.0),
                "held_out_log_loss": model.head_.held_out_log_loss_
                if expert is None
                else model.head_.losses_[expert],
                "overall_accuracy": is_right.mean(),
                "average_accuracy": np.mean(of_classes),
            }
            rounded = {n: round(float(v), 4) for n, v in row.items() if n != "predicted_by"}
            add_row(given.out, names | row | rounded)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        main()
