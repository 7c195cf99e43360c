"""HDF5 and NetCDF 4 files: opened, looked into, and read by windows.

A NetCDF 4 file is an HDF5 file; h5py reads both. NetCDF 3 and HDF4 are other formats.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hsidiff.errors import HsidiffError, HsidiffWarning, SceneError, reason_of
from hsidiff.scenes.formats.hdf5_heaps import open_hdf5
from hsidiff.scenes.formats.pixels import check_chunks
from hsidiff.scenes.window import Window

_MOST_OF_WHOLE = 2**26
ROWS, COLS, BANDS = "rows", "cols", "bands"
_DIMENSION_ONLY = "This is a netCDF dimension but not a netCDF variable"
_FILL_NAMES = ("_FillValue", "missing_value", "Data_Ignore_Value", "fill_value")


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; what breaks inside the block becomes one clear line.

    Raises:
        SceneError: if the file is broken, or lacks what the block asks for.
    """
    try:
        with open_hdf5(path) as file:
            yield file
    except (HsidiffError, HsidiffWarning):
        raise
    except Exception as error:  # a broken file makes h5py raise nearly anything
        raise SceneError(
            f"{path} cannot be read as HDF5 or NetCDF 4 ({reason_of(error)}): copy or download "
            "it again"
        ) from error


@dataclass(frozen=True)
class Hdf5Source:
    """Pixels of a dataset of three dimensions, read by hyperslabs.

    Attributes:
        path: the file.
        name: the dataset, with the groups around it.
        axes: what its axes are, outermost first: ``rows``, ``cols`` and ``bands`` in any order.
        shape: rows, cols, bands.
        dtype: the type of the stored numbers.
        valid: the lowest and the highest of them that are values; others read as NaN. None: all.
    """

    path: Path
    name: str
    axes: tuple[str, ...]
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    valid: tuple[float, float] | None = None

    @classmethod
    def of(cls, path: Path, dataset: h5py.Dataset, axes: tuple[str, ...]) -> "Hdf5Source":
        """The source of a dataset that is open."""
        check_chunks(str(path), dataset)
        rows, cols, bands = (dataset.shape[axes.index(axis)] for axis in (ROWS, COLS, BANDS))
        return cls(path, dataset.name, axes, (rows, cols, bands), _meant_dtype(dataset))

    @property
    def masked(self) -> bool:
        """Whether some numbers read as NaN."""
        return self.valid is not None

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        first = int(bands[0])
        rows, cols = window.slices
        parts = {ROWS: rows, COLS: cols, BANDS: slice(first, int(bands[-1]) + 1)}
        # One hyperslab for all bands: no chunk of the file is unpacked twice.
        with opened(self.path) as file:
            stored = file[self.name][tuple(parts[axis] for axis in self.axes)]
        in_order = stored.transpose([self.axes.index(axis) for axis in (ROWS, COLS, BANDS)])
        chosen: np.ndarray = in_order[:, :, bands - first].astype(self.dtype, copy=False)
        if self.valid is None:
            return chosen
        lowest, highest = self.valid
        values = chosen.astype(np.result_type(chosen.dtype, np.float32))
        values[(values < lowest) | (values > highest)] = np.nan
        return values


def _meant_dtype(dataset: h5py.Dataset) -> np.dtype[Any]:
    """The type of a dataset; without a sign where ``_Unsigned`` says so, as NetCDF 3 wrote it."""
    is_unsigned = str(attribute(dataset, "_Unsigned")).lower() == "true"
    if is_unsigned and dataset.dtype.kind == "i":
        return np.dtype(f"u{dataset.dtype.itemsize}")
    return dataset.dtype


def attribute(item: h5py.Group | h5py.Dataset, *names: str) -> Any:
    """The first attribute of one of these names, or None: text as str, one number as a number."""
    for name in names:
        if name in item.attrs:
            return _plain(item.attrs[name])
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.ravel()[0]
    if isinstance(value, np.ndarray) and value.dtype.kind in "SO":
        return [_plain(part) for part in value.ravel()]
    if isinstance(value, bytes):  # np.bytes_ is one, too
        return value.decode("utf-8", errors="replace")
    return value


def whole(dataset: h5py.Dataset) -> np.ndarray:
    """All of a dataset that is small beside the cube: coordinates, a mask, numbers per band.

    Raises:
        ValueError: if it is enormous, or holds no array.
    """
    if not isinstance(dataset, h5py.Dataset) or (dataset.size or 0) > _MOST_OF_WHOLE:
        raise ValueError(f"{dataset.name} is too large for what it should be")
    check_chunks(dataset.file.filename, dataset)
    return np.asarray(dataset[()])


def text_of(dataset: h5py.Dataset) -> str:
    """What a dataset of one text holds."""
    return str(_plain(whole(dataset)))


def texts_of(values: np.ndarray) -> list[str]:
    """Texts (n,), or each as a row of single letters (n, letters)."""
    rows = [b"".join(row) for row in values] if values.ndim == 2 else values
    return [str(_plain(text)).strip("\0 ") for text in rows]


def numbers(value: Any) -> np.ndarray | None:
    """Numbers of an attribute, float64, from an array or from text with blanks or commas."""
    if value is None:
        return None
    try:
        words = value.replace(",", " ").split() if isinstance(value, str) else value
        return np.asarray(words, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return None


def fill_numbers(dataset: h5py.Dataset) -> list[float]:
    """The stored numbers that mean "no value", as the attributes of a dataset say."""
    found: list[float] = []
    for name in _FILL_NAMES:
        given = numbers(attribute(dataset, name))
        found += [] if given is None else given.tolist()
    meant = _meant_dtype(dataset)
    if meant != dataset.dtype:  # -1 stands for the largest number
        found = [number % 2.0 ** (8 * meant.itemsize) for number in found]
    return list(dict.fromkeys(found))


def every_dataset(file: h5py.File) -> list[h5py.Dataset]:
    """Every dataset in a file, in any group."""
    items: list[h5py.Dataset | h5py.Group] = []
    file.visititems(lambda _, item: items.append(item))
    return [item for item in items if isinstance(item, h5py.Dataset)]


def datasets(file: h5py.File) -> list[h5py.Dataset]:
    """Every dataset of real numbers in a file, in any group."""
    return [item for item in every_dataset(file) if item.dtype.kind in "biufc" and item.shape]


def last_name(dataset: h5py.Dataset) -> str:
    """A dataset's name without the groups around it, in lower case."""
    return str(dataset.name).rpartition("/")[2].lower()


def n_shared_groups(one: h5py.Dataset, other: h5py.Dataset) -> int:
    """How many of the groups around two datasets are the same: the more, the nearer they are."""
    groups = zip(one.name.split("/")[:-1], other.name.split("/")[:-1], strict=False)
    return sum(1 for a, b in groups if a == b)


def listed(found: list[h5py.Dataset]) -> str:
    """Datasets as messages write them: ``reflectance/uncertainty 8x10x20, ...``."""
    most = 12
    texts = [f"{d.name.lstrip('/')} {'x'.join(map(str, d.shape))}" for d in found[:most]]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return (", ".join(texts) or "no array of numbers") + more


def named_dataset(path: Path, file: h5py.File, variable: str) -> h5py.Dataset:
    """The dataset of that name, with or without the groups around it.

    Raises:
        SceneError: if there is none of that name, or several.
    """
    every = datasets(file)
    wanted = variable.strip("/")
    exact = [d for d in every if d.name.strip("/") in {wanted, wanted.replace(".", "/")}]
    fitting = exact or [d for d in every if last_name(d) == wanted.lower()]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SceneError(f"{path}: {variable!r} may be {listed(fitting)}: give one with its group")
    cubes = [d for d in every if d.ndim == 3] or every
    raise SceneError(f"{path} has no array {variable!r}; it holds {listed(cubes)}")


def check_is_cube(path: Path, dataset: h5py.Dataset) -> None:
    """Refuse a dataset that cannot be rows, columns and bands.

    Raises:
        SceneError: if it has not three dimensions.
    """
    if dataset.ndim != 3:
        raise SceneError(
            f"{path}: {dataset.name.lstrip('/')} has shape {dataset.shape}: expected three "
            "dimensions, rows, columns and bands"
        )


def scale_of_axis(dataset: h5py.Dataset, axis: int) -> h5py.Dataset | None:
    """The dimension scale that is attached to an axis, or None.

    Not by ``dataset.dims``: there HDF5 dies of a reference to a scale that is gone.
    """
    listed = dataset.attrs.get("DIMENSION_LIST")
    if not isinstance(listed, np.ndarray) or listed.shape != (dataset.ndim,):
        return None
    try:
        scale = dataset.file[listed[axis][0]]
    except (ValueError, KeyError, IndexError, TypeError, RuntimeError):
        return None
    return scale if isinstance(scale, h5py.Dataset) else None


def label_of_axis(dataset: h5py.Dataset, axis: int) -> str:
    """The name that an axis has without a scale, empty if it has none; not by ``dataset.dims``."""
    labels = dataset.attrs.get("DIMENSION_LABELS")
    if not isinstance(labels, np.ndarray) or labels.shape != (dataset.ndim,):
        return ""
    label = _plain(labels[axis])
    return label if isinstance(label, str) else ""


def has_values(scale: h5py.Dataset) -> bool:
    """Whether a dimension scale holds coordinates and not just a name."""
    said = str(attribute(scale, "NAME") or "")
    if said.startswith(_DIMENSION_ONLY) or scale.dtype.kind not in "biuf":
        return False
    return scale.ndim == 1
