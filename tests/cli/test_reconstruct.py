"""``hsidiff reconstruct``: what it writes is what the library computes; what cannot be is told."""

import json
from pathlib import Path

import numpy as np
import pytest

import hsidiff
from command_line import Run, SmallFiles, everything_in
from hsidiff.scenes.window import Window
from hsidiff.smoothed import Smoothed
from small_scenes import small_scene

WRITTEN = {"strip.png", "spectra.png", "angles.png", "reconstruction.json"}
WINDOW = (2, 5, 20, 16)
WORDS = ("--window", "2,5,20,16", "--timesteps", "60,50,0")


@pytest.fixture(scope="module")
def model(small_files: SmallFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    fitted = hsidiff.SpectralDiff(pretrain_steps=3, head="linear", device="cpu")
    fitted.fit(small_files.scene, small_files.labels).save(folder)
    return folder


def mean_angle(a: np.ndarray, b: np.ndarray) -> float:
    """By NumPy, over the valid pixels."""
    valid = np.isfinite(b).all(axis=-1)
    a, b = a[valid].astype(np.float64), b[valid].astype(np.float64)
    cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return float(np.arccos(cosines.clip(-1, 1)).mean())


def test_help_shows_whole_option_names_in_80_columns(run: Run) -> None:
    ended = run("reconstruct", "--help")
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "…" not in ended.out
    assert "│ reconstruct " in run("--help").out


def test_the_angles_are_those_of_the_models_own_way_back(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = run("reconstruct", model, small_files.scene_path, *WORDS, "-o", out, "--json")
    assert ended.exit_code == 0, ended.err
    answer = json.loads(ended.out)
    scene = hsidiff.open_scene(small_files.scene_path)
    window = Window(*WINDOW)
    kept = (60, 50, 25, 0)
    states = hsidiff.load_classifier(model).reconstruct(scene, window, 60, kept)
    spectra = scene.read(window)
    assert list(answer["spectral_angles_rad"]) == [str(t) for t in kept]
    for timestep, angle in answer["spectral_angles_rad"].items():
        assert angle == pytest.approx(mean_angle(states[int(timestep)], spectra), abs=1e-3)
    assert 0 < answer["least_spectral_angle_rad"] < answer["spectral_angles_rad"]["60"]
    assert (answer["method"], answer["start"]) == ("spectraldiff", 60)
    assert answer["window"] == list(WINDOW)
    assert {path.name for path in out.iterdir()} == WRITTEN
    assert {Path(path) for path in answer["written"]} == set(out.iterdir())
    stored = json.loads((out / "reconstruction.json").read_text(encoding="utf-8"))
    assert answer == {**stored, "written": answer["written"]}


def test_a_smoothed_model_goes_the_way_back_of_the_one_inside(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    inner = hsidiff.SpectralDiff(pretrain_steps=3, head="linear", device="cpu")
    fitted = Smoothed(inner).fit(small_files.scene, small_files.labels)
    fitted.save(tmp_path / "model")
    answers = []
    for folder in (model, tmp_path / "model"):
        words = ("--window", "0,0,12,12", "--timesteps", 10, "-o", tmp_path / folder.parent.name)
        words += ("--device", "cpu", "--json")
        ended = run("reconstruct", folder, small_files.scene_path, *words)
        assert ended.exit_code == 0, ended.err
        answers.append(json.loads(ended.out)["spectral_angles_rad"])
    assert answers[0] == pytest.approx(answers[1])


def test_shown_pixels_are_sure_ones_of_the_class_that_they_name(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    words = ("--timesteps", 2, "-o", tmp_path / "out", "--json")
    answer = json.loads(run("reconstruct", model, small_files.scene_path, *words).out)
    loaded = hsidiff.load_classifier(model)
    probabilities = loaded.predict_proba(small_files.scene)
    mapped = loaded.most_probable(probabilities)
    names = {c.id: c.name for c in loaded.classes_}
    assert answer["window"] == [0, 0, 40, 50]  # the middle, where 64 x 64 is more than there is
    assert answer["pixels"]
    for pixel in answer["pixels"]:
        class_id = mapped[pixel["row"], pixel["col"]]
        assert pixel["name"].startswith(names[class_id])
        of_class = probabilities.max(axis=-1)[mapped == class_id]
        assert probabilities[pixel["row"], pixel["col"]].max() == pytest.approx(of_class.max())


def test_the_table_ends_at_the_reconstruction(
    run: Run, small_files: SmallFiles, model: Path, tmp_path: Path
) -> None:
    ended = run("reconstruct", model, small_files.scene_path, *WORDS, "-o", tmp_path / "out")
    assert ended.exit_code == 0, ended.err
    _, *rows = ended.out.splitlines()
    assert [row.split()[0] for row in rows[:4]] == ["60", "50", "0", "least"]
    assert {Path(row.removeprefix("written: ")).name for row in rows[4:]} == WRITTEN
    # Three steps of training are too few, which is worth a word.
    assert "the denoiser learned too little" in ended.err


def test_a_model_without_a_way_back_is_refused_in_one_line(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    settings = ("--set", "C=1", "--set", "gamma=1")
    made = run("fit", *small_files.paths, "--method", "svm", *settings, "-o", tmp_path / "model")
    assert made.exit_code == 0, made.err
    words = (tmp_path / "model", small_files.scene_path, "-o", tmp_path / "out")
    ended = run("reconstruct", *words)
    assert (ended.exit_code, ended.out) == (2, "")
    assert "holds a 'svm' model, which cannot reconstruct" in ended.error
    assert "give a model of a method with a denoiser" in ended.error
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--window", "0,0,10"), "expected row,col,rows,cols"),
        (("--window", "a,b,c,d"), "expected row,col,rows,cols"),
        (("--window", "0,0,0,5"), "must lie in the scene, which has 40 rows and 50 columns"),
        (("--window", "30,0,20,5"), "must lie in the scene"),
        (("--window", "-1,0,5,5"), "must lie in the scene"),
        (("--window", "4,9,1,1"), "no valid pixel"),
        (("--timesteps", "501"), "error: --timesteps 501: expected falling whole numbers such as"),
        (("--timesteps", "0"), "the first must lie in 1..500"),
        (("--timesteps", "10,50"), "expected falling whole numbers"),
        (("--timesteps", "50,50"), "expected falling whole numbers"),
        (("--timesteps", "5,x"), "expected falling whole numbers"),
        (("--drop-bands", "1,2"), "bands of the model"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    words: tuple[str, str],
    message: str,
    run: Run,
    small_files: SmallFiles,
    model: Path,
    tmp_path: Path,
) -> None:
    ended = run("reconstruct", model, small_files.scene_path, *words, "-o", tmp_path / "out")
    assert (ended.exit_code, ended.out) == (2, "")
    assert message in ended.error
    assert everything_in(tmp_path) == set()


def test_the_start_is_checked_before_the_scene_is_opened(
    run: Run, model: Path, tmp_path: Path
) -> None:
    words = ("--timesteps", 5000, "-o", tmp_path / "out")
    ended = run("reconstruct", model, tmp_path / "no scene.tif", *words)
    assert ended.exit_code == 2
    assert ended.error.startswith("error: --timesteps 5000: expected falling whole numbers")


def test_a_scene_without_wavelengths_and_with_few_bands_will_do(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    np.save(tmp_path / "scene.npy", small_scene(n_bands=3).read())
    scene = hsidiff.open_scene(tmp_path / "scene.npy")
    fitted = hsidiff.SpectralDiff(pretrain_steps=1, head="linear", device="cpu")
    fitted.fit(scene, small_files.labels).save(tmp_path / "model")
    words = (tmp_path / "scene.npy", "--timesteps", 3, "-o", tmp_path / "out")
    ended = run("reconstruct", tmp_path / "model", *words)
    assert ended.exit_code == 0, ended.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == WRITTEN
