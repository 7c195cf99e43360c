"""Get public benchmark scenes by name, and check that they are what they should be."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from scipy.io import loadmat, savemat

from hsidiff.errors import MissingFileError, SceneError, SettingError, check_choice
from hsidiff.files import nearest_that_exists, sha256_of_files, write_whole
from hsidiff.scenes.benchmark_table import BENCHMARKS, Benchmark, BenchmarkFile, NumpyFile
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "BenchmarkFiles",
    "benchmark_folder",
    "fetch_benchmark",
    "verify_benchmark",
]


@dataclass(frozen=True)
class BenchmarkFiles:
    """The files of a benchmark on this machine, and the variables to read in them.

    Attributes:
        scene: the scene file.
        labels: the label file.
        scene_variable: the scene's MATLAB variable, or None to let the reader find it.
        labels_variable: the labels' MATLAB variable, or None to let the reader find it.
    """

    scene: Path
    labels: Path
    scene_variable: str | None
    labels_variable: str | None


def benchmark_folder(folder: str | Path | None = None) -> Path:
    """The folder of benchmark files: the one given, else HSIDIFF_CACHE, else the user's cache."""
    chosen = folder or os.environ.get("HSIDIFF_CACHE") or pooch.os_cache("hsidiff")
    return Path(chosen).expanduser()


def fetch_benchmark(name: str, folder: str | Path | None = None) -> BenchmarkFiles:
    """Get a benchmark: take its files from a folder, download what is not there, check both.

    Args:
        name: a key of :data:`BENCHMARKS`.
        folder: where the files lie or shall lie; see :func:`benchmark_folder`. A file that lies
            there already is taken, so files can be put there by hand.

    Raises:
        SettingError: if no benchmark has that name, the folder is a file, or a file is to be
            downloaded into a folder that may not be written to.
        MissingFileError: if a file is absent and cannot be downloaded.
        SceneError: if a file is not what the table says.
    """
    benchmark = BENCHMARKS[check_choice("benchmark", name, BENCHMARKS)]
    folder = benchmark_folder(folder)
    nearest = nearest_that_exists(folder)
    if not nearest.is_dir():
        where = "" if nearest == folder else f"{folder}: "
        raise SettingError(f"{where}{nearest} is a file: give the name of a folder")
    files = BenchmarkFiles(
        scene=_fetch_file(benchmark, benchmark.scene, folder),
        labels=_fetch_file(benchmark, benchmark.labels, folder),
        scene_variable=benchmark.scene.variable,
        labels_variable=benchmark.labels.variable,
    )
    verify_benchmark(benchmark, files)
    return files


def _fetch_file(benchmark: Benchmark, file: BenchmarkFile, folder: Path) -> Path:
    path = folder / file.name
    if not path.exists():
        _get(benchmark, file, path)
    sha256 = sha256_of_files([path]) if file.sha256 else None
    if sha256 != file.sha256:
        raise SceneError(
            f"{path} has SHA-256 {sha256}, expected {file.sha256}: delete it to download it again"
        )
    return path


def _get(benchmark: Benchmark, file: BenchmarkFile, path: Path) -> None:
    """Download a file or, where its publisher does not give it, take it from the second source."""
    if file.url is None:
        raise MissingFileError(
            f"{path} does not exist and {benchmark.name} is not freely downloadable "
            f"({benchmark.note}): get it from {benchmark.page}, put it into a folder as "
            f"{benchmark.scene.name} and {benchmark.labels.name}, and name that folder"
        )
    nearest = nearest_that_exists(path.parent)
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SettingError(
            f"{path.parent}: {nearest} is not yours to write to: give another folder"
        )
    try:
        _download(file.url, file.sha256, path)
    except (MissingFileError, SceneError):
        if file.second_source is None:
            raise
        _get_numbers(file, file.second_source, path)


def _download(url: str, sha256: str | None, path: Path) -> None:
    """Download to ``path``, whole or not at all, and check the checksum, if one is known."""
    # Pooch would write to stderr what it downloads; telling is the command line's business.
    pooch.get_logger().setLevel("WARNING")
    known_hash = f"sha256:{sha256}" if sha256 else None
    try:
        pooch.retrieve(url, known_hash, path.name, path.parent, downloader=pooch.HTTPDownloader())
    except OSError as error:
        raise MissingFileError(
            f"{url} cannot be downloaded ({type(error).__name__}): check the network, "
            f"or put the file by hand into {path.parent} as {path.name}"
        ) from error
    except ValueError as error:  # Pooch's answer to a wrong checksum; it has removed the file.
        raise SceneError(
            f"{url} gave a file whose SHA-256 is not {sha256}: the download broke or "
            f"the publisher changed the file; try again, or put the original into {path.parent}"
        ) from error


def _get_numbers(file: BenchmarkFile, source: NumpyFile, path: Path) -> None:
    """Write the array of a ``.npy`` file as the file that the publisher would give."""
    with tempfile.TemporaryDirectory(prefix="hsidiff-fetch-") as folder:
        downloaded = Path(folder) / "numbers.npy"
        _download(source.url, source.sha256, downloaded)
        values = np.load(downloaded, allow_pickle=False)
    with write_whole(path) as temporary:
        savemat(temporary, {str(file.variable): values}, do_compression=True)


def verify_benchmark(benchmark: Benchmark, files: BenchmarkFiles) -> None:
    """Check that files hold the scene and the labels that the table promises.

    Raises:
        SceneError: if rows, columns, bands, the label count of a class, or numbers whose checksum
            is known, differ.
    """
    _verify_cube(benchmark, files)
    _verify_labels(benchmark, files)


def _verify_cube(benchmark: Benchmark, files: BenchmarkFiles) -> None:
    scene = open_scene(files.scene, variable=files.scene_variable)
    if scene.source.shape != benchmark.shape:
        raise SceneError(
            f"{files.scene} holds {scene.source.shape} (rows, cols, bands), "
            f"{benchmark.name} has {benchmark.shape}: delete the file or get the right one"
        )
    if benchmark.scene.values_sha256 is not None:
        values = scene.source.read(Window.whole(scene.shape), np.arange(benchmark.shape[2]))
        _verify_values(benchmark.scene, files.scene, values)


def _verify_labels(benchmark: Benchmark, files: BenchmarkFiles) -> None:
    labels = _read_labels(benchmark, files)
    ids, counts = np.unique(labels[labels != 0], return_counts=True)
    counted = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    expected = {land_class.id: land_class.n_labelled for land_class in benchmark.classes}
    for class_id in sorted(counted.keys() | expected.keys()):
        if counted.get(class_id, 0) != expected.get(class_id, 0):
            raise SceneError(
                f"{files.labels} has {counted.get(class_id, 0)} labels of class {class_id}, "
                f"{benchmark.name} has {expected.get(class_id, 0)}: get the original file from "
                f"{benchmark.page}"
            )
    _verify_values(benchmark.labels, files.labels, labels)


def _verify_values(file: BenchmarkFile, path: Path, values: np.ndarray) -> None:
    """Compare the checksum of an array's numbers, if one is known."""
    if file.values_sha256 is None:
        return
    sha256 = hashlib.sha256(np.ascontiguousarray(values, dtype="<i4").tobytes()).hexdigest()
    if sha256 != file.values_sha256:
        raise SceneError(
            f"{path} holds other numbers than the public scene (SHA-256 of the values {sha256}, "
            f"expected {file.values_sha256}): delete it to download it again"
        )


def _read_labels(benchmark: Benchmark, files: BenchmarkFiles) -> np.ndarray:
    """The label array (rows, cols): the named variable, or the one of the scene's shape."""
    try:
        content = loadmat(files.labels, variable_names=files.labels_variable)
    except Exception as error:  # a broken file makes scipy raise nearly anything
        raise SceneError(
            f"{files.labels} is not a readable MATLAB 5 file: delete it and fetch it again"
        ) from error
    arrays = [value for name, value in content.items() if not name.startswith("__")]
    fitting = [value for value in arrays if np.shape(value) == benchmark.shape[:2]]
    if len(fitting) != 1:
        shapes = [np.shape(value) for value in arrays]
        raise SceneError(
            f"{files.labels} holds arrays of shape {shapes}: expected one of "
            f"{benchmark.shape[:2]} (rows, cols), variable {files.labels_variable or 'any'}"
        )
    return np.asarray(fitting[0])
