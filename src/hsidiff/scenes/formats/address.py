"""Addresses of files elsewhere, which GDAL reads over the network, a window at a time.

A path that went through :class:`pathlib.Path` has lost one of the two strokes of ``http://``. A
file of this machine may be named so, ``x.tif`` in a folder ``http:``: one that exists is meant.
"""

import re
from pathlib import Path
from typing import Any

_SCHEMES = {"http": "/vsicurl/http://", "https": "/vsicurl/https://", "s3": "/vsis3/",
            "gs": "/vsigs/", "az": "/vsiaz/"}  # fmt: skip
_URL = re.compile(rf"({'|'.join(_SCHEMES)}):/{{1,2}}(?=[^/])(.+)", re.DOTALL)
_OF_GDAL = re.compile(r"/vsi(curl|s3|gs|az)/.+", re.DOTALL)
_OTHER = re.compile(r"[a-z][a-z0-9+.-]+:/{1,2}(?=[^/]).+|/vsi[a-z0-9_]+/.+", re.DOTALL)

NETWORK: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no look for files beside it
    "GDAL_HTTP_CONNECTTIMEOUT": 10,
    "GDAL_HTTP_TIMEOUT": 60,
    "GDAL_HTTP_MAX_RETRY": 2,
    "GDAL_HTTP_RETRY_DELAY": 0.5,
}
"""How GDAL asks: seconds and tries until a server that is silent counts as gone."""


def is_address(path: str | Path) -> bool:
    """Whether it names a file elsewhere: a URL, or a name of GDAL that begins with ``/vsi``."""
    return _OTHER.fullmatch(str(path)) is not None and not _is_here(path)


def gdal_name(path: str | Path) -> str | None:
    """What GDAL calls a file elsewhere; None if it has no way to reach it, or it is a file here."""
    text = str(path)
    url = _URL.fullmatch(text)
    if url is not None and not _is_here(path):
        return _SCHEMES[url[1]] + url[2]
    if _OF_GDAL.fullmatch(text) is None:
        return None
    return re.sub(r"^/vsicurl/(https?):/{1,2}", r"/vsicurl/\1://", text)


def _is_here(path: str | Path) -> bool:
    """Whether a path with the look of a URL is one of this machine; names of GDAL never are."""
    return not str(path).startswith("/") and Path(path).exists()


def shown(path: str | Path) -> str:
    """An address as people write it; any other path as it is."""
    if not is_address(path):
        return str(path)
    return re.sub(r"^((?:/vsicurl/)?[a-z][a-z0-9+.-]+):/{1,2}(?=[^/])", r"\1://", str(path))
