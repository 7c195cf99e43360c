"""Write small scenes in the formats that users have."""

import gzip
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import rasterio
from affine import Affine

ENVI_TYPES = {
    "uint8": 1, "int16": 2, "int32": 3, "float32": 4, "float64": 5,
    "complex64": 6, "uint16": 12, "uint32": 13, "int64": 14, "uint64": 15,
}  # fmt: skip
ENVI_ORDERS = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}
UTM_33N = 32633
TRANSFORM = Affine(30.0, 0.0, 364095.0, 0.0, -30.0, 5809965.0)
ROTATED = Affine(24.0, 18.0, 364095.0, 18.0, -24.0, 5809965.0)


def cube(shape: tuple[int, int, int] = (5, 7, 6), dtype: str = "int16") -> np.ndarray:
    """Numbers 1, 2, 3 ... so that each pixel and band has its own."""
    return np.arange(1, np.prod(shape) + 1).reshape(shape).astype(dtype)


def write_envi(
    data_path: Path,
    values: np.ndarray,
    interleave: str = "bsq",
    byte_order: int = 0,
    header_offset: int = 0,
    compression: int = 0,
    header_path: Path | None = None,
    **fields: str,
) -> Path:
    """Write an ENVI file and its header; ``fields`` are header fields with _ for a space."""
    ordered = values.transpose(ENVI_ORDERS[interleave])
    swapped = ordered.astype(values.dtype.newbyteorder(">" if byte_order else "<"))
    content = b"\x7f" * header_offset + swapped.tobytes()
    data_path.write_bytes(gzip.compress(content) if compression else content)
    header: dict[str, Any] = {
        "description": "{\n a = b, written for tests}",
        "samples": values.shape[1],
        "lines  ": values.shape[0],
        "bands": values.shape[2],
        "header offset": header_offset,
        "file type": "ENVI Standard",
        "data type": ENVI_TYPES[values.dtype.name],
        "Interleave": interleave.upper(),
        "byte order": byte_order,
    }
    if compression:
        header["file compression"] = 1
    header |= {key.replace("_", " "): value for key, value in fields.items()}
    lines = [f"{key} = {value}" for key, value in header.items()]
    header_path = header_path or data_path.with_suffix(".hdr")
    header_path.write_text("\n".join(["ENVI", *lines, ""]), encoding="utf-8")
    return data_path


def write_geotiff(path: Path, values: np.ndarray, **profile: Any) -> Path:
    """Write a GeoTIFF of an array (rows, cols, bands)."""
    rows, cols, bands = values.shape
    profile = {"crs": f"EPSG:{UTM_33N}", "transform": TRANSFORM, "driver": "GTiff"} | profile
    size = {"height": rows, "width": cols, "count": bands}
    with rasterio.open(path, "w", **size, dtype=values.dtype.name, **profile) as dataset:
        dataset.write(np.moveaxis(values, -1, 0))
    return path


def write_matlab73(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Write HDF5 as MATLAB 7.3 does: axes reversed, bookkeeping in ``#refs#``."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values.T)
        text = file.create_dataset("note", data=np.array([[104], [105]], dtype=np.uint16))
        text.attrs["MATLAB_class"] = np.bytes_("char")
        file.create_dataset("#refs#/a", data=np.zeros((4, 5, 6)))
    return path


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
