"""The report of an experiment: one page that carries its pictures and tables, and both as files."""

from pathlib import Path

from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.progress import track
from hsidiff.report.drawing import POSITION, figure_name
from hsidiff.report.elements import document, folded, paragraph, section, text, tiles
from hsidiff.report.experiment.figures import draw_accuracies, draw_learning_curves, draw_seconds
from hsidiff.report.experiment.gallery import Gallery
from hsidiff.report.experiment.leakage import draw_leakage
from hsidiff.report.experiment.maps import all_labels, map_drawings
from hsidiff.report.experiment.matrices import confusion_drawings, draw_differences
from hsidiff.report.experiment.provenance import experiment_provenance
from hsidiff.report.experiment.report_files import files_in, write_report_files
from hsidiff.report.tables.comparison import leakage_table, pairwise_table
from hsidiff.report.tables.files import (
    Pairs,
    cells_not_run,
    check_has_cells,
    compare_pairs,
    unscored_table,
    write_tables,
)
from hsidiff.report.tables.html import to_html
from hsidiff.report.tables.published import published_table
from hsidiff.report.tables.scores import class_table, n_seeds, summary_table
from hsidiff.report.tables.seed_means import position_accuracy, seed_mean, splits_with_cells

# More than so many confusion matrices are folded away.
MOST_OPEN_MATRICES = 3
PAGE_NAME = "report.html"


def write_experiment_report(
    folder: ExperimentFolder, out: str | Path, pairs: Pairs | None = None
) -> tuple[Path, ...]:
    """Write ``report.html``, the tables, and the pictures into ``figures/``, all or nothing.

    What an earlier report wrote there is replaced, and gone if this one has no such file.

    Args:
        folder: the experiment, finished or not.
        out: the folder to write to; files in it that no report wrote stay.
        pairs: what :func:`hsidiff.report.tables.files.compare_pairs` gives; None computes it.

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
        write_tables(folder, new, pairs)
        page = _page(folder, Gallery(new / "figures"), pairs)
        names = files_in(new)
        (new / PAGE_NAME).write_text(page, encoding="utf-8")
    return tuple(out / name for name in (PAGE_NAME, *names))


def _page(folder: ExperimentFolder, gallery: Gallery, pairs: Pairs) -> str:
    parts: list[tuple[str, str]] = [("In short", _in_short(folder))]
    parts += [(f"{scene}: scores", _scores(folder, gallery, scene)) for scene in folder.scenes]
    parts.append(("What the splits give away", _leakage(folder, gallery)))
    places = [
        (scene, split) for scene in folder.scenes for split in splits_with_cells(folder, scene)
    ]
    truths = {scene: all_labels(folder, scene) for scene, _ in places}
    for scene, split in track(places, "pictures", len(places)):
        drawings = map_drawings(folder, scene, split, truths[scene])
        content = gallery.add_all(drawings) + _split_details(folder, gallery, scene, split, pairs)
        parts.append((f"{scene}, {split}: maps, classes, pairs", content))
    if folder.failed or cells_not_run(folder):
        parts.append(("Cells without scores", to_html(unscored_table(folder))))
    parts.append(("Where these numbers come from", experiment_provenance(folder)))
    kept = [(title, content, figure_name(title)) for title, content in parts if content]
    links = "".join(f'<li><a href="#{anchor}">{text(title)}</a></li>' for title, _, anchor in kept)
    return document(
        f"Experiment {folder.path.resolve().name}",
        paragraph(_subtitle(folder), "subtitle"),
        _counts(folder),
        section("Contents", f'<ol class="contents">{links}</ol>'),
        *(section(title, content, anchor=anchor) for title, content, anchor in kept),
        "<footer>Made by hsidiff from the results of the experiment alone.</footer>",
    )


def _subtitle(folder: ExperimentFolder) -> str:
    seeds = folder.about.get("seeds") or sorted({cell.seed for cell in folder.cells})
    return f"{', '.join(folder.scenes)} · seeds {', '.join(map(str, seeds))}"


def _counts(folder: ExperimentFolder) -> str:
    """Tiles: how much was run."""
    n_done = sum(cell.done for cell in folder.cells)
    unfinished = len(folder.failed) + len(cells_not_run(folder))
    state = f"{unfinished} without scores, listed below" if unfinished else "all of them"
    scenes = "scene" if len(folder.scenes) == 1 else "scenes"
    return tiles((
        ("Methods", str(len(folder.methods)), "with their settings, controls included"),
        ("Splits", str(len(folder.splits)), f"on {len(folder.scenes)} {scenes}"),
        ("Seeds", str(n_seeds(folder)), "each draws the split and starts the method"),
        ("Cells with scores", str(n_done), state),
    ))  # fmt: skip


def _in_short(folder: ExperimentFolder) -> str:
    """A sentence per scene and split: the best method, and how many beat position alone."""
    sentences = []
    for scene in folder.scenes:
        for split in splits_with_cells(folder, scene):
            means = {
                label: mean
                for label in folder.methods
                if (mean := seed_mean(folder.of(scene, split, label))) is not None
                and label != POSITION
            }
            position = position_accuracy(folder, scene, split)
            if not means:
                continue
            best = max(means, key=lambda label: means[label].value)
            words = f"{scene}, {split}: best is {best} with {means[best]} % overall accuracy."
            if position is None:
                sentences.append(paragraph(words))
                continue
            n_above = sum(mean.value > position for mean in means.values())
            words += (
                f" Position alone, without any spectrum, reaches {position:.1f} %: "
                f"{n_above} of {len(means)} methods do better."
            )
            kind = "caution" if 2 * n_above < len(means) else ""
            sentences.append(paragraph(words.replace(" %", "\N{NO-BREAK SPACE}%"), kind))
    if sentences:
        sentences.append(
            paragraph(
                "\N{PLUS-MINUS SIGN} is half the 95 % interval of a mean over the seeds.", "note"
            )
        )
    return "".join(sentences)


def _scores(folder: ExperimentFolder, gallery: Gallery, scene: str) -> str:
    if not splits_with_cells(folder, scene):
        return ""
    published = published_table(folder, scene)
    return (
        gallery.add(draw_accuracies(folder, scene))
        + to_html(summary_table(folder, scene))
        + gallery.add_all(draw_learning_curves(folder, scene))
        + gallery.add(draw_seconds(folder, scene))
        + ("" if published is None else folded(published.title, to_html(published)))
    )


def _leakage(folder: ExperimentFolder, gallery: Gallery) -> str:
    if not any(cell.done for cell in folder.cells):
        return ""
    figures = gallery.add_all(draw_leakage(folder, scene) for scene in folder.scenes)
    return figures + to_html(leakage_table(folder))


def _split_details(
    folder: ExperimentFolder, gallery: Gallery, scene: str, split: str, pairs: Pairs
) -> str:
    """Scores per class, confusion matrices, and the methods in pairs."""
    content = to_html(class_table(folder, scene, split))
    matrices = [gallery.add(drawing) for drawing in confusion_drawings(folder, scene, split)]
    if matrices:
        shown = f'<div class="pictures">{"".join(matrices)}</div>'
        is_open = len(matrices) <= MOST_OPEN_MATRICES
        content += folded("Confusion matrices, one per method", shown, is_open)
    compared = pairs.get((scene, split), ())
    if compared:
        differences = {(pair.first, pair.second): pair.bootstrap for pair in compared}
        content += gallery.add(draw_differences(scene, split, folder.methods, differences))
        content += to_html(pairwise_table(scene, split, compared))
    return content
