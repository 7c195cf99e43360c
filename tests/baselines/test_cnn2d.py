import pytest
import torch
from torch import nn

from hsidiff.baselines import SpatialCNN
from hsidiff.errors import SettingError
from small_scenes import small_fields, small_invalid, small_labels, small_scene


@pytest.mark.parametrize("n_bands", [1, 3, 103, 204, 500])
@pytest.mark.parametrize("patch_px", [7, 9, 13])
def test_shapes_and_parameters_by_band_count(n_bands: int, patch_px: int) -> None:
    network = SpatialCNN(patch_px=patch_px)._network(n_bands, 6)
    assert network(torch.rand(2, n_bands, patch_px, patch_px)).shape == (2, 6)
    convolutions = (9 * n_bands * 8 + 8) + (9 * 8 * 16 + 16) + (9 * 16 * 32 + 32)
    normalisations, output = 2 * (8 + 16 + 32), 32 * 6 + 6
    n_parameters = sum(p.numel() for p in network.parameters())
    assert n_parameters == convolutions + normalisations + output


def test_three_blocks_shrink_a_patch_of_7_to_the_pixel_it_surrounds() -> None:
    network = SpatialCNN()._network(12, 6)
    blocks = list(network)[:9]
    assert [type(part) for part in blocks] == 3 * [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert nn.Sequential(*blocks)(torch.rand(2, 12, 7, 7)).shape == (2, 32, 1, 1)


def test_the_halo_is_half_the_patch() -> None:
    assert SpatialCNN().halo_px == 3
    assert SpatialCNN(patch_px=13).halo_px == 6


@pytest.mark.parametrize("patch_px", [5, 8])
def test_a_patch_that_three_blocks_cannot_take_is_refused(patch_px: int) -> None:
    with pytest.raises(SettingError, match=f"patch_px={patch_px}"):
        SpatialCNN(patch_px=patch_px).fit(small_scene(), small_labels())


def test_a_separable_scene_is_learned() -> None:
    # Mixed patches stand at the edges of the small fields, so a few more labels are needed.
    scene, labels = small_scene(n_bands=24), small_labels(n_per_class=(80, 80, 80))
    model = SpatialCNN(n_epochs=60, device="cpu").fit(scene, labels)
    right = model.predict(scene) == small_fields() + 1
    assert right[~small_invalid() & (labels.values == 0)].mean() > 0.9
