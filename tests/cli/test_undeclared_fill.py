"""Fill that a scene does not declare: every command that reads values tells of it."""

from pathlib import Path

import numpy as np
import rasterio

from command_line import Run, SmallFiles

NOTE = "pixels hold the number -9999 in all bands: if it means that there is no value"


def with_gap(scene: Path, path: Path) -> Path:
    """A copy of a scene of which two rows hold -9999, which nothing declares."""
    with rasterio.open(scene) as dataset:
        profile, values = dataset.profile, dataset.read()
    profile["nodata"] = None
    values = np.where(np.isfinite(values), values, values[:, :1, :1])
    values[:, :2] = -9999
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values)
    return path


def test_info_and_predict_tell_of_a_gap_that_is_not_declared(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    ended = run("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "model")
    assert ended.exit_code == 0, ended.err
    path = with_gap(small_files.scene_path, tmp_path / "gap.tif")
    words = ("predict", tmp_path / "model", path, "-o", tmp_path / "map.tif")
    for command in (("info", path), words):
        ended = run(*command)
        assert ended.exit_code == 0, ended.err
        assert NOTE in ended.err
    assert NOTE not in run(*words, "--nodata", -9999).err
    with rasterio.open(tmp_path / "map.tif") as dataset:
        assert not dataset.read(1)[:2].any()
