"""Processes that torchrun started share a training; the first alone writes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

from hsidiff.catalog import load_classifier
from hsidiff.cli import main
from hsidiff.training.loop import Recipe, seeded
from hsidiff.training.pace import Pace
from hsidiff.training.ranks import ALONE, NotTheFirst, Ranks, end_others, first_goes_on_alone, ranks
from hsidiff.training.reuse import reuse_networks
from hsidiff.training.weights import weights
from hsidiff.values.pretraining import Denoising, crops_of, denoising_loss, pretrain
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import scene_moments
from small_scenes import small_cube, small_fields, small_invalid, small_labels, small_scene

N_STEPS, BATCH = 60, 8
FIT = ["--set", "pretrain_steps=20", "--set", "head=linear", "--set", "device=cpu"]
PROGRAM = f"""
import os, sys
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parent.parent)]!r}
from safetensors.numpy import save_file
from test_ranks import learned
from hsidiff.cli import main
from hsidiff.training.weights import weights
network, facts = learned(Path("networks"))
assert facts["steps"] == {N_STEPS}
save_file(weights("", network), f"rank-{{os.environ['RANK']}}.safetensors")
sys.argv[0] = "hsidiff"
main()
"""


class Net(nn.Module):
    """A denoiser of one convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(12, 12, 3, padding=1)

    def forward(self, x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return self.layer(x_t) * (1 + t[:, None, None, None] / 500)


def learned(networks: Path | None = None, batch_size: int = BATCH) -> tuple[nn.Module, Any]:
    """A denoiser of the small scene, whose invalid pixels are not spread evenly over a batch."""
    recipe = Recipe(N_STEPS, 3e-3, ema_decay=0.9, max_gradient_norm=1.0)
    denoising = Denoising(recipe, crop_px=5, crops="random", batch_size=batch_size)
    scene = small_scene()
    transform = SpectralTransform.to_range(scene_moments(scene))
    with seeded(3):
        network = Net()
    pool = crops_of(scene, transform, denoising, None, 0)
    if networks is None:
        return network, pretrain(network, pool, denoising, 0, "cpu")
    with reuse_networks(networks):
        return network, pretrain(network, pool, denoising, 0, "cpu")


def write_scene(folder: Path) -> list[str]:
    np.save(folder / "scene.npy", small_cube())
    np.save(folder / "labels.npy", small_labels().values)
    return [str(folder / name) for name in ("scene.npy", "labels.npy")]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that two processes learned in, and what they said."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "program.py").write_text(PROGRAM)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    words = ["--nproc-per-node", "2", "program.py", "fit", *write_scene(folder), *FIT]
    ended = subprocess.run(
        [*torchrun, *words, "-o", "model"],
        cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return folder, ended.stdout + ended.stderr


@pytest.mark.slow
def test_all_end_with_the_weights_that_one_process_learns_from_whole_batches(
    shared: tuple[Path, str],
) -> None:
    first, second = (load_file(shared[0] / f"rank-{rank}.safetensors") for rank in (0, 1))
    for name, expected in weights("", learned()[0]).items():
        np.testing.assert_array_equal(first[name], second[name])
        np.testing.assert_allclose(first[name], expected, atol=1e-4)
    half = weights("", learned(batch_size=BATCH // 2)[0])
    assert max(np.abs(half[name] - first[name]).max() for name in half) > 1e-3


@pytest.mark.slow
def test_only_the_first_writes_and_speaks(shared: tuple[Path, str]) -> None:
    folder, said = shared
    assert said.count("learned from") == said.count("written: model") == 1
    ranks_, inputs = {"rank-0.safetensors", "rank-1.safetensors"}, {"scene.npy", "labels.npy"}
    names = {path.name for path in folder.iterdir()}
    assert names == ranks_ | inputs | {"program.py", "model", "networks"}
    assert len(list((folder / "networks").iterdir())) == 1
    mapped = load_classifier(folder / "model").predict(small_scene())
    is_valid = ~small_invalid()
    assert (mapped[is_valid] == small_fields()[is_valid] + 1).mean() > 0.8


@pytest.mark.parametrize("loss", ["l1", "l2", "lae"])
def test_the_mean_of_the_losses_of_all_shares_is_the_loss_of_the_batch(loss: str) -> None:
    denoising = Denoising(Recipe(1, 1e-3), loss=loss)
    x_0 = torch.randn(7, 12, 5, 5, generator=torch.Generator().manual_seed(1))
    valid = torch.rand(7, 5, 5, generator=torch.Generator().manual_seed(2)) > 0.4
    valid[0] = False
    network = Net()

    def loss_of(own: Ranks) -> float:
        generator = torch.Generator().manual_seed(3)
        return denoising_loss(network, denoising, x_0, valid, generator, own).item()

    shares = [loss_of(Ranks(rank, 3, 3)) for rank in range(3)]
    assert np.mean(shares) == pytest.approx(loss_of(ALONE), rel=1e-5)
    assert max(shares) - min(shares) > 1e-3


@pytest.fixture
def second_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"TORCHELASTIC_RUN_ID": "x", "RANK": "1", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    for name, value in facts.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("second_of_two")
def test_others_end_only_where_the_first_goes_on_alone() -> None:
    assert ranks() == Ranks(1, 2, 2)
    end_others()
    with first_goes_on_alone(), pytest.raises(NotTheFirst):
        end_others()


@pytest.mark.usefixtures("second_of_two")
@pytest.mark.parametrize("rank", ["0", "1"])
def test_commands_that_share_no_work_are_refused_by_the_first(
    rank: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setattr(sys, "argv", ["hsidiff", "methods"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    told = "error: 2 processes were started together by torchrun: only hsidiff fit shares work"
    assert said.err.startswith(told) if rank == "0" else said.err == ""


def test_a_budget_of_time_ends_for_all_where_it_ends_for_the_first() -> None:
    of_the_first = iter([3.0, 10.0])
    pace = Pace(10, 1000.0, lambda _: next(of_the_first))
    pace.step_taken()
    assert pace.position == 3.0
    pace.step_taken()
    assert list(pace.positions()) == []
