"""Break what a format holds, in its own terms: a tag, a node, an attribute, a member, a row."""

import gzip
import io
import json
import random
import shutil
import sqlite3
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuzzing.bytes_and_text import break_bytes, break_text
from fuzzing.chance import HUGE, TEXTS, WHOLE_NUMBERS, amount, any_value

_TAG_BYTES = 12
_MI_COMPRESSED = 15


def break_json(content: bytes, rng: random.Random) -> bytes:
    """Some nodes of a JSON file replaced, lost, renamed or added."""
    tree = json.loads(content)
    for _ in range(amount(rng, 3)):
        places = list(_places(tree))
        if not places:
            break
        holder, key = rng.choice(places)
        match rng.randrange(4):
            case 0 if isinstance(holder, dict):
                holder[rng.choice(TEXTS)] = holder.pop(key)
            case 1:
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.extend([holder[key]] * rng.choice((1, 10)))
            case _:
                holder[key] = any_value(rng)
    return json.dumps(tree).encode("utf-8", errors="surrogatepass")


def _places(node: Any) -> Any:
    """Every holder and key of a tree of lists and dictionaries."""
    stack = [node]
    while stack:
        holder = stack.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in list(items):
            yield holder, key
            if isinstance(value, dict | list):
                stack.append(value)


def break_tiff(content: bytes, rng: random.Random) -> bytes:
    """Some tags of a classic TIFF, or of a BigTIFF, with other numbers, types or counts."""
    changed = bytearray(content)
    order = "<" if content[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    start = struct.unpack_from(order + ("Q" if big else "I"), content, 8 if big else 4)[0]
    n_tags = struct.unpack_from(order + ("Q" if big else "H"), content, start)[0]
    width, first = (20, start + 8) if big else (_TAG_BYTES, start + 2)
    for _ in range(amount(rng, 3)):
        tag = first + width * rng.randrange(max(1, n_tags))
        value = rng.choice(WHOLE_NUMBERS)
        match rng.randrange(5):
            case 0:
                struct.pack_into(order + "H", changed, tag, value % 2**16)
            case 1:
                struct.pack_into(order + "H", changed, tag + 2, rng.randrange(20))
            case 2:
                struct.pack_into(order + "I", changed, tag + 4, value % 2**32)
            case _:
                struct.pack_into(order + "I", changed, tag + (12 if big else 8), value % 2**32)
    return bytes(changed)


def break_zip(content: bytes, rng: random.Random) -> bytes:
    """The members of an archive broken, lost, renamed or doubled; the archive itself is whole."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    for _ in range(amount(rng, 3)):
        if not members:
            break
        place = rng.randrange(len(members))
        name, inner = members[place]
        match rng.randrange(6):
            case 0:
                del members[place]
            case 1:
                members[place] = (rng.choice(("../out", "a/b/c", "", "x.txt", name + "x")), inner)
            case 2:
                members.append((name, break_bytes(inner, rng)))
            case 3:
                members[place] = (name, _break_npy(inner, rng))
            case _:
                members[place] = (name, break_bytes(inner, rng))
    buffer = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, inner in members:
            archive.writestr(name, inner)
    return buffer.getvalue()


def break_npy(content: bytes, rng: random.Random) -> bytes:
    """The header of a ``.npy`` file with another shape, type or order."""
    return _break_npy(content, rng)


def _break_npy(content: bytes, rng: random.Random) -> bytes:
    if not content.startswith(b"\x93NUMPY"):
        return break_text(content, rng)
    size = struct.unpack_from("<H", content, 8)[0]
    header, numbers = content[10 : 10 + size].decode("latin-1"), content[10 + size :]
    if rng.random() < 0.5:
        shape = tuple(rng.choice((*WHOLE_NUMBERS, HUGE)) for _ in range(rng.randrange(5)))
        old = header[header.find("'shape'") : header.find(")") + 1]
        header = header.replace(old, f"'shape': {shape}")
    else:
        kinds = ("|O", "<f8", ">i2", "<c16", "|b1", "<U9999999", "|V8", "|S0", "<M8[s]", "(2,)<f4")
        old = header[header.find("'descr'") : header.find(", 'fortran")]
        header = header.replace(old, f"'descr': '{rng.choice(kinds)}'")
    if rng.random() < 0.2:
        header = break_text(header.encode("latin-1"), rng).decode("latin-1")
    encoded = header.rstrip().encode("latin-1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(encoded) % 2**16) + encoded + numbers


def break_mat(content: bytes, rng: random.Random) -> bytes:
    """A variable of a MATLAB v5 or v7 file broken inside, where it may be packed."""
    elements, place = [], 128
    while place + 8 <= len(content):
        kind, size = struct.unpack_from("<II", content, place)
        elements.append((kind, content[place + 8 : place + 8 + size]))
        place += 8 + size
    broken = rng.randrange(len(elements))
    kind, inner = elements[broken]
    if kind == _MI_COMPRESSED:
        elements[broken] = kind, zlib.compress(break_bytes(zlib.decompress(inner), rng))
    else:
        elements[broken] = kind, break_bytes(inner, rng)
    parts = [struct.pack("<II", kind, len(inner)) + inner for kind, inner in elements]
    return content[:128] + b"".join(parts)


def break_gzip(content: bytes, rng: random.Random) -> bytes:
    """What is packed broken, and packed again; any other content broken as it is."""
    if not content.startswith(b"\x1f\x8b"):
        return break_bytes(content, rng)
    return gzip.compress(break_bytes(gzip.decompress(content), rng))


def break_safetensors(content: bytes, rng: random.Random) -> bytes:
    """The header of a safetensors file broken; its length is right, most often."""
    size = struct.unpack_from("<Q", content)[0]
    header = break_json(content[8 : 8 + size], rng)
    told = len(header) if rng.random() < 0.9 else rng.choice(WHOLE_NUMBERS) % 2**64
    return struct.pack("<Q", told) + header + content[8 + size :]


def break_hdf5(path: Path, rng: random.Random) -> None:
    """Some attributes and datasets of an HDF5 file changed, lost, renamed, or made enormous.

    It is broken elsewhere and copied: HDF5 cannot close some of what it broke, and would write to
    it, and read it from memory, while the package reads it.
    """
    with tempfile.TemporaryDirectory(prefix="hsidiff-breaking-") as elsewhere:
        copy = Path(elsewhere) / path.name
        shutil.copyfile(path, copy)
        _break_open_file(copy, rng)
        shutil.copyfile(copy, path)


def _break_open_file(path: Path, rng: random.Random) -> None:
    with h5py.File(path, "r+") as file:
        for _ in range(amount(rng, 3)):
            items: list[Any] = [file]
            file.visititems(lambda _, item, items=items: items.append(item))
            item = rng.choice(items)
            try:
                if item.attrs and rng.random() < 0.6:
                    _break_attribute(item, rng)
                elif item is not file:
                    _break_item(file, item, rng)
            except (RuntimeError, ValueError, OSError, TypeError, KeyError, OverflowError):
                continue  # HDF5 itself refuses this change


def _break_attribute(item: Any, rng: random.Random) -> None:
    name = rng.choice(list(item.attrs))
    old = item.attrs[name]
    match rng.randrange(7):
        case 0:
            del item.attrs[name]
        case 1:
            item.attrs[name] = rng.choice(TEXTS)
        case 2:
            item.attrs[name] = np.asarray(rng.choice(WHOLE_NUMBERS[:20]), dtype=np.float64)
        case 3:
            item.attrs[name] = h5py.Empty("f4")
        case 4:
            item.attrs[name] = np.full(rng.choice((0, 1, 3, 1000)), rng.choice((np.nan, 0, 1e300)))
        case 5 if isinstance(old, np.ndarray) and old.size:
            item.attrs[name] = old[: rng.randrange(old.size)]
        case _:
            item.attrs[name] = rng.randbytes(8)


def _break_item(file: h5py.File, item: Any, rng: random.Random) -> None:
    name, attributes = item.name, dict(item.attrs)
    shape, dtype = getattr(item, "shape", None), getattr(item, "dtype", np.dtype("f4"))
    kind = rng.randrange(6)
    if kind == 0:
        file.move(name, name + "_")
        return
    if kind == 1 and shape and dtype.kind in "iuf":
        values = np.asarray(item[()]).ravel()
        numbers = np.array([np.nan, np.inf, -1, 0, 1e30, 2**31]).astype(dtype)
        values[rng.randrange(values.size)] = rng.choice(numbers.tolist())
        item[...] = values.reshape(shape)
        return
    del file[name]
    if kind == 2 or shape is None:
        return
    sizes = [rng.choice((0, 1, 2, n, n, 10**6, HUGE)) for n in shape]
    kinds = (dtype, dtype, dtype, "f8", "i1", "S5", h5py.string_dtype(), "c8", "?")
    made = file.create_dataset(
        name, tuple(sizes), rng.choice(kinds), chunks=True if sizes else None
    )
    if kind == 3:
        made.attrs.update(attributes)


def break_geopackage(path: Path, rng: random.Random) -> None:
    """Some cells of the tables of a GeoPackage changed."""
    connection = sqlite3.connect(path)
    try:
        tables = [row[0] for row in connection.execute("select name from sqlite_master")]
        for _ in range(amount(rng, 3)):
            table = rng.choice([t for t in tables if not t.startswith(("sqlite_", "rtree_"))])
            try:
                columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
                column = rng.choice(columns)
                rows = connection.execute(f'select rowid, "{column}" from "{table}"').fetchall()
                row, old = rng.choice(rows)
                new = _other_cell(old, rng)
                order = f'update "{table}" set "{column}" = ? where rowid = ?'
                connection.execute(order, (new, row))
                if rng.random() < 0.1:
                    connection.execute(f'drop table "{table}"')
            except (sqlite3.Error, IndexError, OverflowError):
                continue
        connection.commit()
    finally:
        connection.close()


def _other_cell(old: Any, rng: random.Random) -> Any:
    if isinstance(old, bytes) and rng.random() < 0.7:
        return break_bytes(old, rng)
    return rng.choice((None, rng.choice(WHOLE_NUMBERS[:-6]), rng.choice(TEXTS), b"\xff\x00", 1.5))
