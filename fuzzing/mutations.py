"""One broken file after another: the same number always gives the same one."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from fuzzing import inside
from fuzzing.bytes_and_text import break_bytes, break_text

Break = Callable[[bytes, random.Random], bytes]

_HEADS = (
    b"\x89HDF\r\n\x1a\n", b"II*\0\x08\0\0\0", b"PK\x03\x04", b"SQLite format 3\0",
    b"\x93NUMPY\x01\0",
    b"MATLAB 5.0 MAT-file, x", b"\x1f\x8b\x08\0", b"ENVI\n", b"CDF\x01", b"%PDF-1.7", b"<html>",
    b"{",
)  # fmt: skip
_SUFFIXES = (
    ".tif", ".mat", ".npy", ".npz", ".hdr", ".img", ".nc", ".h5", ".he5", ".zip", ".gpkg", ".shp",
    ".geojson", ".csv", ".json", ".TIF", ".Mat", ".txt", "", ".tar", ".tgz", ".gz", ".dbf", ".fgb",
)  # fmt: skip
_IN_ITS_TERMS: dict[str, tuple[Break, ...]] = {
    ".hdr": (break_text,), ".csv": (break_text,), ".prj": (break_text,), ".cpg": (break_text,),
    ".xml": (break_text,), ".toml": (break_text,), ".py": (break_text,),
    ".json": (inside.break_json, inside.break_json, break_text),
    ".geojson": (inside.break_json, inside.break_json, break_text),
    ".tif": (inside.break_tiff,), ".npz": (inside.break_zip,), ".zip": (inside.break_zip,),
    ".npy": (inside.break_npy,), ".mat": (inside.break_mat,),
    ".bsq": (inside.break_gzip,),
    ".gz": (inside.break_gzip,), ".safetensors": (inside.break_safetensors,),
}  # fmt: skip
_OF_WHOLE_FILES: dict[str, Callable[[Path, random.Random], None]] = {
    ".h5": inside.break_hdf5, ".he5": inside.break_hdf5, ".nc": inside.break_hdf5,
    ".gpkg": inside.break_geopackage,
}  # fmt: skip
_LARGEST_BYTES = 8 * 2**20


def break_folder(folder: Path, main: str, seed: str) -> str:
    """Break one or two of the files in a folder.

    Args:
        folder: holds a whole scene, model or so; it is changed.
        main: the file that is opened, or ``"."`` for the folder itself.
        seed: of the chance; one seed, one way.

    Returns:
        The name of the file to open.
    """
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 1, 1, 2))):
        files = sorted(
            path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
        )
        if not files:
            break
        path = rng.choice(files)
        if rng.random() < 0.1:
            main = _break_place(folder, path, main, rng)
        elif path.stat().st_size <= _LARGEST_BYTES:
            _break_file(path, rng)
        else:
            os.truncate(path, rng.randrange(path.stat().st_size))
    return main


def _break_file(path: Path, rng: random.Random) -> None:
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        is_hdf5 = stream.read(8) in (b"\x89HDF\r\n\x1a\n", b"MATLAB 7")
    whole = inside.break_hdf5 if is_hdf5 else _OF_WHOLE_FILES.get(suffix)
    terms = _IN_ITS_TERMS.get(suffix, ())
    if rng.random() < 0.7:
        try:
            if whole is not None:
                whole(path, rng)
                return
            if terms:
                path.write_bytes(rng.choice(terms)(path.read_bytes(), rng))
                return
        except Exception:  # broken by the first round already, so it has no terms of its own
            pass
    path.write_bytes(break_bytes(path.read_bytes(), rng))


def _break_place(folder: Path, path: Path, main: str, rng: random.Random) -> str:
    """Names, and what stands under them: a file lost, exchanged, renamed, or no file at all."""
    others = sorted(other for other in folder.rglob("*") if other.is_file())
    match rng.randrange(9):
        case 0:
            path.unlink()
        case 1:
            path.write_bytes(rng.choice(others).read_bytes())
        case 2 | 3 if main != ".":
            renamed = Path(main).with_suffix(rng.choice(_SUFFIXES)).name
            if (folder / main).is_file() and not (folder / renamed).exists():
                (folder / main).rename(folder / renamed)
                return renamed
        case 4:
            path.unlink()
            path.mkdir()
        case 5:
            path.unlink()
            path.symlink_to(rng.choice((path.name, "nowhere", "/proc/self/mem", "/dev/zero", "..")))
        case 6:
            path.unlink()
            os.mkfifo(path)
        case 7:
            path.write_bytes(rng.choice(_HEADS) + path.read_bytes()[rng.choice((0, 8, 512)) :])
        case _:
            path.write_bytes(b"")
    return main


def copied(seed: Path, folder: Path) -> None:
    """A fresh copy of a seed in an empty folder; holes of sparse files stay holes."""
    for path in sorted(seed.rglob("*")):
        target = folder / path.relative_to(seed)
        if path.is_dir():
            target.mkdir()
        elif path.stat().st_blocks * 512 < path.stat().st_size // 2:
            target.touch()
            os.truncate(target, path.stat().st_size)
        else:
            shutil.copyfile(path, target)
