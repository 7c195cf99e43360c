"""Real files, where the environment variable HSIDIFF_DATA names the folder that holds them."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from fuzzing.cropped import CROPS

_LARGEST_BYTES = 1_500_000

_SCENES = {
    "real-envi": ("emit-fixture/emit20250324t221005_jpl_unmix_ex",),
    "real-envi-hymap": ("berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq",),
    "real-envi-enmap": ("berlin-enmap-simulated/EnMAP_BerlinUrbanGradient.bsq",),
    "real-geotiff": ("dlr-hysu/Full.tif",),
    "real-mat-v5": ("salinas-a/salinasA.mat",),
    "real-mat-v7.3": ("matlab-v73/MUUFL.mat",),
    "tanager": ("sensors/synthetic/20240925_185504_87_4001_ortho_sr_hdf5.h5",),
    "aviris-3": ("sensors/synthetic/AV320250123t215000_000_L2A_OE_RFL_ORT.nc",),
    "emit": ("sensors/synthetic/EMIT_L2A_RFL_001_20220827T060753_0000000_000.nc",),
    "prisma": ("sensors/synthetic/PRS_L2D_STD_20240402102837_20240402102842_0001.he5",),
    "enmap": ("sensors/synthetic/ENMAP01-*/*METADATA.XML", "."),
    "desis": ("sensors/synthetic/DESIS-*/*.hdr", "."),
}
_LABELS = {
    "real-gpkg": ("enmap-potsdam/landcover_potsdam_point.gpkg",),
    "real-shapefile": ("berlin-hymap/LandCov_Vec_Berlin_Urban_Gradient_2009.shp",),
}
_RASTERS = {
    "real-label-tif": ("enmap-potsdam/enmap_potsdam_labels.tif",),
    "real-label-mat": ("indian-pines/Indian_pines_gt.mat",),
}


def real_seeds() -> dict[str, tuple[str, Callable[[Path], str]]]:
    """Kind and writer of each seed of which the files are there; none without HSIDIFF_DATA."""
    if "HSIDIFF_DATA" not in os.environ:
        return {}
    data = Path(os.environ["HSIDIFF_DATA"])
    found = {
        name: (kind, _cropper(data, name, *place) if name in CROPS else _copier(data, *place))
        for kind, table in (("scene", _SCENES), ("labels", _LABELS), ("raster", _RASTERS))
        for name, place in table.items()
        if any(data.glob(place[0]))
    }
    if "enmap" in found:
        found["enmap-zip"] = ("scene", _packer(found["enmap"][1], "scene.zip"))
        found["enmap-tar"] = ("scene", _packer(found["enmap"][1], "scene.tar.gz"))
    return found


def _packer(write: Callable[[Path], str], name: str) -> Callable[[Path], str]:
    def pack(folder: Path) -> str:
        """Write a product into a folder within, and leave an archive of it."""
        inner = folder / "inner"
        inner.mkdir()
        write(inner)
        if name.endswith(".zip"):
            shutil.make_archive(str(folder / "scene"), "zip", inner)
        else:
            shutil.make_archive(str(folder / "scene"), "gztar", inner)
        shutil.rmtree(inner)
        return name

    return pack


def _cropper(data: Path, name: str, place: str) -> Callable[[Path], str]:
    def crop(folder: Path) -> str:
        """Leave a window of a file."""
        CROPS[name](data / place, folder)
        return Path(place).name

    return crop


def _copier(data: Path, pattern: str, main: str = "") -> Callable[[Path], str]:
    def copy(folder: Path) -> str:
        """Copy a file with those of its stem; of large numbers only the size is kept."""
        named = next(data.glob(pattern))
        for path in sorted(named.parent.iterdir()):
            if path.is_file() and (main or path.name.split(".")[0] == named.name.split(".")[0]):
                target = folder / path.name
                if path.stat().st_size > _LARGEST_BYTES and path.suffix in {".bsq", ""}:
                    target.touch()
                    os.truncate(target, path.stat().st_size)
                else:
                    shutil.copyfile(path, target)
                target.chmod(0o644)
        return main or named.name

    return copy
