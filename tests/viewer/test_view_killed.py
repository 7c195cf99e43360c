"""A viewer that is killed while it works, and opened again."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest
from running_viewer import SECONDS_OF_A_JOB, Viewer, label_two_covers

from hsidiff.viewer.serve import serving
from hsidiff.viewer.session import SceneSource, Session

PROGRAM = """
import sys
from pathlib import Path
from hsidiff.viewer.serve import serve
from hsidiff.viewer.session import SceneSource, Session
session = Session(SceneSource(Path(sys.argv[1])), Path(sys.argv[2]))
serve(session, 0, lambda address: print(address, flush=True), opens=False)
"""


def processes_of(parent: int) -> list[int]:
    """The processes that a process started and that are not over, by their numbers."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # Number, name in brackets, state (Z: over, but nobody asked how), number of the parent.
            state, its_parent = status.read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
        except OSError:  # it is over
            continue
        if int(its_parent) == parent and state != "Z":
            found.append(int(status.parent.name))
    return found


def wait_until_over(process: int) -> None:
    end = time.monotonic() + SECONDS_OF_A_JOB
    while is_running(process):
        assert time.monotonic() < end, f"{process} is still running"
        time.sleep(0.02)


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc to look in")
def test_a_viewer_that_is_killed_loses_no_label_and_leaves_nothing_running(
    scene_path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "view"
    command = [sys.executable, "-c", PROGRAM, str(scene_path), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            viewer = Viewer(running.stdout.readline().strip(), session=cast("Any", None))
            label_two_covers(viewer)
            n_pixels = [c["n_pixels"] for c in viewer.ask("api/labels").json["classes"]]
            assert viewer.ask("api/train", {"method": "lda"}).status == 200
            (worker,) = processes_of(running.pid)
        finally:
            running.kill()
    wait_until_over(worker)

    session = Session(SceneSource(scene_path), folder)
    with serving(session) as address:
        again = Viewer(address, session)
        state = again.ask("api/state").json
        assert [c["n_pixels"] for c in again.ask("api/labels").json["classes"]] == n_pixels
        assert state["layers"] == []
        assert (state["job"]["title"], state["job"]["status"]) == ("The last training", "failed")
        assert again.ask("api/train", {"method": "lda"}).status == 200
        state = again.when_job_ended()
        assert (state["job"]["status"], len(state["layers"])) == ("done", 1), state["job"]
    maps = [path.name for path in (folder / "maps").iterdir()]
    assert maps == ["1"]
    session = Session(SceneSource(scene_path), folder)  # it ended of itself: nothing to tell
    assert session.state()["job"] is None
    session.close()
