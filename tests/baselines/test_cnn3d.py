import pytest
import torch
from torch import nn

from hsidiff.baselines import SpectralSpatialCNN
from hsidiff.errors import SettingError
from small_scenes import small_fields, small_invalid, small_labels, small_scene


@pytest.mark.parametrize(
    ("n_bands", "bands_left"), [(1, 1), (2, 1), (8, 1), (9, 2), (103, 13), (204, 26), (500, 63)]
)
@pytest.mark.parametrize(("patch_px", "px_left"), [(1, 1), (3, 1), (7, 1), (9, 2)])
def test_shapes_and_parameters_by_band_count(
    n_bands: int, bands_left: int, patch_px: int, px_left: int
) -> None:
    network = SpectralSpatialCNN(patch_px=patch_px)._network(n_bands, 6)
    assert network(torch.rand(2, n_bands, patch_px, patch_px)).shape == (2, 6)
    convolutions = (27 * 1 * 8 + 8) + (27 * 8 * 16 + 16) + (27 * 16 * 32 + 32)
    normalisations, output = 2 * (8 + 16 + 32), 32 * bands_left * px_left**2 * 6 + 6
    n_parameters = sum(p.numel() for p in network.parameters())
    assert n_parameters == convolutions + normalisations + output


def test_its_shapes_are_those_of_the_table() -> None:
    values = torch.rand(1, 200, 7, 7)
    shapes = []
    for part in SpectralSpatialCNN()._network(200, 16):
        values = part(values)
        if isinstance(part, nn.AvgPool3d):
            shapes.append(tuple(values.shape[1:]))
    assert shapes == [(8, 100, 4, 4), (16, 50, 2, 2), (32, 25, 1, 1)]


def test_averages_at_the_ends_are_of_what_is_there() -> None:
    pool = SpectralSpatialCNN(patch_px=3)._network(3, 2)[4]
    averages = pool(torch.full((1, 1, 3, 3, 3), 5.0))
    assert averages.shape == (1, 1, 2, 2, 2)
    assert (averages == 5).all()


def test_the_halo_is_half_the_patch() -> None:
    assert SpectralSpatialCNN().halo_px == 3
    assert SpectralSpatialCNN(patch_px=9).halo_px == 4


def test_an_even_patch_is_refused() -> None:
    with pytest.raises(SettingError, match="patch_px=8: must be odd"):
        SpectralSpatialCNN(patch_px=8).fit(small_scene(), small_labels())


def test_a_separable_scene_is_learned() -> None:
    # Mixed patches stand at the edges of the small fields, so a few more labels are needed.
    scene, labels = small_scene(), small_labels(n_per_class=(80, 80, 80))
    model = SpectralSpatialCNN(n_epochs=20, device="cpu").fit(scene, labels)
    right = model.predict(scene) == small_fields() + 1
    assert right[~small_invalid() & (labels.values == 0)].mean() > 0.9
