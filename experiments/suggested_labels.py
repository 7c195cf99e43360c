"""What suggested labels are worth: accuracy over the number of labels, against labels by chance.

    python experiments/suggested_labels.py experiments/context.toml --scene berlin-hymap \
        -o docs/results/suggested-labels.csv

Labels are drawn from the training blocks alone, the test blocks score. All ways begin with the same
few labels of each class, drawn by chance; then each takes some more, and fits again. Values are
learned once, without labels. Adds a row for each seed, way and number of labels to the file.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scenes_and_rows import add_row, labelled_scene

from hsidiff.catalog import find_classifier
from hsidiff.evaluation.metrics import score
from hsidiff.heads.head import LabelledValues
from hsidiff.heads.linear_head import LinearHead
from hsidiff.labels.ground import blocks_at
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import block_split
from hsidiff.labels.split import Split
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.suggestion.choose import choose_pixels, margins_of
from hsidiff.suggestion.pool import Pool
from hsidiff.suggestion.suggest import APART_PX, LEAST_POOL
from hsidiff.two_step import TwoStepClassifier
from hsidiff.windows.gather import Samples

PER_CLASS, STEP, N_STEPS = 3, 20, 8
WAYS = ("chance", "margin", "suggest")


def main() -> None:
    """Read the arguments, run the seeds, add the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="experiment whose scenes are taken")
    parser.add_argument("--scene", required=True)
    parser.add_argument("--method", default="spectraldiff", help="learns the values")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    scene, labels = labelled_scene(given.file, given.scene)
    for seed in map(int, given.seeds.split(",")):
        split = block_split(labels, receptive_field_px=11, random_state=seed)
        for way, n_labels, scores in runs(scene, split, given.method, seed):
            row = {"method": given.method, "scene": given.scene, "seed": seed, "way": way}
            row |= {"n_labels": n_labels, "overall_accuracy": scores[0]}
            add_row(given.out, row | {"average_accuracy": scores[1]})


@dataclass(frozen=True)
class Known:
    """Values and labels of all pixels of a split.

    Attributes:
        samples: training and test pixels.
        classes: (n,) int, positions of their classes.
        is_train: (n,) bool.
        model: what learned the values.
    """

    samples: Samples
    classes: np.ndarray
    is_train: np.ndarray
    model: TwoStepClassifier

    def probabilities(self, chosen: np.ndarray, seed: int) -> np.ndarray:
        """Of all pixels (n, n_classes), by a head that was fitted to those chosen."""
        samples, n_classes = self.samples, self.classes.max() + 1
        inside, classes = np.unique(self.classes[chosen], return_inverse=True)
        head = LinearHead(random_state=seed)
        rows, cols = samples.rows[chosen], samples.cols[chosen]
        kinds = self.model.values_.kinds(self.model.n_bands_)
        values = samples.values[chosen][:, None, None]
        groups = blocks_at(rows, cols)
        head.fit(LabelledValues(values, classes, rows, cols, groups, kinds, len(inside)))
        found = np.zeros((len(self.classes), n_classes))
        found[:, inside] = head.predict_proba(samples.values, Window(0, 0, 1, 1))
        return found


def runs(
    scene: Scene, split: Split, method: str, seed: int
) -> Iterator[tuple[str, int, tuple[float, float]]]:
    """Way, number of labels, and overall and average accuracy on the test pixels."""
    known = learned(scene, split, method, seed)
    first = few_of_each(known, seed)
    n_cols = scene.shape[1]
    for way in WAYS:
        chosen = first
        for step in range(N_STEPS + 1):
            probabilities = known.probabilities(chosen, seed)
            yield way, len(chosen), accuracy(known, probabilities)
            generator = np.random.default_rng([seed, step])
            more = next_pixels(way, known, probabilities, chosen, n_cols, generator)
            chosen = np.concatenate([chosen, more])


def learned(scene: Scene, split: Split, method: str, seed: int) -> Known:
    """Learn the values without labels, and give those of all labelled pixels."""
    model = find_classifier(method)(random_state=seed, head="linear")
    assert isinstance(model, TwoStepClassifier)
    model.fit(scene, few_of(split.train))
    both = np.where(split.train.values > 0, split.train.values, split.test.values)
    samples = model.values_at(scene, LabelMap(both, split.train.classes))
    classes = np.unique(samples.class_ids, return_inverse=True)[1]
    is_train = split.train.values[samples.rows, samples.cols] > 0
    return Known(samples, classes, is_train, model)


def few_of(labels: LabelMap) -> LabelMap:
    """Some of the labels: values do not depend on them, and a head of few is fitted quickly."""
    places = np.argwhere(labels.values > 0)
    kept = np.zeros(labels.shape, dtype=bool)
    kept[tuple(places[:: len(places) // 300 + 1].T)] = True
    return labels.keeping(kept, labels.region)


def few_of_each(known: Known, seed: int) -> np.ndarray:
    """Positions of a few training pixels of each class, by chance."""
    generator = np.random.default_rng(seed)
    drawn = []
    for number in np.unique(known.classes[known.is_train]):
        of_class = np.flatnonzero(known.is_train & (known.classes == number))
        drawn.append(generator.choice(of_class, min(PER_CLASS, len(of_class)), replace=False))
    return np.concatenate(drawn)


def accuracy(known: Known, probabilities: np.ndarray) -> tuple[float, float]:
    """Overall and average accuracy of the test pixels."""
    test = ~known.is_train
    truth = LabelMap.from_array(known.classes[test][None] + 1)
    scores = score(probabilities[test].argmax(axis=1)[None] + 1, truth)
    return round(scores.overall_accuracy, 4), round(scores.average_accuracy, 4)


def next_pixels(
    way: str,
    known: Known,
    probabilities: np.ndarray,
    chosen: np.ndarray,
    n_cols: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Positions of the training pixels that are labelled next."""
    free = known.is_train.copy()
    free[chosen] = False
    positions = np.flatnonzero(free)
    if way == "chance":
        return generator.choice(positions, STEP, replace=False)
    if way == "margin":
        return positions[np.argsort(margins_of(probabilities[positions]))[:STEP]]
    rows, cols = known.samples.rows, known.samples.cols
    pool = Pool(LEAST_POOL, n_cols, int(generator.integers(2**31)))
    shape = (int(rows.max()) + 1, n_cols)
    image, position = np.zeros((*shape, probabilities.shape[1])), np.full(shape, -1)
    image[rows, cols], position[rows, cols] = probabilities, np.arange(len(rows))
    pool.add(Window(0, 0, *shape), image, np.isin(position, positions))
    in_pool = position[tuple(pool.places.T)]
    taken = np.stack([rows[chosen], cols[chosen]], axis=1)
    for apart_px in range(APART_PX, 0, -1):  # small scenes run out of room
        found = choose_pixels(
            pool.probabilities, known.samples.values[in_pool], pool.places, STEP, apart_px, taken,
            int(generator.integers(2**31)),
        )  # fmt: skip
        if len(found) == STEP:
            break
    return in_pool[found]


if __name__ == "__main__":
    main()
