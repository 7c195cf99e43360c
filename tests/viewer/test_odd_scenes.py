"""Scenes of few bands, of a single line, and with gaps, as the page asks for them."""

from pathlib import Path

import numpy as np
import pytest
from running_viewer import Viewer, pixels

from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session

ODD = {
    "one band": (40, 50, 1),
    "two bands": (40, 50, 2),
    "three bands": (40, 50, 3),
    "one row": (1, 300, 6),
    "one column": (300, 1, 6),
    "one pixel": (1, 1, 4),
}


def write_scene(path: Path, shape: tuple[int, int, int], *, has_gap: bool = False) -> Path:
    """A scene whose rows, columns and bands differ; a gap in the corner at the top left."""
    rows, cols, bands = (np.arange(size) / size for size in shape)
    cube = (1 + rows[:, None, None] + 2 * cols[:, None] + 3 * bands).astype(np.float32)
    if has_gap:
        cube[: shape[0] // 3, : shape[1] // 3] = np.nan
    np.save(path, cube)
    return path


@pytest.mark.parametrize("shape", ODD.values(), ids=ODD.keys())
def test_scenes_of_odd_shapes_are_shown_and_labelled(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    rows, cols, n_bands = shape
    session = Session(SceneSource(write_scene(tmp_path / "odd.npy", shape)), tmp_path / "view")
    with serving(session) as address:
        viewer = Viewer(address, session)
        (choice,) = viewer.ask("api/scene").json["choices"]
        bands = ",".join(map(str, choice["numbers"]))
        picture = pixels(viewer.ask(f"overview.png?bands={bands}").body)
        assert (picture[..., 3] == 255).all()
        tile = pixels(viewer.ask(f"tiles/scene/1/0/0.png?bands={bands}").body)
        assert (tile[..., 3] > 0).sum() == min(rows, 256) * min(cols, 256)
        last = viewer.ask(f"api/spectrum?row={rows - 1}&col={cols - 1}").json["values"]
        assert len(last) == n_bands
        everywhere = [[0, 0], [cols, 0], [cols, rows], [0, rows]]
        viewer.change(do="polygon", class_id=1, corners=everywhere)
        viewer.change(do="point", class_id=2, at=[cols - 0.5, rows - 0.5])
        assert session.labels.label_map().counts() == {1: rows * cols - 1, 2: 1}
        means = viewer.ask("api/class-means").json
        np.testing.assert_allclose(means["2"], last)
        viewer.change(do="paint", class_id=2, path=[[0, 0], [cols, rows]], radius_px=1)
        viewer.change(do="erase", path=[[cols / 2, rows / 2]], radius_px=200)
        assert session.labels.label_map().n_labelled == 0


def test_a_gap_is_seen_through_and_has_no_spectrum(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "gap.npy", (30, 36, 5), has_gap=True)
    session = Session(SceneSource(path), tmp_path / "view")
    with serving(session) as address:
        viewer = Viewer(address, session)
        picture = pixels(viewer.ask("overview.png?bands=1,2,3").body)
        is_gap = np.zeros((30, 36), dtype=bool)
        is_gap[:10, :12] = True
        np.testing.assert_array_equal(picture[..., 3] == 0, is_gap)
        assert viewer.ask("api/spectrum?row=0&col=0").json["values"] == [None] * 5
        viewer.change(do="polygon", class_id=1, corners=[[0, 0], [9, 0], [9, 9], [0, 9]])
        means = viewer.ask("api/class-means")
        assert (means.status, means.json) == (200, {})
