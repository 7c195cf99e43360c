"""Which numbers of an HDF5 or NetCDF cube are values, and what else it says of their scale.

Source: NetCDF Users Guide, Attribute Conventions; CF Conventions 1.11, 2.5.1 and 8.1.
"""

import re
from dataclasses import replace

import h5py
import numpy as np

from hsidiff.scenes.formats.products.hdf5 import Hdf5Source, attribute, numbers
from hsidiff.scenes.scene import Scene

_SCALES = re.compile("scale|slope|gain|multiplier|offset|intercept", re.IGNORECASE)
_APPLIED = frozenset({"scale_factor", "add_offset"})
_MOST_TOLD = 60


def with_valid_range(scene: Scene, cube: h5py.Dataset) -> Scene:
    """The scene without the numbers beyond ``valid_range``, ``valid_min`` or ``valid_max``.

    They are those of the stored numbers. Where these are whole and the range is not, it is one of
    values after scale and offset.

    Args:
        scene: the scene of a cube.
        cube: the cube, open.
    """
    given = _stated_range(cube)
    if given is None or not isinstance(scene.source, Hdf5Source):
        return scene
    valid = given
    if _is_of_values(cube):
        if np.ndim(scene.scale) or np.ndim(scene.offset) or not float(scene.scale) > 0:
            note = f"its valid range {_words(given)} is not applied, as bands are scaled apart"
            return replace(scene, notes=(*scene.notes, note))
        scale, offset = float(scene.scale), float(scene.offset)
        valid = (given[0] - offset) / scale, (given[1] - offset) / scale
    note = (
        f"numbers beyond its valid range {_words(given)} are no values; apply_masks=False "
        "(--no-masks) reads them"
    )
    return replace(scene, source=replace(scene.source, valid=valid), notes=(*scene.notes, note))


def _words(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"


def _stated_range(cube: h5py.Dataset) -> tuple[float, float] | None:
    """The lowest and the highest number, infinite where it is not said; None if neither is."""
    both = numbers(attribute(cube, "valid_range"))
    if both is None or both.size != 2:
        given = [numbers(attribute(cube, name)) for name in ("valid_min", "valid_max")]
        both = np.array(
            [
                end if number is None or number.size != 1 else number[0]
                for number, end in zip(given, (-np.inf, np.inf), strict=True)
            ]
        )
    low, high = (float(end) for end in both)
    return (low, high) if low < high and np.isfinite(both).any() else None


def _is_of_values(cube: h5py.Dataset) -> bool:
    """Whether the range is of values: a fraction, though the stored numbers are whole."""
    if cube.dtype.kind == "f" or "scale_factor" not in cube.attrs:
        return False
    given = [attribute(cube, name) for name in ("valid_range", "valid_min", "valid_max")]
    return any(np.asarray(value).dtype.kind == "f" for value in given if value is not None)


def notes_of_scales(cube: h5py.Dataset) -> tuple[str, ...]:
    """Attributes of a cube that speak of a scale, and that no convention explains."""
    names = [name for name in cube.attrs if _SCALES.search(name) and name not in _APPLIED]
    told = [f"{name} = {str(attribute(cube, name))[:_MOST_TOLD]}" for name in sorted(names)]
    if not told:
        return ()
    return (
        f"attributes that are not applied: {'; '.join(told)}: if values come out in another unit, "
        "multiply them with rescale= (--rescale)",
    )
