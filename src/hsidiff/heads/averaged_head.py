"""What heads share that average the scores of experts, weighed inside the training labels."""

from dataclasses import dataclass, field

import numpy as np

from hsidiff.heads.class_shares import class_weights
from hsidiff.heads.head import Head
from hsidiff.kinds import SCALED_SPECTRUM


@dataclass(kw_only=True, repr=False, eq=False)
class AveragedHead(Head):
    """A weighed average of the class scores of experts.

    Attributes:
        weights_: (n_classes, n_values) float64 of all linear experts together: values far from 0
            (raw counts, say) and their bias cancel, which float32 shows in the probabilities.
        biases_: (n_classes,) float64, the logarithms of the class weights among them.
        shares_: how much each expert counts, by its name, largest first; they sum to 1.
        held_out_log_loss_: mean log loss on held-out groups of training labels, with which settings
            can be compared without a test label; None if no sample could be held out. The shares
            were chosen by it, so it is a little too good.
        class_weights_: what the classes' probabilities were multiplied with after the fit.
    """

    leaves_out: tuple[str, ...] = (SCALED_SPECTRUM,)  # it scales what it sees itself

    weights_: np.ndarray = field(init=False)
    biases_: np.ndarray = field(init=False)
    shares_: dict[str, float] = field(init=False)
    held_out_log_loss_: float | None = field(init=False, default=None)
    class_weights_: list[float] | None = field(init=False, default=None)
    _columns: slice | np.ndarray = field(init=False)

    @property
    def uses_device(self) -> bool:
        """It is computed on the CPU."""
        return False

    @property
    def held_out_log_loss(self) -> float | None:
        """That of the average."""
        return self.held_out_log_loss_

    @property
    def takes_shares(self) -> bool:
        """Where nothing could be held out, nobody knows how sure the probabilities may be."""
        return self.held_out_log_loss_ is not None

    def weigh_classes(self, probabilities: np.ndarray, shares: np.ndarray) -> None:
        """Multiply the probabilities with weights that fit these shares."""
        factors = class_weights(probabilities, shares)
        self.biases_ = self.biases_ + np.log(factors)
        self.class_weights_ = factors.tolist()
