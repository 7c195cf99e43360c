"""Compare a training that ends when its held-out loss is flat with one that goes on, on two scenes.

    HSIDIFF_DATA=... python experiments/stop_when_flat.py

Prints, for SpectralDiff's fast profile, the steps that were taken of 2000, the seconds, and the
loss at the end on crops that no training saw. No label is used. The figures are in
docs/decisions/0017.
"""

import os
import warnings
from pathlib import Path
from unittest.mock import patch

import hsidiff
from hsidiff.errors import HsidiffWarning
from hsidiff.training import pace
from hsidiff.windows.statistics import scene_moments

SCENES = {
    "salinas-a": "salinas-a/SalinasA_corrected.mat",
    "berlin-hymap": "berlin-hymap/HyMap02_Berlin_Urban_Gradient_2009.bsq",
}
SEEDS = range(2)
NEVER = 10**9


def main() -> None:
    """Train on each scene with each seed: to the end, until flat, and as long as the profile."""
    folder = Path(os.environ["HSIDIFF_DATA"])
    for seed in SEEDS:
        for name, path in SCENES.items():
            scene = hsidiff.open_scene(folder / path)
            whole = _trained(scene, seed, "2000 steps", NEVER)
            flat = _trained(scene, seed, "2000 steps", pace.FLAT_LOOKS)
            short = _trained(scene, seed, None, NEVER)
            worse = flat.held_out_loss / whole.held_out_loss - 1
            print(f"{name}, seed {seed}: {worse:+.2%} at {flat.steps} steps", flush=True)
            for trained in (whole, flat, short):
                print(f"  {trained}", flush=True)


def _trained(scene: hsidiff.Scene, seed: int, budget: str | None, flat_looks: int) -> pace.Trained:
    """How a training goes that ends after ``flat_looks`` looks in a row without a fall."""
    model = hsidiff.SpectralDiff(budget=budget, stop_when_flat=True, random_state=seed)
    transform = model.settings().denoising.transform_of(scene_moments(scene))
    with patch.object(pace, "FLAT_LOOKS", flat_looks):
        model._learn_scene(scene, transform, None)
    return pace.Trained(**model.pretraining_)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        main()
