import numpy as np
import pandas as pd
import pytest

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.attribute_fields import nearest, read_classes


def classes(table, field=None, multi_part=False):
    found = read_classes(pd.DataFrame(table), field, "some.gpkg", multi_part=multi_part)
    return found.ids.tolist(), found.names


def test_text_classes_count_from_1_in_alphabetical_order_whatever_the_case():
    ids, names = classes({"cover": ["water", "Soil", "grass", "water"]}, "cover")
    assert ids == [3, 2, 1, 3]
    assert names == {1: "grass", 2: "Soil", 3: "water"}


def test_missing_and_blank_text_is_no_class():
    ids, names = classes({"cover": ["soil", None, "  ", " grass "]}, "cover")
    assert ids == [2, 0, 0, 1]
    assert names == {1: "grass", 2: "soil"}


def test_whole_numbers_stay_ids_and_missing_ones_are_no_class():
    assert classes({"code": [7, 0, 30, 7]}, "code") == ([7, 0, 30, 7], {})
    assert classes({"code": [7.0, np.nan, 30.0, 7.0]}, "code") == ([7, 0, 30, 7], {})


def test_text_of_digits_is_read_as_whole_numbers():
    assert classes({"code": ["10", "2", "10", None]}, "code") == ([10, 2, 10, 0], {})
    assert classes({"code": ["10.0", "2.", "010.00"]}, "code") == ([10, 2, 10], {})
    assert classes({"code": ["1.5", "2.0"]}, "code")[1] == {1: "1.5", 2: "2.0"}


def test_ids_are_named_by_the_text_field_that_maps_one_to_one():
    table = {
        "code": [5, 9, 5, 0],
        "cover": ["soil", "tree", "soil", "nothing"],
        "surveyor": ["A", "A", "B", "B"],
    }
    assert classes(table, "code") == ([5, 9, 5, 0], {5: "soil", 9: "tree"})


def test_of_two_text_fields_that_map_one_to_one_the_related_name_wins():
    table = {
        "class_id": [1, 2, 1],
        "german": ["See", "Baum", "See"],
        "class": ["sea", "tree", "sea"],
    }
    assert classes(table, "class_id")[1] == {1: "sea", 2: "tree"}
    del table["class"]
    table["french"] = ["mer", "arbre", "mer"]
    assert classes(table, "class_id")[1] == {}


def test_text_takes_its_ids_from_the_field_that_belongs_to_it():
    table = {"Level_2": ["tree", "roof", "tree"], "Level_2_ID": [4, 1, 4], "nr": [1, 2, 1]}
    assert classes(table, "Level_2") == ([4, 1, 4], {1: "roof", 4: "tree"})


def test_ids_that_do_not_map_one_to_one_to_the_text_are_left_alone():
    table = {"cover": ["tree", "roof", "tree"], "cover_id": [4, 1, 5]}
    assert classes(table, "cover") == ([2, 1, 2], {1: "roof", 2: "tree"})


def test_ids_that_lack_a_class_or_another_name_are_left_alone():
    lacking = {"cover": ["tree", "roof", "tree"], "cover_id": [None, 1, 4]}
    assert classes(lacking, "cover")[0] == [2, 1, 2]
    unrelated = {"cover": ["tree", "roof", "tree"], "sheet": [4, 1, 4]}
    with pytest.warns(HsidiffWarning, match="'sheet' would number them"):
        assert classes(unrelated, "cover")[0] == [2, 1, 2]


def test_the_only_field_that_fits_is_found():
    table = {
        "fid": [1, 2, 3, 4],
        "note": ["a", "b", "c", "d"],
        "area_m2": [1.5, 2.5, 3.5, 1.5],
        "source": ["GPS"] * 4,
        "done": [True, False, True, False],
        "cover": ["soil", "tree", "soil", "tree"],
    }
    assert classes(table)[1] == {1: "soil", 2: "tree"}


def test_a_field_and_its_ids_count_as_one():
    table = {"cover": ["soil", "tree", "soil"], "cover_id": [3, 8, 3]}
    assert classes(table) == ([3, 8, 3], {3: "soil", 8: "tree"})


def test_a_usual_name_wins_even_where_every_feature_has_its_own_class():
    table = {"surveyor": ["A", "A", "B"], "Class": ["soil", "tree", "water"]}
    assert classes(table)[1] == {1: "soil", 2: "tree", 3: "water"}


def test_a_field_without_repetition_is_an_id_unless_features_are_multi_part():
    table = {"cover": ["soil", "tree", "water"]}
    with pytest.raises(LabelError, match=r"cover \(3 values\).*--field"):
        classes(table)
    assert classes(table, multi_part=True)[0] == [1, 2, 3]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"class": ["soil"] * 3, "note": ["a", "b", "c"]}, "'class'"),
        ({"class": ["soil"] * 3, "class_id": [4] * 3}, "'class', 'class_id'"),
        ({"cover": ["soil", None, "soil"], "fid": [1, 2, 3]}, "'cover'"),
    ],
)
def test_labels_of_one_class_are_not_blamed_on_the_field(table, found):
    with pytest.raises(LabelError, match=f"a single value in the field {found}, labels need at"):
        classes(table)


def test_a_field_of_one_value_says_nothing_where_another_may_be_the_classes():
    with pytest.raises(LabelError, match=r"cover \(3 values\), source \(1 value\)\): name it"):
        classes({"cover": ["soil", "tree", "water"], "source": ["GPS"] * 3})
    table = {"class": ["land"] * 4, "cover": ["soil", "tree", "soil", "tree"]}
    assert classes(table)[1] == {1: "soil", 2: "tree"}


def test_several_fields_that_fit_are_listed_with_their_counts():
    table = {"level_1": ["a", "b", "b", "a"], "level_2": ["x", "y", "z", "x"], "id": [1, 1, 2, 2]}
    with pytest.raises(
        LabelError, match=r"level_1 \(2 values\), level_2 \(3 values\).*--field"
    ) as e:
        classes(table)
    assert "id (" not in str(e.value)


def test_more_than_255_values_are_never_taken_for_classes_unless_named():
    table = {"parcel": [f"p{i % 300:03d}" for i in range(600)]}
    with pytest.raises(LabelError, match=r"parcel \(300 values\)"):
        classes(table)
    assert max(classes(table, "parcel")[0]) == 300


def test_an_unknown_field_names_the_nearest():
    with pytest.raises(LabelError, match="no field 'level_2', did you mean 'Level_2'"):
        classes({"Level_1": ["a"], "Level_2": ["b"]}, "level_2")
    assert nearest("zzz", ["soil"]) == ": known are 'soil'"


@pytest.mark.parametrize("column", [[0.5, 1.5], [True, False], [np.inf, 1.0], [None, None]])
def test_a_named_field_that_cannot_hold_classes_is_refused(column):
    with pytest.raises(LabelError, match=r"neither text nor whole numbers.*cover \(2 values\)"):
        classes({"given": column, "cover": ["a", "b"]}, "given")


@pytest.mark.parametrize("wrong", [-1, 65536])
def test_ids_beyond_two_bytes_are_refused(wrong):
    with pytest.raises(LabelError, match=f"class id {wrong}: ids must be 1 to 65535"):
        classes({"code": [1, wrong]}, "code")


def test_a_table_without_fields_says_so():
    with pytest.raises(LabelError, match=r"no field.*\(none\)"):
        classes({})
