"""Row (f): one map by two workers of a Dask cluster on this machine, against one.

Each worker is a process that computes with one thread. Both clusters stand all the time and take
turns; what is timed is the whole map, from its plan to its files, and within that the drawing.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.scaling import fit_quickly, write_scene
from benchmarks.sizes import Sizes
from benchmarks.timing import interleaved, ratio, timed
from hsidiff.cli.map_names import MapName
from hsidiff.cli.map_order import MapOrder, ModelOrder, draw_tile, extra_layers, files_of
from hsidiff.maps.cluster import connected, drawn_by
from hsidiff.maps.doubt import NO_DOUBT
from hsidiff.maps.predict import Unfinished, predict_to_file
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.synthetic import make_synthetic_scene


def measure(sizes: Sizes) -> dict[str, Any]:
    """Map a scene on disk by one worker and by two."""
    with TemporaryDirectory() as folder:
        base = make_synthetic_scene((100, 100), sizes.mapped_bands, n_classes=8)
        scene_path, model = Path(folder) / "scene.img", Path(folder) / "model"
        write_scene(base, base.scene.shape, scene_path)
        fit_quickly(base, scene_path, sizes).save(model)
        write_scene(base, (sizes.shared_side_px,) * 2, scene_path)
        with cluster_of(1) as one, cluster_of(2) as two:
            clients = {"one": one, "two": two}
            jobs = {name: SharedMap(model, scene_path, c) for name, c in clients.items()}
            for job in jobs.values():
                job.run()  # which loads the model, and opens the scene
                job.drawing.clear()
            runs = {name: timed(job.run) for name, job in jobs.items()}
            timings = interleaved(runs, sizes.n_repeats)
        n_pixels = sizes.shared_side_px**2
        drawing = {name: min(job.drawing) for name, job in jobs.items()}
        return {
            "method": "spectraldiff fast",
            "n_pixels": n_pixels,
            "n_bands": sizes.mapped_bands,
            "n_tiles": jobs["two"].n_tiles,
            **{name: timing.to_json() for name, timing in timings.items()},
            "drawing_s": drawing,
            "ratio": ratio(timings["one"], timings["two"]),
            "ratio_of_drawing": drawing["one"] / drawing["two"],
            "s_per_pixel_of_a_worker": drawing["one"] / n_pixels,
            "assembly_s_per_pixel": (timings["one"].fastest - drawing["one"]) / n_pixels,
            "store_bytes_per_pixel": jobs["two"].store_bytes / n_pixels,
            "file_bytes_per_pixel": jobs["two"].file_bytes / n_pixels,
        }


@contextmanager
def cluster_of(n_workers: int) -> Iterator[Any]:
    """A connection to a cluster of worker processes of one thread each, on this machine."""
    from distributed import LocalCluster  # noqa: PLC0415

    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        client.wait_for_workers(n_workers)
        yield client


class SharedMap:
    """A map that a cluster draws, as ``hsidiff predict --scheduler`` has it drawn."""

    def __init__(self, model: Path, scene: Path, client: Any) -> None:
        self._client, self._scene = client, open_scene(scene)
        self._kept = scene.with_name(f".{id(self)}.unfinished")
        name = MapName(scene, scene.with_name("map.tif"), None)
        order = ModelOrder.of(model, None, None)
        files = files_of(self._scene)
        self._order = MapOrder(order, scene, "{}", files, None, None, NO_DOUBT, None, name)
        self._model = self._order.drawing().model
        self.drawing: list[float] = []
        self.n_tiles = self.store_bytes = self.file_bytes = 0

    def run(self) -> None:
        """Draw the map once."""
        name = self._order.name
        unfinished = Unfinished(self._kept, self._order.identity(self._model), self._draw)
        layers = extra_layers(name, None)
        predict_to_file(self._model, self._scene, name.map, layers=layers, unfinished=unfinished)
        self.file_bytes = _bytes_in([name.map, name.confidence])

    def _draw(self, numbers: Sequence[int]) -> None:
        began = time.perf_counter()
        draw = partial(draw_tile, self._order, self._kept)
        self.n_tiles = sum(1 for _ in drawn_by(self._client, draw, numbers))
        self.drawing.append(time.perf_counter() - began)
        self.store_bytes = _bytes_in(self._kept.rglob("*"))


def _bytes_in(paths: Any) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())
