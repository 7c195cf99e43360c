"""Reading a window of a product of 2 GB does not hold its cube."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from fake_products import enmap_xml, lookup_table

TWO_GB = 2 * 10**9
MOST_MB = 250
"""What opening the four scenes and reading windows of them may add; most of it is the lookup table
of EMIT, whose map has two million cells, and the cache of GDAL."""

READ = """
import resource, sys
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak_mb()
for path in sys.argv[1:]:
    scene = open_scene(path)
    rows, cols = scene.shape
    assert scene.read(Window(rows // 2, cols // 2, 64, 64)).shape[:2] == (64, 64)
    # A row of the map crosses the whole swath.
    assert scene.read(Window(rows // 2, 0, 1, cols)).shape[1] == cols
    print(path, round(peak_mb() - before), file=sys.stderr)
print(peak_mb() - before)
"""


def sparse(file: h5py.File, name: str, shape: tuple[int, ...], dtype: str, fill: float) -> None:
    """A dataset of which no chunk is ever written: it takes no room and reads as ``fill``."""
    chunks = tuple(min(side, 64) for side in shape)
    file.create_dataset(name, shape, dtype, chunks=chunks, fillvalue=fill)


def write_emit(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        sparse(file, "reflectance", (1280, 1242, 320), "f4", 0.25)
        file["sensor_band_parameters/wavelengths"] = np.linspace(380.0, 2500.0, 320)
        tables = lookup_table((1280, 1242), zoom=0.6)
        for name, table in zip(("glt_x", "glt_y"), tables, strict=True):
            file[f"location/{name}"] = table
    return path


def write_prisma(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        fields = "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields"
        for name, n, ends in (("Vnir", 66, (980, 400)), ("Swir", 173, (2500, 985))):
            sparse(file, f"{fields}/{name.upper()}_Cube", (1300, n, 3300), "u2", 9000)
            sparse(file, f"{fields}/{name.upper()}_PIXEL_L2_ERR_MATRIX", (1300, n, 3300), "u1", 0)
            file.attrs[f"List_Cw_{name}"] = np.linspace(*ends, n)
            file.attrs[f"L2Scale{name}Min"], file.attrs[f"L2Scale{name}Max"] = 0.0, 1.0
    return path


def write_cube(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        sparse(file, "reflectance", (320, 1280, 1242), "f4", 0.25)
        file["wavelength"] = np.linspace(380.0, 2500.0, 320)
    return path


def write_enmap(folder: Path) -> Path:
    folder.mkdir()
    (folder / "METADATA.XML").write_text(enmap_xml(224), encoding="utf-8")
    profile = {"driver": "GTiff", "tiled": True, "sparse_ok": True, "interleave": "band"}
    size = {"height": 2200, "width": 2200, "count": 224, "dtype": "int16"}
    transform = rasterio.Affine(30, 0, 500000, 0, -30, 5000000)
    path = folder / "SPECTRAL_IMAGE.TIF"
    rasterio.open(path, "w", crs="EPSG:32633", transform=transform, **size, **profile).close()
    return folder


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in other units")
def test_no_cube_is_ever_held(tmp_path):
    paths = [
        write_emit(tmp_path / "EMIT_L2A_RFL_001.nc"), write_prisma(tmp_path / "PRS_L2D.he5"),
        write_cube(tmp_path / "cube.nc"), write_enmap(tmp_path / "enmap"),
    ]  # fmt: skip
    held = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in held) < TWO_GB / 20  # they are sparse
    command = [sys.executable, "-c", READ, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < MOST_MB, done.stderr
