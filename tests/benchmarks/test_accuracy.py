"""Points of the accuracy picture are means over scenes of means over seeds."""

from pathlib import Path

import pytest

from benchmarks.accuracy import MethodPoint, read_points
from hsidiff.errors import SettingError

HEADER = "scene,split,method,seed,overall_accuracy,seconds"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


def test_every_scene_counts_the_same_however_many_seeds_it_has(tmp_path: Path) -> None:
    file = write(
        tmp_path / "cells.csv",
        "a,s,svm,0,0.50,2",
        "a,s,svm,1,0.70,4",
        "b,s,svm,0,0.90,9",
        "embedded,s,svm,0,0.10,100",
        "a,other,svm,0,0.00,100",
        "a,s,svm,2,,",
    )
    (point,) = read_points([file], "s")
    assert point.method == "svm"
    assert point.overall_accuracy == pytest.approx(100 * (0.6 + 0.9) / 2)
    assert point.seconds == pytest.approx((3 + 9) / 2)


def test_a_later_file_replaces_a_method_and_the_most_accurate_comes_first(tmp_path: Path) -> None:
    first = write(tmp_path / "1.csv", "a,s,svm,0,0.5,2", "a,s,lda,0,0.6,1")
    second = write(tmp_path / "2.csv", "a,s,svm,0,0.8,3")
    assert read_points([first, second], "s") == [
        MethodPoint("svm", 3.0, 80.0),
        MethodPoint("lda", 1.0, 60.0),
    ]


def test_methods_on_different_scenes_are_not_compared(tmp_path: Path) -> None:
    file = write(tmp_path / "cells.csv", "a,s,svm,0,0.5,2", "b,s,lda,0,0.6,1")
    with pytest.raises(SettingError, match="'svm' has no result on b under 's': name the scenes"):
        read_points([file], "s")


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "cells.csv", "a,s,svm,0,0.5,2")
    with pytest.raises(SettingError, match="no result under 't'"):
        read_points([file], "t")
