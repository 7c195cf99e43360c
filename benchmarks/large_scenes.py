"""Time and memory of fit and map on scenes that are never held whole, nor on disk.

::

    python -m benchmarks.large_scenes growth              # 1e5 to 1e7 pixels: fit and map
    python -m benchmarks.large_scenes strip               # 600 x 600 and 6,000 x 6,000, 200 bands
    python -m benchmarks.large_scenes file                # a GeoTIFF of 2 GB, written and deleted
    python -m benchmarks.large_scenes tiles               # what a tile was said to take, and took
    python -m benchmarks.large_scenes crops               # crops from the pool, and from a file

Each fit and each map is a process of its own, which this module is, too, so its peak memory is its
own. What is found goes into one JSON file, part by part; parts that are not measured stay.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rasterio
import torch
from rasterio.windows import Window as RasterioWindow

from benchmarks.machine import RESULTS, ROOT, describe_run
from benchmarks.sizes import BENCH
from hsidiff.catalog import find_classifier, load_classifier
from hsidiff.contract import WINDOW_PX, SceneClassifier
from hsidiff.evaluation.results import peak_memory_bytes
from hsidiff.files import write_json
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.predict import predict_to_file
from hsidiff.maps.tile_size import bytes_per_pixel
from hsidiff.memory import held_bytes, limited_to, peak_of
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.synthetic import SyntheticScene, make_synthetic_scene
from hsidiff.scenes.window import Window
from hsidiff.windows.crops import CropPool
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.seen_values import sampled_spectra
from hsidiff.windows.statistics import StreamingMoments
from hsidiff.windows.tiles import tile_windows

BASE_PX, N_CLASSES = 160, 8
GROWTH_SIDES_PX, GROWTH_BANDS = (316, 1000, 3162), 32
STRIP_SIDES_PX, STRIP_BANDS = (600, 6000), 200
FILE_SIDE_PX, FILE_BANDS = 2240, 200
CROP_PX, N_CROPS = 16, 200
METHODS: dict[str, dict[str, Any]] = {
    "lda": {},
    "spectraldiff": {"pretrain_steps": 20, "head": "linear", "device": "cpu"},
}
"""A denoiser of few steps maps as fast as one of many, and reads the scene as often."""
TILE_METHODS: dict[str, dict[str, Any]] = {
    "lda": {},
    "pca-mean": {},
    "svm": {},
    "cnn-2d": {"n_epochs": 1},
    "spectraldiff": {"pretrain_steps": 2, "device": "cpu"},
    "diffcrn": {"pretrain_steps": 2, "device": "cpu"},
}


@dataclass(frozen=True)
class RepeatedSource:
    """A small scene over and over, to any size; a window is made when it is read.

    Attributes:
        base: (rows, cols, bands) int16, the small scene.
        shape: rows, cols, bands.
    """

    base: np.ndarray
    shape: tuple[int, int, int]

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the small scene."""
        return self.base.dtype

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        """See :meth:`hsidiff.scenes.scene.PixelSource.read`."""
        rows = np.arange(window.row, window.row + window.n_rows) % self.base.shape[0]
        cols = np.arange(window.col, window.col + window.n_cols) % self.base.shape[1]
        return self.base[np.ix_(rows, cols, bands)]


def repeated(side_px: int, n_bands: int) -> tuple[Scene, SyntheticScene]:
    """A scene of ``side_px`` squared pixels served by window, and the small one that it repeats."""
    made = make_synthetic_scene((BASE_PX, BASE_PX), n_bands, n_classes=N_CLASSES)
    stored = made.scene.source.read(Window.whole(made.scene.shape), np.arange(n_bands))
    source = RepeatedSource(stored, (side_px, side_px, n_bands))
    return replace(made.scene, source=source), made


def labels_of(made: SyntheticScene, side_px: int) -> LabelMap:
    """The small scene's labels, in the upper left corner of the large one: samples stay as many."""
    values = np.zeros((side_px, side_px), dtype=np.int32)
    values[:BASE_PX, :BASE_PX] = made.label_values[:side_px, :side_px]
    return LabelMap.from_array(values, made.class_names, made.class_colors)


def fit(task: Mapping[str, Any]) -> dict[str, Any]:
    """Fit to a scene served by window, and save."""
    scene, made = repeated(task["side_px"], task["n_bands"])
    labels = labels_of(made, task["side_px"])
    model = find_classifier(task["method"])(**task["settings"])
    cost = _cost_of(lambda: model.fit(scene, labels), scene)
    model.save(task["model"])
    return cost


def map_served(task: Mapping[str, Any]) -> dict[str, Any]:
    """Map a scene served by window."""
    scene, _ = repeated(task["side_px"], task["n_bands"])
    return _map(load_classifier(task["model"]), scene)


def map_file(task: Mapping[str, Any]) -> dict[str, Any]:
    """Map a scene on disk."""
    served, _ = repeated(FILE_SIDE_PX, FILE_BANDS)
    # The file says neither which bands are good nor how numbers are scaled.
    scene = replace(open_scene(task["scene"]), good_bands=served.good_bands, scale=served.scale)
    return _map(load_classifier(task["model"]), scene)


def estimate(task: Mapping[str, Any]) -> dict[str, Any]:
    """What a tile of the default size was said to take before it was computed, and what it took."""
    scene, _ = repeated(GROWTH_SIDES_PX[0], task["n_bands"])
    model = load_classifier(task["model"])
    per_pixel = bytes_per_pixel(model, scene)
    size, halo_px = WINDOW_PX, model.halo_px
    window = Window(0, 0, size, size)
    _, peak = peak_of(lambda: model.predict_proba_window(scene, window))
    said = per_pixel * (size + 2 * halo_px) ** 2
    return {"halo_px": halo_px, "estimated_bytes": said, "peak_bytes": peak}


def _map(model: SceneClassifier, scene: Scene) -> dict[str, Any]:
    # First calls read libraries and choose algorithms.
    model.predict_proba_window(scene, Window(0, 0, 32, 32))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "map.tif"
        return _cost_of(lambda: predict_to_file(model, scene, path), scene)


def _cost_of(work: Callable[[], object], scene: Scene) -> dict[str, Any]:
    """Seconds, seconds of the processor, and memory, as hsidiff's commands limit it."""
    before = held_bytes()
    began, began_cpu = time.perf_counter(), time.process_time()
    with limited_to():
        work()
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    n_pixels = scene.shape[0] * scene.shape[1]
    return {
        "n_pixels": n_pixels,
        "s": seconds,
        "cpu_s": cpu_s,
        "cpu_s_per_pixel": cpu_s / n_pixels,
        "held_before_bytes": before,
        "peak_memory_bytes": peak_memory_bytes(),
    }


TASKS = {task.__name__: task for task in (fit, map_served, map_file, estimate)}


def in_own_process(name: str, **task: Any) -> dict[str, Any]:
    """Do a task in a new process.

    Raises:
        subprocess.CalledProcessError: if it fails; what it said goes to standard error.
    """
    command = [sys.executable, "-m", "benchmarks.large_scenes", name, "--task", json.dumps(task)]
    # As `hsidiff` does.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    print(name, {k: v for k, v in task.items() if k != "model"}, answer, flush=True)
    return answer


def growth(folder: Path, sides_px: tuple[int, ...] = GROWTH_SIDES_PX) -> list[dict[str, Any]]:
    """Fit and map of scenes of several sizes, with methods that learn the scene and that do not."""
    found = []
    for method, settings in METHODS.items():
        for side_px in sides_px:
            about = {"method": method, "side_px": side_px, "n_bands": GROWTH_BANDS}
            model = str(folder / f"{method}-{side_px}")
            learned = in_own_process("fit", settings=settings, model=model, **about)
            mapped = in_own_process("map_served", model=model, **about)
            found.append({**about, "settings": settings, "fit": learned, "map": mapped})
    return found


def strip(folder: Path, sides_px: tuple[int, ...] = STRIP_SIDES_PX) -> list[dict[str, Any]]:
    """A scene of 36 million pixels beside one of a hundredth; a denoiser on the small one alone."""
    found = []
    for method, sides in (("lda", sides_px), ("spectraldiff", sides_px[:1])):
        model, settings = str(folder / f"{method}-strip"), METHODS[method]
        about = {"method": method, "n_bands": STRIP_BANDS, "settings": settings}
        in_own_process("fit", side_px=sides_px[0], model=model, **about)
        for side_px in sides:
            mapped = in_own_process("map_served", side_px=side_px, model=model, **about)
            found.append({**about, "side_px": side_px, "map": mapped})
    return found


def file(folder: Path, side_px: int = FILE_SIDE_PX) -> dict[str, Any]:
    """A GeoTIFF, which is written in tiles, mapped, and deleted with the folder."""
    scene_path, model = folder / "scene.tif", str(folder / "lda-file")
    write_tiled(repeated(side_px, FILE_BANDS)[0], scene_path)
    about = {"method": "lda", "n_bands": FILE_BANDS, "settings": {}}
    in_own_process("fit", side_px=GROWTH_SIDES_PX[0], model=model, **about)
    mapped = in_own_process("map_file", scene=str(scene_path), model=model)
    return {**about, "side_px": side_px, "bytes": scene_path.stat().st_size, "map": mapped}


def tiles(folder: Path, methods: Mapping[str, Any] = TILE_METHODS) -> dict[str, Any]:
    """How good the estimate is that the tile size follows from."""
    found = {}
    for method, settings in methods.items():
        for n_bands in (GROWTH_BANDS, STRIP_BANDS):
            model = str(folder / f"{method}-{n_bands}-tiles")
            about = {"method": method, "n_bands": n_bands}
            side_px = BASE_PX
            in_own_process("fit", side_px=side_px, settings=settings, model=model, **about)
            found[f"{method}, {n_bands} bands"] = in_own_process("estimate", model=model, **about)
    return found


def crops(folder: Path, side_px: int = 1024) -> dict[str, Any]:
    """Seconds to draw a crop from the pool, and to read and transform it from a file by window."""
    write_tiled(repeated(side_px, FILE_BANDS)[0], folder / "scene.tif")
    scene = open_scene(folder / "scene.tif")
    moments = StreamingMoments()
    moments.update(sampled_spectra(scene))
    transform = SpectralTransform.whitened(moments, 32)
    began = time.perf_counter()
    pool = CropPool.from_scene(scene, transform, CROP_PX)
    pool_s, generator = time.perf_counter() - began, torch.Generator().manual_seed(0)
    began = time.perf_counter()
    for _ in range(N_CROPS):
        pool.sample(1, generator)
    drawn_s = time.perf_counter() - began
    places = np.random.default_rng(0).integers(0, side_px - CROP_PX, (N_CROPS, 2)).tolist()
    began = time.perf_counter()
    with rasterio.Env(GDAL_CACHEMAX=2**26):
        for row, col in places:
            transform.apply(scene.read(Window(row, col, CROP_PX, CROP_PX)))
    read_s = time.perf_counter() - began
    return {
        "pool_s": pool_s,
        "pool_pixels": pool.n_pixels,
        "drawn_s_per_crop": drawn_s / N_CROPS,
        "read_s_per_crop": read_s / N_CROPS,
    }


def write_tiled(scene: Scene, path: Path) -> None:
    """Write a scene, tile by tile, as a GeoTIFF that is not compressed."""
    n_rows, n_cols, n_bands = scene.source.shape
    profile = {
        "driver": "GTiff", "height": n_rows, "width": n_cols, "count": n_bands, "dtype": "int16",
        "tiled": True, "blockxsize": 256, "blockysize": 256, "interleave": "band",
        "bigtiff": "yes", "crs": scene.crs, "transform": scene.transform, "nodata": scene.nodata,
    }  # fmt: skip
    with rasterio.Env(GDAL_CACHEMAX=2**26), rasterio.open(path, "w", **profile) as dataset:
        for window in tile_windows(scene.shape, 256):
            stored = scene.source.read(window, np.arange(n_bands))
            part = RasterioWindow(window.col, window.row, window.n_cols, window.n_rows)
            dataset.write(np.moveaxis(stored, -1, 0), window=part)


PARTS: dict[str, Callable[[Path], Any]] = {
    part.__name__: part for part in (growth, strip, file, tiles, crops)
}


def main() -> None:
    """Measure one part, or do one task for it."""
    asked = _parser().parse_args()
    if asked.task is not None:
        print(json.dumps(TASKS[asked.name](asked.task)))
        return
    with TemporaryDirectory() as folder:
        found = PARTS[asked.name](Path(folder))
    known = json.loads(asked.out.read_text()) if asked.out.exists() else {}
    about = describe_run(BENCH)
    known[asked.name] = {key: about[key] for key in ("machine", "commit", "date")} | {"rows": found}
    write_json(asked.out, known)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_scenes", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", choices=[*PARTS, *TASKS])
    parser.add_argument("--task", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RESULTS / "large-scenes.json")
    return parser


if __name__ == "__main__":
    main()
