import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from command_line import Run, SmallFiles, everything_in
from hsidiff import progress
from hsidiff.cli import console
from hsidiff.errors import HsidiffWarning
from hsidiff.progress import track


def hsidiff(*words: object) -> "subprocess.Popen[str]":
    """Start the real program."""
    # A test run in the background may ignore Ctrl-C, and its children with it.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = f"{listen}; from hsidiff.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", command, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


SLOW_CLASS = """
import time
from pathlib import Path

from hsidiff.baselines.lda import LinearDiscriminant

class Slow(LinearDiscriminant):
    name = "slow"

    def _predict_proba_tile(self, cube, window):
        Path(__file__).with_name("mapping").touch()
        time.sleep(300)
"""


@pytest.mark.slow
def test_ctrl_c_while_mapping_leaves_nothing_behind(
    small_files: SmallFiles, tmp_path: Path
) -> None:
    own = tmp_path / "slow.py"
    own.write_text(SLOW_CLASS)
    results = tmp_path / "results"
    results.mkdir()
    words = ("--method", f"{own}:Slow", "--validate", "none", "-o", results / "out")
    process = hsidiff("map", *small_files.paths, *words)
    deadline = time.monotonic() + 120
    while not (tmp_path / "mapping").exists() and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    assert everything_in(results)  # half a map, under a temporary name
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "error: interrupted; nothing was left half-written"
    assert "Traceback" not in err
    assert everything_in(results) == set()


def test_the_real_program_says_what_is_wrong_in_one_line_and_ends_with_2() -> None:
    process = hsidiff("info", "no such file.tif")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert out == ""
    assert err == "error: no such file.tif does not exist\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mapp"], "no such command 'mapp'. Did you mean 'map'?: see hsidiff --help"),
        (["map", "scene.tif"], "missing argument 'LABELS': see hsidiff map --help"),
        (["map", "a", "b"], "missing option '--out' / '-o': see hsidiff map --help"),
        (["info", "a", "--jsn"], "--json"),
        (["map", "a", "b", "-o", "c", "--seed", "-1"], "'--seed'"),
        (["map", "a", "b", "-o", "c", "--tile-size", "0"], "'--tile-size'"),
        (["map", "a", "b", "-o", "c", "--train-fraction", "half"], "'--train-fraction'"),
        (["info", "a", "b"], "extra argument"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one_line(
    run: Run, words: list[str], expected: str
) -> None:
    ended = run(*words)
    assert ended.exit_code == 2
    assert expected in ended.error
    assert ended.error.endswith("--help")
    assert ended.out == ""


@pytest.mark.parametrize(
    ("raised", "exit_code", "expected"),
    [
        (KeyboardInterrupt(), 130, "error: interrupted; nothing was left half-written"),
        (MemoryError(), 2,
         "error: out of memory: allow less with --memory, or take --profile fast"),
        (OSError(28, "No space left on device", "map.tif"), 2,
         "error: map.tif: No space left on device"),
        (OSError("broken"), 2, "error: broken"),
    ],
)  # fmt: skip
def test_what_the_system_does_to_us_is_one_line_too(
    run: Run,
    small_files: SmallFiles,
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    exit_code: int,
    expected: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr("hsidiff.cli.input_options.open_scene", fail)
    ended = run("info", small_files.scene_path)
    assert (ended.exit_code, ended.error) == (exit_code, expected)


def test_ctrl_c_while_the_program_is_being_loaded_is_one_line_too(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hsidiff.cli.app.run", interrupt)
    ended = run("--version")
    assert (ended.exit_code, ended.out, ended.err) == (130, "", "error: interrupted\n")


def test_a_fault_of_ours_is_not_hidden(
    run: Run, small_files: SmallFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hsidiff.cli.input_options.open_scene", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("info", small_files.scene_path)


def test_errors_and_notes_stay_on_one_line_and_keep_their_brackets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with console.at_work() as notes:
        for _ in range(2):
            warnings.warn("odd\n  [red] file :smile: " + "x" * 200, HsidiffWarning, stacklevel=1)
            warnings.warn("of another library", UserWarning, stacklevel=1)
    console.show_error("[bold]not[/] \\[a]")
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        "note: odd [red] file :smile: " + "x" * 200,
        r"error: [bold]not[/] \[a]",
    ]
    assert shown.out == ""
    assert len(notes) == 1


def test_long_work_that_nobody_watches_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with console.at_work():
        for _ in track(range(100), "learn the scene", 100):
            now[0] += 1
    assert capsys.readouterr().err.splitlines() == [
        "learn the scene: 31 of 100", "learn the scene: 62 of 100", "learn the scene: 93 of 100",
    ]  # fmt: skip


def test_a_terminal_sees_bars_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console.MESSAGES, "_force_terminal", True)
    with console.MESSAGES.capture() as shown, console.at_work():
        for _ in track(range(3), "map", 3):
            pass
    assert "map " in shown.get()
    assert "3/3" in shown.get()
    assert "left" in shown.get()


def test_answers_in_json_hold_numbers_of_numpy(capsys: pytest.CaptureFixture[str]) -> None:
    console.answer_json({"a": np.float32(0.5), "b": np.array([1, 2]), "c": (3,)})
    assert "".join(capsys.readouterr().out.split()) == '{"a":0.5,"b":[1,2],"c":[3]}'
