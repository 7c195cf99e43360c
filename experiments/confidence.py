"""Whether confidence, prediction sets and "none of these" keep what they say, on test blocks.

    python experiments/confidence.py experiments/context.toml --scene berlin-hymap --method raw \
        --seeds 0,1,2,3,4 -o docs/results/confidence.csv

Adds a row for each seed to the file. ``--way map`` calibrates as ``hsidiff map`` does, and not as
``hsidiff.Calibrated`` by itself. With
``--without CLASS`` the labels of a class are removed before the fit, and a row says how much of it
is found to be none of the others.
"""

import argparse
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scenes_and_rows import add_row
from sklearn.base import clone

from hsidiff.calibrated import Calibrated
from hsidiff.catalog import find_classifier
from hsidiff.cli.input_options import LabelOptions
from hsidiff.cli.inputs import Inputs
from hsidiff.cli.split_options import SplitOptions
from hsidiff.cli.validation import ValidationOptions
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning
from hsidiff.evaluation.reliability import Reliability
from hsidiff.evaluation.results import Stopwatch
from hsidiff.evaluation.scored_map import near_unit, score_and_fit
from hsidiff.experiment.description import read_experiment
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene

COVERAGES, FALSE_ALARMS = (0.8, 0.9, 0.95), (0.01, 0.05)
Row = dict[str, Any]


def main() -> None:
    """Read the arguments, run the seeds, add the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="experiment whose scenes and splits are taken")
    parser.add_argument("--scene", required=True)
    parser.add_argument("--split", default="blocks, 30 per class")
    parser.add_argument("--method", default="spectraldiff")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--way", choices=("own", "map"), default="own", help="what calibrates")
    parser.add_argument("--without", help="a class whose labels are removed")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    rows = of_removed_class(given) if given.without else of_confidence(given)
    for row in rows:
        add_row(given.out, row)


def splits_of(given: argparse.Namespace) -> Iterator[tuple[Scene, Split, Row]]:
    """The scene, the split of each seed, and the first columns of its row."""
    experiment = read_experiment(given.file, find_classifier)
    source = next(s for s in experiment.scenes if s.name == given.scene).verified()
    recipe = next(s for s in experiment.splits if s.name == given.split)
    scene = source.open()
    labels, test_labels = source.read_labels(scene)
    for seed in map(int, given.seeds.split(",")):
        split = recipe.make(labels, test_labels, receptive_field_px=11, seed=seed)
        names = {"scene": given.scene, "split": given.split, "seed": seed}
        yield scene, split, names


def of_confidence(given: argparse.Namespace) -> Iterator[Row]:
    """Accuracy, confidence and its error before and after, and how often sets hold the truth."""
    for scene, split, names in splits_of(given):
        method = find_classifier(given.method)(random_state=names["seed"])
        began = time.perf_counter()
        fit = Calibrated(method).fit if given.way == "own" else partial(mapped, method)
        model = fit(scene, split.train)
        seconds = time.perf_counter() - began
        after, truth = tested(model, scene, split)
        before = model.before(after)
        is_right = after.argmax(axis=1) == truth
        row = {"method": given.method, "way": given.way, **names}
        row |= {"n_train": split.train.n_labelled}
        row |= {"n_test": len(truth), "overall_accuracy": is_right.mean()}
        row |= {"temperature": model.temperature_, "n_held_out": len(model.by_groups_)}
        for name, probabilities in (("before", before), ("after", after)):
            confidence = probabilities.max(axis=1)
            error = Reliability.of(confidence, is_right).expected_calibration_error
            row |= {f"confidence_{name}": confidence.mean(), f"error_{name}": error}
        known = truth >= 0
        for sampling in ("groups", "random") if given.way == "own" else ("groups",):
            for asked in COVERAGES:
                sets = model.prediction_sets(after, asked, sampling)
                covered = sets[known, truth[known]].sum() / len(truth)
                row |= {f"coverage_{asked}_{sampling}": covered}
                row |= {f"set_size_{asked}_{sampling}": sets.sum(axis=1).mean()}
        yield rounded({**row, "seconds_fit": seconds})


def mapped(method: SceneClassifier, scene: Scene, labels: LabelMap) -> Calibrated:
    """The calibrated classifier of a map that has no options but the method's."""
    inputs = Inputs(Path(scene.name), [], scene, labels, LabelOptions())
    seed = method.get_params()["random_state"]
    plan = ValidationOptions().plan(inputs, SplitOptions(), method.receptive_field_px, seed)
    fitted = clone(method).fit(scene, plan.all_labels())
    if fitted.n_held_out_folds > 1:  # the score takes long, and calibrates nothing
        unit = near_unit(plan.learned)
        return Calibrated.around(fitted, scene, plan.all_labels(), unit=unit)
    model, _ = score_and_fit(method, scene, plan, Stopwatch())
    assert isinstance(model, Calibrated)
    return model


def tested(model: Calibrated, scene: Scene, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the test pixels, and positions of their classes, -1 for one not learned."""
    is_test = split.test.values > 0
    ids = np.array([land_class.id for land_class in model.classes_])
    truth = split.test.values[is_test]
    position = np.searchsorted(ids, truth).clip(max=len(ids) - 1)
    return model.predict_proba(scene)[is_test], np.where(ids[position] == truth, position, -1)


def of_removed_class(given: argparse.Namespace) -> Iterator[Row]:
    """Share of a removed class, and of the others, that is farther than all but a few labels."""
    for scene, split, names in splits_of(given):
        ids = {land_class.name: land_class.id for land_class in split.train.classes}
        removed = ids[given.without]
        train = split.train.keeping(split.train.values != removed, split.train.region)
        model = Calibrated(find_classifier(given.method)(random_state=names["seed"]))
        model.fit(scene, train)
        is_test = split.test.values > 0
        distances = model.familiar_.distances(scene.read()[is_test])
        is_removed = split.test.values[is_test] == removed
        row = {"method": given.method, **names, "removed": given.without}
        row |= {"n_removed": is_removed.sum(), "n_others": (~is_removed).sum()}
        for share in FALSE_ALARMS:
            is_far = distances > model.farthest(share)
            row |= {f"removed_found_{share}": is_far[is_removed].mean()}
            row |= {f"others_lost_{share}": is_far[~is_removed].mean()}
        yield rounded(row)


def rounded(row: Row) -> Row:
    """Numbers with four digits after the point."""
    is_fraction = {k for k, v in row.items() if isinstance(v, float | np.floating)}
    return {k: round(float(v), 4) if k in is_fraction else v for k, v in row.items()}


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        main()
