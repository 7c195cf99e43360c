"""Products that are several files (EnMAP, DESIS): in a folder, a ``.zip``, or a ``.tar`` of zips.

GDAL reads images inside archives by windows, so nothing is unpacked to the disk.
"""

import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hsidiff.errors import SceneError, reason_of
from hsidiff.files import is_bomb

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
"""Lower-case ends of the names of archives that are looked into."""

_IMAGE = re.compile(r"(.*)SPECTRAL_IMAGE(?:_COG)?\.(?:tif|tiff|geotiff)", re.IGNORECASE | re.DOTALL)
_METADATA = re.compile(r"(.*)METADATA\.xml", re.IGNORECASE | re.DOTALL)
_RASTER_END = r"(?:_COG)?\.(?:tif|tiff|geotiff)"
_AGAIN = "download it again, or unpack it by hand"
_LARGEST_TEXT_BYTES = 2**25
_DEEPEST = 2
"""Folders within the named one that are looked into."""


@dataclass(frozen=True)
class Member:
    """One file of a product.

    Attributes:
        name: with its folders, as its place calls it.
        gdal_path: what GDAL opens.
        read_bytes: gives its bytes.
    """

    name: str
    gdal_path: Path
    read_bytes: Callable[[], bytes]

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            SceneError: if it cannot be read: it is broken, say, or encrypted.
        """
        try:
            return self.read_bytes()
        except SceneError:
            raise
        except Exception as error:  # a broken archive makes Python raise nearly anything
            raise SceneError(
                f"{self.name} cannot be read ({reason_of(error)}): {_AGAIN}"
            ) from error


@dataclass(frozen=True)
class Package:
    """The files of one product.

    Attributes:
        path: what the user named, or the image.
        prefix: how the names of its files begin, with their folder.
        image: the spectral image.
        members: every file beside it.
        in_archive: whether they lie in an archive.
    """

    path: Path
    prefix: str
    image: Member
    members: tuple[Member, ...]
    in_archive: bool

    @property
    def name(self) -> str:
        """The name of the product, or of its folder or archive if its files have none."""
        bare = self.prefix.rpartition("/")[2].rstrip("-_ ")
        if bare:
            return bare
        return self.path.name.split(".")[0] if self.in_archive else self.image.gdal_path.parent.name

    def find(self, kind: str) -> Member | None:
        """The file of a kind, such as ``METADATA.XML``, whatever the case of its name."""
        wanted = re.compile(re.escape(self.prefix) + kind, re.IGNORECASE)
        return next((m for m in self.members if wanted.fullmatch(m.name)), None)

    def find_raster(self, kind: str) -> Member | None:
        """The GeoTIFF of a kind, such as ``QL_QUALITY_CLOUD``."""
        return self.find(kind + _RASTER_END)

    def files(self, *members: Member | None) -> tuple[Path, ...]:
        """The files on the disk that hold these members."""
        if self.in_archive:
            return (self.path,)
        return tuple(member.gdal_path for member in members if member is not None)


def is_archive(path: Path) -> bool:
    """Whether a name is that of an archive that is looked into."""
    return path.name.lower().endswith(ARCHIVES)


def is_part_of_package(path: Path) -> bool:
    """Whether a file is the spectral image or the metadata of a product of several files."""
    image = _IMAGE.fullmatch(path.name)
    if image is None:
        return _METADATA.fullmatch(path.name) is not None
    wanted = (image[1] + "metadata.xml").lower()
    return any(beside.name.lower() == wanted for beside in path.parent.iterdir())


def is_spectral_image(path: Path) -> bool:
    """Whether the name of a file is that of the image of such a product."""
    return _IMAGE.fullmatch(path.name) is not None


def find_package(path: Path) -> Package | None:
    """The product in a folder or an archive, or the one that a file belongs to; None if none is.

    Raises:
        SceneError: if there are several, or the archive is broken.
    """
    found = _images(path)
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(sorted(prefix or "(no name)" for prefix in found))
        way_out = "unpack it, and name" if is_archive(path) else "name"
        raise SceneError(f"{path} holds several products: {names}: {way_out} the folder of one")
    prefix, (image, members) = next(iter(found.items()))
    return Package(path, prefix, image, members, is_archive(path))


def _images(path: Path) -> dict[str, tuple[Member, tuple[Member, ...]]]:
    """Spectral images by the prefix of their names, with the files beside them."""
    found: dict[str, tuple[Member, tuple[Member, ...]]] = {}
    for members in _places(path):
        for member in sorted(members, key=lambda member: len(member.name), reverse=True):
            match = _IMAGE.fullmatch(member.name)
            if match is not None:  # the shorter name last: not the COG, where both are
                found[match[1]] = (member, tuple(members))
    if path.is_file() and not is_archive(path):
        named = _IMAGE.fullmatch(path.name) or _METADATA.fullmatch(path.name)
        prefix = "" if named is None else named[1]
        found = {key: value for key, value in found.items() if key == prefix}
    return found


def _places(path: Path) -> list[list[Member]]:
    """The members of each place that may hold a product: a folder, or a zip of a tar."""
    if path.is_dir():
        return [_in_folder(path, path)]
    if not is_archive(path):
        return [_in_folder(path.parent, path.parent, deepest=0)]
    with _whole_archive(path):
        return [_in_zip(path)] if path.name.lower().endswith(".zip") else _in_tar(path)


@contextmanager
def _whole_archive(path: Path) -> Iterator[None]:
    """Say of whatever goes wrong in the block that the archive is broken.

    Raises:
        SceneError: naming it.
    """
    try:
        yield
    except SceneError:
        raise
    except Exception as error:  # a broken archive makes its readers raise nearly anything
        raise SceneError(
            f"{path} is an archive: unpack it, and name what was in it; it cannot be looked into "
            f"({reason_of(error)}), so {_AGAIN}"
        ) from error


def _in_folder(folder: Path, top: Path, deepest: int = _DEEPEST) -> list[Member]:
    members: list[Member] = []
    try:
        items = sorted(folder.iterdir())
    except OSError:  # a folder that may not be looked into holds nothing for us
        return members
    for item in items:
        if _is_of_the_system(item.name):
            continue
        if item.is_file():
            members.append(Member(item.relative_to(top).as_posix(), item, item.read_bytes))
        elif deepest and item.is_dir() and not item.is_symlink():
            members += _in_folder(item, top, deepest - 1)
    return members


def _in_zip(path: Path) -> list[Member]:
    def reader(name: str) -> Callable[[], bytes]:
        def read() -> bytes:
            with zipfile.ZipFile(path) as archive:
                _check_text(path, name, archive.getinfo(name).file_size)
                return archive.read(name)

        return read

    with zipfile.ZipFile(path) as archive:
        return [
            Member(name, _inside("vsizip", path.absolute(), name), reader(name))
            for name in archive.namelist()
            if not _is_of_the_system(name)
        ]


def _in_tar(path: Path) -> list[list[Member]]:
    """The files of a tar, and those of each zip in it."""
    own: list[Member] = []
    places = [own]
    with tarfile.open(path) as archive:
        for entry in archive:
            if is_bomb(path.stat().st_size, entry.size):
                raise SceneError(
                    f"{path}: {entry.name} would unpack to {entry.size} bytes, as no product does: "
                    "download it again"
                )
            if not entry.isfile() or _is_of_the_system(entry.name):
                continue
            gdal_path = _inside("vsitar", path.absolute(), entry.name)
            if entry.name.lower().endswith(".zip"):
                stream = archive.extractfile(entry)
                assert stream is not None
                places.append(_in_zip_of_tar(path, entry.name, gdal_path, stream))
            else:
                own.append(Member(entry.name, gdal_path, _reader_of_tar(path, entry.name, None)))
    return places


def _in_zip_of_tar(path: Path, entry_name: str, gdal_path: Path, stream: IO[bytes]) -> list[Member]:
    with zipfile.ZipFile(stream) as archive:
        return [
            Member(name, _inside("vsizip", gdal_path, name), _reader_of_tar(path, entry_name, name))
            for name in archive.namelist()
            if not _is_of_the_system(name)
        ]


def _reader_of_tar(path: Path, entry_name: str, name: str | None) -> Callable[[], bytes]:
    def read() -> bytes:
        with tarfile.open(path) as archive:
            stream = archive.extractfile(entry_name)
            assert stream is not None
            if name is None:
                _check_text(path, entry_name, archive.getmember(entry_name).size)
                return stream.read()
            with zipfile.ZipFile(stream) as inner:
                _check_text(path, name, inner.getinfo(name).file_size)
                return inner.read(name)

    return read


def _check_text(path: Path, name: str, size: int) -> None:
    """Refuse to read metadata that are enormous.

    Raises:
        SceneError: naming the file.
    """
    if size > _LARGEST_TEXT_BYTES:
        raise SceneError(f"{path}: {name} has {size} bytes, as no metadata do: download it again")


def _is_of_the_system(name: str) -> bool:
    """Whether a file is one that macOS lays beside others: ``__MACOSX/._x``, ``._x``."""
    return any(part == "__MACOSX" or part.startswith("._") for part in name.split("/"))


def _inside(kind: str, archive: Path, name: str) -> Path:
    """What GDAL calls a file in an archive; braces say where the archive's own name ends."""
    return Path(f"/{kind}/{{{archive}}}/{name}")
