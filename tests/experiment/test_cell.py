import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from hsidiff.baselines.position import PositionOnly
from hsidiff.errors import HsidiffWarning
from hsidiff.evaluation.drawn_map import draw_map
from hsidiff.evaluation.results import peak_memory_bytes
from hsidiff.experiment.cell import _forget_peak_memory, collecting_notes
from hsidiff.experiment.choice import TrainingLabels, carve_validation
from hsidiff.labels.label_map import LabelMap
from small_scenes import small_invalid, small_labels, small_scene


def test_a_map_is_that_of_the_whole_scene_and_its_confidence_in_percent() -> None:
    scene = small_scene((140, 150))
    model = PositionOnly().fit(scene, small_labels((140, 150)))
    arrays = draw_map(model, scene)
    probabilities = model.predict_proba(scene, window_px=140)
    np.testing.assert_array_equal(arrays["class_map"], model.predict(scene, window_px=140))
    np.testing.assert_allclose(arrays["confidence"], 100 * probabilities.max(axis=-1), atol=0.5)
    assert (arrays["class_map"].dtype, arrays["confidence"].dtype) == (np.int32, np.uint8)
    assert not arrays["confidence"][small_invalid((140, 150))].any()


def test_only_tiles_with_wanted_pixels_are_mapped() -> None:
    scene = small_scene((140, 150))
    model = PositionOnly().fit(scene, small_labels((140, 150)))
    wanted = np.zeros(scene.shape, dtype=bool)
    wanted[139, 149] = True
    class_map = draw_map(model, scene, wanted)["class_map"]
    side, side_col = 136, 144  # where the last tile of 8 pixels begins
    assert not class_map[:side].any()
    assert not class_map[:, :side_col].any()
    whole = model.predict(scene, window_px=140)
    np.testing.assert_array_equal(class_map[side:, side_col:], whole[side:, side_col:])


def test_validation_leaves_out_classes_of_one_pixel() -> None:
    values = small_labels(n_per_class=(8, 8, 1)).values
    train = TrainingLabels(LabelMap.from_array(values), "random", {})
    carved = carve_validation(train, 0.25, receptive_field_px=1, random_state=0)
    assert list(carved.train.counts().values()) == [6, 6, 0]
    assert list(carved.test.counts().values()) == [2, 2, 0]


def test_notes_are_kept_once_and_those_of_others_are_silent() -> None:
    with warnings.catch_warnings(record=True) as outside, collecting_notes(["first"]) as notes:
        for text in ("first", "second", "second"):
            warnings.warn(text, HsidiffWarning, stacklevel=1)
        warnings.warn("of a library", UserWarning, stacklevel=1)
    assert notes == ["first", "second"]
    assert outside == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a program does not inherit it")
@pytest.mark.slow
def test_the_peak_of_memory_is_not_that_of_the_program_before() -> None:
    program = "from hsidiff.evaluation.results import peak_memory_bytes; print(peak_memory_bytes())"
    held = np.ones(100_000_000)  # 800 MB, at the time when the other program starts
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(ended.stdout) < held.nbytes < peak_memory_bytes()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux can forget")
def test_the_peak_of_memory_begins_anew() -> None:
    held = np.ones(50_000_000)
    with_array = peak_memory_bytes()
    del held
    # The system counts pages in lots: the peak may change by some hundred of them.
    assert abs(peak_memory_bytes() - with_array) < 20_000_000
    _forget_peak_memory()
    assert peak_memory_bytes() < with_array - 300_000_000
