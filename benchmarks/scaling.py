"""Row (e): seconds per pixel and peak memory of mapping, from small scenes to large ones.

Each size is mapped in a process of its own, which this module is, too::

    python -m benchmarks.scaling MODEL_FOLDER SCENE N_RUNS
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.machine import ROOT
from benchmarks.sizes import Sizes
from benchmarks.timing import interleaved, timed
from hsidiff.catalog import load_classifier
from hsidiff.evaluation.results import peak_memory_bytes
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.predict import predict_to_file
from hsidiff.methods.spectraldiff import SpectralDiff
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.synthetic import SyntheticScene, make_synthetic_scene
from hsidiff.scenes.window import Window

PIXELS_OF_ONE_RUN = 1_000_000
"""Scenes of fewer pixels are mapped several times; the fastest counts."""
MAX_RUNS = 10


def measure(sizes: Sizes) -> dict[str, Any]:
    """Map scenes on disk with one fitted model, tile by tile, through the product's own writer."""
    with TemporaryDirectory() as folder:
        base = make_synthetic_scene((100, 100), sizes.mapped_bands, n_classes=8)
        scene_path, model_folder = Path(folder) / "scene.img", Path(folder) / "model"
        write_scene(base, base.scene.shape, scene_path)
        fit_quickly(base, scene_path, sizes).save(model_folder)
        found = []
        for side in sizes.mapped_sides_px:
            write_scene(base, (side, side), scene_path)
            n_runs = min(max(PIXELS_OF_ONE_RUN // side**2, 1), MAX_RUNS)
            found.append(_in_own_process(model_folder, scene_path, n_runs))
    per_pixel = [size["s_per_pixel"] for size in found]
    memory = [size["peak_memory_bytes"] for size in found]
    return {
        "method": "spectraldiff fast",
        "n_bands": sizes.mapped_bands,
        "sizes": found,
        "slowest_to_fastest": max(per_pixel) / min(per_pixel),
        "memory_growth_bytes": max(memory) - memory[0],
    }


def write_scene(base: SyntheticScene, shape: tuple[int, int], path: Path) -> None:
    """Repeat a scene to ``shape`` and write it as ENVI (int16, interleaved by pixel), row by row.

    Args:
        base: what is repeated.
        shape: rows and columns of the file.
        path: ``*.img``; the header is written beside it.
    """
    n_rows, n_cols = shape
    n_bands = base.scene.source.shape[2]
    stored = base.scene.source.read(Window.whole(base.scene.shape), np.arange(n_bands))
    cols = np.arange(n_cols) % stored.shape[1]
    with path.open("wb") as stream:
        for row in range(n_rows):
            stream.write(stored[row % stored.shape[0]][cols].astype("<i2").tobytes())
    header = {
        "samples": n_cols,
        "lines": n_rows,
        "bands": n_bands,
        "data type": 2,
        "interleave": "bip",
        "byte order": 0,
        "data ignore value": base.scene.nodata,
    }
    lines = [f"{key} = {value}" for key, value in header.items()]
    path.with_suffix(".hdr").write_text("\n".join(["ENVI", *lines, ""]), encoding="utf-8")


def fit_quickly(base: SyntheticScene, path: Path, sizes: Sizes) -> SpectralDiff:
    """A model of few training steps: mapping takes as long after many."""
    labels = LabelMap.from_array(base.label_values, base.class_names, base.class_colors)
    model = SpectralDiff(pretrain_steps=sizes.few_steps, head="linear", device="cpu")
    return model.fit(open_scene(path), labels)


def _in_own_process(model_folder: Path, scene_path: Path, n_runs: int) -> dict[str, Any]:
    """Map one scene in a new process.

    Raises:
        subprocess.CalledProcessError: if it fails; what it said goes to standard error.
    """
    command = [sys.executable, "-m", "benchmarks.scaling"]
    arguments = [str(model_folder), str(scene_path), str(n_runs)]
    # As `hsidiff predict` does.
    environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}
    done = subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def map_once(model_folder: Path, scene_path: Path, n_runs: int) -> dict[str, Any]:
    """What the process of one size does."""
    scene, model = open_scene(scene_path), load_classifier(model_folder)
    # First calls read libraries and choose algorithms.
    model.predict_proba_window(scene, Window(0, 0, 32, 32))
    target = scene_path.with_name("map.tif")
    run = timed(lambda: predict_to_file(model, scene, target))
    timing = interleaved({"map": run}, n_runs)["map"]
    n_pixels = scene.shape[0] * scene.shape[1]
    return {
        "n_pixels": n_pixels,
        **timing.to_json(),
        "s_per_pixel": timing.fastest / n_pixels,
        "peak_memory_bytes": peak_memory_bytes(),
    }


if __name__ == "__main__":
    print(json.dumps(map_once(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
