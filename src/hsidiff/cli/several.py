"""Several scenes with their labels, as one of each."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hsidiff.cli.input_options import LabelOptions, SceneOptions
from hsidiff.cli.inputs import Inputs, read_inputs
from hsidiff.errors import HsidiffWarning, SettingError
from hsidiff.labels.grid import known_crs
from hsidiff.labels.group_folds import GROUPS
from hsidiff.scenes.stack import StackedSource
from hsidiff.windows.several_scenes import stack_scenes


def pairs_of(
    scene: Path, labels: Path, more: Sequence[Path] | None, split_file: Path | None
) -> list[tuple[Path, Path]]:
    """Each scene with its labels.

    Args:
        scene: the first scene.
        labels: its labels.
        more: scenes and labels by turns.
        split_file: a split, which is one of the labels of one scene.

    Raises:
        SettingError: if a scene has no labels, or a split is given with several.
    """
    more = more or []
    if len(more) % 2:
        raise SettingError(
            f"{more[-1]} is a scene without labels, or labels without a scene: give SCENE LABELS "
            "for each scene, in pairs"
        )
    if more and split_file is not None:
        raise SettingError(
            f"--split-file {split_file} is of one scene: leave it out, or the others"
        )
    return [(scene, labels), *zip(more[::2], more[1::2], strict=True)]


def read_several(
    pairs: Sequence[tuple[Path, Path]],
    scene_options: SceneOptions,
    label_options: LabelOptions,
    gap_px: int,
    area_path: Path | None = None,
) -> Inputs:
    """Read one scene and its labels, or several, which are stacked.

    Args:
        pairs: each scene with its labels.
        scene_options: how all scenes are read.
        label_options: how all labels are read.
        gap_px: invalid rows between two scenes.
        area_path: the area of interest, which all scenes must meet, or None.
    """
    each = [read_inputs(*pair, scene_options, label_options, area_path) for pair in pairs]
    if len(each) == 1:
        return each[0]
    scene, labels = stack_scenes([i.scene for i in each], [i.labels for i in each], gap_px)
    files = list(dict.fromkeys(path for inputs in each for path in inputs.label_files))
    places = StackedSource(tuple(i.scene for i in each), gap_px).places
    area = None
    if area_path is not None:
        area = np.zeros(scene.shape, dtype=bool)
        for inputs, place in zip(each, places, strict=True):
            area[place.slices] = inputs.area
    first = each[0].scene_path
    return Inputs(
        first,
        files,
        scene,
        labels,
        label_options,
        area=area,
        parts=tuple(each),
        places=places,
        scene_options=scene_options,
    )


def check_held_out(inputs: Inputs, split: str | None) -> None:
    """Refuse splits that put the same ground on both sides, and say what is not known.

    Args:
        inputs: one scene or several, with their labels.
        split: the kind of split that was asked for, or None.

    Raises:
        SettingError: if labels of several scenes are to be drawn pixel by pixel.

    Warns:
        HsidiffWarning: if it is not known which of several scenes show the same ground.
    """
    if not inputs.parts:
        return
    if split in ("random", "per-class"):
        raise SettingError(
            f"--split {split} would learn a place from one scene and score it in another: take "
            f"--split {' or '.join(GROUPS)}"
        )
    scenes = [part.scene for part in inputs.parts]
    without = [s.name for s in scenes if s.transform is None or known_crs(s.crs) is None]
    if without:
        warnings.warn(
            f"{', '.join(without)}: no known place on the earth: if it shows the ground of another "
            "scene, a field may be learned in one and scored in the other",
            HsidiffWarning,
            stacklevel=2,
        )
