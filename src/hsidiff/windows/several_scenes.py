"""Several scenes with their labels as one scene with its labels: flight lines, or dates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hsidiff.errors import (
    LabelError,
    ModelError,
    SceneError,
    SettingError,
    check_whole_number,
)
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.one_legend import with_one_legend
from hsidiff.labels.overlap import overlap_of
from hsidiff.scenes.bands_at import band_widths_nm
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.stack import StackedSource
from hsidiff.windows.seen_bands import SeenBands
from hsidiff.windows.seen_values import SeenValues, factor_in_words


def stack_scenes(
    scenes: Sequence[Scene], labels: Sequence[LabelMap], gap_px: int = 64
) -> tuple[Scene, LabelMap]:
    """Several scenes and their labels as one, from which every classifier can learn.

    The scenes lie below one another with invalid rows between them. The bands are those of the
    first; the others have them by wavelength. Classes are the same if their names are. The scene
    that comes out has no georeference: a map is drawn for each scene by itself. The labels know
    where scenes with a CRS show the same ground, and no split puts it on both sides.

    Args:
        scenes: the scenes, two at least.
        labels: the labels of each, of its shape.
        gap_px: invalid rows between two scenes: at least the ``receptive_field_px`` of the
            classifier, so that it never sees two of them at once.

    Returns:
        The scene and its labels.

    Raises:
        LabelError: if labels are not of their scene's shape, or an id has two names.
        SceneError: if a scene lacks bands of the first, or is in another unit.
        SettingError: if there are not as many labels as scenes, at least two.

    Warns:
        HsidiffWarning: if bands are resampled; if names of classes differ by case or blanks only.

    Example:
        >>> import hsidiff
        >>> scene = hsidiff.open_scene("scene.tif")
        >>> labels = hsidiff.read_labels("labels.gpkg", scene)
        >>> both, labels_of_both = hsidiff.stack_scenes([scene, scene], [labels, labels], gap_px=8)
        >>> both.shape, labels_of_both.n_labelled == 2 * labels.n_labelled
        ((88, 50), True)
    """
    check_whole_number("gap_px", gap_px, 0)
    _check_pairs(scenes, labels)
    names = [scene.name for scene in scenes]
    first = scenes[0]
    source = StackedSource((first, *_like_first(scenes)), gap_px)
    together = Scene(
        name=" + ".join(names),
        source=source,
        good_bands=np.ones(first.n_bands, dtype=bool),
        file_wavelengths_nm=first.wavelengths_nm,
        file_fwhm_nm=band_widths_nm(first),
        files=tuple(dict.fromkeys(path for scene in scenes for path in scene.files)),
    )
    overlap = overlap_of([(s.crs, s.transform) for s in scenes], source.places, gap_px)
    return together, replace(_stack_labels(with_one_legend(labels, names), source), overlap=overlap)


def _check_pairs(scenes: Sequence[Scene], labels: Sequence[LabelMap]) -> None:
    if len(scenes) < 2 or len(scenes) != len(labels):
        raise SettingError(
            f"{len(scenes)} scenes and {len(labels)} labels: expected two scenes at least, and the "
            "labels of each"
        )
    for scene, of_scene in zip(scenes, labels, strict=True):
        if scene.shape != of_scene.shape:
            raise LabelError(
                f"labels are {of_scene.shape} (rows, cols), {scene.name} is {scene.shape}: give "
                "each scene labels of its own grid, in the same order"
            )


def _like_first(scenes: Sequence[Scene]) -> list[Scene]:
    """The scenes after the first, with its bands.

    Raises:
        SceneError: if one lacks bands, or is in another unit.
    """
    first = scenes[0]
    bands, seen = SeenBands.of_scene(first), SeenValues.of_scene(first)
    matched = []
    for scene in scenes[1:]:
        try:
            alike = bands.matched(scene, first.n_bands, first.name)
        except ModelError as error:
            raise SceneError(str(error)) from error
        factor = None if seen is None else seen.factor_of_scene(alike)
        if factor is not None:
            raise SceneError(
                f"{scene.name}: values are {factor_in_words(factor)} than those of {first.name}: "
                "give all scenes in one unit (open_scene(..., rescale=...))"
            )
        matched.append(alike)
    return matched


def _stack_labels(label_maps: Sequence[LabelMap], source: StackedSource) -> LabelMap:
    """Labels on the grid of the stacked scenes; numbers of samples and of pixels stay apart."""
    values = np.zeros(source.shape[:2], dtype=np.int32)
    region = np.zeros(source.shape[:2], dtype=bool)
    for labels, place in zip(label_maps, source.places, strict=True):
        values[place.slices] = labels.values
        region[place.slices] = True if labels.region is None else labels.region
    has_region = any(labels.region is not None for labels in label_maps)
    return replace(
        label_maps[0],
        values=values,
        sample_ids=_stack_numbers(_sample_ids(label_maps), source, none=0),
        source_pixels=_stack_numbers(
            [labels.source_pixels for labels in label_maps], source, none=-1
        ),
        region=region if has_region else None,
        unit="fields" if any(labels.unit == "fields" for labels in label_maps) else "blocks",
        crs=None,
        transform=None,
    )


def _sample_ids(label_maps: Sequence[LabelMap]) -> list[np.ndarray | None]:
    """The sample ids of each scene; none are 0 where another scene has some."""
    ids = [labels.sample_ids for labels in label_maps]
    if all(one is None for one in ids):
        return ids
    return [
        np.zeros(labels.shape, np.int32) if one is None else one
        for labels, one in zip(label_maps, ids, strict=True)
    ]


def _stack_numbers(
    each: Sequence[np.ndarray | None], source: StackedSource, none: int
) -> np.ndarray | None:
    """Numbers of each scene (rows, cols), raised so that no two scenes share one.

    Args:
        each: the numbers, or None where a scene has none.
        source: where the scenes lie.
        none: what stands for no number; none is below it.

    Returns:
        (rows, cols) int; None unless all scenes have numbers.
    """
    together = np.full(source.shape[:2], none, dtype=np.int64)
    for numbers, place in zip(each, source.places, strict=True):
        if numbers is None:
            return None
        first_free = int(together.max()) - none
        together[place.slices] = np.where(numbers > none, numbers + first_free, none)
    return together.astype(next(n.dtype for n in each if n is not None))
