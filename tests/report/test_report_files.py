"""A report replaces files of an earlier report, and no other file."""

import json
from pathlib import Path

import pytest

from hsidiff.errors import SettingError
from hsidiff.report.report_files import LIST_NAME, files_in, write_report_files


def write(out: Path, **contents: str) -> None:
    """Write a report of the page, and of pictures by name."""
    with write_report_files(out) as new:
        (new / "figures").mkdir()
        (new / "report.html").write_text("page", encoding="utf-8")
        for name, content in contents.items():
            (new / "figures" / f"{name}.svg").write_text(content, encoding="utf-8")


def contents_of(out: Path) -> dict[str, str]:
    return {name: (out / name).read_text(encoding="utf-8") for name in files_in(out)}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of an earlier report, with two files of the user."""
    folder = tmp_path / "paper"
    write(folder, accuracy="old", gone="old")
    (folder / "paper.tex").write_text("mine", encoding="utf-8")
    (folder / "figures" / "sketch.svg").write_text("mine", encoding="utf-8")
    return folder


def test_files_of_the_user_stay_and_those_of_the_earlier_report_go(out: Path) -> None:
    write(out, accuracy="new", further="new")
    found = contents_of(out)
    listed = json.loads(found.pop(LIST_NAME))["files"]
    assert found == {
        "report.html": "page",
        "figures/accuracy.svg": "new",
        "figures/further.svg": "new",
        "figures/sketch.svg": "mine",
        "paper.tex": "mine",
    }
    written = [name for name in found if found[name] != "mine"]
    assert sorted(listed) == sorted([*written, LIST_NAME])
    assert [item.name for item in out.parent.iterdir()] == ["paper"]


def test_a_file_of_the_user_is_not_replaced(out: Path) -> None:
    before = contents_of(out)
    with pytest.raises(
        SettingError, match=r"sketch\.svg: would be replaced and is not on the list"
    ):
        write(out, sketch="new", accuracy="new")
    assert contents_of(out) == before


def test_a_page_or_table_of_the_user_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "tables.md").write_text("mine", encoding="utf-8")
    with (
        pytest.raises(SettingError, match=r"tables\.md: would be replaced"),
        write_report_files(tmp_path),
    ):
        pytest.fail("the work began")


def test_a_file_where_the_pictures_would_go_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("mine", encoding="utf-8")
    with pytest.raises(SettingError, match="figures: would be replaced"):
        write(tmp_path, accuracy="new")
    assert contents_of(tmp_path) == {"figures": "mine"}


def test_a_folder_of_the_user_in_the_place_of_an_old_picture_stays(out: Path) -> None:
    (out / "figures" / "gone.svg").unlink()
    (out / "figures" / "gone.svg").mkdir()
    (out / "figures" / "gone.svg" / "data.txt").write_text("mine", encoding="utf-8")
    write(out)
    assert contents_of(out)["figures/gone.svg/data.txt"] == "mine"


def test_a_list_that_names_files_elsewhere_deletes_none_of_them(out: Path) -> None:
    (out.parent / "thesis.tex").write_text("mine", encoding="utf-8")
    names = ["../thesis.tex", str(out.parent / "thesis.tex"), "figures/../../thesis.tex"]
    names += [LIST_NAME, "report.html"]
    (out / LIST_NAME).write_text(json.dumps({"files": names}), encoding="utf-8")
    write(out)
    assert (out.parent / "thesis.tex").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"files": [1]}', '{"files": null}'])
def test_a_broken_list_is_refused(out: Path, content: str) -> None:
    (out / LIST_NAME).write_text(content, encoding="utf-8")
    before = contents_of(out)
    with pytest.raises(
        SettingError, match=r"report-files\.json is not the list of a report's files"
    ):
        write(out)
    assert contents_of(out) == before


@pytest.mark.parametrize("n_moved", range(8))
def test_a_report_that_is_interrupted_while_it_is_moved_leaves_all_as_it_was(
    out: Path, monkeypatch: pytest.MonkeyPatch, n_moved: int
) -> None:
    before = contents_of(out)
    replace, moved = Path.replace, []

    def interrupted(source: Path, target: Path) -> Path:
        moved.append(source)
        if len(moved) == n_moved + 2:  # the first one is the list, written in the temporary folder
            raise KeyboardInterrupt
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(out, accuracy="new", further="new")
    assert contents_of(out) == before
