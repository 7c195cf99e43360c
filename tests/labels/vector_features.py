"""Polygons and points in pixels of the scene that labels of every kind are made for."""

import geopandas
from shapely import affinity

from hsidiff.labels.vector import from_features


def on_map(geometry):
    """A geometry in pixels (x = col, y = row) of ``grid_scene``, in map coordinates."""
    return affinity.affine_transform(geometry, [10, 0, 0, -10, 500_000, 5_800_000])


def features_of(*pairs, crs="EPSG:32633"):
    """A table of (geometry in pixels, class) pairs."""
    geometries = [None if geometry is None else on_map(geometry) for geometry, _ in pairs]
    return geopandas.GeoDataFrame({"cover": [c for _, c in pairs]}, geometry=geometries, crs=crs)


def read(features, scene):
    return from_features(features, scene, "cover", "labels")
