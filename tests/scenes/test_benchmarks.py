import hashlib
import io
import logging
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests
from scipy.io import loadmat, savemat

from hsidiff.errors import MissingFileError, SceneError, SettingError
from hsidiff.files import sha256_of_files
from hsidiff.scenes import benchmarks
from hsidiff.scenes.benchmark_table import BenchmarkClass, BenchmarkFile, NumpyFile
from hsidiff.scenes.benchmarks import (
    BENCHMARKS,
    BenchmarkFiles,
    benchmark_folder,
    fetch_benchmark,
    verify_benchmark,
)

LABELS = np.array([[1, 1, 0, 7], [7, 7, 1, 0], [0, 1, 7, 7]], dtype=np.uint8)


@pytest.fixture
def originals(tmp_path):
    """Files of a tiny benchmark, as its publisher would hold them."""
    folder = tmp_path / "publisher"
    folder.mkdir()
    cube = np.random.default_rng(0).integers(1, 900, (3, 4, 5)).astype(np.int16)
    savemat(folder / "Tiny.mat", {"tiny": cube})
    savemat(folder / "Tiny_gt.mat", {"tiny_gt": LABELS})
    return folder


@pytest.fixture
def tiny(monkeypatch, originals):
    """The tiny benchmark, in the table."""
    classes = (BenchmarkClass(1, "Grass", 4), BenchmarkClass(7, "Trees", 5))
    sums = {name: sha256_of_files([originals / name]) for name in ("Tiny.mat", "Tiny_gt.mat")}
    scene = BenchmarkFile("Tiny.mat", "tiny", "https://example.org/Tiny.mat")
    labels = BenchmarkFile(
        "Tiny_gt.mat", "tiny_gt", "https://example.org/Tiny_gt.mat", sums["Tiny_gt.mat"]
    )
    benchmark = replace(
        BENCHMARKS["salinas-a"],
        name="tiny",
        shape=(3, 4, 5),
        scene=scene,
        labels=labels,
        classes=classes,
    )
    monkeypatch.setitem(BENCHMARKS, "tiny", benchmark)
    return benchmark


@pytest.fixture
def publisher(monkeypatch, originals):
    """A downloader that copies from the publisher's folder and lists what it was asked for."""
    asked = []

    def download(url, output_file, mover):
        asked.append(url)
        file = originals / url.rsplit("/", 1)[-1]
        if not file.exists():
            raise requests.exceptions.HTTPError("404")
        Path(output_file).write_bytes(file.read_bytes())

    monkeypatch.setattr(pooch, "HTTPDownloader", lambda: download)
    return asked


@pytest.fixture
def no_network(monkeypatch):
    def download(url, output_file, mover):
        raise requests.exceptions.ConnectionError("unreachable")

    monkeypatch.setattr(pooch, "HTTPDownloader", lambda: download)


def test_fetch_downloads_both_files_once_and_checks_them(tiny, publisher, tmp_path):
    files = fetch_benchmark("tiny", tmp_path / "cache")
    again = fetch_benchmark("tiny", tmp_path / "cache")
    assert files == again
    assert publisher == [tiny.scene.url, tiny.labels.url]
    np.testing.assert_array_equal(loadmat(files.labels)[files.labels_variable], LABELS)
    assert files.scene_variable == "tiny"


def test_fetch_tells_nothing(tiny, publisher, tmp_path, capsys):
    told = logging.StreamHandler(io.StringIO())
    pooch.get_logger().setLevel("INFO")
    pooch.get_logger().addHandler(told)
    fetch_benchmark("tiny", tmp_path / "cache")
    pooch.get_logger().removeHandler(told)
    assert told.stream.getvalue() == ""
    assert capsys.readouterr() == ("", "")


def test_files_laid_by_hand_are_taken_without_a_download(tiny, no_network, originals):
    assert fetch_benchmark("tiny", originals).scene == originals / "Tiny.mat"


def test_without_a_network_the_error_names_the_address_and_the_folder(tiny, no_network, tmp_path):
    with pytest.raises(MissingFileError) as error:
        fetch_benchmark("tiny", tmp_path / "cache")
    message = str(error.value)
    assert tiny.scene.url in message
    assert str(tmp_path / "cache") in message
    assert "\n" not in message
    assert not list((tmp_path / "cache").glob("*"))


def test_a_file_in_place_of_the_folder_is_not_blamed_on_the_network(tiny, publisher, tmp_path):
    occupied = tmp_path / "afile"
    occupied.write_text("mine")
    with pytest.raises(SettingError) as error:
        fetch_benchmark("tiny", occupied)
    assert str(error.value) == f"{occupied} is a file: give the name of a folder"
    with pytest.raises(SettingError, match=re.escape(f"{occupied} is a file")):
        fetch_benchmark("tiny", occupied / "deeper")
    assert publisher == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_locked_folder_is_read_but_not_blamed_on_the_network(tiny, publisher, originals):
    originals.chmod(0o500)
    assert fetch_benchmark("tiny", originals).scene.exists()
    with pytest.raises(SettingError, match="is not yours to write to: give another folder"):
        fetch_benchmark("tiny", originals / "deeper")
    assert publisher == []


def test_a_changed_download_is_refused_and_not_kept(tiny, publisher, originals, tmp_path):
    savemat(originals / "Tiny_gt.mat", {"tiny_gt": LABELS.T.copy()})
    with pytest.raises(SceneError, match="SHA-256"):
        fetch_benchmark("tiny", tmp_path / "cache")
    assert not (tmp_path / "cache" / "Tiny_gt.mat").exists()


def test_a_changed_file_laid_by_hand_is_refused_and_left_alone(tiny, publisher, originals):
    changed = originals / "Tiny_gt.mat"
    savemat(changed, {"tiny_gt": LABELS[::-1].copy()})
    with pytest.raises(SceneError, match=re.escape(f"{changed} has SHA-256")):
        fetch_benchmark("tiny", originals)
    assert changed.exists()
    assert publisher == []


@pytest.fixture
def with_second_source(monkeypatch, tiny, originals):
    """The tiny benchmark, whose publisher is gone, and another place that holds its numbers."""
    values = loadmat(originals / "Tiny.mat")["tiny"]
    np.save(originals / "tiny.npy", values)
    (originals / "Tiny.mat").unlink()
    sha256 = sha256_of_files([originals / "tiny.npy"])
    source = NumpyFile("https://example.org/tiny.npy", sha256)
    numbers = np.ascontiguousarray(values, "<i4").tobytes()
    scene = replace(
        tiny.scene,
        values_sha256=hashlib.sha256(numbers).hexdigest(),
        second_source=source,
    )
    monkeypatch.setitem(BENCHMARKS, "tiny", replace(tiny, scene=scene))
    return values


def test_where_the_publisher_is_gone_the_second_source_gives_the_same_numbers(
    with_second_source, publisher, tmp_path
):
    files = fetch_benchmark("tiny", tmp_path / "cache")
    assert publisher[:2] == ["https://example.org/Tiny.mat", "https://example.org/tiny.npy"]
    held = loadmat(files.scene)["tiny"]
    assert held.dtype == with_second_source.dtype
    np.testing.assert_array_equal(held, with_second_source)


def test_without_a_network_neither_source_leaves_anything(with_second_source, no_network, tmp_path):
    with pytest.raises(MissingFileError, match="cannot be downloaded"):
        fetch_benchmark("tiny", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def test_a_scene_of_other_numbers_is_refused(with_second_source, publisher, originals):
    savemat(originals / "Tiny.mat", {"tiny": with_second_source + 1})
    with pytest.raises(SceneError, match="holds other numbers than the public scene"):
        fetch_benchmark("tiny", originals)


def files_of(folder):
    return BenchmarkFiles(folder / "Tiny.mat", folder / "Tiny_gt.mat", "tiny", "tiny_gt")


def test_verify_accepts_the_right_files(tiny, originals):
    verify_benchmark(tiny, files_of(originals))


def test_verify_refuses_a_scene_with_another_number_of_bands(tiny, originals):
    savemat(originals / "Tiny.mat", {"tiny": np.ones((3, 4, 6), dtype=np.int16)})
    with pytest.raises(SceneError, match=r"\(3, 4, 6\).*has \(3, 4, 5\)"):
        verify_benchmark(tiny, files_of(originals))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(LABELS == 7, 1, LABELS), "has 9 labels of class 1, tiny has 4"),
        (np.where(LABELS == 7, 6, LABELS), "has 5 labels of class 6, tiny has 0"),
        (LABELS.T, r"arrays of shape \[\(4, 3\)\]"),
    ],
    ids=["counts", "unknown class", "shape"],
)
def test_verify_refuses_labels_that_differ_from_the_table(tiny, originals, labels, message):
    savemat(originals / "Tiny_gt.mat", {"tiny_gt": labels})
    with pytest.raises(SceneError, match=message):
        verify_benchmark(tiny, files_of(originals))


def test_verify_refuses_a_page_that_came_instead_of_the_labels(tiny, originals):
    (originals / "Tiny_gt.mat").write_text("<html>moved</html>" * 20)
    with pytest.raises(SceneError, match="not a readable MATLAB 5 file"):
        verify_benchmark(tiny, files_of(originals))


def test_labels_without_a_known_variable_are_found_by_their_shape(tiny, originals):
    savemat(originals / "Tiny_gt.mat", {"anything": LABELS, "palette": np.ones((7, 3))})
    verify_benchmark(tiny, replace(files_of(originals), labels_variable=None))


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(SettingError, match="did you mean 'indian-pines'"):
        fetch_benchmark("indian_pines")


def test_houston_says_where_to_get_it_and_how_to_pass_it(tmp_path, no_network):
    with pytest.raises(MissingFileError) as error:
        fetch_benchmark("houston-2013", tmp_path)
    for part in ("IEEE GRSS", "https://", "Houston.mat", "Houston_gt.mat", "folder"):
        assert part in str(error.value)


def test_the_folder_is_the_one_given_else_the_environment_else_the_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("HSIDIFF_CACHE", raising=False)
    assert benchmark_folder() == Path(pooch.os_cache("hsidiff"))
    monkeypatch.setenv("HSIDIFF_CACHE", str(tmp_path / "env"))
    assert benchmark_folder() == tmp_path / "env"
    assert benchmark_folder(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("name", "n_classes", "n_labelled"),
    [
        ("indian-pines", 16, 10249),
        ("pavia-university", 9, 42776),
        ("salinas", 16, 54129),
        ("salinas-a", 6, 5348),
        ("ksc", 13, 5211),
        ("botswana", 14, 3248),
        ("pavia-centre", 9, 148152),
        ("houston-2013", 15, 15029),
    ],
)
def test_class_counts_add_up_to_the_published_totals(name, n_classes, n_labelled):
    assert len(BENCHMARKS[name].class_names) == n_classes
    assert BENCHMARKS[name].n_labelled == n_labelled


@pytest.mark.parametrize("benchmark", BENCHMARKS.values(), ids=list(BENCHMARKS))
def test_where_dropped_bands_are_listed_the_rest_is_what_the_file_has(benchmark):
    n_dropped = sum(last - first + 1 for first, last in benchmark.dropped_bands)
    if benchmark.dropped_bands:
        assert benchmark.n_sensor_bands - n_dropped == benchmark.shape[2]
    assert bool(benchmark.drop_reason) == (benchmark.n_sensor_bands > benchmark.shape[2])


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "variable"),
    [("salinas-a", "salinasA_corrected"), ("indian-pines", "indian_pines_corrected")],
)
def test_files_taken_by_hand_are_checked_with_their_checksums(
    real_data, no_network, name, variable
):
    files = fetch_benchmark(name, real_data / name)
    assert files.scene_variable == variable


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    ["indian-pines", "pavia-university", "salinas", "ksc", "houston-2013", "pavia-centre"],
)
def test_every_ground_truth_has_the_counts_of_the_table(real_data, name, monkeypatch):
    benchmark = BENCHMARKS[name]
    path = real_data / "ground-truth" / benchmark.labels.name
    if benchmark.labels.sha256:
        assert sha256_of_files([path]) == benchmark.labels.sha256
    labels = BenchmarkFiles(path, path, None, benchmark.labels.variable)
    monkeypatch.setattr(benchmarks, "_verify_cube", lambda *_: None)
    verify_benchmark(benchmark, labels)
