"""What README tells people to type works."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import hsidiff
from documents import PAGES, ROOT, blocks_of, command_lines, text_of
from hsidiff.cli.app import app

README = text_of("README.md")


@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_the_python_example_runs(in_a_folder_with_data: Path) -> None:
    (example,) = blocks_of("README.md", "python")
    exec(compile(example, "README.md", "exec"), {})
    assert (in_a_folder_with_data / "map.tif").exists()
    model = hsidiff.load_classifier(in_a_folder_with_data / "model")
    assert model.name == "spectraldiff"


def test_the_python_example_is_short() -> None:
    (example,) = blocks_of("README.md", "python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 12


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::hsidiff.errors.HsidiffWarning")
def test_the_commands_run(in_a_folder_with_data: Path) -> None:
    commands = [rest for program, *rest in command_lines("README.md") if program == "hsidiff"]
    assert len(commands) >= 2
    for command in commands:
        if command[0] == "view":
            continue  # it serves until it is stopped, and has tests of its own
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, (command, result.output)
    for name in re.findall(r"`([\w.]+\.(?:tif|html|json|qml|npz))`", README):
        assert (in_a_folder_with_data / "out" / name).exists(), name


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    targets = [rest for program, *rest in command_lines("README.md") if program == "make"]
    assert targets == [["demo"], ["test"]]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for (target,) in targets)


def test_every_link_to_a_file_leads_somewhere() -> None:
    for page in {*PAGES, *ROOT.glob("*.md")}:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), (page.name, target)


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    words = [re.sub(r"\]\([^)]*\)|[^\w\- ]", "", heading.strip().lower()) for heading in headings]
    assert len(set(words)) == len(words), (page, "a heading stands twice: its anchor is the first")
    return {word.replace(" ", "-") for word in words}


def test_every_link_to_a_heading_leads_somewhere() -> None:
    n_links = 0
    for page in {*PAGES, *ROOT.glob("*.md")}:
        text = page.read_text(encoding="utf-8")
        for target, heading in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text):
            if "://" not in target:
                aimed = page.parent / target if target else page
                assert heading in anchors_of(aimed), (page.name, target, heading)
                n_links += 1
    assert n_links > 20


def test_the_picture_of_the_house_names_every_room() -> None:
    tree = README.partition("## The house")[2].partition("## ")[0]
    rooms = {path.parent.name for path in (ROOT / "src" / "hsidiff").glob("*/__init__.py")}
    assert rooms
    assert all(f"{room}/" in tree for room in rooms)
