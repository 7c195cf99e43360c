"""The end of a page: what was read, how it was made, and what it took."""

import json
from collections.abc import Iterable
from typing import Any

from hsidiff.amounts import TIMES, UNKNOWN, count, duration, in_bytes, listed
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.blocks import Block, folded, sentence
from hsidiff.report.places import file_name, without_folders, without_quoted_folders
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.tables.table import Column, Table


def costs(result: dict[str, Any]) -> list[Block]:
    """Seconds per stage and peak memory of one map."""
    seconds = {k: v for k, v in (result.get("seconds") or {}).items() if v is not None}
    total = seconds.pop("total", None) or sum(seconds.values())
    memory, device = result.get("peak_memory_bytes"), result.get("device")
    if not total and memory is None:
        return []
    words = f"In total {duration(total)}" if total else "Time unknown"
    words += f", peak memory {in_bytes(memory)}"
    words += f", on {device}." if device else "."
    bars = [(stage, s / total if total else 0.0, duration(s)) for stage, s in seconds.items()]
    return [sentence(words), Block("bars", bars)]


def map_provenance(results: ResultFolder) -> list[Block]:
    """Hashes, versions and settings of one map."""
    result, scene, split = results.result, results.facts("scene"), results.facts("split")
    several = result.get("scenes") or []
    alone = {} if several else scene
    facts = [
        ("scene", _name(alone)),
        (f"scene, rows {TIMES} columns", _by(alone.get("shape"))),
        *((f"scene {one.get('name')}", _about(one)) for one in several),
        ("scene, bands", scene.get("n_bands")),
        ("scene, SHA-256", scene.get("sha256")),
        ("split", split.get("kind")),
        ("split, settings", listed(split.get("parameters"))),
        ("split, SHA-256", split.get("sha256")),
        ("method", result.get("method")),
        ("profile", result.get("profile")),
        ("seed", result.get("seed")),
        ("head, chosen", _why_this_head(results.facts("learned"))),
        ("unlabelled pixels", _what_was_seen(result.get("transductive"))),
        ("versions", listed(result.get("versions"))),
    ]
    run = [] if results.run is None else [_as_json("run.json", without_folders(results.run))]
    return [Block("facts", facts), *run]


def experiment_provenance(folder: ExperimentFolder) -> list[Block]:
    """Versions and machine, then tables of scenes and splits, then the file of the experiment."""
    about, path = folder.about, folder.path / "experiment.toml"
    devices = dict.fromkeys(c.result.get("device") for c in folder.cells if c.done)
    facts = [
        ("versions", listed(about.get("versions"))),
        ("machine", listed(about.get("machine"))),
        ("devices", ", ".join(filter(None, devices)) or None),
        ("seeds", ", ".join(map(str, about.get("seeds") or [])) or None),
    ]
    text = without_quoted_folders(path.read_text(encoding="utf-8")) if path.is_file() else ""
    given = [Block("source", text)] if path.is_file() else []
    return [
        Block("facts", facts),
        Block("table", _scenes_table(about.get("scenes") or {})),
        Block("table", _splits_table(folder)),
        _as_json("methods and their settings", without_folders(about.get("methods") or {})),
        *([folded("experiment.toml", given)] if given else []),
    ]


def _scenes_table(scenes: dict[str, dict[str, Any]]) -> Table:
    titles = ("scene", "file", f"rows {TIMES} columns {TIMES} bands", "classes", "SHA-256")
    rows = (
        (
            name,
            _name(scene),
            _by([*scene.get("shape", []), scene.get("n_bands", UNKNOWN)], 3),
            len(scene.get("classes", [])),
            scene.get("sha256"),
        )
        for name, scene in scenes.items()
    )
    return _table("Scenes", titles, rows)


def _splits_table(folder: ExperimentFolder) -> Table:
    """One row per scene, split and seed: all methods of it share these very pixels."""
    titles = ("scene", "split", "seed", "kind", "training px", "test px", "made with", "SHA-256")
    rows = {}
    for cell in folder.cells:
        if cell.done:
            split, place = cell.result.get("split") or {}, (cell.scene, cell.split, cell.seed)
            n_pixels = (count(cell.result.get("n_train")), count(cell.result.get("n_test")))
            made_with = listed(split.get("parameters"))
            rows[place] = (*place, split.get("kind"), *n_pixels, made_with, split.get("sha256"))
    return _table("Splits", titles, rows.values())


def _table(title: str, titles: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Table:
    long = ("made with", "SHA-256", "file")
    columns = tuple(Column(name, "text" if name in long else "left") for name in titles)
    texts = [[UNKNOWN if value is None else str(value) for value in row] for row in rows]
    return Table("provenance", title, columns, texts)


def _as_json(name: str, content: object) -> Block:
    return folded(name, [Block("source", json.dumps(content, indent=2, ensure_ascii=False))])


def _about(scene: dict[str, Any]) -> str:
    """File, size and hash of one of several scenes."""
    size = _by(scene.get("shape")) or UNKNOWN
    return f"{_name(scene)}, {size}, SHA-256 {scene.get('sha256')}"


def _name(scene: dict[str, Any]) -> str | None:
    """The file of a scene: the hash says which it is, where it lay says nothing to others."""
    path = scene.get("path")
    return file_name(path) if isinstance(path, str) else None


def _by(sizes: list[Any] | None, n: int = 2) -> str | None:
    return f" {TIMES} ".join(map(str, sizes[:n])) if sizes else None


def _why_this_head(learned: dict[str, Any]) -> str | None:
    """Which head was taken and by what, where there was a choice."""
    head, losses = learned.get("head"), learned.get("held_out_log_loss")
    if head is None or not isinstance(losses, dict):
        return None
    if None in losses.values():
        return f"{head}, untried: no training label could be held out"
    words = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
    return f"{head}, by the log loss on held-out training labels: {words}"


def _what_was_seen(transductive: bool | None) -> str | None:
    if transductive is None:
        return None
    if transductive:
        return "the method learned, without labels, from the whole scene, test pixels included"
    return "the method learned nothing from the test side of the split"
