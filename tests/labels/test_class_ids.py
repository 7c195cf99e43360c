import numpy as np
import pytest

from hsidiff.errors import HsidiffWarning, LabelError
from hsidiff.labels.class_ids import from_values
from hsidiff.labels.legend import Legend

VALUES = np.zeros((6, 8), dtype=np.uint8)
VALUES[:2, :3] = 1
VALUES[4:, 5:] = 7


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.float32, np.float64])
def test_whole_numbers_of_every_type_are_class_ids(bare_scene, dtype):
    labels = from_values(VALUES.astype(dtype), bare_scene, "labels")
    np.testing.assert_array_equal(labels.values, VALUES)
    assert labels.values.dtype == np.int32
    assert [c.id for c in labels.classes] == [1, 7]
    assert labels.sample_ids is None


def test_nan_and_masked_are_unlabelled(bare_scene):
    values = VALUES.astype(float)
    values[0, 0] = np.nan
    masked = np.ma.masked_equal(VALUES, 7)
    with pytest.warns(HsidiffWarning, match="pixels hold 0, which means no label"):
        assert from_values(values, bare_scene, "labels").n_labelled == 11
    with pytest.warns(HsidiffWarning, match="though 6 others hold nodata"):
        assert from_values(masked, bare_scene, "labels").counts() == {1: 6}


@pytest.mark.parametrize(
    ("wrong", "text"), [(-1, "-1"), (1.5, "1.5"), (65536, "65536"), (np.inf, "inf")]
)
def test_values_that_are_no_class_ids_are_refused(bare_scene, wrong, text):
    values = VALUES.astype(float)
    values[3, 3] = wrong
    with pytest.raises(LabelError, match=f"labels: 1 labels are no class ids, the first is {text}"):
        from_values(values, bare_scene, "labels")


@pytest.mark.parametrize("dtype", [complex, str, object])
def test_values_that_are_no_numbers_are_refused(bare_scene, dtype):
    with pytest.raises(LabelError, match="expected whole numbers"):
        from_values(VALUES.astype(dtype), bare_scene, "labels")


def test_another_shape_states_both(bare_scene):
    with pytest.raises(LabelError, match=r"labels are \(8, 6\) \(rows, cols\), bare is \(6, 8\)"):
        from_values(VALUES.T, bare_scene, "labels")
    with pytest.raises(LabelError, match=r"labels are \(6, 8, 1\)"):
        from_values(VALUES[:, :, None], bare_scene, "labels")


@pytest.mark.parametrize(
    ("dtype", "largest"), [("uint8", 255), ("uint16", 65535), ("int16", 32767)]
)
def test_the_largest_id_of_a_type_is_noted(bare_scene, dtype, largest):
    values = np.where(VALUES == 0, largest, VALUES.astype(int)).astype(dtype)
    with pytest.warns(HsidiffWarning, match=rf"have the id {largest}.*--ignore-class {largest}\)"):
        labels = from_values(values, bare_scene, "labels")
    assert largest in labels.counts()
    from_values(values, bare_scene, "labels", Legend({largest: "cloud"}))
    from_values(values.astype("int32"), bare_scene, "labels")
