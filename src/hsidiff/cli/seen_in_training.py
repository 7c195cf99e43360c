"""Whether labels are those that a map was learned from."""

import json
import warnings
from pathlib import Path

import numpy as np

from hsidiff.errors import HsidiffError, HsidiffWarning
from hsidiff.files import sha256_of_files
from hsidiff.labels.split import Split


def warn_of_training(map_path: Path, labels_path: Path, is_label: np.ndarray) -> None:
    """Say that labels were learned from, as far as the files beside the map tell.

    Args:
        map_path: the map.
        labels_path: the labels' file.
        is_label: (rows, cols) bool, the labelled pixels.

    Warns:
        HsidiffWarning: if it is so.
    """
    folder = map_path.parent
    if _is_named_by_run(folder / "run.json", labels_path):
        told = f"{labels_path.name} is the file that this map was learned from (run.json beside it)"
    elif (folder / "run.json").is_file() and (n := _n_learned(folder / "split.npz", is_label)):
        told = (
            f"this map was learned from {n} of the {is_label.sum()} labelled pixels (split.npz "
            "beside it)"
        )
    else:
        return
    advice = "score it on other labels, or take the score of held-out labels in its report.html"
    warnings.warn(f"{told}, so these scores flatter it: {advice}", HsidiffWarning, stacklevel=2)


def _is_named_by_run(run: Path, labels_path: Path) -> bool:
    try:
        inputs = json.loads(run.read_text(encoding="utf-8"))["inputs"]["labels"]
        hashes = {entry["sha256"] for entry in inputs}
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no file of ours
    return labels_path.is_file() and sha256_of_files([labels_path]) in hashes


def _n_learned(split_file: Path, is_label: np.ndarray) -> int:
    """How many labelled pixels are in a split, whose sides a map learns from once it is scored.

    It is 0 if there is no split of this map.
    """
    if not split_file.is_file():
        return 0
    try:
        split = Split.load(split_file)
    except HsidiffError:
        return 0
    if split.train.shape != is_label.shape:
        return 0
    return int((is_label & ((split.train.values > 0) | (split.test.values > 0))).sum())
