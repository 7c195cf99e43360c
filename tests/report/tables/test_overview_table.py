import pandas as pd
import pytest

from hsidiff.experiment.folder import ExperimentFolder
from hsidiff.report.tables.score_tables import cells_frame, overview_table


def test_the_overview_holds_every_method_and_scene_and_their_mean(folder: ExperimentFolder) -> None:
    split = folder.splits[0]
    table = overview_table(folder, split)
    assert table is not None
    assert [row[0] for row in table.rows] == list(folder.methods)
    assert [column.title for column in table.columns][1:-3] == list(folder.scenes)
    frame = table.numbers
    for method in folder.methods:
        own = frame[frame.method == method].set_index("scene")
        for scene in folder.scenes:
            cells = folder.of(scene, split, method)
            values = [cell.result["overall_accuracy"] for cell in cells]
            assert own.loc[scene, "mean"] == pytest.approx(sum(values) / len(values))


def test_the_mean_over_scenes_is_of_the_seeds_that_all_scenes_have(
    folder: ExperimentFolder,
) -> None:
    split, method = folder.splits[0], folder.methods[0]
    table = overview_table(folder, split)
    assert table is not None
    cells = [{c.seed: c for c in folder.of(s, split, method)} for s in folder.scenes]
    seeds = set(cells[0]) & set(cells[1])
    per_seed = [sum(c[i].result["overall_accuracy"] for c in cells) / len(cells) for i in seeds]
    mean = table.numbers.query("scene == 'mean' and method == @method")["mean"].iloc[0]
    assert mean == pytest.approx(sum(per_seed) / len(per_seed))


def test_one_scene_needs_no_overview(folder: ExperimentFolder) -> None:
    scene = folder.scenes[0]
    one = ExperimentFolder(
        folder.path, folder.about, tuple(cell for cell in folder.cells if cell.scene == scene)
    )
    assert overview_table(one, one.splits[0]) is None


def test_every_finished_cell_is_a_row(folder: ExperimentFolder) -> None:
    frame = cells_frame(folder)
    done = [cell for cell in folder.cells if cell.done]
    assert len(frame) == len(done)
    first = pd.Series(frame.iloc[0])
    assert first["overall_accuracy"] == done[0].result["overall_accuracy"]
    assert first["split_sha256"] == done[0].result["split"]["sha256"]
