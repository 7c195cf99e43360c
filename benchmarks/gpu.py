"""The paper's network on a GPU: ``make bench-gpu``.

::

    python -m benchmarks.gpu --device cuda
    python -m benchmarks.gpu --device cpu --dry-run --out dry.json    # the same code, tiny

How a training step is computed is chosen by measurement: each way of ``WAYS`` is timed, the fastest
is projected to the paper's 30,000 steps.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks import ceiling
from benchmarks.flops import add_shares, count_flops
from benchmarks.machine import RESULTS, describe_run, short_name
from benchmarks.references import PlainUNet
from benchmarks.scene import embedded
from benchmarks.scene_features import LAYER, build, count_features
from benchmarks.sizes import BENCH, TINY, Sizes
from benchmarks.timing import Timing, interleaved, timed
from benchmarks.training_step import own_step, with_steps
from hsidiff.diffusion.schedule import NoiseSchedule
from hsidiff.files import write_json
from hsidiff.methods.spectraldiff import PROFILES
from hsidiff.networks.spectral_unet import SpectralUNet
from hsidiff.scenes.window import Window
from hsidiff.training.loop import pick_device
from hsidiff.values.pretraining import crops_of, pretrain
from hsidiff.windows.statistics import PrincipalComponents, StreamingMoments, scene_moments
from hsidiff.windows.tiles import read_with_halo

PAPER_STEPS = 30_000
"""30,000 epochs of one batch on Indian Pines (SpectralDiff, section IV)."""
N_STEPS = 5
N_COMPONENTS = 64

GPU_SIZES = replace(BENCH, n_crops=100, matrix_sizes=(4096, 8192, 16384), copied_bytes=2**32)
"""100 crops: all that Indian Pines has on the paper's grid."""


@dataclass(frozen=True)
class Way:
    """One way to compute a training step.

    Attributes:
        bfloat16: under autocast; else in float32 without TF32.
        channels_last: the channels of a voxel lie side by side; else PyTorch's own layout.
        compiled: a mode of ``torch.compile``, "reduce-overhead" with CUDA graphs; None: neither.
    """

    bfloat16: bool = True
    channels_last: bool = True
    compiled: str | None = None


WAYS = {
    "fp32": Way(bfloat16=False, channels_last=False),
    "bf16": Way(channels_last=False),
    "bf16 channels-last": Way(),
    "bf16 compiled": Way(channels_last=False, compiled="default"),
    "bf16 channels-last compiled": Way(compiled="default"),
    "bf16 channels-last CUDA graphs": Way(compiled="reduce-overhead"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write one JSON file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes")
    parser.add_argument("--out", type=Path, help="the JSON file; by default named by the GPU")
    asked = parser.parse_args(arguments)
    content = measure(TINY if asked.dry_run else GPU_SIZES, pick_device(asked.device))
    path = asked.out or RESULTS / f"{short_name(content['machine'])}.json"
    write_json(path, content)
    print(f"wrote {path}")


def measure(sizes: Sizes, device: str) -> dict[str, Any]:
    """The content of the file."""
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # what is called fp32 here is fp32
    rows = {
        "ceiling": ceiling.measure(sizes, device),
        "training": training(sizes, device),
        "scene-features": scene_features(sizes, device),
    }
    add_shares(rows, rows["ceiling"])
    return {**describe_run(sizes, device), "rows": rows}


def training(sizes: Sizes, device: str) -> dict[str, Any]:
    """Seconds per step of each way and of the library's own training, and the best projected."""
    shape = replace(PROFILES["paper"].values.unet, widths=sizes.widths)
    x_0 = torch.rand(sizes.n_crops, sizes.n_bands, 16, 16, device=device) * 2 - 1
    flops = count_flops(
        lambda: PlainUNet(shape),
        lambda network: network(torch.empty(x_0.shape), torch.empty(len(x_0)))[0].sum().backward(),
    )
    found: dict[str, Any] = {}
    for name, way in WAYS.items():
        print(f"training, {name} ...", flush=True)
        found[name] = {**_seconds_per_step(way, x_0, sizes), "flops": flops}
    found["library"] = {**_library(sizes, device).to_json(), "flops": flops}
    best = min(found, key=lambda name: found[name].get("min_s", float("inf")))
    return {
        "batch": list(x_0.shape),
        "ways": found,
        "best": best,
        "minutes_of_paper": {
            name: PAPER_STEPS * row["min_s"] / 60 for name, row in found.items() if "min_s" in row
        },
    }


def _seconds_per_step(way: Way, x_0: Tensor, sizes: Sizes) -> dict[str, Any]:
    """Seconds of a step, or why there are none: not every machine compiles every network."""
    try:
        step = new_step(way, x_0, sizes)
        for _ in range(3):
            step()
        synchronize = torch.cuda.synchronize if x_0.is_cuda else None
        several = timed(lambda: [step() for _ in range(N_STEPS)], synchronize)
        seconds = interleaved({"steps": several}, sizes.n_repeats)["steps"].seconds
        return Timing(tuple(s / N_STEPS for s in seconds)).to_json()
    except RuntimeError as error:  # out of memory and the compiler's errors are among them
        return {"error": str(error).splitlines()[0]}
    finally:
        torch.compiler.reset()
        torch.cuda.empty_cache()


def new_step(way: Way, x_0: Tensor, sizes: Sizes) -> Callable[[], None]:
    """A training step on crops that are on the device; timesteps and noise are drawn there."""
    shape = replace(PROFILES["paper"].values.unet, widths=sizes.widths)
    device = x_0.device
    layout = torch.channels_last_3d if way.channels_last else torch.contiguous_format
    network = SpectralUNet(shape).to(device)
    network.to(memory_format=layout)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, fused=x_0.is_cuda)
    schedule = NoiseSchedule.linear(500)
    schedule = NoiseSchedule(schedule.alpha_bar.to(device))
    if way.compiled is not None:
        # A dry run on a CPU tries what is traced, without minutes of compiling.
        how: dict[str, Any] = {"mode": way.compiled} if x_0.is_cuda else {"backend": "eager"}
        network.compile(**how)

    def step() -> None:
        t = torch.randint(1, schedule.n_timesteps + 1, (len(x_0),), device=device)
        eps = torch.randn_like(x_0)
        x_t = schedule.add_noise(x_0, t, eps)
        with torch.autocast(device.type, torch.bfloat16, enabled=way.bfloat16):
            said = network(x_t, t)
        loss = functional.l1_loss(said.float(), eps)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def _library(sizes: Sizes, device: str) -> Timing:
    """Seconds of a step of ``pretrain`` with the profile ``paper``."""
    print("training, library ...", flush=True)
    scene, _ = embedded(sizes)
    paper = PROFILES["paper"].values
    denoising = replace(paper.denoising, batch_size=sizes.n_crops)
    denoising = with_steps(denoising, 3 + N_STEPS)
    pool = crops_of(scene, denoising.transform_of(scene_moments(scene)), denoising, None, 0)
    denoiser = SpectralUNet(replace(paper.unet, widths=sizes.widths))
    run = own_step(lambda: pretrain(denoiser, pool, denoising, 0, device), n_warm=3)
    return interleaved({"library": run}, sizes.n_repeats)["library"]


def scene_features(sizes: Sizes, device: str) -> dict[str, Any]:
    """Features of a scene: the network alone, with copies to the host, and to components."""
    scene, _ = embedded(sizes)
    values, _ = build(scene, sizes, device)
    whole = Window.whole(scene.shape)
    cube = read_with_halo(scene, whole, values.halo_px)
    denoiser = values.denoiser_.to(device)
    x_t = torch.rand(1, sizes.n_bands, *cube.shape[:2], device=device)
    t = torch.tensor([5], device=device)

    def network() -> None:
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16):
            denoiser.taps_inside(x_t, t, (LAYER,), values.halo_px)

    moments = StreamingMoments()
    moments.update(
        values.features(cube, whole)[0].reshape(scene.shape[0] * scene.shape[1], -1)[::16]
    )
    values.projections_ = (PrincipalComponents.from_moments(moments, N_COMPONENTS, whiten=False),)
    network()
    synchronize = torch.cuda.synchronize if device == "cuda" else None
    runs = {
        "network": timed(network, synchronize),
        "features": timed(lambda: values.features(cube, whole)),
        "components": timed(lambda: values.of_window(cube, whole)),
    }
    found = interleaved(runs, sizes.n_scene_repeats)
    shape = replace(PROFILES["paper"].values.unet, widths=sizes.widths)
    flops = count_features(shape, tuple(x_t.shape), values.halo_px)
    timings = {name: {**timing.to_json(), "flops": flops} for name, timing in found.items()}
    return {"shape": [*scene.shape, scene.n_bands], **timings}


if __name__ == "__main__":
    main()
