import numpy as np
import pytest

from hsidiff.heads.experts import experts_of
from hsidiff.heads.head import LabelledValues
from hsidiff.heads.weighed_head import LEAST_SHARE, WeighedHead, bagged_shares
from hsidiff.kinds import DENOISER_INPUT, FEATURES, SPECTRUM, Kinds, kind_and_side, kind_at
from hsidiff.labels.ground import blocks_at
from hsidiff.scenes.window import Window

WINDOW = Window(0, 0, 1, 1)
KINDS: Kinds = {
    DENOISER_INPUT: (2,),
    SPECTRUM: (3,),
    kind_at(DENOISER_INPUT, 5): (2,),
    kind_at(DENOISER_INPUT, 9): (2,),
}


def samples_of(tells: str, shape: str = "line", n: int = 90, seed: int = 0) -> LabelledValues:
    """Noise, but for one kind: there classes lie on a line, or on rings around one middle."""
    generator = np.random.default_rng(seed)
    classes = np.arange(n) % 3
    values = generator.normal(0, 1, (n, 9)).astype(np.float32)
    first = {name: 2 * i + (i > 1) for i, name in enumerate(KINDS)}[tells]
    angles, radii = generator.uniform(0, 2 * np.pi, n), 1 + 2.0 * classes
    rings = radii[:, None] * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    line = 4.0 * np.stack([classes, -classes], axis=1)
    values[:, first : first + 2] = (line if shape == "line" else rings) + generator.normal(
        0, 0.3, (n, 2)
    )
    rows, cols = np.divmod(np.arange(n) * 7, 70)
    groups = blocks_at(rows, cols)
    return LabelledValues(values[:, None, None], classes, rows, cols, groups, KINDS, 3)


def fitted_to(samples: LabelledValues) -> WeighedHead:
    head = WeighedHead()
    head.fit(samples)
    return head


def accuracy(head: WeighedHead, samples: LabelledValues) -> float:
    found = head.predict_proba(samples.values[:, 0], WINDOW)[:, 0].argmax(axis=-1)
    return float((found == samples.classes).mean())


def test_kinds_are_named_by_their_squares_and_back() -> None:
    assert kind_and_side(kind_at("t=200 layer 1", 15)) == ("t=200 layer 1", 15)
    assert kind_and_side(kind_at(FEATURES, 1)) == (FEATURES, 1)


def test_simple_experts_look_at_the_pixel_alone() -> None:
    experts = experts_of(KINDS)
    assert {int(c) for one in experts.values() if one.simple for c in one.columns} == set(range(5))
    assert {int(c) for one in experts.values() for c in one.columns} == set(range(9))
    np.testing.assert_array_equal(
        experts[f"kernel on {DENOISER_INPUT}, all squares"].columns, [0, 1, 5, 6, 7, 8]
    )


def test_all_that_a_network_gives_is_one_family_whatever_it_is_called() -> None:
    kinds = {"t=1 layer 0": (2,), "t=1 layer 1": (2,), DENOISER_INPUT: (1,), SPECTRUM: (4,)}
    experts = experts_of(kinds)
    np.testing.assert_array_equal(experts[f"lda on {FEATURES}"].columns, range(4))
    assert not any("5x5" in name or f"{FEATURES}, all" in name for name in experts)


@pytest.mark.parametrize("tells", KINDS)
def test_the_kind_that_tells_classes_apart_is_found(tells: str) -> None:
    samples = samples_of(tells)
    head = fitted_to(samples)
    assert accuracy(head, samples_of(tells, seed=1)) > 0.95
    seen = {int(c) for name in head.shares_ for c in head._experts[name].columns}
    assert seen & set(range(9))


def test_a_kernel_is_taken_where_borders_are_curved() -> None:
    tells = kind_at(DENOISER_INPUT, 9)
    head = fitted_to(samples_of(tells, "rings"))
    assert head.kernels_
    assert sum(share for name, share in head.shares_.items() if "kernel" in name) > 0.5
    assert accuracy(head, samples_of(tells, "rings", seed=1)) > 0.85


def test_the_average_is_about_as_good_as_its_best_expert() -> None:
    head = fitted_to(samples_of(DENOISER_INPUT, "rings"))
    assert head.held_out_log_loss_ is not None
    assert head.held_out_log_loss_ <= min(head.losses_.values()) + 0.1


def test_where_nothing_can_be_held_out_the_simple_experts_count_alike() -> None:
    samples = samples_of(SPECTRUM, n=12)
    assert len(set(samples.groups.tolist())) > 1
    one_group = LabelledValues(**{**vars(samples), "groups": np.zeros(12, dtype=int)})
    head = fitted_to(one_group)
    simple = {name for name, one in experts_of(KINDS).items() if one.simple}
    assert set(head.shares_) == simple
    assert len(set(head.shares_.values())) == 1
    assert not head.takes_shares


def test_groups_that_disagree_spread_the_shares() -> None:
    """Each of two experts knows the samples of one half of the groups."""
    classes, groups = np.zeros(40, dtype=int), np.arange(40) // 2
    sure, unsure = np.log([0.9, 0.1]), np.log([0.2, 0.8])
    first = np.where((groups < 10)[:, None], sure, unsure)
    shares = bagged_shares({"first": first, "second": first[::-1]}, classes, groups, 0)
    assert min(shares.values()) > 0.25
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= LEAST_SHARE


def test_what_is_stored_gives_the_same_probabilities() -> None:
    samples = samples_of(DENOISER_INPUT, "rings")
    head, again = fitted_to(samples), WeighedHead()
    head.weigh_classes(np.full((5, 3), 1 / 3), np.array([0.5, 0.25, 0.25]))
    again.restore(head.learned(), KINDS, 3)
    values = samples.values[:, 0]
    np.testing.assert_array_equal(
        again.predict_proba(values, WINDOW), head.predict_proba(values, WINDOW)
    )
    assert again.learned().facts == head.learned().facts
