"""What only a CUDA device can show. Nothing here runs where there is none."""

import numpy as np
import pytest
import torch

from hsidiff.contract import SceneClassifier
from hsidiff.diffusion.noise import pixel_noise
from hsidiff.methods import METHODS
from hsidiff.methods.controls import RawSpectra
from small_scenes import small_labels, small_scene

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


def test_noise_of_a_pixel_is_the_same_on_a_gpu() -> None:
    rows, cols = torch.arange(-3, 20), torch.arange(100, 140)
    on_cpu = pixel_noise(rows, cols, 30, timestep=5, seed=1)
    on_gpu = pixel_noise(rows.cuda(), cols.cuda(), 30, timestep=5, seed=1)
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS.values())
def test_a_model_that_was_fitted_on_a_gpu_draws_nearly_the_same_map_on_a_cpu(
    method: type[SceneClassifier],
) -> None:
    scene = small_scene()
    steps = {"pretrain_steps": 20} if "pretrain_steps" in method().get_params() else {}
    model = method(device="cuda", **steps).fit(scene, small_labels())
    assert model.compute_device == ("cpu" if method is RawSpectra else "cuda")
    on_gpu, in_tiles = model.predict_proba(scene), model.predict_proba(scene, window_px=16)
    np.testing.assert_allclose(in_tiles, on_gpu, atol=1e-2)
    on_cpu = model.set_params(device="cpu").predict_proba(scene)
    np.testing.assert_allclose(on_cpu, on_gpu, atol=5e-2)
    assert torch.backends.cudnn.enabled
