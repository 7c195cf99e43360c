"""Kill a job at random moments, start it again, compare it with one that nobody stopped.

    PYTHONPATH=tests python tests/faults/killing.py JOB N_KILLS FOLDER

A process that has loaded everything forks one that does the job, and kills it. After each kill
every file in sight must be whole, that is, one of the uninterrupted run. A job that ends before it
is killed has its output thrown away and begins anew. Answers in JSON.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import hsidiff
from hsidiff.cli import app
from hsidiff.half_written import SUFFIX
from hsidiff.labels.label_map import LabelMap
from hsidiff.methods import spectraldiff
from hsidiff.report import experiment_page, map_page
from hsidiff.training import checkpoint
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.reuse import reuse_networks
from hsidiff.values.pretraining import Denoising, crops_of, pretrain
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_experiments import VARIES, write_experiment
from small_scenes import small_cube, small_fields, small_scene

Job = Callable[[Path, Path], None]
"""From a folder of inputs and a folder for outputs to files in the latter."""
LOADED = (app, experiment_page, map_page, spectraldiff, hsidiff.Calibrated)
LEARN = ("--set", "pretrain_steps=60", "--set", "head=linear")


def call(*words: object) -> None:
    """One command, as a user types it."""
    sys.argv = ["hsidiff", *map(str, words)]
    try:
        app.run()
    except SystemExit as ended:
        if ended.code:
            raise


def pretraining(inputs: Path, out: Path) -> None:
    from torch import nn  # noqa: PLC0415

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(12, 12, 3, padding=1)

        def forward(self, x_t: Any, t: Any) -> Any:
            return self.layer(x_t)

    scene, denoising = small_scene(), Denoising(Recipe(150, 3e-3, ema_decay=0.9), batch_size=8)
    transform = SpectralTransform.to_range(scene_moments(scene))
    with seeded(3):
        network = Net()
    crops = crops_of(scene, transform, denoising, None, 0)
    with reuse_networks(out / "networks"):
        pretrain(network, crops, denoising, 0, "cpu")


def fit(inputs: Path, out: Path) -> None:
    call("fit", inputs / "scene.npy", inputs / "labels.npy", *LEARN, "-o", out / "model")


def predict(inputs: Path, out: Path) -> None:
    words = ("--tile-size", 8, "--probabilities", out / "probabilities.tif", "-o", out / "map.tif")
    call("predict", inputs / "model", inputs / "scene.npy", *words)


def experiment(inputs: Path, out: Path) -> None:
    call("experiment", inputs / "experiment.toml", "-o", out / "experiment")


def report(inputs: Path, out: Path) -> None:
    call("report", inputs / "experiment", "-o", out / "report")


JOBS: dict[str, Job] = {
    job.__name__: job for job in (pretraining, fit, predict, experiment, report)
}


def prepare(name: str, inputs: Path) -> None:
    """Write what a job reads."""
    inputs.mkdir()
    labels = np.where(np.indices((40, 50))[0] % 2, small_fields() + 1, 0)
    np.save(inputs / "scene.npy", small_cube())
    np.save(inputs / "labels.npy", LabelMap.from_array(labels).values)
    text = "[settings.raw]\nhead = 'linear'\n"
    text += "[settings.spectraldiff]\npretrain_steps = 8\nhead = 'linear'\n"
    write_experiment(inputs, ["position", "lda", "raw", "spectraldiff"], text, seeds=(0,))
    if name == "predict":
        call("fit", inputs / "scene.npy", inputs / "labels.npy", "--method", "raw",
             "--set", "head=linear", "-o", inputs / "model")  # fmt: skip
    if name == "report":
        experiment(inputs, inputs)


def started(job: Job, inputs: Path, out: Path) -> int:
    """Fork a process that does the job; its number."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
        checkpoint.SECONDS_BETWEEN = 0.0
        job(inputs, out)
        code = 0
    finally:
        os._exit(code)


def ended(number: int) -> bool:
    """Wait for a process; whether it ended by itself."""
    _, status = os.waitpid(number, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if status:
        raise SystemExit(f"the job failed: status {status}")
    return True


def files_in(folder: Path) -> Iterator[Path]:
    """All files but those in hidden folders, which nobody takes for results, and locks."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield inside


def content(path: Path) -> Any:
    """What must not vary: of JSON all but times and memory, of tables and pages likewise."""
    if path.suffix == ".json":
        return without_times(json.loads(path.read_text(encoding="utf-8")))
    if path.parent.name == "networks":  # the file says how long the training took
        return weights_in(path)
    return path.read_bytes()


def weights_in(path: Path) -> Any:
    from safetensors.numpy import load_file  # noqa: PLC0415

    arrays = load_file(path)
    return {name: values.tobytes() for name, values in arrays.items()}


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in VARIES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def differences(out: Path, whole: dict[Path, Any], complete: bool) -> list[str]:
    """What is wrong with the files in sight; if the job is over, with all files."""
    found = [path for path in files_in(out) if not path.name.endswith(".unfinished.safetensors")]
    wrong = [f"{path} is not of the uninterrupted run" for path in found if path not in whole]
    wrong += [f"{p} differs" for p in found if p in whole and content(out / p) != whole[p]]
    if complete:
        wrong += [f"{path} lacks" for path in whole if path not in found]
        hidden = [p for p in out.rglob("*") if p.name.endswith((SUFFIX, ".unfinished"))]
        wrong += [f"{path.relative_to(out)} was left" for path in hidden]
    return wrong


def main(name: str, n_kills: int, folder: Path) -> None:
    job, inputs, out = JOBS[name], folder / "inputs", folder / "out"
    prepare(name, inputs)
    began = time.perf_counter()
    assert ended(started(job, inputs, folder / "whole"))
    seconds = time.perf_counter() - began
    whole = {path: content(folder / "whole" / path) for path in files_in(folder / "whole")}
    assert whole
    draw, n_killed, n_ended = random.Random(name), 0, 0
    wrong: list[str] = []
    while n_killed < n_kills and not wrong:
        number = started(job, inputs, out)
        time.sleep(draw.uniform(0, seconds))
        os.kill(number, signal.SIGKILL)
        if not ended(number):
            n_killed += 1
            wrong = differences(out, whole, complete=False)
        else:
            n_ended += 1
            wrong = differences(out, whole, complete=True)
            shutil.rmtree(out)
    if not wrong:
        assert ended(started(job, inputs, out))
        wrong = differences(out, whole, complete=True)
    answer = {"job": name, "kills": n_killed, "ended before": n_ended, "wrong": wrong}
    print(json.dumps({**answer, "seconds": round(seconds, 2), "files": len(whole)}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
