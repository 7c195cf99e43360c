"""A split: which labelled pixels a classifier learns from, and which ones score it."""

import hashlib
import json
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from affine import Affine

from hsidiff.amounts import count
from hsidiff.errors import HsidiffWarning, MissingFileError, SettingError, SplitError
from hsidiff.files import is_special, json_of, write_whole
from hsidiff.labels.copies import shared_pixels
from hsidiff.labels.ground import classes_by_place
from hsidiff.labels.label_map import (
    LabelMap,
    LandClass,
    as_text,
    classes_of_entries,
    labels_together,
)
from hsidiff.scenes.formats.gdal import parsed_crs
from hsidiff.scenes.formats.numpy_file import read_npz

_FILE_FORMAT = "hsidiff split 1"


@dataclass(frozen=True, eq=False)
class Split:
    """Training and test labels of one scene; no pixel is in both, and neither side is empty.

    Nor is a copy of a measured pixel, where the labels know which those are.

    Two splits with the same :attr:`sha256` hold the same pixels with the same labels.

    Attributes:
        train: what a classifier may learn from.
        test: what scores it.
        kind: how it was made, one of ``SPLIT_KINDS``.
        parameters: names to JSON values, everything that made it.
    """

    train: LabelMap
    test: LabelMap
    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The kind, and a table of the classes."""
        n_train, n_test = self.train.counts(), self.test.counts()
        rows = [(c.id, c.name, n_train[c.id], n_test[c.id]) for c in self.train.classes]
        table = pd.DataFrame(rows, columns=["id", "class", "training pixels", "test pixels"])
        return f"Split: {self.kind}\n{as_text(table)}"

    def __post_init__(self) -> None:
        """Refuse sides of another shape or legend, sides that overlap, and empty sides."""
        if self.train.shape != self.test.shape:
            raise SplitError(
                f"training labels are {self.train.shape} (rows, cols), test labels "
                f"{self.test.shape}: give labels of the same grid"
            )
        if self.train.classes != self.test.classes:
            raise SplitError("training and test labels have different legends: give both the same")
        n_shared = int(np.count_nonzero((self.train.values > 0) & (self.test.values > 0)))
        if n_shared:
            raise SplitError(
                f"{count(n_shared)} pixels are in both training and test labels: "
                "leave each labelled pixel in one of them"
            )
        n_copies = int(shared_pixels(self.test, self.train).sum())
        if n_copies:
            raise SplitError(
                f"{count(n_copies)} test labels lie on copies of measured pixels that train: split "
                "labels that read_labels gave, which keeps one of each"
            )
        for name, labels in (("training", self.train), ("test", self.test)):
            if labels.n_labelled == 0:
                raise SplitError(
                    f"the {self.kind} split has no {name} pixel: label more pixels, farther apart, "
                    "or change the share, the block size or the guard"
                )

    @property
    def sha256(self) -> str:
        """Hash of shape, training labels and test labels, hexadecimal; not of how they came."""
        digest = hashlib.sha256(repr(tuple(int(n) for n in self.train.shape)).encode())
        for labels in (self.train, self.test):
            digest.update(np.ascontiguousarray(labels.values, dtype="<i4").tobytes())
        return digest.hexdigest()

    def both_sides(self) -> LabelMap:
        """Training and test labels together."""
        return labels_together((self.train, self.test))

    def save(self, path: str | Path) -> None:
        """Write the split to one ``.npz`` file, whole or not at all, without pickle."""
        about = {
            "format": _FILE_FORMAT,
            "kind": self.kind,
            "parameters": self.parameters,
            "classes": [asdict(land_class) for land_class in self.train.classes],
            "sha256": self.sha256,
        }
        arrays = {"about": np.array(json.dumps(about, ensure_ascii=False, allow_nan=False))}
        for side, labels in (("train", self.train), ("test", self.test)):
            arrays |= _to_arrays(labels, side)
        with write_whole(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> "Split":
        """Read a split that :meth:`save` wrote.

        Raises:
            MissingFileError: if there is no such file.
            SplitError: if the file may not be read, is broken, was changed, or is something else.
        """
        try:
            if is_special(Path(path)):
                raise ValueError("it is a pipe or a device")
            with Path(path).open("rb"):  # says why a file may not be read
                arrays = read_npz(Path(path))
            about = json_of(str(arrays["about"]))
            classes = classes_of_entries(about["classes"])
            train, test = (_from_arrays(arrays, side, classes) for side in ("train", "test"))
            split = cls(train, test, about["kind"], about["parameters"])
        except (FileNotFoundError, NotADirectoryError) as error:
            raise MissingFileError(f"{path}: no such split file") from error
        except IsADirectoryError as error:
            raise SplitError(f"{path} is a folder: name the file of a split in it") from error
        except PermissionError as error:
            raise SplitError(f"{path} may not be read: ask its owner to allow it") from error
        except Exception as error:  # a foreign or broken file makes NumPy raise nearly anything
            raise SplitError(
                f"{path} is no split that hsidiff wrote, or a broken one: make the split again "
                "(hsidiff split)"
            ) from error
        if about.get("format") != _FILE_FORMAT or about.get("sha256") != split.sha256:
            raise SplitError(f"{path} was changed after it was written: make the split again")
        return split


def _to_arrays(labels: LabelMap, side: str) -> dict[str, np.ndarray]:
    """The arrays of one side, named ``train_values`` and so on, for :func:`numpy.savez`."""
    grid = {
        "crs": None if labels.crs is None else labels.crs.to_wkt(),
        "transform": None if labels.transform is None else list(labels.transform)[:6],
        "unit": labels.unit,
    }
    arrays = {f"{side}_values": labels.values, f"{side}_grid": np.array(json.dumps(grid))}
    if labels.sample_ids is not None:
        arrays[f"{side}_sample_ids"] = labels.sample_ids
    if labels.region is not None:
        arrays[f"{side}_region"] = labels.region
    return arrays


def _from_arrays(
    arrays: dict[str, np.ndarray], side: str, classes: tuple[LandClass, ...]
) -> LabelMap:
    """The label map that :func:`_to_arrays` took apart."""
    grid = json_of(str(arrays[f"{side}_grid"]))
    return LabelMap(
        arrays[f"{side}_values"],
        classes,
        sample_ids=arrays.get(f"{side}_sample_ids"),
        region=arrays.get(f"{side}_region"),
        crs=None if grid["crs"] is None else parsed_crs(grid["crs"]),
        transform=None if grid["transform"] is None else Affine(*grid["transform"]),
        unit=grid.get("unit", "blocks"),
    )


def check_can_be_split(labels: LabelMap) -> None:
    """Refuse labels that no split can use.

    Raises:
        SplitError: if there is no label, one class only, or a class with one labelled pixel.
    """
    counts = {c: n for c, n in zip(labels.classes, labels.counts().values(), strict=True) if n}
    if not counts:
        raise SplitError("there is no label to split: label some pixels of at least two classes")
    if len(counts) == 1:
        only = next(iter(counts))
        raise SplitError(f"all labels are of one class, {named(only)}: label at least two classes")
    for land_class, n_pixels in counts.items():
        if n_pixels == 1:
            raise SplitError(
                f"class {named(land_class)} has one labelled pixel, a split needs at least two: "
                f"add labels, or leave the class out (--ignore-class {land_class.id})"
            )


def check_train_fraction(train_fraction: float) -> None:
    """Refuse a share outside (0, 1) with a SettingError."""
    if not 0 < train_fraction < 1:
        raise SettingError(f"train_fraction={train_fraction}: must lie strictly between 0 and 1")


def check_samples_per_class(samples_per_class: int) -> None:
    """Refuse a number below 1 with a SettingError."""
    if samples_per_class < 1:
        raise SettingError(f"samples_per_class={samples_per_class}: must be at least 1")


def warn_of_one_sided_classes(split: Split) -> None:
    """Say in one warning which classes have no training or no test pixel; silent if none."""
    n_train, n_test = split.train.counts(), split.test.counts()
    classes = [c for c in split.train.classes if n_train[c.id] or n_test[c.id]]
    parts = [
        f"no {side} pixel: " + ", ".join(named(c) for c in classes if counts[c.id] == 0)
        for side, counts in (("training", n_train), ("test", n_test))
        if any(counts[c.id] == 0 for c in classes)
    ]
    if parts:
        text = f"{split.kind} split leaves classes on one side only ({'; '.join(parts)}): "
        advice = (
            "a class without training pixels is always missed, one without test pixels unscored"
        )
        warnings.warn(text + advice, HsidiffWarning, stacklevel=3)


def draw_per_class(
    values: np.ndarray, wanted: dict[int, int], generator: np.random.Generator
) -> np.ndarray:
    """Draw pixels of each class, uniformly and without replacement.

    Which pixels are drawn follows from where the classes lie, not from their ids.

    Args:
        values: (rows, cols) class id of each pixel.
        wanted: class id to the number of pixels to draw; there must be so many.
        generator: source of chance.

    Returns:
        (rows, cols) bool, the pixels drawn.
    """
    chosen = np.zeros(values.shape, dtype=bool)
    for class_id in classes_by_place(values):
        candidates = np.flatnonzero(values == class_id)
        chosen.flat[generator.choice(candidates, wanted[class_id], replace=False)] = True
    return chosen


def named(land_class: LandClass) -> str:
    """A class as messages write it: ``5 'Soil'``."""
    return f"{land_class.id} {land_class.name!r}"


def with_samples_per_class(
    train: LabelMap, samples_per_class: int | None, generator: np.random.Generator
) -> LabelMap:
    """Training labels of which so many pixels of each class are drawn, or all; None takes all."""
    if samples_per_class is None:
        return train
    wanted = {i: min(samples_per_class, n) for i, n in train.counts().items()}
    return train.keeping(draw_per_class(train.values, wanted, generator), train.region)
