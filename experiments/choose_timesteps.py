"""Compare timesteps of SpectralDiff's fast profile on the embedded scene, without a test label.

And, for the control with one level of noise, compare levels.

    python experiments/choose_timesteps.py

Prints the held-out log loss of the head: how badly it predicts groups of *training* labels that it
was not fitted to. Settings are chosen by it; test labels are for reporting.
"""

import warnings

import numpy as np

import hsidiff
from hsidiff.errors import HsidiffWarning
from hsidiff.methods.controls import DenoisingAutoencoder

CANDIDATES = ((5,), (80,), (25, 80, 200), (200, 350), (200, 350, 450))
LEVELS = ((100,), (155,), (200,), (250,), (350,))
SEEDS = range(3)


def main() -> None:
    """Fit every candidate to the training labels of three block splits."""
    made = hsidiff.make_synthetic_scene()
    labels = hsidiff.LabelMap.from_array(made.label_values, made.class_names, made.class_colors)
    tried = [(hsidiff.SpectralDiff, timesteps) for timesteps in CANDIDATES]
    tried += [(DenoisingAutoencoder, level) for level in LEVELS]
    for made_by, timesteps in tried:
        losses = []
        for seed in SEEDS:
            split = hsidiff.block_split(labels, samples_per_class=30, random_state=seed)
            model = made_by(timesteps=timesteps, random_state=seed)
            losses.append(model.fit(made.scene, split.train).head_.held_out_log_loss)
        print(
            f"{made_by.name}, timesteps {timesteps}: held-out log loss {np.mean(losses):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HsidiffWarning)
        main()
