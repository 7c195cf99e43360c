"""Names of the bands of an HDF5 or NetCDF cube: a coordinate of text, an attribute, an array."""

import warnings
from typing import Any

import h5py
import numpy as np

from hsidiff.errors import HsidiffWarning
from hsidiff.scenes.formats.band_names import UNKNOWN, Wavelengths, wavelengths_of_names
from hsidiff.scenes.formats.products.hdf5 import (
    attribute,
    every_dataset,
    last_name,
    n_shared_groups,
    scale_of_axis,
    texts_of,
    whole,
)

_ATTRIBUTE_NAMES = ("band_names", "band_name", "long_name", "descriptions", "description", "bands")
_DATASET_NAMES = frozenset(
    [
        "band", "bands", "band_name", "band_names", "band_label", "band_labels", "name", "names",
        "channel", "channels", "channel_name", "channel_names", "description", "descriptions",
    ]
)  # fmt: skip


def labels_along(file: h5py.File, cube: h5py.Dataset, axis: int) -> list[str] | None:
    """What the bands along an axis are called, one text each; None if nothing says it."""
    n_bands = cube.shape[axis]
    scale = scale_of_axis(cube, axis)
    if scale is not None and _is_text(scale, n_bands):
        return texts_of(whole(scale))
    for name in _ATTRIBUTE_NAMES:
        listed = _listed(attribute(cube, name))
        if len(listed) == n_bands:
            return listed
    found = [
        d for d in every_dataset(file) if _is_text(d, n_bands) and last_name(d) in _DATASET_NAMES
    ]
    if not found:
        return None
    return texts_of(whole(max(found, key=lambda d: n_shared_groups(d, cube))))


def wavelengths_of_labels(
    file: h5py.File, cube: h5py.Dataset, axis: int, where: str
) -> Wavelengths:
    """Wavelengths in the names of the bands, see :func:`wavelengths_of_names`.

    Warns:
        HsidiffWarning: as that does.
    """
    labels = labels_along(file, cube, axis)
    return UNKNOWN if labels is None else wavelengths_of_names(labels, where)


def have_wavelengths(file: h5py.File, cube: h5py.Dataset, axis: int) -> bool:
    """Whether an axis has names that give wavelengths; what is odd about them is said later."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        return wavelengths_of_labels(file, cube, axis, "").nm is not None


def _listed(value: Any) -> list[str]:
    """Texts of an attribute: a list, or one text with commas between them."""
    if isinstance(value, str):
        return [word.strip() for word in value.strip("[](){} ").split(",")]
    is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
    return value if is_list else []


def _is_text(dataset: h5py.Dataset, n: int) -> bool:
    """Whether it holds ``n`` texts: whole ones, or each as a row of single letters."""
    dtype, shape = dataset.dtype, dataset.shape
    if shape == (n,):
        return dtype.kind == "S" or h5py.check_string_dtype(dtype) is not None
    letters = dtype == np.dtype("S1") and dataset.ndim == 2
    return bool(letters and shape[0] == n)
