"""What a page says of where files lay: their names."""

import pytest

from hsidiff.report.places import (
    file_name,
    paths_in,
    without_folders,
    without_quoted_folders,
    without_these_folders,
)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/eva/secret field/scene.tif", "scene.tif"),
        (r"C:\Users\eva\scene.tif", "scene.tif"),
        (r"\\server\share\scene.tif", "scene.tif"),
        ("../eva/scene.tif", "scene.tif"),
        ("scene.tif", "scene.tif"),
        ("/home/eva/own.py:Mine", "own.py:Mine"),
        ("https://example.org/a/scene.tif", "https://example.org/a/scene.tif"),
        ("https://eva:word@example.org/a.tif?sig=123#x", "https://example.org/a.tif"),
        ("/vsicurl/https://example.org/a.tif?sig=1", "/vsicurl/https://example.org/a.tif"),
        ("/", "/"),
    ],
)
def test_a_path_is_named_by_its_last_part_and_an_address_without_secrets(
    path: str, name: str
) -> None:
    assert file_name(path) == name


def test_json_is_shown_with_names_in_place_of_paths() -> None:
    run = {
        "command": ["/opt/bin/hsidiff", "map", "sub/a.tif", "--nodata", "-9999", "--out=/home/o"],
        "directory": "/home/eva",
        "inputs": {"scene": {"path": "sub/a.tif", "sha256": "5"}, "labels": [{"path": "/l/b.shp"}]},
        "settings": {"device": "cpu", "weights": "/home/eva/w.st", "scale": 0.5, "words": "a/b"},
    }
    assert without_folders(run) == {
        "command": ["hsidiff", "map", "a.tif", "--nodata", "-9999", "--out=o"],
        "inputs": {"scene": {"path": "a.tif", "sha256": "5"}, "labels": [{"path": "b.shp"}]},
        "settings": {"device": "cpu", "weights": "w.st", "scale": 0.5, "words": "a/b"},
    }
    assert paths_in(run) == ["sub/a.tif", "/l/b.shp"]


def test_a_text_loses_the_folders_of_known_paths_and_absolute_ones_in_quotes() -> None:
    paths = ["/home/eva/a.tif", "here.tif", "https://example.org/a.tif"]
    text = "/home/eva/a.tif: 3 of 5 tags, as /home/eva/a.tif.aux.xml says; https://example.org/b"
    assert without_these_folders(text, paths) == (
        "a.tif: 3 of 5 tags, as a.tif.aux.xml says; https://example.org/b"
    )
    toml = 'path = "/home/eva/a.mat"\nlabels = "${DATA}/b.mat"\nother = \'D:\\eva\\c.mat\'  # 1/2'
    assert without_quoted_folders(toml) == (
        'path = "a.mat"\nlabels = "${DATA}/b.mat"\nother = \'c.mat\'  # 1/2'
    )


def test_the_root_and_folders_of_a_letter_stand_in_other_words_too() -> None:
    text = "/scene.tif and m/b.tif: 5 m/px, 1/2 of them; /scene.tif.aux.xml"
    assert without_these_folders(text, ["/scene.tif", "m/b.tif", "./c.tif"]) == (
        "scene.tif and b.tif: 5 m/px, 1/2 of them; scene.tif.aux.xml"
    )
