"""Whether labels are those that a map was learned from."""

import warnings
from pathlib import Path

import numpy as np

from hsidiff.amounts import count
from hsidiff.cli.inputs import hash_of_labels
from hsidiff.errors import HsidiffError, HsidiffWarning
from hsidiff.files import read_json
from hsidiff.labels.split import Split
from hsidiff.report.result_folder import SCENES
from hsidiff.scenes.open import open_scene


def warn_of_training(map_path: Path, labels_path: Path, is_label: np.ndarray) -> None:
    """Say that labels were learned from, as far as the files beside the map tell.

    Args:
        map_path: the map.
        labels_path: the labels' file.
        is_label: (rows, cols) bool, the labelled pixels.

    Warns:
        HsidiffWarning: if it is so.
    """
    folder = _folder_of_run(map_path)
    if _is_named_by_run(folder / "run.json", labels_path):
        told = f"{labels_path.name} is the file that this map was learned from (run.json beside it)"
    elif (folder / "run.json").is_file() and (n := _n_learned(folder / "split.npz", is_label)):
        told = (
            f"this map was learned from {count(n)} of the {count(int(is_label.sum()))} labelled "
            "pixels (split.npz beside it)"
        )
    else:
        return
    advice = "score it on other labels, or take the score of held-out labels in its report.html"
    warnings.warn(f"{told}, so these scores flatter it: {advice}", HsidiffWarning, stacklevel=2)


def _folder_of_run(map_path: Path) -> Path:
    """The folder that holds ``run.json`` of a map, if there is one; of several scenes, above it."""
    folder = map_path.parent
    return folder.parent.parent if folder.parent.name == SCENES else folder


def _is_named_by_run(run: Path, labels_path: Path) -> bool:
    try:
        inputs = read_json(run)["inputs"]["labels"]
        hashes = {entry["sha256"] for entry in inputs}
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no file of ours
    return labels_path.is_file() and hash_of_labels(labels_path) in hashes


def scene_of_run(map_path: Path) -> Path | None:
    """The scene that a map was drawn of, as run.json beside it says, if it can still be opened."""
    try:
        folder = _folder_of_run(map_path)
        inputs = read_json(folder / "run.json")["inputs"]
        several = {folder / scene["folder"]: scene for scene in inputs.get("scenes", [])}
        scene = several[map_path.parent] if several else inputs["scene"]
        scene_path = Path(scene["path"])
        open_scene(scene_path)
    except (OSError, ValueError, KeyError, TypeError, HsidiffError):
        return None  # no file of ours, or the scene went elsewhere
    return scene_path


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
    return int((is_label & (split.both_sides().values > 0)).sum())
