"""A head that weighs: simple experts, experts that look around, linear ones and kernels.

Context is the largest lever on fields of tens of pixels, and a loss where a pixel is a house; a
kernel pays with many labels, and extrapolates badly with few. No scene says so beforehand. So all
experts predict held-out groups of training labels, and are averaged by how well they do (ensemble
selection, Caruana et al., ICML 2004), bagged over the groups (Caruana, Munson and Niculescu-Mizil,
ICDM 2006): where groups disagree about who is best, the share is spread over several.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits

from hsidiff.about import Cost
from hsidiff.heads.averaged_head import AveragedHead
from hsidiff.heads.experts import Expert, Judged, Setting, experts_of, judge
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.held_out import folds_of, judged_samples, log_loss
from hsidiff.heads.kernel_scores import KernelScores
from hsidiff.heads.linear_head import scale_of, select
from hsidiff.kinds import Kinds, columns_of, without_kinds
from hsidiff.progress import track
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window

N_JUDGED, MAX_DRAWS = 1000, 4
"""Folds are drawn anew until so many samples were held out, at most so often."""
N_BAGS = 10
"""Draws of groups, with replacement, in each of which experts are selected."""
LEAST_SHARE = 0.04
"""An expert of a smaller share is not worth its time."""


@dataclass(kw_only=True, repr=False, eq=False)
class WeighedHead(AveragedHead):
    """An average of the scores of experts, see :func:`hsidiff.heads.experts.experts_of`.

    Where no sample can be held out, the simple experts count alike.

    Attributes:
        centre_: (n_values,) float64, subtracted from the values that are looked at.
        scale_: (n_values,) float64, what they are then divided by.
        kernels_: the scores of each expert with a kernel, by its name.
        losses_: mean log loss of each expert on held-out groups of training labels.
    """

    weighs_context: ClassVar[bool] = True

    centre_: np.ndarray = field(init=False)
    scale_: np.ndarray = field(init=False)
    kernels_: dict[str, KernelScores] = field(init=False)
    losses_: dict[str, float] = field(init=False)
    _experts: dict[str, Expert] = field(init=False)
    _chosen: dict[str, tuple[Setting, float]] = field(init=False)  # known until it is stored

    def fit(self, samples: LabelledValues) -> None:
        """Let all experts predict held-out groups, weigh them, and fit those that count."""
        self._look_at(samples.kinds)
        if len(samples) <= samples.n_classes:  # a discriminant needs the spread inside a class
            names = [name for name, one in self._experts.items() if one.estimator != "lda"]
            self._experts = {name: self._experts[name] for name in names}
        kinds, _ = without_kinds(samples.kinds, self.leaves_out)
        values = samples.values[:, 0, 0][:, self._columns].astype(np.float64)  # context_px is 0
        self.centre_, self.scale_ = values.mean(axis=0), scale_of(values, columns_of(kinds))
        values = (values - self.centre_) / self.scale_
        with threadpool_limits(limits=1):  # the fits are small: threads would wait for each other
            judged = self._judge(values, samples)
            self._chosen = {name: (judged[name].setting, judged[name].sharpness) for name in judged}
            self._fit_shared(values, samples)
        self.class_weights_ = None

    def refitted(self, samples: LabelledValues) -> Head:
        """The experts that count are fitted to these samples; shares and settings stay."""
        head = copy(self)
        values = samples.values[:, 0, 0][:, self._columns].astype(np.float64)
        with threadpool_limits(limits=1):
            head._fit_shared((values - self.centre_) / self.scale_, samples)
        return head

    def _look_at(self, kinds: Kinds) -> None:
        """Find the columns that are looked at, and the experts for them."""
        seen, self._columns = without_kinds(kinds, self.leaves_out)
        self._experts = experts_of(seen)

    def _judge(self, values: np.ndarray, samples: LabelledValues) -> dict[str, Judged]:
        """Weigh the experts by held-out samples of several draws of folds."""
        classes, groups = samples.classes, samples.groups
        n_draws = min(-(-N_JUDGED // len(classes)), MAX_DRAWS)
        draws = [
            folds_of(classes, groups, self.random_state + i, known=samples.known)
            for i in range(n_draws)
        ]
        seen = np.stack([judged_samples(classes, folds) for folds in draws])
        truth = np.tile(classes, (n_draws, 1))[seen]

        def predictions(expert: Expert) -> np.ndarray:
            """(n_settings, n_judged, n_classes), one draw of folds after the other."""
            held_out = [
                expert.held_out(values, classes, samples.n_classes, folds) for folds in draws
            ]
            return np.stack(held_out, axis=1)[:, seen]

        experts = track(self._experts.items(), "fit head", len(self._experts))
        judged = {name: judge(expert, predictions(expert), truth) for name, expert in experts}
        self._weigh(judged, truth, np.tile(groups, (n_draws, 1))[seen])
        return judged

    def _weigh(self, judged: dict[str, Judged], truth: np.ndarray, groups: np.ndarray) -> None:
        """Find the shares."""
        if len(truth) == 0:
            simple = [name for name, expert in self._experts.items() if expert.simple]
            self.shares_ = dict.fromkeys(simple, 1 / len(simple))
            self.losses_, self.held_out_log_loss_ = {}, None
            return
        held_out = {name: one.log_probabilities for name, one in judged.items()}
        self.losses_ = {name: one.log_loss for name, one in judged.items()}
        self.shares_ = bagged_shares(held_out, truth, groups, self.random_state)
        total = sum(share * held_out[name] for name, share in self.shares_.items())
        self.held_out_log_loss_ = log_loss(log_softmax(total, axis=1), truth)

    def _fit_shared(self, values: np.ndarray, samples: LabelledValues) -> None:
        """Fit the experts that count to all samples; of the linear ones one matrix is kept."""
        self.weights_ = np.zeros((samples.n_classes, values.shape[1]))
        self.biases_, self.kernels_ = np.zeros(samples.n_classes), {}
        for name, share in self.shares_.items():
            expert, (setting, sharpness) = self._experts[name], self._chosen[name]
            factor = share * sharpness
            (scores,) = expert.fit(values, samples.classes, samples.n_classes, (setting,))
            if isinstance(scores, KernelScores):
                self.kernels_[name] = scores.times(factor)
            else:
                self.weights_[:, expert.columns] += factor * scores[0]
                self.biases_ += factor * scores[1]

    def predict_proba(self, values: np.ndarray, window: Window) -> np.ndarray:
        """Probabilities (..., n_classes) of values (..., n_values)."""
        scaled = (values[..., self._columns] - self.centre_) / self.scale_
        scores = scaled @ self.weights_.T + self.biases_
        for name, kernel in self.kernels_.items():
            seen = scaled[..., self._experts[name].columns]
            scores += kernel.of(seen.reshape(-1, seen.shape[-1])).reshape(scores.shape)
        return softmax(scores, axis=-1)

    def cost(self, kinds: Kinds, n_classes: int) -> Cost:
        """Not known: a kernel's grows with the training labels."""
        return Cost()

    def learned(self) -> Learned:
        """Scaling, matrix and kernels; which experts count, and why."""
        arrays = {"centre": self.centre_, "scale": self.scale_}
        arrays |= {"weights": self.weights_, "biases": self.biases_}
        for position, kernel in enumerate(self.kernels_.values()):
            arrays |= kernel.arrays(f"kernel.{position}.")
        facts = {
            "experts": self.shares_,
            "kernels": list(self.kernels_),
            "held_out_log_loss": self.held_out_log_loss_,
            "held_out_log_losses": self.losses_,
            "class_weights": self.class_weights_,
        }
        return Learned(arrays, facts)

    def restore(self, learned: Learned, kinds: Kinds, n_classes: int) -> None:
        """Become the head that was stored."""
        self._look_at(kinds)
        arrays, facts = learned.arrays, learned.facts
        self.centre_, self.scale_ = arrays["centre"], arrays["scale"]
        self.weights_, self.biases_ = arrays["weights"], arrays["biases"]
        self.kernels_ = {
            name: KernelScores.from_arrays(f"kernel.{position}.", arrays)
            for position, name in enumerate(facts["kernels"])
        }
        self.shares_, self.losses_ = facts["experts"], facts["held_out_log_losses"]
        self.held_out_log_loss_ = facts["held_out_log_loss"]
        self.class_weights_ = facts["class_weights"]


def bagged_shares(
    held_out: Mapping[str, np.ndarray], classes: np.ndarray, groups: np.ndarray, random_state: int
) -> dict[str, float]:
    """Mean shares of the experts over draws of groups; those of less than a little are left out.

    Args:
        held_out: log probabilities (n, n_classes) by each expert.
        classes: (n,) int, the truth.
        groups: (n,) int, neighbours are of one group.
        random_state: of the draws.

    Returns:
        The share of each chosen expert, largest first; they sum to 1.
    """
    generator = np.random.default_rng(random_state)
    drawn_from, group = np.unique(groups, return_inverse=True)
    shares = dict.fromkeys(held_out, 0.0)
    for _ in range(N_BAGS):
        draw = generator.integers(len(drawn_from), size=len(drawn_from))
        counts = np.bincount(draw, minlength=len(drawn_from))[group]
        for name, share in select(held_out, classes, counts)[0].items():
            shares[name] += share / N_BAGS
    kept = sorted((n for n in shares if shares[n] >= LEAST_SHARE), key=lambda n: -shares[n])
    total = sum(shares[name] for name in kept)
    return {name: shares[name] / total for name in kept}
