"""Where an experiment's scene and its labels come from: files, a benchmark, or the generator."""

import os
import re
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from hsidiff.errors import (
    HsidiffWarning,
    MissingFileError,
    SettingError,
    check_choice,
    check_whole_number,
)
from hsidiff.experiment.toml_table import Types, as_setting, check_table, check_type
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.matching import with_ids_of
from hsidiff.labels.pixel_split import published_split
from hsidiff.labels.read import read_labels
from hsidiff.scenes.benchmarks import BENCHMARKS, benchmark_folder, fetch_benchmark
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.synthetic import make_synthetic_scene

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_GENERATOR_KEYS: dict[str, Types] = {
    "shape": list,
    "n_bands": int,
    "n_classes": int,
    "random_state": int,
}
_COMMON_KEYS: dict[str, Types] = {"name": str, "drop_bands": list, "ignore_classes": list}
_LABEL_KEYS: dict[str, Types] = {"labels": str, "test_labels": str, "class_names": list}
_KEYS: dict[str, dict[str, Types]] = {
    "embedded": {**_COMMON_KEYS, "embedded": bool, **_GENERATOR_KEYS},
    "benchmark": {**_COMMON_KEYS, **_LABEL_KEYS, "benchmark": str},
    "path": {
        **_COMMON_KEYS,
        **_LABEL_KEYS,
        **dict.fromkeys(("path", "variable", "labels_variable", "field"), str),
        "nodata": (int, float),
    },
}
_REQUIRED = {"embedded": (), "benchmark": (), "path": ("name", "path", "labels")}


@dataclass(frozen=True)
class SceneSource:
    """One ``[[scenes]]`` table: the scene, its labels, how both are read.

    Attributes:
        name: what the experiment calls it.
        path: the scene's file; None for the embedded scene.
        labels: the labels' file; None for those of the benchmark.
        variable: name of the scene's array in its file, or None.
        labels_variable: name of the labels' array, or None.
        field: field of vector labels that holds the classes, or None.
        drop_bands: bands of the file, from 1, to leave out.
        nodata: the stored number that means "no value", where the file does not say so.
        ignore_classes: classes to leave out, by id or name.
        test_labels: the file of published test labels; ``labels`` are then the training labels.
        class_names: ids and names of classes, in place of those in the labels' file.
        benchmark: the benchmark whose files these are, or None.
        embedded: names and values of the generator's arguments, for the embedded scene; else None.
    """

    name: str
    path: Path | None = None
    labels: Path | None = None
    variable: str | None = None
    labels_variable: str | None = None
    field: str | None = None
    drop_bands: tuple[int, ...] = ()
    nodata: float | None = None
    ignore_classes: tuple[int | str, ...] = ()
    test_labels: Path | None = None
    class_names: tuple[tuple[int, str], ...] = ()
    benchmark: str | None = None
    embedded: tuple[tuple[str, Any], ...] | None = None

    def verified(self) -> "SceneSource":
        """This source, once its files are there; those of a benchmark must be the right ones.

        Raises:
            MissingFileError: if a file is missing; says how to fetch those of a benchmark.
            SceneError: if they are not what the benchmark's table says.
        """
        for path in (self.path, self.labels, self.test_labels):
            if path is not None and not path.exists():
                raise MissingFileError(
                    f"scene {self.name!r}: {path} does not exist: put it there, or name another"
                )
        if self.benchmark is None:
            return self
        benchmark, folder = BENCHMARKS[self.benchmark], benchmark_folder()
        for file in (benchmark.scene, benchmark.labels):
            if not (folder / file.name).exists():
                raise MissingFileError(
                    f"scene {self.name!r}: {folder / file.name} does not exist: get it with "
                    f"'hsidiff fetch {self.benchmark}'"
                )
        files = fetch_benchmark(self.benchmark)
        found = replace(self, path=files.scene, variable=files.scene_variable)
        if self.labels is not None:  # Other labels of the scene: their ids are their own.
            return found
        return replace(
            found,
            labels=files.labels,
            labels_variable=files.labels_variable,
            class_names=self.class_names
            or tuple((entry.id, entry.name) for entry in benchmark.classes),
        )

    def open(self) -> Scene:
        """The scene.

        Raises:
            MissingFileError: if there is no such file.
            SceneError: if it holds no scene.
            SettingError: if an argument of the generator is out of range.
        """
        if self.embedded is not None:
            scene = make_synthetic_scene(**dict(self.embedded)).scene
            return open_scene(scene, drop_bands=self.drop_bands)
        assert self.path is not None
        return open_scene(
            self.path, variable=self.variable, drop_bands=self.drop_bands, nodata=self.nodata
        )

    def read_labels(self, scene: Scene) -> tuple[LabelMap, LabelMap | None]:
        """The labels, and the published test labels, if there are any, with the same class ids.

        Raises:
            MissingFileError: if there is no such file.
            LabelError: if labels cannot be read or do not fit the scene.
        """
        source: Path | LabelMap | None = self.labels
        if self.embedded is not None:
            made = make_synthetic_scene(**dict(self.embedded))
            source = LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
        assert source is not None
        labels = self._read(source, scene)
        if self.test_labels is None:
            return labels, None
        test_labels = self._read(self.test_labels, scene)
        return labels, with_ids_of(test_labels, labels.classes, "the training labels")

    def _read(self, source: Path | LabelMap, scene: Scene) -> LabelMap:
        return read_labels(
            source,
            scene,
            field=self.field,
            variable=self.labels_variable if isinstance(source, Path) else None,
            ignore_classes=self.ignore_classes,
            class_names=dict(self.class_names),
        )


@lru_cache(maxsize=1)
def open_once(source: SceneSource, sha256: str) -> Scene:
    """The scene of a source; that of the call before is kept, since its pixels may be in memory.

    Args:
        source: where it comes from.
        sha256: what its files hold; a changed file is another scene.
    """
    return source.open()


def all_labels(labels: LabelMap, test_labels: LabelMap | None) -> LabelMap:
    """Published training and test labels as one map, for splits of another kind.

    Raises:
        SplitError: if they overlap, or name a class differently.
    """
    if test_labels is None:
        return labels
    with warnings.catch_warnings():
        # What is odd about the published split is said where that split is used.
        warnings.simplefilter("ignore", HsidiffWarning)
        split = published_split(labels, test_labels)
    return replace(split.train, values=split.train.values + split.test.values, sample_ids=None)


def read_source(table: Any, folder: Path) -> SceneSource:
    """One ``[[scenes]]`` table of the file.

    Args:
        table: what was read.
        folder: what its paths are relative to.

    Raises:
        SettingError: if a key is unknown, missing or of the wrong type, or an environment variable
            in a path is not set.
    """
    check_type("[[scenes]]", table, dict)
    kind = next((kind for kind in ("embedded", "benchmark") if kind in table), "path")
    where = f"scene {table['name']!r}" if "name" in table else "[[scenes]]"
    check_table(where, table, _KEYS[kind], _REQUIRED[kind])
    for band in table.get("drop_bands", []):
        check_whole_number(f"{where}: drop_bands", band, 1)
    attributes = {
        key: as_setting(value)
        for key, value in table.items()
        if key != "embedded" and key not in _GENERATOR_KEYS
    }
    for name in table.get("class_names", []):
        check_type(f"{where}: class_names", name, str)
    attributes["class_names"] = tuple(enumerate(table.get("class_names", []), start=1))
    for key in {"path", "labels", "test_labels"} & table.keys():
        attributes[key] = _path(f"{where}: {key}", table[key], folder)
    if kind == "benchmark":
        check_choice(f"{where}: benchmark", table["benchmark"], BENCHMARKS)
        attributes.setdefault("name", table["benchmark"])
    if kind == "embedded":
        if not table["embedded"]:
            raise SettingError(f"{where}: embedded=false: leave it out, and give path and labels")
        attributes.setdefault("name", "embedded")
        given = [(key, as_setting(table[key])) for key in _GENERATOR_KEYS if key in table]
        attributes["embedded"] = tuple(given)
    return SceneSource(**attributes)


def _path(where: str, text: str, folder: Path) -> Path:
    """A path of the file: environment variables filled in, relative to ``folder``."""
    for name in _VARIABLE.findall(text):
        if not os.environ.get(name):
            raise SettingError(
                f"{where} = {text}: the environment variable {name} is not set: set it to the "
                "folder that is meant"
            )
    return folder / Path(_VARIABLE.sub(lambda match: os.environ[match[1]], text)).expanduser()
