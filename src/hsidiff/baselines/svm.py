"""Support vector machine with a radial kernel, its settings chosen by cross-validation.

SpectralDiff's comparison searches the kernel's sigma in 2^-3 .. 2^4 and the penalty in 10^-2 ..
10^4 (Chen et al., arXiv 2304.05961), and does not say whether sigma is gamma itself or
gamma = 1 / (2 sigma^2). Our grid of gamma, 2^-7 .. 2^5, covers nearly all of both readings. Bands
are scaled to 0..1 by the training pixels, inside each fold again.

Where we differ: every second C and third gamma are tried first, and then the cells around the best,
which takes about a third of the time of the whole grid.

Probabilities: scikit-learn's one-vs-rest decision values divided by one temperature, then softmax.
The temperature is fitted on decision values of held-out folds (Guo et al., ICML 2017, eq. 9), with
Platt's (1999) smoothed targets, so that it stays finite when every held-out pixel is right. Unlike
Platt scaling with pairwise coupling (``SVC(probability=True)``) this draws nothing at random, and
the most probable class is always the one that the machine itself decides for.
"""

import warnings
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from hsidiff.about import About
from hsidiff.baselines.spectral import SpectralBaseline, is_real_number
from hsidiff.errors import HsidiffWarning, SettingError, check_whole_number
from hsidiff.progress import track

C_GRID = 10.0 ** np.arange(-2, 5)
GAMMA_GRID = 2.0 ** np.arange(-7, 6)
C_STEP, GAMMA_STEP = 2, 3
"""Steps of the coarse search; with them, every cell of the grid has a coarse one beside it."""

UNSEARCHED = {"C": 100.0, "gamma": 1.0, "temperature": 1.0}
"""What is used when there are too few pixels to cross-validate."""

Cell = tuple[int, int]
Folds = list[tuple[np.ndarray, np.ndarray]]


@dataclass(repr=False, eq=False)
class SupportVectorMachine(SpectralBaseline):
    """SVM with an RBF kernel on scaled bands.

    ``chosen_`` holds ``C``, ``gamma`` and ``temperature``. A class with a single training pixel
    cannot be held out: it has no part in choosing them, but is part of the final machine.

    Attributes:
        C: penalty of a training error; None searches 10^-2 .. 10^4.
        gamma: exp(-gamma distance^2) is the kernel; None searches 2^-7 .. 2^5.
        n_folds: folds of the cross-validation; fewer when no class has that many pixels.
    """

    C: float | None = None
    gamma: float | None = None
    n_folds: int = 5

    name: ClassVar[str] = "svm"
    about: ClassVar[About] = About("baseline", "Chen et al., IEEE TGRS", 2023)

    def _check_settings(self) -> None:
        super()._check_settings()
        for setting, value in (("C", self.C), ("gamma", self.gamma)):
            if value is not None and not (is_real_number(value) and value > 0):
                raise SettingError(
                    f"{setting}={value!r}: must be a number above 0, or None to search for one"
                )
        check_whole_number("n_folds", self.n_folds, 2)

    def _choose(self, spectra: np.ndarray, class_ids: np.ndarray) -> dict[str, float]:
        fixed = {k: float(v) for k, v in (("C", self.C), ("gamma", self.gamma)) if v is not None}
        ids, counts = np.unique(class_ids, return_counts=True)
        several = np.isin(class_ids, ids[counts >= 2])
        if np.count_nonzero(counts >= 2) < 2:
            warnings.warn(
                "svm: fewer than two classes have two training pixels, so its settings are not "
                f"cross-validated but {UNSEARCHED | fixed}: label more pixels",
                HsidiffWarning,
                stacklevel=4,
            )
            return UNSEARCHED | fixed
        spectra, class_ids = spectra[several], class_ids[several]
        folds = stratified_folds(class_ids, self.n_folds, self.random_state)
        c_values = np.array([fixed["C"]]) if "C" in fixed else C_GRID
        gammas = np.array([fixed["gamma"]]) if "gamma" in fixed else GAMMA_GRID
        c, gamma = search_grid(spectra, class_ids, folds, c_values, gammas)
        values = cross_val_predict(
            make_machine(c, gamma), spectra, class_ids, cv=folds, method="decision_function"
        )
        positions = np.unique(class_ids, return_inverse=True)[1]
        temperature = fit_temperature(as_logits(values), positions)
        return {"C": c, "gamma": gamma, "temperature": temperature}

    def _make_estimator(self) -> ClassifierMixin:
        return make_machine(self.chosen_["C"], self.chosen_["gamma"])

    def _spectra_proba(self, spectra: np.ndarray) -> np.ndarray:
        logits = as_logits(self.estimator_.decision_function(spectra))
        return softmax(logits / self.chosen_["temperature"], axis=1)


def make_machine(c: float, gamma: float) -> ClassifierMixin:
    """Build the unfitted machine: bands to 0..1, then the SVM."""
    # Nothing is drawn, but without a random_state SVC takes a number from the global generator.
    return make_pipeline(MinMaxScaler(), SVC(C=c, gamma=gamma, break_ties=True, random_state=0))


def stratified_folds(class_ids: np.ndarray, n_folds: int, random_state: int) -> Folds:
    """Fold the training pixels so that each class of at least two pixels is in every training part.

    Args:
        class_ids: (n,) classes, each of at least two pixels.
        n_folds: folds wanted; no more are made than the largest class has pixels.
        random_state: seed of the draw.

    Returns:
        Pairs of training and held-out indices.
    """
    n_folds = min(n_folds, int(np.unique(class_ids, return_counts=True)[1].max()))
    draw = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():
        # A class with fewer pixels than folds is held out in some folds only, which is all right.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(draw.split(np.zeros(len(class_ids)), class_ids))


def search_grid(
    spectra: np.ndarray,
    class_ids: np.ndarray,
    folds: Folds,
    c_values: np.ndarray,
    gammas: np.ndarray,
) -> tuple[float, float]:
    """Find the C and gamma of the best held-out overall accuracy, coarsely and then nearby.

    Among equals the smaller C and then the smaller gamma win: the smoother machine.

    Args:
        spectra: (n, bands).
        class_ids: (n,).
        folds: positions that learn and that are held out, one pair per fold.
        c_values: (n_c,) rising.
        gammas: (n_gammas,) rising.
    """
    accuracies: dict[Cell, float] = {}

    def cross_validate(cells: set[Cell]) -> Cell:
        """Take in the accuracies of ``cells`` and give the best of all cells so far."""
        for i, j in track(sorted(cells), "choose svm", len(cells)):
            machine = make_machine(c_values[i], gammas[j])
            accuracies[i, j] = cross_val_score(machine, spectra, class_ids, cv=folds).mean()
        return max(accuracies, key=lambda cell: (accuracies[cell], -cell[0], -cell[1]))

    every_cell = set(product(range(len(c_values)), range(len(gammas))))
    coarse = {(i, j) for i, j in every_cell if i % C_STEP == 0 and j % GAMMA_STEP == 0}
    i, j = cross_validate(coarse)
    near = every_cell & set(product(range(i - 1, i + 2), range(j - 1, j + 2)))
    i, j = cross_validate(near - coarse)
    return float(c_values[i]), float(gammas[j])


def as_logits(decision_values: np.ndarray) -> np.ndarray:
    """(n, classes): scikit-learn gives (n,) for two classes, positive for the second."""
    if decision_values.ndim == 2:
        return decision_values
    return np.stack([np.zeros_like(decision_values), decision_values], axis=1)


def fit_temperature(logits: np.ndarray, positions: np.ndarray) -> float:
    """Temperature at which softmax(logits / temperature) fits the classes best, 0.01 to 100.

    The target of each pixel is not 1 for its class and 0 for the others but (n + 1) / (n + K) and
    1 / (n + K): Platt's (1999) smoothing for K classes, n pixels.

    Args:
        logits: (n, K) decision values of held-out pixels.
        positions: (n,) column of each pixel's class.
    """
    n, n_classes = logits.shape
    targets = np.full((n, n_classes), 1 / (n + n_classes))
    targets[np.arange(n), positions] = (n + 1) / (n + n_classes)

    def cross_entropy(log_temperature: float) -> float:
        return -np.mean(targets * log_softmax(logits / np.exp(log_temperature), axis=1))

    optimum = minimize_scalar(cross_entropy, bounds=(np.log(0.01), np.log(100.0)), method="bounded")
    return float(np.exp(optimum.x))
