"""Several scenes with their labels, as one of each."""

from collections.abc import Sequence
from pathlib import Path

from hsidiff.cli.inputs import Inputs, read_inputs
from hsidiff.cli.options import LabelOptions, SceneOptions
from hsidiff.errors import SettingError
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
) -> Inputs:
    """Read one scene and its labels, or several, which are stacked.

    Args:
        pairs: each scene with its labels.
        scene_options: how all scenes are read.
        label_options: how all labels are read.
        gap_px: invalid rows between two scenes.
    """
    each = [read_inputs(*pair, scene_options, label_options) for pair in pairs]
    if len(each) == 1:
        return each[0]
    scene, labels = stack_scenes([i.scene for i in each], [i.labels for i in each], gap_px)
    files = list(dict.fromkeys(path for inputs in each for path in inputs.label_files))
    return Inputs(each[0].scene_path, files, scene, labels, label_options)
