"""The worked examples of the two papers, to their printed digits.

Stehman (2014), International Journal of Remote Sensing 35, 4923-4939, and Olofsson et al. (2014),
Remote Sensing of Environment 148, 42-57. Samples and the pages of the printed numbers are those
that the manual of the R package mapaccuracy 0.1.2 gives for its functions stehman2014() and
olofsson().
"""

from dataclasses import asdict

import numpy as np
import pytest
from worked_examples import (
    OLOFSSON_COUNTS,
    OLOFSSON_HECTARES,
    OLOFSSON_NAMES,
    OLOFSSON_PIXELS,
    STEHMAN_MAP,
    STEHMAN_PIXELS,
    STEHMAN_REFERENCE,
    classes_named,
    from_counts,
    ids_of,
)

from hsidiff.assessment.assess import Assessment, assess_labels, assess_sample

PAPERS_Z = 1.96


@pytest.fixture(scope="module")
def stehman() -> Assessment:
    return assess_sample(
        classes_named("ABCD"),
        np.repeat(range(4), 10),
        ids_of(STEHMAN_MAP),
        ids_of(STEHMAN_REFERENCE),
        STEHMAN_PIXELS,
    )


@pytest.fixture(scope="module")
def olofsson() -> Assessment:
    mapped, reference = from_counts(OLOFSSON_COUNTS)
    # The paper leaves the finite population correction out, so its pixels are beyond number here.
    return assess_sample(
        classes_named(OLOFSSON_NAMES),
        mapped - 1,
        mapped,
        reference,
        OLOFSSON_PIXELS * 10**9,
        are_map_classes=True,
    )


def test_stehman_2014_areas(stehman: Assessment) -> None:  # pages 4932 and 4935
    a, _, c, _ = (entry.area_share for entry in stehman.per_class)
    assert (round(a.value, 2), round(a.standard_error, 3)) == (0.35, 0.082)
    assert (round(c.value, 2), round(c.standard_error, 3)) == (0.20, 0.064)


def test_stehman_2014_accuracies(stehman: Assessment) -> None:  # pages 4932, 4934 and 4936
    b = stehman.per_class[1]
    overall, users, producers = stehman.overall_accuracy, b.users_accuracy, b.producers_accuracy
    assert (round(overall.value, 2), round(overall.standard_error, 3)) == (0.63, 0.085)
    assert (round(users.value, 3), round(users.standard_error, 3)) == (0.574, 0.125)
    assert round(producers.value, 3) == 0.794
    # Printed is 0.114: with 0 for the variance of x in the fourth stratum, of which one pixel in
    # ten is B by reference, so that it is 0.1. Equation 28 as it stands gives 0.117.
    assert round(producers.standard_error, 3) == 0.117
    assert round(stehman_equation_28("B", strata=range(3)), 3) == 0.114
    assert stehman_equation_28("B", strata=range(4)) == pytest.approx(producers.standard_error)


def stehman_equation_28(letter: str, strata) -> float:
    """Standard error of a producer's accuracy, written down from the paper."""
    mapped = np.array(list(STEHMAN_MAP)).reshape(4, 10)
    reference = np.array(list(STEHMAN_REFERENCE)).reshape(4, 10)
    x = (reference == letter).astype(float)
    y = x * (mapped == letter)
    total = STEHMAN_PIXELS @ x.mean(axis=1)
    ratio = STEHMAN_PIXELS @ y.mean(axis=1) / total
    variance = 0.0
    for h in strata:
        (s2_y, s_xy), (_, s2_x) = np.cov(y[h], x[h])
        terms = s2_y + ratio**2 * s2_x - 2 * ratio * s_xy
        variance += STEHMAN_PIXELS[h] ** 2 * (1 - 10 / STEHMAN_PIXELS[h]) * terms / 10
    return float(np.sqrt(variance) / total)


def test_stehman_2014_cell_of_the_error_matrix(stehman: Assessment) -> None:  # page 4935
    assert round(stehman.shares[1, 2], 2) == 0.08
    assert stehman.shares.sum() == pytest.approx(1)


def test_olofsson_2014_error_matrix(olofsson: Assessment) -> None:  # Table 9
    printed = [
        [0.0176, 0, 0.0013, 0.0011],
        [0, 0.0110, 0.0016, 0.0024],
        [0.0019, 0, 0.2967, 0.0213],
        [0.0040, 0.0020, 0.0179, 0.6212],
    ]
    np.testing.assert_array_equal(olofsson.shares[:4].round(4), printed)
    np.testing.assert_array_equal(olofsson.counts[:4], OLOFSSON_COUNTS)
    assert not olofsson.counts[4].any()


def half_widths(estimates) -> list[float]:
    return [PAPERS_Z * estimate.standard_error for estimate in estimates]


def test_olofsson_2014_accuracies(olofsson: Assessment) -> None:  # section 5.2.1
    users = [entry.users_accuracy for entry in olofsson.per_class]
    assert [round(x.value, 2) for x in users] == [0.88, 0.73, 0.93, 0.96]
    assert np.round(half_widths(users), 2).tolist() == [0.07, 0.10, 0.04, 0.02]
    producers = [entry.producers_accuracy for entry in olofsson.per_class]
    assert [round(x.value, 2) for x in producers] == [0.75, 0.85, 0.93, 0.96]
    # Printed are 0.23 and 0.01 for the second and the last. Its equation 7 gives these:
    equation_7 = olofsson_equation_7(OLOFSSON_COUNTS, OLOFSSON_PIXELS)
    assert np.round(PAPERS_Z * equation_7, 2).tolist() == [0.21, 0.25, 0.03, 0.02]
    assert half_widths(producers) == pytest.approx(PAPERS_Z * equation_7, rel=1e-6)
    overall = olofsson.overall_accuracy
    assert round(overall.value, 2) == 0.95
    assert round(PAPERS_Z * overall.standard_error, 2) == 0.02
    assert round(overall.value, 3) == 0.947
    assert round(PAPERS_Z * overall.standard_error, 3) == 0.018


def olofsson_equation_7(counts: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Standard errors of producer's accuracy, written down from the paper."""
    n = counts.sum(axis=1)
    shares = counts / n[:, None]
    totals = pixels @ shares
    users = np.diag(shares)
    producers = pixels * users / totals
    errors = []
    for j in range(len(n)):
        own = pixels[j] ** 2 * (1 - producers[j]) ** 2 * users[j] * (1 - users[j]) / (n[j] - 1)
        others = sum(
            pixels[i] ** 2 * shares[i, j] * (1 - shares[i, j]) / (n[i] - 1)
            for i in range(len(n))
            if i != j
        )
        errors.append(np.sqrt(own + producers[j] ** 2 * others) / totals[j])
    return np.array(errors)


def test_olofsson_2014_areas(olofsson: Assessment) -> None:  # section 5.2.2
    areas = [entry.area_share.scaled(OLOFSSON_HECTARES) for entry in olofsson.per_class]
    assert [round(area.value) for area in areas] == [21_158, 11_686, 285_770, 581_386]
    assert np.round(half_widths(areas)).tolist() == [6_158, 3_756, 15_510, 16_282]


def test_the_interval_of_the_example_holds_the_papers_estimate_and_is_of_its_size(
    olofsson: Assessment,
) -> None:
    for entry in olofsson.per_class:
        area = entry.area_share
        assert 0 <= area.low < area.value < area.high <= 1
        width = (area.high - area.low) / (2 * PAPERS_Z * area.standard_error)
        assert 1 < width < 2


def test_counting_the_samples_of_the_example_gives_other_numbers() -> None:
    mapped, reference = from_counts(OLOFSSON_COUNTS)
    counted = assess_labels(classes_named(OLOFSSON_NAMES), mapped, reference)
    assert counted.overall_accuracy.value == pytest.approx(587 / 640)
    assert counted.shares is None
    assert all(asdict(entry)["area_share"] is None for entry in counted.per_class)
