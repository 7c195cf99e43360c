"""Small whole products of missions, made here; a writer gives the name of the file to open."""

from pathlib import Path

import h5py
import numpy as np
import rasterio

from fuzzing.seeds_of_scenes import N_BANDS, SHAPE, WAVELENGTHS_NM, cube


def neon(folder: Path) -> str:
    """A NEON tile: a group named by the site, ``Map_Info`` and an EPSG code."""
    with h5py.File(folder / "scene.h5", "w") as file:
        group = file.create_group("SJER/Reflectance")
        made = group.create_dataset("Reflectance_Data", data=cube("int16"), chunks=(8, 8, N_BANDS))
        made.attrs.update({"Scale_Factor": 10_000.0, "Data_Ignore_Value": -9999.0})
        metadata = group.create_group("Metadata")
        metadata["Spectral_Data/Wavelength"] = WAVELENGTHS_NM
        metadata["Spectral_Data/Wavelength"].attrs["Units"] = "nanometers"
        metadata["Spectral_Data/FWHM"] = np.full(N_BANDS, 5.8)
        metadata["Coordinate_System/Map_Info"] = (
            "UTM, 1.000, 1.000, 380000.0, 5810000.0, 1.0, 1.0, 33, North, WGS-84"
        )
        metadata["Coordinate_System/EPSG Code"] = "32633"
    return "scene.h5"


def emit_masked(folder: Path) -> str:
    """A swath of EMIT with its lookup table, and the file of its masks beside it."""
    name = "EMIT_L2A_RFL_001_20220827T060753_0000000_000.nc"
    rows, cols = SHAPE
    with h5py.File(folder / name, "w") as file:
        file.attrs.update(
            spatial_ref=rasterio.CRS.from_epsg(4326).to_wkt(),
            geotransform=np.array([61.5, 5e-4, 0.0, 36.5, 0.0, -5e-4]),
            software_build_version="010621",
        )
        file["reflectance"] = cube()
        file["reflectance"].attrs["_FillValue"] = np.array([-9999.0], "f4")
        sensor = file.create_group("sensor_band_parameters")
        sensor["wavelengths"], sensor["fwhm"] = WAVELENGTHS_NM, np.full(N_BANDS, 8.5)
        sensor["wavelengths"].attrs["units"] = "nm"
        sensor["good_wavelengths"] = np.ones(N_BANDS, "u1")
        down, across = np.indices((rows, cols)) + 1
        for axis, table in (("glt_x", across[:, ::-1]), ("glt_y", down)):
            file[f"location/{axis}"] = np.repeat(table, 2, axis=1).astype("i4")
            file[f"location/{axis}"].attrs["_FillValue"] = np.array([-9999], "i4")
    flags = [b"Cloud flag", b"Cirrus flag", b"Water flag", b"Spacecraft Flag"]
    with h5py.File(folder / name.replace("_RFL_", "_MASK_"), "w") as file:
        file["mask"] = np.random.default_rng(0).integers(0, 2, (rows, cols, 4)).astype("f4")
        file["sensor_band_parameters/mask_bands"] = flags
    return name


PRODUCTS = {"neon": neon, "emit-masked": emit_masked}
