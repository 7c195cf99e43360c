"""The page of one map: it carries all its pictures and opens without a network."""

from collections.abc import Sequence
from pathlib import Path

from hsidiff.files import write_whole
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.blocks import Section, caution, render_page
from hsidiff.report.map_scores import score_blocks, score_sections
from hsidiff.report.places import paths_in, without_these_folders
from hsidiff.report.provenance import costs, map_provenance
from hsidiff.report.result_folder import ResultFolder
from hsidiff.report.scene_sections import areas_of_all, scene_sections
from hsidiff.scenes.scene import Scene


def write_report(folder: str | Path, *scenes: Scene, labels: LabelMap | None = None) -> Path:
    """Write ``report.html`` into a result folder, from the files of the folder and the scene.

    Args:
        folder: holds ``result.json`` and ``map.tif``, and perhaps ``probabilities.tif``,
            ``run.json``, ``split.npz`` and ``held_out.npz``.
        *scenes: the scenes that were mapped, for pictures in false colour.
        labels: what the map learned from, for their spectra; those of several scenes as the map's
            model saw them, one below the other.

    Returns:
        The path of the page.

    Raises:
        MissingFileError: if ``result.json`` or ``map.tif`` is missing.
        SettingError: if a JSON file of the folder or ``held_out.npz`` is broken.
        SplitError: if ``split.npz`` is broken.
    """
    results = ResultFolder.read(folder)
    path = results.path / "report.html"
    with write_whole(path) as temporary:
        temporary.write_text(_page(results, scenes, labels), encoding="utf-8")
    return path


def _page(results: ResultFolder, scenes: Sequence[Scene], labels: LabelMap | None) -> str:
    result = results.result
    method, profile, seed = (result.get(name) for name in ("method", "profile", "seed"))
    about = (method, profile and f"profile {profile}", None if seed is None else f"seed {seed}")
    paths = paths_in([result, results.run])
    warnings = [
        caution(without_these_folders(message, paths)) for message in result.get("warnings") or []
    ]
    name = scenes[0].name if len(scenes) == 1 else f"{len(scenes)} scenes"
    of_scenes = [
        section
        for scene, mapped in zip(scenes, results.maps, strict=True)
        for section in scene_sections(results, mapped, scene, labels)
    ]
    return render_page(
        f"{name}: land-cover map{'s' * (len(scenes) > 1)}",
        " · ".join(filter(None, about)),
        score_blocks(result),
        (
            Section("Worth knowing before you trust it", warnings),
            *of_scenes,
            Section("Areas of all scenes", areas_of_all(results)),
            *score_sections(results, name),
            Section("Time and memory", costs(result)),
            Section("Where these numbers come from", map_provenance(results)),
        ),
        "Made by hsidiff from the maps, result.json and the files beside them.",
    )
