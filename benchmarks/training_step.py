"""Row (a): one training step of each denoiser, our way against the plain way."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.flops import count_flops
from benchmarks.references import PlainUNet, training_step
from benchmarks.scene import embedded
from benchmarks.sizes import Sizes
from benchmarks.timing import Run, Timing, interleaved, ratio, timed
from hsidiff.methods.diffcrn.contrastive_pretraining import (
    ContrastiveDenoiser,
    PhysicalSpectra,
    contrastive_loss,
    pretrain_with_contrast,
)
from hsidiff.methods.diffcrn.diffcrn import FAST_STAGES
from hsidiff.methods.diffcrn.staged_denoiser import StagedDenoiser
from hsidiff.methods.spectraldiff import PROFILES
from hsidiff.networks.spectral_unet import SpectralUNet
from hsidiff.progress import listen
from hsidiff.scenes.scene import Scene
from hsidiff.values.pretraining import Denoising, crops_of, denoising_loss, pretrain
from hsidiff.windows.crops import CropPool
from hsidiff.windows.normalise import SpectralTransform
from hsidiff.windows.statistics import StreamingMoments, scene_moments


def measure(sizes: Sizes) -> dict[str, Any]:
    """Seconds of a step of SpectralDiff's paper network and of the two ``fast`` denoisers."""
    scene, _ = embedded(sizes)
    moments = scene_moments(scene)
    return {
        "spectraldiff paper": _paper(scene, moments, sizes),
        "spectraldiff fast": _fast_unet(scene, moments, sizes),
        "diffcrn fast": _fast_stages(scene, moments, sizes),
    }


def _paper(scene: Scene, moments: StreamingMoments, sizes: Sizes) -> dict[str, Any]:
    """Ours: ``pretrain`` with the profile's own recipe. Reference: the authors' loop."""
    paper = PROFILES["paper"].values
    denoising = with_steps(replace(paper.denoising, batch_size=sizes.n_crops), 2)
    shape = replace(paper.unet, widths=sizes.widths)
    pool = _pool(scene, denoising.transform_of(moments), denoising)
    denoiser, network = SpectralUNet(shape), PlainUNet(shape)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    x_0 = _batch(pool, denoising)[0]

    def reference() -> object:
        return training_step(network, optimizer, denoising.schedule, x_0)

    reference()
    found = interleaved(
        {
            "reference": timed(reference),
            "ours": own_step(lambda: pretrain(denoiser, pool, denoising, 0, "cpu")),
        },
        sizes.n_repeats,
    )
    return _row(found, x_0, denoising, _flops_of_step(lambda: PlainUNet(shape), x_0))


def _fast_unet(scene: Scene, moments: StreamingMoments, sizes: Sizes) -> dict[str, Any]:
    """SpectralDiff's ``fast`` denoiser; reference: the same loss in a plain fp32 loop."""
    fast = PROFILES["fast"].values
    denoising = with_steps(fast.denoising, sizes.fast_steps + 1)
    pool = _pool(scene, denoising.transform_of(moments), denoising)
    denoiser, network = SpectralUNet(fast.unet), PlainUNet(fast.unet)
    x_0, valid = _batch(pool, denoising)
    generator = torch.Generator().manual_seed(0)

    def loss_of() -> Tensor:
        def predict(x_t: Tensor, t: Tensor) -> Tensor:
            return network(x_t, t)[0]

        return denoising_loss(predict, denoising, x_0, valid, generator)  # type: ignore[arg-type]

    found = interleaved(
        {
            "reference": _plain_steps(network, loss_of, sizes.fast_steps),
            "ours": own_step(lambda: pretrain(denoiser, pool, denoising, 0, "cpu")),
        },
        sizes.n_repeats,
    )
    return _row(found, x_0, denoising, _flops_of_step(lambda: PlainUNet(fast.unet), x_0))


def _fast_stages(scene: Scene, moments: StreamingMoments, sizes: Sizes) -> dict[str, Any]:
    """DiffCRN's ``fast`` denoiser and its contrast; reference: the same in a plain fp32 loop."""
    shape, contrast = FAST_STAGES.shape, FAST_STAGES.contrast
    denoising = replace(FAST_STAGES.denoising, crop_px=shape.patch_px)
    denoising = with_steps(denoising, sizes.fast_steps + 1)
    transform = denoising.transform_of(moments)
    physical = PhysicalSpectra.from_transform(transform, moments.min_)
    pool = _pool(scene, transform, denoising)
    x_0, valid = _batch(pool, denoising)
    denoiser = StagedDenoiser(shape, x_0.shape[1])

    def new_network() -> ContrastiveDenoiser:
        plain = StagedDenoiser(shape, x_0.shape[1])
        return ContrastiveDenoiser(plain, shape.width, contrast.n_clusters)

    network, generator = new_network(), torch.Generator().manual_seed(0)
    loss = contrastive_loss(denoising, contrast, physical)
    found = interleaved(
        {
            "reference": _plain_steps(
                network, lambda: loss(network, x_0, valid, generator), sizes.fast_steps
            ),
            "ours": own_step(
                lambda: pretrain_with_contrast(
                    denoiser, pool, denoising, contrast, physical, 0, "cpu"
                )
            ),
        },
        sizes.n_repeats,
    )
    # Each crop is seen in two views.
    return _row(found, x_0, denoising, 2 * _flops_of_step(new_network, x_0))


def with_steps(denoising: Denoising, n_steps: int) -> Denoising:
    """The same with so many steps."""
    return replace(denoising, recipe=replace(denoising.recipe, n_steps=n_steps))


def _pool(scene: Scene, transform: SpectralTransform, denoising: Denoising) -> CropPool:
    return crops_of(scene, transform, denoising, None, 0)


def _batch(pool: CropPool, denoising: Denoising) -> tuple[Tensor, Tensor]:
    """Crops and their validity, for the reference, as ``pretrain`` draws them."""
    n = min(denoising.batch_size, len(pool.corners))
    x_0, valid = pool.sample(n, torch.Generator().manual_seed(0))
    return x_0.clamp(-denoising.limit, denoising.limit), valid


def own_step(train: Callable[[], object], n_warm: int = 1) -> Run:
    """A run that trains, and gives the mean seconds of all steps but the first ``n_warm``.

    The library reports its progress before the first step and after each; setting up comes earlier.
    """

    def run() -> float:
        ends: list[float] = []
        with listen(lambda name, n_done, n_total: ends.append(time.perf_counter())):
            train()
        return (ends[-1] - ends[n_warm]) / (len(ends) - 1 - n_warm)

    return run


def _plain_steps(network: nn.Module, loss_of: Callable[[], Tensor], n_steps: int) -> Run:
    """A run of the loop that everybody writes, in fp32 on PyTorch's own number of threads.

    It gives the mean seconds of all steps but the first.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step() -> None:
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def run() -> float:
        step()
        began = time.perf_counter()
        for _ in range(n_steps):
            step()
        return (time.perf_counter() - began) / n_steps

    return run


def _flops_of_step(build: Callable[[], nn.Module], x_0: Tensor) -> int:
    """Operations forwards and backwards for a batch."""

    def compute(network: nn.Module) -> None:
        said = network(torch.empty(x_0.shape), torch.empty(len(x_0)))
        outputs = [said[0]] if isinstance(network, PlainUNet) else said
        torch.stack([output.sum() for output in outputs]).sum().backward()

    return count_flops(build, compute)


def _row(found: dict[str, Timing], x_0: Tensor, denoising: Denoising, flops: int) -> dict[str, Any]:
    recipe = denoising.recipe
    return {
        "batch": list(x_0.shape),
        "bfloat16": recipe.bfloat16,
        "n_threads": recipe.n_threads or torch.get_num_threads(),
        "reference": {**found["reference"].to_json(), "flops": flops},
        "ours": {**found["ours"].to_json(), "flops": flops},
        "ratio": ratio(found["reference"], found["ours"]),
    }
