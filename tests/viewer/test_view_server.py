import io
import json
import zipfile
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest
import rasterio
from numpy.testing import assert_allclose, assert_array_equal
from running_viewer import Viewer, check_accuracy, label_two_covers

from hsidiff.errors import SettingError
from hsidiff.files import read_json
from hsidiff.labels.read import read_labels
from hsidiff.scenes.formats.geotiff_writer import write_geotiff
from hsidiff.scenes.open import open_scene
from hsidiff.scenes.window import Window
from hsidiff.viewer.serve import serve
from hsidiff.viewer.session import SceneSource, Session
from small_scenes import small_scene

# Who may ask


def test_a_wrong_token_is_refused_whatever_is_asked_for(viewer: Viewer) -> None:
    right = viewer.address.split("/")[3]
    for path in ("", "wrong/", f"{right}x/", f"{right[:-1]}/", "api/scene", "static/main.js"):
        other = Viewer(viewer.address.replace(f"{right}/", path), viewer.session)
        answer = other.ask("")
        assert answer.status == 403, path
        assert b"scene.tif" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "static/../../session.py",
        "static/..%2f..%2fsession.py",
        "static/%2e%2e/%2e%2e/session.py",
        "../../../etc/passwd",
        "static//etc/passwd",
        "export/1/map.tif",
        "export/1/..%2f..%2flabels.gpkg",
        "export/../labels.gpkg.zip",
        "tiles/1/map/1/0/0.png",
        "tiles/scene/1/99/0.png?bands=3,2,1",
        "tiles/scene/1073741824/0/0.png?bands=3,2,1",
        "api/spectrum?row=40&col=0",
        "api/spectrum?row=-1&col=0",
        "docs",
        "openapi.json",
    ],
)
def test_what_there_is_not_is_not_found(viewer: Viewer, path: str) -> None:
    assert viewer.ask(path).status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1.evil.example:80"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_page_of_another_site_is_refused(viewer: Viewer, headers: dict[str, str]) -> None:
    assert viewer.ask("api/scene", headers=headers).status == 403


def test_the_address_is_told_to_nobody_and_nothing_is_loaded_from_elsewhere(
    viewer: Viewer,
) -> None:
    page = viewer.ask("")
    assert page.status == 200
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert viewer.address.startswith("http://127.0.0.1:")
    assert b"http" not in page.body.replace(b"http-equiv", b"")


def status_of(viewer: Viewer, headers: dict[str, str], body: bytes) -> int:
    """The status of a request with headers of one's own and a body as it is."""
    _, _, host, token, _ = viewer.address.split("/")
    connection = HTTPConnection(host)
    connection.putrequest("POST", f"/{token}/api/labels")
    for name, value in {"content-type": "application/json", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_requests_are_bounded(viewer: Viewer) -> None:
    assert status_of(viewer, {"content-length": "2000000"}, b"") == 413
    assert status_of(viewer, {"content-length": "many"}, b"") in (400, 413)
    # In pieces nobody knows how long it will be.
    piece = b"186a0\r\n" + b" " * 100_000 + b"\r\n"
    assert status_of(viewer, {"transfer-encoding": "chunked"}, piece * 11) in (400, 413)
    path = [[0.0, 0.0]] * 5001
    wanted = {"do": "paint", "class_id": 1, "path": path, "radius_px": 1}
    assert viewer.ask("api/labels", wanted).status == 422
    assert viewer.ask("api/scene").status == 200


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        {"do": "nothing"},
        {"do": "point", "class_id": 1},
        {"do": "point", "class_id": 9, "at": [1, 1]},
        {"do": "point", "class_id": 1, "at": [1, 1], "path": "/etc/passwd"},
        {"do": "point", "class_id": 1, "at": [1e400, 1]},
        {"do": "paint", "class_id": 1, "path": [[1, 1]], "radius_px": 1e9},
        {"do": "polygon", "class_id": 1, "corners": [[0, 0], [1, 1], [2, 2]]},
    ],
)
def test_changes_that_make_no_sense_change_nothing_and_say_why(
    viewer: Viewer, content: object
) -> None:
    answer = viewer.ask("api/labels", content)
    assert answer.status == 422
    assert answer.json["error"]
    assert "Input" not in answer.json["error"]
    assert viewer.ask("api/labels").json["version"] == 0


def test_a_name_that_is_too_long_is_refused_in_words(viewer: Viewer) -> None:
    answer = viewer.ask("api/labels", {"do": "add-class", "name": "x" * 201})
    assert answer.json["error"] == "name: must be text of at most 200 letters: choose another"


def test_a_port_that_is_taken_is_told_in_a_line(viewer: Viewer, scene_path: Path) -> None:
    port = int(viewer.address.split(":")[2].split("/")[0])
    with pytest.raises(SettingError, match=f"--port {port}"):
        serve(viewer.session, port, lambda _: None, opens=False)


def test_two_viewers_do_not_share_a_folder(viewer: Viewer, scene_path: Path) -> None:
    with pytest.raises(SettingError, match="another hsidiff view"):
        Session(SceneSource(scene_path), viewer.session.folder)


def test_a_folder_belongs_to_one_scene(viewer: Viewer, scene_path: Path) -> None:
    folder = viewer.session.folder
    (folder / "values").mkdir()
    viewer.session.close()
    write_geotiff(small_scene((40, 60)), folder / "other.tif")
    with pytest.raises(SettingError, match="holds labels of scene"):
        Session(SceneSource(folder / "other.tif"), folder)
    assert (folder / "values").exists()
    # With other bands the labels are the same, what was learned is not.
    Session(SceneSource(scene_path, {"drop_bands": [1]}), folder).close()
    assert not (folder / "values").exists()


# What is shown


def test_the_spectrum_of_a_pixel_is_that_of_the_scene(viewer: Viewer, scene_path: Path) -> None:
    scene = open_scene(scene_path)
    values = viewer.ask("api/spectrum?row=12&col=34").json["values"]
    assert_allclose(values, scene.read()[12, 34], rtol=1e-6)
    assert viewer.ask("api/spectrum?row=4&col=9").json["values"] == [None] * 12


def test_bands_that_are_left_out_are_gaps(scene_path: Path, tmp_path: Path) -> None:
    session = Session(SceneSource(scene_path, {"drop_bands": [3, 12]}), tmp_path / "view")
    spectrum = session.spectra.spectrum(12, 34)
    assert [i + 1 for i, value in enumerate(spectrum) if value is None] == [3, 12]
    bands = session.spectra.about()["bands"]
    assert [band["number"] for band in bands if not band["is_good"]] == [3, 12]
    assert all(band["nm"] is not None for band in bands)


def test_the_mean_of_a_class_is_that_of_its_labels(viewer: Viewer, scene_path: Path) -> None:
    viewer.change(do="polygon", class_id=2, corners=[[20, 20], [26, 20], [26, 25], [20, 25]])
    means = viewer.ask("api/class-means").json
    expected = open_scene(scene_path).read()[20:25, 20:26].mean(axis=(0, 1))
    assert means.keys() == {"2"}
    assert_allclose(means["2"], expected, rtol=1e-5)


def test_pictures_are_pictures(viewer: Viewer) -> None:
    for path in ("overview.png", "tiles/scene/1/0/0.png"):
        answer = viewer.ask(f"{path}?bands=3,2,1")
        assert answer.headers["content-type"] == "image/png"
        assert answer.body.startswith(b"\x89PNG")
        assert len(answer.body) > 2000


def test_the_state_comes_as_events(viewer: Viewer) -> None:
    with urlopen(viewer.address + "api/events") as events:
        assert json.loads(events.readline().removeprefix(b"data: "))["labels"] == 0
        viewer.change(do="point", class_id=1, at=[3, 3])
        assert events.readline() == b"\n"
        assert json.loads(events.readline().removeprefix(b"data: "))["labels"] == 1


# Training


@pytest.mark.slow
def test_a_map_is_trained_shown_exported_and_there_again_after_a_restart(
    viewer: Viewer, scene_path: Path
) -> None:
    label_two_covers(viewer)
    viewer.change(do="change-class", class_id=2, name="Wood", color="#117733")
    assert viewer.ask("api/train", {"method": "lda"}).status == 200
    assert viewer.ask("api/train", {"method": "lda"}).status == 422  # one at a time
    state = viewer.when_job_ended()
    assert state["job"]["status"] == "done", state["job"]
    (layer,) = state["layers"]
    assert (layer["title"], layer["method"], layer["report"]) == ("Map 1: lda", "lda", True)
    assert "held-out" in layer["kinds"]
    check_accuracy(viewer, "1", read_json(viewer.session.folder / "maps" / "1" / "result.json"))

    archive = zipfile.ZipFile(io.BytesIO(viewer.ask("export/1.zip").body))
    names = {"map.tif", "map.qml", "confidence.tif", "labels.gpkg", "report.html", "run.json"}
    assert names <= set(archive.namelist())
    folder = viewer.session.folder / "exported"
    archive.extractall(folder)
    labels = viewer.session.labels.label_map()
    with rasterio.open(folder / "map.tif") as exported:
        class_map, palette = exported.read(1), exported.colormap(1)
        assert exported.crs.to_epsg() == 32633
    assert palette[2] == (0x11, 0x77, 0x33, 255)
    assert "Wood" in (folder / "map.tif.aux.xml").read_text(encoding="utf-8")
    is_labelled = labels.values > 0
    assert (class_map == labels.values)[is_labelled].mean() > 0.97
    again = read_labels(folder / "labels.gpkg", open_scene(scene_path))
    assert_array_equal(again.values, labels.values)

    for kind in ("map", "confidence", "entropy", "held-out", "errors", "difference"):
        tile = viewer.ask(f"tiles/1/{kind}/1/0/0.png?other=1")
        assert tile.body.startswith(b"\x89PNG"), kind
    assert viewer.ask("tiles/1/nothing/1/0/0.png").status == 404
    viewer.session.close()
    restarted = Session(SceneSource(scene_path), viewer.session.folder)
    assert [layer["id"] for layer in restarted.state()["layers"]] == ["1"]
    assert_array_equal(restarted.labels.label_map().values, labels.values)


@pytest.mark.slow
def test_labels_that_allow_no_score_give_a_map_and_the_reason(viewer: Viewer) -> None:
    viewer.change(do="polygon", class_id=1, corners=[[0, 0], [3, 0], [3, 3], [0, 3]])
    viewer.change(do="point", class_id=2, at=[15, 5])
    viewer.ask("api/train", {"method": "lda"})
    state = viewer.when_job_ended()
    assert state["job"]["status"] == "done", state["job"]
    told = viewer.ask("api/accuracy/1").json
    assert told["rows"] == told["leakage"] == []
    assert told["words"][-1].startswith("No label could be held out: ")
    assert "held-out" not in state["layers"][0]["kinds"]
    assert viewer.ask("tiles/1/held-out/1/0/0.png").status == 404
    assert viewer.ask("export/1/report.html").status == 200


def test_a_training_that_is_stopped_leaves_no_map(viewer: Viewer) -> None:
    label_two_covers(viewer)
    viewer.ask("api/train", {"method": "lda"})
    stopped = viewer.ask("api/stop", {}).json
    assert stopped["job"]["status"] == "stopped"
    assert stopped["layers"] == []
    maps = viewer.session.folder / "maps"
    assert not maps.exists() or not any(maps.iterdir())


def test_who_trains_slowly_on_few_labels_is_told_what_is_quick(viewer: Viewer) -> None:
    viewer.change(do="paint", class_id=1, path=[[5, 3]], radius_px=2)
    viewer.change(do="paint", class_id=2, path=[[45, 5]], radius_px=2)
    assert "lda takes seconds" in viewer.ask("api/hint?method=spectraldiff").json["hint"]
    assert viewer.ask("api/hint?method=lda").json["hint"] == ""
    job = viewer.ask("api/train", {"method": "spectraldiff", "profile": "fast"}).json["job"]
    assert "lda takes seconds" in job["notes"][0]
    viewer.ask("api/stop", {})
    job = viewer.ask("api/train", {"method": "lda"}).json["job"]
    assert not any("takes seconds" in note for note in job["notes"])
    viewer.ask("api/stop", {})


def test_what_cannot_be_trained_is_told_at_once(viewer: Viewer) -> None:
    few = viewer.ask("api/train", {"method": "lda"})
    assert (few.status, few.json["error"]) == (
        422,
        "label pixels of at least two classes first",
    )
    assert "did you mean" in viewer.ask("api/train", {"method": "ldb"}).json["error"]


@pytest.mark.slow
def test_the_live_map_follows_the_labels(viewer: Viewer) -> None:
    session = viewer.session
    session.learn(pretrain_steps=2)
    assert viewer.when_job_ended()["job"]["status"] == "done"
    viewer.ask("api/live", {"on": True})
    label_two_covers(viewer)
    values = session.labels.label_map().values
    assert session.live.wait_for(viewer.ask("api/labels").json["version"])
    is_labelled = values > 0
    layer = session.layer("live")
    ids = layer.class_ids(Window.whole(session.scene.shape), 1)
    assert (ids == values)[is_labelled].mean() > 0.95
    assert not ids[~np.isfinite(session.scene.read()).all(axis=-1)].any()
    assert viewer.ask("tiles/live/map/1/0/0.png").status == 200
    check_accuracy(viewer, "live", session.live.accuracy().result)
    head, scores = session.live.head, session.live.accuracy()
    assert session.live.accuracy() is scores or session.live.head is not head
    suggested = viewer.ask("api/suggestions?n=3").json
    assert len(suggested) == 3
    assert not any(is_labelled[one["row"], one["col"]] for one in suggested)
    assert all(one["reason"] for one in suggested)
    assert viewer.ask("api/suggestions?n=0").status == 422
    viewer.ask("api/live", {"on": False})
    assert viewer.ask("tiles/live/map/1/0/0.png").status == 404
    assert viewer.ask("api/accuracy/live").status == 404
    refused = viewer.ask("api/suggestions")
    assert refused.status == 422
    assert "switch the live map on" in refused.json["error"]
