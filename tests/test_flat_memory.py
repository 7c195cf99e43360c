"""What fit and predict hold does not grow with the scene, beyond its labels and masks."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.labels.label_map import LabelMap
from hsidiff.maps.geotiff import class_map_windows, read_class_map
from hsidiff.maps.predict import predict_to_file
from hsidiff.maps.unlikeness import measure_unlikeness
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.windows import statistics

SIDES_PX, N_BANDS = (256, 640), 16
N_MORE_PIXELS = SIDES_PX[1] ** 2 - SIDES_PX[0] ** 2
BYTES_OF_LABELS = 24
"""Of a pixel: labels and a copy of them (int32), and masks while they are made. Its spectrum would
be 64 bytes, as float32, and is held several times where it is."""


@dataclass(frozen=True)
class Fields:
    """Four covers in stripes, made when they are read: no file, and nothing held."""

    shape: tuple[int, int, int]
    dtype = np.dtype("int16")

    def read(self, window: Window, bands: np.ndarray) -> np.ndarray:
        cover = np.arange(window.row, window.row + window.n_rows) // 16 % 4
        rng = np.random.default_rng([window.row, window.col])
        noise = rng.integers(0, 200, (window.n_rows, window.n_cols, len(bands)), dtype=np.int16)
        return noise + (100 * cover[:, None, None] * (bands % 4 + 1)).astype(np.int16)


def scene_of_side(side: int) -> tuple[Scene, LabelMap]:
    scene = Scene("fields", Fields((side, side, N_BANDS)), np.ones(N_BANDS, dtype=bool))
    values = np.zeros(scene.shape, dtype=np.int32)
    values[:64:5, :64:5] = (np.arange(0, 64, 5) // 16 % 4 + 1)[:, None]
    return scene, LabelMap.from_array(values)


@pytest.fixture
def traced() -> Iterator[Callable[[Callable[[], Any]], int]]:
    """The most that NumPy and Python held while something was done."""
    tracemalloc.start()

    def peak_of(work: Callable[[], Any]) -> int:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        work()
        return tracemalloc.get_traced_memory()[1] - before

    yield peak_of
    tracemalloc.stop()


def test_fit_and_predict_hold_no_more_of_a_larger_scene(
    traced: Callable[[Callable[[], Any]], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics, "MAX_READ_TILES", 1)
    model, path, peaks = LinearDiscriminant(), tmp_path / "map.tif", []
    for side in SIDES_PX:
        scene, labels = scene_of_side(side)

        def after(scene: Scene = scene) -> None:
            assert measure_unlikeness(model, scene, lambda w: read_class_map(path, w)) is not None
            assert sum(values.size for _, values in class_map_windows(path)) == scene.shape[0] ** 2

        peaks.append(
            (
                traced(lambda: model.fit(scene, labels)),  # noqa: B023
                traced(lambda: predict_to_file(model, scene, path)),  # noqa: B023
                traced(after),
            )
        )
    small, large = np.array(peaks)
    fit, predict, read_again = (large - small).tolist()
    assert fit < BYTES_OF_LABELS * N_MORE_PIXELS
    assert predict < 4 * N_MORE_PIXELS
    # A window of 1024 pixels is more than the whole small map.
    assert read_again < 24 * 1024**2
