"""The public benchmark scenes that ``benchmarks.toml`` lists."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class NumpyFile:
    """A ``.npy`` file that holds the array of a benchmark's file.

    Attributes:
        url: where to download it.
        sha256: its checksum.
    """

    url: str
    sha256: str


@dataclass(frozen=True)
class BenchmarkFile:
    """One file of a benchmark.

    Attributes:
        name: its name in the folder.
        variable: the MATLAB variable to read; None where copies differ and the shape decides.
        url: where to download it; None if it is not freely downloadable.
        sha256: its checksum; None where no original could be checked, so that shape, bands and
            label counts are all that vouches for it, or where ``values_sha256`` does.
        values_sha256: checksum of the array's numbers, row by row, as little-endian int32: the same
            for every file that holds them, whoever wrote it.
        second_source: where to get the array if ``url`` is gone; None if no other place is known.
    """

    name: str
    variable: str | None = None
    url: str | None = None
    sha256: str | None = None
    values_sha256: str | None = None
    second_source: NumpyFile | None = None


@dataclass(frozen=True)
class BenchmarkClass:
    """One class: its id in the label file, its usual name, its number of labelled pixels."""

    id: int
    name: str
    n_labelled: int


@dataclass(frozen=True)
class Benchmark:
    """One public scene with its labels.

    Attributes:
        name: how it is asked for.
        page: the page that describes it.
        sensor: the sensor that took it.
        gsd_m: ground sampling distance in m.
        shape: rows, columns, bands of the scene file.
        scene: the file of the scene.
        labels: the file of the labels.
        classes: every class, by increasing id.
        n_sensor_bands: number of bands before the distributor dropped some.
        dropped_bands: first and last number, from 1 and inclusive, of each run of dropped bands;
            empty if none was dropped or the distributor does not say which.
        drop_reason: why the bands were dropped.
        note: what a user should know about it; empty if nothing.
    """

    name: str
    page: str
    sensor: str
    gsd_m: float
    shape: tuple[int, int, int]
    scene: BenchmarkFile
    labels: BenchmarkFile
    classes: tuple[BenchmarkClass, ...] = field(repr=False)
    n_sensor_bands: int
    dropped_bands: tuple[tuple[int, int], ...] = ()
    drop_reason: str = ""
    note: str = ""

    @property
    def class_names(self) -> dict[int, str]:
        """Class id to name."""
        return {land_class.id: land_class.name for land_class in self.classes}

    @property
    def n_labelled(self) -> int:
        """Number of labelled pixels."""
        return sum(land_class.n_labelled for land_class in self.classes)


def _read_file(table: dict[str, Any]) -> BenchmarkFile:
    """The table of one file."""
    source = table.pop("second_source", None)
    return BenchmarkFile(**table, second_source=None if source is None else NumpyFile(**source))


def _read(name: str, table: dict[str, Any]) -> Benchmark:
    """One table of the file."""
    return Benchmark(
        name=name,
        shape=tuple(table.pop("shape")),
        scene=_read_file(table.pop("scene")),
        labels=_read_file(table.pop("labels")),
        classes=tuple(BenchmarkClass(*entry) for entry in table.pop("classes")),
        dropped_bands=tuple(map(tuple, table.pop("dropped_bands", ()))),
        **table,
    )


_TABLES = tomllib.loads(Path(__file__).with_name("benchmarks.toml").read_text(encoding="utf-8"))
BENCHMARKS = {name: _read(name, table) for name, table in _TABLES.items()}
"""Every benchmark by its name."""
