"""Tests for files here whose names begin like addresses, archives or drivers: they are meant."""

import geopandas
import h5py
import numpy as np
import pytest
import shapely
from affine import Affine
from fake_files import cube, write_envi, write_geotiff
from rasterio.crs import CRS

from hsidiff.labels.read import read_labels
from hsidiff.scenes.formats.address import gdal_name, is_address, shown
from hsidiff.scenes.open import open_scene

NAMES = (
    "http:x", "s3:x", "http:/x", "s3:/x", "https:/host/x", "gs:/bucket/x", "zip:x", "zip:/x",
    "tar:x", "file:x", "NETCDF:x", "HDF5:x", "ENVI:x", "GTIFF_DIR:1:x", "a.zip!x", "a.zip/x",
    "MEM:x", "C:x", "a?b=1&x",
)  # fmt: skip
VALUES = cube((4, 5, 3)).astype("int16")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder from which relative names count."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def move(made, name):
    """Rename a file to a name, whose folders are made, too."""
    target = made.parent / name
    target.parent.mkdir(parents=True, exist_ok=True)
    made.rename(target)
    return target


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".dat", ".h5"])
@pytest.mark.parametrize("name", NAMES)
def test_a_scene_that_is_here_is_read_whatever_its_name_looks_like(here, name, suffix):
    made, variable = here / f"plain{suffix}", None
    if suffix == ".tif":
        write_geotiff(made, VALUES)
    elif suffix == ".npy":
        np.save(made, VALUES)
    elif suffix == ".dat":
        write_envi(made, VALUES)
        for header in here.glob("plain*.hdr"):
            move(header, name + header.name.removeprefix("plain"))
    else:
        variable = "cube"
        with h5py.File(made, "w") as file:
            file["cube"], file["wavelength"] = VALUES, [400.0, 500.0, 600.0]
    path = move(made, name + suffix)
    for given in (name + suffix, path):
        np.testing.assert_array_equal(open_scene(given, variable=variable).read(), VALUES)


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".csv", ".tif"])
@pytest.mark.parametrize("name", NAMES)
def test_labels_that_are_here_are_read_whatever_their_name_looks_like(here, name, suffix):
    made = here / f"plain{suffix}"
    transform, crs = Affine(1, 0, 0, 0, -1, 4), CRS.from_epsg(32633)
    write_geotiff(here / "scene.tif", VALUES, transform=transform, crs=crs)
    scene = open_scene(here / "scene.tif")
    if suffix == ".tif":
        values = np.array([[1, 2, 0, 0, 0]] + [[0] * 5] * 3, dtype="uint8")
        write_geotiff(made, values[..., None], transform=transform, crs=crs)
    elif suffix == ".csv":
        made.write_text("x,y,class\n0.5,3.5,1\n1.5,3.5,2\n")
    else:
        points = [shapely.Point(0.5, 3.5), shapely.Point(1.5, 3.5)]
        geopandas.GeoDataFrame({"class": [1, 2]}, geometry=points, crs=32633).to_file(made)
    path = move(made, name + suffix)
    for given in (name + suffix, path):
        assert read_labels(given, scene).values[0].tolist() == [1, 2, 0, 0, 0]


def test_what_is_not_here_is_an_address(here):
    for text in ("http://host/x.tif", "s3://bucket/x.tif"):
        assert is_address(text)
        assert gdal_name(text) is not None
    (here / "http:" / "host").mkdir(parents=True)
    assert is_address("http://host/x.tif")
    (here / "http:" / "host" / "x.tif").touch()
    assert not is_address("http://host/x.tif")
    assert gdal_name("http:/host/x.tif") is None
    assert shown("http:/host/x.tif") == "http:/host/x.tif"
    assert shown("http:/other/x.tif") == "http://other/x.tif"
