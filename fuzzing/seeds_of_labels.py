"""Small whole files of labels in each format; a writer gives the name of the file to open."""

import shutil
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
import scipy.io
import shapely

from fuzzing.seeds_of_scenes import CRS, SHAPE, TRANSFORM
from hsidiff.labels.label_map import LabelMap, LandClass
from hsidiff.maps.geotiff import write_class_map
from hsidiff.testing.small_scenes import small_fields

CLASSES = (
    LandClass(1, "tree", "#117733"),
    LandClass(2, "wäter", "#4477aa"),
    LandClass(3, "soil", "#ddcc77"),
)


def values() -> np.ndarray:
    """(20, 24) class ids; every second row is unlabelled."""
    ids = small_fields(SHAPE) + 1
    ids[::2] = 0
    return ids


def label_map() -> LabelMap:
    """The labels of :func:`values`."""
    names = {land_class.id: land_class.name for land_class in CLASSES}
    return LabelMap.from_array(
        values(), names, crs=rasterio.CRS.from_string(CRS), transform=TRANSFORM
    )


def features() -> geopandas.GeoDataFrame:
    """Points and polygons of every kind with a field of text and one of numbers."""
    shapes: list[Any] = []
    for place in range(12):
        x, y = TRANSFORM @ (2 * place + 0.5, 1.5 * place + 0.5)
        point, square = shapely.Point(x, y), shapely.box(x, y - 90, x + 90, y)
        ring = square.difference(shapely.box(x + 20, y - 70, x + 50, y - 30))
        kinds = (point, square, ring, shapely.MultiPoint([(x, y), (x + 60, y)]),
                 shapely.MultiPolygon([square, shapely.box(x + 120, y - 60, x + 150, y)]),
        )  # fmt: skip
        shapes.append(kinds[place % len(kinds)])
    words = [CLASSES[place % 3].name for place in range(len(shapes))]
    numbers = [place % 3 + 1 for place in range(len(shapes))]
    table = {"class": words, "class_id": numbers, "area": [1.5] * len(shapes)}
    return geopandas.GeoDataFrame(table, geometry=shapes, crs=CRS)


def geopackage(folder: Path) -> str:
    """A GeoPackage of mixed shapes."""
    features().to_file(folder / "labels.gpkg", layer="labels", driver="GPKG", engine="pyogrio")
    return "labels.gpkg"


def shapefile(folder: Path) -> str:
    """A shapefile, which holds one kind of shape."""
    table = features()
    table["geometry"] = table.geometry.buffer(20)
    table.to_file(folder / "labels.shp", engine="pyogrio", encoding="UTF-8")
    return "labels.shp"


def shapefile_zip(folder: Path) -> str:
    """The shapefile in an archive."""
    inner = folder / "inner"
    inner.mkdir()
    shapefile(inner)
    with zipfile.ZipFile(folder / "labels.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(inner.iterdir()):
            archive.write(path, f"labels/{path.name}")
    shutil.rmtree(inner)
    return "labels.zip"


def geojson(folder: Path) -> str:
    """GeoJSON in degrees."""
    features().to_crs(4326).to_file(folder / "labels.geojson", driver="GeoJSON", engine="pyogrio")
    return "labels.geojson"


def flatgeobuf(folder: Path) -> str:
    """FlatGeobuf."""
    features().to_file(folder / "labels.fgb", driver="FlatGeobuf", engine="pyogrio")
    return "labels.fgb"


def points_csv(folder: Path) -> str:
    """A table of x, y and class."""
    table = features()
    centres = table.geometry.centroid
    rows = zip(centres.x, centres.y, table["class"], table["class_id"], strict=True)
    lines = ["x,y,class,class_id", *(",".join(map(str, row)) for row in rows)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "labels.csv"


def wkt_csv(folder: Path) -> str:
    """A table of shapes as text."""
    table = features()
    rows = zip(table.geometry.to_wkt(), table["class"], strict=True)
    lines = ["WKT;class", *(f'"{wkt}";{word}' for wkt, word in rows)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "labels.csv"


def wkb_csv(folder: Path) -> str:
    """A table of shapes in the hexadecimal digits of PostGIS, with their system."""
    table = features()
    shapes = shapely.to_wkb(
        shapely.set_srid(table.geometry.to_numpy(), 32633), hex=True, include_srid=True
    )
    lines = [
        "geom,class",
        *(f"{wkb},{word}" for wkb, word in zip(shapes, table["class"], strict=True)),
    ]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "labels.csv"


def geojson_csv(folder: Path) -> str:
    """A table of shapes as Earth Engine exports it, in degrees."""
    table = features().to_crs(4326)
    shapes = (text.replace('"', '""') for text in shapely.to_geojson(table.geometry.to_numpy()))
    lines = [f'"{text}",{word}' for text, word in zip(shapes, table["class"], strict=True)]
    (folder / "labels.csv").write_text("\n".join([".geo,class", *lines, ""]), encoding="utf-8")
    return "labels.csv"


def label_tiff(folder: Path) -> str:
    """A class map as hsidiff writes it, with palette and sidecars, and the table of ArcGIS."""
    grid = (rasterio.CRS.from_string(CRS), TRANSFORM)
    write_class_map(values(), CLASSES, folder / "labels.tif", *grid)
    table = geopandas.GeoDataFrame(
        {"Value": [1, 2, 3], "Class": ["a", "b", "c"]}, geometry=[None] * 3
    )
    table.to_file(folder / "table.shp", engine="pyogrio", geometry_type="Point")
    (folder / "table.dbf").rename(folder / "labels.tif.vat.dbf")
    for path in folder.glob("table.*"):
        path.unlink()
    return "labels.tif"


def label_mat(folder: Path) -> str:
    """MATLAB v5."""
    arrays = {"gt": values().astype(np.uint8), "other": np.zeros((3, 4))}
    scipy.io.savemat(folder / "labels.mat", arrays)
    return "labels.mat"


def label_mat4(folder: Path) -> str:
    """MATLAB v4, which holds tables only."""
    scipy.io.savemat(folder / "labels.mat", {"gt": values().astype(np.float64)}, format="4")
    return "labels.mat"


def label_npz(folder: Path) -> str:
    """NumPy, of floating numbers."""
    np.savez(folder / "labels.npz", gt=values().astype(np.float64), other=np.zeros((3, 4)))
    return "labels.npz"


def label_envi(folder: Path) -> str:
    """An ENVI classification."""
    (folder / "labels.img").write_bytes(values().astype(np.uint8).tobytes())
    (folder / "labels.hdr").write_text(
        f"ENVI\nsamples = {SHAPE[1]}\nlines = {SHAPE[0]}\nbands = 1\nheader offset = 0\n"
        "file type = ENVI Classification\ndata type = 1\ninterleave = bsq\nbyte order = 0\n"
        "classes = 4\nclass lookup = {0,0,0, 17,119,51, 68,119,170, 221,204,119}\n"
        "class names = {Unclassified, tree, water, soil}\n"
        "map info = {UTM, 1, 1, 380000, 5810000, 30, 30, 33, North, WGS-84}\n"
    )
    return "labels.img"


LABELS = {
    "gpkg": geopackage, "shapefile": shapefile, "shapefile-zip": shapefile_zip,
    "geojson": geojson, "fgb": flatgeobuf, "csv": points_csv, "csv-wkt": wkt_csv,
    "csv-wkb": wkb_csv, "csv-geojson": geojson_csv,
    "label-tif": label_tiff, "label-mat": label_mat, "label-mat-v4": label_mat4,
    "label-npz": label_npz,
    "label-envi": label_envi,
}  # fmt: skip
