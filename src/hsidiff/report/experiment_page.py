"""The report of an experiment: one page that carries its pictures and tables, and both as files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from hsidiff.amounts import PLUS_MINUS, with_its_sign
from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.experiment.pairwise import MethodPair
from hsidiff.progress import track
from hsidiff.report.accuracy_charts import draw_accuracies, draw_learning_curves, draw_seconds
from hsidiff.report.blocks import Block, Section, folded, render_page, sentence
from hsidiff.report.drawing import POSITION, Drawing
from hsidiff.report.experiment_maps import all_labels, map_drawings
from hsidiff.report.leakage import leakage_blocks, mean_leakage
from hsidiff.report.provenance import experiment_provenance
from hsidiff.report.report_files import files_in, write_report_files
from hsidiff.report.seed_means import (
    SeedMean,
    cells_not_run,
    n_seeds,
    position_accuracy,
    scenes_and_splits,
    seed_mean,
)
from hsidiff.report.tables.all_tables import Pairs, check_has_cells, compare_pairs, write_tables
from hsidiff.report.tables.comparison_tables import SURE
from hsidiff.report.tables.table import Table

# More than so many confusion matrices are folded away.
MOST_OPEN_MATRICES = 3
PAGE_NAME = "report.html"


class Gallery:
    """Writes pictures as files and gives them back, the same ones, as parts of a page.

    Attributes:
        path: the folder of the files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def add(self, drawings: Iterable[Drawing | None]) -> list[Block]:
        """Write pictures, each when it is drawn; None is left out."""
        blocks = []
        for drawing in filter(None, drawings):
            picture = drawing.picture()
            self._free_path(picture.name, picture.kind).write_bytes(picture.content)
            blocks.append(Block("picture", picture))
        return blocks

    def _free_path(self, name: str, kind: str) -> Path:
        """Two names may differ in letters only that a file name does not keep."""
        number, path = 1, self.path / f"{name}.{kind}"
        while path.exists():
            number += 1
            path = self.path / f"{name}-{number}.{kind}"
        return path


def write_experiment_report(
    folder: ExperimentFolder, out: str | Path, pairs: Pairs | None = None
) -> tuple[Path, ...]:
    """Write ``report.html``, the tables, and the pictures into ``figures/``, all or nothing.

    What an earlier report wrote there is replaced, and gone if this one has no such file.

    Args:
        folder: the experiment, finished or not.
        out: the folder to write to; files in it that no report wrote stay.
        pairs: what :func:`hsidiff.report.tables.all_tables.compare_pairs` gives; None computes it.

    Returns:
        The paths of all files, the page first.

    Raises:
        MissingFileError: if no cell of the experiment has a result, or a file of one is missing.
        SettingError: if a file would be replaced that no earlier report wrote.
    """
    check_has_cells(folder)
    out = Path(out)
    with write_report_files(out) as new:
        pairs = compare_pairs(folder) if pairs is None else pairs
        tables = write_tables(folder, new, pairs)
        page = _page(folder, Gallery(new / "figures"), tables, pairs)
        names = files_in(new)
        (new / PAGE_NAME).write_text(page, encoding="utf-8")
    return tuple(out / name for name in (PAGE_NAME, *names))


def _page(
    folder: ExperimentFolder, gallery: Gallery, tables: tuple[Table, ...], pairs: Pairs
) -> str:
    places = scenes_and_splits(folder)
    over_scenes = [table for table in tables if table.place[1] and not table.place[0]]
    parts = [("In short", [*_in_short(folder, pairs), *_tables(over_scenes)])]
    for scene in folder.scenes:
        parts.append((f"{scene}: scores", _scores(folder, gallery, scene, tables)))
    of_all = {table.name: [Block("table", table)] for table in tables if not any(table.place)}
    told = [_leakage(folder, *place) for place in places] + of_all.get("leakage", [])
    parts.append(("What the splits give away", told))
    truths = {scene: all_labels(folder, scene) for scene, _ in places}
    for scene, split in track(places, "pictures", len(places)):
        blocks = gallery.add(map_drawings(folder, scene, split, truths[scene]))
        blocks += _tables([table for table in tables if table.place == (scene, split)])
        parts.append((f"{scene}, {split}: maps, classes, pairs", blocks))
    parts.append(("What failed or was not run", of_all.get("without-scores", [])))
    parts.append(("Where these numbers come from", experiment_provenance(folder)))
    sections = [Section(title, blocks, f"part-{n}") for n, (title, blocks) in enumerate(parts, 1)]
    seeds = folder.about.get("seeds") or sorted({cell.seed for cell in folder.cells})
    return render_page(
        f"Experiment {folder.path.resolve().name}",
        f"{', '.join(folder.scenes)} · seeds {', '.join(map(str, seeds))}",
        [_counts(folder)],
        [Section("Contents", [Block("contents", sections)]), *sections],
        "Made by hsidiff from the results of the experiment alone.",
    )


def _counts(folder: ExperimentFolder) -> Block:
    """Tiles: how much was run."""
    n_done = sum(cell.done for cell in folder.cells)
    unfinished = len(folder.failed) + len(cells_not_run(folder))
    state = f"{unfinished} without scores, listed below" if unfinished else "all of them"
    scenes = f"on {len(folder.scenes)} scene{'s' * (len(folder.scenes) != 1)}"
    return Block("tiles", (
        ("Methods", len(folder.methods), "with their settings, controls included"),
        ("Splits", len(folder.splits), scenes),
        ("Seeds", n_seeds(folder), "each draws the split and starts the method"),
        ("Cells with scores", n_done, state),
    ))  # fmt: skip


def _in_short(folder: ExperimentFolder, pairs: Pairs) -> list[Block]:
    """A sentence per scene and split: what the tests say is best, and how many beat position."""
    sentences = []
    for scene, split in scenes_and_splits(folder):
        means, position = _means(folder, scene, split), position_accuracy(folder, scene, split)
        if not means:
            continue
        kind = ""
        words = f"{scene}, {split}: {best_in_words(means, pairs.get((scene, split), ()))}"
        if position is not None:
            n_above = sum(mean.value > position for mean in means.values())
            words += (
                f" Position alone, without any spectrum, reaches {position:.1f} %: "
                f"{n_above} of {len(means)} methods do better."
            )
            kind = "caution" if 2 * n_above < len(means) else ""
        sentences.append(sentence(with_its_sign(words), kind))
    note = f"{PLUS_MINUS} is the standard deviation over the seeds."
    return [*sentences, sentence(note, "note")] if sentences else []


def best_in_words(means: Mapping[str, SeedMean], pairs: Sequence[MethodPair]) -> str:
    """Which method is best or, where the tests do not tell, from which it cannot be told.

    A method is called best only where it differs from every other one with a corrected p below
    ``SURE``.

    Args:
        means: mean overall accuracy of each method, at least one.
        pairs: the comparisons of methods; those of others are not looked at.
    """
    highest = max(means, key=lambda label: means[label].value)
    reached = f"{means[highest]} % overall accuracy"
    sure = {
        label
        for pair in pairs
        if highest in (pair.first, pair.second)
        and pair.corrected_p_value is not None
        and pair.corrected_p_value < SURE
        for label in (pair.first, pair.second)
    }
    alike = [label for label in means if label not in sure | {highest}]
    if len(means) == 1:
        return f"{highest} reaches {reached}."
    if not alike:
        return f"best is {highest} with {reached}, apart from every other (corrected p < {SURE})."
    if len(alike) == len(means) - 1:
        return (
            f"no method is distinguishable from {highest}, which has the highest mean with "
            f"{reached}."
        )
    return (
        f"{highest} has the highest mean with {reached}, but is not distinguishable from "
        f"{' and '.join(filter(None, (', '.join(alike[:-1]), alike[-1])))}."
    )


def _means(folder: ExperimentFolder, scene: str, split: str) -> dict[str, SeedMean]:
    """Mean overall accuracy of each method but the control ``position``."""
    means = {label: seed_mean(folder.of(scene, split, label)) for label in folder.methods}
    return {m: mean for m, mean in means.items() if mean is not None and m != POSITION}


def _scores(
    folder: ExperimentFolder, gallery: Gallery, scene: str, tables: tuple[Table, ...]
) -> list[Block]:
    return [
        *gallery.add([draw_accuracies(folder, scene)]),
        *_tables([table for table in tables if table.place == (scene, "")]),
        *gallery.add(draw_learning_curves(folder, scene)),
        *gallery.add([draw_seconds(folder, scene)]),
    ]


def _tables(tables: list[Table]) -> list[Block]:
    """Tables, those of published scores and many confusion matrices folded away."""
    kinds = ("confusion", "published")
    blocks = {kind: [t for t in tables if t.name.startswith(kind)] for kind in kinds}
    shown = [Block("table", table) for table in tables if not table.name.startswith(kinds)]
    for kind, title in zip(kinds, ("Confusion matrices", "Published scores"), strict=True):
        if blocks[kind]:
            is_open = kind == "confusion" and len(blocks[kind]) <= MOST_OPEN_MATRICES
            shown.append(folded(title, [Block("table", t) for t in blocks[kind]], is_open))
    return shown


def _leakage(folder: ExperimentFolder, scene: str, split: str) -> Block:
    """What a split gives away to the best method."""
    means = _means(folder, scene, split)
    best = max(means, key=lambda label: means[label].value, default=POSITION)
    cells = folder.of(scene, split, best)
    measured = [cell.result["leakage"] for cell in cells if cell.result.get("leakage")]
    leakage = mean_leakage(measured) if measured else {}
    accuracy = means[best].value / 100 if means else None
    told = leakage_blocks(cells[0].result.get("split") or {}, leakage, best, accuracy)
    return folded(f"{scene}, {split}", told, is_open=True)
