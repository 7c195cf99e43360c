"""What thresholds of "not sure" leave of a map, against counts by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.calibrated import Calibrated
from hsidiff.calibration import HeldOutProba
from hsidiff.maps.abstaining import Counts, caution_of, risk_and_coverage
from hsidiff.maps.confidence import ConfidenceLayer
from hsidiff.maps.doubt import Doubt
from hsidiff.maps.predict import predict_to_file
from small_scenes import scene_of, small_cube, small_invalid, small_labels


@pytest.fixture(scope="module")
def model() -> Calibrated:
    return Calibrated(LinearDiscriminant()).fit(scene_of(small_cube(noise=0.3)), small_labels())


def pixels_at(n_unsure: int = 0, **percents: int) -> Counts:
    """Counts of pixels, given as ``at_60=10``."""
    counts = np.zeros(101, dtype=np.int64)
    for name, n_pixels in percents.items():
        counts[int(name.removeprefix("at_"))] = n_pixels
    return Counts(counts, n_unsure)


def saying(model: Calibrated, confidence: np.ndarray, is_right: np.ndarray) -> Calibrated:
    """The model with held-out labels of these confidences, which are above a half."""
    said = np.stack([confidence, 1 - confidence, np.zeros(len(confidence))], axis=1)
    classes = np.where(is_right, 0, 1)
    model.by_groups_ = HeldOutProba(said, classes, np.arange(len(said)))
    model.temperature_ = 1.0
    return model


def told_of(told: dict[str, Any], threshold: float) -> dict[str, Any]:
    (row,) = (row for row in told["thresholds"] if row["threshold"] == threshold)
    return row


def test_pixels_are_counted_by_their_confidence(model: Calibrated, tmp_path: Path) -> None:
    cube = small_cube(noise=0.3)
    cube[small_invalid()] = np.nan
    scene, path = scene_of(cube), tmp_path / "c.tif"
    doubt, map_path = Doubt(0.8), tmp_path / "m.tif"
    predict_to_file(model, scene, map_path, layers=[ConfidenceLayer(path)], doubt=doubt)
    counts = Counts.of_map(model, doubt, map_path, path)
    confidence = model.predict_proba(scene).max(axis=-1)[~small_invalid()]
    assert counts.percents.sum() == len(confidence)
    assert counts.n_unsure == (confidence < 0.8).sum()
    told = risk_and_coverage(model, Counts.of_all([counts, counts]), 0.8)
    assert told["unsure"] == (confidence < 0.8).mean()
    for row in told["thresholds"]:
        assert row["unsure"] == pytest.approx((confidence < row["threshold"]).mean(), abs=0.01)


def test_half_of_the_pixels_on_a_threshold_lie_below_it(model: Calibrated) -> None:
    told = risk_and_coverage(model, pixels_at(at_40=10, at_60=20, at_90=10), None)
    assert told_of(told, 0.6)["unsure"] == 0.5
    told = risk_and_coverage(model, pixels_at(at_33=10, at_40=10), None)
    assert min(row["threshold"] for row in told["thresholds"]) == 0.34  # a guess is at 33.3 %


def test_held_out_labels_say_how_often_the_map_is_right_above(model: Calibrated) -> None:
    confidence = np.repeat([0.6, 0.7, 0.9], [20, 20, 9])
    is_right = np.arange(49) % 2 == 0
    is_right[20:40] = True
    told = risk_and_coverage(
        saying(model, confidence, is_right),
        pixels_at(at_60=80, at_70=15, at_90=5, n_unsure=95),
        0.8,
    )
    assert (told["n_held_out"], told["share_right"]) == (49, is_right.mean())
    assert told_of(told, 0.8) == {
        "threshold": 0.8, "unsure": 0.95, "n_held_out": 9, "share_right": None,
    }  # fmt: skip
    shown = [row for row in told["thresholds"] if row["threshold"] in (0.61, 0.65, 0.69)]
    for row in shown:
        assert row["n_held_out"] == 29
        assert row["share_right"] == is_right[20:].mean()


def test_a_threshold_that_leaves_most_of_the_map_out_names_another(model: Calibrated) -> None:
    confidence, is_right = np.repeat([0.55, 0.65], [20, 20]), np.repeat([False, True], [20, 20])
    counts = pixels_at(at_55=20, at_65=80, n_unsure=100)
    told = risk_and_coverage(saying(model, confidence, is_right), counts, 0.8)
    assert told["advised"] == 0.64
    assert caution_of(told) == (
        "--abstain 0.8 leaves 100.0 % of the map 'not sure': try --abstain 0.64, which leaves "
        "20.0 %; of the held-out labels that are at least so sure 100.0 % are right, of all 50.0 %"
    )
    assert caution_of(risk_and_coverage(model, pixels_at(49, at_70=100), 0.6)) is None
    assert caution_of(risk_and_coverage(model, counts, None)) is None


def test_where_a_threshold_makes_nothing_better_none_is_advised(model: Calibrated) -> None:
    confidence, is_right = np.repeat([0.55, 0.65], [20, 20]), np.arange(40) % 2 == 0
    told = risk_and_coverage(
        saying(model, confidence, is_right), pixels_at(at_55=20, at_65=80, n_unsure=100), 0.8
    )
    assert str(caution_of(told)).endswith(
        "--abstain 0.64 would leave 20.0 %, but of the held-out labels that are at least so sure "
        "50.0 % are right, and of all 50.0 %: that helps little here, so leave --abstain out"
    )


def test_confidences_that_are_alike_allow_no_threshold(model: Calibrated) -> None:
    told = risk_and_coverage(model, pixels_at(at_55=100, n_unsure=100), 0.8)
    assert told["advised"] is None
    assert str(caution_of(told)).endswith("are nearly alike: leave --abstain out")


def test_without_held_out_labels_the_share_of_the_map_is_told(model: Calibrated) -> None:
    told = risk_and_coverage(model.model_, pixels_at(at_55=20, at_65=80, n_unsure=100), 0.8)
    assert (told["source"], told["n_held_out"], told["share_right"]) == (None, 0, None)
    assert str(caution_of(told)).endswith("try --abstain 0.64, which leaves 20.0 %")


def test_a_map_without_a_pixel_has_no_shares(model: Calibrated) -> None:
    told = risk_and_coverage(model, pixels_at(), 0.8)
    assert (told["unsure"], told["thresholds"], caution_of(told)) == (None, [], None)
