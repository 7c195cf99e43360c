"""The quality mask of EMIT, which lies in a file of its own beside the reflectance."""

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from hsidiff.errors import SceneError
from hsidiff.scenes.formats.products.hdf5 import opened

# Flags are chosen by name, since their order differs between versions of the product. Water is a
# class, and the aggregate flag counts it; depths and probabilities are no flags.
_HIDING = {
    "cloud flag": "cloud", "cirrus flag": "cirrus", "spacecraft flag": "spacecraft",
    "dilated cloud flag": "dilated cloud", "spectf-cloud flag": "cloud (SpecTf)",
}  # fmt: skip
_POSITIONS_V001 = {0: "cloud", 1: "cirrus", 3: "spacecraft", 4: "dilated cloud"}


def mask_file(path: Path) -> Path | None:
    """The mask beside a file of reflectance, ``EMIT_L2A_MASK_...``, or None."""
    for product in ("_RFLUNCERT_", "_RFL_"):
        if product in path.name:
            beside = path.with_name(path.name.replace(product, "_MASK_"))
            return beside if beside.is_file() else None
    return None


def read_mask(path: Path, swath_shape: tuple[int, int]) -> Iterator[tuple[str, np.ndarray]]:
    """The flags that hide pixels: name and (downtrack, crosstrack) bool; none without a mask.

    Args:
        path: the file of reflectance.
        swath_shape: pixels downtrack and crosstrack of the reflectance.

    Raises:
        SceneError: if the mask is broken or is one of another swath.
    """
    beside = mask_file(path)
    if beside is None:
        return
    with opened(beside) as file:
        if "mask" not in file or file["mask"].ndim != 3:
            raise SceneError(f"{beside} holds no array 'mask' of three dimensions: remove it")
        mask = file["mask"]
        if mask.shape[:2] != swath_shape:
            raise SceneError(
                f"{beside} is {mask.shape[0]} x {mask.shape[1]} pixels, {path.name} is "
                f"{swath_shape[0]} x {swath_shape[1]}: it is the mask of another swath: remove it"
            )
        for index, name in _flags(file, mask.shape[2]):
            yield name, mask[:, :, index] == 1


def _flags(file: h5py.File, n_flags: int) -> list[tuple[int, str]]:
    """Positions and names of the flags that hide pixels."""
    if "sensor_band_parameters/mask_bands" not in file:
        return [(i, name) for i, name in _POSITIONS_V001.items() if i < n_flags]
    given = [_decoded(name) for name in file["sensor_band_parameters/mask_bands"][:n_flags]]
    return [(i, _HIDING[name]) for i, name in enumerate(given) if name in _HIDING]


def _decoded(name: bytes | str) -> str:
    text = name.decode("utf-8", errors="replace") if isinstance(name, bytes) else str(name)
    return " ".join(text.lower().split())
