"""The folder that ``hsidiff map`` writes, read back."""

from pathlib import Path
from typing import Any

import pytest

from hsidiff.errors import SettingError
from hsidiff.report.result_folder import ResultFolder


@pytest.mark.parametrize(
    "result", [{"classes": 3}, {"doubt": 3}, {"per_class": [{"id": 1}], "doubt": [3]}]
)
def test_classes_that_are_no_list_of_objects_are_refused(result: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="the classes of the result are no list of objects"):
        _ = ResultFolder(Path("map"), result, None, None).classes


def test_what_is_no_class_comes_after_the_classes() -> None:
    result = {"per_class": [{"id": 4, "name": "soil"}], "doubt": [{"id": 9, "name": "not sure"}]}
    classes = ResultFolder(Path("map"), result, None, None).classes
    assert [(c.id, c.name) for c in classes] == [(4, "soil"), (9, "not sure")]
