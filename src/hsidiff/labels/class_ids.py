"""Label maps from arrays of class ids: which numbers label, and what 0 means."""

import warnings

import numpy as np

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.attribute_fields import MAX_CLASS_ID
from hsidiff.labels.grid import check_grid
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.legend import (
    COUNTS_FROM_0,
    ZERO_MEANS,
    Legend,
    means_no_class,
    warn_of_raised_ids,
)
from hsidiff.scenes.scene import Scene

_LARGEST_IDS = (127, 255, 32767, 65535)


def from_values(
    values: np.ndarray,
    scene: Scene,
    name: str,
    legend: Legend | None = None,
    zero: str = ZERO_MEANS[0],
) -> LabelMap:
    """Make a label map of a scene from an array.

    Args:
        values: (rows, cols) whole numbers in 0..65535 of any type; NaN or masked = unlabelled.
        scene: the scene they label; the label map takes its CRS and transform.
        name: what to call the labels in messages.
        legend: names and colours of classes; a named class without a pixel stays in the legend.
        zero: what 0 means, one of ``ZERO_MEANS``. As a class, all ids are raised by 1, and -1 means
            unlabelled. It is one in any case if the legend gives it the name of one.

    Raises:
        LabelError: if the shape is not the scene's, or a value is not a class id.

    Warns:
        HsidiffWarning: if ids were raised, or if 0 may be a class: it has no name, and other pixels
            are masked or NaN.
    """
    legend = legend or Legend()
    check_grid(name, scene, values.shape)
    values, legend = _without_class_zero(values, legend, name, zero)
    values = np.ma.filled(values, 0)
    if not np.issubdtype(values.dtype, np.number) and values.dtype != bool:
        raise LabelError(f"{name}: labels are of type {values.dtype}: expected whole numbers")
    if np.iscomplexobj(values):
        raise LabelError(f"{name}: labels are complex numbers: expected whole numbers")
    if np.issubdtype(values.dtype, np.floating):
        values = np.where(np.isnan(values), 0, values)
    wrong = values[(values < 0) | (values > MAX_CLASS_ID) | (values != np.round(values))]
    if wrong.size:
        advice = f"; {COUNTS_FROM_0}" if (wrong == -1).all() and (values == 0).any() else ""
        raise LabelError(
            f"{name}: {wrong.size} labels are no class ids, the first is {wrong[0]:g}: expected "
            f"whole numbers in 1..{MAX_CLASS_ID}, 0 = unlabelled{advice}"
        )
    _warn_of_largest_id(values, legend, name)
    return LabelMap.from_array(
        values.astype(np.int32),
        {number: text for number, text in legend.names.items() if number <= MAX_CLASS_ID},
        legend.colors,
        crs=scene.crs,
        transform=scene.transform,
    )


def _warn_of_largest_id(values: np.ndarray, legend: Legend, name: str) -> None:
    """Note a class without a name whose id is the largest of its type: often it means no label."""
    largest = np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 0
    n_pixels = int((values == largest).sum()) if largest in _LARGEST_IDS else 0
    if n_pixels and largest not in legend.names and not (values == largest - 1).any():
        warnings.warn(
            f"{name}: {count(n_pixels)} labels have the id {largest}, the largest that "
            f"{values.dtype} holds: if it means no label, leave it out with "
            f"ignore_classes=[{largest}] (--ignore-class {largest})",
            HsidiffWarning,
            stacklevel=3,
        )


def _without_class_zero(
    values: np.ndarray, legend: Legend, name: str, zero: str
) -> tuple[np.ndarray, Legend]:
    """Values and legend; with ids raised by 1, if the first class of the file has the id 0.

    Warns:
        HsidiffWarning: if they were raised, or 0 may be a class that nothing names.
    """
    shown = np.ma.asarray(values)
    if values.dtype.kind == "f":
        shown = np.ma.masked_where(np.isnan(np.ma.getdata(values)), values)
    n_zeros = int(np.count_nonzero(np.ma.filled(shown == 0, False)))
    named = legend.names.get(0)
    is_class = zero == "class" or (named is not None and not means_no_class(named))
    if not (is_class and n_zeros):
        n_hidden = int(np.ma.count_masked(shown))
        if n_zeros and n_hidden and named is None:
            warnings.warn(
                f"{name}: {count(n_zeros)} pixels hold 0, which means no label here, though "
                f"{count(n_hidden)} others hold nodata: {COUNTS_FROM_0}",
                HsidiffWarning,
                stacklevel=3,
            )
        colors = {number: color for number, color in legend.colors.items() if number}
        return values, Legend({i: text for i, text in legend.names.items() if i}, colors)
    numbered = {
        int(i): f"class {i:g}" for i in np.unique(shown.compressed()) if 0 <= i <= MAX_CLASS_ID
    }
    names = {**numbered, **legend.names}
    warn_of_raised_ids(name, names[0])
    raised = Legend(
        {number + 1: text for number, text in names.items()},
        {number + 1: color for number, color in legend.colors.items()},
    )
    return shown.astype(np.result_type(values.dtype, np.int32)) + 1, raised
