"""The folder of a session: one viewer at a time, and nothing half done in it."""

import shutil
from pathlib import Path

from hsidiff.errors import SettingError
from hsidiff.files import read_json, write_json
from hsidiff.scenes.scene import Scene

LABEL_FILE, RESULTS, NETWORKS, KEPT = "labels.gpkg", "maps", "networks", "values"


def claim(folder: Path, scene: Scene) -> None:
    """Note which scene a folder is for; what was learned of another one goes.

    Raises:
        SettingError: if its labels are of a scene of another shape.
    """
    about = {
        "name": scene.name,
        "shape": list(scene.shape),
        "bands": (scene.band_indices + 1).tolist(),
        "nodata": [str(number) for number in scene.nodata_numbers],
    }
    path = folder / "scene.json"
    if path.exists():
        before = read_json(path)
        if before == about:
            return
        if before["shape"] != about["shape"]:
            raise SettingError(
                f"--out {folder}: it holds labels of {before['name']}, {before['shape']} (rows, "
                f"cols); {scene.name} is {about['shape']}: give another --out"
            )
        shutil.rmtree(folder / KEPT, ignore_errors=True)
    write_json(path, about)


def sweep(folder: Path) -> None:
    """Remove what a process that was killed had half done; nobody else is at it now."""
    for begun in (*folder.glob(f".{KEPT}-*"), *(folder / RESULTS).glob(".*-*")):
        shutil.rmtree(begun, ignore_errors=True)
