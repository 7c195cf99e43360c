"""What calibrates a map that is scored: folds of its own model, or what scores it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from hsidiff.baselines.lda import LinearDiscriminant
from hsidiff.calibrated import Calibrated
from hsidiff.calibration import WORD_GROUPS, fit_temperature
from hsidiff.evaluation.reliability import measure_reliability
from hsidiff.evaluation.results import Stopwatch
from hsidiff.evaluation.scored_map import describe_held_out, score_and_fit
from hsidiff.evaluation.validation import (
    Plan,
    Validation,
    default_plan,
    plan_of_groups,
    plan_of_labels,
    plan_of_nothing,
)
from hsidiff.labels.ground import fields_in_two
from hsidiff.labels.label_map import LabelMap
from small_scenes import scene_of, small_cube, small_labels

LABELS = small_labels()
pytestmark = pytest.mark.filterwarnings("ignore:only .* labels are scored")
SCENE = scene_of(small_cube(noise=0.3, seed=0))


@dataclass(repr=False, eq=False)
class TakesLong(LinearDiscriminant):
    """A discriminant that says that a fit takes long, and counts its fits."""

    n_fits: ClassVar[int] = 0
    name: ClassVar[str] = "takes-long"
    unused: int = field(default=0, kw_only=True)

    @property
    def n_held_out_folds(self) -> int:
        return 1

    def _fit(self, scene: object, labels: LabelMap) -> None:
        TakesLong.n_fits += 1
        super()._fit(scene, labels)  # type: ignore[arg-type]


def mapped(plan: Plan, model: LinearDiscriminant) -> tuple[Calibrated, Validation]:
    calibrated, validation = score_and_fit(model, SCENE, plan, Stopwatch())
    assert isinstance(calibrated, Calibrated)
    assert validation is not None
    return calibrated, validation


def halves() -> tuple[LabelMap, LabelMap]:
    is_left = np.indices(LABELS.shape)[1] < LABELS.shape[1] // 2
    return LABELS.keeping(is_left), LABELS.keeping(~is_left)


@pytest.mark.parametrize("guard_px", [0, 6])
def test_how_a_map_is_scored_does_not_change_how_sure_it_is(guard_px: int) -> None:
    plan = plan_of_groups("", LABELS, {"guard_px": guard_px, "groups": "blocks"}, 1, 0)
    calibrated, _ = mapped(plan, LinearDiscriminant())
    around = Calibrated.around(LinearDiscriminant().fit(SCENE, LABELS), SCENE, LABELS)
    assert calibrated.source_ == "near folds"
    assert calibrated.temperature_ == around.temperature_


@pytest.mark.parametrize(
    ("came_as", "unit"), [("points", "fields"), ("polygons", "fields"), ("polygons", "blocks")]
)
def test_points_are_held_out_with_those_near_them_and_polygons_as_a_whole(
    came_as: str, unit: str
) -> None:
    rows, cols = np.nonzero(LABELS.values)
    sample_ids = np.zeros(LABELS.shape, dtype=np.int32)
    polygons = rows // 10 * 100 + cols // 10 + 1
    sample_ids[rows, cols] = np.arange(len(rows)) + 1 if came_as == "points" else polygons
    labels = replace(LABELS, sample_ids=sample_ids, unit=unit)
    plan = plan_of_groups("", labels, {"groups": "fields"}, 1, 0)
    calibrated, _ = mapped(plan, LinearDiscriminant())
    blocks = rows // 8 * 100 + cols // 8
    by_fields = (came_as, unit) == ("polygons", "fields")  # those of a split by blocks were cut
    expected = fields_in_two(labels)[0][rows, cols] if by_fields else blocks
    assert len(np.unique(calibrated.by_groups_.groups)) == len(np.unique(expected))


def test_where_a_fit_takes_long_the_score_calibrates_and_nothing_is_fitted_for_it() -> None:
    plan = default_plan(LABELS, 1, 0)
    TakesLong.n_fits = 0
    calibrated, validation = mapped(plan, TakesLong())
    assert TakesLong.n_fits == sum(map(len, plan.repeats)) + 1
    assert calibrated.source_ == "score"
    assert len(calibrated.by_groups_) == validation.held_out.labels.n_labelled
    expected = fit_temperature(calibrated.by_groups_, WORD_GROUPS["score"])
    assert calibrated.temperature_ == expected


def test_labels_of_another_source_calibrate_the_map_that_they_score() -> None:
    given, learned = halves()
    calibrated, _ = mapped(plan_of_labels("", learned, given), LinearDiscriminant())
    assert calibrated.source_ == "score"
    assert len(calibrated.by_groups_) == given.n_labelled


def test_without_a_score_the_confidence_is_the_methods() -> None:
    model, validation = score_and_fit(
        LinearDiscriminant(), SCENE, plan_of_nothing("", LABELS), Stopwatch()
    )
    assert not isinstance(model, Calibrated)
    assert validation is None


@pytest.mark.parametrize("make", [LinearDiscriminant, TakesLong])
def test_the_confidence_is_judged_on_what_calibrated_it(
    make: Callable[[], LinearDiscriminant],
) -> None:
    plan = default_plan(LABELS, 1, 0)
    calibrated, validation = mapped(plan, make())
    told = describe_held_out(plan, validation, 1, calibrated)["reliability"]
    assert told == measure_reliability(calibrated.by_groups_, calibrated.source_)
    assert told["source"] == calibrated.source_
    # Where the model is not at hand, as in the live map, the labels that score it are judged.
    of_score = describe_held_out(plan, validation, 1)["reliability"]
    assert of_score["source"] == "score"
    assert of_score["n_pixels"] == validation.held_out.labels.n_labelled
