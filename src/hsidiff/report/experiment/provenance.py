"""The end of the page of an experiment: which data, splits, settings, versions and machine."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.elements import TIMES, UNKNOWN, facts, folded, text
from hsidiff.report.tables.formats import Column, Entry, Table
from hsidiff.report.tables.html import to_html


def experiment_provenance(folder: ExperimentFolder) -> str:
    """Versions and machine, then tables of scenes and splits, then the file of the experiment."""
    about = folder.about
    listed = facts((
        ("versions", _listed(about.get("versions"))),
        ("machine", _listed(about.get("machine"))),
        ("devices", ", ".join(_devices(folder)) or None),
        ("seeds", ", ".join(map(str, about.get("seeds") or [])) or None),
    ))  # fmt: skip
    methods = json.dumps(about.get("methods") or {}, indent=2, ensure_ascii=False)
    return (
        listed
        + to_html(_scenes_table(about.get("scenes") or {}))
        + to_html(_splits_table(folder))
        + folded("methods and their settings", f"<pre>{text(methods)}</pre>")
        + _given(folder)
    )


def _scenes_table(scenes: dict[str, dict[str, Any]]) -> Table:
    rows = [
        (
            name,
            # The hash says which file it is; where it lay says nothing to other people.
            UNKNOWN if scene.get("path") is None else Path(scene["path"]).name,
            f" {TIMES} ".join(map(str, [*scene.get("shape", []), scene.get("n_bands", UNKNOWN)])),
            str(len(scene.get("classes", []))),
            _known(scene.get("sha256")),
        )
        for name, scene in scenes.items()
    ]
    titles = ("scene", "file", f"rows {TIMES} columns {TIMES} bands", "classes", "SHA-256")
    return _table("Scenes", titles, rows)


def _splits_table(folder: ExperimentFolder) -> Table:
    """One row per scene, split and seed: all methods of it share these very pixels."""
    rows = {
        (cell.scene, cell.split, cell.seed): _split_row(cell.result)
        for cell in folder.cells
        if cell.done
    }
    titles = ("scene", "split", "seed", "kind", "training px", "test px", "made with", "SHA-256")
    return _table("Splits", titles, [(*map(str, key), *row) for key, row in rows.items()])


def _split_row(result: dict[str, Any]) -> tuple[str, ...]:
    split = result.get("split") or {}
    return (
        _known(split.get("kind")),
        _known(result.get("n_train")),
        _known(result.get("n_test")),
        _listed(split.get("parameters")) or UNKNOWN,
        _known(split.get("sha256")),
    )


def _table(title: str, titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    columns = tuple(
        Column(name, "text" if name in ("made with", "SHA-256", "file") else "left")
        for name in titles
    )
    entries = tuple(tuple(map(Entry, row)) for row in rows)
    return Table("provenance", title, columns, entries, pd.DataFrame())


def _devices(folder: ExperimentFolder) -> list[str]:
    found = (cell.result.get("device") for cell in folder.cells if cell.done)
    return list(dict.fromkeys(str(device) for device in found if device))


def _given(folder: ExperimentFolder) -> str:
    path = folder.path / "experiment.toml"
    if not path.is_file():
        return ""
    return folded("experiment.toml", f"<pre>{text(path.read_text(encoding='utf-8'))}</pre>")


def _known(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _listed(settings: dict[str, Any] | None) -> str | None:
    if not settings:
        return None
    return ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)
