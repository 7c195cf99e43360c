"""A linear head for few labels: several simple experts, weighed inside the training labels.

With 10 to 50 labels per class no single head and no single set of values wins on every scene:
denoiser's features help where textures matter and hurt where pixels are mixed. So several experts
are fitted, each to one set of values, and the ones that predict held-out groups of training labels
best are averaged (ensemble selection, Caruana et al., ICML 2004). Every expert gives class scores
that are linear in the values, and so does their average: whatever was chosen, the head is a matrix.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from hsidiff.about import Cost
from hsidiff.heads.averaged_head import AveragedHead
from hsidiff.heads.head import LabelledValues
from hsidiff.heads.held_out import Folds, best_sharpness, folds_of, judged_samples, log_loss
from hsidiff.kinds import Kinds, columns_of, widths_of, without_kinds
from hsidiff.progress import track
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window

N_SELECTED = 8
UNSEEN_SCORE = -30.0
"""Score of a class that an expert's training fold did not hold."""

Scores = tuple[np.ndarray, np.ndarray]
"""Weights (n_classes, n_values) and biases (n_classes,) of linear class scores."""


def _discriminant() -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def _logistic(strength: float) -> Callable[[], LogisticRegression]:
    return lambda: LogisticRegression(C=strength, max_iter=300)


ESTIMATORS: dict[str, Callable[[], LinearDiscriminantAnalysis | LogisticRegression]] = {
    "lda": _discriminant,
    "logistic 0.01": _logistic(0.01),
    "logistic 0.1": _logistic(0.1),
}


@dataclass(kw_only=True, repr=False, eq=False)
class LinearHead(AveragedHead):
    """Class scores ``values @ weights.T + biases``.

    Where no sample can be held out (one group, or one sample per class), all experts count alike.
    """

    def fit(self, samples: LabelledValues) -> None:
        """Fit the experts and weigh them."""
        kinds, self._columns = without_kinds(samples.kinds, self.leaves_out)
        middle = samples.values.shape[1] // 2
        values = samples.values[:, middle, middle][:, self._columns]
        with threadpool_limits(limits=1):  # the fits are small: threads would wait for each other
            fitted = fit_experts(
                values,
                samples.classes,
                samples.groups,
                columns_of(kinds),
                self.random_state,
                samples.known,
            )
        self.weights_, self.biases_, self.shares_, self.held_out_log_loss_ = fitted
        self.class_weights_ = None

    def predict_proba(self, values: np.ndarray, window: Window) -> np.ndarray:
        """Probabilities (..., n_classes) of values (..., n_values)."""
        return softmax(values[..., self._columns] @ self.weights_.T + self.biases_, axis=-1)

    def cost(self, kinds: Kinds, n_classes: int) -> Cost:
        """That of a matrix."""
        seen, _ = without_kinds(kinds, self.leaves_out)
        return Cost.of_linear_scores(sum(widths_of(seen)), n_classes)

    def learned(self) -> Learned:
        """Weights and biases; experts, loss and class weights."""
        facts = {
            "experts": self.shares_,
            "held_out_log_loss": self.held_out_log_loss_,
            "class_weights": self.class_weights_,
        }
        return Learned({"weights": self.weights_, "biases": self.biases_}, facts)

    def restore(self, learned: Learned, kinds: Kinds, n_classes: int) -> None:
        """Become the head that was stored."""
        self.weights_, self.biases_ = learned.arrays["weights"], learned.arrays["biases"]
        self.shares_ = learned.facts["experts"]
        self.held_out_log_loss_ = learned.facts["held_out_log_loss"]
        self.class_weights_ = learned.facts["class_weights"]
        _, self._columns = without_kinds(kinds, self.leaves_out)


def fit_experts(
    values: np.ndarray,
    classes: np.ndarray,
    groups: np.ndarray,
    parts: Mapping[str, slice],
    random_state: int,
    known: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, dict[str, float], float | None]:
    """Fit the experts and weigh them.

    Args:
        values: (n, n_values) float, finite.
        classes: (n,) int, positions 0..n_classes - 1; at least two classes, and each occurs.
        groups: (n,) int; samples of one group (neighbours) are never on both sides of a fold.
        parts: name to the columns of values of one kind (features, spectrum, ...); an expert sees
            one part, or all.
        random_state: of the folds.
        known: (n,) bool, samples that are never held out, see :class:`LabelledValues`.

    Returns:
        Weights, biases, shares and held-out log loss of a :class:`LinearHead`.
    """
    # 1. Fit each expert, and let it predict the groups that it was not fitted to.
    centre, scale = values.mean(axis=0, dtype=np.float64), scale_of(values, parts)
    scaled = (values - centre) / scale
    experts = _experts(parts, classes)
    folds = folds_of(classes, groups, random_state, known=known)
    judged = judged_samples(classes, folds)
    held_out, whole = {}, {}
    for name, (kind, columns) in track(experts.items(), "fit head", len(experts)):
        part = scaled[:, columns]
        scores = _held_out_scores(kind, part, classes, folds)[judged]
        sharpness = best_sharpness(scores, classes[judged])
        held_out[name] = log_softmax(sharpness * scores, axis=1)
        weights, biases = fit_linear_scores(kind, part, classes, classes.max() + 1)
        whole[name] = (sharpness * weights, sharpness * biases)
    # 2. Weigh them by these predictions.
    shares, held_out_log_loss = _select(held_out, classes[judged])
    # 3. Average their scores, which are linear in the values, and undo the scaling.
    weights = np.zeros((classes.max() + 1, values.shape[1]))
    biases = np.zeros(classes.max() + 1)
    for name, share in shares.items():
        weights[:, experts[name][1]] += share * whole[name][0]
        biases += share * whole[name][1]
    weights /= scale
    biases -= weights @ centre
    return weights, biases, shares, held_out_log_loss


def _experts(parts: Mapping[str, slice], classes: np.ndarray) -> dict[str, tuple[str, slice]]:
    """Name to kind and columns: each kind on each part and on all parts together."""
    sets = {**parts, "all": slice(None)} if len(parts) > 1 else dict(parts)
    # The discriminant needs the spread inside a class.
    kinds = [kind for kind in ESTIMATORS if kind != "lda" or len(classes) > classes.max() + 1]
    return {f"{kind} on {name}": (kind, sets[name]) for name in sets for kind in kinds}


def scale_of(values: np.ndarray, parts: Mapping[str, slice]) -> np.ndarray:
    """Standard deviation of each column, at least a twentieth of the largest in its part.

    Columns of small spread stay small: they are mostly noise.
    """
    scale = values.std(axis=0, dtype=np.float64)
    for columns in parts.values():
        scale[columns] = np.maximum(scale[columns], 0.05 * scale[columns].max())
    return np.where(scale > 0, scale, 1)


def fit_linear_scores(kind: str, values: np.ndarray, classes: np.ndarray, n_classes: int) -> Scores:
    """Weights and biases of one of the :data:`ESTIMATORS`, fitted to scaled values."""
    with warnings.catch_warnings():
        # The covariance of a class of one sample is taken as 0.
        warnings.filterwarnings("ignore", message="Only one sample available")
        # Held-out samples judge an expert, whether its optimum was reached or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator = ESTIMATORS[kind]().fit(values, classes)
    coefficients, intercepts = estimator.coef_, estimator.intercept_
    if len(coefficients) == 1:  # scikit-learn gives one row of scores for two classes
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    weights = np.zeros((n_classes, values.shape[1]))
    biases = np.full(n_classes, UNSEEN_SCORE)
    weights[estimator.classes_], biases[estimator.classes_] = coefficients, intercepts
    return weights, biases


def _held_out_scores(
    kind: str, values: np.ndarray, classes: np.ndarray, folds: Folds
) -> np.ndarray:
    """Scores of each sample by an expert that was not fitted to its group; 0 without folds."""
    n_classes = classes.max() + 1
    scores = np.zeros((len(classes), n_classes))
    for inside, outside in folds:
        weights, biases = fit_linear_scores(kind, values[inside], classes[inside], n_classes)
        scores[outside] = values[outside] @ weights.T + biases
    return scores


def _select(
    held_out: dict[str, np.ndarray], classes: np.ndarray
) -> tuple[dict[str, float], float | None]:
    """The share of each chosen expert, and the held-out log loss of their average."""
    if len(classes) == 0:
        return dict.fromkeys(held_out, 1 / len(held_out)), None
    return select(held_out, classes, np.ones(len(classes)))


def select(
    held_out: Mapping[str, np.ndarray], classes: np.ndarray, counts: np.ndarray
) -> tuple[dict[str, float], float]:
    """Add, one at a time and with repetition, the expert that lowers the held-out log loss most.

    Args:
        held_out: log probabilities (n, n_classes) by each expert.
        classes: (n,) int, the truth.
        counts: (n,) how often each sample counts.

    Returns:
        The share of each chosen expert, largest first, and the log loss of their average.
    """
    chosen = dict.fromkeys(held_out, 0)
    total = np.zeros_like(next(iter(held_out.values())))
    for n_chosen in range(1, N_SELECTED + 1):
        losses = {
            name: log_loss(log_softmax((total + scores) / n_chosen, axis=1), classes, counts)
            for name, scores in held_out.items()
        }
        best = min(losses, key=losses.__getitem__)
        chosen[best] += 1
        total += held_out[best]
    names = sorted((name for name in chosen if chosen[name]), key=lambda name: -chosen[name])
    return {name: chosen[name] / N_SELECTED for name in names}, losses[best]
