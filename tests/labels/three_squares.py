"""Three square fields, each of a class, that the tests write to files of labels."""

import hashlib
import zipfile

import geopandas
from shapely import box

COUNTS = {1: 4, 2: 4, 3: 4}
SQUARES = [box(500_000 + 20 * k, 5_799_980, 500_020 + 20 * k, 5_800_000) for k in range(3)]
FEATURES = geopandas.GeoDataFrame({"class": [1, 2, 3]}, geometry=SQUARES, crs=32633)
UMLAUTS = ["Wälder", "Gewässer", "Straße"]


def contents(folder):
    """Hash of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def zipped(archive, *sources, inside="", extra=()):
    """Zip files, with every file of a shapefile, into a folder of an archive."""
    with zipfile.ZipFile(archive, "w") as file:
        if inside:
            file.writestr(inside, b"")
        for source in sources:
            for part in sorted(source.parent.glob(source.stem + ".*")):
                file.write(part, inside + part.name)
        for name in extra:
            file.writestr(name, b"\0\5\26\7")
    return archive
