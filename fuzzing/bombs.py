"""Small files that ask for enormous memory, time or disk when they are opened carelessly."""

import gzip
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import rasterio
import scipy.io

from fuzzing.seeds_of_labels import label_tiff, shapefile
from fuzzing.seeds_of_results import model_lda
from fuzzing.seeds_of_scenes import N_BANDS, SHAPE, envi

_PACKED = 600 * 2**20
_HUGE = 10**6


def _zeros(n_bytes: int) -> bytes:
    """A gzip file of so many zeros, put together from equal parts."""
    part = gzip.compress(bytes(2**26))
    return part * (n_bytes // 2**26)


def gzip_longer(folder: Path) -> str:
    """ENVI, packed: a small scene by its header, 4 GB of zeros behind it."""
    envi(folder, packed=True)
    (folder / "scene.bsq").write_bytes(_zeros(2**32))
    return "scene.bsq"


def gzip_promised(folder: Path) -> str:
    """The same, with a header that promises 2 GB."""
    envi(folder, packed=True, lines="40000", samples="4000")
    (folder / "scene.bsq").write_bytes(_zeros(2**31))
    return "scene.bsq"


def _zipped(path: Path, name: str, head: bytes) -> None:
    """A member of zeros after a few bytes that say what it is."""
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w") as stream,
    ):
        stream.write(head)
        for _ in range(_PACKED // 2**24):
            stream.write(bytes(2**24))


def _npy_head(shape: tuple[int, ...]) -> bytes:
    header = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def npz_packed(folder: Path) -> str:
    """An array of 600 MB in a file of 3 MB."""
    _zipped(folder / "scene.npz", "cube.npy", _npy_head((6000, 10_000, 10)))
    return "scene.npz"


def npz_promised(folder: Path) -> str:
    """An array that its header calls enormous."""
    with zipfile.ZipFile(folder / "scene.npz", "w") as archive:
        archive.writestr("cube.npy", _npy_head((_HUGE, _HUGE, 10)) + bytes(100))
    return "scene.npz"


def npy_promised(folder: Path) -> str:
    """The same without an archive."""
    (folder / "scene.npy").write_bytes(_npy_head((_HUGE, _HUGE, 10)) + bytes(100))
    return "scene.npy"


def npy_sparse(folder: Path) -> str:
    """700 MB that stand on the disk as a hole."""
    path = folder / "scene.npy"
    head = _npy_head((7000, 10_000, 10))
    path.write_bytes(head)
    os.truncate(path, len(head) + 7000 * 10_000 * 10)
    return path.name


def tiff_enormous(folder: Path, n_bands: int = 3, **profile: object) -> str:
    """A million by a million pixels, none of them stored."""
    size = {"width": _HUGE, "height": _HUGE, "count": n_bands, "dtype": "uint8"}
    tiles = {"tiled": True, "blockxsize": 2048, "blockysize": 2048, "SPARSE_OK": True}
    with rasterio.open(
        folder / "scene.tif", "w", driver="GTiff", BIGTIFF="YES", **size, **tiles, **profile
    ):
        return "scene.tif"


def tiff_enormous_of_nothing(folder: Path) -> str:
    """The same, of which every pixel is without value."""
    return tiff_enormous(folder, nodata=0, compress="deflate")


def tiff_of_one_block(folder: Path) -> str:
    """One block of 1.2 GB, packed."""
    size = {"width": 20_000, "height": 20_000, "count": 3, "dtype": "uint8"}
    block = {"tiled": True, "blockxsize": 20_000, "blockysize": 20_000, "SPARSE_OK": True,
             "interleave": "pixel", "compress": "deflate"}  # fmt: skip
    with rasterio.open(folder / "scene.tif", "w", driver="GTiff", **size, **block) as dataset:
        dataset.update_tags(a="b")
    return "scene.tif"


def tiff_of_one_strip(folder: Path) -> str:
    """One strip of 1.2 GB, packed."""
    size = {"width": 20_000, "height": 20_000, "count": 3, "dtype": "uint8"}
    block = {"blockysize": 20_000, "SPARSE_OK": True, "interleave": "pixel", "compress": "lzw"}
    with rasterio.open(folder / "scene.tif", "w", driver="GTiff", **size, **block):
        return "scene.tif"


def hdf5_enormous(folder: Path, name: str = "scene.h5", **chunks: object) -> str:
    """A dataset of a million by a million by 285 numbers, none of them stored."""
    with h5py.File(folder / name, "w") as file:
        shape = (_HUGE, _HUGE, 285)
        file.create_dataset("cube", shape, "f4", **({"chunks": (32, 32, 285)} | chunks))
        file["wavelength"] = np.linspace(400, 2500, 285)
        file["wavelength"].attrs["units"] = "nm"
        file["wavelength"].make_scale("wavelength")
        file["cube"].dims[2].attach_scale(file["wavelength"])
    return name


def hdf5_of_one_chunk(folder: Path) -> str:
    """A chunk of 1.1 GB of zeros, packed to one MB."""
    with h5py.File(folder / "scene.h5", "w") as file:
        shape = (1000, 1000, 285)
        made = file.create_dataset("cube", shape, "f4", chunks=shape, compression="gzip")
        made.id.write_direct_chunk((0, 0, 0), _zlib_zeros(4 * 1000 * 1000 * 285))
        file["wavelength"] = np.linspace(400, 2500, 285)
    return "scene.h5"


def _zlib_zeros(n_bytes: int) -> bytes:
    import zlib  # noqa: PLC0415

    packer = zlib.compressobj(1)
    parts = [packer.compress(bytes(2**24)) for _ in range(n_bytes // 2**24)]
    return b"".join((*parts, packer.compress(bytes(n_bytes % 2**24)), packer.flush()))


def hdf5_long_axes(folder: Path) -> str:
    """Coordinates of 10^12 pixels along each axis."""
    with h5py.File(folder / "scene.nc", "w") as file:
        n = 10**12
        made = file.create_dataset("cube", (n, n, 5), "f4", chunks=(8, 8, 5))
        for place, name in enumerate(("y", "x")):
            file.create_dataset(name, (n,), "f8", chunks=(1000,))
            file[name].make_scale(name)
            made.dims[place].attach_scale(file[name])
        file["wavelength"] = np.linspace(400, 2500, 5)
        file["wavelength"].make_scale("wavelength")
        made.dims[2].attach_scale(file["wavelength"])
    return "scene.nc"


def mat73_enormous(folder: Path) -> str:
    """MATLAB v7.3: a cube of 10^12 bands."""
    with h5py.File(folder / "scene.mat", "w", userblock_size=512) as file:
        file.create_dataset("cube", (10**12, 50, 40), "f4", chunks=(8, 50, 40))
    return "scene.mat"


def mat5_packed(folder: Path) -> str:
    """MATLAB v7: 600 MB in a file of 600 kB."""
    cube = np.zeros((6000, 10_000, 10), dtype=np.uint8)
    scipy.io.savemat(folder / "scene.mat", {"cube": cube}, do_compression=True)
    return "scene.mat"


def mat5_sparse(folder: Path) -> str:
    """A sparse array of 10^12 numbers, one of which is stored."""
    one = scipy.sparse.coo_array(([1.0], ([5], [5])), shape=(_HUGE, _HUGE)).tocsc()
    cube = np.random.default_rng(0).random((*SHAPE, N_BANDS))
    scipy.io.savemat(folder / "scene.mat", {"graph": one, "cube": cube})
    return "scene.mat"


SCENES: dict[str, Callable[[Path], str]] = {
    made.__name__: made
    for made in (
        gzip_longer, gzip_promised, npz_packed, npz_promised, npy_promised, npy_sparse,
        tiff_enormous, tiff_enormous_of_nothing, tiff_of_one_block, tiff_of_one_strip,
        hdf5_enormous, hdf5_of_one_chunk, hdf5_long_axes, mat73_enormous, mat5_packed, mat5_sparse,
    )
}  # fmt: skip


def zip_packed(folder: Path) -> str:
    """A shapefile whose table unpacks to 600 MB."""
    shapefile(folder)
    with zipfile.ZipFile(folder / "labels.zip", "w") as archive:
        for path in sorted(folder.glob("labels.*")):
            if path.suffix not in {".zip", ".dbf"}:
                archive.write(path, path.name)
    _zipped(folder / "labels.zip", "labels.dbf", (folder / "labels.dbf").read_bytes()[:32])
    return "labels.zip"


def label_tiff_enormous(folder: Path) -> str:
    """A label raster of a million by a million pixels."""
    return tiff_enormous(folder, n_bands=1)


def label_mat_enormous(folder: Path) -> str:
    """Labels of a million by a million pixels in MATLAB v7.3."""
    with h5py.File(folder / "labels.mat", "w", userblock_size=512) as file:
        file.create_dataset("gt", (_HUGE, _HUGE), "u1", chunks=(100, 100))
    return "labels.mat"


def label_npz_packed(folder: Path) -> str:
    """Labels that unpack to 600 MB."""
    _zipped(folder / "labels.npz", "gt.npy", _npy_head((20_000, 31_457)))
    return "labels.npz"


def sidecar_of_laughs(folder: Path) -> str:
    """Names of classes that an XML sidecar multiplies a billion times."""
    label_tiff(folder)
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
    (folder / "labels.tif.aux.xml").write_text(
        f"<!DOCTYPE d [{entities}]><PAMDataset><PAMRasterBand band='1'><CategoryNames>"
        "<Category>&l9;</Category></CategoryNames></PAMRasterBand></PAMDataset>"
    )
    return "labels.tif"


def wkt_deep(folder: Path) -> str:
    """Shapes in shapes, 200,000 deep."""
    deep = "GEOMETRYCOLLECTION(" * 200_000 + "POINT(1 2)" + ")" * 200_000
    rows = [
        f'"{wkt}";{place}' for place, wkt in enumerate((deep[:130_000], "POINT(380015 5809985)"))
    ]
    (folder / "labels.csv").write_text("\n".join(["WKT;class", *rows]))
    return "labels.csv"


def csv_long_cell(folder: Path) -> str:
    """A cell of a million letters."""
    (folder / "labels.csv").write_text("x,y,class\n380015,5809985," + "a" * 10**6 + "\n")
    return "labels.csv"


def geojson_deep(folder: Path) -> str:
    """Collections in collections."""
    deep: dict[str, object] = {"type": "Point", "coordinates": [13.2, 52.4]}
    text = json.dumps(deep)
    for _ in range(5000):
        text = f'{{"type":"GeometryCollection","geometries":[{text}]}}'
    feature = f'{{"type":"Feature","properties":{{"class":"a"}},"geometry":{text}}}'
    (folder / "labels.geojson").write_text(
        f'{{"type":"FeatureCollection","features":[{feature},{feature}]}}'
    )
    return "labels.geojson"


LABELS: dict[str, Callable[[Path], str]] = {
    made.__name__: made
    for made in (
        zip_packed, label_tiff_enormous, label_mat_enormous, label_npz_packed, sidecar_of_laughs,
        wkt_deep, csv_long_cell, geojson_deep,
    )
}  # fmt: skip


def _with_tensor(folder: Path, shape: list[int], stored: int) -> str:
    model_lda(folder)
    about = {"huge": {"dtype": "F32", "shape": shape, "data_offsets": [0, stored]}}
    header = json.dumps(about).encode()
    path = folder / "model" / "learned.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    os.truncate(path, 8 + len(header) + stored)
    return "model"


def tensor_promised(folder: Path) -> str:
    """A tensor of 10^12 elements in a file of a few bytes."""
    return _with_tensor(folder, [_HUGE, _HUGE], 16)


def tensor_sparse(folder: Path) -> str:
    """A tensor of 2 * 10^11 elements that stands on the disk as a hole."""
    return _with_tensor(folder, [200_000, _HUGE], 4 * 200_000 * _HUGE)


def tensor_flat(folder: Path) -> str:
    """A tensor of 10^12 rows and no column."""
    return _with_tensor(folder, [10**12, 0], 0)


def header_deep(folder: Path) -> str:
    """JSON that is nested 100,000 deep."""
    model_lda(folder)
    (folder / "model" / "preprocess.json").write_text("[" * 100_000 + "]" * 100_000)
    return "model"


def model_in_itself(folder: Path) -> str:
    """A wrapper around itself, by a link."""
    model_lda(folder)
    config = folder / "model" / "config.json"
    config.write_text(json.dumps({"method": "smoothed", "settings": {}, "hsidiff": "0"}))
    (folder / "model" / "inner").symlink_to(".")
    return "model"


MODELS: dict[str, Callable[[Path], str]] = {
    made.__name__: made
    for made in (tensor_promised, tensor_sparse, tensor_flat, header_deep, model_in_itself)
}


def made_by_number(
    bombs: dict[str, Callable[[Path], str]],
) -> Callable[[Path, str, Path, str], Path]:
    """One after the other, by the number at the end of the seed."""

    def make(_: Path, __: str, folder: Path, seed: str) -> Path:
        place = int(seed.rpartition(" ")[2]) % len(bombs)
        return folder / list(bombs.values())[place](folder)

    return make
