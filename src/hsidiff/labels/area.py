"""The area of interest: which pixels of a scene lie in the polygons of a file."""

from pathlib import Path

import numpy as np
import shapely
from rasterio.features import rasterize
from shapely import GeometryType

from hsidiff.errors import LabelError, MissingFileError
from hsidiff.labels.projection import project, why_all_outside
from hsidiff.labels.vector import checked_geometry, checked_transform, single_parts
from hsidiff.labels.vector_file import VECTOR_SUFFIXES, read_features
from hsidiff.scenes.scene import Scene


def read_area(path: str | Path, scene: Scene) -> np.ndarray:
    """Read an area of interest: all polygons of a file together, in any CRS.

    Args:
        path: ``.gpkg``, ``.shp``, ``.geojson``, ``.json`` or a ``.zip`` that holds one of them.
        scene: the scene, whose grid counts.

    Returns:
        (rows, cols) bool, the pixels whose centre lies in a polygon.

    Raises:
        LabelError: if the file cannot be read, holds no polygon, or none covers a pixel's centre.
        MissingFileError: if there is no such file.
    """
    path = Path(path)
    if not path.exists():
        raise MissingFileError(f"{path}: there is no such file of an area")
    if path.suffix.lower() not in VECTOR_SUFFIXES or path.is_dir():
        raise LabelError(f"{path}: an area is polygons, such as .gpkg, .shp or .geojson")
    geometry = checked_geometry(read_features(path, scene, None), path.name)
    kinds = set(shapely.get_type_id(geometry.dropna().to_numpy()).tolist())
    if not kinds <= {GeometryType.POLYGON, GeometryType.MULTIPOLYGON}:
        raise LabelError(f"{path.name}: an area is polygons, and these are not: draw its outline")
    projected = project(geometry, scene, path.name, "polygons")
    every = np.ones(len(geometry), dtype=np.int64)
    transform = checked_transform(scene, path.name)
    parts = single_parts(projected, every, transform, scene.shape, path.name)
    if not parts.inside.any():
        raise LabelError(why_all_outside(geometry, projected, scene, path.name, "polygons"))
    shapes = [part for part in parts.shapes[parts.inside] if not part.is_empty]
    area = np.zeros(scene.shape, dtype=np.uint8)
    if shapes:
        rasterize(shapes, out=area)
    if not area.any():
        raise LabelError(f"{path.name}: the area covers no pixel of {scene.name}: check its CRS")
    return area.astype(bool)
