"""From values and labels to class probabilities: the contract of every head."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from hsidiff.about import Cost
from hsidiff.errors import check_whole_number
from hsidiff.kinds import Kinds
from hsidiff.part import Part
from hsidiff.saved_model import Learned
from hsidiff.scenes.window import Window


@dataclass(frozen=True)
class LabelledValues:
    """What a head learns from.

    Attributes:
        values: (n, side, side, n_values) float32, each labelled pixel in the middle of its patch;
            what is not finite in a patch was outside of the valid scene.
        classes: (n,) int, positions 0..n_classes - 1 of the labels.
        rows: (n,) int, their row in the scene.
        cols: (n,) int, their column in the scene.
        groups: (n,) int; neighbours are of one group, and never on both sides of a fold.
        kinds: which of the values are of one kind.
        n_classes: how many classes there are.
        known: (n,) bool, samples whose labels the values learned from; None if there are none. No
            head may hold them out to judge something.
    """

    values: np.ndarray
    classes: np.ndarray
    rows: np.ndarray
    cols: np.ndarray
    groups: np.ndarray
    kinds: Kinds
    n_classes: int
    known: np.ndarray | None = None

    def __len__(self) -> int:
        """How many labelled pixels there are."""
        return len(self.classes)

    def part(self, chosen: np.ndarray) -> tuple["LabelledValues", np.ndarray]:
        """The pixels where ``chosen`` (n,) is True, and which classes they are of.

        Classes of the part are positions in the classes that are left, (m,) int, in their order.
        """
        of, classes = np.unique(self.classes[chosen], return_inverse=True)
        values, groups = self.values[chosen], self.groups[chosen]
        rows, cols = self.rows[chosen], self.cols[chosen]
        known = None if self.known is None else self.known[chosen]
        return LabelledValues(values, classes, rows, cols, groups, self.kinds, len(of), known), of


@dataclass(kw_only=True, repr=False, eq=False)
class Head(Part, ABC):
    """Learns from values at labelled pixels, and gives probabilities of any window.

    Attributes:
        leaves_out: kinds of values that the head does not look at.
        n_epochs: passes over the labelled pixels of a head that learns in passes; None of another.
    """

    leaves_out: tuple[str, ...] = ()
    n_epochs: int | None = None

    weighs_context: ClassVar[bool] = False
    """Whether it finds out by itself if means around a pixel help."""

    def check(self) -> None:
        """Refuse settings that are out of range with a SettingError."""
        super().check()
        if self.n_epochs is not None:
            check_whole_number("head_epochs", self.n_epochs, 1)

    @property
    def context_px(self) -> int:
        """How far around a pixel the head looks at values. From settings alone."""
        return 0

    @property
    def takes_shares(self) -> bool:
        """Whether the fitted head is sure enough of itself that :meth:`weigh_classes` helps."""
        return False

    @property
    def refits_quickly(self) -> bool:
        """Whether fitting it to parts of its samples takes no longer than fitting it once.

        Passes over the parts take as long again for each.
        """
        return self.n_epochs is None

    def refitted(self, samples: LabelledValues) -> "Head":
        """A head like this one, fitted to a part of its samples; what was chosen may stay."""
        head = replace(self)
        head.fit(samples)
        return head

    def with_epochs(self, n_epochs: int | None) -> Self:
        """The same head, with so many passes over the labels if it learns in passes; None: its own.

        Raises:
            SettingError: if the number is out of range, even if another head is taken in the end.
        """
        as_it_is = n_epochs is None or self.n_epochs is None
        head = self if as_it_is else replace(self, n_epochs=n_epochs)
        head.check()
        return head

    def weigh_classes(self, probabilities: np.ndarray, shares: np.ndarray) -> None:
        """Fit the classes' shares to pixels without labels; only if it :attr:`takes_shares`.

        Args:
            probabilities: (n, n_classes) that the head gives them.
            shares: (n_classes,) of the training labels.
        """

    @abstractmethod
    def fit(self, samples: LabelledValues) -> None:
        """Learn. Every class occurs."""

    @abstractmethod
    def predict_proba(self, values: np.ndarray, window: Window) -> np.ndarray:
        """Class probabilities of the pixels of a window. Several threads may ask at once.

        Args:
            values: (rows + 2 context_px, cols + 2 context_px, n_values) float32.
            window: where it lies in the scene, without the context.

        Returns:
            (rows, cols, n_classes), summing to 1.
        """

    @abstractmethod
    def cost(self, kinds: Kinds, n_classes: int) -> Cost:
        """What the probabilities of a pixel cost. From settings alone."""

    @abstractmethod
    def learned(self) -> Learned:
        """What was learned and chosen, to be stored."""

    @abstractmethod
    def restore(self, learned: Learned, kinds: Kinds, n_classes: int) -> None:
        """Become the head that :meth:`learned` described, perhaps among other facts."""
