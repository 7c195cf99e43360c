"""Splits as files, and their hash."""

import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from split_cases import KINDS, scattered_labels

from hsidiff.errors import MissingFileError, SplitError
from hsidiff.labels.label_map import LabelMap
from hsidiff.labels.pixel_split import (
    SPLIT_KINDS,
    Split,
    published_split,
    random_split,
)


@pytest.mark.filterwarnings("ignore:classes of one field:hsidiff.errors.HsidiffWarning")
@pytest.mark.parametrize("kind", SPLIT_KINDS)
def test_a_split_survives_saving(kind: str, tmp_path: Path) -> None:
    values = scattered_labels(20, 17, 0).values
    labels = LabelMap.from_array(
        values,
        {2: "Grün", 5: "Soil"},
        sample_ids=values * 10,
        crs=CRS.from_epsg(32633),
        transform=Affine(30.0, 0.0, 364095.0, 0.0, -30.0, 5809965.0),
    )
    split = KINDS[kind](labels, 3)
    split.save(tmp_path / "new" / "split.npz")
    loaded = Split.load(tmp_path / "new" / "split.npz")
    assert loaded.sha256 == split.sha256
    assert (loaded.kind, loaded.parameters) == (split.kind, split.parameters)
    for ours, theirs in ((split.train, loaded.train), (split.test, loaded.test)):
        assert theirs.classes == ours.classes
        assert (theirs.crs, theirs.transform) == (ours.crs, ours.transform)
        assert theirs.unit == ours.unit == ("fields" if kind == "fields" else "blocks")
        for name in ("values", "sample_ids", "region"):
            np.testing.assert_array_equal(getattr(theirs, name), getattr(ours, name))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["split.npz"]


def test_the_hash_is_of_the_pixels_and_not_of_how_they_came() -> None:
    split = random_split(scattered_labels(12, 12, 0))
    assert published_split(split.train, split.test).sha256 == split.sha256
    assert Split(split.test, split.train, "random").sha256 != split.sha256
    wide = LabelMap.from_array(np.array([[1, 2, 0, 0]])), LabelMap.from_array([[0, 0, 1, 2]])
    high = LabelMap.from_array(wide[0].values.T), LabelMap.from_array(wide[1].values.T)
    assert Split(*wide, kind="published").sha256 != Split(*high, kind="published").sha256
    large_ids = [
        LabelMap.from_array(side.values * 65537, {i * 65537: "" for i in (1, 2)}) for side in wide
    ]
    assert Split(*large_ids, kind="published").sha256 != Split(*wide, kind="published").sha256


def test_parameters_are_json_values() -> None:
    for make in KINDS.values():
        split = make(scattered_labels(20, 20, 0), 1)
        assert json.loads(json.dumps(split.parameters)) == split.parameters


def test_a_missing_split_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"none\.npz: no such split file"):
        Split.load(tmp_path / "none.npz")


def test_broken_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    random_split(scattered_labels(12, 12, 0)).save(path)
    whole = path.read_bytes()
    arrays = dict(np.load(path))
    changed = {
        **arrays,
        "train_values": arrays["test_values"],
        "test_values": arrays["train_values"],
    }
    np.savez(tmp_path / "changed.npz", **changed)
    np.savez(tmp_path / "foreign.npz", cube=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "pickle.npz", about=np.array([{}], dtype=object))
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.npz").write_text("not a split")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "bits.npz").write_bytes(whole[:200] + bytes(40) + whole[240:])
    broken = [p for p in tmp_path.iterdir() if p != path]
    assert len(broken) == 8
    for file in broken:
        with pytest.raises(SplitError, match=file.name) as error:
            Split.load(file)
        assert "make the split again" in str(error.value)
        assert "pickle=" not in str(error.value)
    with pytest.raises(SplitError, match="is a folder"):
        Split.load(tmp_path)


@settings(max_examples=200)
@given(changes=st.dictionaries(st.floats(0, 1), st.integers(0, 255), min_size=1, max_size=4))
def test_whatever_bytes_are_damaged_a_split_is_read_or_refused(
    changes: dict[float, int], a_split: Path
) -> None:
    content = bytearray(a_split.read_bytes())
    for share, byte in changes.items():
        content[int(share * (len(content) - 1))] = byte
    damaged = a_split.with_name("damaged.npz")
    damaged.write_bytes(content)
    with suppress(SplitError):
        Split.load(damaged)


@pytest.fixture(scope="module")
def a_split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("splits") / "split.npz"
    random_split(scattered_labels(12, 12, 0)).save(path)
    return path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_split_that_may_not_be_read_is_not_called_broken(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    random_split(scattered_labels(12, 12, 0)).save(path)
    path.chmod(0)
    with pytest.raises(SplitError, match=r"split\.npz may not be read: ask its owner"):
        Split.load(path)


def test_repr_is_a_short_table_of_both_sides() -> None:
    labels = LabelMap.from_array(np.array([[1, 1, 2, 2]]), {1: "grass", 2: "bare soil"})
    train = np.array([[True, False, True, False]])
    split = Split(labels.keeping(train), labels.keeping(~train), "random")
    assert repr(split).splitlines() == [
        "Split: random",
        "  id  class        training pixels    test pixels",
        "   1  grass                      1              1",
        "   2  bare soil                  1              1",
    ]
