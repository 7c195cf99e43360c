"""Which file of numbers and which ENVI header belong together."""

from pathlib import Path

from hsidiff.errors import MissingFileError, SceneError

_DATA_SUFFIXES = ("", ".bsq", ".bil", ".bip", ".img", ".dat", ".raw", ".bin", ".envi", ".cube")


def find_header(path: Path) -> Path | None:
    """The header beside a file of numbers: ``x.bsq.hdr`` or ``x.hdr``, in any case, or None."""
    names = [path.name + ".hdr", path.stem + ".hdr"]
    for name in names:
        for header in (path.with_name(name), path.with_name(name[:-4] + ".HDR")):
            if header.is_file():
                return header
    beside = _files_by_folded_name(path.parent)
    headers = [header for name in names for header in beside.get(name.casefold(), [])]
    return headers[0] if headers else None


def _files_by_folded_name(folder: Path) -> dict[str, list[Path]]:
    """The files of a folder by their names without regard to case."""
    files: dict[str, list[Path]] = {}
    for item in sorted(folder.iterdir() if folder.is_dir() else ()):
        if item.is_file():
            files.setdefault(item.name.casefold(), []).append(item)
    return files


def envi_pair(path: Path) -> tuple[Path, Path]:
    """The file of numbers and its header, given either of them.

    Raises:
        MissingFileError: if the other one is not beside it.
        SceneError: if several files may belong to the header.
    """
    if path.suffix.lower() != ".hdr":
        header = find_header(path)
        if header is None:
            raise MissingFileError(f"{path} has no ENVI header: expected {path.stem}.hdr beside it")
        return path, header
    bare = path.with_suffix("")
    beside = _files_by_folded_name(path.parent)
    candidates = [f for s in _DATA_SUFFIXES for f in beside.get((bare.name + s).casefold(), [])]
    # Not those that have another header, one of their full name.
    own = [file for file in candidates if find_header(file) == path] or candidates
    if not own:
        raise MissingFileError(
            f"{path} is a header and no file of its numbers, such as {bare.name}.bsq, lies beside "
            "it: name the file of numbers"
        )
    if len(own) > 1:
        names = ", ".join(file.name for file in own)
        raise SceneError(f"{path} may be the header of {names}: name the file of numbers")
    return own[0], path
