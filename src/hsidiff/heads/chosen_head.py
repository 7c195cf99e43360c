"""A choice between the linear head and a network on patches, made inside the training labels.

Both predict the same held-out groups of training labels; the one with the lower log loss is taken.
"""

from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from hsidiff.about import Cost
from hsidiff.heads.head import Head, LabelledValues
from hsidiff.heads.linear_head import LinearHead
from hsidiff.heads.patch_head import PatchHead
from hsidiff.heads.weighed_head import WeighedHead
from hsidiff.kinds import Kinds
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window
from hsidiff.windows.tiles import without_margin


@dataclass(kw_only=True, repr=False, eq=False)
class ChosenHead(Head):
    """The linear head, or the network if it predicts held-out samples better.

    Each was calibrated on the held-out samples by one factor, and the experts of the linear head
    were weighed by them, so both losses are a little too good.

    Attributes:
        linear: the one that is taken in doubt.
        transformer: the other.
        chosen_: what was taken, a key of ``losses_``.
        losses_: held-out log loss of each; None where none could be held out, or it diverged.
    """

    linear: LinearHead
    transformer: PatchHead

    chosen_: str = field(init=False)
    losses_: dict[str, float | None] = field(init=False)

    @property
    def context_px(self) -> int:
        """That of the network."""
        return self.transformer.context_px

    @property
    def held_out_log_loss(self) -> float | None:
        """That of the head that was taken."""
        return self.losses_[self.chosen_]

    @property
    def takes_shares(self) -> bool:
        """Whether the head that was taken does."""
        return self._taken.takes_shares

    @property
    def refits_quickly(self) -> bool:
        """As of the head that was taken."""
        return self._taken.refits_quickly

    def refitted(self, samples: LabelledValues) -> Head:
        """The head that was taken."""
        return self._taken.refitted(samples)

    def fit(self, samples: LabelledValues) -> None:
        """Fit the linear head; fit the network, too, if that predicts held-out samples better."""
        self.linear.fit(samples)
        linear = self.linear.held_out_log_loss
        network = None if linear is None else self.transformer.cross_validate(samples)
        usable = network is not None and isfinite(network)
        self.losses_ = {"linear": linear, "transformer": network if usable else None}
        self.chosen_ = "linear"
        if network is not None and linear is not None and network < linear:
            self.chosen_ = "transformer"
            self.transformer.fit(samples)

    @property
    def _taken(self) -> Head:
        heads: dict[str, Head] = {"linear": self.linear, "transformer": self.transformer}
        return heads[self.chosen_]

    def weigh_classes(self, probabilities: np.ndarray, shares: np.ndarray) -> None:
        """As the head that was taken does."""
        self._taken.weigh_classes(probabilities, shares)

    def predict_proba(self, values: np.ndarray, window: Window) -> np.ndarray:
        """Those of the head that was taken."""
        beyond_px = self.context_px - self._taken.context_px
        return self._taken.predict_proba(without_margin(values, beyond_px), window)

    def cost(self, kinds: Kinds, n_classes: int) -> Cost:
        """That of the dearer one: the network mixes all pixels of a patch."""
        return self.transformer.cost(kinds, n_classes)

    def learned(self) -> Learned:
        """The head that was taken, and why."""
        taken = self._taken.learned()
        choice = {"head": self.chosen_, "held_out_log_loss": self.losses_}
        return Learned(taken.arrays, taken.facts | choice)

    def restore(self, learned: Learned, kinds: Kinds, n_classes: int) -> None:
        """Become the head that was stored."""
        facts = learned.facts
        self.chosen_, self.losses_ = facts["head"], facts["held_out_log_loss"]
        own = {**facts, "held_out_log_loss": self.losses_[self.chosen_]}
        self._taken.restore(Learned(learned.arrays, own), kinds, n_classes)


def heads_with(transformer: PatchHead) -> dict[str, Head]:
    """What the setting ``head`` of a method with a transformer names."""
    chosen = ChosenHead(linear=LinearHead(), transformer=transformer)
    return {
        "linear": LinearHead(),
        "transformer": transformer,
        "chosen": chosen,
        "weighed": WeighedHead(),
    }
