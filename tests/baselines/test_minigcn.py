import math

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from hsidiff.baselines.minigcn import (
    GraphNetwork,
    MiniGCN,
    batch_graph,
    degrees,
    neighbour_graph,
    normalised,
)
from hsidiff.errors import SettingError
from small_scenes import (
    scene_of,
    small_cube,
    small_fields,
    small_invalid,
    small_labels,
    small_scene,
)

QUICK = {"n_epochs": 30, "device": "cpu"}


@pytest.fixture(scope="module")
def model() -> MiniGCN:
    return MiniGCN(**QUICK).fit(small_scene(), small_labels())


# The graph


def test_the_normalised_adjacency_of_four_nodes_is_that_of_the_hand() -> None:
    # A path 0 - 1 - 2 with weights 1 and 0.5, and node 3 by itself. With a weight of 1 to
    # themselves the degrees are 2, 2.5, 1.5 and 1.
    graph = np.zeros((4, 4))
    graph[0, 1] = graph[1, 0] = 1
    graph[1, 2] = graph[2, 1] = 0.5
    np.testing.assert_allclose(degrees(sparse.csr_matrix(graph)), [2, 2.5, 1.5, 1])
    expected = [
        [1 / 2, 1 / math.sqrt(2 * 2.5), 0, 0],
        [1 / math.sqrt(2 * 2.5), 1 / 2.5, 0.5 / math.sqrt(2.5 * 1.5), 0],
        [0, 0.5 / math.sqrt(2.5 * 1.5), 1 / 1.5, 0],
        [0, 0, 0, 1],
    ]
    np.testing.assert_allclose(normalised(sparse.csr_matrix(graph)).toarray(), expected)


def test_a_batchs_graph_is_normalised_by_the_batch_alone() -> None:
    graph = np.zeros((4, 4))
    graph[0, 1] = graph[1, 0] = 1
    graph[1, 2] = graph[2, 1] = 0.5
    part = batch_graph(sparse.csr_matrix(graph), np.array([2, 1, 3]))
    edge = 0.5 / 1.5
    expected = [[1 / 1.5, edge, 0], [edge, 1 / 1.5, 0], [0, 0, 1]]
    np.testing.assert_allclose(part, expected, rtol=1e-6)


def test_edges_join_nearest_spectra_with_radial_weights() -> None:
    # On a line at 0, 1, 3 and 7 the nearest of each are 1, 0, 1 and 2.
    places = NearestNeighbors().fit(np.array([[0.0], [1], [3], [7]]))
    expected = np.zeros((4, 4))
    for i, j, distance in ((0, 1, 1), (1, 2, 2), (2, 3, 4)):
        expected[i, j] = expected[j, i] = math.exp(-(distance**2) / 2**2)
    graph = neighbour_graph(places, n_neighbors=1, sigma=2.0).toarray()
    np.testing.assert_allclose(graph, expected)


def test_equal_spectra_are_joined_with_weight_1_and_few_pixels_to_all_others() -> None:
    places = NearestNeighbors().fit(np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 1.5]]))
    graph = neighbour_graph(places, n_neighbors=10, sigma=1.0).toarray()
    e = math.exp(-1)
    np.testing.assert_allclose(graph, [[0, 1, e], [1, 0, e], [e, e, 0]])


# The network


def test_the_network_is_two_layers_along_the_graph() -> None:
    network = GraphNetwork(5, 3).eval()
    generator = torch.Generator().manual_seed(0)
    spectra, graph = torch.randn(4, 5, generator=generator), torch.rand(4, 4, generator=generator)
    to_hidden, to_scores = network.first[1].weight, network.second[3].weight
    rescale = 1 / math.sqrt(1 + 1e-5)  # of a normalisation that has seen nothing
    hidden = (graph @ (rescale * spectra @ to_hidden.T) * rescale).relu()
    expected = graph @ (rescale * hidden @ to_scores.T)
    torch.testing.assert_close(network(spectra, graph), expected)
    torch.testing.assert_close(
        network.penalty(), (to_hidden.square().sum() + to_scores.square().sum()) / 2
    )


def test_it_has_the_published_width() -> None:
    assert [tuple(p.shape) for p in GraphNetwork(200, 16).parameters() if p.ndim == 2] == [
        (128, 200),
        (16, 128),
    ]


# The classifier


def test_the_defaults_are_those_of_the_published_code() -> None:
    model = MiniGCN()
    assert (model.n_neighbors, model.sigma, model.n_epochs, model.batch_size) == (10, 1, 200, 32)
    assert (model.learning_rate, model.weight_decay) == (1e-3, 1e-3)
    assert model.receptive_field_px == 1
    recipe = model._recipe(n_steps=200 * 15)
    assert (recipe.rate, recipe.fall_every, recipe.fall_factor) == ("steps", 50 * 15, 0.5)


def test_the_weights_are_penalised_as_they_are_learned(model: MiniGCN) -> None:
    strong = MiniGCN(weight_decay=10.0, **QUICK).fit(small_scene(), small_labels())
    assert strong.network_.penalty() < 0.5 * model.network_.penalty()


def test_it_learns_fields_that_are_easy_to_tell_apart(model: MiniGCN) -> None:
    unseen = ~small_invalid() & (small_labels().values == 0)
    right = model.predict(small_scene()) == small_fields() + 1
    assert right[unseen].mean() > 0.95


def test_a_new_pixel_is_one_more_node_joined_to_its_nearest_training_pixels(model: MiniGCN) -> None:
    """The same with the whole graph of the training pixels and the new one written out."""
    known, new = model.train_spectra_, model._scaled(small_cube(seed=1)[20, 30][None])
    n = len(known)
    distances = np.linalg.norm(known.astype(float) - new, axis=1)
    nearest = np.argsort(distances)[: model.n_neighbors]
    graph = neighbour_graph(NearestNeighbors().fit(known), model.n_neighbors, model.sigma).toarray()
    degree = np.append(1 + graph.sum(axis=1), 1 + np.exp(-(distances[nearest] ** 2)).sum())
    joined = np.zeros((n + 1, n + 1))
    joined[:n, :n] = graph
    joined[n, nearest] = np.exp(-(distances[nearest] ** 2))  # and no edge back
    joined += np.eye(n + 1)
    joined /= np.sqrt(np.outer(degree, degree))
    with torch.inference_mode():
        scores = model.network_(
            torch.from_numpy(np.concatenate([known, new])), torch.from_numpy(joined).float()
        )
    expected = scores[-1].softmax(dim=0).numpy()
    np.testing.assert_allclose(model._spectra_proba(new)[0], expected, atol=1e-5)


def test_a_prediction_does_not_depend_on_the_other_pixels(model: MiniGCN) -> None:
    cube = small_cube(seed=2)
    together = model.predict_proba(scene_of(cube))
    np.testing.assert_allclose(
        model.predict_proba(scene_of(cube[13:14, 17:18]))[0, 0], together[13, 17], atol=1e-6
    )
    cube[:13] = cube[:13, ::-1] * 2
    other = model.predict_proba(scene_of(cube))
    np.testing.assert_allclose(other[13:], together[13:], atol=1e-6)
    assert not np.allclose(other[:13], together[:13], atol=0.1)


def test_two_training_pixels_suffice() -> None:
    labels = small_labels(n_per_class=(1, 1, 0))
    model = MiniGCN(n_epochs=1, device="cpu").fit(small_scene(), labels)
    assert set(np.unique(model.predict(small_scene()))) <= {0, 1, 2}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"n_neighbors": 0}, "n_neighbors=0: must be at least 1"),
        ({"sigma": 0}, "sigma=0: must be a number above 0"),
        ({"n_epochs": 0}, "n_epochs=0"),
    ],
)
def test_a_setting_out_of_range_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        MiniGCN(**setting).fit(small_scene(), small_labels())


def test_its_weights_are_counted_and_the_search_for_neighbours_is_not() -> None:
    model = MiniGCN(n_epochs=1, device="cpu").fit(small_scene(), small_labels())
    cost = model.cost(12, 3)
    assert cost.n_parameters == sum(p.numel() for p in model.network_.parameters())
    assert cost.macs_per_pixel is None
