"""Small whole scenes in each format, made here; a writer gives the name of the file to open."""

import gzip
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import rasterio
import scipy.io
from affine import Affine

from hsidiff.testing.small_scenes import small_cube

SHAPE, N_BANDS = (20, 24), 7
TRANSFORM = Affine(30, 0, 380_000, 0, -30, 5_810_000)
CRS = "EPSG:32633"
WAVELENGTHS_NM = np.linspace(450, 2400, N_BANDS)


def cube(dtype: str = "float32") -> np.ndarray:
    """(20, 24, 7) reflectances, as whole numbers times 10,000 or as they are."""
    values = small_cube(SHAPE, N_BANDS)
    return values.astype(dtype) if dtype.startswith("f") else (values * 1e4).astype(dtype)


def envi(folder: Path, data: str = "scene.bsq", packed: bool = False, **more: str) -> str:
    """An ENVI scene with every field that the reader knows."""
    values = cube("int16").transpose(2, 0, 1).astype("<i2").tobytes()
    (folder / data).write_bytes(gzip.compress(values) if packed else values)
    listed = ", ".join(f"{nm:.1f}" for nm in WAVELENGTHS_NM)
    fields = {
        "description": "{\n small scene}", "samples": SHAPE[1], "lines": SHAPE[0], "bands": N_BANDS,
        "header offset": 0, "file type": "ENVI Standard", "data type": 2, "interleave": "bsq",
        "byte order": 0, "wavelength units": "Nanometers", "wavelength": f"{{{listed}}}",
        "fwhm": f"{{{', '.join(['10'] * N_BANDS)}}}", "bbl": f"{{{', '.join(['1'] * N_BANDS)}}}",
        "data ignore value": -9999, "reflectance scale factor": 10000,
        "map info": "{UTM, 1, 1, 380000, 5810000, 30, 30, 33, North, WGS-84, units=Meters}",
        "coordinate system string": '{PROJCS["WGS 84 / UTM zone 33N",GEOGCS["WGS 84"]]}',
        "band names": f"{{{', '.join(f'band {i}' for i in range(N_BANDS))}}}",
        "major frame offsets": "{0, 0}", "minor frame offsets": "{0, 0}",
        "file compression": int(packed),
    } | more  # fmt: skip
    lines = [f"{key} = {value}" for key, value in fields.items()]
    (folder / data).with_suffix(".hdr").write_text("\n".join(["ENVI", *lines, ""]))
    return data


def envi_gzip(folder: Path) -> str:
    """The same, compressed."""
    return envi(folder, packed=True)


def envi_header(folder: Path) -> str:
    """The same, opened by its header."""
    envi(folder)
    return "scene.hdr"


def geotiff(folder: Path, **profile: Any) -> str:
    """A GeoTIFF with wavelengths, scale and nodata."""
    path, values = folder / "scene.tif", cube("int16")
    size = {"height": SHAPE[0], "width": SHAPE[1], "count": N_BANDS, "dtype": "int16"}
    place = {"crs": CRS, "transform": TRANSFORM, "nodata": -9999}
    with rasterio.open(path, "w", driver="GTiff", **size, **place, **profile) as dataset:
        dataset.write(np.moveaxis(values, -1, 0))
        dataset.scales = [1e-4] * N_BANDS
        dataset.update_tags(wavelength_units="nm", bbl=",".join(["1"] * N_BANDS))
        for band, nm in enumerate(WAVELENGTHS_NM, start=1):
            dataset.update_tags(band, wavelength=f"{nm:.1f}")
            dataset.set_band_description(band, f"band {band} ({nm:.1f} nm)")
    return path.name


def geotiff_tiled(folder: Path) -> str:
    """Tiles of 16 pixels, packed band by band."""
    tiles = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    return geotiff(folder, compress="deflate", predictor=2, interleave="band", **tiles)


def geotiff_big(folder: Path) -> str:
    """A BigTIFF, packed."""
    return geotiff(folder, BIGTIFF="YES", compress="lzw")


def geotiff_masked(folder: Path) -> str:
    """A mask inside the file, an ENVI header and a sidecar beside it."""
    name = geotiff(folder, compress="zstd")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(folder / name, "r+") as dataset:
        dataset.nodata = None
        mask = np.full(SHAPE, 255, dtype=np.uint8)
        mask[3:5, 3:9] = 0
        dataset.write_mask(mask)
    envi(folder, "beside.bsq")
    (folder / "beside.bsq").unlink()
    (folder / "beside.hdr").rename(folder / "scene.hdr")
    (folder / "scene.tif.aux.xml").write_text(
        "<PAMDataset><Metadata><MDI key='AREA_OR_POINT'>Area</MDI></Metadata></PAMDataset>"
    )
    return name


def _arrays() -> dict[str, np.ndarray]:
    return {"cube": cube(), "wavelength": WAVELENGTHS_NM, "bbl": np.ones(N_BANDS)}


def mat5(folder: Path) -> str:
    """MATLAB v5, not packed."""
    scipy.io.savemat(folder / "scene.mat", _arrays())
    return "scene.mat"


def mat5_packed(folder: Path) -> str:
    """MATLAB v5 to v7, packed, with a struct, a cell and text."""
    content = {
        "hsi": {"Data": cube(), "wl": WAVELENGTHS_NM, "note": "text"},
        "cell": np.array([1, "two"], dtype=object),
    }
    scipy.io.savemat(folder / "scene.mat", content, do_compression=True)
    return "scene.mat"


def mat73(folder: Path) -> str:
    """MATLAB v7.3."""
    with h5py.File(folder / "scene.mat", "w", userblock_size=512) as file:
        for name, values in _arrays().items():
            made = file.create_dataset(name, data=values.T, chunks=values.ndim == 3 or None)
            made.attrs["MATLAB_class"] = np.bytes_("double")
        file.create_group("#refs#").create_dataset("a", data=np.zeros((2, 2)))
    with (folder / "scene.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    return "scene.mat"


def npy(folder: Path) -> str:
    """NumPy, one array."""
    np.save(folder / "scene.npy", cube())
    return "scene.npy"


def npz(folder: Path) -> str:
    """NumPy, several arrays."""
    np.savez(folder / "scene.npz", **_arrays())  # type: ignore[arg-type]
    return "scene.npz"


def npz_packed(folder: Path) -> str:
    """NumPy, several arrays, packed."""
    np.savez_compressed(folder / "scene.npz", **_arrays())  # type: ignore[arg-type]
    return "scene.npz"


def netcdf(folder: Path) -> str:
    """NetCDF 4 as xarray writes it: dimension scales, a grid mapping, packed chunks."""
    with h5py.File(folder / "scene.nc", "w") as file:
        rows, cols = SHAPE
        axes = {
            "wavelength": (WAVELENGTHS_NM, "nm"),
            "y": (5_810_000 - 30 * (np.arange(rows) + 0.5), "m"),
            "x": (380_000 + 30 * (np.arange(cols) + 0.5), "m"),
        }
        made = file.create_dataset(
            "reflectance", data=np.moveaxis(cube(), -1, 0), chunks=(N_BANDS, 8, 8), compression=4
        )
        for place, (name, (values, unit)) in enumerate(axes.items()):
            file[name] = values
            file[name].attrs["units"] = unit
            file[name].make_scale(name)
            made.dims[place].attach_scale(file[name])
        made.attrs.update(_FillValue=np.float32(-9999), grid_mapping="crs", scale_factor=1.0)
        file["fwhm"] = np.full(N_BANDS, 10.0)
        file["crs"] = 0
        file["crs"].attrs["spatial_ref"] = rasterio.CRS.from_string(CRS).to_wkt()
        file["crs"].attrs["GeoTransform"] = "380000 30 0 5810000 0 -30"
    return "scene.nc"


def netcdf_packed(folder: Path) -> str:
    """A cube of whole numbers without a sign, with a range, scale and offset."""
    with h5py.File(folder / "scene.nc", "w") as file:
        made = file.create_dataset("reflectance", data=cube("int16"), chunks=True, compression=4)
        made.attrs.update(
            _Unsigned="true", _FillValue=np.int16(-1), scale_factor=1e-4, add_offset=0.01,
            valid_range=np.array([1, 20_000], "i2"), Scale_Factor=10_000.0,
        )  # fmt: skip
        file["wavelength"] = WAVELENGTHS_NM
        file["wavelength"].attrs["units"] = "nm"
    return "scene.nc"


def mat5_bands_first(folder: Path) -> str:
    """MATLAB v5, bands first, as the wavelengths say."""
    content = {"cube": np.moveaxis(cube(), 2, 0), "wl": WAVELENGTHS_NM, "gt": np.ones(SHAPE)}
    scipy.io.savemat(folder / "scene.mat", content)
    return "scene.mat"


SCENES = {
    "envi": envi, "envi-header": envi_header, "envi-gzip": envi_gzip, "geotiff": geotiff,
    "geotiff-tiled": geotiff_tiled, "geotiff-big": geotiff_big, "geotiff-masked": geotiff_masked,
    "mat-v5": mat5, "mat-v7": mat5_packed, "mat-v7.3": mat73, "npy": npy,
    "npz": npz, "npz-packed": npz_packed, "netcdf": netcdf, "netcdf-packed": netcdf_packed,
    "mat-bands-first": mat5_bands_first,
}  # fmt: skip
