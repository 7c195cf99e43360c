"""An array with a name inside a file (.mat, .npz, .npy), read as a whole or in part."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np


class PickledWithoutCache:
    """A dataclass that travels to another process without what it has read so far."""

    def __getstate__(self) -> dict[str, Any]:
        """The fields only: a ``cached_property`` stays behind and is made again there."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class NamedArray(PickledWithoutCache, ABC):
    """An array of a file, known by its name and shape before any of its numbers is read.

    It can be pickled: the file is opened when numbers are asked for.

    Attributes:
        path: the file.
        name: the variable's name, with the structs around it: ``hsi/Data``; the file's stem for
            ``.npy``, which has no names.
        shape: as the user of the format sees it: (rows, cols) or (rows, cols, bands), say.
        declared_dtype: the type that the file declares.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    declared_dtype: np.dtype[Any]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the stored numbers."""
        return self.declared_dtype

    @property
    def last_name(self) -> str:
        """The name without the structs around it, in lower case."""
        return self.name.rpartition("/")[2].lower()

    @abstractmethod
    def load(self) -> np.ndarray:
        """The whole array; the caller does not write to it.

        Raises:
            SceneError: if the file is broken.
        """

    def part(self, *slices: slice) -> np.ndarray:
        """The part of the array that one slice per axis cuts out; see :meth:`load`."""
        return self.load()[slices]
