"""The tables of ``docs/performance.md``, written from results between marked lines."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hsidiff.errors import SettingError
from hsidiff.report.drawing import Drawing


def fill(page: str, name: str, content: str) -> str:
    """Replace what stands between the marks of ``name``.

    ::

        <!-- begin NAME: written by benchmarks/draw.py -->
        ...
        <!-- end NAME -->

    Raises:
        SettingError: if the page does not hold both marks once.
    """
    begin, end = rf"<!-- begin {re.escape(name)}\b[^>]*-->", f"<!-- end {re.escape(name)} -->"
    pattern = re.compile(rf"({begin}\n).*?({end})", flags=re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise SettingError(f"the page must hold the marks 'begin {name}' and 'end {name}' once")
    return pattern.sub(lambda found: f"{found[1]}\n{content.strip()}\n\n{found[2]}", page)


def tables(result: Mapping[str, Any]) -> dict[str, str]:
    """Name of a mark to what belongs there, for the rows that a result has."""
    rows = result["rows"]
    written = {name: write(rows[name]) for name, write in _TABLES.items() if name in rows}
    return {"machine": machine_sentence(result), **written}


def gpu_tables(result: Mapping[str, Any]) -> dict[str, str]:
    """The same for a result of ``make bench-gpu``."""
    training, ceiling = result["rows"]["training"], result["rows"]["ceiling"]
    text = [
        machine_sentence(result),
        _ceiling(ceiling),
        _gpu_training(training),
        _gpu_features(result["rows"]["scene-features"]),
    ]
    return {"gpu": "\n\n".join(text)}


def large_scene_tables(result: Mapping[str, Any]) -> dict[str, str]:
    """The same for what ``benchmarks/large_scenes.py`` wrote, for the parts that it holds."""
    write: dict[str, Callable[[Any], str]] = {"growth": _growth, "tiles": _tile_estimates}
    return {
        f"large-{name}": f"{machine_sentence(result[name])}\n\n{table(result[name]['rows'])}"
        for name, table in write.items()
        if name in result
    }


def picture(drawing: Drawing, folder: str) -> str:
    """A picture with its alternative text and its caption."""
    return f"![{drawing.alternative}]({folder}/{drawing.name}.{drawing.kind})\n\n{drawing.caption}"


def machine_sentence(result: Mapping[str, Any]) -> str:
    """Machine, versions, commit and date of a result."""
    machine, commit = result["machine"], result["commit"]
    gpu = f"{machine['gpu']}, " if machine["gpu"] else ""
    sha = commit["sha"][:12] if commit["sha"] else "unknown"
    tree = "" if commit["clean"] else ", with changes that are not committed"
    return (
        f"{gpu}{machine['processor']}, {machine['n_cores']} cores, {machine['n_threads']} threads, "
        f"{machine['memory_bytes'] / 2**30:.0f} GiB of memory; PyTorch "
        f"{machine['versions']['torch']}; commit {sha}{tree}; {result['date'][:10]}."
    )


def _training_step(row: Mapping[str, Any]) -> str:
    header = (
        "denoiser",
        "batch",
        "reference",
        "ours",
        "times faster",
        "of fp32 peak",
        "of bf16 peak",
    )
    return _table(
        header,
        (
            (
                name,
                " x ".join(map(str, step["batch"])),
                _seconds(step["reference"]["min_s"]),
                _seconds(step["ours"]["min_s"]),
                f"**{step['ratio']:.2f}**",
                _percent(step["ours"]["share_of_fp32"]),
                _percent(step["ours"]["share_of_bf16"]),
            )
            for name, step in row.items()
        ),
    )


def _scene_features(row: Mapping[str, Any]) -> str:
    header = "way", "measured", "scene", "ours is faster", "of fp32 peak", "of bf16 peak"
    ways = (
        ("tiled_reference", "tiles", f"**{row['ratio_to_tiled']:.3g}**"),
        ("patch_reference", "patch by patch", f"**{row['ratio_to_patches']:.3g}**"),
        ("ours", "ours", ""),
    )
    table = _table(
        header,
        (
            (
                name,
                row[key]["measured"],
                _seconds(row[key]["scene_s"]),
                times,
                _percent(row[key]["share_of_fp32"]),
                _percent(row[key]["share_of_bf16"]),
            )
            for key, name, times in ways
        ),
    )
    shape = " x ".join(map(str, row["shape"]))
    return (
        f"{table}\n\nScene of {shape}, timestep {row['timestep']}, layer {row['layer']}. Inside "
        f"the tile, where its edge is not seen, ours differs from the reference by "
        f"{row['relative_difference']:.1g} of the spread of its features."
    )


def _growth(rows: Iterable[Mapping[str, Any]]) -> str:
    header = "method", "pixels", "fit", "fit, peak", "map, µs per pixel", "map, peak"
    return _table(
        header,
        (
            (
                row["method"],
                f"{row['fit']['n_pixels']:,}",
                _seconds(row["fit"]["cpu_s"]),
                _mebibytes(row["fit"]["peak_memory_bytes"]),
                f"{1e6 * row['map']['cpu_s_per_pixel']:.2f}",
                _mebibytes(row["map"]["peak_memory_bytes"]),
            )
            for row in rows
        ),
    )


def _tile_estimates(rows: Mapping[str, Mapping[str, Any]]) -> str:
    header = "method", "halo", "estimated", "taken", "estimate / taken"
    return _table(
        header,
        (
            (
                name,
                f"{row['halo_px']} px",
                _mebibytes(row["estimated_bytes"]),
                _mebibytes(row["peak_bytes"]),
                f"{row['estimated_bytes'] / max(row['peak_bytes'], 1):.2f}",
            )
            for name, row in rows.items()
        ),
    )


def _mebibytes(n_bytes: float) -> str:
    return f"{n_bytes / 2**20:.0f} MiB"


def _main_job(row: Mapping[str, Any]) -> str:
    header = "method", "profile", "fit", "map", "both", "OA"
    return _table(
        header,
        (
            (
                method,
                job["profile"],
                _seconds(job["fit_s"]),
                _seconds(job["map_s"]),
                f"**{_seconds(job['fit_and_map_s'])}**",
                f"{100 * job['overall_accuracy']:.1f}",
            )
            for method, job in row.items()
        ),
    )


def _heads(row: Mapping[str, Any]) -> str:
    header = "head", "values", "fit", "predict, per 10,000 pixels"
    return _table(
        header,
        (
            (
                name,
                str(row[name]["n_values"]),
                _seconds(row[name]["fit_s"]),
                _seconds(1e4 * row[name]["predict_s_per_pixel"]),
            )
            for name in ("linear", "transformer")
        ),
    )


def _scaling(row: Mapping[str, Any]) -> str:
    table = _table(
        ("pixels", "seconds", "µs per pixel", "peak memory"),
        (
            (
                f"{size['n_pixels']:,}",
                _seconds(size["min_s"]),
                f"{1e6 * size['s_per_pixel']:.3g}",
                f"{size['peak_memory_bytes'] / 2**20:.0f} MiB",
            )
            for size in row["sizes"]
        ),
    )
    growth_mib = row["memory_growth_bytes"] / 2**20
    return (
        f"{table}\n\nThe slowest size takes {row['slowest_to_fastest']:.2f} times as long per "
        f"pixel as the fastest; peak memory is at most {growth_mib:.0f} MiB above that of the "
        "smallest scene."
    )


def _workers(row: Mapping[str, Any]) -> str:
    table = _table(
        ("workers", "whole map", "drawing", "µs per pixel, drawing"),
        (
            (
                text,
                _seconds(row[name]["min_s"]),
                _seconds(row["drawing_s"][name]),
                f"{1e6 * row['drawing_s'][name] / row['n_pixels']:.3g}",
            )
            for name, text in (("one", "1"), ("two", "2"))
        ),
    )
    return (
        f"{table}\n\n{row['n_pixels']:,} pixels of {row['n_bands']} bands in {row['n_tiles']} "
        f"tiles. Two workers are **{row['ratio']:.2f}** times as fast as one, "
        f"{row['ratio_of_drawing']:.2f} times while they draw."
    )


def _ceiling(row: Mapping[str, Any]) -> str:
    return (
        f"Largest matrix product: {row['fp32_gflop_per_s']:,.0f} GFLOP/s in fp32, "
        f"{row['bf16_gflop_per_s']:,.0f} GFLOP/s in bf16. Copy of memory: "
        f"{row['copy_gb_per_s']:.0f} GB/s, read and written."
    )


def _gpu_training(row: Mapping[str, Any]) -> str:
    header = "way", "per step", "of bf16 peak", "30,000 steps"
    lines: list[tuple[str, ...]] = []
    for name, way in row["ways"].items():
        if "error" in way:
            lines.append((name, "does not run", "", ""))
            continue
        minutes = f"{row['minutes_of_paper'][name]:.0f} min"
        share = _percent(way["share_of_bf16"])
        bold = "**" if name == row["best"] else ""
        lines.append((name, _seconds(way["min_s"]), share, f"{bold}{minutes}{bold}"))
    return _table(header, lines)


def _gpu_features(row: Mapping[str, Any]) -> str:
    names = {
        "network": "the network alone, on the GPU",
        "features": "features in the host's memory",
        "components": "principal components of them",
    }
    return _table(
        ("features of a scene", "seconds"),
        ((text, _seconds(row[name]["min_s"])) for name, text in names.items()),
    )


_TABLES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "training-step": _training_step,
    "scene-features": _scene_features,
    "main-job": _main_job,
    "heads": _heads,
    "scaling": _scaling,
    "workers": _workers,
    "ceiling": _ceiling,
}


def _table(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """A table in Markdown; all columns but the first are numbers."""
    rules = ("---", *["---:"] * (len(header) - 1))
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rules, *lines))


def _seconds(seconds: float) -> str:
    """Three digits, in ms, s or h."""
    if seconds < 1:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 1000 else f"{seconds / 3600:.2f} h"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
