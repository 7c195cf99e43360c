"""A classifier of one's own whose tiles take a while, so that a test can stop it in between."""

import time
from pathlib import Path

import numpy as np

import hsidiff.contract
from hsidiff.baselines.lda import LinearDiscriminant

WINDOW_PX = 8
if __name__.startswith("own_classifier"):  # loaded by the command, here or in a worker
    hsidiff.contract.WINDOW_PX = WINDOW_PX
BESIDE = Path(__file__)


class Slow(LinearDiscriminant):
    """Its confidence tells the window that a pixel was computed in."""

    name = "slow"

    def _predict_proba_tile(self, cube, window):
        seconds, fails = BESIDE.with_name("seconds"), BESIDE.with_name("fails")
        if seconds.exists():
            time.sleep(float(seconds.read_text()))
        while BESIDE.with_name("waits").exists() and window.row >= 32:
            time.sleep(0.01)
        if fails.exists() and window.row == 16:
            failed = BESIDE.with_name("failed")
            if not failed.exists() or fails.read_text() == "always":
                failed.touch()
                raise OSError("the disk is gone")
        probabilities = super()._predict_proba_tile(cube, window)
        own = np.random.default_rng([window.row, window.col, window.n_rows, window.n_cols])
        blend = np.float32(own.uniform(0.3, 0.9))
        return blend * probabilities + (1 - blend) / probabilities.shape[-1]
