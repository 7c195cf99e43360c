import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from hsidiff.methods.spectraldiff import SpectralDiff
from small_scenes import small_labels, small_scene

SHAPE = (30, 36)


@pytest.mark.parametrize(("n_bands", "n_components"), [(5, 20), (40, 300)])
def test_the_cost_is_that_of_what_was_learned(n_bands: int, n_components: int) -> None:
    model = SpectralDiff(pretrain_steps=1, n_components=n_components, device="cpu")
    model.fit(small_scene(SHAPE, n_bands), small_labels(SHAPE))
    cost = model.cost(n_bands, 3)

    denoiser, head = model.features_.denoiser, model.head_
    n_weights = sum(weights.numel() for weights in denoiser.parameters())
    assert cost.n_parameters == n_weights + head.weights.size + head.biases.size

    # Convolutions as they run; their count grows with the tile, up to what knows no pixel.
    counts = []
    for side in (6, 12):
        x_t = torch.zeros(1, model.features_.transform.n_outputs, side, side)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            denoiser.taps(x_t, torch.tensor([200]), (1,))
        counts.append(counter.get_total_flops() / 2)
    features = 2 * (counts[1] - counts[0]) / (12**2 - 6**2)
    matrices = [model.features_.transform.matrix, head.weights]
    matrices += [projection.components for projection in model.projections_]
    expected = features + sum(matrix.size for matrix in matrices)
    assert cost.macs_per_pixel == pytest.approx(expected, abs=5)
