"""A disk that fails in the middle of a file ends a command in one line, and leaves nothing."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from command_line import Run, SmallFiles, everything_in
from hsidiff.errors import SceneError
from hsidiff.scenes.formats.geotiff import GeotiffSource
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window
from small_scenes import small_cube


@pytest.mark.parametrize("n_good", [0, 1, 4])
@pytest.mark.parametrize("command", ["fit", "map", "predict"])
def test_a_window_that_cannot_be_read_ends_a_command_in_one_line(
    command: str, n_good: int, run: Run, small_files: SmallFiles, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    model = tmp_path / "model"
    run("fit", *small_files.paths, "--method", "lda", "-o", model)
    n_read, read = 0, GeotiffSource.read

    def fails(self: GeotiffSource, window: Window, bands: np.ndarray) -> np.ndarray:
        nonlocal n_read
        n_read += 1
        if n_read > n_good:
            raise OSError(errno.EIO, "Input/output error", "scene.tif")
        return read(self, window, bands)

    monkeypatch.setattr(GeotiffSource, "read", fails)
    before = everything_in(tmp_path)
    words: dict[str, tuple[Any, ...]] = {
        "fit": (*small_files.paths, "--method", "lda", "-o", tmp_path / "new"),
        "map": (*small_files.paths, "--method", "lda", "--block-px", 5, "-o", tmp_path / "out"),
        "predict": (model, small_files.scene_path, "--tile-size", 16, "-o", tmp_path / "map.tif"),
    }
    ended = run(command, *words[command])
    assert ended.exit_code == 2
    assert ended.error.endswith("Input/output error")
    assert "scene.tif" in ended.error
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("kind", ["npy", "envi"])
def test_a_file_that_shrinks_after_it_was_opened_is_said_to_be_broken(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"scene.{'bip' if kind == 'envi' else kind}"
    cube = np.repeat(small_cube(), 8, axis=0)  # more than a page of memory
    if kind == "npy":
        np.save(path, cube)
    else:
        rows, cols, bands = cube.shape
        path.write_bytes(cube.astype("<f4").tobytes())
        path.with_suffix(".hdr").write_text(
            f"ENVI\nlines = {rows}\nsamples = {cols}\nbands = {bands}\ndata type = 4\n"
            "interleave = bip\nbyte order = 0\n"
        )
    scene = open_scene(path)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2)
    with pytest.raises(SceneError, match=path.name):
        scene.read(Window(0, 0, 5, 5))
