"""Scenes as files, whole and broken."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from small_scenes import scene_of


def write_scene(cube: np.ndarray, path: Path, **changes: Any) -> Path:
    write_geotiff(replace(scene_of(cube), **changes), path)
    return path


def write_envi(folder: Path, cube: np.ndarray, **fields: int) -> Path:
    rows, cols, bands = cube.shape
    header = {
        "samples": cols, "lines": rows, "bands": bands, "header offset": 0,
        "data type": 4, "interleave": "bip", "byte order": 0,
    } | fields  # fmt: skip
    lines = [f"{key} = {value}" for key, value in header.items()]
    (folder / "scene.hdr").write_text("\n".join(["ENVI", *lines]) + "\n")
    (folder / "scene.bip").write_bytes(cube.astype("<f4").tobytes())
    return folder / "scene.bip"


def cut(path: Path, share: float) -> Path:
    """Keep the first part of a file's bytes."""
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    return path
