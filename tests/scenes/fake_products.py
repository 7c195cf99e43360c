"""Write small files that are laid out like the products of imaging spectrometers.

Each number says where it came from: :func:`ramp` is row + col / 10 + band / 1000.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from fake_files import write_geotiff
from rasterio.crs import CRS

DIMENSION_ONLY = "This is a netCDF dimension but not a netCDF variable"
WGS84 = CRS.from_epsg(4326).to_wkt()


def ramp(rows: int, cols: int, bands: int, dtype: str = "f4") -> np.ndarray:
    """(rows, cols, bands) numbers that differ in every pixel and band."""
    r, c, b = np.indices((rows, cols, bands))
    return (r + c / 10 + b / 1000).astype(dtype)


def lookup_table(shape: tuple[int, int], turn: float = 0.6, zoom: float = 1.25) -> Any:
    """A map of a swath that is turned and drawn finer: ``glt_x`` and ``glt_y``, 0 outside.

    As that of EMIT it shows about every second pixel more than once.
    """
    rows, cols = shape
    side = int(np.ceil(zoom * (rows + cols)))
    y, x = np.indices((side, side)) - side / 2
    down = np.round((np.cos(turn) * y - np.sin(turn) * x) / zoom + rows / 2).astype("i4")
    across = np.round((np.sin(turn) * y + np.cos(turn) * x) / zoom + cols / 2).astype("i4")
    inside = (down >= 0) & (down < rows) & (across >= 0) & (across < cols)
    return np.where(inside, across + 1, 0).astype("i4"), np.where(inside, down + 1, 0).astype("i4")


def write_emit(
    path: Path,
    swath: np.ndarray,
    glt: tuple[np.ndarray, np.ndarray],
    good: Sequence[int] | None = None,
    build: str = "010621",
    **attributes: Any,
) -> Path:
    """An EMIT L2A file: a swath (downtrack, crosstrack, bands) and its lookup table."""
    n_bands = swath.shape[2]
    attributes = {
        "spatial_ref": WGS84,
        "geotransform": np.array([61.5, 5e-4, 0.0, 36.5, 0.0, -5e-4]),
        "software_build_version": build,
    } | attributes
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, size in zip(("downtrack", "crosstrack", "bands"), swath.shape, strict=True):
            file.create_dataset(name, data=np.zeros(size, "f4")).make_scale(name)
        cube = file.create_dataset("reflectance", data=swath)
        cube.attrs["_FillValue"] = np.array([-9999.0], "f4")
        for axis, name in enumerate(("downtrack", "crosstrack", "bands")):
            cube.dims[axis].attach_scale(file[name])
        sensor = file.create_group("sensor_band_parameters")
        wavelengths = sensor.create_dataset("wavelengths", data=np.linspace(400, 2400, n_bands))
        wavelengths.attrs["units"] = "nm"
        sensor.create_dataset("fwhm", data=np.full(n_bands, 8.5)).attrs["units"] = "nm"
        flags = np.ones(n_bands, "u1") if good is None else np.array(good, "u1")
        sensor.create_dataset("good_wavelengths", data=flags)
        sensor["good_wavelengths"].attrs["_FillValue"] = np.array([241], "u1")
        for name, table in zip(("glt_x", "glt_y"), glt, strict=True):
            file.create_dataset(f"location/{name}", data=table)
            file[f"location/{name}"].attrs["_FillValue"] = np.array([-9999], "i4")
    return path


def write_emit_mask(path: Path, flags: dict[str, np.ndarray], named: bool = True) -> Path:
    """The mask beside an EMIT file; ``flags`` by name, (downtrack, crosstrack), in their order."""
    with h5py.File(path, "w") as file:
        file["mask"] = np.stack(list(flags.values()), axis=-1).astype("f4")
        if named:
            file["sensor_band_parameters/mask_bands"] = [name.encode() for name in flags]
    return path


def write_prisma(
    path: Path,
    vnir: np.ndarray,
    swir: np.ndarray,
    errors: tuple[np.ndarray, np.ndarray] | None = None,
    **attributes: Any,
) -> Path:
    """A PRISMA L2D file of two cubes (rows, bands, cols) whose bands go from long to short."""
    rows, n_vnir, cols = vnir.shape
    n_swir = swir.shape[1]
    corners = {
        "ULcorner_easting": 600015.0, "URcorner_easting": 600015.0 + 30 * (cols - 1),
        "ULcorner_northing": 4999985.0, "LLcorner_northing": 4999985.0 - 30 * (rows - 1),
    }  # fmt: skip
    attributes = {
        "Epsg_Code": np.int64(32632),
        "List_Cw_Vnir": np.linspace(980.0, 400.0, n_vnir).astype("f4"),
        "List_Cw_Swir": np.linspace(2500.0, 940.0, n_swir).astype("f4"),
        "List_Fwhm_Vnir": np.full(n_vnir, 11.0, "f4"),
        "List_Fwhm_Swir": np.full(n_swir, 10.0, "f4"),
        "L2ScaleVnirMin": np.float32(0.0), "L2ScaleVnirMax": np.float32(0.9),
        "L2ScaleSwirMin": np.float32(0.1), "L2ScaleSwirMax": np.float32(0.8),
        **{f"Product_{name}": np.float32(number) for name, number in corners.items()},
    } | attributes  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs.update({name: value for name, value in attributes.items() if value is not None})
        fields = file.create_group("HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields")
        for number, (name, cube) in enumerate((("VNIR", vnir), ("SWIR", swir))):
            fields[f"{name}_Cube"] = cube.astype("u2")
            if errors is not None:
                fields[f"{name}_PIXEL_L2_ERR_MATRIX"] = errors[number].astype("u1")
    return path


def write_tanager(path: Path, cube: np.ndarray, kind: str = "GRIDS", **layers: np.ndarray) -> Path:
    """A Tanager file of a cube (bands, rows, cols)."""
    bands, rows, cols = cube.shape
    structure = (
        f"\tXDim={cols}\n\tYDim={rows}\n\tUpperLeftPointMtrs=(300000.000000,6600000.000000)\n"
        f"\tLowerRightMtrs=({300000 + 30 * cols}.0,{6600000 - 30 * rows}.0)\n"
    )
    with h5py.File(path, "w") as file:
        group = file.create_group(f"HDFEOS/{kind}/HYP")
        group.attrs["epsg_code"] = np.int64(32750)
        data = group.create_dataset("Data Fields/surface_reflectance", data=cube)
        data.attrs.update(
            {
                "_FillValue": np.float32(-9999),
                "wavelengths": np.linspace(0.4, 2.4, bands),
                "wavelengths_units": "um",
                "fwhm": np.full(bands, 5.5),
            }
        )
        for name, layer in layers.items():
            group[f"Data Fields/{name}"] = layer.astype("u1")
        file["HDFEOS INFORMATION/StructMetadata.0"] = structure
    return path


def write_cube(
    path: Path,
    cube: np.ndarray,
    dims: Sequence[str] = ("wavelength", "y", "x"),
    coordinates: dict[str, np.ndarray] | None = None,
    units: str | None = "nm",
    name: str = "reflectance",
    **attributes: Any,
) -> Path:
    """A NetCDF-like file of one cube with dimension scales; ``crs`` holds the grid mapping."""
    grid_mapping = attributes.pop("crs", None)
    with h5py.File(path, "w") as file:
        data = file.create_dataset(name, data=cube)
        data.attrs.update(attributes)
        for axis, dim in enumerate(dims):
            values = (coordinates or {}).get(dim)
            scale = file.create_dataset(
                dim, data=np.zeros(cube.shape[axis], "f4") if values is None else values
            )
            if values is None:
                scale.make_scale(f"{DIMENSION_ONLY}. {cube.shape[axis]}")
            else:
                scale.make_scale(dim)
            data.dims[axis].attach_scale(scale)
        if units is not None:
            file[dims[0] if "wavelength" not in dims else "wavelength"].attrs["units"] = units
        if grid_mapping is not None:
            data.attrs["grid_mapping"] = "crs"
            file.create_dataset("crs", data=np.int8(0)).attrs.update(grid_mapping)
    return path


ENMAP_NAME = "ENMAP01-____L2A-DT0000000001_20220724T104526Z"


def enmap_xml(
    n_bands: int, empty: Sequence[int] = (), background: float | None = -32768, gain: str = "0.0001"
) -> str:
    """A METADATA.XML of EnMAP; ``empty`` are numbers of bands without a value."""
    wavelengths = np.linspace(420.0, 2440.0, n_bands)
    bands = "".join(
        f"<bandID number='{number}'><wavelengthCenterOfBand>{nm:.3f}</wavelengthCenterOfBand>"
        f"<FWHMOfBand>7.5</FWHMOfBand><GainOfBand>{gain}</GainOfBand>"
        f"<OffsetOfBand>0.01</OffsetOfBand></bandID>"
        for number, nm in enumerate(wavelengths, start=1)
    )
    statistics = "".join(
        f"<bandID number='{number}'><mean>{-1000000 if number in empty else 0.2}</mean>"
        f"<stdDeviation>{0 if number in empty else 0.1}</stdDeviation></bandID>"
        for number in range(1, n_bands + 1)
    )
    outside = "" if background is None else f"<backgroundValue>{background:g}</backgroundValue>"
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><level_X><specific>{outside}"
        f"<bandCharacterisation>{bands}</bandCharacterisation></specific>"
        f"<product><bandStatistics>{statistics}</bandStatistics></product></level_X>"
    )


def write_enmap(
    folder: Path,
    cube: np.ndarray,
    prefix: str = ENMAP_NAME + "-",
    image: str = "SPECTRAL_IMAGE.TIF",
    metadata: str = "METADATA.XML",
    xml: str | None = None,
    nodata: float | None = -32768,
    **layers: np.ndarray,
) -> Path:
    """A folder of EnMAP L2A with a cube (rows, cols, bands) int16; ``layers`` such as CLOUD."""
    folder.mkdir(parents=True, exist_ok=True)
    write_geotiff(folder / f"{prefix}{image}", cube.astype("i2"), nodata=nodata)
    text = enmap_xml(cube.shape[2]) if xml is None else xml
    (folder / f"{prefix}{metadata}").write_text(text, encoding="utf-8")
    for name, layer in layers.items():
        write_geotiff(folder / f"{prefix}QL_QUALITY_{name}.TIF", layer[..., None].astype("u1"))
    return folder
