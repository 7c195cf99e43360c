"""Where an experiment's scene and its labels come from: files, a benchmark, or the generator."""

import os
import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, Strict, ValidationInfo

from hsidiff.errors import HsidiffWarning, MissingFileError, SettingError, check_choice
from hsidiff.experiment.checked_table import Several, Table
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.matching import with_ids_of
from hsidiff.labels.pixel_split import published_split
from hsidiff.labels.read import read_labels
from hsidiff.labels.validity import without_invalid_pixels
from hsidiff.scenes.benchmarks import BENCHMARKS, benchmark_folder, fetch_benchmark
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.synthetic import SyntheticScene, make_synthetic_scene

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def _path(text: Any, info: ValidationInfo) -> Any:
    """A path of the file: environment variables filled in, relative to the file's folder."""
    if not isinstance(text, str):
        return text
    for name in _VARIABLE.findall(text):
        if not os.environ.get(name):
            raise SettingError(
                f"{text}: the environment variable {name} is not set: set it to the folder that "
                "is meant"
            )
    filled = _VARIABLE.sub(lambda match: os.environ[match[1]], text)
    folder: Path = (info.context or {})["folder"]
    return folder / Path(filled).expanduser()


def _numbered(names: Any) -> Any:
    return tuple(enumerate(names, start=1)) if isinstance(names, list) else names


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


OneOrSeveralNumbers: TypeAlias = Annotated[Several[float], BeforeValidator(_listed)]
FilePath: TypeAlias = Annotated[Path, BeforeValidator(_path)]
ClassNames: TypeAlias = Annotated[tuple[tuple[int, str], ...], BeforeValidator(_numbered)]
BenchmarkName: TypeAlias = Annotated[
    str, AfterValidator(lambda name: check_choice("benchmark", name, BENCHMARKS))
]
NmRange: TypeAlias = Annotated[tuple[float, float], Strict(False)]
_COMMON_KEYS = ("name", "drop_bands", "drop_nm", "keep_nm", "ignore_classes")
_LABEL_KEYS = ("labels", "test_labels", "class_names")
_GENERATOR_KEYS = ("shape", "n_bands", "n_classes", "random_state")


class SceneSource(Table):
    """One ``[[scenes]]`` table: the scene, its labels, how both are read.

    Attributes:
        path: the scene's file; None for the embedded scene.
        labels: the labels' file; None for those of the benchmark.
        test_labels: the file of published test labels; ``labels`` are then the training labels.
        class_names: ids and names of classes, in place of those in the labels' file.
        variable: name of the scene's array in its file, or None.
        labels_variable: name of the labels' array, or None.
        field: field of vector labels that holds the classes, or None.
        nodata: the stored number that means "no value", or several, where the file does not say so.
        apply_masks: whether the quality masks of a product hide pixels.
        band_axis: which axis of the scene's array holds the bands, or None.
        zero: what the class id 0 means in the labels' files.
        drop_bands: bands of the file, from 1, to leave out.
        drop_nm: ranges of wavelengths, [first, last] in nm, whose bands to leave out.
        keep_nm: ranges of wavelengths outside which bands are left out.
        ignore_classes: classes to leave out, by id or name.
        benchmark: the benchmark whose files these are, or None.
        embedded: whether the scene is generated; the four after it are the generator's arguments.
        name: what the experiment calls it.
    """

    path: FilePath | None = None
    labels: FilePath | None = None
    test_labels: FilePath | None = None
    class_names: ClassNames = ()
    variable: str | None = None
    labels_variable: str | None = None
    field: str | None = None
    nodata: OneOrSeveralNumbers | None = None
    apply_masks: bool = True
    band_axis: Literal["first", "middle", "last"] | None = None
    zero: Literal["unlabelled", "class"] = "unlabelled"
    drop_bands: Several[Annotated[int, Field(ge=1)]] = ()
    drop_nm: Several[NmRange] = ()
    keep_nm: Several[NmRange] = ()
    ignore_classes: Several[int | str] = ()
    benchmark: BenchmarkName | None = None
    embedded: bool = False
    shape: Several[int] | None = None
    n_bands: int | None = None
    n_classes: int | None = None
    random_state: int | None = None
    name: str = Field(default_factory=lambda known: known["benchmark"] or "embedded", min_length=1)

    @classmethod
    def keys_of(cls, table: Mapping[str, Any]) -> dict[str, bool]:
        """Those of a generated scene, a benchmark, or files, which need some."""
        if table.get("embedded"):
            return dict.fromkeys((*_COMMON_KEYS, "embedded", *_GENERATOR_KEYS), False)
        if "benchmark" in table:
            return dict.fromkeys((*_COMMON_KEYS, "benchmark", *_LABEL_KEYS), False)
        others = ("embedded", "benchmark", *_GENERATOR_KEYS)
        needed = ("name", "path", "labels")
        known = {key: key in needed for key in cls.model_fields if key not in others}
        return {**known, "embedded": False} if table.get("embedded") is False else known

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
        known: dict[str, Any] = {"path": files.scene, "variable": files.scene_variable}
        if self.labels is None:  # Other labels of the scene have ids of their own.
            names = tuple((entry.id, entry.name) for entry in benchmark.classes)
            known |= {"labels": files.labels, "labels_variable": files.labels_variable}
            known["class_names"] = self.class_names or names
        return self.model_copy(update=known)

    def open(self) -> Scene:
        """The scene.

        Raises:
            MissingFileError: if there is no such file.
            SceneError: if it holds no scene.
            SettingError: if an argument of the generator is out of range.
        """
        scene = self.path if self.path is not None else self._generate().scene
        return open_scene(
            scene,
            variable=self.variable,
            drop_bands=self.drop_bands,
            nodata=self.nodata,
            apply_masks=self.apply_masks,
            band_axis=self.band_axis,
            drop_nm=self.drop_nm,
            keep_nm=self.keep_nm,
        )

    def read_labels(self, scene: Scene) -> tuple[LabelMap, LabelMap | None]:
        """The labels, and the published test labels, if there are any, with the same class ids.

        Raises:
            MissingFileError: if there is no such file.
            LabelError: if labels cannot be read or do not fit the scene.
        """
        if self.labels is None:
            made = self._generate()
            labels = LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
            return self._read(labels, scene), None
        labels = self._read(self.labels, scene)
        if self.test_labels is None:
            return labels, None
        test_labels = self._read(self.test_labels, scene)
        return labels, with_ids_of(test_labels, labels.classes, "the training labels")

    def _generate(self) -> SyntheticScene:
        return _generated(**self.model_dump(include=set(_GENERATOR_KEYS), exclude_none=True))

    def _read(self, labels: Path | LabelMap, scene: Scene) -> LabelMap:
        labels = read_labels(
            labels,
            scene,
            field=self.field,
            variable=self.labels_variable,
            ignore_classes=self.ignore_classes,
            class_names=dict(self.class_names),
            zero=self.zero,
        )
        return without_invalid_pixels(labels, scene)


@lru_cache(maxsize=1)
def _generated(**arguments: Any) -> SyntheticScene:
    """A generated scene; that of the call before is kept, for its labels."""
    return make_synthetic_scene(**arguments)


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
        return published_split(labels, test_labels).both_sides()
