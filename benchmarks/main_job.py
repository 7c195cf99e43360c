"""Row (c): from a scene and labels to a map and its score, with each method's ``fast`` profile."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.sizes import Sizes
from hsidiff.catalog import find_classifier
from hsidiff.experiment.description import read_experiment
from hsidiff.experiment.run import run_experiment
from hsidiff.methods import METHODS

MAPPED = tuple(
    name for name, method in METHODS.items() if method.about and method.about.kind == "method"
)
"""The methods of the papers, without their controls."""


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds of fit and map, and overall accuracy, one cell of an experiment per method.

    The scene is that of ``experiments/studies/embedded-145.toml``, with one seed. A method whose
    denoiser an earlier one trained reads it, and is charged what the training took.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "experiment.toml"
        file.write_text(_experiment(sizes), encoding="utf-8")
        asked = read_experiment(file, find_classifier)
        done = run_experiment(asked, Path(folder) / "out", find_classifier)
    return {cell.method: _row(cell.result) for cell in done.cells}


def _experiment(sizes: Sizes) -> str:
    """The file of the experiment."""
    methods = ", ".join(f'"{name}"' for name in MAPPED)
    steps = "" if sizes.pretrain_steps is None else f"pretrain_steps = {sizes.pretrain_steps}\n"
    settings = "\n".join(
        f"[settings.{name}]\n{steps}{sizes.method_settings.get(name, '')}" for name in MAPPED
    )
    return f"""
seeds = [0]
methods = [{methods}]
[[scenes]]
embedded = true
shape = [{sizes.scene_px}, {sizes.scene_px}]
n_bands = {sizes.n_bands}
n_classes = {sizes.n_classes}
[[splits]]
kind = "blocks"
samples_per_class = {sizes.samples_per_class}
guard_px = 5
{settings}"""


def _row(result: dict[str, Any]) -> dict[str, Any]:
    """What a cell says about time and accuracy.

    Raises:
        RuntimeError: if it failed.
    """
    if result["status"] != "done":
        raise RuntimeError(f"{result['label']}: {result['error']}")
    seconds = result["seconds"]
    return {
        "profile": result["profile"],
        "fit_s": seconds["learn"],
        "map_s": seconds["map"],
        "fit_and_map_s": seconds["learn"] + seconds["map"],
        "overall_accuracy": result["overall_accuracy"],
        "n_train": result["n_train"],
        "n_test": result["n_test"],
    }
