"""The part of the page that says what it cost, and how to get the same numbers again."""

import json
from typing import Any

from hsidiff.report.elements import (
    TIMES,
    bar_rows,
    duration,
    facts,
    n_bytes,
    paragraph,
    section,
    text,
)
from hsidiff.report.result_folder import ResultFolder


def cost(result: dict[str, Any]) -> str:
    """Seconds per stage and peak memory."""
    seconds = {
        stage: value for stage, value in (result.get("seconds") or {}).items() if value is not None
    }
    total = seconds.pop("total", None) or sum(seconds.values())
    rows = [
        (stage, value / total if total else 0.0, duration(value))
        for stage, value in seconds.items()
    ]
    memory = result.get("peak_memory_bytes")
    if not total and memory is None:
        return ""
    words = f"In total {duration(total)}" if total else "Time unknown"
    device = result.get("device")
    words += f", peak memory {n_bytes(memory)}" + (f", on {device}." if device else ".")
    return section("Time and memory", paragraph(words), bar_rows(rows))


def provenance(results: ResultFolder) -> str:
    """Hashes, versions and settings."""
    result, scene, split = results.result, results.facts("scene"), results.facts("split")
    shape = scene.get("shape")
    rows = [
        ("scene", scene.get("path")),
        (
            f"scene, rows {TIMES} columns",
            shape and f" {TIMES} ".join(str(size) for size in shape[:2]),
        ),
        ("scene, bands", scene.get("n_bands")),
        ("scene, SHA-256", scene.get("sha256")),
        ("split", split.get("kind")),
        ("split, settings", _listed(split.get("parameters"))),
        ("split, SHA-256", split.get("sha256")),
        ("method", result.get("method")),
        ("profile", result.get("profile")),
        ("seed", result.get("seed")),
        ("head, chosen", _why_this_head(results.facts("learned"))),
        ("unlabelled pixels", _what_was_seen(result.get("transductive"))),
        ("versions", _listed(result.get("versions"))),
    ]
    details = ""
    if results.run is not None:
        settings = json.dumps(results.run, indent=2, ensure_ascii=False)
        details = f"<details><summary>run.json</summary><pre>{text(settings)}</pre></details>"
    return section("Where these numbers come from", facts(rows), details)


def _listed(settings: dict[str, Any] | None) -> str | None:
    if not settings:
        return None
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def _why_this_head(learned: dict[str, Any]) -> str | None:
    """Which head was taken and by what, where there was a choice."""
    head, losses = learned.get("head"), learned.get("held_out_log_loss")
    if head is None or not isinstance(losses, dict):
        return None
    if None in losses.values():
        return f"{head}, untried: no training label could be held out"
    listed = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
    return f"{head}, by the log loss on held-out training labels: {listed}"


def _what_was_seen(transductive: bool | None) -> str | None:
    if transductive is None:
        return None
    if transductive:
        return "the method learned, without labels, from the whole scene, test pixels included"
    return "the method learned nothing from the test side of the split"
