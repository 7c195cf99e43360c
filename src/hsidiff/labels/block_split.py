"""The block split: training and test pixels in different blocks, with a guard band between them.

The scene is cut into square blocks; each block goes to training or to test as a whole. Test pixels
that a method could see together with a training pixel are left out.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from hsidiff.errors import HsidiffWarning, SettingError, SplitError
from hsidiff.labels.ground import blocks_on, classes_by_place
from hsidiff.labels.guard import check_sides, distance_to_px
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.split import (
    Split,
    check_can_be_split,
    named,
    warn_of_one_sided_classes,
    with_samples_per_class,
)

_TEST, _TRAIN, _OPEN = 0, 1, -1
_MAX_ASSIGNMENTS = 30


def block_split(
    labels: LabelMap,
    *,
    train_fraction: float = 0.5,
    samples_per_class: int | None = None,
    block_px: int = 16,
    guard_px: int | None = None,
    receptive_field_px: int = 1,
    random_state: int = 0,
) -> Split:
    """Split by square blocks, so that no method sees training pixels around a test pixel.

    Blocks with labels are drawn so that each class that lies in several blocks has labels on both
    sides, as far as the blocks allow. A class that lies in one block goes to training as a whole;
    one warning names the classes that end on one side only.

    Test pixels nearer than ``guard_px`` (Chebyshev distance: rows or columns, whichever is more) to
    a training pixel are left out. With the receptive field as guard, what a method sees of a test
    pixel and what it has seen of a training pixel have no pixel in common.

    ``train.region`` marks all pixels of the training blocks, ``test.region`` those of the test
    blocks outside the guard.

    Args:
        labels: all labels.
        train_fraction: share of the blocks with labels that goes to training, in (0, 1).
        samples_per_class: draw so many pixels of each class in the training blocks (all, if there
            are fewer); None takes all.
        block_px: side of a block in pixels; the grid starts at the upper left pixel.
        guard_px: width of the guard band in pixels. None takes the method's receptive field; where
            that leaves a class too few test pixels, it takes the widest guard that leaves
            each class enough of them, and one warning says so. Enough is a fifth of the class's
            labels, at most 20; a class with fewer than that in the test blocks has no say.
        receptive_field_px: side of the square that the method looks at to map one pixel.
        random_state: seed of the draws.

    Raises:
        SettingError: if a setting is out of range.
        SplitError: if the labels are too few, or no test pixel is left.

    Example:
        >>> import hsidiff
        >>> labels = hsidiff.read_labels("labels.gpkg", hsidiff.open_scene("scene.tif"))
        >>> split = hsidiff.block_split(labels, samples_per_class=20, receptive_field_px=5)
        >>> split.train.counts()
        {1: 20, 2: 20, 3: 20}
        >>> split.parameters["guard_px"]
        5
    """
    check_sides(train_fraction, samples_per_class, guard_px, receptive_field_px)
    if block_px < 1:
        raise SettingError(f"block_px={block_px}: must be at least 1")
    check_can_be_split(labels)
    labels = replace(labels, unit="blocks")
    generator = np.random.default_rng(random_state)

    # 1. Draw which blocks are for training.
    blocks = _Blocks.cut(labels, block_px)
    sides = _assign_blocks(labels, blocks, train_fraction, generator)
    train_region = blocks.mask(sides == _TRAIN)
    test_region = blocks.mask(sides == _TEST)

    # 2. Take or draw the training pixels inside them.
    train = labels.keeping(train_region, train_region)
    train = with_samples_per_class(train, samples_per_class, generator)

    # 3. Leave out the test pixels too near to them.
    distance_px = distance_to_px(train.values > 0, labels.overlap)
    used_guard_px = guard_px
    if used_guard_px is None:
        used_guard_px = _default_guard(labels, test_region, distance_px, receptive_field_px)
    test_region &= distance_px >= max(used_guard_px, 1)  # 0: on the ground of a training pixel
    test = labels.keeping(test_region, test_region)

    # 4. Say what is odd.
    parameters = {
        "train_fraction": train_fraction,
        "samples_per_class": samples_per_class,
        "block_px": block_px,
        "guard_px": used_guard_px,
        "receptive_field_px": receptive_field_px,
        "random_state": random_state,
    }
    split = Split(train, test, kind="blocks", parameters=parameters)
    warn_of_one_sided_classes(split)
    return split


@dataclass(frozen=True)
class _Blocks:
    """The blocks that hold labels.

    Attributes:
        block_px: side of a block in pixels.
        of_pixel: (rows, cols) int, the block of each pixel; ``len(counts)`` where it has no label.
        counts: (n_blocks, n_classes) int, labelled pixels per block and class with labels, the
            classes by place (:func:`classes_by_place`).
    """

    block_px: int
    of_pixel: np.ndarray
    counts: np.ndarray

    @classmethod
    def cut(cls, labels: LabelMap, block_px: int) -> "_Blocks":
        """Cut a label map into blocks of ``block_px`` and keep those with labels.

        Raises:
            SplitError: if one block holds all labels.
        """
        grid = blocks_on(labels, block_px)
        labelled = labels.values > 0
        used, block = np.unique(grid[labelled], return_inverse=True)
        if len(used) == 1:
            raise SplitError(
                f"all labels lie in one block of block_px={block_px} pixels: take smaller blocks"
            )
        class_ids = classes_by_place(labels.values)
        counts = np.zeros((len(used), len(class_ids)), dtype=np.int64)
        for column, class_id in enumerate(class_ids):
            counts[:, column] = np.bincount(
                block[labels.values[labelled] == class_id], minlength=len(used)
            )
        new_number = np.full(grid.max() + 1, len(used))
        new_number[used] = np.arange(len(used))
        return cls(block_px, new_number[grid], counts)

    def mask(self, chosen: np.ndarray) -> np.ndarray:
        """(rows, cols) bool: the pixels of the blocks that ``chosen`` (n_blocks,) marks."""
        return np.append(chosen, False)[self.of_pixel]


def _assign_blocks(
    labels: LabelMap, blocks: _Blocks, train_fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """Assign blocks to training or test: the best of some random assignments.

    Whether blocks can serve all classes is a hard puzzle (colouring of a hypergraph), hence several
    tries. Neither the guard nor the receptive field is asked, so that methods of different
    receptive fields get the same training pixels.

    Returns:
        (n_blocks,) int, ``_TRAIN`` or ``_TEST``.
    """
    best, best_faults = np.empty(0), None
    for _ in range(_MAX_ASSIGNMENTS):
        sides = _draw_assignment(blocks.counts > 0, train_fraction, generator)
        faults = _faults(labels, blocks, sides)
        if best_faults is None or faults < best_faults:
            best, best_faults = sides, faults
        if not any(faults):
            break
    return best


def _draw_assignment(
    holds: np.ndarray, train_fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """Give each class a training and a test block, rarest first; then fill up to the share.

    Args:
        holds: (n_blocks, n_classes) bool, whether the block has labels of the class.
        train_fraction: share of the blocks for training; the needs of classes come first.
        generator: source of chance.

    Returns:
        (n_blocks,) int, ``_TRAIN`` or ``_TEST``.
    """
    n_blocks = len(holds)
    sides = np.full(n_blocks, _OPEN)
    for class_index in np.argsort(holds.sum(axis=0), kind="stable"):
        blocks = generator.permutation(np.flatnonzero(holds[:, class_index]))
        for side in (_TRAIN, _TEST):
            still_open = blocks[sides[blocks] == _OPEN]
            if side not in sides[blocks] and still_open.size:
                sides[still_open[0]] = side
    n_train = min(max(round(train_fraction * n_blocks), 1), n_blocks - 1)
    n_missing = max(n_train - np.count_nonzero(sides == _TRAIN), 0)
    still_open = generator.permutation(np.flatnonzero(sides == _OPEN))
    sides[still_open[:n_missing]] = _TRAIN
    sides[sides == _OPEN] = _TEST
    return sides


def _faults(labels: LabelMap, blocks: _Blocks, sides: np.ndarray) -> tuple[int, int, int, int]:
    """What is wrong with an assignment, worst first; all 0 if nothing.

    Returns:
        Classes without training pixels, classes without test pixels, classes with few pixels on a
        side (those of one block, which cannot have two sides, not counted), and by how many pixels
        the widest guard that leaves enough to test falls short of half a block.
    """
    n_train = blocks.counts[sides == _TRAIN].sum(axis=0)
    n_test = blocks.counts[sides == _TEST].sum(axis=0)
    few = np.minimum(n_train, n_test) < _enough(blocks.counts.sum(axis=0))
    in_one_block = np.count_nonzero(blocks.counts, axis=0) == 1
    in_training = (labels.values > 0) & blocks.mask(sides == _TRAIN)
    distance_px = distance_to_px(in_training, labels.overlap)
    widest_px, _ = _widest_guard(
        labels, blocks.mask(sides == _TEST), distance_px, blocks.block_px // 2
    )
    return (
        int(np.count_nonzero(n_train == 0)),
        int(np.count_nonzero((n_test == 0) & ~in_one_block)),
        int(np.count_nonzero(few & ~in_one_block)),
        blocks.block_px // 2 - widest_px,
    )


def _default_guard(
    labels: LabelMap, test_region: np.ndarray, distance_px: np.ndarray, receptive_field_px: int
) -> int:
    """The receptive field or, with a warning, the widest guard that leaves enough to test."""
    widest_px, narrowest = _widest_guard(labels, test_region, distance_px, receptive_field_px)
    if narrowest is not None:
        warnings.warn(
            f"a guard of the receptive field, {receptive_field_px} px, would leave class "
            f"{named(narrowest)} too few test pixels: guard_px={widest_px} is used instead, so "
            "training and test pixels may share surroundings and fields; a split by whole fields "
            "is stricter: field_split(), --split fields",
            HsidiffWarning,
            stacklevel=3,
        )
    return widest_px


def _widest_guard(
    labels: LabelMap, test_region: np.ndarray, distance_px: np.ndarray, limit_px: int
) -> tuple[int, LandClass | None]:
    """The widest guard, up to a limit, that leaves each class enough test pixels.

    A class that has not enough in the test blocks, guard or no guard, has no say.

    Args:
        labels: all labels.
        test_region: (rows, cols) bool, the test blocks.
        distance_px: (rows, cols) Chebyshev distance to the nearest training pixel.
        limit_px: the guard that is wanted.

    Returns:
        The guard in pixels, and the class that keeps it from being wider, None at the limit.
    """
    widest_px, narrowest = limit_px, None
    is_test = test_region & (labels.values > 0)
    class_ids, distances_px = labels.values[is_test], distance_px[is_test]
    for land_class, n_pixels in zip(labels.classes, labels.counts().values(), strict=True):
        enough = int(_enough(n_pixels))
        distances = np.sort(distances_px[class_ids == land_class.id])[::-1]
        if n_pixels == 0 or distances.size < enough:
            continue
        # A guard of the distance of the last pixel that is needed keeps that pixel.
        widest_of_class = int(distances[enough - 1])
        if widest_of_class < widest_px:
            widest_px, narrowest = widest_of_class, land_class
    return widest_px, narrowest


def _enough(n_pixels: np.ndarray | int) -> np.ndarray:
    """Pixels on a side that are enough for a class of ``n_pixels``: a fifth of them, at most 20."""
    return np.minimum(20, -(-np.asarray(n_pixels) // 5))
