import pytest
import torch
from torch import nn

from hsidiff.baselines import SpectralCNN
from small_scenes import small_fields, small_invalid, small_labels, small_scene


@pytest.mark.parametrize("n_bands", [1, 2, 3, 4, 10, 103, 204, 500])
def test_shapes_and_parameters_by_band_count(n_bands: int) -> None:
    network = SpectralCNN()._network(n_bands, 9)
    assert network(torch.rand(5, n_bands, 1, 1)).shape == (5, 9)
    pooled = (n_bands + 2) // 3
    convolution, normalisation, output = 20 * 11 + 20, 2 * 20, 20 * pooled * 9 + 9
    n_parameters = sum(p.numel() for p in network.parameters())
    assert n_parameters == convolution + normalisation + output


def test_it_is_a_convolution_normalised_rectified_averaged_and_weighted() -> None:
    parts = [type(part) for part in SpectralCNN()._network(200, 9)][2:]
    assert parts == [nn.Conv1d, nn.BatchNorm1d, nn.ReLU, nn.AvgPool1d, nn.Flatten, nn.Linear]


def test_averages_at_the_end_of_the_spectrum_are_of_the_bands_there_are() -> None:
    average = SpectralCNN()._network(4, 2)[5]
    assert average(torch.tensor([[1.0, 2.0, 3.0, 8.0]])).tolist() == [[2.0, 8.0]]


def test_it_sees_one_spectrum() -> None:
    assert SpectralCNN().halo_px == 0
    assert "patch_px" not in SpectralCNN().get_params()


def test_its_defaults_are_those_of_the_public_code() -> None:
    settings = SpectralCNN().get_params()
    assert (settings["n_epochs"], settings["batch_size"]) == (200, 32)
    assert (settings["learning_rate"], settings["weight_decay"]) == (1e-3, 1e-3)


def test_a_separable_scene_is_learned() -> None:
    scene = small_scene(n_bands=24)
    right = (
        SpectralCNN(device="cpu").fit(scene, small_labels()).predict(scene) == small_fields() + 1
    )
    assert right[~small_invalid()].mean() > 0.9
