"""Two commands at once: one is refused in a line, or both write the same whole files."""

import fcntl
from pathlib import Path
from threading import Thread

import pytest

from command_line import Run, SmallFiles, everything_in
from hsidiff.files import write_whole, write_whole_folder
from hsidiff.half_written import alone_in


def test_a_second_fit_into_one_folder_is_refused(
    run: Run, small_files: SmallFiles, tmp_path: Path
) -> None:
    words = ("fit", *small_files.paths, "--method", "lda", "-o", tmp_path / "model")
    with alone_in(tmp_path / ".model.unfinished"):
        ended = run(*words)
        assert ended.exit_code == 2
        told = f"error: --out {tmp_path / 'model'}: another run is writing to it: wait for it"
        assert ended.error.startswith(told)
        assert not (tmp_path / "model").exists()
    assert run(*words).exit_code == 0
    assert not [path for path in everything_in(tmp_path) if "unfinished" in path]


def test_a_lock_is_let_go_with_its_process_and_needs_no_clock(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".lock").touch()  # of a program that was killed
    with (
        alone_in(tmp_path / "out"),
        (tmp_path / "out" / ".lock").open() as stream,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_writers_at_the_same_moment_leave_one_whole_file_and_one_whole_folder(
    tmp_path: Path,
) -> None:
    failures: list[BaseException] = []

    def write(text: str) -> None:
        try:
            for _ in range(20):
                with write_whole(tmp_path / "file") as new:
                    new.write_text(text)
                with write_whole_folder(tmp_path / text) as folder:
                    (folder / "a").write_text(text)
        except BaseException as error:
            failures.append(error)

    texts = ["a" * 1000, "b" * 1000, "c" * 1000]
    threads = [Thread(target=write, args=(text[:9],)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (tmp_path / "file").read_text() in {text[:9] for text in texts}
    assert everything_in(tmp_path) == {
        "file", *(text[:9] for text in texts), *(f"{text[:9]}/a" for text in texts)
    }  # fmt: skip
