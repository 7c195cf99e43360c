"""Scenes and labels at an address: read by windows, or refused in one clear line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from command_line import Run, SmallFiles, everything_in
from hsidiff.labels.read import read_labels
from hsidiff.maps.geotiff import read_class_map
from hsidiff.scenes.formats.geotiff import GeotiffSource
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window
from small_scenes import small_cube
from web_server import WebServer, serving

SHAPE = (384, 400)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, small_files: SmallFiles) -> Path:
    """What the server shows: a large scene in tiles, the small one, and labels."""
    folder = tmp_path_factory.mktemp("web")
    cube = np.tile(small_cube(), (10, 8, 1))[: SHAPE[0], : SHAPE[1]]
    profile = {"driver": "GTiff", "height": SHAPE[0], "width": SHAPE[1], "count": 12,
               "dtype": "float32", "tiled": True, "blockxsize": 64, "blockysize": 64,
               "crs": "EPSG:32633", "transform": from_origin(0, 0, 10, 10)}  # fmt: skip
    with rasterio.open(folder / "large.tif", "w", **profile) as dataset:
        dataset.write(np.moveaxis(cube, -1, 0))
    for path in small_files.paths:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "scene.npy").write_bytes(b"x")
    labels = read_labels(small_files.labels_path, small_files.scene)
    rows, cols = np.nonzero(labels.values)
    x, y = small_files.scene.transform @ (cols + 0.5, rows + 0.5)
    points = geopandas.GeoDataFrame(
        {"class": labels.values[rows, cols]}, geometry=geopandas.points_from_xy(x, y),
        crs=small_files.scene.crs.to_wkt(),
    )  # fmt: skip
    points.to_file(folder / "labels.gpkg", driver="GPKG")
    points.to_crs(4326).to_file(folder / "labels.geojson", driver="GeoJSON")
    return folder


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[WebServer]:
    with serving(folder) as server:
        yield server


@pytest.mark.parametrize("written", ["{}", "/vsicurl/{}"])
def test_a_window_is_read_without_the_rest_of_the_file(written: str, folder: Path) -> None:
    size = (folder / "large.tif").stat().st_size
    window = Window(200, 210, 20, 20)
    expected = open_scene(folder / "large.tif").read(window)
    with serving(folder) as server:  # which has told at the end all that it sent
        scene = open_scene(written.format(server.url("large.tif")))
        np.testing.assert_array_equal(scene.read(window), expected)
    assert scene.shape == SHAPE
    assert 0 < sum(server.sent) < size / 3


def test_a_scene_at_an_address_has_the_hash_of_its_values(web: WebServer, folder: Path) -> None:
    scene = open_scene(web.url("large.tif"))
    assert scene.sha256() == open_scene(open_scene(folder / "large.tif").read()).sha256()


def test_commands_read_scene_and_labels_from_an_address(
    run: Run, web: WebServer, small_files: SmallFiles, tmp_path: Path
) -> None:
    scene, labels = web.url("scene.tif"), web.url("labels.tif")
    assert "40" in run("info", scene).out
    ended = run("fit", scene, labels, "--method", "lda", "-o", tmp_path / "far")
    assert ended.exit_code == 0, ended.err
    run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "near")
    for name in ("far", "near"):
        path = scene if name == "far" else small_files.scene_path
        ended = run("predict", tmp_path / name, path, "-o", tmp_path / f"{name}.tif")
        assert ended.exit_code == 0, ended.err
    far, near = (read_class_map(tmp_path / f"{name}.tif") for name in ("far", "near"))
    np.testing.assert_array_equal(far, near)
    ended = run("map", scene, labels, "--method", "lda", "--block-px", 5, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err


@pytest.mark.parametrize("name", ["labels.tif", "labels.geojson", "labels.gpkg"])
def test_labels_at_an_address_are_those_of_the_file(
    name: str, web: WebServer, folder: Path, small_files: SmallFiles
) -> None:
    scene = small_files.scene
    far, near = (read_labels(path, scene) for path in (web.url(name), folder / name))
    np.testing.assert_array_equal(far.values, near.values)


@pytest.fixture
def refused(run: Run, tmp_path: Path) -> Callable[..., str]:
    def call(*words: object) -> str:
        before = everything_in(tmp_path)
        ended = run(*words)
        assert ended.exit_code == 2
        assert everything_in(tmp_path) == before
        return ended.error

    return call


def test_what_cannot_be_read_at_an_address_is_refused(
    refused: Callable[..., str], web: WebServer, small_files: SmallFiles, tmp_path: Path
) -> None:
    scene = small_files.scene_path
    url = web.url("missing.tif")
    assert f"error: {url} cannot be read (" in (error := refused("info", url))
    assert "is the address right, and the server there?" in error
    assert f"{web.url('scene.npy')}: at an address only GeoTIFF" in refused(
        "info", web.url("scene.npy")
    )
    assert "s3://bucket/cube.zarr: at an address only GeoTIFF" in refused(
        "info", "s3://bucket/cube.zarr"
    )
    assert "hdfs://host/scene.tif: expected http://, https://, s3://" in refused(
        "info", "hdfs://host/scene.tif"
    )
    out = tmp_path / "model"
    told = refused("fit", scene, web.url("labels.csv"), "--method", "lda", "-o", out)
    assert f"{web.url('labels.csv')}: labels at an address are read from" in told
    told = refused("predict", web.url("model"), scene, "-o", tmp_path / "map.tif")
    assert f"{web.url('model')}: a model is read from a folder of this machine" in told


@pytest.mark.parametrize(
    ("command", "out"), [("fit", "s3://bucket/model"), ("map", "http://host/out")]
)
def test_results_are_not_written_to_an_address(
    command: str, out: str, refused: Callable[..., str], small_files: SmallFiles,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    told = refused(command, *small_files.paths, "--method", "lda", "-o", out)
    assert f"--out {out}: results are written to disks of this machine" in told


def test_a_map_is_not_written_to_an_address(
    refused: Callable[..., str], run: Run, small_files: SmallFiles,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    run("fit", *small_files.paths, "--method", "lda", "-o", "model")
    told = refused("predict", "model", small_files.scene_path, "-o", "s3://bucket/map.tif")
    assert "results are written to disks of this machine" in told


def test_a_server_that_sends_whole_files_only_is_refused(
    refused: Callable[..., str], folder: Path
) -> None:
    with serving(folder, ranges=False) as server:
        assert f"{server.url('large.tif')} cannot be read (" in refused(
            "info", server.url("large.tif")
        )


def test_a_server_that_goes_away_midway_leaves_no_map(
    run: Run, folder: Path, small_files: SmallFiles, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "model")
    # Otherwise GDAL keeps what it has read once.
    monkeypatch.setenv("CPL_VSIL_CURL_NON_CACHED", "/vsicurl/http://127.0.0.1")
    monkeypatch.setattr("hsidiff.scenes.formats.gdal.NETWORK", {"GDAL_HTTP_MAX_RETRY": 0})
    read, windows = GeotiffSource.read, []
    with serving(folder) as server:

        def read_until_it_goes(
            self: GeotiffSource, window: Window, bands: np.ndarray
        ) -> np.ndarray:
            windows.append(window)
            if len(windows) == 12:
                server.kill()
            return read(self, window, bands)

        monkeypatch.setattr(GeotiffSource, "read", read_until_it_goes)
        before = everything_in(tmp_path)
        words = ("--tile-size", 64, "-o", tmp_path / "map.tif")
        ended = run("predict", tmp_path / "model", server.url("large.tif"), *words)
    assert len(windows) >= 12
    assert ended.exit_code == 2
    assert f"{server.url('large.tif')} cannot be read (" in ended.error
    assert everything_in(tmp_path) == before
