"""Whether GDAL has written a GeoPackage whole: on a full disk it may lose the end in silence."""

import errno
import sqlite3
from contextlib import closing
from pathlib import Path

from hsidiff.files import write_errors_of


def check_written(path: Path, layer: str, n_features: int) -> None:
    """Look for all features of a layer that was just written, and for its spatial index.

    Raises:
        OSError: if something lacks.
    """
    with write_errors_of(path, sqlite3.Error), closing(sqlite3.connect(path)) as connection:
        (sound,) = connection.execute("pragma quick_check").fetchone()
        (n_found,) = connection.execute(f"select count(*) from {_quoted(layer)}").fetchone()
        indexed = connection.execute(
            "select 1 from sqlite_master where name = ?", (f"rtree_{layer}_geom",)
        ).fetchone()
    lacks_index = bool(n_features) and indexed is None
    if sound != "ok" or n_found != n_features or lacks_index:
        raise OSError(errno.EIO, "cannot be written whole; is there space left?", str(path))


def _quoted(name: str) -> str:
    """A name in SQL, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'
