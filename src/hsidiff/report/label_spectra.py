"""The spectra of the labels on the page of a map: a mislabelled point shows here."""

from hsidiff.amounts import count
from hsidiff.errors import LabelError
from hsidiff.evaluation.label_spectra import at_most, measure_label_spectra, suspicious_pixels
from hsidiff.labels.label_map import LabelMap
from hsidiff.report.blocks import Block, sentence
from hsidiff.report.result_folder import SceneMap
from hsidiff.report.spectra_page import EXPLANATION, spectra_blocks, suspicious_table
from hsidiff.scenes.scene import Scene

MOST_PER_CLASS = 1000
"""A page of a map looks at so many labels of a class; more take time and memory."""
MOST_ROWS = 10
_ALL = "hsidiff spectra SCENE LABELS -o FILE.html"


def label_spectra_blocks(labels: LabelMap | None, mapped: SceneMap, scene: Scene) -> list[Block]:
    """Spectra per class, and the labels unlike their class; nothing of a scene without labels.

    Args:
        labels: what the map learned from, those of all scenes; None if they are not known.
        mapped: the map of the scene, which knows its place among several.
        scene: the scene.
    """
    if labels is None:
        return []
    here = _of_scene(labels, mapped)
    drawn = at_most(here, MOST_PER_CLASS)
    try:
        measured = measure_label_spectra(scene, drawn)
    except LabelError:  # the labels are those of other scenes
        return []
    suspicious = suspicious_pixels(measured, scene)
    blocks = spectra_blocks(measured, scene)
    if drawn.n_labelled < here.n_labelled:
        blocks.append(
            sentence(
                f"Of a class with more labels these are {count(MOST_PER_CLASS)}, drawn at random; "
                f"{_ALL} looks at all.",
                "note",
            )
        )
    if suspicious.empty:
        return [*blocks, sentence("No label lies far from its class."), sentence(EXPLANATION)]
    table = suspicious_table(suspicious, MOST_ROWS, f"{{}} more: {_ALL} lists all.")
    return [*blocks, Block("table", table), sentence(EXPLANATION, "note")]


def _of_scene(labels: LabelMap, mapped: SceneMap) -> LabelMap:
    """The labels of one scene, on its own grid."""
    values, ids = mapped.part_of(labels.values), labels.sample_ids
    return LabelMap(values, labels.classes, sample_ids=None if ids is None else mapped.part_of(ids))
