"""What changed between two maps of the same ground."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from affine import Affine
from rasterio.crs import CRS

from hsidiff.errors import LabelError
from hsidiff.labels.class_colors import class_colors
from hsidiff.labels.grid import describe_grid, same_place
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.labels.matching import with_ids_of
from hsidiff.maps.legend import undecided_of
from hsidiff.scenes.pixel_area import pixel_hectares

NO_DATA = "no data"
_WHEN = ("before", "after")
_MERGE_BOTH = "merge and rename both maps with one table (hsidiff edit --classes)"


@dataclass(frozen=True, eq=False)
class Change:
    """Two maps, compared pixel by pixel.

    Attributes:
        table: a row per pair of classes that occurs: ``from_id``, ``from``, ``to_id``, ``to``,
            ``pixels``, ``hectares`` (NaN without a place on the earth), ``compared``, ``changed``;
            id 0 and the name ``no data`` where a map holds no class. There, and where one of them
            is "not sure" or says "none of these", nothing is compared.
        values: (rows, cols) int32, the number of the changed pair, 0 = not changed or no data.
        classes: the changed pairs as a legend: ``grass to roof``.
        crs: coordinate reference system, or None.
        transform: affine transform from (col, row) to map coordinates, or None.
    """

    table: pd.DataFrame
    values: np.ndarray
    classes: tuple[LandClass, ...]
    crs: CRS | None
    transform: Affine | None


def compare_maps(before: LabelMap, after: LabelMap, names: tuple[str, str]) -> Change:
    """Compare two maps of one grid. Classes are compared by name or, without names, by id.

    Args:
        before: the earlier map.
        after: the later one.
        names: what to call them in messages.

    Raises:
        LabelError: if shape, CRS or transform differ, or an id means another class.
    """
    _check_same_grid(before, after, names)
    after = with_ids_of(after, before.classes, names[0], names[1], _MERGE_BOTH)
    legend = {c.id: c for c in (*after.classes, *before.classes)}
    pairs, at = np.unique(
        np.stack([before.values.ravel(), after.values.ravel()], axis=1), axis=0, return_inverse=True
    )
    at = at.reshape(before.shape)
    n_pixels = np.bincount(at.ravel(), minlength=len(pairs))
    hectares = pixel_hectares(before.shape, before.crs, before.transform)
    areas = np.full(len(pairs), np.nan)
    if hectares is not None:
        areas = np.bincount(at.ravel(), np.repeat(hectares, before.shape[1]), len(pairs))
    called = {0: NO_DATA} | {class_id: c.name for class_id, c in legend.items()}
    no_class = [0, *(c.id for c in undecided_of(list(legend.values())))]
    compared = ~np.isin(pairs, no_class).any(axis=1)
    changed = compared & (pairs[:, 0] != pairs[:, 1])
    table = pd.DataFrame(
        {
            "from_id": pairs[:, 0],
            "from": [called[i] for i in pairs[:, 0].tolist()],
            "to_id": pairs[:, 1],
            "to": [called[i] for i in pairs[:, 1].tolist()],
            "pixels": n_pixels,
            "hectares": areas,
            "compared": compared,
            "changed": changed,
        }
    )
    numbers = np.where(changed, changed.cumsum(), 0).astype(np.int32)
    texts = [f"{row['from']} to {row['to']}" for _, row in table[changed].iterrows()]
    colors = class_colors([""] * len(texts))
    classes = [LandClass(n, *pair) for n, pair in enumerate(zip(texts, colors, strict=True), 1)]
    return Change(table, numbers[at], tuple(classes), before.crs, before.transform)


def class_totals(change: Change) -> pd.DataFrame:
    """Pixels and hectares of each class in either map, where both hold a class.

    Columns: ``id``, ``class``, ``pixels_before``, ``pixels_after``, ``hectares_before``,
    ``hectares_after``.
    """
    both = change.table[change.table["compared"]]
    names = dict(zip(both["from_id"], both["from"], strict=True))
    names |= dict(zip(both["to_id"], both["to"], strict=True))
    rows = []
    for class_id in sorted(names):
        of_class = [both[both[f"{side}_id"] == class_id] for side in ("from", "to")]
        pixels = {f"pixels_{when}": int(part["pixels"].sum())
                  for when, part in zip(_WHEN, of_class, strict=True)}  # fmt: skip
        hectares = {f"hectares_{when}": float(part["hectares"].sum(skipna=False))
                    for when, part in zip(_WHEN, of_class, strict=True)}  # fmt: skip
        rows.append({"id": class_id, "class": names[class_id]} | pixels | hectares)
    return pd.DataFrame(rows)


def _check_same_grid(before: LabelMap, after: LabelMap, names: tuple[str, str]) -> None:
    """Refuse two maps whose pixels do not lie on each other.

    Raises:
        LabelError: if they do not; the message states both.
    """
    grids = [describe_grid(one.shape, one.crs, one.transform) for one in (before, after)]
    is_same = before.shape == after.shape and same_place(
        before.shape, (before.crs, before.transform), (after.crs, after.transform)
    )
    if not is_same:
        raise LabelError(
            f"{names[1]} does not lie on the grid of {names[0]}: {grids[1]}, not {grids[0]}: warp "
            "one map to the grid of the other, by nearest neighbour"
        )
