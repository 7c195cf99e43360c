"""A tile that memory does not suffice for is computed in smaller parts, to the same map."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from hsidiff.baselines.pca_mean import PrincipalComponentsMean
from hsidiff.contract import SceneClassifier
from hsidiff.errors import HsidiffWarning, NotEnoughMemoryError
from hsidiff.scenes.scene import Scene
from hsidiff.scenes.window import Window
from hsidiff.smoothed import Smoothed
from small_scenes import small_labels, small_scene


@dataclass(repr=False, eq=False)
class Hungry(PrincipalComponentsMean):
    """Takes more memory than there is for tiles above a size."""

    name: ClassVar[str] = "hungry"

    largest_px: int = 100
    error: Exception | None = None

    def _predict_proba_tile(self, cube: np.ndarray, window: Window) -> np.ndarray:
        if max(window.n_rows, window.n_cols) > self.largest_px:
            raise self.error or MemoryError
        return super()._predict_proba_tile(cube, window)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return small_scene()


@pytest.fixture(scope="module")
def fitted(scene: Scene) -> Hungry:
    return Hungry().fit(scene, small_labels())


@pytest.fixture
def hungry(fitted: Hungry) -> Hungry:
    return limited(fitted, 100)


def limited(model: Hungry, largest_px: int, error: Exception | None = None) -> Hungry:
    """The same fitted model: :meth:`set_params` would forget what it learned."""
    model.largest_px, model.error = largest_px, error
    return model


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("x"), RuntimeError("can't allocate memory")]
)
def test_the_map_is_the_same_in_smaller_parts(
    hungry: Hungry, scene: Scene, error: Exception
) -> None:
    whole = hungry.predict_proba(scene)
    with pytest.warns(HsidiffWarning, match="going on with tiles of") as told:
        parts = limited(hungry, 14, error).predict_proba(scene)
    np.testing.assert_allclose(parts, whole, atol=1e-5)
    sides = [str(one.message).rsplit(" ", 2)[-2] for one in told]
    assert sides == sorted(set(sides), key=int, reverse=True)  # each size is told once


def test_a_wrapper_goes_on_in_smaller_parts_as_well(scene: Scene) -> None:
    smoothed: SceneClassifier = Smoothed(Hungry()).fit(scene, small_labels())
    whole = smoothed.predict_proba(scene)
    limited(smoothed.model_, 24)
    with pytest.warns(HsidiffWarning, match="memory does not suffice"):
        parts = smoothed.predict_proba(scene)
    np.testing.assert_allclose(parts, whole, atol=1e-5)


def test_where_the_smallest_tile_is_too_large_one_clear_error_ends_it(
    hungry: Hungry, scene: Scene
) -> None:
    with (
        pytest.warns(HsidiffWarning),
        pytest.raises(NotEnoughMemoryError, match=r"8 x 8 pixels of hungry, 12 bands .* is free"),
    ):
        limited(hungry, 4).predict(scene)


def test_other_errors_are_not_taken_for_a_lack_of_memory(hungry: Hungry, scene: Scene) -> None:
    with pytest.raises(ValueError, match="no such thing"):
        limited(hungry, 4, ValueError("no such thing")).predict(scene)
